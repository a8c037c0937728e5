// Command goimg-job is the small helper in every image: the jobs that speak to servers, and the health checks.
package main

import (
	"fmt"
	"os"

	"goimg-secrets/images/internal/check"
	"goimg-secrets/images/internal/job"
	"goimg-secrets/images/internal/pgroles"
	"goimg-secrets/images/internal/proxy"
	"goimg-secrets/images/internal/redisacl"
)

const usage = `usage: goimg-job COMMAND
  db-roles                     make PostgreSQL's login roles the live generations of DB_PASSWORD
  cache-acl                    make Redis' users have the live generations of their passwords
  redis-serve -- COMMAND ARG…  run redis-server once its users exist
  proxy gateway|ingress        become HAProxy; the gateway speaks TLS where it was granted a certificate
  http-check [--once FIRST] URL   health: URL answers 200 (and FIRST did once since the start)
  pg-check | redis-check       health: the local server answers
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	}
	rest := os.Args[2:]
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	switch os.Args[1] {
	case "db-roles":
		dbRoles()
	case "cache-acl":
		cacheACL()
	case "redis-serve":
		redisServe(rest)
	case "proxy":
		becomeProxy(rest)
	case "http-check":
		check.Exit(check.HTTP(rest))
	case "pg-check":
		check.Exit(check.Postgres())
	case "redis-check":
		check.Exit(check.Redis())
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	}
}

func dbRoles() {
	loaded := job.Secrets("db-roles", "DB_PASSWORD")
	ctx, stop := job.Context()
	defer stop()
	var logins []pgroles.Login
	for _, v := range loaded.Live("DB_PASSWORD") {
		logins = append(logins, pgroles.Login{Generation: v.Generation, Password: v.Reveal()})
	}
	err := pgroles.Apply(ctx, pgroles.Options{
		Socket:   "/run/postgresql",
		Database: job.Env("DB_NAME", "goimg"),
		Patience: job.Seconds("TIMEOUT_SECONDS", 60),
		Drain:    job.Seconds("DRAIN_SECONDS", 10),
		Log:      job.Log,
	}, logins)
	if err != nil {
		job.Fail("db-roles.failed", err.Error())
	}
	fmt.Println(loaded.ReportLine())
}

func cacheACL() {
	loaded := job.Secrets("cache-acl", "REDIS_PASSWORD", "REDIS_ADMIN_PASSWORD")
	ctx, stop := job.Context()
	defer stop()
	reveal := func(entry string) []string {
		var values []string
		for _, v := range loaded.Live(entry) {
			values = append(values, v.Reveal())
		}
		return values
	}
	admins := reveal("REDIS_ADMIN_PASSWORD")
	err := redisacl.Apply(ctx, redisacl.Options{
		Address:  job.Env("REDIS_HOST", "redis") + ":" + job.Env("REDIS_PORT", "6379"),
		Data:     "/data",
		Patience: job.Seconds("TIMEOUT_SECONDS", 60),
		Log:      job.Log,
	}, redisacl.NewUser("goimg", reveal("REDIS_PASSWORD")), redisacl.NewUser("admin", admins), admins)
	if err != nil {
		job.Fail("cache-acl.failed", err.Error())
	}
	fmt.Println(loaded.ReportLine())
}

func becomeProxy(args []string) {
	if len(args) != 1 || (args[0] != "gateway" && args[0] != "ingress") {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(64)
	}
	var pem []byte
	if args[0] == "gateway" && os.Getenv("GATEWAY_TLS") != "" {
		loaded := job.Secrets("gateway", "TLS_CERTIFICATE", "TLS_PRIVATE_KEY")
		pem = []byte(loaded.MustGet("TLS_CERTIFICATE") + "\n" + loaded.MustGet("TLS_PRIVATE_KEY") + "\n")
		// Said before it is up, as nobody of ours is left afterwards: who counts on it also asks whether the task is healthy.
		fmt.Println(loaded.ReportLine())
	}
	job.Fail("proxy.failed", proxy.Become("/etc/goimg", args[0], pem).Error())
}

func redisServe(command []string) {
	ctx, stop := job.Context()
	defer stop()
	code, err := redisacl.Serve(ctx, "/data", command)
	if err != nil {
		job.Fail("redis.failed", err.Error())
	}
	os.Exit(code)
}
