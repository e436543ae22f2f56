package boltstore

import (
	"context"
	"io"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// salvage gives s what is left in a damaged file of size bytes: as Present what
// its last state leads to, or loses only by a page of its tree that is bad; and
// as Perhaps what stands on other pages, of which a file has many from earlier
// states. A page that the disk does not read is one that is not there.
func salvage(ctx context.Context, f io.ReaderAt, size int64, s *kvstore.Salvager) (boltfile.Scanned, error) {
	done, err := boltfile.Scan(ctx, f, size, func(e boltfile.Element) error {
		how := kvstore.Perhaps
		if e.Used {
			how = kvstore.Present
		}
		return add(s, e, how)
	})
	if done.Doubt {
		s.Doubt()
	}
	return done, err
}

// salvageBase gives s the state in a sound file of size bytes, as Base.
func salvageBase(ctx context.Context, f io.ReaderAt, size int64, s *kvstore.Salvager) error {
	_, err := boltfile.Scan(ctx, f, size, func(e boltfile.Element) error {
		if !e.Used {
			return nil
		}
		return add(s, e, kvstore.Base)
	})
	return err
}

// add gives s an element of a page.
func add(s *kvstore.Salvager, e boltfile.Element, how kvstore.Evidence) error {
	table := kvstore.TableUnknown
	switch {
	case len(e.Bucket) == 1:
		table = e.Bucket[0]
	case e.Whole: // also where the mark of a book should be
		table = kvstore.TableLost
	}
	rest := e.Key
	if len(rest) > 0 && rest[0] == 0 {
		rest = rest[1:]
	}
	return s.Add(table, rest, e.Value, how)
}
