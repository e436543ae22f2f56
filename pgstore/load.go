package pgstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
	"github.com/callerbook/contacts/internal/prepare"
)

// Load implements contacts.Loader, by COPY, in one transaction. The Applied has
// no Revisions and no IDs.
//
// It takes some 30 MB of memory, whatever the number of records: while the
// sequence runs, which takes no connection, the rows are sorted in temporary files
// of this machine, for the user's eyes only, about as large as the records. Then
// they are copied, in the order of the keys of their tables.
//
// Where the connection is lost the rows are copied again. The error is
// contacts.ErrCommitUnknown if that was in the middle of the commit and the
// database stays away.
func (s *Store) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	if err := s.enterWrite(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.calls.Leave()
	if err := prepare.Head(scope, &head); err != nil {
		return contacts.Applied{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := s.try(ctx, func() error { return s.loadable(ctx, scope, &head) }); err != nil {
		return contacts.Applied{}, err
	}
	if max(head.First, head.Last) > math.MaxInt64 {
		return contacts.Applied{}, fmt.Errorf("%s: the feed ends behind what a database holds: %w", name, contacts.ErrTooLarge)
	}
	l := s.newLoader(scope, head)
	defer l.close()
	if err := l.all(ctx, records); err != nil {
		return contacts.Applied{}, err
	}
	if err := l.finish(ctx); err != nil {
		return contacts.Applied{}, err
	}
	s.scopes.put(scope, &l.info)
	s.announce(scope)
	if l.count >= analyzeFrom { // plans follow the numbers of rows; what fails the database does by itself, later
		_, _ = s.pool.Exec(ctx, s.sql(sqlAnalyze))
	}
	return contacts.Applied{Kept: l.kept, Last: l.loading.Last, Epoch: l.epoch}, nil
}

// analyzeFrom is the number of records from which on a load changes what the
// database knows of its tables.
const (
	analyzeFrom = 1000
	sqlAnalyze  = `ANALYZE {contacts}, {claims}, {shared}, {words}, {feed}, {history}, {turns}`
)

const sqlLoadable = `SELECT s.last_rev FROM {directory} d JOIN {scopes} s ON s.scope = d.scope WHERE d.account = $1 AND d.stream = $2`

// loadable tells early what finish will look at again, under lock: whether a scope
// may be loaded.
func (s *Store) loadable(ctx context.Context, scope contacts.Scope, head *contacts.LoadHead) error {
	a, err := s.findAccount(ctx, s.pool, scope.Account)
	if err == nil {
		err = a.judge(head.UniqueBy)
	}
	if err != nil {
		return absent(err)
	}
	var last int64
	if err := s.pool.QueryRow(ctx, s.sql(sqlLoadable), scope.Account, scope.Stream).Scan(&last); err != nil {
		return absent(err)
	}
	if last != 0 {
		return contacts.ErrNotEmpty
	}
	return nil
}

// absent is nil where a row was not there.
func absent(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// loader is one load under way.
type loader struct {
	s       *Store
	scope   contacts.Scope
	loading *prepare.Loading
	numbers *extsort.Distinct // positions and revisions
	piles   [pileCount]*extsort.Sorter
	key     []byte // scratch
	row     tuple  // scratch

	count    int
	first    uint64 // revision of the first event
	contacts [4]int64
	letters  map[rune]struct{}
	err      error // of a temporary file, and no record's

	kept       []contacts.Refusal
	duplicates int64

	token []byte // at the first event: by it a load is known again
	doubt bool   // an earlier try may be committed
	info  scopeInfo
	epoch string
}

func (s *Store) newLoader(scope contacts.Scope, head contacts.LoadHead) *loader {
	l := &loader{s: s, scope: scope, loading: prepare.NewLoading(head), letters: make(map[rune]struct{}), token: make([]byte, 16)}
	rand.Read(l.token)
	l.numbers = extsort.NewDistinct(&extsort.Options{Memory: 256 << 10})
	for i := range l.piles {
		l.piles[i] = extsort.New(&extsort.Options{Memory: pileMemory[i]})
	}
	return l
}

// close removes the temporary files.
func (l *loader) close() {
	_ = l.numbers.Close() // they are of no use any more
	for _, p := range l.piles {
		_ = p.Close()
	}
}

// all takes in the records.
func (l *loader) all(ctx context.Context, records iter.Seq2[contacts.LoadRecord, error]) error {
	for r, err := range records {
		if err != nil {
			return err
		}
		if err := l.goOn(ctx); err != nil {
			return err
		}
		if l.count == math.MaxInt32 {
			return fmt.Errorf("%s: too many records: %w", name, contacts.ErrTooLarge)
		}
		err = l.record(&r)
		if l.err != nil {
			return fmt.Errorf("%s: %w", name, l.err)
		}
		if err == nil && l.loading.Last > math.MaxInt64 {
			err = fmt.Errorf("revision %d is more than a database holds: %w", l.loading.Last, contacts.ErrTooLarge)
		}
		if err != nil {
			return fmt.Errorf("%s: record %d: %w", name, l.count, err)
		}
		l.count++
	}
	err := l.numbers.Check()
	if errors.Is(err, extsort.ErrTwice) {
		err = fmt.Errorf("a position or a revision is used twice: %w", contacts.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// goOn returns an error when the load is to end.
func (l *loader) goOn(ctx context.Context) error {
	if l.s.calls.Shutting() {
		return fmt.Errorf("%s: %w", name, contacts.ErrClosed)
	}
	return ctx.Err()
}
