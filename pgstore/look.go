package pgstore

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// manyKeys bounds the keys that one statement looks for.
const manyKeys = 8192

// What the batches of a group depend on. For the LIMIT see the statements of a
// commit.
const (
	sqlStored = `SELECT c.id, c.seq, c.record FROM (SELECT unnest($2::text[]) AS id LIMIT $3) u JOIN {contacts} c ON c.scope = $1 AND c.id = u.id`
	sqlClaims = `SELECT c.line, c.slot, c.scope, c.seq FROM (SELECT unnest($2::text[]) AS line LIMIT $3) u
		JOIN {claims} c ON c.domain = $1 AND c.line = u.line`
	sqlPrior = `SELECT o.op, o.digest, o.last_rev, o.answer FROM (SELECT unnest($2::bytea[]) AS op LIMIT $3) u
		JOIN {ops} o ON o.scope = $1 AND o.op = u.op`
	sqlNames = `SELECT c.seq, c.id, c.first_name, c.last_name FROM (SELECT unnest($2::bigint[]) AS seq LIMIT $3) u
		JOIN {contacts} c ON c.scope = $1 AND c.seq = u.seq`
	sqlNameOf = `SELECT c.id, c.first_name, c.last_name FROM (SELECT unnest($2::text[]) AS id LIMIT $3) u
		JOIN {contacts} c ON c.scope = $1 AND c.id = u.id`
	sqlPast = `SELECT h.seq, h.rev, h.record FROM (SELECT unnest($2::bigint[]) AS seq LIMIT $3) u
		JOIN {history} h ON h.scope = $1 AND h.seq = u.seq`
)

// queueReads asks for contacts by the ids of the batches, the claims of the lines
// that they claim, and answers to their ops.
func (t *try) queueReads(b *pgx.Batch) {
	t.stored = make(map[string]*storedContact)
	t.bySeq = make(map[uint64]*storedContact)
	t.lines = make(map[phone.Line]*line)
	t.names = make(map[uint64]holderName)
	t.prior = make(map[string]*priorAnswer)
	var ids []string
	var ops [][]byte
	var lines []string
	for _, r := range t.g.held {
		p := r.Batch
		if op := p.Batch.Op; op != "" && len(op) <= contacts.MaxOpLen {
			ops = append(ops, []byte(op))
		}
		if p.Err != nil {
			continue
		}
		for i := range p.Writes {
			ids = append(ids, p.Writes[i].ID)
			for _, l := range p.Writes[i].Held.Claims {
				if t.lines[l] == nil {
					lines = append(lines, t.line(l).digits)
				}
			}
		}
	}
	if !t.created {
		for part := range slices.Chunk(ids, manyKeys) {
			b.Queue(t.s.sql(sqlStored), t.info.id, part, len(part)).Query(t.scanStored)
		}
		for part := range slices.Chunk(ops, manyKeys) {
			b.Queue(t.s.sql(sqlPrior), t.info.id, part, len(part)).Query(t.scanPrior)
		}
	}
	t.queueClaims(b, lines)
}

func (t *try) queueClaims(b *pgx.Batch, lines []string) {
	if t.created && t.info.domain == t.info.id {
		return
	}
	for part := range slices.Chunk(lines, manyKeys) {
		b.Queue(t.s.sql(sqlClaims), t.info.domain, part, len(part)).Query(t.scanClaims)
	}
}

func (t *try) scanStored(rows pgx.Rows) error {
	for rows.Next() {
		var id string
		var seq int64
		c := &storedContact{}
		if err := rows.Scan(&id, &seq, &c.record); err != nil {
			return err
		}
		c.seq = uint64(seq)
		t.stored[id], t.bySeq[c.seq] = c, c
	}
	return rows.Err()
}

func (t *try) scanClaims(rows pgx.Rows) error {
	for rows.Next() {
		var digits string
		var c claim
		if err := rows.Scan(&digits, &c.slot, &c.scope, &c.seq); err != nil {
			return err
		}
		l, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return fmt.Errorf("a claim of a line that is no number: %w", contacts.ErrDamaged)
		}
		t.line(phone.Line(l)).load(c)
	}
	return rows.Err()
}

