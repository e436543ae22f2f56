package pgstore

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// agreement asks two stores the same.
type agreement struct {
	t     *testing.T
	rnd   *rand.Rand
	ours  *Store
	model contacts.Store
	scope contacts.Scope
	revs  map[string]uint64
}

// TestFindAgrees compares what random queries find with what the store over a
// key-value engine finds, which has the same contract in other code.
// CONTACTS_TEST_SEED=n repeats a run.
func TestFindAgrees(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("CONTACTS_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("CONTACTS_TEST_SEED=%d repeats this", seed)
	ours, model := tempStore(t), memstore.New()
	defer model.Close()
	rnd := rand.New(rand.NewPCG(seed, 1))
	for _, by := range []contacts.UniqueBy{contacts.UniqueByStream, contacts.UniqueByAccount} {
		for _, stream := range []string{"a", "b"} {
			a := &agreement{t: t, rnd: rnd, ours: ours, model: model, revs: map[string]uint64{}, scope: contacts.Scope{Account: by.String(), Stream: stream}}
			for range 12 {
				a.write(by, 60)
			}
			for range 250 {
				a.query()
			}
			a.past()
		}
	}
}

const (
	vowels     = "aeiouü\u0301😀\U0010ffff" // the first ones are frequent
	consonants = `bcdlmnr%_\^`
)

func (a *agreement) word() string {
	var b strings.Builder
	v, c := []rune(vowels), []rune(consonants)
	for range 1 + a.rnd.IntN(3) {
		b.WriteRune(c[min(a.rnd.IntN(len(c)), a.rnd.IntN(len(c)))])
		b.WriteRune(v[min(a.rnd.IntN(len(v)), a.rnd.IntN(len(v)))])
	}
	return b.String()
}

func (a *agreement) line() phone.Line {
	switch a.rnd.IntN(3) {
	case 0:
		return phone.Line(49000 + a.rnd.IntN(200))
	case 1:
		return phone.Line(1 + a.rnd.IntN(50))
	}
	return phone.Line(1 + a.rnd.Uint64()>>a.rnd.IntN(63))
}

// write applies a batch to both.
func (a *agreement) write(by contacts.UniqueBy, n int) {
	a.t.Helper()
	b := contacts.Batch{UniqueBy: by, Each: true}
	for _, i := range a.rnd.Perm(400)[:n] {
		id := fmt.Sprint("c", i)
		w := person(id, a.word()+" "+a.word())
		w.Revision = a.revs[id]
		if a.rnd.IntN(9) == 0 {
			w.Keys.Sort = w.Keys.Sort[:1] + "\xff\xff"
		}
		w.KeepDuplicates = a.rnd.IntN(3) > 0
		w.Contact.Status = []contacts.Status{contacts.Active, contacts.Active, contacts.Active, contacts.Inactive, contacts.Merged}[a.rnd.IntN(5)]
		for j := range w.Keys.Words {
			w.Keys.Words[j].Fields = contacts.Fields(1 + a.rnd.IntN(31))
		}
		for range a.rnd.IntN(3) {
			if l := a.line(); w.Contact.Status == contacts.Active {
				w.Keys.Claims = append(w.Keys.Claims, l)
			}
			w.Keys.Shared = append(w.Keys.Shared, a.line())
		}
		if a.rnd.IntN(20) == 0 && w.Revision > 0 {
			w = contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: id}, Revision: w.Revision}
		}
		b.Writes = append(b.Writes, w)
	}
	want, wantErr := a.model.Apply(a.t.Context(), a.scope, b)
	got, err := a.ours.Apply(a.t.Context(), a.scope, b)
	if err != nil || wantErr != nil || !slices.Equal(got.Revisions, want.Revisions) {
		a.t.Fatalf("Apply: %v and %v, revisions %v and %v", err, wantErr, got.Revisions, want.Revisions)
	}
	for i, id := range want.IDs {
		if rev := want.Revisions[i]; rev > 0 {
			a.revs[id] = rev
		}
	}
}

