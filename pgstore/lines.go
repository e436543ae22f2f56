package pgstore

import (
	"context"
	"errors"
	"math"

	"github.com/callerbook/contacts"
)

// The holders of lines, line by line as given: claimers, then those that share
// it, each in order of creation. A position is the number of the line, from 1,
// whether the contact shares it, and seq. Of those that share a line, 1000 are
// looked at for one page.
const (
	linesHead = pageHead + `
		SELECT sum(h.size) OVER (ROWS UNBOUNDED PRECEDING) - h.size AS before, h.seq, h.record, h.n, h.shared
		FROM (
			SELECT h.seq, h.record, l.n, h.shared, coalesce(octet_length(h.record), 0) AS size FROM `

	linesEnd = `,
			LATERAL (
				SELECT e.seq, c.record, e.shared FROM (
					SELECT u.seq, u.shared, row_number() OVER (ORDER BY u.shared, u.seq) AS k FROM (
						SELECT seq, 0::bigint AS shared FROM {claims}
						WHERE domain = $3 AND line = l.line AND scope = $1 AND seq > l.claimed
						UNION ALL
						(SELECT seq, 1::bigint FROM {shared}
						WHERE scope = $1 AND line = l.line AND seq > l.listed ORDER BY seq LIMIT 1000)
					) u ORDER BY u.shared, u.seq LIMIT 1000
				) e LEFT JOIN {contacts} c ON c.scope = $1 AND c.seq = e.seq AND c.status = ANY($4) AND e.k < 1000
				WHERE e.k = 1000 OR c.seq IS NOT NULL
				ORDER BY e.shared, e.seq LIMIT $7
			) h
			LIMIT $8
		) h` + pageEnd

	oneLine = linesHead + `(SELECT $2::text AS line, 1::bigint AS n, $5::bigint AS claimed, $6::bigint AS listed) l` + linesEnd

	manyLines = linesHead + `(SELECT l.line, l.n, CASE WHEN l.n = 1 THEN $5::bigint ELSE 0 END AS claimed,
				CASE WHEN l.n = 1 THEN $6::bigint ELSE 0 END AS listed
				FROM unnest($2::text[]) WITH ORDINALITY AS l(line, n)) l` + linesEnd
)

// byLines finds the holders of lines.
func (f *finder) byLines(ctx context.Context) error {
	lines := f.q.Lines
	if !f.resumed && len(lines) > 0 && len(lines) <= f.limit {
		if err := f.quickLines(ctx); !errors.Is(err, errMany) {
			return err
		}
	}
	var claimed, listed int64
	if f.resumed {
		from := &f.from
		if from.a < 1 || from.a > int64(len(lines)) {
			return contacts.ErrCursor
		}
		f.base = from.a - 1
		if claimed = from.seq; from.b > 0 {
			claimed, listed = math.MaxInt64, from.seq
		}
		f.last.set(from)
	}
	room := int64(f.limit) + 1
	if f.q.PerLine > 0 {
		room = min(room, int64(f.q.PerLine))
	}
	texts := make([]string, 0, len(lines))
	for _, l := range lines[f.base:] {
		texts = append(texts, digitsOf(l))
	}
	args := []any{f.info.id, any(texts), f.info.domain, f.statuses(), claimed, listed, room, int64(f.limit) + 1 + f.from.hits}
	text := manyLines
	switch len(texts) {
	case 0:
		texts = []string{""} // nobody's line: the state of the scope is still wanted
		fallthrough
	case 1:
		text, args[1] = oneLine, texts[0]
	}
	return f.fill(ctx, &look{text: f.s.sql(text), args: args, columns: []any{&f.row.a, &f.row.b}, complete: func(h *contacts.Hit, at *position) {
		h.Line, h.Shared = lines[at.a-1], at.b > 0
	}})
}
