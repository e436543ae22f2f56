package pgstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// A page of entries of an index that have a line, the scope and seq of a contact
// that holds it, and whether it shares the line. Their numbers n end with
// 10000. Those of other scopes are passed over.
const (
	entriesHead = pageHead + `
		SELECT sum(h.size) OVER (ROWS UNBOUNDED PRECEDING) - h.size AS before, h.seq, h.record, h.text, h.shared
		FROM (
			SELECT e.seq, c.record, e.text, e.shared, coalesce(octet_length(c.record), 0) AS size FROM (`

	entriesEnd = `
			) e LEFT JOIN LATERAL (
				SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = e.seq AND c.status = ANY($2) AND e.n < 10000 AND e.scope = $1 LIMIT 1
			) c ON true WHERE e.n = 10000 OR c.record IS NOT NULL LIMIT (SELECT $3::bigint)
		) h` + pageEnd
)

// Lines that end with a run of digits. A position is the line, its digits in
// reverse, and seq.
const bySuffix = entriesHead + `
				SELECT u.*, row_number() OVER () AS n FROM (
					(SELECT reverse(line) AS text, seq, scope, false AS shared FROM {claims}
					WHERE scope = $1 AND (reverse(line), seq) > ((SELECT $4::text), (SELECT $5::bigint)) AND reverse(line) < (SELECT $6::text) ORDER BY reverse(line), seq LIMIT 10000)
					UNION ALL
					(SELECT reverse(line), seq, scope, true FROM {shared}
					WHERE scope = $1 AND (reverse(line), seq) > ((SELECT $4::text), (SELECT $5::bigint)) AND reverse(line) < (SELECT $6::text) ORDER BY reverse(line), seq LIMIT 10000)
					ORDER BY text, seq LIMIT 10000
				) u` + entriesEnd

// bySuffix finds lines by their last digits.
func (f *finder) bySuffix(ctx context.Context) error {
	from := reversed(f.q.Suffix)
	to := endOfRun(from)
	if f.resumed {
		from = string(f.from.text)
	}
	args := []any{f.info.id, f.statuses(), int64(f.limit + 1), from, f.from.seq, to}
	return f.fill(ctx, &look{text: f.s.sql(bySuffix), args: args, columns: []any{&f.row.text, &f.row.shared}, complete: func(h *contacts.Hit, at *position) {
		h.Line, h.Shared = lineOf(reversed(string(at.text))), f.row.shared.Bool
	}})
}

// Lines that begin with one of some runs of digits: a range each, of the lines
// of all scopes that have claims together. A position is the line and seq.
const byPrefixes = entriesHead + `
				SELECT u.*, row_number() OVER () AS n
				FROM unnest((SELECT $4::text[]), (SELECT $5::text[])) WITH ORDINALITY AS r(low, high, i), LATERAL (
					(SELECT line AS text, seq, scope, false AS shared FROM {claims}
					WHERE domain = $6 AND (line, seq) > (r.low, CASE WHEN r.i = 1 THEN (SELECT $7::bigint) ELSE 0 END)
						AND line < r.high ORDER BY line, seq LIMIT 10000)
					UNION ALL
					(SELECT line, seq, scope, true FROM {shared}
					WHERE scope = $1 AND (line, seq) > (r.low, CASE WHEN r.i = 1 THEN (SELECT $7::bigint) ELSE 0 END)
						AND line < r.high ORDER BY line, seq LIMIT 10000)
					ORDER BY text, seq LIMIT 10000
				) u LIMIT 10000` + entriesEnd

// byPrefixes finds lines by their first digits.
func (f *finder) byPrefixes(ctx context.Context) error {
	low, high := runs(f.q.Prefixes)
	seq := int64(0)
	if f.resumed {
		at := string(f.from.text)
		n := 0
		for n < len(high) && high[n] <= at {
			n++
		}
		low, high = low[n:], high[n:]
		if len(low) > 0 && low[0] <= at {
			low[0], seq = at, f.from.seq
		}
	}
	args := []any{f.info.id, f.statuses(), int64(f.limit + 1), low, high, f.info.domain, seq}
	return f.fill(ctx, &look{text: f.s.sql(byPrefixes), args: args, columns: []any{&f.row.text, &f.row.shared}, complete: func(h *contacts.Hit, at *position) {
		h.Line, h.Shared = lineOf(string(at.text)), f.row.shared.Bool
	}})
}

// runs returns the ranges of texts that begin with one of some runs of digits,
// in order, none within another.
func runs(prefixes []string) (low, high []string) {
	sorted := slices.Sorted(slices.Values(prefixes))
	low, high = make([]string, 0, len(sorted)), make([]string, 0, len(sorted))
	for _, p := range sorted {
		if n := len(low); n == 0 || !strings.HasPrefix(p, low[n-1]) {
			low, high = append(low, p), append(high, endOfRun(p))
		}
	}
	return low, high
}

// endOfRun returns the text behind all runs of digits that begin with one.
func endOfRun(digits string) string {
	last := len(digits) - 1
	return digits[:last] + string(rune(digits[last]+1)) // ':' follows '9'
}

func reversed(digits string) string {
	b := []byte(digits)
	slices.Reverse(b)
	return string(b)
}

// lineOf is the line of a text of digits.
func lineOf(digits string) phone.Line {
	n, _ := strconv.ParseUint(digits, 10, 64)
	return phone.Line(n)
}

// Lines with more than one claimer. Each of them has a claim in another slot
// than the first. A position is the number of digits, the line, and seq.
const byDuplicates = pageHead + `
		SELECT sum(h.size) OVER (ROWS UNBOUNDED PRECEDING) - h.size AS before, h.seq, h.record, h.digits, h.line
		FROM (
			SELECT e.seq, c.record, e.digits, e.line, coalesce(octet_length(c.record), 0) AS size FROM (
				SELECT k.seq, d.digits::bigint, d.line, row_number() OVER () AS n FROM (
					SELECT DISTINCT length(line) AS digits, line FROM {claims}
					WHERE scope = $1 AND slot > 0 AND (length(line), line) >= ($4, $5) ORDER BY digits, line LIMIT 10000
				) d, LATERAL (
					SELECT seq, count(*) OVER () AS claimers FROM {claims} WHERE domain = $6 AND line = d.line AND scope = $1 ORDER BY seq
				) k WHERE k.claimers > 1 AND (d.digits, d.line, k.seq) > ($4, $5, $7) LIMIT 10000
			) e LEFT JOIN LATERAL (
				SELECT record FROM {contacts} c WHERE c.scope = $1 AND c.seq = e.seq AND c.status = ANY($2) AND e.n < 10000 LIMIT 1
			) c ON true WHERE e.n = 10000 OR c.record IS NOT NULL LIMIT (SELECT $3::bigint)
		) h` + pageEnd

// byDuplicates finds the claimers of the lines that have more than one.
func (f *finder) byDuplicates(ctx context.Context) error {
	from := &f.from
	args := []any{f.info.id, f.statuses(), int64(f.limit + 1), from.a, string(from.text), f.info.domain, from.seq}
	return f.fill(ctx, &look{text: f.s.sql(byDuplicates), args: args, columns: []any{&f.row.a, &f.row.text}, complete: func(h *contacts.Hit, at *position) {
		h.Line = lineOf(string(at.text))
	}})
}
