package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// watch panics, with all goroutines, when count stands still for long.
func watch(count *atomic.Int64) (stop func()) {
	done := make(chan struct{})
	go func() {
		last := int64(-1)
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * hangBound):
			}
			now := count.Load()
			if now == last {
				buf := make([]byte, 8<<20)
				panic("nothing goes on any more:\n" + string(buf[:runtime.Stack(buf, true)]))
			}
			last = now
		}
	}()
	return func() { close(done) }
}

// settledGoroutines returns how many goroutines there are, once they are no
// more than most or will not become fewer.
func settledGoroutines(most int) int {
	n := runtime.NumGoroutine()
	for range 200 {
		if n <= most {
			break
		}
		time.Sleep(10 * time.Millisecond)
		n = runtime.NumGoroutine()
	}
	return n
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// leftBeside returns the files in the folder of an open store that do not belong
// there.
func leftBeside(t testing.TB, s *Store) []string {
	t.Helper()
	return slices.DeleteFunc(list(t, filepath.Dir(s.Path())), func(name string) bool {
		return name == filepath.Base(s.Path()) || name == filepath.Base(ownerPath(s.Path()))
	})
}

// heavy are the calls that take long, of which a mix has a few.
var heavy = map[string]bool{
	"Store.Compact": true, "Store.Backup": true, "Store.BackupFile": true, "Store.SaveSnapshot": true, "Store.Check": true,
	"Store.Fork": true, "Store.Load": true, "Store.RenewEpochs": true, "Book.Reindex": true, "Book.Import": true, "Book.All": true,
}

// mixed makes a random call, and holds its answer against what may be.
func (c *caller) mixed(ctx context.Context) error {
	call := allCalls[c.IntN(len(allCalls))]
	if heavy[call.name] && c.IntN(40) > 0 {
		call = allCalls[0]
	}
	switch c.IntN(20) {
	case 0:
		return c.ownContact(ctx)
	case 1:
		return c.sane(ctx)
	}
	if err := call.do(ctx, c); !refusal(err) {
		return fmt.Errorf("%s: %w", call.name, err)
	}
	return nil
}

// ownContact creates a contact that nobody else knows, and sees that it is as
// it was left at every step.
func (c *caller) ownContact(ctx context.Context) error {
	number := fmt.Sprintf("+9197%08d", c.Uint64N(100_000_000))
	x, err := c.b.Create(ctx, contacts.Contact{FirstName: "Own", CellPhone: contacts.Phone{Number: number}})
	if errors.Is(err, contacts.ErrDuplicateNumber) {
		return nil // somebody drew the same
	}
	if err != nil {
		return fmt.Errorf("own contact: %w", err)
	}
	m, err := c.b.Lookup(ctx, number, nil)
	if err != nil || m.Contact.ID != x.ID {
		return fmt.Errorf("own contact: %s is found by its number as %q: %w", x.ID, m.Contact.ID, err)
	}
	x.Notes = "edited"
	edited, err := c.b.Update(ctx, x)
	if err != nil || edited.Revision <= x.Revision {
		return fmt.Errorf("own contact: revision %d after %d: %w", edited.Revision, x.Revision, err)
	}
	got, err := c.b.Get(ctx, x.ID)
	if err != nil || got.Revision != edited.Revision || got.Notes != "edited" {
		return fmt.Errorf("own contact: %s at revision %d, not %d: %w", x.ID, got.Revision, edited.Revision, err)
	}
	if err := c.b.Purge(ctx, x.ID); err != nil {
		return fmt.Errorf("own contact: %w", err)
	}
	if _, err := c.b.Get(ctx, x.ID); !errors.Is(err, contacts.ErrNotFound) {
		return fmt.Errorf("own contact: %s is there after its purge: %w", x.ID, err)
	}
	return nil
}

// sane compares answers with one another.
func (c *caller) sane(ctx context.Context) error {
	number := c.number()
	m, err := c.b.Lookup(ctx, number, nil)
	if err != nil {
		return err
	}
	if m.Contact.ID != "" && m.Contact.CellPhone.Number != number {
		has := false
		for _, p := range m.Contact.Phones {
			has = has || p.Number == number
		}
		if !has {
			return fmt.Errorf("look-up of %s gives %s, who does not have it", number, m.Contact.ID)
		}
	}
	last := uint64(0)
	events, err := c.s.Events(ctx, richScopes[c.scope], 0, 50)
	if refusal(err) {
		err = nil
	}
	for _, e := range events {
		if e.Revision <= last {
			return fmt.Errorf("event %d after %d", e.Revision, last)
		}
		last = e.Revision
	}
	return err
}

// TestMixedCalls has 64 goroutines make calls of every kind on one store.
func TestMixedCalls(t *testing.T) {
	total := 20_000
	switch {
	case *long:
		total = 1_000_000
	case onWindows:
		total = 1000
	case raceEnabled || testing.Short():
		total = 4000
	}
	const callers = 64
	seed := seedOf(t)
	ctx := context.Background()
	s := openRich(t)
	temp := tempDir(t)
	var count atomic.Int64
	defer watch(&count)()
	start := time.Now()
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			c, err := newCaller(ctx, s, rand.New(rand.NewPCG(seed, uint64(n))), temp)
			for err == nil && count.Add(1) <= int64(total) {
				err = c.mixed(ctx)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	must(t, s.Check(ctx))
	if files := leftBeside(t, s); len(files) > 0 {
		t.Errorf("left: %v", files)
	}
	fi, err := os.Stat(s.Path())
	must(t, err)
	must(t, s.Close())
	s, err = Open(s.Path(), &Options{Verify: VerifyFull})
	must(t, err)
	must(t, s.Close())
	t.Logf("%d calls of %d goroutines in %v, then %d KiB", total, callers, time.Since(start).Round(time.Second), fi.Size()>>10)
}

// TestCloseInTraffic closes a store while calls of every kind are under way.
// They end, with their result or with ErrClosed; nothing of them is left.
func TestCloseInTraffic(t *testing.T) {
	rounds := 40
	switch {
	case *long:
		rounds = 2000
	case raceEnabled || onWindows || testing.Short():
		rounds = 8
	}
	seed := seedOf(t)
	ctx := context.Background()
	temp := tempDir(t)
	path := filepath.Join(mappedDir(t), "book.db")
	openRichAt(t, path).Close()
	base := runtime.NumGoroutine()
	var count atomic.Int64
	defer watch(&count)()
	base++ // watch
	for round := range rounds {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		s := openRichAt(t, path)
		var all sync.WaitGroup
		for n := range 16 {
			all.Go(func() {
				c, err := newCaller(ctx, s, rand.New(rand.NewPCG(seed, uint64(round*100+n))), temp)
				for err == nil {
					count.Add(1)
					err = c.mixed(ctx)
				}
				if !errors.Is(err, contacts.ErrClosed) {
					t.Errorf("round %d: %v", round, err)
				}
				_ = s.Close() // returns when it is closed
				if err := allCalls[c.IntN(18)].do(ctx, c); !errors.Is(err, contacts.ErrClosed) {
					t.Errorf("round %d, when it is closed: %v", round, err)
				}
			})
		}
		after := time.Duration(r.IntN(40)) * time.Millisecond
		closed := time.AfterFunc(after, func() { _ = s.Close() })
		all.Wait()
		closed.Stop()
		if err := s.Close(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if files := list(t, filepath.Dir(path)); len(files) != 1 {
			t.Errorf("round %d: left %v", round, files)
		}
		if round%10 == 0 {
			s, err := Open(path, &Options{LockWait: -1, Verify: VerifyFull})
			must(t, err)
			must(t, s.Check(ctx))
			must(t, s.Close())
		}
	}
	if n := settledGoroutines(base); n > base {
		t.Errorf("%d goroutines, there were %d:\n%s", n, base, stacks())
	}
}

// aLook is a context that ends when it is looked at for the n-th time.
type aLook struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func newLook(n int) *aLook {
	return &aLook{Context: context.Background(), left: n, done: make(chan struct{})}
}

func (l *aLook) look() (ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left--; l.left == 0 {
		close(l.done)
	}
	return l.left <= 0
}

func (l *aLook) Done() <-chan struct{} { l.look(); return l.done }

func (l *aLook) Err() error {
	if l.look() {
		return context.Canceled
	}
	return nil
}

func (l *aLook) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left <= 0
}

// oneBatch are the writes that happen whole or not at all.
var oneBatch = map[string]bool{
	"Store.Apply": true, "Book.Create": true, "Book.CreateAll": true, "Book.Delete": true, "Book.Edit": true, "Book.Merge": true,
	"Book.Purge": true, "Book.Reassign": true, "Book.Undelete": true, "Book.Unmerge": true, "Book.Update": true, "Book.UpdateAll": true, "Book.Upsert": true,
}

// TestCancelled ends the context of every call at each point where it is
// looked at. The call has happened then, or has not, and says which; the book is
// whole.
func TestCancelled(t *testing.T) {
	seed := seedOf(t)
	s := openRich(t)
	temp := tempDir(t)
	base := runtime.NumGoroutine()
	var count atomic.Int64
	defer watch(&count)()
	base++
	looks := 0
	for i, call := range allCalls {
		if onWindows && i%4 > 0 {
			continue // Wine is slow
		}
		missed := 0
		for n := 1; missed < 3; n += 1 + n/16 {
			c, err := newCaller(context.Background(), s, rand.New(rand.NewPCG(seed, uint64(1000*i+n))), temp)
			must(t, err)
			before, err := s.Stat(context.Background(), richScopes[c.scope])
			must(t, err)
			ctx := newLook(n)
			count.Add(1)
			err = call.do(ctx, c)
			looks++
			if !ctx.ended() {
				missed++ // a call that is refused looks less often
			}
			canceled := errors.Is(err, context.Canceled)
			if !refusal(err) && !canceled {
				t.Errorf("%s, look %d: %v", call.name, n, err)
			}
			if strings.HasPrefix(call.name, "Store.") && err == nil && n == 1 && call.name != "Store.Info" {
				t.Errorf("%s takes no notice of a context that has ended", call.name)
			}
			after, err := s.Stat(context.Background(), richScopes[c.scope])
			must(t, err)
			if canceled && (oneBatch[call.name] || !call.write) && after.Last != before.Last {
				t.Errorf("%s, look %d: cancelled, and done", call.name, n)
			}
		}
		if call.write || i%8 == 0 {
			if err := s.Check(context.Background()); err != nil {
				t.Fatalf("after %s: %v", call.name, err)
			}
		}
		if files := append(list(t, temp), leftBeside(t, s)...); len(files) > 0 {
			t.Errorf("%s leaves %v", call.name, files)
		}
	}
	must(t, s.Close())
	if n := settledGoroutines(base); n > base {
		t.Errorf("%d goroutines, there were %d:\n%s", n, base, stacks())
	}
	t.Logf("%d calls were cancelled", looks)
}

// stalled is a writer that takes nothing more until it is let go.
type stalled struct {
	begun chan struct{}
	once  sync.Once
	goOn  chan struct{}
}

func (w *stalled) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.begun) })
	<-w.goOn
	return 0, io.ErrClosedPipe
}