// queueMissing asks for what the contacts that were read show to be needed: the
// claimers of lines that they give up, where there may be others; the past of
// those that are purged; names of those who hold the lines of others.
func (t *try) queueMissing(b *pgx.Batch) error {
	alone := t.state.duplicates == 0 && t.info.domain == t.info.id // nobody shares a claim
	var released []string
	var purged []int64
	for _, r := range t.g.held {
		if r.Batch.Err != nil {
			continue
		}
		for i := range r.Batch.Writes {
			w := &r.Batch.Writes[i]
			c := t.stored[w.ID]
			if c == nil {
				continue
			}
			if w.Kind == contacts.Purge {
				purged = append(purged, int64(c.seq))
			}
			var held record.Held
			if !record.DecodeHeld(c.record, &held) {
				return t.Damaged(c.seq, "a record that cannot be read")
			}
			for _, l := range held.Claims {
				if t.lines[l] != nil {
					continue
				}
				ls := t.line(l)
				if alone {
					ls.load(claim{scope: t.info.id, seq: int64(c.seq)})
				} else {
					released = append(released, ls.digits)
				}
			}
		}
	}
	t.queueClaims(b, released)
	for part := range slices.Chunk(purged, manyKeys) {
		b.Queue(t.s.sql(sqlPast), t.info.id, part, len(part)).Query(t.scanPast)
	}
	for part := range slices.Chunk(t.strangers(), manyKeys) {
		b.Queue(t.s.sql(sqlNames), t.info.id, part, len(part)).Query(t.scanNames)
	}
	if ids := t.priorHolders(); len(ids) > 0 {
		t.holder = make(map[string]string)
		for part := range slices.Chunk(ids, manyKeys) {
			b.Queue(t.s.sql(sqlNameOf), t.info.id, part, len(part)).Query(t.scanNameOf)
		}
	}
	return nil
}

// strangers returns the contacts, beside those that the group writes, that are
// the first to stand in the way of a claim.
func (t *try) strangers() []int64 {
	var list []int64
	for _, ls := range t.lines {
		for _, h := range ls.Of(uint64(t.info.id)) {
			if t.bySeq[h.Seq] == nil {
				list = append(list, int64(h.Seq))
				break
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (t *try) scanNames(rows pgx.Rows) error {
	for rows.Next() {
		var seq int64
		var id string
		var first, last *string
		if err := rows.Scan(&seq, &id, &first, &last); err != nil {
			return err
		}
		t.names[uint64(seq)] = holderName{id, fullName(first, last)}
	}
	return rows.Err()
}

func (t *try) scanNameOf(rows pgx.Rows) error {
	for rows.Next() {
		var id string
		var first, last *string
		if err := rows.Scan(&id, &first, &last); err != nil {
			return err
		}
		t.holder[id] = fullName(first, last)
	}
	return rows.Err()
}

// fullName is the name in the columns first_name and last_name.
func fullName(first, last *string) string {
	var f, l string
	if first != nil {
		f = *first
	}
	if last != nil {
		l = *last
	}
	return contacts.FullName(f, l)
}

// scanPast notes of superseded records which there are and what lines they held.
func (t *try) scanPast(rows pgx.Rows) error {
	for rows.Next() {
		var seq, rev int64
		var body []byte
		if err := rows.Scan(&seq, &rev, &body); err != nil {
			return err
		}
		c := t.bySeq[uint64(seq)]
		var h record.Held
		if c == nil || !record.DecodeHeld(body, &h) {
			return t.Damaged(uint64(seq), "a record that cannot be read")
		}
		c.past = append(c.past, pastRecord{uint64(rev), turnsOf(&h)})
	}
	return rows.Err()
}

// turnsOf returns the lines that turns may have rows of at the event of a record:
// those that the contact held then, and those that it gave up.
func turnsOf(h *record.Held) []phone.Line {
	return slices.Concat(h.Claims, h.Shared, h.Ended)
}

// Name implements judge.View.
func (t *try) Name(seq uint64) (id, fullName string, err error) {
	if n, ok := t.names[seq]; ok {
		return n.id, n.name, nil
	}
	if c := t.bySeq[seq]; c != nil {
		if id, name, ok := record.DecodeName(c.record); ok {
			return id, name, nil
		}
	}
	return "", "", t.Damaged(seq, "the record of who claims a line")
}

// Damaged implements judge.View.
func (t *try) Damaged(seq uint64, what string) error {
	return &failure{fmt.Errorf("scope %d, contact %d: %s: %w", t.info.id, seq, what, contacts.ErrDamaged)}
}

// line is the state of a line, and where its claims stand in the table.
type line struct {
	judge.Line
	digits string
	stored []claim // as read
	added  []claim // in order; slots are given at the end
	dirty  bool    // it is among the lines that changed
}

// claim is a row of claims.
type claim struct{ slot, scope, seq int64 }

// load takes in a claim as stored.
func (ls *line) load(c claim) {
	ls.stored = append(ls.stored, c)
	ls.Add(judge.Holder{Scope: uint64(c.scope), Seq: uint64(c.seq)})
}

// digitsOf is how the tables hold a line.
func digitsOf(l phone.Line) string { return strconv.FormatUint(uint64(l), 10) }
