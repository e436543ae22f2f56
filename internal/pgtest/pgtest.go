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
//	CONTACTS_TEST_POSTGRES          a URL: DSN makes its databases on that server, by psql
//	CONTACTS_TEST_REQUIRE_POSTGRES  set: a test that finds no server fails; otherwise it is skipped
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
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
	dsn, err := withDatabase(server, name)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
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
	return dsn
}

// missing ends a test for which there is no server.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv(requireEnv) != "" {
		t.Fatalf("pgtest: %v", err)
	}
	t.Skipf("pgtest: %v", err)
}

// withDatabase is a URL with another database.
func withDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return "", errors.New(serverEnv + " has to be a URL: postgres://user:password@host/postgres")
	}
	u.Path = "/" + name
	return u.String(), nil
}

// With is a URL with one more parameter, such as pool_max_conns.
func With(dsn, parameter, value string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn // whoever uses it says what is wrong
	}
	q := u.Query()
	q.Set(parameter, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// query runs a statement with psql, and returns what it prints.
func query(dsn, statement string) (string, error) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		programs, err := findPrograms()
		if err != nil {
			return "", err
		}
		psql = programs.path("psql")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", statement)
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", statement, err, strings.TrimSpace(problems.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// execute is query for a statement that prints nothing of interest.
func execute(dsn, statement string) error {
	_, err := query(dsn, statement)
	return err
}

// awaitTrue waits until a statement says that something is true.
func awaitTrue(dsn, statement string) error {
	return until(func() error {
		says, err := query(dsn, statement)
		if err == nil && says != "t" {
			err = fmt.Errorf("%s: %s", statement, says)
		}
		return err
	})
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
