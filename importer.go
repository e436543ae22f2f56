package contacts

import (
	"context"
	"fmt"
	"iter"
	"strings"
)

// importer is an Import under way.
type importer struct {
	book  *Book // by whose rules, and on which store, it is done
	o     ImportOptions
	rows  iter.Seq2[ImportRow, error]
	each  func(ImportResult) error
	stamp stamp  // of what is loaded, and now for what is restored
	key   []byte // of made IDs, once there is one

	counts ImportCounts
}

// newImporter checks the options. The book of a dry run is on a fork, which is
// to be closed.
func (b *Book) newImporter(ctx context.Context, rows iter.Seq2[ImportRow, error], o *ImportOptions, each func(ImportResult) error) (*importer, error) {
	if err := b.onlyOnce("Import"); err != nil {
		return nil, err
	}
	if b.opt.ReadOnly {
		return nil, ErrReadOnly
	}
	book := *b
	m := &importer{book: &book, rows: rows, each: each, stamp: b.stamp()}
	if o != nil {
		m.o = *o
	}
	if m.o.Held > KeepHeld {
		return nil, fmt.Errorf("%w: there is no policy %d on rows that are held", ErrInvalid, m.o.Held)
	}
	if each == nil {
		m.each = func(ImportResult) error { return nil }
	}
	if m.o.Region != "" {
		book.opt.Site.Region = strings.ToUpper(m.o.Region)
		if err := checkSite(book.opt.Site); err != nil {
			return nil, err
		}
	}
	book.rules.KeepDuplicates = m.o.Held == KeepHeld
	if m.o.DryRun {
		fork, err := Fork(ctx, b.store)
		if err != nil {
			return nil, fmt.Errorf("a copy of the book to try the import out on: %w", err)
		}
		book.store = fork
		book.indexing = &indexing{}
		book.indexing.behind.Store(b.indexing.behind.Load())
	}
	return m, nil
}

func (m *importer) run(ctx context.Context) error {
	if _, err := m.book.store.Stat(ctx, m.book.scope); err != nil {
		return err
	}
	_, empty, err := m.book.loadable(ctx)
	if err != nil {
		return err
	}
	if empty {
		if done, err := m.intoEmpty(ctx); done || err != nil {
			return err
		}
	}
	k := chunks{m: m}
	for r, err := range m.given(ctx) {
		if err != nil {
			return err
		}
		if err := m.ready(ctx, r); err != nil {
			return err
		}
		if err := k.add(ctx, r); err != nil {
			return err
		}
	}
	if err := k.flush(ctx); err != nil {
		return err
	}
	if m.counts.Created+m.counts.Updated >= chunk {
		return tidy(ctx, m.book.store)
	}
	return nil
}

// count counts a row of which it is settled what became.
func (m *importer) count(r *ImportResult) {
	n := &m.counts
	n.Rows++
	n.Kept += len(r.Kept)
	switch r.Outcome {
	case ImportCreated:
		n.Created++
	case ImportUpdated:
		n.Updated++
	case ImportSkipped:
		n.Skipped++
	default:
		n.Failed++
	}
}
