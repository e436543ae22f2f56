package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts/internal/cli"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/pgstore"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		location, dsn string
		o             pgstore.Options
	}{
		{"postgres://", "postgres://", pgstore.Options{}},
		{"postgresql://app@db1,db2/crm?sslmode=require", "postgresql://app@db1,db2/crm?sslmode=require", pgstore.Options{}},
		{"postgres://db/crm?schema=a_b&prefix=x_", "postgres://db/crm", pgstore.Options{Schema: "a_b", Prefix: "x_"}},
		{"postgres:///?host=/run%2Fa&schema=a&user=%61pp", "postgres:///?host=/run%2Fa&user=%61pp", pgstore.Options{Schema: "a"}},
	} {
		dsn, o, err := parse(c.location)
		if err != nil || dsn != c.dsn || o != c.o {
			t.Errorf("%s: %s, %+v, %v", c.location, dsn, o, err)
		}
	}
}

// TestOpenFails: what cannot be opened says so at once, and shows no password.
func TestOpenFails(t *testing.T) {
	for location, want := range map[string]string{
		"mysql://app:SECRET@db/crm":                             "give postgres://",
		"postgres://app:SECRET@db/crm?schema=%zz":               "schema of the location",
		"postgres://app:SECRET@127.0.0.1:1/crm?sslmode=disable": "refused",
		"postgres://app:SEC/RET@127.0.0.1:1/crm":                "cannot parse",
		"postgres://app:SECRET@127.0.0.1:1/crm?sslmode=no":      "sslmode",
		"postgres://app:SECRET@127.0.0.1:1/crm?pool_max_conns=": "pool_max_conns",
	} {
		_, err := open(t.Context(), location, cli.Read)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", location, err, want)
		} else if text := err.Error(); strings.Contains(text, "SECRET") || strings.Contains(text, "RET@") {
			t.Errorf("%s: %v", location, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(ctx, "postgres://127.0.0.1:1/", cli.Read); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// TestEnvironment: what a location leaves out comes from the variables of libpq.
func TestEnvironment(t *testing.T) {
	config, err := pgx.ParseConfig(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PGHOST": config.Host, "PGPORT": fmt.Sprint(config.Port), "PGUSER": config.User, "PGPASSWORD": "any", "PGDATABASE": config.Database,
	} {
		t.Setenv(name, value)
	}
	store, err := open(t.Context(), "postgres://?schema=own", cli.Create)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
