package kvstore

import (
	"os"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
)

// A Salvager makes a store of what is left of a damaged one: of single entries,
// found on pages here and there, of which some are of the state that was lost
// and some may be older.
//
// It believes no record without its checksum, and of several states of a contact
// looks at the latest alone. Whether that was the last one it takes to be proven
// by any of these, of which each rests on what pages that are lost cannot change:
//
//   - the records that it would restore are, by number and sum of checksums,
//     those that the state of the scope has;
//   - the feed is all there, by number and sum of checksums, and has nothing later
//     of the contact;
//   - the superseded states are all there, likewise, and this one is not among
//     them;
//   - every later revision of the scope is known to be another event's.
//
// Where nothing of that can be told, a state that is Present counts unless
// something speaks against it: a later event in the feed, the same or a later
// state among those that are superseded, a later record, or an entry in the
// order of names with another status or name; and one that is Perhaps does not
// count. A contact of which no state counts is in Salvaged.Left and not restored.
// What was purged comes back as purged, or not at all, and is never in Left.
//
// With Base, the states there count as far as nothing that was found shows a
// later one. Where a scope is of another feed in Base than in what was found,
// Base counts alone.
//
// It is used by one goroutine at a time, and keeps what it is given in temporary
// files, so that its memory does not grow with the number of contacts, but for
// those in Left.
type Salvager struct {
	temp   func() (*os.File, error)
	memory int             // of each of the two sorters
	traces *extsort.Sorter // what is known of contacts: see trace
	meta   salvageMeta
	doubt  bool
	key    []byte // scratch
	value  []byte // scratch
}

// salvageMemory is Salvager.memory, but for tests.
const salvageMemory = 8 << 20

// NewSalvager returns a Salvager that sorts in the files that temp makes; see
// Spiller. Nil keeps everything in memory.
func NewSalvager(temp func() (*os.File, error)) *Salvager {
	s := &Salvager{temp: temp, memory: salvageMemory}
	s.traces = s.sorter()
	s.meta.scopes = make(map[uint64]*foundScope)
	s.meta.accounts = make(map[string]contacts.UniqueBy)
	return s
}

func (s *Salvager) sorter() *extsort.Sorter {
	if s.temp == nil {
		return extsort.New(&extsort.Options{Memory: -1})
	}
	return extsort.New(&extsort.Options{Memory: s.memory, CreateTemp: s.temp})
}

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
//
// Also where the table is known, a checksum that is right in another one says that
// the entry belongs there, and so does a form without a checksum.
func (s *Salvager) Add(table byte, rest, value []byte, e Evidence) error {
	if t, ok := s.sealedIn(table, rest, value); ok {
		return s.addSealed(t, rest, value, e)
	}
	switch table {
	case TableUnknown:
		return nil
	case tableScope:
	default: // what led to it may be damaged
		table = formOf(rest, value)
	}
	return s.addPlain(table, rest, value, e)
}

// Doubt says that the entries that are Present may not be of the last state: that
// a later one which others tell of counts then. Without it, such a later state is
// taken for one whose commit never ended, unless there are several.
func (s *Salvager) Doubt() { s.doubt = true }

// Salvaged says what came back of a scope.
type Salvaged struct {
	Scope   contacts.Scope
	Unnamed bool // its name was lost: Scope is one that Restore gave it
	Counts  contacts.Counts
	Past    uint64             // superseded states
	Exact   bool               // all contacts are as they were: the counts and sums of checksums of the scope prove it
	Missing int64              // contacts that its counts have and that are not there; -1: not known
	Left    []contacts.Contact // found in a state that may not be their last, and so left out
	Kept    []contacts.Refusal // numbers that more than one contact claims now

	// Doubt says that what came back, and Exact and Missing compare with, may be
	// an earlier state than the last: what changed since, also deletions, is not
	// there then, as nothing that was found tells of it.
	Doubt bool

	// Behind says that Base counted alone, as what was found is of another
	// feed: of what came after the book was put back to an earlier state.
	Behind bool
}

// Close removes the temporary files.
func (s *Salvager) Close() error { return s.traces.Close() }
