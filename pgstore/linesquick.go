package pgstore

import (
	"context"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// Most lines have one holder or few. They come as they are found, and are put in
// order here, unless a line has more, or there are too many in all. Every holder
// has a row, without a record where its state is not wanted.
const (
	quickRows    = 4000 // of each kind
	quickHolders = 8    // of each kind, where there is one line

	quickOne = `SELECT s.epoch, s.index_generation, s.index_fingerprint, s.reindexing, 0::bigint AS before, k.seq, c.record, k.shared
		FROM {scopes} s LEFT JOIN LATERAL (
			(SELECT seq, 0::bigint AS shared FROM {claims} WHERE domain = $3 AND line = (SELECT $2::text) AND scope = $1 LIMIT 8)
			UNION ALL
			(SELECT seq, 1 FROM {shared} WHERE scope = $1 AND line = (SELECT $2::text) LIMIT 8)
		) k ON true LEFT JOIN LATERAL (
			SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = k.seq AND c.status = ANY($4) LIMIT 1
		) c ON true WHERE s.scope = $1`

	quickMany = pageHead + `
		SELECT sum(coalesce(octet_length(c.record), 0)) OVER (ROWS UNBOUNDED PRECEDING) - coalesce(octet_length(c.record), 0) AS before,
			k.seq, c.record, k.shared, k.line
		FROM (
			(SELECT seq, 0::bigint AS shared, line FROM {claims} WHERE domain = $3 AND line = ANY((SELECT $2::text[])::text[]) AND scope = $1 LIMIT 4000)
			UNION ALL
			(SELECT seq, 1, line FROM {shared} WHERE scope = $1 AND line = ANY((SELECT $2::text[])::text[]) LIMIT 4000)
		) k LEFT JOIN LATERAL (
			SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = k.seq AND c.status = ANY($4) LIMIT 1
		) c ON true` + pageEnd
)

// quickLines is a page of the holders of lines, if they are few, and errMany
// otherwise.
func (f *finder) quickLines(ctx context.Context) error {
	lines := f.q.Lines
	l := look{text: f.s.sql(quickOne), args: []any{f.info.id, nil, f.info.domain, f.statuses()}, columns: []any{&f.row.b}}
	most := quickHolders
	var index map[string]int64
	if len(lines) == 1 {
		l.args[1] = digitsOf(lines[0])
	} else {
		texts := make([]string, len(lines))
		index = make(map[string]int64, len(lines))
		for i, line := range lines {
			texts[i] = digitsOf(line)
			index[texts[i]] = int64(i + 1)
		}
		if len(index) < len(lines) {
			return errMany // a line that is asked for twice has its holders twice
		}
		l.text, l.args[1], l.columns = f.s.sql(quickMany), texts, append(l.columns, &f.row.text)
		most = quickRows
	}
	hits := make([]contacts.Hit, 0, len(lines))
	at := make([]position, 0, len(lines))
	var rows [2]int // of each kind
	size := 0
	var fail error
	l.other = func() bool {
		r := &f.row
		rows[r.b.Int64]++
		if size += len(r.record); r.record == nil || fail != nil {
			return true
		}
		here := position{a: 1, b: r.b.Int64, seq: r.seq.Int64}
		if index != nil {
			here.a = index[string(r.text)]
		}
		hits = append(hits, contacts.Hit{Created: uint64(here.seq), Line: lines[here.a-1], Shared: here.b > 0})
		at = append(at, here)
		if !record.Decode(r.record, &hits[len(hits)-1].Contact) {
			fail = damaged(here.seq, "a record that cannot be read")
		}
		return true
	}
	err := f.fill(ctx, &l)
	switch {
	case err != nil:
		return err
	case fail != nil:
		return fail
	case max(rows[0], rows[1]) >= most || size > pageBytes:
		return errMany
	}
	f.arrange(hits, at)
	return nil
}

// arrange makes a page of hits at some positions.
func (f *finder) arrange(hits []contacts.Hit, at []position) {
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	compare := func(a, b int) int { return at[a].compare(&at[b]) }
	if !slices.IsSortedFunc(order, compare) {
		slices.SortFunc(order, compare)
		sorted := make([]contacts.Hit, len(hits))
		for i, j := range order {
			sorted[i] = hits[j]
		}
		hits = sorted
	}
	kept := hits[:0]
	var last position
	for i, j := range order {
		p := at[j]
		if p.hits = 1; p.a == last.a {
			p.hits += last.hits
		}
		if f.q.PerLine > 0 && p.hits > int64(f.q.PerLine) {
			continue
		}
		if len(kept) == f.limit {
			f.page.Next = f.next(&last)
			break
		}
		kept, last = append(kept, hits[i]), p
	}
	f.page.Hits = kept
}
