package kvstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// salvageCase is a store after some writes, entry by entry, and at each revision
// before.
type salvageCase struct {
	at [][]shard // by revision
}

func (c *salvageCase) last() []shard { return slices.Clone(c.at[len(c.at)-1]) }

// is selects the entries of a table that belong to a contact or, for tables m and
// s, to what; contacts are told by their positions.
func is(table byte, seq uint64) func(shard) bool {
	return func(e shard) bool {
		if e.table != table {
			return false
		}
		key := []byte(e.key[1:])
		switch table {
		case tableMeta:
			return uint64(key[0]) == seq
		case tableScope:
			return true
		case tableRecord, tablePast:
			return uint64(key[1]) == seq
		case tableFeed:
			f, _ := parseFeed(key[1:], []byte(e.value))
			return f.seq == seq
		case tableID:
			return uint64(e.value[0]) == seq
		case tableName:
			n, _, _ := parseName(key[1:])
			return n == seq
		}
		return false
	}
}

func anyOf(table byte) func(shard) bool { return func(e shard) bool { return e.table == table } }

func without(list []shard, drop ...func(shard) bool) []shard {
	return slices.DeleteFunc(list, func(e shard) bool {
		return slices.ContainsFunc(drop, func(is func(shard) bool) bool { return is(e) })
	})
}

// only returns those of an earlier state that is selects, as e.
func only(list []shard, e Evidence, is func(shard) bool) []shard {
	var out []shard
	for _, x := range list {
		if is(x) {
			x.evidence = e
			out = append(out, x)
		}
	}
	return out
}

func all(shard) bool { return true }

// newSalvageCase makes a store in which a was changed, b deleted and c purged,
// and d and e came in one batch.
func newSalvageCase(t *testing.T) *salvageCase {
	s, err := New(newPlain(), nil)
	must(t, err)
	c := &salvageCase{}
	note := func() { c.at = append(c.at, shards(t, s, Present)) }
	note()
	for i, id := range []string{"a", "b", "c"} {
		mustApply(t, s, batchOf(person(id, id+" lee", phone.Line(1000+i))))
		note()
	}
	mustApply(t, s, batchOf(at(1, person("a", "ann lee", 1000))))
	note()
	gone := at(2, person("b", "b lee"))
	gone.Contact.Status = contacts.Inactive
	mustApply(t, s, batchOf(gone))
	note()
	mustApply(t, s, batchOf(contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "c"}, Revision: 3}))
	note()
	mustApply(t, s, batchOf(person("d", "d lee"), person("e", "e lee")))
	note()
	note()
	return c
}

// tellSalvaged says what a store has: ids with revisions, "-" behind those not active,
// "x" behind those purged; and what was left out.
func tellSalvaged(t *testing.T, s *Store, done []Salvaged) string {
	t.Helper()
	var b strings.Builder
	for _, d := range done {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s:", d.Scope.Stream)
		for _, h := range pages(t, s, d.Scope, contacts.Query{Order: contacts.ByCreation, Status: anyStatus}) {
			fmt.Fprintf(&b, " %s%d", h.Contact.ID, h.Contact.Revision)
			if h.Contact.Status != contacts.Active {
				b.WriteString("-")
			}
		}
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			var gone *contacts.PurgedError
			if _, err := s.Get(context.Background(), d.Scope, id); errors.As(err, &gone) {
				fmt.Fprintf(&b, " %sx", id)
			}
		}
		for _, c := range d.Left {
			fmt.Fprintf(&b, " left %s%d", c.ID, c.Revision)
		}
		if d.Exact {
			b.WriteString(" exact")
		}
		if d.Missing != 0 {
			fmt.Fprintf(&b, " missing %d", d.Missing)
		}
	}
	return b.String()
}

