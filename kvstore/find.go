package kvstore

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cursor"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// Bounds on the work that one page costs, whatever it finds. The unit is a look
// at an entry of an index in a row of them, some 25 ns.
const (
	pageWork   = 50_000
	seekCost   = 48      // of a jump in an index
	recordCost = 72      // of a record that is read, and
	bytesCost  = 256     // for each so many bytes of it
	pageBytes  = 4 << 20 // bytes of contacts returned
)

// Find implements contacts.Store. A page ends soon after it has cost pageWork,
// beside the entries that Skip passes over; contacts that have to be put in order
// may cost as much again.
func (s *Store) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	f, ok := s.finders.Get().(*finder)
	if !ok {
		f = &finder{s: s}
	}
	page, err := f.find(ctx, scope, q)
	f.reset()
	s.finders.Put(f)
	return page, err
}

func (f *finder) find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	s := f.s
	f.query = q
	f.q, f.limit, f.skip, f.bound = &f.query, prepare.Limit(q.Limit), q.Skip, s.pageWork
	if err := f.check(); err != nil {
		return contacts.Page{}, err
	}
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		info, err := s.find(v, scope)
		if err != nil {
			return err
		}
		if info == nil {
			if q.Cursor != "" {
				return s.cursorError()
			}
			return nil
		}
		f.sn, f.info = sn, info
		index, err := s.indexState(v, scope, info.id)
		if err != nil {
			return err
		}
		f.page.Index, f.page.Reindexing = index.version, index.reindexing
		return f.run(scope)
	})
	if err != nil {
		return contacts.Page{}, err
	}
	return f.page, nil
}

func (s *Store) cursorError() error { return fmt.Errorf("%s: %w", s.name, contacts.ErrCursor) }

// finder carries out one query at a time.
type finder struct {
	s     *Store
	sn    Snapshot
	info  *scopeInfo
	q     *contacts.Query
	query contacts.Query
	limit int
	skip  int
	bound int                           // on work
	want  [record.StatusPurged + 1]bool // by status

	page  contacts.Page
	at    []byte // position of the entry looked at last; at first, of the cursor
	hit   []byte // position of the last hit
	work  int
	moved bool // an entry was looked at
	bytes int
	more  bool // the page ends before the list does
	full  bool // because there is no room in it

	// Memory for keys and for the entries of scan, to save allocations.
	mem   [192]byte
	used  int
	chunk *chunk
	key   []byte // of a record

	held    record.Held // of the record read last
	matched [][]byte    // words of it
}

// reset makes f ready for another query and keeps some of its memory.
func (f *finder) reset() {
	if f.chunk != nil && cap(f.chunk.buf) > 1<<16 {
		f.chunk = nil
	}
	clear(f.held.Words[:cap(f.held.Words)]) // parts of records
	clear(f.matched[:cap(f.matched)])
	*f = finder{
		s: f.s, at: f.at[:0], hit: f.hit[:0], chunk: f.chunk, key: f.key[:0],
		held:    record.Held{Words: f.held.Words[:0], Claims: f.held.Claims[:0], Shared: f.held.Shared[:0], Ended: f.held.Ended[:0]},
		matched: f.matched[:0],
	}
}

