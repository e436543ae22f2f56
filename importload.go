package contacts

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/callerbook/contacts/internal/extsort"
)

// importLoad is an import into a book without contacts, in three passes over the
// rows. The first finds out which rows have to do with an earlier one, as they have
// a number or an ID in common. The second loads all others. The third tells what
// became of these, now that they are in the book, and carries out the rest.
type importLoad struct {
	m     *importer
	print printer
	rows  int    // of the first pass
	chain uint64 // made of their fingerprints

	tied  *extsort.Sorter // the rows that have to do with earlier ones, some several times
	spool *extsort.Sorter // what the second pass made of each row
}

// loadRow is a row of the first or the second pass.
type loadRow struct {
	importRow
	print uint64 // of what was given, to know it again
	fate  rowFate
	write Write // of a row that is loaded
}

// rowFate is what the second pass makes of a row.
type rowFate byte

const (
	rowFails rowFate = iota
	rowTied          // it has to do with an earlier one
	rowLoaded
)

// Memory of the sorters.
const (
	keysMemory  = 8 << 20
	tiedMemory  = 1 << 20
	spoolMemory = 1 << 20
)

// intoEmpty imports into a book without contacts. It reports false where that is
// not to be done by a load: nothing was done then.
func (m *importer) intoEmpty(ctx context.Context) (bool, error) {
	l := &importLoad{m: m, print: newPrinter(), tied: m.sorter(tiedMemory), spool: m.sorter(spoolMemory)}
	defer l.tied.Close()
	defer l.spool.Close()
	few, loadable, err := l.survey(ctx)
	switch {
	case err != nil:
		return true, err
	case few != nil:
		k := chunks{m: m}
		for i := range few {
			if err := m.ready(ctx, &few[i]); err != nil {
				return true, err
			}
			if err := k.add(ctx, &few[i]); err != nil {
				return true, err
			}
		}
		return true, k.flush(ctx)
	case loadable < loadFrom:
		return false, nil
	}
	if m.key == nil && !m.o.Restore { // while a load runs nothing is to be written
		if m.key, err = m.book.importKey(ctx); err != nil {
			return true, err
		}
	}
	head, empty, err := m.book.loadable(ctx)
	if err != nil || !empty {
		return false, err
	}
	loaded, done, err := l.load(ctx, head)
	if err != nil || !done {
		return false, err
	}
	m.counts.Rows += loaded
	m.counts.Created += loaded
	return true, l.rest(ctx)
}

func (m *importer) sorter(memory int) *extsort.Sorter {
	return extsort.New(&extsort.Options{Memory: memory, Dir: m.o.TempDir})
}

// survey is the first pass. It returns the number of rows that can be loaded or,
// where they are not worth it, the rows themselves.
func (l *importLoad) survey(ctx context.Context) (few []importRow, loadable int, err error) {
	keys := l.m.sorter(keysMemory)
	defer keys.Close()
	few = []importRow{}
	bytes, good := 0, 0
	prepare := func(r *loadRow) error {
		if err := l.m.finish(ctx, &r.importRow); err != nil {
			return err
		}
		r.print = l.print.of(&r.ImportRow)
		return l.note(keys, &r.importRow)
	}
	for r, err := range l.m.ahead(ctx, prepare) {
		if err != nil {
			return nil, 0, err
		}
		l.rows++
		l.chain = chained(l.chain, r.print)
		if r.bad == nil {
			good++
		}
		if few == nil {
			continue
		}
		few, bytes = append(few, r.importRow), bytes+r.weight()
		if len(few) >= loadFrom || bytes > importBytes {
			few = nil
		}
	}
	if few != nil {
		return few, 0, nil
	}
	tied, err := l.tie(keys)
	return nil, good - tied, err
}

// note adds what may tie a row to others.
func (l *importLoad) note(keys *extsort.Sorter, r *importRow) error {
	var row [8]byte
	binary.BigEndian.PutUint64(row[:], uint64(r.index))
	lines, id := r.lines, r.made
	if l.m.o.Restore && r.Err == nil && validID(r.Contact.ID) {
		id = r.Contact.ID
		if r.bad != nil { // beside a contact of that id it may be good
			lines = l.m.book.linesGiven(&r.Contact)
		}
	}
	if id != "" {
		if err := keys.Add(append([]byte("i"), id...), row[:]); err != nil {
			return tempError(err)
		}
	}
	for _, line := range lines {
		key := [9]byte{'l'}
		binary.BigEndian.PutUint64(key[1:], uint64(line))
		if err := keys.Add(key[:], row[:]); err != nil {
			return tempError(err)
		}
	}
	return nil
}