// TestStalledBackup backs up to a writer that never goes on. Reads, writes that
// make the file grow, compactions, forks and other backups do, and Close.
func TestStalledBackup(t *testing.T) {
	ctx := context.Background()
	s := openRich(t)
	w := &stalled{begun: make(chan struct{}), goOn: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- s.Backup(ctx, w) }()
	soon(t, "the backup", func() { <-w.begun })
	soon(t, "a call beside a stalled backup", func() {
		fi, err := os.Stat(s.Path())
		must(t, err)
		size := fi.Size()
		var all sync.WaitGroup
		for n := range 4 {
			all.Go(func() {
				c, err := newCaller(ctx, s, rand.New(rand.NewPCG(5, uint64(n))), filepath.Dir(s.Path()))
				for i := 0; err == nil && i < 40; i++ {
					x := c.contact()
					x.CellPhone, x.Phones, x.Notes = contacts.Phone{}, nil, strings.Repeat("grow ", 3000)
					if _, err = c.b.Create(ctx, x); err == nil {
						_, err = c.b.Count(ctx)
					}
					if err == nil && i%10 == n {
						err = s.Compact(ctx)
					}
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		must(t, s.Check(ctx))
		must(t, s.Backup(ctx, io.Discard))
		if fi, err = os.Stat(s.Path()); err != nil || fi.Size() < 2*size {
			t.Errorf("the file did not grow: %d after %d, %v", fi.Size(), size, err)
		}
		must(t, s.Close())
	})
	close(w.goOn)
	soon(t, "the end of the backup", func() {
		if err := <-ended; err == nil {
			t.Error("a backup whose writer failed is good")
		}
	})
}
