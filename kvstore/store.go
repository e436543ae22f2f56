package kvstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/calls"
	"github.com/callerbook/contacts/internal/news"
	"github.com/callerbook/contacts/internal/queue"
)

// Options of a Store. Nil and the zero value are ready to use.
type Options struct {
	// ReadOnly refuses all writes with contacts.ErrReadOnly. Nothing is
	// committed to the engine then.
	ReadOnly bool

	// Name is what errors call the store: the name of its file, perhaps.
	// Default: "kvstore".
	Name string
}

// Store is a contacts.Store over an Engine. Besides it offers the optional
// methods Wait, Trim, Load and Check.
//
// All methods may be called from many goroutines at once. The Store starts no
// goroutine and holds no snapshot between calls.
type Store struct {
	engine   Engine
	guard    Guard // nil if the engine is none
	readOnly bool
	name     string

	calls   calls.Gate
	queue   queue.Queue
	scopes  scopeCache
	news    news.Board
	rubbish rubbish
	group   group // of the committer that leads

	pageWork   int       // bound on the work of a page; less in tests
	pileMemory int       // as the constant; less in tests
	finders    sync.Pool // of *finder
}

var (
	_ contacts.Store   = (*Store)(nil)
	_ contacts.Waiter  = (*Store)(nil)
	_ contacts.Trimmer = (*Store)(nil)
	_ contacts.Loader  = (*Store)(nil)
	_ contacts.Checker = (*Store)(nil)
)

// New returns a Store over what engine holds, which may be nothing. The Store
// owns the engine from then on and closes it; after an error the engine is
// still the caller's.
//
// Contents of a newer format are refused with contacts.ErrNewer. What a load
// that was cut off left behind is removed by the first write.
func New(engine Engine, o *Options) (*Store, error) {
	s := &Store{engine: engine, name: "kvstore", pageWork: pageWork, pileMemory: pileMemory}
	s.guard, _ = engine.(Guard)
	if o != nil {
		s.readOnly = o.ReadOnly
		if o.Name != "" {
			s.name = o.Name
		}
	}
	s.calls.Init()
	s.news.Closing = s.calls.Closing
	err := s.snapshot(func(v view) error {
		sn := v.Snapshot
		if _, err := s.readHeader(sn); err != nil {
			return err
		}
		return s.findRubbish(sn)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close refuses new calls, ends every Wait, waits for the other calls under
// way and closes the engine. Calls that begin after it return
// contacts.ErrClosed; another Close returns what the first one returned.
func (s *Store) Close() error {
	return s.calls.Shut(s.engine.Close)
}

// A view is a snapshot, and the age that the scope cache had before it was
// taken: what the cache says and learns by the view is of that age.
type view struct {
	Snapshot
	age uint64
}

// view runs fn for a call on a snapshot of the present state.
func (s *Store) view(ctx context.Context, fn func(view) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	return s.snapshot(fn)
}

// enter begins a call; after it, unless there was an error, calls.Leave ends it.
func (s *Store) enter(ctx context.Context) error {
	err := ctx.Err() // first: a nil context panics here, with nothing held
	if !s.calls.Enter() {
		return fmt.Errorf("%s: %w", s.name, contacts.ErrClosed)
	}
	if err != nil {
		s.calls.Leave()
	}
	return err
}

// snapshot runs fn on a snapshot, under the engine's guard.
func (s *Store) snapshot(fn func(view) error) error {
	if s.guard == nil {
		return s.onSnapshot(fn)
	}
	err := s.guard.Guard(func() error { return s.onSnapshot(fn) })
	if err != nil && errors.Is(err, contacts.ErrDamaged) {
		s.news.WakeAll() // the engine may have no more news
	}
	return err
}

func (s *Store) onSnapshot(fn func(view) error) error {
	age := s.scopes.now()
	sn, err := s.engine.Snapshot()
	if err != nil {
		return err
	}
	defer sn.Release()
	return fn(view{sn, age})
}

// commit has the engine commit what b has collected. Whoever calls it leads
// the queue.
func (s *Store) commit(b *Batch) error {
	if s.guard == nil {
		return s.engine.Commit(context.Background(), b)
	}
	return s.guard.Guard(func() error { return s.engine.Commit(context.Background(), b) })
}

// damaged is the error for an entry that does not fit. It names the table and
// a position in it, and nothing that a contact holds.
func (s *Store) damaged(table byte, scope, position uint64, what string) error {
	return s.flawed(&flaw{table, scope, position, what})
}

// flawed names the store in an error that says where an entry does not fit, or
// that it is of a newer version.
func (s *Store) flawed(err error) error {
	if errors.Is(err, contacts.ErrNewer) {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return fmt.Errorf("%s: file is damaged: %w", s.name, err)
}
