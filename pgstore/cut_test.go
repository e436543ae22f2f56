package pgstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

// TestCut loses the connection in the middle of a commit. The caller is to notice
// nothing: the store finds out whether the commit happened.
func TestCut(t *testing.T) {
	moments := map[pgtest.Moment]string{pgtest.BeforeCommit: "before", pgtest.LateCommit: "late", pgtest.AfterCommit: "after"}
	for at, moment := range moments {
		for _, key := range []string{"", "key"} {
			for _, first := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/key=%s/first=%t", moment, key, first), func(t *testing.T) { testCut(t, at, key, first) })
			}
		}
	}
}

func testCut(t *testing.T, at pgtest.Moment, key string, first bool) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dsn := pgtest.DSN(t)
	p := pgtest.NewProxy(t, dsn)
	s, err := Open(ctx, p.DSN(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	book, err := openBook(ctx, s, trafficScope)
	if err != nil {
		t.Fatal(err)
	}
	f := newTraffic()
	if !first {
		c, err := book.Create(ctx, contacts.Contact{FirstName: "Ann"})
		if err != nil {
			t.Fatal(err)
		}
		f.note(c)
	}

	happened, release := p.Cut(at)
	done := make(chan error, 1)
	var c contacts.Contact
	go func() {
		var err error
		c, err = book.Once(key).Create(ctx, contacts.Contact{FirstName: "Bo", CellPhone: contacts.Phone{Number: wanted(0)}})
		done <- err
	}()
	select {
	case <-happened:
	case err := <-done:
		t.Fatalf("nothing was cut, %v", err)
	}
	if at == pgtest.LateCommit {
		// Its locks are held. Whoever asks what became of it is to wait for them.
		awaitLockWaiter(ctx, t, dsn, done)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	f.note(c)
	f.Won[0] = c.ID
	if key != "" {
		again, err := book.Once(key).Create(ctx, contacts.Contact{FirstName: "Bo", CellPhone: contacts.Phone{Number: wanted(0)}})
		if err != nil || again.ID != c.ID || again.Revision != c.Revision {
			t.Errorf("repeated: %s at %d, %v, want %s at %d", again.ID, again.Revision, err, c.ID, c.Revision)
		}
	}
	c.Notes = "after"
	if c, err = book.Update(ctx, c); err != nil {
		t.Fatal(err)
	}
	f.note(c)
	f.audit(t, s)
}

// awaitLockWaiter waits until somebody waits for a lock in the database.
func awaitLockWaiter(ctx context.Context, t *testing.T, dsn string, done <-chan error) {
	t.Helper()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for {
		var waiting bool
		err := conn.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
		select {
		case err := <-done:
			t.Fatalf("the call returned, %v, while its commit was on its way", err)
		default:
		}
	}
}

// TestAway has the database away for longer than the store tries, in the middle
// of a commit: nobody knows what became of it, and the error says so. Asked again
// with the same key it says what it was.
func TestAway(t *testing.T) {
	for at, applied := range map[pgtest.Moment]bool{pgtest.BeforeCommit: false, pgtest.AfterCommit: true} {
		ctx := t.Context()
		p := pgtest.NewProxy(t, pgtest.DSN(t))
		s, err := Open(ctx, p.DSN(), &Options{Tries: 2})
		if err != nil {
			t.Fatal(err)
		}
		book, err := openBook(ctx, s, trafficScope)
		if err != nil {
			t.Fatal(err)
		}
		f := newTraffic()
		c, err := book.Create(ctx, contacts.Contact{FirstName: "Ann"})
		if err != nil {
			t.Fatal(err)
		}
		f.note(c)

		happened := p.CutAndLeave(at)
		bo := contacts.Contact{FirstName: "Bo", CellPhone: contacts.Phone{Number: wanted(0)}}
		_, err = book.Once("key").Create(ctx, bo)
		<-happened
		if !errors.Is(err, contacts.ErrCommitUnknown) {
			t.Errorf("cut in its commit: %v", err)
		}
		if _, err = book.Create(ctx, contacts.Contact{FirstName: "Cy"}); err == nil || errors.Is(err, contacts.ErrCommitUnknown) {
			t.Errorf("not begun: %v", err)
		}
		p.Away(false)
		if applied {
			if st, err := s.Stat(ctx, trafficScope); err != nil || st.Last != 2 {
				t.Errorf("%+v, %v: the commit was done", st, err)
			}
		}
		if c, err = book.Once("key").Create(ctx, bo); err != nil {
			t.Fatal(err)
		}
		f.note(c)
		f.Won[0] = c.ID
		f.audit(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
