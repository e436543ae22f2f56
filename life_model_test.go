package contacts_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
)

var (
	lifeSeed = flag.Uint64("life.seed", 0, "seed of TestLife; 0: $LIFE_SEED, or another one each time")
	lifeOps  = flag.Int("life.ops", 0, "operations of TestLife on each store; 0: 100,000, with -race 5,000, with -short 2,000")
)

// lifeSpan is how many operations a book lives for before TestLife begins
// another one.
const lifeSpan = 10_000

// TestLife has two books of one store go through all that may happen to
// contacts, in random order, and compares them with a model after every
// step (life_model_*_test.go).
func TestLife(t *testing.T) {
	seed, ops := *lifeSeed, *lifeOps
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
		if text := os.Getenv("LIFE_SEED"); text != "" {
			if _, err := fmt.Sscan(text, &seed); err != nil {
				t.Fatalf("LIFE_SEED: %v", err)
			}
		}
	}
	if ops == 0 {
		ops = 100_000
		if raceEnabled {
			ops = 5_000
		}
		if testing.Short() {
			ops = 2_000
		}
	}
	for _, kind := range []string{"memstore", "boltstore"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for i, left := uint64(0), ops; left > 0; i, left = i+1, left-lifeSpan {
				newLife(t, kind, seed+i).run(min(left, lifeSpan))
			}
		})
	}
}

// life is one run: a store with two books and their models.
type life struct {
	t    *testing.T
	ctx  context.Context
	kind string
	seed uint64
	r    *rand.Rand

	path  string // of the file
	store contacts.Store
	books [2]*lifeBook
	now   time.Time
	ids   int // given out
	step  int
	keeps bool // the step may make duplicates

	ran  []string // the last operations
	done map[string]int
}

// lifeBook is a book and its model.
type lifeBook struct {
	*ledger
	opened *contacts.Book
	moved  bool           // it was re-indexed
	token  contacts.Token // everything up to it is in the model
	slow   lifeMirror
}

func newLife(t *testing.T, kind string, seed uint64) *life {
	t.Logf("seed %d", seed)
	x := &life{t: t, kind: kind, seed: seed, r: rand.New(rand.NewPCG(seed, 1)), now: time.UnixMilli(1_750_000_000_000).UTC(), done: map[string]int{}}
	scopes := [2]contacts.Scope{{Account: "acme", Stream: "a"}, {Account: "acme", Stream: "b"}}
	if seed%2 == 0 {
		scopes = [2]contacts.Scope{{Account: "acme", Stream: "a"}, {Account: "bell", Stream: "a"}}
	}
	for i := range x.books {
		x.books[i] = &lifeBook{ledger: newLedger(scopes[i], fmt.Sprintf("o-%d", i))}
	}
	dir := tempDir(t)
	if runtime.GOOS == "linux" { // nothing here is about disks
		if ram, err := os.MkdirTemp("/dev/shm", "contacts"); err == nil {
			t.Cleanup(func() { os.RemoveAll(ram) })
			dir = ram
		}
	}
	x.path = filepath.Join(dir, "life.db")
	x.openStore()
	return x
}

func (x *life) run(ops int) {
	x.ctx = context.Background()
	x.openBooks()
	for x.step = 1; x.step <= ops; x.step++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a call that does not end is a failure, too
		x.ctx = ctx
		x.one()
		cancel()
	}
	x.ctx = context.Background()
	x.checkAll()
	if err := x.store.Close(); err != nil {
		x.fail("Close: %v", err)
	}
	x.t.Logf("%d steps: %v", ops, x.done)
}

// openStore opens the store.
func (x *life) openStore() {
	if x.kind == "memstore" {
		if x.store == nil {
			x.store = memstore.New()
		}
		return
	}
	s, err := boltstore.Open(x.path, nil)
	if err != nil {
		x.fail("open the file: %v", err)
	}
	x.store = s
}

// openBooks opens both books under the rules of their models.
func (x *life) openBooks() {
	for _, b := range x.books {
		book, err := contacts.Open(x.ctx, x.store, b.scope, x.options(b))
		if err != nil {
			x.fail("open %v: %v", b.scope, err)
		}
		b.opened = book
	}
}

func (x *life) options(b *lifeBook) *contacts.Options {
	o := &contacts.Options{Rules: contacts.RelaxedRules(), OrgID: b.orgID,
		NewID: func() string { x.ids++; return fmt.Sprintf("c%d", x.ids) },
		Now:   func() time.Time { return x.now }}
	o.Site.Rules = lifeRules[b.rules]
	return o
}

// fail ends the test with what led there.
func (x *life) fail(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s\nat step %d of seed %d on %s: repeat with go test -run 'TestLife/%s' -life.seed=%d -life.ops=%d\nthe last operations:\n%s",
		fmt.Sprintf(format, args...), x.step, x.seed, x.kind, x.kind, x.seed, x.step, strings.Join(x.ran, "\n"))
}

// say notes an operation before it is carried out.
func (x *life) say(b *lifeBook, format string, args ...any) {
	if len(x.ran) == 30 {
		x.ran = slices.Delete(x.ran, 0, 1)
	}
	where := ""
	if b != nil {
		where = b.scope.Account + "/" + b.scope.Stream + " "
	}
	x.ran = append(x.ran, fmt.Sprintf("#%d %s", x.step, where)+fmt.Sprintf(format, args...))
}

// settle compares the outcome of a call with its forecast. Where it succeeded
// it takes what changed into the model, from the feed.
func (x *life) settle(b *lifeBook, f *forecast, err error) bool {
	x.t.Helper()
	x.ran[len(x.ran)-1] += fmt.Sprintf(" -> %v", err)
	if err == nil && f.wrong != nil {
		x.fail("the call succeeded, the model expects %s", f.reasons())
	}
	x.done[outcome(err)]++
	if err != nil {
		if !slices.ContainsFunc(f.wrong, func(w lifeWrong) bool { return w.is(err) }) {
			x.fail("the call failed with %s, the model expects %s", inFull(err), f.reasons())
		}
		*f = forecast{}
	}
	x.follow(b, f)
	return err == nil
}

// outcome names the kind of an error.
func outcome(err error) string {
	for _, kind := range []error{contacts.ErrDuplicateNumber, contacts.ErrAmbiguous, contacts.ErrMerged, contacts.ErrNotFound, contacts.ErrConflict, contacts.ErrInvalid} {
		if errors.Is(err, kind) {
			return strings.TrimPrefix(kind.Error(), "contacts: ")
		}
	}
	return "done"
}

func (f *forecast) reasons() string {
	if f.wrong == nil {
		return "success"
	}
	var list []string
	for _, w := range f.wrong {
		list = append(list, w.why)
	}
	return strings.Join(list, " or ")
}

// inFull writes an error with the fields that its text masks.
func inFull(err error) string {
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		return fmt.Sprintf("%v: %+v", err, dup.Refusals)
	}
	return fmt.Sprintf("%v (%T)", err, err)
}

// same compares a contact that a call returned with the model's of that id.
func (x *life) same(b *lifeBook, call string, got contacts.Contact) {
	x.t.Helper()
	if d := diffLife(&got, b.people[got.ID]); d != "" {
		x.fail("%s: contact %s differs from the model:%s", call, got.ID, d)
	}
}
