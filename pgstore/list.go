package pgstore

import (
	"bytes"
	"context"
	"math"

	"github.com/callerbook/contacts"
)

// Listings by name. The index keeps each status apart: one is read as it
// stands, several are merged. A position is the sort key and seq. The first
// page may begin behind as many as Skip says, which costs a walk over as much
// of the index.
const (
	byNamePage reversible = `, LATERAL (
			SELECT c.seq, c.record, c.sort FROM (
				SELECT seq, record, sort FROM {contacts} c WHERE scope = $1 AND status = (SELECT $2::text) AND (sort, seq) {>} (z.sort, z.seq)
				ORDER BY sort {asc}, seq {asc} LIMIT 1001
			) c ORDER BY sort {asc}, seq {asc} LIMIT (SELECT $5::bigint)
		) c`

	byNamesPage reversible = `, LATERAL (
			SELECT c.seq, c.record, c.sort FROM (
				(SELECT seq, record, sort FROM {contacts} c WHERE scope = $1 AND status = 'active' AND 'active' = ANY((SELECT $2::text[])::text[])
				AND (sort, seq) {>} (z.sort, z.seq) ORDER BY sort {asc}, seq {asc} LIMIT 1001)
				UNION ALL
				(SELECT seq, record, sort FROM {contacts} c WHERE scope = $1 AND status = 'inactive' AND 'inactive' = ANY((SELECT $2::text[])::text[])
				AND (sort, seq) {>} (z.sort, z.seq) ORDER BY sort {asc}, seq {asc} LIMIT 1001)
				UNION ALL
				(SELECT seq, record, sort FROM {contacts} c WHERE scope = $1 AND status = 'merged' AND 'merged' = ANY((SELECT $2::text[])::text[])
				AND (sort, seq) {>} (z.sort, z.seq) ORDER BY sort {asc}, seq {asc} LIMIT 1001)
				ORDER BY sort {asc}, seq {asc} LIMIT 1001
			) c ORDER BY sort {asc}, seq {asc} LIMIT (SELECT $5::bigint)
		) c`

	byNameHead reversible = pageHead + `
		SELECT sum(octet_length(c.record)) OVER (ORDER BY c.sort {asc}, c.seq {asc} ROWS UNBOUNDED PRECEDING) - octet_length(c.record) AS before,
			c.seq, c.record, c.sort FROM `

	fromName = `(SELECT (SELECT $3::bytea) AS sort, (SELECT $4::bigint) AS seq) z`

	skipName reversible = `(SELECT sort, seq FROM {contacts} WHERE scope = $1 AND status = $2 AND (sort, seq) {>} ($3, $4)
			ORDER BY sort {asc}, seq {asc} OFFSET $6 LIMIT 1) z`

	skipNames reversible = `(
			(SELECT sort, seq FROM {contacts} WHERE scope = $1 AND status = 'active' AND 'active' = ANY((SELECT $2::text[])::text[])
			AND (sort, seq) {>} ($3, $4) ORDER BY sort {asc}, seq {asc})
			UNION ALL
			(SELECT sort, seq FROM {contacts} WHERE scope = $1 AND status = 'inactive' AND 'inactive' = ANY((SELECT $2::text[])::text[])
			AND (sort, seq) {>} ($3, $4) ORDER BY sort {asc}, seq {asc})
			UNION ALL
			(SELECT sort, seq FROM {contacts} WHERE scope = $1 AND status = 'merged' AND 'merged' = ANY((SELECT $2::text[])::text[])
			AND (sort, seq) {>} ($3, $4) ORDER BY sort {asc}, seq {asc})
			ORDER BY sort {asc}, seq {asc} OFFSET $6 LIMIT 1) z`

	byName      = byNameHead + fromName + byNamePage + pageEnd
	byNameSkip  = byNameHead + skipName + byNamePage + pageEnd
	byNames     = byNameHead + fromName + byNamesPage + pageEnd
	byNamesSkip = byNameHead + skipNames + byNamesPage + pageEnd
)

// byName lists contacts by sort key.
func (f *finder) byName(ctx context.Context) error {
	states := f.statuses()
	start := f.from
	switch {
	case f.resumed:
	case f.q.Reverse:
		start = position{text: endOfPrefix(f.q.From)}
	default:
		start = position{text: []byte(f.q.From[:min(len(f.q.From), contacts.MaxKeyLen+1)])} // no sort key is longer
	}
	args := []any{f.info.id, any(states), start.text, start.seq, int64(f.limit + 1)}
	text := byNames
	if len(states) == 1 {
		text, args[1] = byName, states[0]
	}
	if f.q.Skip > 0 {
		args = append(args, int64(f.q.Skip-1))
		if text = byNamesSkip; len(states) == 1 {
			text = byNameSkip
		}
	}
	return f.fill(ctx, &look{text: f.s.ordered(text, f.q.Reverse), args: args, columns: []any{&f.row.text}})
}

