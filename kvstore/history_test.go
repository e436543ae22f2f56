package kvstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestLineHistory follows a line through claims, shares, a Reindex and a
// purge. A Reindex is no event, so it neither begins nor ends a holding.
func TestLineHistory(t *testing.T) {
	s, _ := newStore(t)
	lineHistory := func(l phone.Line, want ...uint64) {
		t.Helper()
		list, err := s.History(t.Context(), home, contacts.HistoryQuery{Line: l})
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, e := range list {
			got = append(got, e.Revision)
		}
		if !slices.Equal(got, want) {
			t.Errorf("history of %d: %v, want %v", uint64(l), got, want)
		}
	}
	mustApply(t, s, batchOf(person("a", "Ann", 11)))         // 1
	mustApply(t, s, batchOf(at(1, person("a", "Anna", 11)))) // 2: no news of 11
	shared := person("a", "Anna")
	shared.Keys.Shared = []phone.Line{11}
	mustApply(t, s, batchOf(at(2, shared))) // 3: from a claim to a share
	lineHistory(11, 1)
	back := at(1, person("a", "", 11)) // and back and forth, by a Reindex that comes late and one in time
	back.Kind = contacts.Reindex
	mustApply(t, s, batchOf(back))
	back.Revision = 3
	mustApply(t, s, batchOf(back))
	shared.Kind = contacts.Reindex
	mustApply(t, s, batchOf(at(3, shared)))
	lineHistory(11, 1)
	mustCheck(t, s)
	mustApply(t, s, batchOf(at(3, person("a", "Anna", 12))))                           // 4
	mustApply(t, s, batchOf(person("b", "Bo", 11)))                                    // 5
	mustApply(t, s, batchOf(at(4, person("a", "Anna")), at(5, person("b", "Bo", 12)))) // 6, 7
	lineHistory(11, 1, 4, 5, 7)
	lineHistory(12, 4, 6, 7)

	reindex := at(7, person("b", "", 13))
	reindex.Kind = contacts.Reindex
	mustApply(t, s, batchOf(reindex))
	mustCheck(t, s)
	lineHistory(12, 4, 6, 7) // b began to hold it at 7, by the rules of then
	lineHistory(13)
	back = at(7, person("b", "", 12))
	back.Kind = contacts.Reindex
	mustApply(t, s, batchOf(back))
	mustApply(t, s, batchOf(reindex))
	mustCheck(t, s)
	lineHistory(12, 4, 6, 7)
	mustApply(t, s, batchOf(at(7, person("b", "Bo")))) // 8 gives 13 up
	lineHistory(13, 8)
	mustCheck(t, s)
	mustApply(t, s, batchOf(contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "b"}, Revision: 8}))
	mustCheck(t, s)
	lineHistory(13)
	lineHistory(12, 4, 6)
	lineHistory(11, 1, 4)

	list, err := s.History(t.Context(), home, contacts.HistoryQuery{ID: "a", Reverse: true, Before: 6, After: 1, Limit: 2})
	if err != nil || len(list) != 2 || list[0].Revision != 4 || list[1].Revision != 3 {
		t.Errorf("a part of a history, backwards: %+v, %v", list, err)
	}
	for _, q := range []contacts.HistoryQuery{{}, {ID: "a", Line: 1}} {
		if _, err := s.History(t.Context(), home, q); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// TestLoadRefuses has records that cannot be loaded.
func TestLoadRefuses(t *testing.T) {
	record := func(id string, revision uint64, claims ...phone.Line) contacts.LoadRecord {
		w := person(id, "Some Body", claims...)
		w.Contact.Revision = revision
		return contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys}
	}
	created := func(r contacts.LoadRecord, seq uint64) contacts.LoadRecord { r.Created = seq; return r }
	past := func(r contacts.LoadRecord, revisions ...uint64) contacts.LoadRecord {
		for _, rev := range revisions {
			r.Past = append(r.Past, contacts.Event{Revision: rev, Contact: r.Contact})
		}
		return r
	}
	badStatus := record("a", 1)
	badStatus.Contact.Status = "?"
	for i, c := range []struct {
		head    contacts.LoadHead
		records []contacts.LoadRecord
		want    error
	}{
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a", 10)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a", 0)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a", 1), record("b", 1)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a", 1), record("a", 2)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a", 5), record("c", 2), created(record("b", 6), 5)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{created(record("a", 5), 6)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{past(record("a", 5), 3, 3)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{past(created(record("a", 5), 3), 3, 6)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{past(created(record("a", 5), 2), 3), record("b", 3)}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{badStatus}, contacts.ErrInvalid},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a b", 1)}, contacts.ErrInvalid},
		{contacts.LoadHead{First: 10, Last: 9}, nil, contacts.ErrInvalid},
		{contacts.LoadHead{Settings: make([]byte, contacts.MaxSettings+1)}, nil, contacts.ErrTooLarge},
		{contacts.LoadHead{Last: 9}, []contacts.LoadRecord{record("a", 1, 5), record("b", 2, 5)}, contacts.ErrDuplicateNumber},
	} {
		for name, open := range loadStores(t) {
			s, e := open()
			if _, err := s.Load(t.Context(), home, c.head, sequence(c.records)); !errors.Is(err, c.want) {
				t.Errorf("load %d, %s: got %v, want %v", i, name, err, c.want)
			}
			for k := range e.data {
				if k != "mh" {
					t.Errorf("load %d, %s, left %q", i, name, k)
				}
			}
			mustCheck(t, s)
		}
	}
}

