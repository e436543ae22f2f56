package interchange

import (
	"context"
	"io"

	"github.com/callerbook/contacts"
)

// Options of Import. Nil is fine.
type Options struct {
	// DryRun makes all decisions of a real run and leaves the book as it is.
	DryRun bool

	// Held says what becomes of a row whose number a contact or an earlier row
	// has. By default it fails.
	Held contacts.HeldPolicy

	// Restore takes in contacts that Export wrote as they are: with their ids,
	// times and authors. See contacts.ImportOptions.
	Restore bool

	// Region is where numbers without a calling code are from: two letters.
	// Default: that of the book's site. Where there is none, such a number fails.
	// The text as it came is kept in Phone.Input.
	Region string

	// Rules by which rows are judged. Default: contacts.RelaxedRules.
	Rules *contacts.Rules

	// Rejects gets the rows that failed, each with its reason, as a file in the
	// format of the source that can be mended and imported again: UTF-8, whatever
	// the encoding of the source. The reasons name who has a number, in the clear.
	// Of a row that is beyond Limits there is the reason alone. Nothing is written
	// to it when no row fails.
	Rejects io.Writer

	// Each is called with what became of every row, mostly in order and never
	// twice at once; see contacts.Book.Import. Its error ends the import.
	Each func(Row) error

	// Progress is called some times a second, by a goroutine of its own, and at
	// the end. The import does not wait for it, but at the end for the last call.
	Progress func(Progress)

	// Problems bounds Report.Problems. Default 100; -1 means none.
	Problems int

	Limits Limits

	// TempDir is where what does not fit in memory goes. Default: os.TempDir.
	TempDir string
}

// Progress says how far an import has come.
type Progress struct {
	Pass  int   // of a file that is read more than once: 1, 2, 3; 0 while a source that cannot seek is copied
	Read  int64 // bytes in this pass
	Bytes int64 // of the file; -1 where that is not known
	Rows  int   // read in this pass
	Done  int   // of which it is known what became
}

// Import takes the rows of a file into a book, and reports what became of every
// one of them. See contacts.Book.Import on repeated numbers, order and memory.
//
// An error says that the import as a whole could not go on: the file cannot be
// read as what it is said to be (*FileError), the book cannot be written, the
// context ended. The report then tells of what was done until then; it is safe
// to import the file again.
func Import(ctx context.Context, book *contacts.Book, source *Source, o *Options) (report Report, err error) {
	if o == nil {
		o = &Options{}
	}
	im := importing{ctx: ctx, source: source, opt: o}
	defer func() { // also where the caller's code panics
		if closeErr := im.close(); err == nil {
			err = closeErr
		}
	}()
	defer im.tellProgress()()
	err = im.run(book)
	return im.report, err
}