// tie notes the rows with a key that an earlier one has, and returns their number.
// All others become contacts whatever comes of these.
func (l *importLoad) tie(keys *extsort.Sorter) (int, error) {
	var key []byte // of the row before
	for e, err := range keys.Sorted() {
		if err == nil && key != nil && bytes.Equal(e.Key, key) {
			err = l.tied.Add(e.Value, nil)
		}
		if err != nil {
			return 0, tempError(err)
		}
		key = append(key[:0], e.Key...)
	}
	n := 0
	for _, err := range l.tiedRows() {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// tiedRows yields the rows that have to do with earlier ones, ascending, each once.
func (l *importLoad) tiedRows() iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		last := -1
		for e, err := range l.tied.Sorted() {
			if err != nil {
				yield(0, tempError(err))
				return
			}
			row := int(binary.BigEndian.Uint64(e.Key))
			if row != last && !yield(row, nil) {
				return
			}
			last = row
		}
	}
}

// load is the second pass. It returns how many rows it loaded, and reports false
// where a load is not the way.
func (l *importLoad) load(ctx context.Context, head LoadHead) (loaded int, done bool, err error) {
	next, stop := iter.Pull2(l.tiedRows())
	defer stop()
	tied, err, more := next()
	prepare := func(r *loadRow) error {
		if err == nil {
			err = l.m.finish(ctx, &r.importRow)
		}
		if err != nil {
			return err
		}
		r.print = l.print.of(&r.ImportRow)
		switch {
		case more && tied == r.index:
			r.fate = rowTied
			tied, err, more = next()
		case r.bad != nil:
			r.fate = rowFails
		default:
			r.fate = rowLoaded
			r.write = l.m.newWrite(&r.importRow)
		}
		return nil
	}
	rows, chain := 0, uint64(0)
	var broken error // by us or the caller's rows
	records := func(yield func(LoadRecord, error) bool) {
		for r, err := range l.m.ahead(ctx, prepare) {
			if err == nil {
				rows++
				chain = chained(chain, r.print)
				err = l.remember(r)
			}
			if err != nil {
				broken = err
				yield(LoadRecord{}, err)
				return
			}
			if r.fate != rowLoaded {
				continue
			}
			loaded++
			r.write.Contact.Revision = uint64(loaded)
			if !yield(LoadRecord{Contact: r.write.Contact, Keys: r.write.Keys, Created: uint64(loaded)}, nil) {
				return
			}
		}
		if rows != l.rows || chain != l.chain {
			broken = errRowsDiffer(-1)
			yield(LoadRecord{}, broken)
		}
	}
	_, err = l.m.book.store.(Loader).Load(ctx, l.m.book.scope, head, records)
	switch {
	case broken != nil:
		return 0, false, broken
	case notLoadable(err), errors.Is(err, ErrTooLarge): // a commit of few rows says which
		return 0, false, nil
	}
	return loaded, err == nil, err
}

// newWrite makes the contact of a row that is loaded.
func (m *importer) newWrite(r *importRow) Write {
	if m.o.Restore {
		return m.book.put(&r.fresh, 0)
	}
	r.fresh.ID = r.made
	return m.book.newWrite(&r.fresh, m.stamp)
}

// remember writes down what the third pass is to know.
func (l *importLoad) remember(r *loadRow) error {
	var row [8]byte
	binary.BigEndian.PutUint64(row[:], uint64(r.index))
	note := make([]byte, 0, 9+MaxIDLen)
	note = binary.BigEndian.AppendUint64(append(note, byte(r.fate)), r.print)
	if r.fate == rowLoaded {
		note = append(note, r.write.Contact.ID...)
	}
	return tempError(l.spool.Add(row[:], note))
}

// rest is the third pass.
func (l *importLoad) rest(ctx context.Context) error {
	next, stop := iter.Pull2(l.spool.Sorted())
	defer stop()
	k := chunks{m: l.m}
	revision := uint64(0)
	for r, err := range l.m.given(ctx) {
		if err != nil {
			return err
		}
		e, err, more := next()
		if err != nil {
			return tempError(err)
		}
		if !more || binary.BigEndian.Uint64(e.Value[1:]) != l.print.of(&r.ImportRow) {
			return errRowsDiffer(r.index)
		}
		switch rowFate(e.Value[0]) {
		case rowTied:
			if err = l.m.ready(ctx, r); err == nil {
				err = k.add(ctx, r)
			}
		case rowFails:
			if err = l.m.finish(ctx, r); err != nil {
				return err
			}
			res := r.result(ImportFailed, r.Contact, r.bad)
			l.m.count(&res)
			err = l.m.each(res)
		case rowLoaded:
			if err = l.m.finish(ctx, r); err != nil {
				return err
			}
			if !l.m.o.Restore {
				r.fresh.ID = string(e.Value[9:])
				l.m.stamp.mark(&r.fresh)
			}
			revision++
			r.fresh.Revision = revision
			err = l.m.each(r.result(ImportCreated, r.fresh, nil))
		}
		if err != nil {
			return err
		}
	}
	if _, _, more := next(); more {
		return errRowsDiffer(-1)
	}
	return k.flush(ctx)
}

func tempError(err error) error {
	if err != nil {
		err = fmt.Errorf("contacts: a temporary file of the import: %w", err)
	}
	return err
}