// join returns a new slice of all parts in a row.
func (f *finder) join(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	var b []byte
	if len(f.mem)-f.used >= n {
		b = f.mem[f.used : f.used : f.used+n]
		f.used += n
	} else {
		b = make([]byte, 0, n)
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// check judges the query by itself.
func (f *finder) check() error {
	if err := prepare.Query(f.q); err != nil {
		return fmt.Errorf("%s: %w", f.s.name, err)
	}
	for _, st := range f.q.Status {
		b, _ := record.StatusByte(st)
		f.want[b] = true
	}
	if len(f.q.Status) == 0 {
		f.want[record.StatusActive] = true
	}
	return nil
}

// run fills the page.
func (f *finder) run(scope contacts.Scope) error {
	var ok bool
	var bind []byte
	if f.q.Cursor != "" {
		bind = cursor.Bind(scope, f.info.epoch, f.q)
		if f.at, ok = cursor.Open(f.info.secret, bind, f.q.Cursor); !ok || len(f.at) == 0 {
			return f.s.cursorError()
		}
	}
	var err error
	switch q := f.q; {
	case q.Lines != nil:
		err = f.byLines()
	case q.Words != nil:
		err = f.byWords()
	case q.Prefixes != nil:
		err = f.byPrefixes()
	case q.Suffix != "":
		err = f.bySuffix()
	case q.Duplicates:
		err = f.byDuplicates()
	case q.Order == contacts.ByCreation:
		err = f.byCreation()
	case q.Order == contacts.ByChange:
		err = f.byChange()
	default:
		err = f.byName()
	}
	if err != nil {
		return err
	}
	f.page.Work = max(float64(f.work)/float64(f.bound), float64(f.bytes)/pageBytes)
	if f.more {
		if bind == nil {
			bind = cursor.Bind(scope, f.info.epoch, f.q)
		}
		f.page.Next = cursor.Seal(f.info.secret, bind, f.at)
	}
	return nil
}

// exhausted reports whether the page has cost what a page may cost. It then
// ends behind the entry looked at last.
func (f *finder) exhausted() bool {
	if f.work < f.bound || f.skip > 0 || !f.moved {
		return false
	}
	f.more = true
	f.page.Partial = len(f.page.Hits) < f.limit
	return true
}

// offer adds a contact to the page, if it is in a state that is wanted. It
// returns false when the page is full: then there is a next one, which begins
// behind the last hit.
func (f *finder) offer(seq uint64, body []byte, fill func(*contacts.Hit)) (bool, error) {
	_, status, ok := record.Peek(body)
	if !ok {
		return false, f.s.damaged(tableRecord, f.info.id, seq, "a record that cannot be read")
	}
	if !f.want[status] {
		return true, nil
	}
	if f.skip > 0 {
		f.skip--
		return true, nil
	}
	if n := len(f.page.Hits); n >= f.limit || n > 0 && f.bytes+len(body) > pageBytes {
		f.more, f.full = true, true
		f.page.Partial = n < f.limit
		f.at = append(f.at[:0], f.hit...)
		return false, nil
	}
	if f.page.Hits == nil {
		f.page.Hits = make([]contacts.Hit, 0, f.guess())
	}
	f.page.Hits = append(f.page.Hits, contacts.Hit{Created: seq})
	h := &f.page.Hits[len(f.page.Hits)-1]
	if !record.Decode(body, &h.Contact) {
		return false, f.s.damaged(tableRecord, f.info.id, seq, "a record that cannot be read")
	}
	if fill != nil {
		fill(h)
	}
	f.bytes += len(body)
	f.hit = append(f.hit[:0], f.at...)
	return true, nil
}

// guess is how many hits to make room for at once.
func (f *finder) guess() int {
	if f.q.Lines != nil {
		return min(f.limit, len(f.q.Lines))
	}
	return min(f.limit, contacts.DefaultLimit)
}

// moveTo remembers the position of the entry that is looked at.
func (f *finder) moveTo(parts ...[]byte) {
	f.moved = true
	f.at = f.at[:0]
	for _, p := range parts {
		f.at = append(f.at, p...)
	}
}

// record returns the present record of a contact that an index led to.
func (f *finder) record(seq uint64) ([]byte, error) {
	body, _, err := f.s.recordAt(f.sn, f.info.id, seq, &f.key)
	f.work += recordCost + len(body)/bytesCost
	return body, err
}

// astray is the error for an index entry that its record does not confirm.
func (f *finder) astray(table byte, seq uint64) error {
	return f.s.damaged(table, f.info.id, seq, "an index entry does not fit its record")
}
