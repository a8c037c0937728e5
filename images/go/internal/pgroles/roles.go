// Package pgroles makes PostgreSQL's login roles be exactly the live generations of DB_PASSWORD (alternating users with a
// shared owner). Every step is idempotent and the order is safe to be killed in: new roles work before old ones end.
package pgroles

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Login is one live generation of the password.
type Login struct {
	Generation int
	Password   string
}

// Options say where and how patiently to work.
type Options struct {
	Socket   string        // folder of the server's unix socket
	Database string        // name of the database and of the role that owns it and all that is in it
	Patience time.Duration // how long to wait for the server
	Drain    time.Duration // how long sessions of a retired role may go on before they are ended
	Log      func(event string, fields map[string]any)
}

// lockKey keeps two runs apart: an advisory lock of the cluster's postgres database.
const lockKey = 0x676f696d67

// Apply brings the server to the declared logins.
func Apply(ctx context.Context, o Options, logins []Login) error {
	admin, err := connect(ctx, o.Socket, "postgres", o.Patience)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx))
	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := ensureOwner(ctx, admin, o.Database); err != nil {
		return fmt.Errorf("owner: %w", err)
	}
	live := map[int]bool{}
	for _, login := range logins {
		live[login.Generation] = true
		outcome, err := ensureLogin(ctx, admin, o.Database, login)
		if err != nil {
			return fmt.Errorf("role of generation %d: %w", login.Generation, err)
		}
		o.Log("db-roles.login", map[string]any{"generation": login.Generation, "outcome": outcome})
	}
	generations, err := existing(ctx, admin, o.Database)
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	var retired []int
	for _, g := range generations {
		if !live[g] {
			retired = append(retired, g)
		}
	}
	return retire(ctx, admin, o, retired)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func roleName(database string, generation int) string {
	return fmt.Sprintf("%s_g%d", database, generation)
}

// ensureOwner makes the role that owns everything and can't log in, and its database, closed to everyone else.
func ensureOwner(ctx context.Context, admin *pgx.Conn, database string) error {
	var role, db bool
	const query = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $1)"
	if err := admin.QueryRow(ctx, query, database).Scan(&role, &db); err != nil {
		return err
	}
	name := quote(database)
	var statements []string
	if !role {
		statements = append(statements, "CREATE ROLE "+name+" NOLOGIN")
	}
	if !db {
		statements = append(statements, "CREATE DATABASE "+name+" OWNER "+name)
	}
	statements = append(statements,
		"ALTER ROLE "+name+" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD NULL",
		"ALTER DATABASE "+name+" OWNER TO "+name,
		"REVOKE ALL ON DATABASE "+name+" FROM PUBLIC",
		// The login roles have no business in the server's own databases.
		"REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
	for _, s := range statements {
		if _, err := admin.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// ensureLogin makes one generation's role, in one transaction: created with its password, or not at all. A password that is
// in place already stays, so that a second run changes nothing.
func ensureLogin(ctx context.Context, admin *pgx.Conn, database string, login Login) (string, error) {
	tx, err := admin.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	role := roleName(database, login.Generation)
	var stored *string
	outcome := "kept"
	err = tx.QueryRow(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&stored)
	if err == pgx.ErrNoRows {
		outcome = "created"
		_, err = tx.Exec(ctx, "CREATE ROLE "+quote(role)+" NOLOGIN")
	}
	if err != nil {
		return "", err
	}
	if stored == nil || !matches(*stored, login.Password) {
		if outcome == "kept" {
			outcome = "replaced"
		}
		hash, err := newVerifier(login.Password)
		if err != nil {
			return "", err
		}
		// A verifier is base64 and punctuation without quotes; DDL takes no parameters.
		if _, err := tx.Exec(ctx, "ALTER ROLE "+quote(role)+" PASSWORD '"+hash+"'"); err != nil {
			return "", err
		}
	}
	for _, s := range []string{
		"ALTER ROLE " + quote(role) + " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION INHERIT",
		"GRANT " + quote(database) + " TO " + quote(role),
		"ALTER ROLE " + quote(role) + " SET ROLE TO " + quote(database),
	} {
		if _, err := tx.Exec(ctx, s); err != nil {
			return "", err
		}
	}
	return outcome, tx.Commit(ctx)
}

// existing lists the generations that have a role on the server, whatever was declared before.
func existing(ctx context.Context, admin *pgx.Conn, database string) ([]int, error) {
	rows, err := admin.Query(ctx, "SELECT rolname::text FROM pg_roles WHERE starts_with(rolname::text, $1)", database+"_g")
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	rule := regexp.MustCompile("^" + regexp.QuoteMeta(database) + "_g([1-9][0-9]{0,6})$")
	var generations []int
	for _, name := range names {
		if found := rule.FindStringSubmatch(name); found != nil {
			g, _ := strconv.Atoi(found[1])
			generations = append(generations, g)
		}
	}
	slices.Sort(generations)
	return generations, nil
}
