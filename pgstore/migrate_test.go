package pgstore

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

func TestStatements(t *testing.T) {
	got := statements("-- one; two\nCREATE TABLE {a} (\n\tb text, -- c; d\n\te text\n);\n\nCREATE INDEX {a_b} ON {a} (b);\n-- end\n")
	want := []string{"CREATE TABLE {a} (\n\tb text, \n\te text\n)", "CREATE INDEX {a_b} ON {a} (b)"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExpand(t *testing.T) {
	s := &Store{o: Options{Schema: "crm", Prefix: "cb_"}}
	got := s.expand("CREATE INDEX {claims_tail} ON {claims} (line {C})")
	if want := `CREATE INDEX cb_claims_tail ON crm.cb_claims (line COLLATE "C")`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.dialect = cockroach
	if got := s.expand("line text {C} NOT NULL"); got != "line text  NOT NULL" {
		t.Errorf("got %q", got)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Schema: "1a"}, {Schema: "A"}, {Schema: `a"b`}, {Schema: "a.b"}, {Prefix: "a-b"},
		{Schema: strings.Repeat("a", 64)}, {Prefix: strings.Repeat("a", 21)}} {
		if err := o.fill(); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("%+v: error %v, want ErrInvalid", o, err)
		}
	}
	o := Options{}
	if err := o.fill(); err != nil || o.Schema != "contacts" || o.Prefix != "" || o.Tries != defaultTries || o.Poll != defaultPoll {
		t.Errorf("zero options: %+v, %v", o, err)
	}
}

// TestMigrate has the tables in every state that Open may find them in.
func TestMigrate(t *testing.T) {
	ctx := context.Background()
	list, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		sql   string // what is there before
		o     Options
		is    error // nil: it opens
		again bool  // and so it does once more
	}{
		{name: "nothing", again: true},
		{name: "the schema", sql: "CREATE SCHEMA {s}"},
		{name: "a prefix beside other tables", sql: "CREATE SCHEMA {s}; CREATE TABLE {s}.contacts (a int)", o: Options{Prefix: "cb_"}, again: true},
		{name: "another table of that name", sql: "CREATE SCHEMA {s}; CREATE TABLE {s}.contacts (a int)", is: contacts.ErrNotBook},
		{name: "another table version", sql: "CREATE SCHEMA {s}; CREATE TABLE {s}.version (a int)", is: contacts.ErrNotBook},
		{name: "nothing, and not to be made", o: Options{NoMigrate: true}, is: ErrNotMigrated},
		{name: "nothing, read-only", o: Options{ReadOnly: true}, is: ErrNotMigrated},
		{name: "newer", sql: "CREATE SCHEMA {s}; CREATE TABLE {s}.version (one boolean PRIMARY KEY, version integer); INSERT INTO {s}.version VALUES (true, 1000)",
			is: contacts.ErrNewer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dsn, schema := pgtest.DSN(t), "crm"
			tt.o.Schema = schema
			if tt.sql != "" {
				execSQL(t, dsn, strings.ReplaceAll(tt.sql, "{s}", schema))
			}
			s, err := Open(ctx, dsn, &tt.o)
			if !errors.Is(err, tt.is) {
				t.Fatalf("Open: %v, want %v", err, tt.is)
			}
			if err != nil {
				return
			}
			if v, err := s.version(ctx); err != nil || v != len(list) {
				t.Errorf("version %d, %v, want %d", v, err, len(list))
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if tt.again {
				s, err := Open(ctx, dsn, &Options{Schema: schema, Prefix: tt.o.Prefix, NoMigrate: true})
				if err != nil {
					t.Fatal(err)
				}
				_ = s.Close()
			}
		})
	}
}

// exec carries out statements on a connection of their own.
func execSQL(t *testing.T, dsn, text string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// TestEncoding: a database that would keep the bytes of UTF-8 as other letters is
// refused before there are tables in it.
func TestEncoding(t *testing.T) {
	ctx, dsn := t.Context(), pgtest.DSN(t)
	admin, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := admin.Config().Database + "_latin1"
	t.Cleanup(func() {
		_, err := admin.Exec(context.Background(), "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize())
		if err := errors.Join(err, admin.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize()+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	for range 2 {
		s, err := Open(ctx, u.String(), nil)
		if err == nil {
			_ = s.Close()
		}
		if !errors.Is(err, contacts.ErrInvalid) || !strings.Contains(err.Error(), "LATIN1") {
			t.Errorf("error %v, want one that names the encoding", err)
		}
	}
}
