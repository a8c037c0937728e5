package pgroles

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// connect reaches PostgreSQL as its superuser over the unix socket (peer authentication: no password exists), retrying
// while the server is not up. The session asks the server to log none of its statements, also not the failing ones.
func connect(ctx context.Context, socket, database string, patience time.Duration) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s user=postgres dbname=%s sslmode=disable", socket, database))
	if err != nil {
		return nil, err
	}
	config.RuntimeParams = map[string]string{
		"application_name":           "db-roles",
		"log_statement":              "none",
		"log_min_duration_statement": "-1",
		"log_min_error_statement":    "panic",
		"password_encryption":        "scram-sha-256",
		"lock_timeout":               "30s",
	}
	deadline := time.Now().Add(patience)
	for {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn, nil
		}
		if time.Now().After(deadline) || !unavailable(err) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// unavailable: no server at the socket yet, or one that is starting or stopping (class 57P).
func unavailable(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code == "57P03" || refused.Code == "57P01"
	}
	return true
}
