package pgroles

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// retire ends roles for good: no new session first, then time for the open ones, then their end, then the role's.
func retire(ctx context.Context, admin *pgx.Conn, o Options, generations []int) error {
	if len(generations) == 0 {
		return nil
	}
	roles := make([]string, len(generations))
	for i, g := range generations {
		roles[i] = roleName(o.Database, g)
		if _, err := admin.Exec(ctx, "ALTER ROLE "+quote(roles[i])+" NOLOGIN PASSWORD NULL"); err != nil {
			return fmt.Errorf("close generation %d: %w", g, err)
		}
	}
	if err := drain(ctx, admin, roles, o.Drain); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	for i, g := range generations {
		ended, err := end(ctx, admin, roles[i])
		if err != nil {
			return fmt.Errorf("end sessions of generation %d: %w", g, err)
		}
		if err := drop(ctx, o, roles[i]); err != nil {
			return fmt.Errorf("drop role of generation %d: %w", g, err)
		}
		o.Log("db-roles.retired", map[string]any{"generation": g, "sessionsEnded": ended})
	}
	return nil
}

// drain waits until no session of the roles is left, at most for the given time.
func drain(ctx context.Context, admin *pgx.Conn, roles []string, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		var sessions int
		err := admin.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE usename = ANY($1)", roles).Scan(&sessions)
		if err != nil || sessions == 0 || !time.Now().Before(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// end terminates what is left, until nothing is: a session that was logging in when the role was closed may appear late.
// The processes are listed first, because in one statement the server may call pg_terminate_backend before it filters.
func end(ctx context.Context, admin *pgx.Conn, role string) (int, error) {
	ended := 0
	for {
		rows, err := admin.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE usename = $1", role)
		if err != nil {
			return ended, err
		}
		pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		if err != nil || len(pids) == 0 {
			return ended, err
		}
		for _, pid := range pids {
			var gone bool
			if err := admin.QueryRow(ctx, "SELECT pg_terminate_backend($1, 5000)", pid).Scan(&gone); err != nil {
				return ended, err
			}
			if gone {
				ended++
			}
		}
	}
}

// drop removes the role. What it may own after a RESET ROLE goes to the shared owner first.
func drop(ctx context.Context, o Options, role string) error {
	conn, err := connect(ctx, o.Socket, o.Database, o.Patience)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, s := range []string{
		"REASSIGN OWNED BY " + quote(role) + " TO " + quote(o.Database),
		"DROP OWNED BY " + quote(role),
		"DROP ROLE " + quote(role),
	} {
		if _, err := tx.Exec(ctx, s); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