// endOfPrefix returns the smallest sort key behind all that begin with a text,
// or what is behind all that there are.
func endOfPrefix(text string) []byte {
	end := []byte(text[:min(len(text), contacts.MaxKeyLen+1)])
	for len(end) > 0 && end[len(end)-1] == 0xFF {
		end = end[:len(end)-1]
	}
	if len(end) == 0 {
		return bytes.Repeat([]byte{0xFF}, contacts.MaxKeyLen+1)
	}
	end[len(end)-1]++
	return end
}

// Listings by creation and by change pass over contacts in other states, up to
// 10000 of them. A position is the seq, or the rev.
const (
	byCreation reversible = pageHead + `
		SELECT sum(coalesce(octet_length(c.record), 0)) OVER (ORDER BY c.seq {asc} ROWS UNBOUNDED PRECEDING) - coalesce(octet_length(c.record), 0) AS before,
			c.seq, c.record, 0::bigint FROM (
			SELECT e.seq, CASE WHEN e.n < 10000 THEN e.record END AS record FROM (
				SELECT c.*, row_number() OVER (ORDER BY seq {asc}) AS n FROM (
					SELECT seq, status, record FROM {contacts} WHERE scope = $1 AND seq {>} `

	byCreationEnd reversible = `
					ORDER BY seq {asc} LIMIT 10000
				) c
			) e WHERE e.status = ANY((SELECT $2::text[])::text[]) OR e.n = 10000 ORDER BY e.seq {asc} LIMIT (SELECT $4::bigint)
		) c` + pageEnd

	byChange reversible = pageHead + `
		SELECT sum(coalesce(octet_length(c.record), 0)) OVER (ORDER BY c.rev {asc} ROWS UNBOUNDED PRECEDING) - coalesce(octet_length(c.record), 0) AS before,
			c.seq, c.record, c.rev FROM (
			SELECT e.seq, e.rev, CASE WHEN e.n < 10000 THEN e.record END AS record FROM (
				SELECT c.*, row_number() OVER (ORDER BY rev {asc}) AS n FROM (
					SELECT seq, rev, status, record FROM {contacts} WHERE scope = $1 AND rev {>} `

	byChangeEnd reversible = `
					ORDER BY rev {asc} LIMIT 10000
				) c
			) e WHERE e.status = ANY((SELECT $2::text[])::text[]) OR e.n = 10000 ORDER BY e.rev {asc} LIMIT (SELECT $4::bigint)
		) c` + pageEnd

	skipSeq reversible = `(SELECT seq FROM {contacts} WHERE scope = $1 AND status = ANY($2) AND seq {>} $3 ORDER BY seq {asc} OFFSET $5 LIMIT 1)`
	skipRev reversible = `(SELECT rev FROM {contacts} WHERE scope = $1 AND status = ANY($2) AND rev {>} $3 ORDER BY rev {asc} OFFSET $5 LIMIT 1)`

	creation     = byCreation + `(SELECT $3::bigint)` + byCreationEnd
	creationSkip = byCreation + skipSeq + byCreationEnd
	change       = byChange + `(SELECT $3::bigint)` + byChangeEnd
	changeSkip   = byChange + skipRev + byChangeEnd
)

// byPosition lists contacts by creation or by change.
func (f *finder) byPosition(ctx context.Context) error {
	start := f.from.seq
	if f.q.Order == contacts.ByChange {
		start = f.from.a
	}
	if !f.resumed && f.q.Reverse {
		start = math.MaxInt64
	}
	args := []any{f.info.id, f.statuses(), start, int64(f.limit + 1)}
	if f.q.Skip > 0 {
		args = append(args, int64(f.q.Skip-1))
	}
	var text reversible
	switch byCreation, skip := f.q.Order == contacts.ByCreation, f.q.Skip > 0; {
	case byCreation && skip:
		text = creationSkip
	case byCreation:
		text = creation
	case skip:
		text = changeSkip
	default:
		text = change
	}
	return f.fill(ctx, &look{text: f.s.ordered(text, f.q.Reverse), args: args, columns: []any{&f.row.a}})
}
