package kvstore

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
	"github.com/callerbook/contacts/internal/prepare"
)

// loadBytes bounds one commit of a load, spillBytes that into an engine which
// keeps more than fits in memory.
const (
	loadBytes  = 4 << 20
	spillBytes = 1 << 20
)

// Load implements contacts.Loader. The Applied has no Revisions and no IDs.
//
// Into an engine that is a Spiller it takes some 10 MB of memory, whatever the
// number of records: all that is to be written is sorted in temporary files
// until the sequence ends. Then, while other writers wait, it is merged into the
// engine at once, if that is a Merger, or written in commits of bounded size, the
// last of which makes the scope. Into any other engine records are written as
// they come, between the commits of other writers, under an id that no scope
// has yet, and their index entries, about 300 bytes a contact, are kept in
// memory.
//
// A load that fails or is cut off leaves nothing that can be seen; what it
// wrote is removed, after a crash by the next write.
func (s *Store) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.calls.Leave()
	if s.readOnly {
		return contacts.Applied{}, s.readOnlyError()
	}
	if err := prepare.Head(scope, &head); err != nil {
		return contacts.Applied{}, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := s.removeRubbish(ctx); err != nil {
		return contacts.Applied{}, err
	}
	l := &loader{s: s, ctx: ctx, scope: scope, head: head, b: &builder{}, pile: newPile(s.engine, s.pileMemory)}
	l.loading = prepare.NewLoading(head)
	l.numbers = extsort.NewDistinct(l.pile.options(40))
	defer l.pile.close()
	defer func() { _ = l.numbers.Close() }()
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
	b    *builder // what makes the scope

	prefix  int // length of what all keys of a table begin with
	pile    *pile
	loading *prepare.Loading
	numbers *extsort.Distinct // positions and revisions
	err     error             // of pile or numbers

	key, value []byte // scratch
	count      int
	last       ['z' + 1 - 'a'][]byte // the greatest key of a table that was committed
	kept       []contacts.Refusal
	done       bool // the last commit was made
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
	l.prefix = len(appendTable(nil, tableRecord, l.mark.id))
	l.info = newInfo(l.mark.id, l.mark.id, contacts.UniqueByStream)
	l.st = state{index: l.head.Index, first: l.head.First}
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
		if l.s.calls.Shutting() {
			return fmt.Errorf("%s: %w", l.s.name, contacts.ErrClosed)
		}
		if l.count == math.MaxInt32 {
			return fmt.Errorf("%s: too many records: %w", l.s.name, contacts.ErrTooLarge)
		}
		err = l.record(&r)
		if l.err != nil { // of a temporary file, and not the record's
			return fmt.Errorf("%s: %w", l.s.name, l.err)
		}
		if err != nil {
			return fmt.Errorf("%s: record %d: %w", l.s.name, l.count, err)
		}
		l.count++
		if l.pile.create == nil && l.pile.bytes[tableRecord-'a']+l.pile.bytes[tablePast-'a'] >= loadBytes {
			if err := l.s.exclusive(l.ctx, l.flush); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush commits the records that were taken in.
func (l *loader) flush() error {
	if err := l.commitTable(tablePast); err != nil {
		return err
	}
	return l.commitTable(tableRecord)
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
