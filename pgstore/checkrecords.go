package pgstore

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// The rows of sqlCheckRecords, in this order at each revision.
const (
	rowPast = iota
	rowPresent
	rowTurn
)

// The states of each contact, oldest first, each before its rows of turns.
const sqlCheckRecords = `SELECT scope, seq, rev, 0 AS kind, record, NULL AS line, NULL AS id, NULL AS status, NULL AS sort,
	NULL AS first_name, NULL AS last_name, NULL AS organization, NULL AS cell_phone, NULL AS emails,
	NULL AS created_at, NULL AS created_by, NULL AS updated_at, NULL AS updated_by
	FROM {history} WHERE scope > $1 AND scope <= $2
	UNION ALL SELECT scope, seq, rev, 1, record, NULL, id, status, sort, first_name, last_name, organization, cell_phone, emails,
	created_at, created_by, updated_at, updated_by FROM {contacts} WHERE scope > $1 AND scope <= $2
	UNION ALL SELECT scope, seq, rev, 2, NULL, line, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
	FROM {turns} WHERE scope > $1 AND scope <= $2
	ORDER BY 1, 2, 3, 4`

// storedRow is a row of sqlCheckRecords.
type storedRow struct {
	scope, seq, rev int64
	kind            int
	body            []byte
	line            *string
	id              *string
	status          *string
	sort            []byte
	columns         columns
}

// life is a contact whose states are read, one after the other.
type life struct {
	c   *checker
	sc  *checked
	row storedRow

	scope, seq int64 // of the contact
	rev        int64 // of its last state so far
	present    bool  // that is its present one
	held       []phone.Line
	turns      []string // lines that are to have a row at rev, and had none so far
	may        []string // lines that may have one, where it is not known what was held before
}

// records reads all records, and notes what follows from them.
func (c *checker) records() error {
	l := life{c: c}
	r := &l.row
	err := c.each(sqlCheckRecords, []any{&r.scope, &r.seq, &r.rev, &r.kind, (*pgtype.DriverBytes)(&r.body), &r.line, &r.id, &r.status,
		(*pgtype.DriverBytes)(&r.sort), &r.columns.firstName, &r.columns.lastName, &r.columns.organization, &r.columns.cellPhone, &r.columns.emails,
		&r.columns.createdAt, &r.columns.createdBy, &r.columns.updatedAt, &r.columns.updatedBy}, l.next, c.low, c.high)
	if err != nil {
		return err
	}
	return l.end()
}

// next takes a row in.
func (l *life) next() error {
	r := &l.row
	if r.scope != l.scope || r.seq != l.seq {
		if err := l.end(); err != nil {
			return err
		}
		sc, err := l.c.scope([...]string{"history", "contacts", "turns"}[r.kind], r.scope)
		if err != nil {
			return err
		}
		*l = life{c: l.c, row: *r, sc: sc, scope: r.scope, seq: r.seq}
	}
	if r.kind == rowTurn {
		return l.turn()
	}
	return l.state()
}

// end ends a contact.
func (l *life) end() error {
	if l.seq != 0 && l.rev != 0 && !l.present {
		return damagedAt("contacts", l.scope, l.seq, "a contact is missing that has superseded records")
	}
	return l.endState()
}

// endState ends a state, all of whose turns were read.
func (l *life) endState() error {
	if len(l.turns) > 0 {
		return damagedAt("turns", l.scope, l.rev, "a line that was begun or ceased to be held at that revision is missing")
	}
	return nil
}

// turn takes a row of turns in. What was trimmed may still be there.
func (l *life) turn() error {
	r := &l.row
	if r.rev <= l.sc.first {
		return nil
	}
	if r.rev != l.rev || r.line == nil {
		return damagedAt("turns", l.scope, r.rev, "the contact has no such revision")
	}
	if i := slices.Index(l.turns, *r.line); i >= 0 {
		l.turns = slices.Delete(l.turns, i, i+1)
		return nil
	}
	if i := slices.Index(l.may, *r.line); i >= 0 {
		l.may = slices.Delete(l.may, i, i+1)
		return nil
	}
	return damagedAt("turns", l.scope, r.rev, "a line that was neither begun nor ceased to be held at that revision")
}

