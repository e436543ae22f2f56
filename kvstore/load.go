package kvstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// loadBytes bounds one commit of a load.
const loadBytes = 16 << 20

// Load implements contacts.Loader. Records are written as they come, in
// commits of bounded size between those of other writers, under an id that no
// scope has yet; of their index entries about 300 bytes a contact are kept in
// memory until the sequence ends. They are sorted then and written while
// other writers wait, and the last commit makes the scope. The Applied has no
// Revisions and no IDs.
//
// A load that fails or is cut off leaves nothing that can be seen; what it
// wrote is removed, after a crash by the next write.
func (s *Store) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.calls.leave()
	if s.readOnly {
		return contacts.Applied{}, s.readOnlyError()
	}
	if err := checkHead(scope, &head); err != nil {
		return contacts.Applied{}, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := s.removeRubbish(ctx); err != nil {
		return contacts.Applied{}, err
	}
	l := &loader{s: s, ctx: ctx, scope: scope, head: head}
	l.b = &builder{}
	err := s.exclusive(ctx, l.begin)
	if err == nil {
		err = l.all(records)
	}
	if err == nil {
		err = s.exclusive(ctx, l.finish)
	}
	if err != nil && !l.done {
		l.abandon()
		return contacts.Applied{}, err
	}
	s.tidy(ctx)
	return contacts.Applied{Kept: l.kept, Last: l.st.last, Epoch: l.info.epoch}, nil
}

func checkHead(scope contacts.Scope, h *contacts.LoadHead) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	switch {
	case len(h.Settings) > contacts.MaxSettings:
		return fmt.Errorf("the settings have %d bytes, at most %d are allowed: %w", len(h.Settings), contacts.MaxSettings, contacts.ErrTooLarge)
	case h.UniqueBy > contacts.UniqueByAccount:
		return fmt.Errorf("unique by %d: %w", h.UniqueBy, contacts.ErrInvalid)
	case h.Last != 0 && h.First > h.Last:
		return fmt.Errorf("the feed begins after its end: %w", contacts.ErrInvalid)
	}
	return nil
}

// tidy gives the engine the occasion to clean up after a load. That is no part
// of the load: what the engine cannot do now it may do later.
func (s *Store) tidy(ctx context.Context) {
	if e, ok := s.engine.(Tidier); ok {
		_ = s.exclusive(ctx, func() error { return e.Tidy(ctx) })
	}
}

// loader is one load under way.
type loader struct {
	s     *Store
	ctx   context.Context
	scope contacts.Scope
	head  contacts.LoadHead

	mark loadMark
	info scopeInfo
	st   state
	b    *builder // what is to be committed

	key, value, body []byte // scratch
	lines            []loadLine
	claims           []loadClaim
	seqs             seqSet
	revisions        []uint64 // of events that created nothing
	count            int
	flushed          []byte // the greatest key of tableRecord that was committed
	kept             []contacts.Refusal
	done             bool // the last commit was made
}

// loadLine is an entry of tableLine to be.
type loadLine struct {
	line       phone.Line
	seq, since uint64
	kind       byte
}

// begin reserves a short id.
func (l *loader) begin() error {
	s := l.s
	var b builder
	err := s.snapshot(func(v view) error {
		sn := v.Snapshot
		if _, _, err := l.judgeScope(sn); err != nil {
			return err
		}
		h, err := s.readHeader(sn)
		if err != nil {
			return err
		}
		l.mark.id = h.takeID()
		key := headerKey(nil)
		b.put(key, seal(key, h.encode()))
		key = scopeMetaKey(nil, metaLoad, l.mark.id)
		b.put(key, seal(key, l.mark.encode()))
		return nil
	})
	if err != nil {
		return err
	}
	l.info = newInfo(l.mark.id, l.mark.id, contacts.UniqueByStream)
	l.st = state{index: l.head.Index, first: l.head.First, last: max(l.head.First, l.head.Last)}
	return s.commit(&Batch{Ops: b.ops()})
}

