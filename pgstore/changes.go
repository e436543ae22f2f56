package pgstore

import (
	"time"

	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// changes are the rows that a transaction removes and inserts, a list of columns
// for each statement.
type changes struct {
	superseded seqs
	blanked    records // history of purged contacts, as it is from now on
	blanks     records // what joins it
	created    people
	updated    people
	reindexed  keyRows
	purged     records
	lines      []*line // whose claimers changed
	claimsGone goneClaims
	claims     newClaims
	sharedGone texts
	shared     texts
	wordsGone  texts
	words      wordRows
	turnsGone  texts // by revision, not by contact
	turns      turnRows
	silent     turnRows
	feed       feedRows
	ops        opRows

	arena []byte // of records
}

// record returns a record of a revision with that body.
func (ch *changes) record(revision uint64, body []byte) []byte {
	const head = 11 // bytes of a revision at most
	if n := head + len(body); cap(ch.arena)-len(ch.arena) < n {
		ch.arena = make([]byte, 0, max(n, min(2*cap(ch.arena)+n, 1<<20)))
	}
	start := len(ch.arena)
	ch.arena = append(record.AppendRevision(ch.arena, revision), body...)
	return ch.arena[start:len(ch.arena):len(ch.arena)]
}

// dirty notes that the claimers of a line changed.
func (ch *changes) dirty(ls *line) {
	if !ls.dirty {
		ls.dirty = true
		ch.lines = append(ch.lines, ls)
	}
}

// Bounds of one statement.
const (
	partRows  = 4096
	partBytes = 4 << 20
)

// parts says where the rows of a list are cut into statements.
type parts struct {
	n     int
	cuts  []int
	bytes int
}

// row counts a row of that many bytes.
func (p *parts) row(bytes int) {
	p.n++
	p.bytes += bytes
	last := 0
	if len(p.cuts) > 0 {
		last = p.cuts[len(p.cuts)-1]
	}
	if p.n-last >= partRows || p.bytes >= partBytes {
		p.cuts, p.bytes = append(p.cuts, p.n), 0
	}
}

// each calls fn for the rows of each statement.
func (p *parts) each(fn func(from, to int) error) error {
	from := 0
	for _, to := range p.cuts {
		if err := fn(from, to); err != nil {
			return err
		}
		from = to
	}
	if from < p.n {
		return fn(from, p.n)
	}
	return nil
}

type seqs struct {
	parts
	seq []int64
}

func (r *seqs) add(seq uint64) {
	r.seq = append(r.seq, int64(seq))
	r.row(8)
}

// records are records by contact and revision.
type records struct {
	parts
	seq, rev []int64
	record   [][]byte
}

func (r *records) add(seq, rev uint64, record []byte) {
	r.seq, r.rev = append(r.seq, int64(seq)), append(r.rev, int64(rev))
	r.record = append(r.record, record)
	r.row(16 + len(record))
}

// people are rows of contacts.
type people struct {
	records
	id           []string
	status       []string
	sort         [][]byte
	firstName    []*string
	lastName     []*string
	organization []*string
	cellPhone    []*string
	emails       []*string
	createdAt    []*time.Time
	createdBy    []*string
	updatedAt    []*time.Time
	updatedBy    []*string
}

func (r *people) add(seq, rev uint64, w *prepare.Write, body []byte) {
	r.records.add(seq, rev, body)
	c := columnsOf(w.Contact, w.Status)
	r.id = append(r.id, w.ID)
	r.status = append(r.status, c.status)
	r.sort = append(r.sort, notNull(w.Held.Sort))
	r.firstName = append(r.firstName, c.firstName)
	r.lastName = append(r.lastName, c.lastName)
	r.organization = append(r.organization, c.organization)
	r.cellPhone = append(r.cellPhone, c.cellPhone)
	r.emails = append(r.emails, c.emails)
	r.createdAt = append(r.createdAt, c.createdAt)
	r.createdBy = append(r.createdBy, c.createdBy)
	r.updatedAt = append(r.updatedAt, c.updatedAt)
	r.updatedBy = append(r.updatedBy, c.updatedBy)
}

func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// keyRows are what a Reindex changes in contacts.
type keyRows struct {
	parts
	seq          []int64
	sort, record [][]byte
}

func (r *keyRows) add(seq uint64, sort, record []byte) {
	r.seq = append(r.seq, int64(seq))
	r.sort, r.record = append(r.sort, notNull(sort)), append(r.record, record)
	r.row(8 + len(sort) + len(record))
}

type goneClaims struct {
	parts
	line []string
	slot []int64
}

func (r *goneClaims) add(line string, slot int64) {
	r.line, r.slot = append(r.line, line), append(r.slot, slot)
	r.row(32)
}

type newClaims struct {
	goneClaims
	scope, seq []int64
}

func (r *newClaims) add(line string, slot int64, c claim) {
	r.goneClaims.add(line, slot)
	r.scope, r.seq = append(r.scope, c.scope), append(r.seq, c.seq)
}

// texts are lines or words, by contact.
type texts struct {
	parts
	text []string
	seq  []int64
}

func (r *texts) add(text string, seq uint64) {
	r.text, r.seq = append(r.text, text), append(r.seq, int64(seq))
	r.row(8 + len(text))
}

type wordRows struct {
	texts
	fields []int64
}

func (r *wordRows) add(word string, seq uint64, fields byte) {
	r.texts.add(word, seq)
	r.fields = append(r.fields, int64(fields))
}

type turnRows struct {
	texts
	rev []int64
}

func (r *turnRows) add(line string, rev, seq uint64) {
	r.texts.add(line, seq)
	r.rev = append(r.rev, int64(rev))
}

type feedRows struct {
	parts
	rev, seq, end []int64
	purged        []bool
	token         [][]byte // of the commit, at its first event
}

func (r *feedRows) add(rev, seq uint64, purged bool, end uint64) {
	r.rev, r.seq = append(r.rev, int64(rev)), append(r.seq, int64(seq))
	r.end, r.purged = append(r.end, int64(end)), append(r.purged, purged)
	r.token = append(r.token, nil)
	r.row(32)
}

type opRows struct {
	parts
	op, digest [][]byte
	last       []int64
	answer     []string
}

func (r *opRows) add(op string, digest []byte, last uint64, answer string) {
	r.op, r.digest = append(r.op, []byte(op)), append(r.digest, digest)
	r.last, r.answer = append(r.last, int64(last)), append(r.answer, answer)
	r.row(64 + len(answer))
}
