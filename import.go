package contacts

import (
	"context"
	"errors"
	"iter"
)

// HeldPolicy says what Import does with a row that is somebody's already: of
// whose numbers a contact of the book claims one, or an earlier row does, or
// which has none and came in before (see Import).
type HeldPolicy uint8

const (
	// RefuseHeld has the row fail, with the holder in its error.
	RefuseHeld HeldPolicy = iota
	// SkipHeld passes the row over.
	SkipHeld
	// FillHeld takes from the row what the holder has not, as Upsert does with
	// FillEmpty: fields that are empty, and further numbers, e-mails and tags.
	FillHeld
	// OverwriteHeld takes all that the row has, as Upsert does with
	// PreferGiven. What the row leaves empty stays.
	OverwriteHeld
	// KeepHeld makes a contact of the row all the same, but passes over one that
	// came in before. It is for taking over data from before the rule; see
	// Rules.KeepDuplicates, and ImportResult.Kept.
	KeepHeld
)

// ImportOptions of Book.Import. Nil is fine.
type ImportOptions struct {
	// Held says what becomes of rows that are somebody's already.
	Held HeldPolicy

	// Restore takes contacts in as they are, as RestoreEach does: with ID,
	// Status, times and authors. Whose a row is, is then said by its ID alone,
	// and Held by RestoreEach: one that differs is replaced, and one whose
	// number another contact claims fails. Of Held only KeepHeld counts.
	Restore bool

	// DryRun makes all decisions of a real run, on a copy of the store that is
	// thrown away (see Forker), and leaves the book as it is. Results have the ids
	// that contacts have there: new contacts will have others.
	DryRun bool

	// Region is where national numbers of the rows are from, instead of
	// Options.Site's: two letters.
	Region string

	// TempDir is where what does not fit in memory goes, in files that only the
	// user may read and that are gone when Import returns. Default: os.TempDir.
	TempDir string
}

// ImportRow is one row to import.
type ImportRow struct {
	Contact Contact

	// Err, when not nil, says that the row could not be read: it fails with that.
	Err error

	// Note comes back in ImportResult. The book does not look at it.
	Note any
}

// ImportOutcome is what became of a row.
type ImportOutcome uint8

// The outcomes. Each row has one.
const (
	ImportFailed  ImportOutcome = iota // nothing of it came in; Err says why
	ImportCreated                      // it is a new contact
	ImportUpdated                      // a contact has what it had not before
	ImportSkipped                      // it was passed over, or says nothing new
)

// String returns "failed", "created", "updated" or "skipped".
func (o ImportOutcome) String() string {
	switch o {
	case ImportCreated:
		return "created"
	case ImportUpdated:
		return "updated"
	case ImportSkipped:
		return "skipped"
	}
	return "failed"
}

// ImportResult is what became of a row.
type ImportResult struct {
	Index   int // of the row, from 0
	Outcome ImportOutcome

	// Contact is the contact as stored: new, completed, or the one that says
	// what the row says. Of a row that failed, or was skipped because of its
	// holder, it is the row's, as given.
	Contact Contact

	// Err says why a row failed, and who holds its number when it was skipped
	// for that: *DuplicateNumberError, *AmbiguousError, *ValidationError,
	// *RevisionError and ErrExists (a row that came in before, as the contact of
	// that ID), .. Index and Earlier in it count rows of the import.
	Err error

	// Kept has the numbers that were let in though others have them.
	Kept []Refusal

	Note any // of the row
}

// ImportCounts counts rows. Created, Updated, Skipped and Failed together are
// always Rows.
type ImportCounts struct {
	Rows                              int
	Created, Updated, Skipped, Failed int
	Kept                              int // numbers let in though others have them
}

// Import takes in rows of any number, each judged on its own by the book's
// Rules, and calls each with what became of every one of them, once. It needs
// less than 64 MB of memory whatever their number.
//
// A number that a contact of the book claims, or an earlier row, is dealt with
// as o.Held says. A row with the numbers of several contacts fails under FillHeld
// and OverwriteHeld (*AmbiguousError).
//
// An import may be repeated, after an error or by mistake, and doubles nothing.
// A row without a number, or with no numbers but shared ones, and under KeepHeld
// any row, gets an ID made of what it says, so that the same row is known when it
// comes again. It came in before as long as there is a contact of that ID, changed
// since or not: once that was deleted or purged the row comes in anew; one that was
// merged still holds it. Under KeepHeld a row came in before, too, where a contact
// that claims one of its numbers, of the ten first created, says exactly what it
// says. In what way numbers are written does not count. Such an ID is a hash keyed
// with a secret that the book keeps with its settings: nobody without the book can
// tell from the ID what a row says, and a copy of the book knows the same rows.
//
// Into a book without contacts rows are loaded sorted and at once, all or
// nothing, but for those that have to do with an earlier one: these follow, in
// order. Elsewhere they are written in order, in commits of bounded size. So each
// is called mostly, but not always in the order of the rows. What it is told of
// is in the book: it is called once that is committed, and for what is loaded
// after the load. An error of each, or in rows, ends the import.
//
// A Refusal names an earlier row by its index (Earlier) where both are in one
// commit, else by its contact. Held alone says whether numbers that others have
// are let in, whatever Rules.KeepDuplicates says.
//
// Rows is ranged over up to three times where the book is empty, and must yield
// the same rows each time: else the import ends with ErrInvalid. Import calls it
// and each from goroutines of its own, never two at once; a panic in them comes
// to the caller.
//
// The error is set when the call as a whole could not go on; the counts then
// say what is in the book for certain, of rows that each was not told of, too,
// and Import may be called again.
func (b *Book) Import(ctx context.Context, rows iter.Seq2[ImportRow, error], o *ImportOptions, each func(ImportResult) error) (ImportCounts, error) {
	m, err := b.newImporter(ctx, rows, o, each)
	if err != nil {
		return ImportCounts{}, err
	}
	if m.o.DryRun {
		defer m.book.store.Close() // where the caller's code panics, too
	}
	err = m.run(ctx)
	var p *rowsPanic
	if errors.As(err, &p) {
		p.again()
	}
	return m.counts, err
}
