package interchange

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/callerbook/contacts"
)

// ExportOptions of Export. Nil is fine.
type ExportOptions struct {
	Format Format // Default: FormatCSV

	// Search exports the contacts that a search finds, in its order.
	Search string

	// Status says which contacts to export. Default: active ones. Merged ones
	// are never exported: what a merge did is in two contacts. A deleted contact
	// comes in as a deleted one with Options.Restore alone, and only from formats
	// that hold its status.
	Status []contacts.Status
}

// Exported says what an export wrote.
type Exported struct {
	Contacts int

	// LeftOut counts, by field, contacts with something that the format has no
	// place for. Beyond 1,000 fields it counts under "..".
	LeftOut map[string]int
}

// Export writes the contacts of a book, in order of creation. It reads page by
// page: contacts that change while it runs are there as they were before or
// after. After an error what was written is no whole file.
//
// Cells of CSV that a spreadsheet would take for formulas have an apostrophe in
// front, which Import takes off.
func Export(ctx context.Context, book *contacts.Book, w io.Writer, o *ExportOptions) (Exported, error) {
	if o == nil {
		o = &ExportOptions{}
	}
	format := o.Format
	if format == FormatUnknown {
		format = FormatCSV
	}
	status := []contacts.Status{contacts.Active}
	if len(o.Status) > 0 {
		status = status[:0]
		for _, s := range o.Status {
			if s != contacts.Merged {
				status = append(status, s)
			}
		}
	}
	list := found(ctx, book, o.Search, status)
	switch {
	case len(status) == 0:
		list = func(func(contacts.Contact, error) bool) {}
	case o.Search == "":
		list = book.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Status: status})
	}
	return Write(w, format, list)
}

// found yields what a search finds.
func found(ctx context.Context, book *contacts.Book, text string, status []contacts.Status) iter.Seq2[contacts.Contact, error] {
	return func(yield func(contacts.Contact, error) bool) {
		o := contacts.SearchOptions{Limit: contacts.MaxLimit, Status: status}
		for {
			page, err := book.Search(ctx, text, &o)
			if err != nil {
				yield(contacts.Contact{}, err)
				return
			}
			for _, f := range page.Hits {
				if !yield(f.Contact, nil) {
					return
				}
			}
			if o.Cursor = page.Next; o.Cursor == "" {
				return
			}
		}
	}
}

// Write writes contacts from anywhere. An error of list ends it.
func Write(w io.Writer, format Format, list iter.Seq2[contacts.Contact, error]) (Exported, error) {
	var to rowWriter
	switch format {
	case FormatCSV:
		to = newCSVWriter()
	case FormatGoogle:
		to = newGoogleWriter()
	case FormatOutlook:
		to = newOutlookWriter()
	case FormatVCard:
		to = newVCardWriter("4.0")
	case FormatVCard3:
		to = newVCardWriter("3.0")
	case FormatJSONLines:
		to = newJSONWriter()
	default:
		return Exported{}, fmt.Errorf("%w format: name one to write", contacts.ErrInvalid)
	}
	var (
		out  Exported
		left []string // of this contact
	)
	leftOut := func(field string) {
		if !slices.Contains(left, field) {
			left = append(left, field)
			count(&out.LeftOut, field)
		}
	}
	b := bufio.NewWriterSize(w, 64<<10)
	if err := to.begin(b); err != nil {
		return out, err
	}
	for c, err := range list {
		if err != nil {
			return out, errors.Join(err, b.Flush())
		}
		left = left[:0]
		if err := to.write(b, &c, leftOut); err != nil {
			return out, err
		}
		out.Contacts++
	}
	if err := to.end(b); err != nil {
		return out, err
	}
	return out, b.Flush()
}
