package pgstore

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

// TestRolledBack has the database roll back the first transactions, in the middle
// and when they are committed, as engines do that run many at once.
func TestRolledBack(t *testing.T) {
	for _, deferred := range []string{"", "DEFERRABLE INITIALLY DEFERRED"} {
		for _, state := range []string{"40001", "40P01"} {
			t.Run(state+" "+deferred, func(t *testing.T) {
				ctx := t.Context()
				dsn := pgtest.DSN(t)
				s, err := Open(ctx, dsn, &Options{Tries: 5})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				conn, err := pgx.Connect(ctx, dsn)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close(ctx)
				// A sequence is not rolled back.
				if _, err := conn.Exec(ctx, fmt.Sprintf(`CREATE SEQUENCE rollbacks;
					CREATE FUNCTION roll_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
						IF nextval('rollbacks') < 4 THEN RAISE EXCEPTION 'because of others' USING ERRCODE = '%s'; END IF;
						RETURN NULL;
					END $$;
					CREATE CONSTRAINT TRIGGER roll_back AFTER INSERT ON contacts.feed %s FOR EACH ROW EXECUTE FUNCTION roll_back()`, state, deferred)); err != nil {
					t.Fatal(err)
				}
				book, err := openBook(ctx, s, trafficScope)
				if err != nil {
					t.Fatal(err)
				}
				f := newTraffic()
				for i := range 2 {
					c, err := book.Create(ctx, contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: wanted(i)}})
					if err != nil {
						t.Fatal(err)
					}
					f.note(c)
					f.Won[i] = c.ID
				}

				if _, err := conn.Exec(ctx, "SELECT setval('rollbacks', 1); ALTER SEQUENCE rollbacks INCREMENT -1 MINVALUE -100"); err != nil {
					t.Fatal(err)
				}
				_, err = book.Create(ctx, contacts.Contact{FirstName: "Bo"})
				var pg *pgconn.PgError
				if !errors.As(err, &pg) || pg.Code != state || errors.Is(err, contacts.ErrCommitUnknown) {
					t.Errorf("rolled back for ever: %v", err)
				}
				var tries int
				if err := conn.QueryRow(ctx, "SELECT 1 - last_value FROM rollbacks").Scan(&tries); err != nil || tries != 5 {
					t.Errorf("%d tries, %v, want 5", tries, err)
				}
				f.audit(t, s)
			})
		}
	}
}

// TestDeadlock has the store and somebody else wait for each other.
func TestDeadlock(t *testing.T) {
	ctx := t.Context()
	dsn := pgtest.DSN(t)
	s, err := Open(ctx, pgtest.With(dsn, "deadlock_timeout", "50ms"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	book, err := contacts.Open(ctx, s, trafficScope, &contacts.Options{Rules: contacts.RelaxedRules(), UniqueBy: contacts.UniqueByAccount})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Create(ctx, contacts.Contact{FirstName: "Ann"}); err != nil {
		t.Fatal(err)
	}

	other, err := pgx.Connect(ctx, pgtest.With(dsn, "deadlock_timeout", "1h")) // so that it is not the one to give in
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	tx, err := other.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "SELECT FROM contacts.scopes WHERE stream IS NOT NULL FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := book.Create(ctx, contacts.Contact{FirstName: "Bo"})
		done <- err
	}()
	awaitLockWaiter(ctx, t, dsn, done)
	if _, err := tx.Exec(ctx, "SELECT FROM contacts.scopes WHERE stream IS NULL FOR UPDATE"); err != nil {
		t.Fatalf("the store did not give in: %v", err)
	}
	select {
	case err := <-done:
		t.Fatalf("the call returned: %v", err)
	default:
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if st, err := s.Stat(ctx, trafficScope); err != nil || st.Last != 2 || st.Active != 2 {
		t.Errorf("%+v, %v", st, err)
	}
}
