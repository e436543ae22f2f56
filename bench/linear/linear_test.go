package linear

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/pgstore"
)

var (
	histories = flag.Int("linear.histories", 1000, "histories of a run; one in ten of them on boltstore, and as many on pgstore, by one store and by two")
	seedFlag  = flag.Uint64("linear.seed", 0, "seed of the run; 0 takes one by chance")
)

// patience is how long the calls of a history may take, and how long the checker
// may. They need milliseconds; a history that does not end, or that the checker
// cannot decide, is a failure of the test.
const patience = time.Minute

func TestMemstoreIsLinearizable(t *testing.T) {
	store := memstore.New()
	run(t, store, *histories-*histories/10)
}

func TestBoltstoreIsLinearizable(t *testing.T) {
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "book.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, store, *histories/10)
}

func TestPgstoreIsLinearizable(t *testing.T) {
	store, err := pgstore.Open(t.Context(), pgtest.With(pgtest.DSN(t), "pool_max_conns", "16"), nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, store, *histories/10)
}

// TestTwoPgstoresAreLinearizable has the calls of a history go to two stores on
// the same tables, as those of two processes would.
func TestTwoPgstoresAreLinearizable(t *testing.T) {
	dsn := pgtest.With(pgtest.DSN(t), "pool_max_conns", "16")
	var both pair
	for i := range both {
		s, err := pgstore.Open(t.Context(), dsn, nil)
		if err != nil {
			t.Fatal(err)
		}
		both[i] = s
	}
	run(t, both, *histories/10)
}

// run checks so many histories on a store, and closes it.
func run(t *testing.T, store contacts.Store, n int) {
	seed := cmp.Or(*seedFlag, rand.Uint64())
	t.Logf("%d histories, -linear.seed %d", n, seed)
	told := tally{}
	for i := range n {
		h, err := play(t, store, seed, i, patience)
		if err != nil {
			t.Fatalf("history %d of -linear.seed %d: %v", i, seed, err)
		}
		told.add(h)
		if result, text := h.check(); result != porcupine.Ok {
			t.Fatalf("history %d of -linear.seed %d: %s", i, seed, text)
		}
		for d, err := range h.book.Duplicates(t.Context()) {
			t.Fatalf("history %d of -linear.seed %d: %d contacts claim one number, error %v", i, seed, len(d.Contacts), err)
		}
	}
	if err := contacts.Check(t.Context(), store); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	t.Log(told)
	if n >= 900 {
		told.everything(t)
	}
}

// check asks the checker, and describes a history that it does not accept.
func (h *history) check() (porcupine.CheckResult, string) {
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, patience)
	switch result {
	case porcupine.Ok:
		return result, ""
	case porcupine.Unknown:
		return result, fmt.Sprintf("not decided within %v\n%s", patience, describe(h.ops))
	}
	text := "not linearizable\n" + describe(h.ops)
	var longest []porcupine.Operation
	for _, list := range info.PartialLinearizationsOperations() {
		for _, ops := range list {
			if len(ops) > len(longest) {
				longest = ops
			}
		}
	}
	s := state{}
	text += fmt.Sprintf("\nthe longest order that explains so many of them (%d of %d):\n", len(longest), len(h.ops))
	left := slices.Clone(h.ops)
	for _, op := range longest {
		_, next := model.Step(s, op.Input, op.Output)
		s = next.(state)
		text += fmt.Sprintf("%32v\n", line(op))
		left = slices.DeleteFunc(left, func(o porcupine.Operation) bool { return o.Call == op.Call })
	}
	text += fmt.Sprintf("the book is then %v\n\nand these do not follow:\n", s)
	for _, op := range left {
		expected, _ := s.do(op.Input.(call), op.Output.(answer).newID())
		text += line(op) + "; there it would be: " + expected.String() + "\n"
	}
	return result, text
}

// describe prints a history, a line a call in the order in which they began.
func describe(ops []porcupine.Operation) string {
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var b strings.Builder
	b.WriteString("client  from    to\n")
	for _, op := range ops {
		b.WriteString(line(op) + "\n")
	}
	return b.String()
}