// query asks both for all pages of a random query.
func (a *agreement) query() {
	a.t.Helper()
	q := contacts.Query{Status: [][]contacts.Status{nil, nil, anyStatus, {contacts.Inactive, contacts.Merged}}[a.rnd.IntN(4)],
		PerLine: max(0, a.rnd.IntN(8)-4)} // of no meaning but with Lines
	numbers := func() {
		digits := strconv.FormatUint(uint64(a.line()), 10)
		if a.rnd.IntN(2) == 0 {
			q.Suffix = digits[len(digits)-1-a.rnd.IntN(min(len(digits), 3)):]
			return
		}
		for range 1 + a.rnd.IntN(4) {
			digits = strconv.FormatUint(uint64(a.line()), 10)
			q.Prefixes = append(q.Prefixes, digits[:1+a.rnd.IntN(min(len(digits), 5))])
		}
	}
	switch a.rnd.IntN(9) {
	case 0, 1:
		q.Order, q.Reverse = contacts.Order(a.rnd.IntN(3)), a.rnd.IntN(2) == 0
		q.Skip = max(0, a.rnd.IntN(200)-150)
		if q.Order == contacts.ByName && a.rnd.IntN(2) == 0 {
			q.From = a.word()[:1] + []string{"", "a", "\xff", "\xff\xff\xff"}[a.rnd.IntN(4)]
		}
	case 2:
		for range 1 + a.rnd.IntN(30) {
			q.Lines = append(q.Lines, a.line())
		}
	case 3:
		numbers()
	case 4:
		q.Duplicates = true
	default:
		for range 1 + a.rnd.IntN(3) {
			q.Words = append(q.Words, a.term())
		}
		if a.rnd.IntN(4) == 0 {
			numbers()
		}
	}
	want := a.pages(a.model, q, 1000)
	got := a.pages(a.ours, q, []int{1, 2, 7, 50, 1000}[a.rnd.IntN(5)])
	if q.Words == nil && (q.Prefixes != nil || q.Suffix != "") { // in an order of its own
		for _, hits := range [2][]contacts.Hit{got, want} {
			slices.SortFunc(hits, func(a, b contacts.Hit) int {
				return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.Line, b.Line))
			})
		}
	}
	if !reflect.DeepEqual(got, want) {
		a.t.Fatalf("Find(%+v) in %v: got %d hits, want %d:\n%s\nwant\n%s", q, a.scope, len(got), len(want), shown(got), shown(want))
	}
}

func (a *agreement) term() contacts.Term {
	text := a.word()
	term := contacts.Term{Fields: contacts.Fields(max(0, a.rnd.IntN(60)-30))}
	switch a.rnd.IntN(5) {
	case 0:
		term.Sets = []string{"ba%_\x00\xff", "aeü😀", "nmc^", "ab"}[:1+a.rnd.IntN(4)]
	case 1:
		term.Text, term.Typo, term.Whole = text, true, true
	case 2:
		term.Text, term.Typo = text, true
	case 3:
		term.Text, term.Whole = text, true
	default:
		term.Text = text[:1+a.rnd.IntN(len(text)-1)]
		term.Text = strings.ToValidUTF8(term.Text, "")
	}
	return term
}

// past compares the feed and histories.
func (a *agreement) past() {
	a.t.Helper()
	same := func(what string, read func(contacts.Store) ([]contacts.Event, error)) {
		a.t.Helper()
		want, wantErr := read(a.model)
		got, err := read(a.ours)
		if err != nil || wantErr != nil || !(len(got) == 0 && len(want) == 0 || reflect.DeepEqual(got, want)) {
			a.t.Fatalf("%s in %v: %v and %v, got\n%+v\nwant\n%+v", what, a.scope, err, wantErr, got, want)
		}
	}
	for range 20 {
		after := uint64(a.rnd.IntN(500))
		limit := 1 + a.rnd.IntN(100)
		same(fmt.Sprint("Events after ", after), func(s contacts.Store) ([]contacts.Event, error) {
			return s.Events(a.t.Context(), a.scope, after, limit)
		})
	}
	for range 100 {
		q := contacts.HistoryQuery{ID: fmt.Sprint("c", a.rnd.IntN(400)), Reverse: a.rnd.IntN(2) == 0, Limit: 1 + a.rnd.IntN(5)}
		if a.rnd.IntN(2) == 0 {
			q.ID, q.Line = "", a.line()
		}
		if a.rnd.IntN(3) == 0 {
			q.After, q.Before = uint64(a.rnd.IntN(300)), uint64(300+a.rnd.IntN(500))
		}
		same(fmt.Sprintf("History of %+v", q), func(s contacts.Store) ([]contacts.Event, error) { return s.History(a.t.Context(), a.scope, q) })
	}
}

// pages reads all pages of a query.
func (a *agreement) pages(s contacts.Store, q contacts.Query, limit int) []contacts.Hit {
	a.t.Helper()
	var hits []contacts.Hit
	q.Limit = limit
	for {
		p, err := s.Find(a.t.Context(), a.scope, q)
		if err != nil {
			a.t.Fatalf("Find(%+v): %v", q, err)
		}
		hits = append(hits, p.Hits...)
		if q.Skip, q.Cursor = 0, p.Next; p.Next == "" {
			return hits
		}
		if len(p.Hits) > limit || len(p.Hits) < limit && !p.Partial {
			a.t.Fatalf("Find(%+v): a page of %d hits, and another", q, len(p.Hits))
		}
	}
}

func shown(hits []contacts.Hit) string {
	var b strings.Builder
	for _, h := range hits {
		fmt.Fprintf(&b, "%s %s %q line %d shared %t words %v\n", h.Contact.ID, h.Contact.Status, h.Contact.FullName, h.Line, h.Shared, h.Words)
	}
	return b.String()
}
