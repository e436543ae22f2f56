package pgstore

import (
	"context"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/calls"
	"github.com/callerbook/contacts/internal/news"
)

// Store is a contacts.Store in the tables of a database. Besides it offers the
// optional methods Wait, Trim, Load, Check and Fork, and RenewEpochs. It is no
// contacts.Backuper: pg_dump and the database's own backups take all of it at
// one moment (see RenewEpochs for putting one back).
//
// All methods may be called from many goroutines at once, and any number of
// Stores, in any number of processes, may have the same tables open.
type Store struct {
	pool    *pgxpool.Pool
	ownPool bool            // Close closes it
	forked  *pgxpool.Config // of a fork: what its pool was made of
	o       Options
	dialect dialect
	texts   sync.Map     // of statements, by sized
	size    atomic.Int64 // see grown

	calls  calls.Gate
	scopes scopeCache
	lanes  lanes         // batches that wait, by scope
	idle   time.Duration // idleTime, but in tests
	news   news.Board
	post   post // announces commits, and hears of those of others
}

var (
	_ contacts.Store   = (*Store)(nil)
	_ contacts.Waiter  = (*Store)(nil)
	_ contacts.Trimmer = (*Store)(nil)
	_ contacts.Loader  = (*Store)(nil)
	_ contacts.Checker = (*Store)(nil)
	_ contacts.Forker  = (*Store)(nil)
	_ contacts.Distant = (*Store)(nil)
)

// name stands before the text of errors.
const name = "pgstore"

// init makes ready what has no useful zero value.
func (s *Store) init() {
	s.calls.Init()
	s.idle = idleTime
	s.news.Closing = s.calls.Closing
	s.post.init(s)
}

// Distant implements contacts.Distant.
func (s *Store) Distant() bool { return true }

// Close refuses new calls, ends every Wait, waits for the other calls under way,
// and closes the connections if the Store made them. Calls that wait to try again
// give up then; one that waits for the answer of a database that hangs, without a
// word, has it wait too, until its context ends. Calls that begin after it return
// contacts.ErrClosed; another Close returns what the first one returned.
func (s *Store) Close() error {
	return s.calls.Shut(func() error {
		s.post.close()
		if s.ownPool {
			s.pool.Close()
		}
		return nil
	})
}

// enter begins a call; after it, unless there was an error, calls.Leave ends it.
func (s *Store) enter(ctx context.Context) error {
	err := ctx.Err() // first: a nil context panics here, with nothing held
	if !s.calls.Enter() {
		return fmt.Errorf("%s: %w", name, contacts.ErrClosed)
	}
	if err != nil {
		s.calls.Leave()
	}
	return err
}

// enterWrite is enter for calls that write.
func (s *Store) enterWrite(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	if s.o.ReadOnly {
		s.calls.Leave()
		return fmt.Errorf("%s: %w", name, contacts.ErrReadOnly)
	}
	return nil
}

// sized is a template, for scopes of a size (see grown).
type sized struct {
	template string
	size     int64
}

// sql returns a statement whose tables are named in braces: {contacts}.
func (s *Store) sql(template string) string {
	key := sized{template, s.size.Load()}
	if text, ok := s.texts.Load(key); ok {
		return text.(string)
	}
	text := s.expand(template)
	if key.size > 0 {
		text = fmt.Sprintf("%s /* %d */", text, key.size)
	}
	s.texts.Store(key, text)
	return text
}

// grown tells of how many events a scope has. The database plans a statement that
// is carried out again and again once, as is best for tables as large as they are
// then: in one that is new it may look at all rows of a scope. So statements have
// another text, and with it another plan, each time that the largest scope has
// become four times as large.
func (s *Store) grown(last uint64) {
	const from, until = 1 << 7, 1 << 21
	if last < from {
		return
	}
	size := int64(bits.Len64(min(last, until)) / 2)
	if old := s.size.Load(); size > old {
		s.size.CompareAndSwap(old, size) // else the next batch does it
	}
}

// expand fills in the names of a template.
func (s *Store) expand(template string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		inner, after, _ := strings.Cut(rest, "}")
		switch {
		case inner == "C":
			b.WriteString(s.dialect.collate())
		case inner == "P":
			b.WriteString(s.dialect.plans())
		case strings.Contains(inner, "_"): // an index, which its table's schema has
			b.WriteString(s.o.Prefix + inner)
		case s.o.Schema == "":
			b.WriteString(s.o.Prefix + inner)
		default:
			b.WriteString(s.o.Schema + "." + s.o.Prefix + inner)
		}
		template = after
	}
}