func line(op porcupine.Operation) string {
	return fmt.Sprintf("%4d %6d %6d   %v -> %v", op.ClientId, op.Call, op.Return, op.Input, op.Output)
}

func (c call) String() string {
	s := c.name
	if c.id != "" {
		s += " " + c.id
	}
	if c.n != 0 {
		s += " " + string(c.n)
	}
	if c.at != 0 {
		s += fmt.Sprint(" at revision ", c.at)
	}
	for _, w := range c.want {
		if w.id != "" {
			s += " " + w.id
		}
		s += fmt.Sprintf(" %s(%s)", w.name, w.numbers)
		if w.at != 0 {
			s += fmt.Sprint(" at revision ", w.at)
		}
	}
	return s
}

func (a answer) String() string {
	var parts []string
	for _, r := range a.found {
		parts = append(parts, r.String())
	}
	for _, h := range a.refused {
		parts = append(parts, fmt.Sprintf("item %d: %c belongs to %s", h.index, h.number, h.holder))
	}
	for _, c := range a.conflicts {
		if c.present == 0 {
			parts = append(parts, c.id+" not found")
		} else {
			parts = append(parts, fmt.Sprintf("%s is at revision %d", c.id, c.present))
		}
	}
	if a.count != (contacts.Counts{}) {
		parts = append(parts, fmt.Sprintf("%+v", a.count))
	}
	if a.other != "" {
		parts = append(parts, a.other)
	}
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func (r record) String() string {
	return fmt.Sprintf("%s@%d %s(%s) %s", r.id, r.revision, r.name, r.numbers, strings.ToLower(string(r.status)))
}

func (s state) String() string {
	return fmt.Sprintf("at revision %d: %v", s.last, answer{found: s.records})
}

// tally counts what calls were told, to show that the histories are about
// something.
type tally map[string]int

func (n tally) add(h *history) {
	ends := int64(0) // of the calls that began so far
	slices.SortFunc(h.ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for _, op := range h.ops {
		n["calls"]++
		if op.Call < ends {
			n["calls that began during another"]++
		}
		ends = max(ends, op.Return)
		name, a := op.Input.(call).name, op.Output.(answer)
		switch {
		case a.other == gaveUp:
			n["given up"]++
		case a.other != "":
			n[name+": "+a.other]++
		case a.refused != nil && a.conflicts != nil:
			n["refused for both reasons"]++
		case a.refused != nil:
			n[name+": refused"]++
		case a.conflicts != nil && a.conflicts[0].present == 0:
			n[name+": not found"]++
		case a.conflicts != nil:
			n[name+": conflict"]++
		case name == "Lookup" && a.found == nil:
			n[name+": nobody"]++
		default:
			n[name+": done"]++
		}
	}
}

func (n tally) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(n)) {
		fmt.Fprintf(&b, "\n%8d %s", n[k], k)
	}
	return b.String()
}

// everything wants each kind of call to have met each of its outcomes, and the
// calls to have been concurrent.
func (n tally) everything(t *testing.T) {
	for name, outcomes := range map[string]string{
		"Create": "done refused", "Upsert": "done ambiguous", "Update": "done refused conflict", "UpdateAll": "done refused conflict",
		"Edit": "done", "Delete": "done conflict", "Undelete": "done refused conflict", "Purge": "done conflict", "Reassign": "done",
		"Get": "done", "Lookup": "done nobody", "List": "done", "Count": "done",
	} {
		for _, o := range strings.Fields(outcomes) {
			if n[name+": "+o] == 0 {
				t.Errorf("in no history was %s answered by %q", name, o)
			}
		}
	}
	if n["given up"] == 0 || n["Reassign: not active"] == 0 || n["Get: not found"] == 0 {
		t.Error("nobody gave up, met a deleted contact or missed a purged one")
	}
	if n["calls that began during another"] < n["calls"]/10 {
		t.Error("the calls came one after the other")
	}
}
