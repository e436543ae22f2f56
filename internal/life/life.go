// Package life is a test of a contacts.Store: two books of it go through all
// that may happen to contacts, in random order, and are compared with a model
// after every step.
package life

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// A Kind of store, to live on.
type Kind struct {
	Name string

	// Open returns a new and empty store.
	Open func(t *testing.T) (contacts.Store, error)

	// Reopen opens a store again that was closed. It is nil for one that keeps
	// nothing when it is closed.
	Reopen func() (contacts.Store, error)

	// Often has the store checked every 5 steps instead of every 25.
	Often bool
}

// Flags are the flags of a test that lives.
type Flags struct {
	seed *uint64
	ops  *int
}

// NewFlags adds the flags to those of the test binary. The default of ops is for
// its description.
func NewFlags(ops string) Flags {
	return Flags{
		seed: flag.Uint64("life.seed", 0, "seed of TestLife; 0: $LIFE_SEED, or another one each time"),
		ops:  flag.Int("life.ops", 0, "operations of TestLife on each store; 0: "+ops),
	}
}

// span is how many operations a book lives for before Run begins another one.
const span = 10_000

// Run has two books of a store live for so many operations, or as many as the
// flags say. It is called from a test named TestLife/Kind.Name.
func Run(t *testing.T, k Kind, f Flags, ops int) {
	t.Helper()
	seed := *f.seed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
		if text := os.Getenv("LIFE_SEED"); text != "" {
			var err error
			if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatalf("LIFE_SEED: %v", err)
			}
		}
	}
	ops = cmp.Or(*f.ops, ops)
	for i := uint64(0); ops > 0; i, ops = i+1, ops-span {
		newLife(t, k, seed+i).run(min(ops, span))
	}
}

// life is one run: a store with two books and their models.
type life struct {
	t    *testing.T
	ctx  context.Context
	kind Kind
	seed uint64
	r    *rand.Rand

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

func newLife(t *testing.T, kind Kind, seed uint64) *life {
	t.Logf("seed %d", seed)
	x := &life{t: t, kind: kind, seed: seed, r: rand.New(rand.NewPCG(seed, 1)), now: time.UnixMilli(1_750_000_000_000).UTC(), done: map[string]int{}}
	scopes := [2]contacts.Scope{{Account: "acme", Stream: "a"}, {Account: "acme", Stream: "b"}}
	if seed%2 == 0 {
		scopes = [2]contacts.Scope{{Account: "acme", Stream: "a"}, {Account: "bell", Stream: "a"}}
	}
	for i := range x.books {
		x.books[i] = &lifeBook{ledger: newLedger(scopes[i], fmt.Sprintf("o-%d", i))}
	}
	s, err := kind.Open(t)
	if err != nil {
		x.fail("open the store: %v", err)
	}
	x.store = s
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
		fmt.Sprintf(format, args...), x.step, x.seed, x.kind.Name, x.kind.Name, x.seed, x.step, strings.Join(x.ran, "\n"))
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
