package interchange

import (
	"bufio"

	"github.com/callerbook/contacts"
)

// rowReader reads the rows of one file, in one pass. Each format has one:
// newCSVReader, newVCardReader, newJSONReader.
type rowReader interface {
	// read returns the next row, or io.EOF behind the last. The row is valid
	// until the next call, but its contact and problems are the caller's. A row
	// that cannot be read is no error: it has problems. An error is a
	// *FileError or what the reader below returned, and ends the import.
	read() (*row, error)

	// found fills in what was found out about the file: Format, Layout,
	// Encoding, Delimiter, Columns. It may be called once read has returned.
	found(*Report)

	// rejectHead writes what a file of rejects begins with.
	rejectHead(w *bufio.Writer) error

	// reject writes a row that failed, as it was read, with the reason beside it
	// where the format has a place for one that an import passes over. It is
	// called with rows of this file in any order, after others were read: it
	// goes by raw alone.
	reject(w *bufio.Writer, raw []byte, reason string) error
}

// row is one row as a reader hands it out.
type row struct {
	line     int    // where it begins, from 1
	raw      []byte // its text with what ends it, for reject: UTF-8, but a card has its bytes as they came; none of what is beyond a bound, as half a row must not come in from the rejects; valid until the next read
	contact  contacts.Contact
	problems []Problem // why it cannot be read; it fails then
	leftOut  []LeftOut

	// column returns the column or property that a field of the contact is
	// from, "" where that is not known; nil knows none. Valid for ever.
	column func(field string) string
}

// rowWriter writes contacts in one format. Each has one: newCSVWriter,
// newGoogleWriter, newOutlookWriter, newVCardWriter, newJSONWriter.
type rowWriter interface {
	// write writes a contact; leftOut is called with each field of it that the
	// format has no place for.
	write(w *bufio.Writer, c *contacts.Contact, leftOut func(field string)) error
	// begin and end write what stands around the contacts.
	begin(w *bufio.Writer) error
	end(w *bufio.Writer) error
}

// FileError says that a file as a whole cannot be read.
type FileError struct {
	Line   int // 0 where no line is meant
	Reason contacts.Reason
	Detail string // what to do
}

func (e *FileError) Error() string { return "interchange: " + e.Detail }

// Is makes errors.Is(err, contacts.ErrInvalid) true.
func (e *FileError) Is(target error) bool { return target == contacts.ErrInvalid }
