package boltstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/callerbook/contacts"
)

// RepairMethod is a way to get a book back.
type RepairMethod string

const (
	// RepairPrevious takes the state before the last commit, which a file
	// keeps. All but that commit is there, exactly.
	RepairPrevious RepairMethod = "previous commit"

	// RepairSnapshot takes the newest snapshot that is sound (see
	// Options.Snapshots), and on top of it every contact that the damaged
	// file still has in a later state. One of before the book was last repaired
	// or restored has nothing in common with what came since: it is passed over
	// where RepairSalvage, if it is to be tried, gives as many contacts.
	RepairSnapshot RepairMethod = "snapshot"

	// RepairSalvage looks at every page of the damaged file for records,
	// each of which carries its checksum, and makes a new book of them.
	RepairSalvage RepairMethod = "salvage"
)

// RepairOptions of Repair. Nil and the zero value are ready to use.
type RepairOptions struct {
	// Methods are tried in order until one gives a sound book. Nil means
	// RepairPrevious, RepairSnapshot, RepairSalvage.
	Methods []RepairMethod

	// SnapshotDir is where snapshots are: Options.Snapshots.Dir.
	SnapshotDir string

	// LockWait is as in Options.
	LockWait time.Duration

	// DryRun finds out what would be done and changes nothing. The book that
	// would come of it is made in os.TempDir, and removed.
	DryRun bool

	step func(name string) // called after each step, in tests
}

// Report says what Repair found and did.
type Report struct {
	Path    string
	Sound   bool   // nothing is wrong with the file, nothing was done
	Problem string // what is wrong with it, in a few words

	Method       RepairMethod // what gave the book that is there now; "" where Sound
	Snapshot     string       // RepairSnapshot: the file it came from
	SnapshotTime time.Time    // and when it was made
	Aside        string       // where the damaged file is kept

	Scopes []RepairedScope // in the order of contacts.Scopes

	// Notes say in words for the user what else there is to know: why a
	// method did not do, what could not be told.
	Notes []string
}

// RepairedScope says what of a scope came back.
type RepairedScope struct {
	Scope   contacts.Scope
	Unnamed bool            // its name was lost: Scope is one that it was given
	Counts  contacts.Counts // of the contacts that are there now
	Past    uint64          // superseded states, for their history

	// Exact says that it is proven, by the counts and checksums that the
	// damaged file kept of the scope, that all contacts are as they were
	// in the state that Method says.
	Exact bool

	// Missing is how many contacts that state had and are not there; -1
	// where that cannot be told.
	Missing int64

	// Left has the contacts of which only a state was found that may not
	// have been their last one, so that they may have been changed or deleted
	// since: they were left out, as they would come back.
	Left []contacts.Contact

	// Kept has the numbers that more than one contact claims now. With
	// RepairPrevious it is empty, as none does that did not before.
	Kept []contacts.Refusal
}

// Repair makes a sound book of a damaged one, under the same name.
//
// It changes nothing about a file that is sound, in use (*LockedError), of a newer
// version (ErrNewer) or no book (ErrNotBook; one whose beginning was overwritten
// is a book if contacts are found in it). Otherwise it writes a new file, verifies it as VerifyFull
// does, gives the damaged one a second name beside it ("book.db.damaged-" and the
// time), and only then puts the new one in its place: at every moment, also in
// a crash, path names either the one or the other. All feeds begin a new epoch,
// so that tokens, cursors and ETags of the damaged book are refused rather than
// misunderstood. Contacts keep ids, revisions, authors and times.
//
// Where no method gives a book the error wraps contacts.ErrDamaged, and the
// Report says what was tried. Repair may be called again. The disk needs room for
// another file of that size.
func Repair(ctx context.Context, path string, o *RepairOptions) (Report, error) {
	r := &repairer{name: path, report: Report{Path: path}}
	if o != nil {
		r.o = *o
	}
	err := r.run(ctx)
	return r.report, err
}

// LogValue counts what came back and what did not, without names and numbers.
func (r Report) LogValue() slog.Value {
	back, left := contacts.Counts{}, 0
	for _, s := range r.Scopes {
		back.Active += s.Counts.Active
		back.Inactive += s.Counts.Inactive
		back.Merged += s.Counts.Merged
		back.Duplicates += s.Counts.Duplicates
		left += len(s.Left)
	}
	return slog.GroupValue(slog.String("path", r.Path), slog.Bool("sound", r.Sound), slog.String("problem", r.Problem),
		slog.String("method", string(r.Method)), slog.String("snapshot", r.Snapshot), slog.String("aside", r.Aside),
		slog.Int("scopes", len(r.Scopes)), slog.Any("counts", back), slog.Int("left", left), slog.Any("notes", r.Notes))
}

// LogValue counts the contacts that were left out and the numbers that are
// claimed twice.
func (s RepairedScope) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("scope", s.Scope), slog.Any("counts", s.Counts), slog.Uint64("past", s.Past),
		slog.Bool("exact", s.Exact), slog.Int64("missing", s.Missing), slog.Int("left", len(s.Left)), slog.Int("kept", len(s.Kept)))
}
