package pgstore

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/match"
	"github.com/callerbook/contacts/internal/record"
)

// A search walks over the entries of the words that the first term matches. A
// position is the word and seq. Whether all terms match a contact, and whether
// it came with an earlier word already, is seen in its record here, so that the
// statement returns more contacts than a page has. Where too few of them are
// hits, it is done again, with more of them and, where there are several terms,
// with only those that the other terms may match.
const (
	wordsHead = `SELECT s.epoch, s.index_generation, s.index_fingerprint, s.reindexing, p.*, octet_length(s.letters)::bigint
		FROM {scopes} s LEFT JOIN LATERAL (
		SELECT sum(h.size) OVER (ROWS UNBOUNDED PRECEDING) - h.size AS before, h.seq, h.record, h.word
		FROM (
			SELECT e.seq, c.record, e.word, coalesce(octet_length(c.record), 0) AS size FROM (
				SELECT * FROM (
					SELECT w.word, w.seq, row_number() OVER () AS n
					FROM `
	oneSpan   = `(SELECT (SELECT $4::text) AS low, (SELECT $5::text) AS high, 1 AS i) r`
	manySpans = `unnest((SELECT $4::text[]), (SELECT $5::text[])) WITH ORDINALITY AS r(low, high, i)`
	wordsWalk = `, LATERAL (
						SELECT word, seq FROM {words}
						WHERE scope = $1 AND (word, seq) > (r.low, CASE WHEN r.i = 1 THEN (SELECT $6::bigint) ELSE 0 END) AND word < r.high`
	wordsField = ` AND fields & (SELECT $8::smallint) <> 0`
	wordsMid   = `
						ORDER BY word, seq LIMIT 50000
					) w LIMIT 50000
				) e WHERE n = 50000 OR ($7::text = '' OR word ~ $7)`
	wordsEnd = `
			) e LEFT JOIN LATERAL (
				SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = e.seq AND c.status = ANY($2) AND e.n < 50000 LIMIT 1
			) c ON true WHERE e.n = 50000 OR c.record IS NOT NULL LIMIT (SELECT $3::bigint)
		) h` + pageEnd

	byWord       = wordsHead + oneSpan + wordsWalk + wordsMid + wordsEnd
	byWords      = wordsHead + manySpans + wordsWalk + wordsMid + wordsEnd
	byWordsField = wordsHead + manySpans + wordsWalk + wordsField + wordsMid + wordsEnd
)

// searchRows bounds the records that a page of a search looks at.
const searchRows = 4096

// secondRows is how many a search of several terms looks at if that is likely to
// do; otherwise it goes by what the other terms lead to.
const secondRows = 2000

// search is a query by words.
type search struct {
	*finder
	terms   []*match.Matcher
	digits  *match.Digits
	spans   spans  // of the first term, behind the cursor
	rest    string // where the spans begin that are left out
	cut     bool   // some are
	held    record.Held
	matched [][]byte
}

// newSearch is the search for the page that f is at.
func newSearch(f *finder) *search {
	w := &search{finder: f, digits: match.NewDigits(f.q)}
	empty := len(f.q.Words) == 0
	for i := range f.q.Words {
		m := match.New(&f.q.Words[i])
		w.terms = append(w.terms, m)
		empty = empty || m.None()
	}
	if !empty {
		w.spans = spansOf(w.terms[0], f.info.letters)
	}
	if f.resumed {
		w.spans = w.spans.behind(string(f.from.text))
	}
	if len(w.spans.low) > maxSpans {
		w.cut, w.rest = true, w.spans.low[maxSpans]
		w.spans.low, w.spans.high = w.spans.low[:maxSpans], w.spans.high[:maxSpans]
	}
	return w
}

