package pgstore

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// loaded is record i of a load, counted from 0: a contact like those of a real
// book, at revision i+1.
func loaded(i int) contacts.LoadRecord {
	firsts := []string{"Anna", "Bo", "Carla", "Dieter", "Émile", "Fatima", "Günther", "Hana"}
	first, last := firsts[i%len(firsts)], "Miller"+strconv.Itoa(i%20_011)
	mail := fmt.Sprintf("%s.%d@example.com", strings.ToLower(last), i)
	words := []contacts.Word{
		{Text: strings.ToLower(first), Fields: contacts.InName}, {Text: strings.ToLower(last), Fields: contacts.InName | contacts.InEmail},
		{Text: mail, Fields: contacts.InEmail}, {Text: "example" + strconv.Itoa(i%5000), Fields: contacts.InOrganization},
	}
	slices.SortFunc(words, func(a, b contacts.Word) int { return strings.Compare(a.Text, b.Text) })
	line := phone.Line(491510000000 + uint64(i)*7919%10_000_019)
	at := time.Date(2026, 1, 2, 3, 4, 5, i%1000*1e6, time.UTC)
	return contacts.LoadRecord{
		Contact: contacts.Contact{
			ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i), Revision: uint64(i + 1), Status: contacts.Active,
			FirstName: first, LastName: last, FullName: first + " " + last,
			CellPhone:    contacts.Phone{Number: line.String()},
			Emails:       []contacts.Email{{Address: mail, Label: "work"}},
			Organization: "Example " + strconv.Itoa(i%5000),
			CreatedAt:    at, UpdatedAt: at, CreatedBy: "u-11111111-2222-4333-8444-555555555555",
		},
		Keys: contacts.Keys{Claims: []phone.Line{line}, Words: words, Sort: strings.ToLower(last + " " + first)},
	}
}

// sequence yields records from to, not including it.
func sequence(from, to int) iter.Seq2[contacts.LoadRecord, error] {
	return func(yield func(contacts.LoadRecord, error) bool) {
		for i := from; i < to; i++ {
			if !yield(loaded(i), nil) {
				return
			}
		}
	}
}

func list(rs ...contacts.LoadRecord) iter.Seq2[contacts.LoadRecord, error] {
	return func(yield func(contacts.LoadRecord, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// countOf returns what a statement counts.
func countOf(t testing.TB, s *Store, sql string, args ...any) (n int64) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), s.sql(sql), args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var loadScope = contacts.Scope{Account: "acme", Stream: "loaded"}

// TestLoadRows loads some contacts and counts the rows of each table.
func TestLoadRows(t *testing.T) {
	s := openTest(t, nil)
	const n = 3000
	a, err := s.Load(t.Context(), loadScope, contacts.LoadHead{Last: n}, sequence(0, n))
	if err != nil {
		t.Fatal(err)
	}
	if a.Last != n || a.Epoch == "" {
		t.Fatalf("Load: %+v", a)
	}
	for table, want := range map[string]int64{"contacts": n, "claims": n, "words": 4 * n, "feed": n, "turns": n, "shared": 0, "history": 0} {
		if got := countOf(t, s, "SELECT count(*) FROM {"+table+"}"); got != want {
			t.Errorf("%s: %d rows, want %d", table, got, want)
		}
	}
	if _, err := s.Load(t.Context(), loadScope, contacts.LoadHead{Last: n}, sequence(0, n)); !errors.Is(err, contacts.ErrNotEmpty) {
		t.Errorf("Load once more: %v", err)
	}
	if got := countOf(t, s, "SELECT count(*) FROM {contacts} WHERE emails = 'miller7.7@example.com' AND updated_at = '2026-01-02 03:04:05.007Z'"); got != 1 {
		t.Errorf("%d contacts have the columns of contact 7", got)
	}
}

// TestLoadSlots has claims beside those of other streams: they take the slots that
// follow.
func TestLoadSlots(t *testing.T) {
	s := openTest(t, nil)
	head := contacts.LoadHead{Last: 4000, UniqueBy: contacts.UniqueByAccount}
	kept := func(i int, line phone.Line) contacts.LoadRecord {
		r := loaded(i)
		r.KeepDuplicates, r.Keys.Claims = true, []phone.Line{line}
		return r
	}
	if _, err := s.Load(t.Context(), contacts.Scope{Account: "acme", Stream: "a"}, head, list(kept(5, 77), kept(3, 77), kept(4, 88))); err != nil {
		t.Fatal(err)
	}
	a, err := s.Load(t.Context(), contacts.Scope{Account: "acme", Stream: "b"}, head, list(kept(9, 77), kept(8, 88), kept(2, 88), kept(1, 99)))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Kept) != 3 || a.Kept[0].Index != 0 || a.Kept[1].Index != 1 || a.Kept[2].Earlier != 1 {
		t.Errorf("Kept: %+v", a.Kept)
	}
	var got []string
	rows, err := s.pool.Query(t.Context(), s.sql("SELECT line || ':' || slot || ':' || seq FROM {claims} ORDER BY domain, line, slot"))
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		got = append(got, text)
	}
	if want := []string{"77:0:4", "77:1:6", "77:2:10", "88:0:5", "88:1:3", "88:2:9", "99:0:2"}; !slices.Equal(got, want) {
		t.Errorf("slots: %v, want %v", got, want)
	}
	r := loaded(20)
	r.Keys.Claims = []phone.Line{99}
	_, err = s.Load(t.Context(), contacts.Scope{Account: "acme", Stream: "c"}, head, list(r))
	var dup *contacts.DuplicateNumberError
	if !errors.As(err, &dup) || len(dup.Refusals) != 1 || dup.Refusals[0].HolderID != "" || dup.Refusals[0].Earlier != -1 {
		t.Errorf("a line of another stream: %v", err)
	}
}

// TestLoadRefused loads what makes no sense: nothing is left of it.
func TestLoadRefused(t *testing.T) {
	s := openTest(t, nil)
	same := loaded(1)
	same.Contact.ID = loaded(0).Contact.ID
	twice := loaded(5)
	twice.Contact.Revision = 1
	position := loaded(3)
	position.Created = 1
	for what, rs := range map[string][]contacts.LoadRecord{
		"an id is used twice":                    {loaded(0), same},
		"a position or a revision is used twice": {loaded(0), twice},
		"position or a revision is used twice":   {loaded(0), position},
		"record 1: revision 99 is not between":   {loaded(0), loaded(98)},
	} {
		_, err := s.Load(t.Context(), loadScope, contacts.LoadHead{Last: 10}, list(rs...))
		if !errors.Is(err, contacts.ErrInvalid) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
		if n := countOf(t, s, "SELECT count(*) FROM {scopes}"); n != 0 {
			t.Errorf("%s: %d scopes are left", what, n)
		}
	}
	large := loaded(0)
	large.Contact.Revision = 1 << 63
	if _, err := s.Load(t.Context(), loadScope, contacts.LoadHead{}, list(large)); !errors.Is(err, contacts.ErrTooLarge) {
		t.Errorf("revision %d: %v", large.Contact.Revision, err)
	}
	if _, err := s.Load(t.Context(), loadScope, contacts.LoadHead{Last: 1 << 63}, list()); !errors.Is(err, contacts.ErrTooLarge) {
		t.Errorf("a feed that ends at %d: %v", uint64(1<<63), err)
	}
}