// state takes a record in.
func (l *life) state() error {
	if err := l.endState(); err != nil {
		return err
	}
	r := &l.row
	table := "history"
	if r.kind == rowPresent {
		table = "contacts"
	}
	if l.present {
		return damagedAt("history", l.scope, l.seq, "a superseded record is newer than the contact")
	}
	var c contacts.Contact
	var h record.Held
	revision, status, ok := record.Peek(r.body)
	if !ok || !record.Decode(r.body, &c) || !record.DecodeHeld(r.body, &h) {
		return damagedAt(table, l.scope, l.seq, "a record that cannot be read")
	}
	if int64(revision) != r.rev || r.rev < l.seq || r.rev > l.sc.last || l.seq < 1 || !prepare.ValidID(c.ID) || !utf8.ValidString(c.FullName) {
		return damagedAt(table, l.scope, l.seq, "the contents of a record")
	}
	l.expectTurns(&h)
	l.rev, l.held = r.rev, h.Lines()
	l.present = r.kind == rowPresent
	if r.rev > l.sc.first {
		l.c.key = appendFeedKey(l.c.key[:0], l.seq, l.present && status == record.StatusPurged, r.rev)
		l.c.expect(l.sc, tableFeed)
	}
	if l.present {
		return l.contact(&c, &h, status)
	}
	return nil
}

// appendFeedKey appends the key by which rows of feed are compared.
func appendFeedKey(b []byte, seq int64, purged bool, rev int64) []byte {
	b = strconv.AppendBool(b, purged)
	return append(appendNumbers(b, uint64(seq), 0), appendNumbers(nil, uint64(rev), 0)[:8]...)
}

// expectTurns notes which lines have to have a row of turns at a state: those that
// were not held before it, and those that it gave up. Where the state before is
// not known, because it was trimmed or not loaded, the former only may.
func (l *life) expectTurns(h *record.Held) {
	l.turns, l.may = nil, nil
	if l.row.rev <= l.sc.first {
		return
	}
	for _, line := range h.Ended {
		if text := digitsOf(line); !slices.Contains(l.turns, text) {
			l.turns = append(l.turns, text)
		}
	}
	known := l.rev > l.sc.first || l.row.rev == l.seq
	for _, line := range h.Lines() {
		text := digitsOf(line)
		switch {
		case known && slices.Contains(l.held, line) || slices.Contains(l.turns, text):
		case !known:
			l.may = append(l.may, text)
		default:
			l.turns = append(l.turns, text)
		}
	}
}

// contact compares a contact with its columns and notes what it is found by.
func (l *life) contact(c *contacts.Contact, h *record.Held, status byte) error {
	r, k, seq := &l.row, l.c, uint64(l.seq)
	l.sc.contacts[status]++
	want := columnsOf(c, status)
	if r.id == nil || *r.id != c.ID || r.status == nil || *r.status != want.status || string(r.sort) != string(h.Sort) || !r.columns.same(&want) {
		return damagedAt("contacts", l.scope, l.seq, "the columns are not those of the record")
	}
	for _, line := range h.Claims {
		k.key = appendLineKey(k.key[:0], line, seq)
		k.expect(l.sc, tableClaims)
	}
	for _, line := range h.Shared {
		k.key = appendLineKey(k.key[:0], line, seq)
		k.expect(l.sc, tableShared)
	}
	for _, w := range h.Words {
		text := record.WordText(w)
		for _, letter := range string(text) {
			if _, ok := l.sc.letters[letter]; !ok {
				return damagedAt("scopes", l.scope, l.seq, "a letter of a word is missing")
			}
		}
		k.key = appendWordKey(k.key[:0], w[0], text, seq)
		k.expect(l.sc, tableWords)
	}
	return nil
}

// appendWordKey appends the key by which rows of words are compared.
func appendWordKey(b []byte, fields byte, text []byte, seq uint64) []byte {
	return appendTextKey(append(b, fields), text, seq)
}

// same reports whether two contacts have the same columns, but for the status.
func (c *columns) same(d *columns) bool {
	return sameText(c.firstName, d.firstName) && sameText(c.lastName, d.lastName) && sameText(c.organization, d.organization) &&
		sameText(c.cellPhone, d.cellPhone) && sameText(c.emails, d.emails) && sameText(c.createdBy, d.createdBy) &&
		sameText(c.updatedBy, d.updatedBy) && sameTime(c.createdAt, d.createdAt) && sameTime(c.updatedAt, d.updatedAt)
}

func sameText(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
