package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

func init() { children["book"] = childBook }

// TestStore holds the store to the contract.
func TestStore(t *testing.T) {
	storetest.RunReopen(t, func(dir string) (contacts.Store, error) {
		return Open(filepath.Join(dir, "book.db"), nil)
	})
}

func openTestBook(path string) (*Store, *contacts.Book, error) {
	s, err := Open(path, &Options{LockWait: 10 * time.Second})
	if err != nil {
		return nil, nil, err
	}
	b, err := contacts.Open(context.Background(), s, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	return s, b, err
}

// childBook creates, changes and deletes contacts from four goroutines at once
// until it is killed, and prints a line for each call that returned.
func childBook(args []string) error {
	s, b, err := openTestBook(args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := context.Background()
	var mu sync.Mutex
	say := func(format string, a ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf(format+"\n", a...)
	}
	say("open - -")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(w)))
			for i := 0; ; i++ {
				number := fmt.Sprintf("+9198%08d", r.IntN(5000))
				c, err := b.Create(ctx, contacts.Contact{FirstName: "N", LastName: fmt.Sprint(i), CellPhone: contacts.Phone{Number: number}})
				if errors.Is(err, contacts.ErrDuplicateNumber) {
					continue
				} else if err != nil {
					say("error %v", err)
					return
				}
				say("created %s %s", c.ID, number)
				switch r.IntN(4) {
				case 0:
					if _, err := b.Edit(ctx, c.ID, func(c *contacts.Contact) error { c.Notes = "edited"; return nil }); err == nil {
						say("edited %s %s", c.ID, number)
					}
				case 1:
					say("deleting %s %s", c.ID, number)
					if _, err := b.Delete(ctx, c.ID); err == nil {
						say("deleted %s %s", c.ID, number)
					}
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// TestBookKill kills a program that writes to a book, at random moments, 200
// times over the same file. Each call that returned is in the file, and all of
// its indexes agree.
func TestBookKill(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 9))
	path := filepath.Join(tempDir(t), "book.db")
	state := map[string]string{} // what was said last of each id
	numbers := map[string]string{}
	for round := range rounds {
		out, c, end := startChild(t, "book", path)
		after := time.Duration(10+r.IntN(60)) * time.Millisecond
		var kill *time.Timer
		if r.IntN(4) == 0 { // perhaps while it opens the book
			kill = time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
		for out.Scan() {
			var what, id, number string
			if n, _ := fmt.Sscan(out.Text(), &what, &id, &number); n != 3 || what == "error" {
				t.Fatalf("round %d: the child says %q", round, out.Text())
			}
			if what != "open" {
				state[id], numbers[id] = what, number
			} else if kill == nil { // a slow machine is no reason to see nothing written
				kill = time.AfterFunc(after, func() { _ = c.Process.Kill() })
			}
		}
		if kill != nil {
			kill.Stop()
		}
		_ = end()
		if round%20 == 19 || round == rounds-1 {
			compareBook(t, path, round, state, numbers)
		}
	}
	t.Logf("%d contacts acknowledged in %d rounds", len(state), rounds)
	if len(state) < rounds/2 {
		t.Errorf("too little was written to prove anything")
	}
}

func compareBook(t *testing.T, path string, round int, state, numbers map[string]string) {
	t.Helper()
	ctx := context.Background()
	s, b, err := openTestBook(path)
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	defer s.Close()
	if err := s.Check(ctx); err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	for id, what := range state {
		c, err := b.Get(ctx, id)
		if err != nil {
			t.Fatalf("round %d: %s was %s: %v", round, id, what, err)
		}
		ok := c.CellPhone.Number == numbers[id]
		switch what {
		case "edited":
			ok = ok && c.Notes == "edited"
		case "deleted":
			ok = ok && c.Status == contacts.Inactive
		case "created":
			ok = ok && c.Status == contacts.Active
		}
		if !ok {
			t.Fatalf("round %d: %s was %s, and is %+v", round, id, what, c)
		}
		if c.Status == contacts.Active {
			if m, err := b.Lookup(ctx, c.CellPhone.Number, nil); err != nil || m.Contact.ID != id {
				t.Fatalf("round %d: %s has its number, look-up says %v %v", round, id, m.Contact.ID, err)
			}
		}
	}
}

// TestBackupIsABook backs up a book that is being written to, and opens the copy.
func TestBackupIsABook(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	s, b, err := openTestBook(filepath.Join(dir, "book.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 50 {
		if _, err := b.Create(ctx, contacts.Contact{FirstName: "N", CellPhone: contacts.Phone{Number: fmt.Sprint("+91987650", 1000+i)}}); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "copy.db")
	if err := s.BackupFile(ctx, copied); err != nil {
		t.Fatal(err)
	}
	if err := s.BackupFile(ctx, copied); err == nil || !strings.Contains(err.Error(), copied) {
		t.Errorf("a file that is there was overwritten, or the error does not name it: %v", err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(contacts.Backup(ctx, s, w)) }()
	piped := filepath.Join(dir, "piped.db")
	f, err := os.OpenFile(piped, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(r).WriteTo(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, path := range []string{copied, piped} {
		s, b, err := openTestBook(path)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := b.Count(ctx); err != nil || n.Active != 50 {
			t.Errorf("%+v %v", n, err)
		}
		if err := s.Check(ctx); err != nil {
			t.Error(err)
		}
		s.Close()
	}
}