// byWords finds the contacts that all terms match.
func (f *finder) byWords(ctx context.Context) error {
	w := newSearch(f)
	if len(w.terms) < 2 && w.digits == nil {
		return w.alone(ctx)
	}
	rows := 2*f.limit + 32
	err := w.walk(ctx, rows)
	if errors.Is(err, errShort) {
		if likely := rows * f.limit / max(len(f.page.Hits), 1) * 3 / 2; likely <= secondRows {
			err = w.walk(ctx, likely)
		}
	}
	if errors.Is(err, errShort) {
		err = w.narrow(ctx, 5*f.limit/4+32)
	}
	switch {
	case !errors.Is(err, errShort):
	case w.row.mode.Int64 == narrowNone:
		err = w.walk(ctx, searchRows)
	default:
		err = w.narrow(ctx, searchRows)
	}
	return err
}

// alone carries out a search by one term.
func (w *search) alone(ctx context.Context) error {
	rows := w.limit + 1
	for t := range slices.Values(w.q.Words) {
		switch {
		case t.Whole && !t.Typo && t.Fields == 0: // an entry is a hit
		case utf8.RuneCountInString(t.Text) > 1 && !t.Typo:
			rows += 2 + w.limit/16
		default:
			rows += 8 + w.limit/4
		}
	}
	for ; ; rows *= 4 {
		if err := w.walk(ctx, min(rows, searchRows)); !errors.Is(err, errShort) {
			return err
		}
	}
}

// walk reads a page in the order of the entries of the first term.
func (w *search) walk(ctx context.Context, rows int) error {
	text, args := w.driver(byWords, byWordsField, rows)
	if len(w.spans.low) == 1 && w.q.Words[0].Fields == 0 {
		text = w.s.sql(byWord)
		args[3], args[4] = w.spans.low[0], w.spans.high[0]
	}
	return w.fill(ctx, w.look(text, args, rows, nil))
}

// driver returns one of two statements, with what they want to know of the first
// term and others behind that.
func (w *search) driver(plain, field string, rows int, others ...any) (text string, args []any) {
	f := w.finder
	start := int64(0)
	if len(w.spans.low) > 0 && f.resumed && w.spans.low[0] == string(f.from.text) {
		start = f.from.seq
	}
	like := ""
	if w.spans.loose {
		like = pattern(w.terms[0])
	}
	args = append([]any{f.info.id, f.statuses(), int64(rows), orEmpty(w.spans.low), orEmpty(w.spans.high), start, like}, others...)
	if len(f.q.Words) == 0 || f.q.Words[0].Fields == 0 {
		return f.s.sql(plain), args
	}
	return f.s.sql(field), append(args, int64(f.q.Words[0].Fields))
}

// look is the page of a search, begun anew.
func (w *search) look(text string, args []any, rows int, other func() bool, columns ...any) *look {
	w.page, w.bytes, w.last = contacts.Page{}, 0, position{}
	columns = append(append([]any{&w.row.text}, columns...), &w.row.letters)
	l := &look{text: text, args: args, columns: columns, other: other, judge: w.judge, complete: w.complete, rows: rows}
	if w.cut {
		l.rest = &position{text: []byte(w.rest)}
	}
	return l
}

// orEmpty is an array of the database, which knows a difference between none
// and an empty one.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// judge reports whether the contact of a row is a hit, and did not come with an
// earlier word.
func (w *search) judge(at *position) bool {
	return w.matches(w.row.record) && string(record.WordText(w.matched[0])) == string(at.text)
}

// matches reports whether a contact has all that the query wants, and leaves in
// matched the words.
func (w *search) matches(body []byte) bool {
	held := &w.held
	*held = record.Held{Words: held.Words[:0], Claims: held.Claims[:0], Shared: held.Shared[:0], Ended: held.Ended[:0]}
	if !record.DecodeHeld(body, held) || !w.digits.Fit(held) {
		return false
	}
	w.matched = w.matched[:0]
	for _, m := range w.terms {
		word := m.First(held.Words)
		if word == nil {
			return false
		}
		w.matched = append(w.matched, word)
	}
	return true
}

// complete adds the words that matched.
func (w *search) complete(h *contacts.Hit, _ *position) {
	h.Words = make([]contacts.Word, len(w.matched))
	for i, word := range w.matched {
		h.Words[i] = contacts.Word{Text: string(record.WordText(word)), Fields: contacts.Fields(word[0])}
	}
}
