package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// seedVariable names the environment variable that repeats a random run.
const seedVariable = "STORETEST_SEED"

const randomSays = "the store answers every operation as a plain model does that is asked the same"

var randomRules = []rule{
	{"random operations", randomSays, func(t *tester) { t.random(10_000, 0) }},
}

var reopenRandomRules = []rule{
	{"reopen/random operations", randomSays + ", also when it is closed and opened in between", func(t *tester) { t.random(3_000, 20) }},
}

// walk is a series of random operations in scopes of one account, on the store
// and on a model.
type walk struct {
	*tester
	rnd   *rand.Rand
	model *tester

	all  []contacts.Scope
	ops  []contacts.Batch // that were applied, to be sent again
	next int              // number for new ids
	done int
}

// random does n operations, and opens the store again so many times. Walks in
// accounts of their own go on at once: what each of them gets does not depend
// on the others.
func (t *tester) random(n, reopenings int) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(seedVariable); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		t.ok(err, seedVariable)
	}
	if t.short {
		n /= 10
	}
	walks := []*walk{
		t.walk(seed, contacts.Scope{Account: "one", Stream: "a"}, contacts.Scope{Account: "one", Stream: "b"}), // unique by account
		t.walk(seed+1, contacts.Scope{Account: "two", Stream: "a"}, contacts.Scope{Account: "two", Stream: "b"}),
		t.walk(seed+2, contacts.Scope{}),
	}
	for round := range reopenings + 1 {
		if round > 0 {
			t.reopen()
		}
		t.parallel(len(walks), func(i int) {
			w := walks[i]
			w.s = t.s
			err := attempt(func() { w.steps(n / len(walks) / (reopenings + 1)) })
			if err != nil {
				t.failf("operation %d in account %q, seed %d (%s=%d repeats them): %w", w.done, w.scope.Account, seed, seedVariable, seed, err)
			}
		})
	}
}

func (t *tester) walk(seed uint64, scopes ...contacts.Scope) *walk {
	store, model := *t, *t
	model.s = mapstore.New()
	return &walk{tester: &store, rnd: rand.New(rand.NewPCG(seed, 0)), model: &model, all: scopes}
}

func (w *walk) enter(scope contacts.Scope) { w.scope, w.model.scope = scope, scope }

func (w *walk) steps(n int) {
	for range n {
		w.step()
		w.done++
	}
	for _, scope := range w.all {
		w.enter(scope)
		w.sameReads(w.reads(), w.model.reads())
	}
}

func (w *walk) step() {
	w.enter(w.all[w.rnd.IntN(len(w.all))])
	switch k := w.rnd.IntN(100); {
	case k < 40:
		w.write()
	case k < 45:
		w.repeat()
	case k < 65:
		w.query()
	case k < 75:
		w.compareGet()
	case k < 80:
		w.comparePast()
	case k < 85:
		w.compareHistory()
	case k < 94:
		w.compareStat()
	case k < 99:
		w.compareScopes()
	default:
		w.trimBoth()
	}
}

// The pools are small, so that ids, lines and words meet.

var linePool = func() (all []phone.Line) {
	for _, stem := range []phone.Line{49, 4915, 49151, 1, 44, 4420, 3398, 999999999999999999} {
		for end := range phone.Line(6) {
			all = append(all, stem*10+end)
		}
	}
	return all
}()

func (w *walk) line() phone.Line { return linePool[w.rnd.IntN(len(linePool))] }

