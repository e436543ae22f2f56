package pgstore

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/callerbook/contacts/internal/record"
)

// Where the first term matches many and the others few, it is the others that say
// which contacts to look at. Entry has what each of them leads to, where terms
// are bits, the digits 1; usable those that lead to at most 50000 entries, and
// allowed the contacts that all of these lead to. If they are at most as many as
// wanted ($8), and so few, or the entries of the first term so many, that this
// costs less, they come as they are, and are judged and put in order here.
// Otherwise the entries of the first term are read, and those of other contacts
// left out.
const (
	narrowLong = `(SELECT count(*) > 8000 FROM (
		SELECT FROM unnest($4::text[], $5::text[]) AS r(low, high), LATERAL (
			SELECT FROM {words} WHERE scope = $1 AND word >= r.low AND word < r.high LIMIT 8001
		) w LIMIT 8001) y)`

	narrowMany = `WITH entry AS MATERIALIZED (
		SELECT t.t, x.seq, x.mine FROM unnest($9::bigint[]) AS t(t), LATERAL (
			SELECT w.seq, true AS mine FROM unnest($10::bigint[], $11::text[], $12::text[]) AS r(t, low, high), LATERAL (
				SELECT seq FROM {words} WHERE scope = $1 AND word >= r.low AND word < r.high LIMIT 50001
			) w WHERE r.t = t.t
			UNION ALL
			SELECT k.seq, k.scope = $1 FROM unnest($13::text[], $14::text[]) AS r(low, high), LATERAL (
				(SELECT seq, scope FROM {claims} WHERE domain = $15 AND line >= r.low AND line < r.high LIMIT 50001)
				UNION ALL
				(SELECT seq, scope FROM {shared} WHERE scope = $1 AND line >= r.low AND line < r.high LIMIT 50001)
			) k WHERE t.t = 1
			UNION ALL
			SELECT k.seq, true FROM unnest($16::text[], $17::text[]) AS r(low, high), LATERAL (
				(SELECT seq FROM {claims} WHERE scope = $1 AND reverse(line) >= r.low AND reverse(line) < r.high LIMIT 50001)
				UNION ALL
				(SELECT seq FROM {shared} WHERE scope = $1 AND reverse(line) >= r.low AND reverse(line) < r.high LIMIT 50001)
			) k WHERE t.t = 1
			LIMIT 50001
		) x
	), usable AS MATERIALIZED (
		SELECT coalesce(bit_or(n.t), 0) AS terms FROM (
			SELECT e.t FROM (SELECT t, seq FROM entry UNION ALL SELECT t, NULL FROM unnest($9::bigint[]) AS t(t)) e
			GROUP BY e.t HAVING count(e.seq) <= 50000
		) n
	), allowed AS MATERIALIZED (
		SELECT seq FROM entry WHERE mine AND t & (SELECT terms FROM usable) <> 0
		GROUP BY seq HAVING bit_or(t) = (SELECT terms FROM usable)
	), mode AS MATERIALIZED (
		SELECT CASE WHEN (SELECT terms FROM usable) = 0 THEN 0 WHEN x.n <= $8 AND (x.n <= 64 OR ` + narrowLong + `) THEN 2 ELSE 1 END::bigint AS n
			FROM (SELECT count(*) AS n FROM allowed) x
	)`

	narrowOne = `WITH allowed AS MATERIALIZED (
		SELECT w.seq FROM unnest($9::text[], $10::text[]) AS r(low, high), LATERAL (
			SELECT seq FROM {words} WHERE scope = $1 AND word >= r.low AND word < r.high LIMIT 50001
		) w LIMIT 50001
	), mode AS MATERIALIZED (
		SELECT CASE WHEN x.n > 50000 THEN 0 WHEN x.n <= $8 AND (x.n <= 64 OR ` + narrowLong + `) THEN 2 ELSE 1 END::bigint AS n FROM (SELECT count(*) AS n FROM allowed) x
	)`

	narrowWalk = `
	SELECT s.epoch, s.index_generation, s.index_fingerprint, s.reindexing, p.*, octet_length(s.letters)::bigint
		FROM {scopes} s LEFT JOIN LATERAL (
		SELECT sum(h.size) OVER (ROWS UNBOUNDED PRECEDING) - h.size AS before, h.seq, h.record, h.word, (SELECT n FROM mode)
		FROM (
			(SELECT a.seq, c.record, NULL::text AS word, octet_length(c.record) AS size FROM (SELECT DISTINCT seq FROM allowed) a, LATERAL (
				SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = a.seq AND c.status = ANY($2) LIMIT 1
			) c WHERE (SELECT n FROM mode) = 2)
			UNION ALL
			(SELECT e.seq, c.record, e.word, coalesce(octet_length(c.record), 0) FROM (
				SELECT * FROM (
					SELECT w.word, w.seq, row_number() OVER () AS n
					FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS r(low, high, i), LATERAL (
						SELECT word, seq FROM {words}
						WHERE scope = $1 AND (word, seq) > (r.low, CASE WHEN r.i = 1 THEN $6::bigint ELSE 0 END) AND word < r.high`
	narrowEnd = `
						ORDER BY word, seq LIMIT 50000
					) w LIMIT 50000
				) e WHERE n = 50000 OR ($7::text = '' OR word ~ $7)
					AND ((SELECT n FROM mode) = 0 OR seq IN (SELECT seq FROM allowed))
			) e LEFT JOIN LATERAL (
				SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = e.seq AND c.status = ANY($2) AND e.n < 50000 LIMIT 1
			) c ON true WHERE (e.n = 50000 OR c.record IS NOT NULL) AND (SELECT n FROM mode) < 2 LIMIT $3)
		) h` + pageEnd

	narrowByOne       = narrowOne + narrowWalk + narrowEnd
	narrowByOneField  = narrowOne + narrowWalk + ` AND fields & $11::smallint <> 0` + narrowEnd
	narrowByMany      = narrowMany + narrowWalk + narrowEnd
	narrowByManyField = narrowMany + narrowWalk + ` AND fields & $18::smallint <> 0` + narrowEnd
)