// judgeScope reports whether the scope may be loaded. It returns what there is
// of it, nil if nothing, and its account.
func (l *loader) judgeScope(sn Snapshot) (old *constants, a *account, err error) {
	s := l.s
	g := group{s: s, sn: sn}
	if acc, ok, err := g.account(l.scope.Account); err != nil {
		return nil, nil, err
	} else if ok {
		a = &acc
		if by := l.head.UniqueBy; by != contacts.UniqueByDefault && by != a.uniqueBy {
			return nil, nil, fmt.Errorf("%s: %w", s.name, contacts.ErrUniqueBy)
		}
	}
	id, ok, err := s.scopeID(sn, l.scope)
	if err != nil || !ok {
		return nil, a, err
	}
	c, _, err := s.readConstants(sn, id)
	if err != nil {
		return nil, nil, err
	}
	var st state
	if ok, err = s.readState(sn, id, &st); err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, s.damaged(tableMeta, id, 0, "the state of the scope is missing")
	}
	if st.last != 0 {
		return nil, nil, fmt.Errorf("%s: %w", s.name, contacts.ErrNotEmpty)
	}
	return &c, a, nil
}

// all takes in the records. No snapshot is open while the sequence runs, and
// no turn of the queue taken.
func (l *loader) all(records iter.Seq2[contacts.LoadRecord, error]) error {
	for r, err := range records {
		if err != nil {
			return err
		}
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if l.s.calls.shutting() {
			return fmt.Errorf("%s: %w", l.s.name, contacts.ErrClosed)
		}
		if l.count == math.MaxInt32 {
			return fmt.Errorf("%s: too many records: %w", l.s.name, contacts.ErrTooLarge)
		}
		if err := l.record(&r); err != nil {
			return fmt.Errorf("%s: record %d: %w", l.s.name, l.count, err)
		}
		l.count++
		if l.b.tables[tableRecord-'a'].bytes+l.b.tables[tablePast-'a'].bytes >= loadBytes {
			if err := l.s.exclusive(l.ctx, l.flush); err != nil {
				return err
			}
		}
	}
	return l.s.exclusive(l.ctx, l.flush)
}

// flush commits the records that were taken in.
func (l *loader) flush() error {
	batch := &Batch{Append: true}
	for _, table := range [2]byte{tablePast, tableRecord} {
		r := &l.b.tables[table-'a']
		r.sort()
		for _, e := range r.entries {
			batch.Ops = append(batch.Ops, r.op(e))
		}
		if n := len(r.entries); n > 0 && table == tableRecord {
			if string(r.key(r.entries[0])) < string(l.flushed) {
				batch.Append = false
			}
			if last := r.key(r.entries[n-1]); string(last) > string(l.flushed) {
				l.flushed = append(l.flushed[:0], last...)
			}
		}
	}
	if len(batch.Ops) == 0 {
		return nil
	}
	err := l.s.commit(batch)
	for _, table := range [2]byte{tablePast, tableRecord} {
		l.b.tables[table-'a'] = run{}
	}
	return err
}

// abandon removes what a load wrote that did not end.
func (l *loader) abandon() {
	if l.mark.id == 0 {
		return
	}
	// The caller's context may be what ended the load.
	if err := l.s.removeLoad(context.WithoutCancel(l.ctx), l.mark); err != nil {
		l.s.rubbish.add(l.mark) // the next write tries again
	}
}

var errUsedTwice = errors.New("is used twice")

// seqSet notices numbers that come twice. Ascending ones cost 8 bytes each.
type seqSet struct {
	list []uint64
	set  map[uint64]struct{} // once they come in another order
}

// add reports whether v is new.
func (s *seqSet) add(v uint64) bool {
	if s.set == nil {
		if n := len(s.list); n == 0 || s.list[n-1] < v {
			s.list = append(s.list, v)
			return true
		}
		s.set = make(map[uint64]struct{}, len(s.list)+1)
		for _, x := range s.list {
			s.set[x] = struct{}{}
		}
		s.list = nil
	}
	if _, twice := s.set[v]; twice {
		return false
	}
	s.set[v] = struct{}{}
	return true
}

// has reports whether v was added.
func (s *seqSet) has(v uint64) bool {
	if s.set == nil {
		_, found := slices.BinarySearch(s.list, v)
		return found
	}
	_, found := s.set[v]
	return found
}
