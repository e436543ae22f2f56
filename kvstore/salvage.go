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

// The tables of entries whose table is not known.
const (
	// TableLost: the entry is from a page that is whole. What it has no
	// checksum to tell by is told by its form.
	TableLost byte = 1

	// TableUnknown: the page is not whole, so that only a checksum counts.
	TableUnknown byte = 0
)

// Add takes an entry: table and rest are its key, or rest alone where table is
// TableLost or TableUnknown. It keeps neither slice. What is no entry of a store
// is passed over; an error is one of the temporary files.
func (s *Salvager) Add(table byte, rest, value []byte, e Evidence) error {
	return errors.New("kvstore: Salvager is not written yet")
}

// Doubt says that the entries that are Present may not be of the last state: that
// a later one which others tell of counts then. Without it, such a later state is
// taken for one whose commit never ended.
func (s *Salvager) Doubt() {}

// Salvaged says what came back of a scope.
type Salvaged struct {
	Scope   contacts.Scope
	Unnamed bool // its name was lost: Scope is one that Restore gave it
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
