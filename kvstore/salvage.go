package kvstore

import (
	"context"
	"errors"
	"os"

	"github.com/callerbook/contacts"
)

// A Salvager makes a store of what is left of a damaged one: of single entries,
// found on pages here and there, of which some are of the state that was lost
// and some may be older.
//
// It believes no entry without its checksum, and of several states of a contact
// the latest. It is used by one goroutine at a time, and keeps what it is given in
// temporary files, so that its memory does not grow with the number of contacts.
type Salvager struct {
}

// NewSalvager returns a Salvager that sorts in the files that temp makes; see
// Spiller.
func NewSalvager(temp func() (*os.File, error)) *Salvager { return &Salvager{} }

// Evidence says how an entry was found.
type Evidence int

const (
	// Present: the entry is part of the state that is to be salvaged.
	Present Evidence = iota

	// Perhaps: the entry is whole, and may be of an earlier state.
	Perhaps

	// Base: the entry is part of an earlier state that is wholly known, as
	// of a snapshot. All entries of that state are added so.
	Base
)

// Add takes an entry. table is 0 where the key is known but for the table that
// it belongs to; checksums tell it then. It keeps neither slice.
func (s *Salvager) Add(table byte, rest, value []byte, e Evidence) error {
	return errors.New("kvstore: Salvager is not written yet")
}

// Salvaged says what came back of a scope.
type Salvaged struct {
	Scope   contacts.Scope
	Counts  contacts.Counts
	Past    uint64             // superseded states
	Exact   bool               // as the scope's own counts and sums of checksums prove
	Missing int64              // contacts that its counts have and that are not there; -1: not known
	Left    []contacts.Contact // found in a state that may not be their last, and so left out
	Kept    []contacts.Refusal // numbers that more than one contact claims now
}

// Restore loads what was found into dst, which is empty: each scope under a new
// epoch, with ids, revisions, order of creation, history and settings. The
// Salvager is of no use after it.
func (s *Salvager) Restore(ctx context.Context, dst *Store) ([]Salvaged, error) {
	return nil, errors.New("kvstore: Salvager is not written yet")
}

// Close removes the temporary files.
func (s *Salvager) Close() error { return nil }
