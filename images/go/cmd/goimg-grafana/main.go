// Command goimg-grafana stands in for Grafana in the dev stack, where Grafana's image can't be pulled.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"goimg-secrets/images/internal/grafana"
	"goimg-secrets/images/internal/job"
)

func main() {
	// Grafana itself checks nothing; a service of this project refuses damaged secrets.
	loaded := job.Secrets("grafana", "GRAFANA_ADMIN_PASSWORD")
	stand, err := grafana.New(os.Getenv, loaded.MustGet("GRAFANA_ADMIN_PASSWORD"))
	if err != nil {
		job.Fail("grafana.failed", err.Error())
	}
	ctx, stop := job.Context()
	defer stop()
	fmt.Println(loaded.ReportLine())
	server := &http.Server{Addr: ":" + job.Env("GF_SERVER_HTTP_PORT", "3000"), Handler: stand.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.WithoutCancel(ctx))
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		job.Fail("grafana.failed", err.Error())
	}
}