// TestLoadFindsLast leaves it to Load to find the last revision.
func TestLoadFindsLast(t *testing.T) {
	s, _ := newStore(t)
	w := person("a", "Some Body")
	w.Contact.Revision = 7
	a, err := s.Load(t.Context(), home, contacts.LoadHead{}, sequence([]contacts.LoadRecord{{Contact: w.Contact, Keys: w.Keys}}))
	if err != nil || a.Last != 7 {
		t.Fatalf("got %+v, %v", a, err)
	}
	mustCheck(t, s)
	if a := mustApply(t, s, batchOf(person("b", "B"))); a.Last != 8 {
		t.Errorf("the next revision is %d", a.Last)
	}
}

// TestLoadInAnyOrder loads in commits of which each has few records, in an
// order that is not that of their creation.
func TestLoadInAnyOrder(t *testing.T) {
	for name, open := range loadStores(t) {
		t.Run(name, func(t *testing.T) { loadInAnyOrder(t, open) })
	}
}

func loadInAnyOrder(t *testing.T, open func() (*Store, *plainEngine)) {
	s, e := open()
	n := 400
	var records []contacts.LoadRecord
	for i := range n {
		w := person(fmt.Sprint("c", i), "Some Body", phone.Line(1000+i))
		w.Contact.Revision = uint64(1 + i*37%n)
		w.Contact.Notes = string(make([]byte, 100_000))
		records = append(records, contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys})
	}
	if _, err := s.Load(t.Context(), home, contacts.LoadHead{Last: uint64(n)}, sequence(records)); err != nil {
		t.Fatal(err)
	}
	if m, ok := s.engine.(*diskEngine); ok && m.merges == 1 {
		if e.commits != 2 {
			t.Errorf("%d commits beside a merge", e.commits-1)
		}
	} else if e.commits < 4 {
		t.Errorf("%d commits for 40 MB", e.commits)
	}
	mustCheck(t, s)
	hits := pages(t, s, home, contacts.Query{Order: contacts.ByCreation, Limit: 1000})
	for i, h := range hits {
		if h.Created != uint64(i+1) {
			t.Fatalf("contact %d was created at %d", i, h.Created)
		}
	}
	if len(hits) != n {
		t.Errorf("%d contacts, want %d", len(hits), n)
	}
}