func (w *walk) lines(n int) []phone.Line {
	var out []phone.Line
	for range w.rnd.IntN(n + 1) {
		if line := w.line(); !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

var syllables = []string{"an", "na", "be", "bo", "cé", "ü", "lee", "x"}

func (w *walk) word() string {
	return syllables[w.rnd.IntN(8)] + syllables[w.rnd.IntN(8)]
}

// id is that of a contact which the model has or had, or a new one.
func (w *walk) id() string {
	if w.rnd.IntN(40) == 0 {
		w.next++
	}
	return fmt.Sprint("c", max(0, w.next-w.rnd.IntN(60)))
}

// put returns a random Put, at the revision that the model has, mostly.
func (w *walk) put(id string) contacts.Write {
	claims := w.lines(2)
	out := sharing(person(id, w.word()+" "+w.word(), claims...))
	var shared []phone.Line
	for _, line := range w.lines(2) {
		if !slices.Contains(claims, line) {
			shared = append(shared, line)
		}
	}
	out = sharing(out, shared...)
	out.Contact.Tags = []string{w.word()}[:w.rnd.IntN(2)]
	if w.rnd.IntN(3) == 0 {
		out = noting(out, fmt.Sprint(w.rnd.IntN(3)))
	}
	for i := range out.Keys.Words {
		out.Keys.Words[i].Fields = contacts.Fields(1 + w.rnd.IntN(7))
	}
	switch w.rnd.IntN(8) {
	case 0:
		out = inactive(contacts.Inactive, out)
	case 1:
		out = mergedInto(w.id(), out)
	}
	for range w.rnd.IntN(5) - 2 {
		o := contacts.Origin{ID: w.id(), At: day.Add(time.Duration(w.rnd.IntN(3)) * time.Second)}
		for range w.rnd.IntN(3) {
			o.Numbers, o.Tags = append(o.Numbers, number(w.line())), append(o.Tags, w.word())
			o.Fields = append(o.Fields, contacts.Taken{Field: w.word(), Was: w.word()})
		}
		out.Contact.MergedFrom = append(out.Contact.MergedFrom, o)
	}
	out.KeepDuplicates = w.rnd.IntN(10) == 0
	return out
}

// write applies a random batch to both.
func (w *walk) write() {
	b := batch()
	seen := map[string]bool{}
	for range 1 + w.rnd.IntN(4) {
		id := w.id()
		if seen[id] && w.rnd.IntN(50) > 0 {
			continue
		}
		seen[id] = true
		out := w.put(id)
		have, err := w.model.s.Get(w.ctx, w.scope, id)
		if err == nil {
			out.Revision = have.Revision
			switch w.rnd.IntN(12) {
			case 0:
				p := contacts.PurgedError{ID: id, At: day.Add(time.Duration(w.rnd.IntN(9)) * time.Hour), MergedInto: have.MergedInto}
				out = purgedAs(p, have.Revision)
			case 1, 2: // an edit that leaves the lines
				out.Keys.Claims, out.Keys.Shared = w.linesOf(id)
				out.Contact.Status, out.Contact.DeletedAt, out.Contact.MergedInto = have.Status, have.DeletedAt, have.MergedInto
				if have.Status != contacts.Active {
					out.Keys.Claims = nil
				}
			}
		}
		if w.rnd.IntN(40) == 0 {
			out.Revision += uint64(w.rnd.IntN(3))
		}
		b.Writes = append(b.Writes, out)
	}
	if w.scope.Account == "one" {
		b.UniqueBy = contacts.UniqueByAccount
	}
	switch w.rnd.IntN(20) {
	case 0:
		b.Settings = []byte(w.word())
	case 1, 2:
		b.Op = fmt.Sprint("op", w.rnd.IntN(200))
	case 3:
		b.Op, b.Digest = fmt.Sprint("op", w.rnd.IntN(200)), []byte(w.word())
	case 4:
		b.Index.Fingerprint++
	case 5, 6, 7:
		b.Each = true
	}
	w.both(b)
}

// repeat sends a batch with an Op once more.
func (w *walk) repeat() {
	if len(w.ops) > 0 {
		w.both(w.ops[w.rnd.IntN(len(w.ops))])
	}
}

// linesOf returns the lines that the model has for a contact.
func (w *walk) linesOf(id string) (claims, shared []phone.Line) {
	for _, h := range w.model.find(contacts.Query{Lines: linePool, Status: anyStatus, Limit: contacts.MaxLimit}) {
		switch {
		case h.Contact.ID != id:
		case h.Shared:
			shared = append(shared, h.Line)
		default:
			claims = append(claims, h.Line)
		}
	}
	return claims, shared
}
