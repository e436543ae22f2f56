package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

// TestRoles makes the roles of ENGINES.md by the statements that stand there, and
// has each do what it is for and be refused what it is not for.
func TestRoles(t *testing.T) {
	ctx := t.Context()
	dsn := pgtest.DSN(t)
	blocks := roleStatements(t)
	suffix := fmt.Sprintf("_%x", rand.Uint64()) // roles are of the whole server
	named := strings.NewReplacer("contacts_owner", "owner"+suffix, "contacts_app", "app"+suffix, "contacts_reader", "reader"+suffix)
	admin, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		var err error
		for _, role := range []string{"contacts_reader", "contacts_app", "contacts_owner"} {
			_, dropErr := admin.Exec(ctx, named.Replace("DROP OWNED BY "+role+" CASCADE; DROP ROLE "+role))
			err = errors.Join(err, dropErr)
		}
		if err := errors.Join(err, admin.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	as := func(role string) string {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.User(named.Replace(role))
		return u.String()
	}
	exec := func(text string) {
		t.Helper()
		if _, err := admin.Exec(ctx, named.Replace(text)); err != nil {
			t.Fatal(err)
		}
	}
	open := func(role string, o *Options) (*Store, error) {
		s, err := Open(ctx, as(role), o)
		if err == nil {
			t.Cleanup(func() { _ = s.Close() })
		}
		return s, err
	}

	exec(blocks[0]) // before the tables
	for _, role := range []string{"contacts_app", "contacts_reader"} {
		if _, err := open(role, nil); !isDenied(err) {
			t.Errorf("%s makes tables: %v", role, err)
		}
		if _, err := open(role, &Options{NoMigrate: true}); !errors.Is(err, ErrNotMigrated) {
			t.Errorf("%s finds tables: %v", role, err)
		}
	}
	if _, err := open("contacts_owner", nil); err != nil {
		t.Fatal(err)
	}
	exec(blocks[1]) // after them

	scope := contacts.Scope{Account: "acme", Stream: "support"}
	store, err := open("contacts_app", &Options{NoMigrate: true})
	if err != nil {
		t.Fatal(err)
	}
	useBook(t, store, scope)
	reader, err := open("contacts_reader", &Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	readBook(t, reader, scope)
	if _, err := open("contacts_reader", nil); err != nil { // the tables are there: nothing is to be made
		t.Error(err)
	}

	for role, statements := range map[string][]string{
		"contacts_app": {"DROP TABLE contacts.words", "ALTER TABLE contacts.contacts ADD x text", "CREATE TABLE contacts.x (a text)",
			"UPDATE contacts.version SET version = 0", "DELETE FROM contacts.version", "TRUNCATE contacts.feed", "DROP SCHEMA contacts CASCADE",
			"CREATE SCHEMA x"},
		"contacts_reader": {"INSERT INTO contacts.words VALUES (1, 'a', 1, 1)", "UPDATE contacts.scopes SET last_rev = 0", "DELETE FROM contacts.feed",
			"UPDATE contacts.version SET version = 0", "SELECT 1 FROM contacts.scopes FOR UPDATE", "CREATE TABLE contacts.x (a text)"},
		"contacts_owner": {"CREATE ROLE x", "CREATE DATABASE x", "CREATE SCHEMA x"},
	} {
		c, err := pgx.Connect(ctx, as(role))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range statements {
			if _, err := c.Exec(ctx, text); !isDenied(err) {
				t.Errorf("%s may: %s (%v)", role, text, err)
			}
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

// useBook has an application do all kinds of calls.
func useBook(t *testing.T, store *Store, scope contacts.Scope) {
	t.Helper()
	ctx := t.Context()
	book, err := contacts.Open(ctx, store, scope, &contacts.Options{Rules: contacts.RelaxedRules()})
	if err != nil {
		t.Fatal(err)
	}
	ann := contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: "+919876543210"}}
	loaded, err := book.CreateEach(ctx, []contacts.Contact{ann}) // an empty scope: by Load
	if err != nil || loaded[0].Err != nil {
		t.Fatal(err, loaded[0].Err)
	}
	bob, err := book.Create(ctx, contacts.Contact{FirstName: "Bob", CellPhone: contacts.Phone{Number: "+919876543211"}})
	if err != nil {
		t.Fatal(err)
	}
	var dup *contacts.DuplicateNumberError
	if _, err := book.Create(ctx, ann); !errors.As(err, &dup) {
		t.Errorf("a number that is taken: %v", err)
	}
	bob.LastName = "Ray"
	if bob, err = book.Update(ctx, bob); err != nil {
		t.Fatal(err)
	}
	if _, err := book.Delete(ctx, bob.ID); err != nil {
		t.Fatal(err)
	}
	if err := book.Purge(ctx, bob.ID); err != nil {
		t.Fatal(err)
	}
	readBook(t, store, scope)
	stat, err := store.Stat(ctx, scope)
	if err == nil {
		err = store.Trim(ctx, scope, stat.Last)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := contacts.Wait(ctx, store, scope, 0); err != nil {
		t.Fatal(err)
	}
	if err := store.RenewEpochs(ctx); err != nil {
		t.Fatal(err)
	}
	fork, err := store.Fork(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := fork.Close(); err != nil {
		t.Fatal(err)
	}
}

// readBook has somebody read in all kinds of ways.
func readBook(t *testing.T, store *Store, scope contacts.Scope) {
	t.Helper()
	ctx := t.Context()
	book, err := contacts.Open(ctx, store, scope, &contacts.Options{ReadOnly: store.o.ReadOnly, Rules: contacts.RelaxedRules()})
	if err != nil {
		t.Fatal(err)
	}
	m, err := book.Lookup(ctx, "+919876543210", nil)
	if err != nil || m.Contact.FirstName != "Ann" {
		t.Fatalf("%s, %v", m.Contact.FirstName, err)
	}
	if found, err := book.Search(ctx, "an", nil); err != nil || len(found.Hits) != 1 {
		t.Errorf("%d found, %v", len(found.Hits), err)
	}
	if list, err := book.List(ctx, nil); err != nil || len(list.Contacts) != 1 {
		t.Errorf("%d listed, %v", len(list.Contacts), err)
	}
	for _, err := range book.History(ctx, m.Contact.ID, nil) {
		if err != nil {
			t.Error(err)
		}
	}
	if err := store.Check(ctx); err != nil {
		t.Error(err)
	}
	if store.o.ReadOnly {
		if _, err := book.Create(ctx, contacts.Contact{FirstName: "Eve"}); !errors.Is(err, contacts.ErrReadOnly) {
			t.Errorf("a reader writes: %v", err)
		}
	}
}

// roleStatements returns the two blocks of SQL that ENGINES.md has on roles.
func roleStatements(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("ENGINES.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(data), "\n## Roles\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, m[1])
	}
	if !ok || len(blocks) != 2 {
		t.Fatalf("ENGINES.md has %d blocks of SQL on roles, not 2", len(blocks))
	}
	return blocks
}

// isDenied reports whether the database refuses a role something.
func isDenied(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501" // insufficient_privilege
}