// TestSalvageRules holds the Salvager to what it says of when a state counts.
func TestSalvageRules(t *testing.T) {
	c := newSalvageCase(t)
	const whole = "support: a4 b5- d7 e8 cx exact"
	stale := func(seq uint64, revision int, e Evidence) []shard {
		return only(c.at[revision], e, is(tableRecord, seq))
	}
	tally := is(tableMeta, metaState)
	for _, tt := range []struct {
		name  string
		list  []shard
		doubt bool
		want  string
	}{
		{name: "all there", list: c.last(), want: whole},
		{name: "a record is lost", list: without(c.last(), is(tableRecord, 4), is(tableRecord, 1)), want: "support: b5- d7 e8 cx left a1 missing 1"},
		{name: "a record that never changed is lost", list: without(c.last(), is(tableRecord, 7)), want: "support: a4 b5- e8 cx missing 1"},
		{name: "an older record in its place", list: append(without(c.last(), is(tableRecord, 1)), stale(1, 1, Present)...),
			want: "support: b5- d7 e8 cx left a1 missing 1"},
		{name: "before it was deleted", list: append(without(c.last(), is(tableRecord, 2)), stale(2, 2, Present)...),
			want: "support: a4 d7 e8 cx left b2 missing 1"},
		{name: "the same without the feed", list: append(without(c.last(), is(tableRecord, 2), anyOf(tableFeed)), stale(2, 2, Present)...),
			want: "support: a4 d7 e8 cx left b2 missing 1"},
		{name: "the same without feed and history", list: append(without(c.last(), is(tableRecord, 2), anyOf(tableFeed), anyOf(tablePast)), stale(2, 2, Present)...),
			want: "support: a4 d7 e8 cx left b2 missing 1"},
		{name: "before it was purged", list: append(without(c.last(), is(tableRecord, 3)), stale(3, 3, Present)...),
			want: "support: a4 b5- d7 e8 cx"},
		{name: "before it was purged, without the feed", list: append(without(c.last(), is(tableRecord, 3), anyOf(tableFeed)), stale(3, 3, Present)...),
			want: "support: a4 b5- d7 e8"},
		{name: "the record of a purge is lost", list: without(c.last(), is(tableRecord, 3)), want: "support: a4 b5- d7 e8 cx"},
		{name: "perhaps, proven by the feed", list: append(without(c.last(), is(tableRecord, 7)), stale(7, 7, Perhaps)...), want: whole},
		{name: "perhaps an older one", list: append(without(c.last(), is(tableRecord, 1)), stale(1, 1, Perhaps)...),
			want: "support: b5- d7 e8 cx left a1 missing 1"},
		{name: "perhaps, and no proof", list: append(without(c.last(), is(tableRecord, 2), is(tableRecord, 7), is(tableID, 7), is(tableName, 7), tally, anyOf(tableFeed), anyOf(tablePast)), stale(2, 5, Perhaps)...),
			want: "support: a4 e8 cx left b5 missing -1"},
		{name: "the state is lost", list: without(c.last(), tally), want: "support: a4 b5- d7 e8 cx missing -1"},
		{name: "the constants are lost", list: without(c.last(), is(tableMeta, metaConst)), want: whole},
		{name: "the name is lost", list: without(c.last(), is(tableMeta, metaConst), anyOf(tableScope)), want: strings.Replace(whole, "support", "recovered-1", 1)},
		{name: "indexes are lost", list: without(c.last(), func(e shard) bool { return !sealed(e.table) }), want: whole},
		{name: "a commit that never ended", list: append(slices.Clip(c.at[4]), only(c.at[5], Perhaps, func(e shard) bool { return is(tablePast, 2)(e) || tally(e) })...),
			want: "support: a4 b2 c3 exact"},
		{name: "one of which all records are there", list: append(slices.Clip(c.at[4]), only(c.at[5], Perhaps, func(e shard) bool { return is(tableRecord, 2)(e) || tally(e) })...),
			want: "support: a4 b5- c3 exact"},
		{name: "one that ended, as the meta page does not show", list: append(slices.Clip(c.at[4]), only(c.at[5], Perhaps, all)...), doubt: true,
			want: "support: a4 b5- c3 exact"},
		{name: "of which a part is lost", list: append(slices.Clip(c.at[4]), only(c.at[5], Perhaps, func(e shard) bool { return !is(tableRecord, 2)(e) })...), doubt: true,
			want: "support: a4 c3 left b2 missing 1"},
		{name: "several", list: append(slices.Clip(c.at[4]), append(only(c.at[5], Perhaps, all), only(c.at[7], Perhaps, all)...)...), want: whole},
		{name: "nothing but what there was once", list: only(slices.Concat(c.at[1:]...), Perhaps, all), want: whole},
		{name: "without anything", want: ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, done := restoreShards(t, tt.list, tt.doubt)
			if got := tellSalvaged(t, s, done); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestSalvageBase salvages on top of an earlier state that is wholly known.
func TestSalvageBase(t *testing.T) {
	c := newSalvageCase(t)
	base := func(revision int) []shard { return only(c.at[revision], Base, all) }
	other := newSalvageCase(t)
	const whole = "support: a4 b5- d7 e8 cx exact"
	for _, tt := range []struct {
		name string
		list []shard
		want string
	}{
		{"alone", base(5), "support: a4 b5- c3 exact"},
		{"all there", append(c.last(), base(3)...), whole},
		{"unchanged since", append(without(c.last(), is(tableRecord, 1)), base(4)...), whole},
		{"changed since", append(without(c.last(), is(tableRecord, 1)), base(3)...), "support: b5- d7 e8 cx left a1 missing 1"},
		{"deleted since", append(without(c.last(), is(tableRecord, 2), anyOf(tablePast)), base(4)...), "support: a4 d7 e8 cx left b2 missing 1"},
		{"deleted since, as the names say", append(without(c.last(), is(tableRecord, 2), anyOf(tablePast), anyOf(tableFeed)), base(4)...), "support: a4 d7 e8 cx left b2 missing 1"},
		{"purged since", append(without(c.last(), is(tableRecord, 3)), base(4)...), "support: a4 b5- d7 e8 cx"},
		{"purged since, and the feed is lost", append(without(c.last(), is(tableRecord, 3), anyOf(tableFeed)), base(4)...), "support: a4 b5- d7 e8"},
		{"purged in it", append(without(c.last(), is(tableRecord, 3), anyOf(tableFeed)), base(6)...), whole},
		{"of another feed", append(c.last(), only(other.at[4], Base, all)...), "support: a4 b2 c3 exact"},
		{"where the constants are lost", append(without(c.last(), is(tableMeta, metaConst)), base(4)...), whole},
		{"where all names are lost", append(without(c.last(), is(tableMeta, metaConst), anyOf(tableScope)), base(4)...), whole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, done := restoreShards(t, tt.list, false)
			if got := tellSalvaged(t, s, done); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
