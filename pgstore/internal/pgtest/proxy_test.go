package pgtest

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

var errKept = errors.New("another number of rows than was committed")

// TestProxy commits through a connection that is cut.
func TestProxy(t *testing.T) {
	ctx := context.Background()
	dsn := DSN(t)
	if err := execute(dsn, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	p := NewProxy(t, dsn)
	kept := 0
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol} {
		for _, at := range []Moment{BeforeCommit, LateCommit, AfterCommit} {
			config, err := pgx.ParseConfig(p.DSN())
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			release := func() {}
			var happened <-chan struct{}
			if at == LateCommit {
				happened, release = p.CutLate()
			} else {
				happened = p.Cut(at)
			}
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "INSERT INTO kept VALUES ($1)", 1); err != nil {
				t.Fatal(err)
			}
			commit := &pgx.Batch{}
			commit.Queue("COMMIT") // as a prepared statement, where that is the mode
			if err := conn.SendBatch(ctx, commit).Close(); err == nil {
				t.Fatalf("moment %d: the commit got an answer", at)
			}
			<-happened
			release()
			if at != BeforeCommit {
				kept++
			}
			if err := until(func() error {
				n, err := query[int](dsn, "SELECT count(*) FROM kept")
				if err == nil && n != kept {
					err = errKept
				}
				return err
			}); err != nil {
				t.Errorf("moment %d: %v", at, err)
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
	if err := execute(p.DSN(), "INSERT INTO kept VALUES (1)"); err != nil {
		t.Error(err)
	}
}
