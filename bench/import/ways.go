package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/interchange"
)

var scope = contacts.Scope{Account: "acme", Stream: "main"}

// importer brings the first n people into an empty book.
type importer func(ctx context.Context, s contacts.Store, n int) error

// ways has how contacts come in; csv reads the file in dir.
func ways(dir string) map[string]importer {
	return map[string]importer{
		"csv":    byCSV(dir, nil),
		"import": byImport,
		"load":   byLoad,
		"each":   byEach,
	}
}

func open(ctx context.Context, s contacts.Store) (*contacts.Book, error) {
	return contacts.Open(ctx, s, scope, &contacts.Options{Actor: contacts.Actor{ID: people.Author}})
}

// fill measures an import into a new book at path, after which it has so many
// contacts.
func (m *measurement) fill(ctx context.Context, path string, way importer, want int) (took time.Duration, peak memory, err error) {
	store, err := boltstore.Open(path, nil)
	if err != nil {
		return 0, peak, err
	}
	stop := watch(&peak)
	begin := time.Now()
	err = way(ctx, store, m.n)
	took = time.Since(begin)
	stop()
	if err == nil {
		var st contacts.Stat
		if st, err = store.Stat(ctx, scope); err == nil && st.Active != uint64(want) {
			err = fmt.Errorf("%d contacts came in of %d", st.Active, want)
		}
	}
	return took, peak, errors.Join(err, store.Close())
}

// contact returns person i as a caller of the library would give it.
func contact(i int) contacts.Contact {
	p := people.At(i)
	return contacts.Contact{
		FirstName: p.First, LastName: p.Last, Salutation: p.Salutation,
		CellPhone: contacts.Phone{Number: p.National, CountryCode: p.Code, Extension: "+"},
	}
}

// byImport is Book.Import.
func byImport(ctx context.Context, s contacts.Store, n int) error {
	book, err := open(ctx, s)
	if err != nil {
		return err
	}
	rows := func(yield func(contacts.ImportRow, error) bool) {
		for i := range n {
			if !yield(contacts.ImportRow{Contact: contact(i)}, nil) {
				return
			}
		}
	}
	_, err = book.Import(ctx, rows, nil, func(r contacts.ImportResult) error { return r.Err })
	return err
}

// csvFile is the file that byCSV reads.
const csvFile = "contacts.csv"

// writeCSV writes the first n people as the file of a customer would have them.
func writeCSV(dir string, n int) error {
	f, err := os.Create(filepath.Join(dir, csvFile))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension")
	for i := range n {
		p := people.At(i)
		fmt.Fprintf(w, "%s,%s,%s,%s,%s,+\n", p.First, p.Last, p.Salutation, p.National, p.Code)
	}
	return errors.Join(w.Flush(), f.Close())
}

// byCSV is interchange.Import of a file of plain CSV.
func byCSV(dir string, o *interchange.Options) importer {
	return func(ctx context.Context, s contacts.Store, n int) error {
		book, err := open(ctx, s)
		if err != nil {
			return err
		}
		f, err := os.Open(filepath.Join(dir, csvFile))
		if err != nil {
			return err
		}
		defer f.Close()
		done, err := interchange.Import(ctx, book, interchange.Any(f), o)
		if err == nil && done.Created != n {
			err = fmt.Errorf("%d rows of %d were created: %v", done.Created, n, done.Problems)
		}
		return err
	}
}

// byEach is one call of CreateEach, which holds all contacts and results.
func byEach(ctx context.Context, s contacts.Store, n int) error {
	book, err := open(ctx, s)
	if err != nil {
		return err
	}
	list := make([]contacts.Contact, n)
	for i := range list {
		list[i] = contact(i)
	}
	results, err := book.CreateEach(ctx, list)
	for i := range results {
		err = errors.Join(err, results[i].Err)
	}
	return err
}

// byLoad is Load of what a Book makes of the contacts, a few at a time: the
// store's part of an import, and the checks of fields.
func byLoad(ctx context.Context, s contacts.Store, n int) error {
	if _, err := open(ctx, s); err != nil {
		return err
	}
	k := &keeper{Store: s}
	book, err := open(ctx, k)
	if err != nil {
		return err
	}
	records := func(yield func(contacts.LoadRecord, error) bool) {
		const each = 500
		var revision uint64
		for from := 0; from < n; from += each {
			var list []contacts.Contact
			for i := from; i < min(from+each, n); i++ {
				list = append(list, contact(i))
			}
			results, err := book.CreateEach(ctx, list)
			for i := range results {
				err = errors.Join(err, results[i].Err)
			}
			if err != nil {
				yield(contacts.LoadRecord{}, err)
				return
			}
			for _, w := range k.writes {
				revision++
				w.Contact.Revision = revision
				if !yield(contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys, Created: revision}, nil) {
					return
				}
			}
		}
	}
	st, err := s.Stat(ctx, scope)
	if err != nil {
		return err
	}
	_, err = contacts.Load(ctx, s, scope, contacts.LoadHead{Index: k.index, UniqueBy: st.UniqueBy}, iter.Seq2[contacts.LoadRecord, error](records))
	return err
}

// keeper is a store that keeps what it is to write, and does not write it.
type keeper struct {
	contacts.Store
	writes []contacts.Write
	index  contacts.IndexVersion
}

func (k *keeper) Apply(_ context.Context, _ contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	k.writes, k.index = b.Writes, b.Index
	a := contacts.Applied{Revisions: make([]uint64, len(b.Writes)), IDs: make([]string, len(b.Writes))}
	for i := range b.Writes {
		a.Revisions[i], a.IDs[i] = uint64(i+1), b.Writes[i].Contact.ID
	}
	return a, nil
}

func size(path string) int64 {
	fi, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return fi.Size()
}
