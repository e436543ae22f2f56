// Package pgtest finds or starts PostgreSQL servers for tests.
//
// A test that needs a database asks for one:
//
//	store, err := pgstore.Open(t.Context(), pgtest.DSN(t), nil)
//
// By default the first such test of a process starts a server in a temporary
// folder, which the others share. One that has to kill servers starts some of
// its own, by Start. However the process ends, its servers end with it and their
// folders are removed.
//
// The environment decides where there is a choice:
//
//	CONTACTS_TEST_POSTGRES          a DSN: DSN makes its databases on that server and starts none
//	CONTACTS_TEST_REQUIRE_POSTGRES  set: a test that finds no server fails; otherwise it is skipped
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The variables of the environment.
const (
	serverEnv  = "CONTACTS_TEST_POSTGRES"
	requireEnv = "CONTACTS_TEST_REQUIRE_POSTGRES"
)

// patience bounds what a server may take to start, to stop or to answer.
const patience = time.Minute

// shared is the server of DSN, which lives as long as the process.
var shared = sync.OnceValues(func() (string, error) {
	if dsn := os.Getenv(serverEnv); dsn != "" {
		return dsn, nil
	}
	programs, err := findPrograms()
	if err != nil {
		return "", err
	}
	s, err := newServer(programs, Config{}, nil)
	if err != nil {
		return "", err
	}
	return s.DSN(), nil
})

// DSN returns the URL of an empty database on a server that the tests of a
// process share. The database is dropped when the test ends. The server does
// not wait for the disk.
func DSN(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		missing(t, err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := execute(server, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		// CockroachDB has no FORCE and needs none.
		if err := execute(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			if err := execute(server, "DROP DATABASE "+name+" CASCADE"); err != nil {
				t.Errorf("pgtest: %v", err)
			}
		}
	})
	return withDatabase(server, name)
}

// missing ends a test for which there is no server.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv(requireEnv) != "" {
		t.Fatalf("pgtest: %v", err)
	}
	t.Skipf("pgtest: %v", err)
}

// withDatabase is a DSN with another database.
func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return dsn + " dbname=" + name
	}
	u.Path = "/" + name
	return u.String()
}

// execute runs a statement on a connection of its own.
func execute(dsn, statement string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// query reads one value on a connection of its own.
func query[T any](dsn, statement string, args ...any) (value T, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return value, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, statement, args...).Scan(&value)
	return value, err
}

// until calls fn until it has no error, which is what it waits for, or patience
// is over.
func until(fn func() error) error {
	begin := time.Now()
	for {
		err := fn()
		if err == nil || time.Since(begin) > patience {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}