// The modes of a page: which contacts it has.
const (
	narrowNone = 0 // all that the first term leads to: the others lead to too many
	narrowFew  = 2 // all that the others lead to
)

// fewContacts is how many contacts are looked at and put in order.
const fewContacts = 1000

// candidate is a contact that all terms match.
type candidate struct {
	at     position
	record []byte
}

// errMany says that there are too many bytes of contacts to put them in order.
var errMany = errors.New("the contacts are too large")

// narrow reads a page by what the other terms lead to.
func (w *search) narrow(ctx context.Context, rows int) error {
	err := w.narrowTo(ctx, rows, fewContacts)
	if errors.Is(err, errMany) {
		err = w.narrowTo(ctx, rows, 0)
	}
	return err
}

func (w *search) narrowTo(ctx context.Context, rows int, few int64) error {
	var terms, at []int64
	var low, high []string
	for i, m := range w.terms[1:] {
		if s := spansOf(m, w.info.letters); len(s.low) <= maxSpans {
			terms = append(terms, 2<<i)
			low, high = append(low, s.low...), append(high, s.high...)
			for range s.low {
				at = append(at, 2<<i)
			}
		}
	}
	var first, last spans // of digits
	if w.digits != nil {
		terms = append(terms, 1)
		if w.q.Suffix != "" {
			run := reversed(w.q.Suffix)
			last = spans{low: []string{run}, high: []string{endOfRun(run)}}
		} else {
			first.low, first.high = runs(w.q.Prefixes)
		}
	}
	plain, field, others := narrowByMany, narrowByManyField, []any{few, terms, at, orEmpty(low), orEmpty(high), orEmpty(first.low), orEmpty(first.high), w.info.domain, orEmpty(last.low), orEmpty(last.high)}
	if len(terms) == 1 && w.digits == nil {
		plain, field, others = narrowByOne, narrowByOneField, []any{few, orEmpty(low), orEmpty(high)}
	}
	text, args := w.driver(plain, field, rows, others...)
	var found []candidate
	isFew := false
	size := 0
	err := w.fill(ctx, w.look(text, args, rows, func() bool {
		if w.row.mode.Int64 != narrowFew {
			return false
		}
		isFew = true
		size += len(w.row.record)
		found = w.gather(found)
		return true
	}, &w.row.mode))
	switch {
	case err != nil || !isFew:
		return err
	case size > pageBytes: // there may be more of them
		return errMany
	}
	return w.inOrder(found)
}

// gather adds the contact of the row, if it is a hit behind the cursor.
func (w *search) gather(to []candidate) []candidate {
	if !w.matches(w.row.record) {
		return to
	}
	at := position{text: bytes.Clone(record.WordText(w.matched[0])), seq: w.row.seq.Int64}
	if w.resumed && at.compare(&w.from) <= 0 {
		return to
	}
	return append(to, candidate{at, bytes.Clone(w.row.record)})
}

// inOrder makes a page of contacts.
func (w *search) inOrder(found []candidate) error {
	w.page.Next, w.page.Partial = "", false
	slices.SortFunc(found, func(a, b candidate) int { return a.at.compare(&b.at) })
	l := look{complete: w.complete}
	for i := range found {
		c := &found[i]
		if len(w.page.Hits) == w.limit {
			w.page.Next = w.next(&w.last)
			break
		}
		w.row.record = c.record
		w.matches(c.record)
		if err := w.take(&c.at, &l); err != nil {
			return err
		}
	}
	return nil
}
