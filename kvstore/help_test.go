package kvstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var (
	home      = contacts.Scope{Account: "acme", Stream: "support"}
	anyStatus = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}
)

// person returns a Put that creates a contact.
func person(id, name string, claims ...phone.Line) contacts.Write {
	first, last, _ := strings.Cut(name, " ")
	k := contacts.Keys{Claims: claims, Sort: strings.ToLower(name)}
	for _, w := range strings.Fields(strings.ToLower(name)) {
		k.Words = append(k.Words, contacts.Word{Text: w, Fields: contacts.InName})
	}
	slices.SortFunc(k.Words, func(a, b contacts.Word) int { return strings.Compare(a.Text, b.Text) })
	k.Words = slices.CompactFunc(k.Words, func(a, b contacts.Word) bool { return a.Text == b.Text })
	return contacts.Write{Keys: k, Contact: contacts.Contact{
		ID: id, Status: contacts.Active, FirstName: first, LastName: last, CreatedAt: testDay, UpdatedAt: testDay,
	}}
}

func at(revision uint64, w contacts.Write) contacts.Write {
	w.Revision = revision
	return w
}

func batchOf(ws ...contacts.Write) contacts.Batch { return contacts.Batch{Writes: ws} }

func mustApply(t testing.TB, s *Store, b contacts.Batch) contacts.Applied {
	t.Helper()
	a, err := s.Apply(context.Background(), home, b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustCheck(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Check(context.Background()); err != nil {
		t.Fatalf("Check: %v", err)
	}
	if err := verify(s); err != nil {
		t.Fatalf("Verifier: %v", err)
	}
}

// verify has a Verifier judge all entries of a store.
func verify(s *Store) error {
	v := NewVerifier()
	var fail error
	err := s.snapshot(func(sn view) error {
		return sn.Scan(nil, nil, false, func(key, value []byte) bool {
			fail = v.Add(key, value)
			return fail == nil
		})
	})
	if err == nil {
		err = fail
	}
	if err == nil {
		err = v.Finish()
	}
	return err
}

// pages reads all pages of a query.
func pages(t testing.TB, s *Store, scope contacts.Scope, q contacts.Query) []contacts.Hit {
	t.Helper()
	var hits []contacts.Hit
	for n := 0; ; n++ {
		p, err := s.Find(context.Background(), scope, q)
		if err != nil {
			t.Fatalf("Find(%+v): %v", q, err)
		}
		hits = append(hits, p.Hits...)
		if p.Next == "" {
			return hits
		}
		if len(p.Hits) == 0 && !p.Partial || n > 10_000 {
			t.Fatalf("Find(%+v): page %d has no hits and goes on", q, n)
		}
		q.Cursor, q.Skip = p.Next, 0
	}
}

// events reads the feed.
func events(t testing.TB, s *Store, scope contacts.Scope, after uint64) []contacts.Event {
	t.Helper()
	var all []contacts.Event
	for {
		list, err := s.Events(context.Background(), scope, after, 7)
		if err != nil {
			t.Fatalf("Events(%d): %v", after, err)
		}
		if len(list) == 0 {
			return all
		}
		all = append(all, list...)
		after = list[len(list)-1].Revision
	}
}

// dump shows all that can be read of a store.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	ctx := context.Background()
	var b strings.Builder
	scopes, err := s.Scopes(ctx, contacts.Scope{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range scopes {
		st, err := s.Stat(ctx, scope)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%q %+v\n", scope, st)
		lines := map[phone.Line]bool{}
		for _, order := range []contacts.Order{contacts.ByName, contacts.ByCreation, contacts.ByChange} {
			fmt.Fprintf(&b, "order %d\n", order)
			for _, h := range pages(t, s, scope, contacts.Query{Order: order, Status: anyStatus, Limit: 13}) {
				fmt.Fprintf(&b, "%d %+v\n", h.Created, h.Contact)
			}
		}
		for _, e := range events(t, s, scope, st.First) {
			fmt.Fprintf(&b, "event %+v\n", e)
			for _, l := range e.Lines {
				lines[l] = true
			}
		}
		for _, h := range pages(t, s, scope, contacts.Query{Duplicates: true, Status: anyStatus}) {
			fmt.Fprintf(&b, "duplicate %d %s\n", h.Line, h.Contact.ID)
		}
		for _, d := range "123456789" {
			for _, q := range []contacts.Query{{Prefixes: []string{string(d)}}, {Suffix: string(d)}} {
				q.Status = anyStatus
				for _, h := range pages(t, s, scope, q) {
					fmt.Fprintf(&b, "digit %c %d %s\n", d, h.Line, h.Contact.ID)
					lines[h.Line] = true
				}
			}
		}
		var sorted []phone.Line
		for l := range lines {
			sorted = append(sorted, l)
		}
		slices.Sort(sorted)
		for _, l := range sorted {
			history, err := s.History(ctx, scope, contacts.HistoryQuery{Line: l, Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range history {
				fmt.Fprintf(&b, "history of %d: %d %s\n", l, e.Revision, e.ID)
			}
		}
		for _, h := range pages(t, s, scope, contacts.Query{Words: []contacts.Term{{Sets: []string{"abcdefghijklmnopqrstuvwxyz"}}}, Status: anyStatus, Limit: 3}) {
			fmt.Fprintf(&b, "word %v %s\n", h.Words, h.Contact.ID)
		}
	}
	return b.String()
}

// seed returns the seed of a random test: KVSTORE_SEED, or a new one.
func seed(t testing.TB) uint64 {
	n := rand.Uint64()
	if s := os.Getenv("KVSTORE_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("KVSTORE_SEED=%d repeats this", n)
		}
	})
	return n
}

// A driver applies random batches to a store.
type driver struct {
	r     *rand.Rand
	s     *Store
	index map[contacts.Scope]contacts.IndexVersion
	ops   int
}

var driverScopes = []contacts.Scope{home, {Account: "acme", Stream: "sales"}, {Account: "wide", Stream: "a"}, {Account: "wide", Stream: "b"}, {}}

func newDriver(s *Store, seed uint64) *driver {
	return &driver{r: rand.New(rand.NewPCG(seed, 99)), s: s, index: map[contacts.Scope]contacts.IndexVersion{}}
}

func (d *driver) line() phone.Line {
	if d.r.IntN(4) == 0 {
		return phone.Line(1 + d.r.Uint64()>>d.r.IntN(63))
	}
	return phone.Line(1000 + d.r.IntN(12))
}

func (d *driver) write(scope contacts.Scope) contacts.Write {
	r := d.r
	id := fmt.Sprintf("c%d", r.IntN(25))
	names := []string{"ann", "bo", "cy", "", "di ann"}
	w := person(id, names[r.IntN(5)]+" "+names[r.IntN(5)])
	for range r.IntN(3) {
		w.Keys.Claims = append(w.Keys.Claims, d.line())
	}
	for range r.IntN(2) {
		w.Keys.Shared = append(w.Keys.Shared, d.line())
	}
	if r.IntN(5) == 0 {
		w.Contact.Status = anyStatus[r.IntN(3)]
		w.Keys.Claims = nil
		w.Contact.MergedInto = "c0"
	}
	if r.IntN(4) == 0 {
		w.Contact.MergedFrom = []contacts.Origin{{ID: "c1", At: testDay, Numbers: []string{"+1000"}}}
	}
	w.KeepDuplicates = r.IntN(4) == 0
	if c, err := d.s.Get(context.Background(), scope, id); err == nil {
		w.Revision = c.Revision
		switch r.IntN(8) {
		case 0:
			w = contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: id, UpdatedBy: "x", MergedInto: c.MergedInto}, Revision: c.Revision}
		case 1:
			w.Kind = contacts.Reindex
			if c.Status != contacts.Active {
				w.Keys.Claims = nil
			}
		}
	}
	if r.IntN(12) == 0 {
		w.Revision += uint64(r.IntN(2))
	}
	return w
}

// batch returns a random batch for a random scope.
func (d *driver) batch() (contacts.Scope, contacts.Batch) {
	r := d.r
	scope := driverScopes[r.IntN(len(driverScopes))]
	b := contacts.Batch{Index: d.index[scope], Reindexing: true, Each: r.IntN(3) == 0}
	if scope.Account == "wide" {
		b.UniqueBy = contacts.UniqueByAccount
	}
	seen := map[string]bool{}
	for range cmp.Or(r.IntN(5), 1) {
		if w := d.write(scope); !seen[w.Contact.ID] {
			seen[w.Contact.ID] = true
			b.Writes = append(b.Writes, w)
		}
	}
	switch r.IntN(30) {
	case 0:
		b.Settings = fmt.Appendf(nil, "settings %d", r.IntN(9))
	case 1:
		b.Phase = contacts.IndexBegin
		b.Index.Fingerprint++
	case 2:
		b.Phase = contacts.IndexEnd
	}
	if r.IntN(4) == 0 {
		d.ops++
		b.Op = fmt.Sprintf("op %d", d.ops)
	}
	return scope, b
}

// refused reports whether an error is one that a random batch may meet.
func refused(err error) bool {
	return errors.Is(err, contacts.ErrDuplicateNumber) || errors.Is(err, contacts.ErrConflict)
}

// step applies one random batch, or trims.
func (d *driver) step(t testing.TB) {
	if d.r.IntN(40) == 0 {
		scope := driverScopes[d.r.IntN(len(driverScopes))]
		st, err := d.s.Stat(context.Background(), scope)
		if err == nil {
			err = d.s.Trim(context.Background(), scope, d.r.Uint64N(st.Last+1))
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	scope, b := d.batch()
	if _, err := d.s.Apply(context.Background(), scope, b); err == nil {
		d.index[scope] = b.Index
	} else if !refused(err) {
		t.Fatalf("Apply(%+v): %v", b, err)
	}
}

// soon fails the test unless done is closed within a time that no sound
// program takes.
func soon(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: not done after 20 seconds", what)
	}
}
