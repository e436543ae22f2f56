package interchange

import (
	"context"
	"io"
	"iter"

	"github.com/callerbook/contacts"
)

// ExportOptions of Export. Nil is fine.
type ExportOptions struct {
	Format Format // Default: FormatCSV

	// Search exports the contacts that a search finds, in its order.
	Search string

	// Status says which contacts to export. Default: active ones. Merged ones
	// are never exported: what a merge did is in two contacts.
	Status []contacts.Status
}

// Exported says what an export wrote.
type Exported struct {
	Contacts int

	// LeftOut counts, by field, contacts with something that the format has no
	// place for.
	LeftOut map[string]int
}

// Export writes the contacts of a book, in order of creation. It reads page by
// page: contacts that change while it runs are there as they were before or
// after.
//
// Cells of CSV that a spreadsheet would take for formulas have an apostrophe in
// front, which Import takes off.
func Export(ctx context.Context, book *contacts.Book, w io.Writer, o *ExportOptions) (Exported, error) {
	return Exported{}, contacts.ErrUnsupported // to be built
}

// Write writes contacts from anywhere.
func Write(w io.Writer, format Format, list iter.Seq2[contacts.Contact, error]) (Exported, error) {
	return Exported{}, contacts.ErrUnsupported // to be built
}
