package pgstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

var (
	home      = contacts.Scope{Account: "acme", Stream: "support"}
	anyStatus = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}
	someDay   = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
)

// tempStore opens a store in a database of its own.
func tempStore(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), pgtest.DSN(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// seed fills an empty scope with contacts, whose positions and revisions are
// their places in the list, from 1. Lines that several claim are let in.
func seed(t testing.TB, s *Store, scope contacts.Scope, n int, at func(i int) contacts.Write) {
	t.Helper()
	const id = 7
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	exec := func(text string, args ...any) {
		t.Helper()
		_, err := s.pool.Exec(ctx, s.sql(text), args...)
		must(err)
	}
	exec("INSERT INTO {directory} VALUES ($1, $2, $3)", scope.Account, scope.Stream, id)
	letters := map[rune]bool{}
	slots := map[phone.Line]int32{}
	table := map[string][][]any{}
	copyOut := func() {
		for name, rows := range table {
			_, err := s.pool.CopyFrom(ctx, pgx.Identifier{s.o.Schema, s.o.Prefix + name}, seedColumns[name], pgx.CopyFromRows(rows))
			must(err)
			table[name] = rows[:0]
		}
	}
	var counts [4]int64
	duplicates := map[phone.Line]bool{}
	for i := range n {
		w := at(i)
		b := contacts.Batch{Writes: []contacts.Write{w}}
		p := prepare.New("test", scope, &b)
		must(p.Err)
		pw := &p.Writes[0]
		seq := int64(i + 1)
		body := append(record.AppendRevision(nil, uint64(seq)), pw.Body...)
		status := strings.ToLower(string(w.Contact.Status))
		counts[pw.Status]++
		table["contacts"] = append(table["contacts"], []any{int64(id), seq, seq, w.Contact.ID, status, pw.Held.Sort, body})
		if pw.Held.Sort == nil {
			table["contacts"][len(table["contacts"])-1][5] = []byte{}
		}
		for _, l := range pw.Held.Claims {
			slot := slots[l]
			if slots[l]++; slot > 0 {
				duplicates[l] = true
			}
			table["claims"] = append(table["claims"], []any{int64(id), strconv.FormatUint(uint64(l), 10), slot, int64(id), seq})
		}
		for _, l := range pw.Held.Shared {
			table["shared"] = append(table["shared"], []any{int64(id), strconv.FormatUint(uint64(l), 10), seq})
		}
		for _, l := range pw.Held.Lines() {
			table["turns"] = append(table["turns"], []any{int64(id), strconv.FormatUint(uint64(l), 10), seq, seq})
		}
		for _, word := range pw.Held.Words {
			table["words"] = append(table["words"], []any{int64(id), string(word[1:]), seq, int16(word[0])})
			for _, r := range string(word[1:]) {
				letters[r] = true
			}
		}
		table["feed"] = append(table["feed"], []any{int64(id), seq, seq, seq, false})
		if len(table["contacts"]) == 20_000 {
			copyOut()
		}
	}
	copyOut()
	var all []rune
	for r := range letters {
		all = append(all, r)
	}
	slices.Sort(all)
	exec(`INSERT INTO {scopes} (scope, domain, account, stream, unique_by, epoch, secret, first_rev, last_rev, active, inactive, merged,
		duplicates, index_generation, index_fingerprint, reindexing, letters) VALUES ($1, $1, $2, $3, 'stream', 'epoch', 'secret', 0, $4, $5, $6, $7, $8, 1, 2, false, $9)`,
		id, scope.Account, scope.Stream, n, counts[0], counts[1], counts[2], len(duplicates), string(all))
	for name := range seedColumns {
		exec("ANALYZE {" + name + "}")
	}
}

var seedColumns = map[string][]string{
	"contacts": {"scope", "seq", "rev", "id", "status", "sort", "record"},
	"claims":   {"domain", "line", "slot", "scope", "seq"},
	"shared":   {"scope", "line", "seq"},
	"turns":    {"scope", "line", "rev", "seq"},
	"words":    {"scope", "word", "seq", "fields"},
	"feed":     {"scope", "rev", "seq", "batch_end", "purged"},
}

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
		ID: id, Status: contacts.Active, FirstName: first, LastName: last, CreatedAt: someDay, UpdatedAt: someDay,
	}}
}
