package pgstore

import (
	"errors"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

// TestForkLost has the connection of a fork cut: the fork says what happened, and
// does not go on with another connection, which would have nothing.
func TestForkLost(t *testing.T) {
	s := openTest(t, nil)
	if _, err := s.Load(t.Context(), home, contacts.LoadHead{}, sequence(0, 3)); err != nil {
		t.Fatal(err)
	}
	forked, err := s.Fork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := forked.(*Store)
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	if st, err := f.Stat(t.Context(), home); err != nil || st.Active != 3 {
		t.Fatalf("Stat of the fork: %+v, %v", st, err)
	}
	pid := countOf(t, f, "SELECT pg_backend_pid()")
	countOf(t, s, "SELECT pg_terminate_backend($1, 60000)::int", pid)
	if _, err := f.Get(t.Context(), home, loaded(0).Contact.ID); !errors.Is(err, ErrForkLost) {
		t.Errorf("Get: %v", err)
	}
	if _, err := f.Apply(t.Context(), home, contacts.Batch{Writes: []contacts.Write{person("c1", "Ann Lee")}}); !errors.Is(err, ErrForkLost) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := f.Load(t.Context(), loadScope, contacts.LoadHead{}, sequence(0, 3)); !errors.Is(err, ErrForkLost) {
		t.Errorf("Load: %v", err)
	}
	if _, err := f.Fork(t.Context()); !errors.Is(err, ErrForkLost) {
		t.Errorf("Fork: %v", err)
	}
}

// TestForkForbidden forks with a role that may make no temporary tables.
func TestForkForbidden(t *testing.T) {
	s := openTest(t, nil)
	for _, text := range []string{
		"CREATE ROLE reader", "GRANT USAGE ON SCHEMA contacts TO reader", "GRANT SELECT ON ALL TABLES IN SCHEMA contacts TO reader",
		"DO $$ BEGIN EXECUTE 'REVOKE TEMPORARY ON DATABASE ' || current_database() || ' FROM PUBLIC'; END $$",
	} {
		if _, err := s.pool.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if _, err := s.pool.Exec(t.Context(), "DROP OWNED BY reader; DROP ROLE reader"); err != nil {
			t.Error(err)
		}
	}()
	r := openBeside(t, pgtest.With(s.pool.Config().ConnString(), "role", "reader"), &Options{ReadOnly: true})
	if _, err := r.Fork(t.Context()); !errors.Is(err, contacts.ErrUnsupported) {
		t.Errorf("Fork: %v", err)
	}
}
