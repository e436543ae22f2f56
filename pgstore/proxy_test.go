package pgstore

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts/internal/pgtest"
)

// TestProxy holds pgtest.Proxy to what the tests of cut connections need of it.
func TestProxy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dsn := pgtest.DSN(t)
	watch, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close(ctx)
	if _, err := watch.Exec(ctx, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	p := pgtest.NewProxy(t, dsn)
	want := 0
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol} {
		for _, at := range []pgtest.Moment{pgtest.BeforeCommit, pgtest.LateCommit, pgtest.AfterCommit} {
			config, err := pgx.ParseConfig(p.DSN())
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			happened, release := p.Cut(at)
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "INSERT INTO kept VALUES ($1)", want); err != nil {
				t.Fatal(err)
			}
			commit := &pgx.Batch{}
			commit.Queue("COMMIT") // as a prepared statement, where that is the mode
			if err := conn.SendBatch(ctx, commit).Close(); err == nil {
				t.Fatalf("moment %d: the commit got an answer", at)
			}
			<-happened
			release()
			if at != pgtest.BeforeCommit {
				want++
			}
			got := -1
			for ctx.Err() == nil && got != want {
				if err := watch.QueryRow(ctx, "SELECT count(*) FROM kept").Scan(&got); err != nil {
					t.Fatal(err)
				}
			}
			if got != want {
				t.Fatalf("moment %d: %d rows, want %d", at, got, want)
			}
		}
	}

	conn, err := pgx.Connect(ctx, p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	p.Away(true)
	if err := conn.Ping(ctx); err == nil {
		t.Error("a connection outlived Away")
	}
	if _, err := pgx.Connect(ctx, p.DSN()); err == nil {
		t.Error("a connection during Away")
	}
	p.Away(false)
	if conn, err = pgx.Connect(ctx, p.DSN()); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Error(err)
	}
}
