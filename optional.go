package contacts

import (
	"context"
	"io"
	"iter"
	"time"
)

// The optional abilities of a Store, found by type assertion. Use the
// functions of the same name: they fall back where that is possible and return
// ErrUnsupported where it is not.
type (
	// Waiter wakes its callers on news.
	Waiter interface {
		// Wait returns nil when the scope has events after that
		// revision, at once if it has them already.
		Wait(ctx context.Context, scope Scope, after uint64) error
	}

	// Trimmer forgets the past.
	Trimmer interface {
		// Trim drops superseded records, events and Ops up to and
		// including that revision. What is a contact's present state
		// stays. Stat.First tells what is left.
		Trim(ctx context.Context, scope Scope, upTo uint64) error
	}

	// Loader fills an empty scope at once, faster than Apply.
	Loader interface {
		// Load stores records with their revisions, all or nothing; a
		// scope that has events is ErrNotEmpty. The sequence may be
		// of any length and may read the store; an error in it ends
		// the load and is returned. Duplicates are refused as by
		// Apply, unless the record keeps them; Refusal.Index counts
		// records. Ops are not carried over.
		Load(ctx context.Context, scope Scope, head LoadHead, records iter.Seq2[LoadRecord, error]) (Applied, error)
	}

	// Backuper writes a copy of itself.
	Backuper interface {
		// Backup writes a consistent copy of the whole store to w,
		// without keeping writers waiting while w is slow. The copy has
		// the epochs of the store: where it takes the store's place, who
		// followed a feed lists the contacts anew, as the feed goes on
		// from the backup with other events.
		Backup(ctx context.Context, w io.Writer) error
	}

	// Checker looks for damage.
	Checker interface {
		// Check reads everything and returns nil if all of it is sound:
		// records, indexes, counts and, where there is one, the file.
		Check(ctx context.Context) error
	}

	// Forker tries things out.
	Forker interface {
		// Fork returns a store of its own that begins as this one is now,
		// in every scope, and that nothing remembers: what is written to
		// it this one does not see, nor the other way about, and Close
		// throws it away. Writes to it need not be durable. Its content,
		// where it is kept in a file, is as safe from others as this
		// store's, and gone after a crash at the latest when this store is
		// opened again. It does not keep writers of this one waiting for
		// longer than a backup does, and outlives it.
		Fork(ctx context.Context) (Store, error)
	}

	// Compacter gives back unused space.
	Compacter interface {
		Compact(ctx context.Context) error
	}

	// Distant tells that the store is on another machine, or may be, so that
	// each call takes a round trip. A Book then asks nothing beforehand that
	// Apply finds out by itself.
	Distant interface {
		Distant() bool
	}
)

// LoadHead is what Load needs to know of the scope it fills.
type LoadHead struct {
	First    uint64 // Stat.First: where the feed that is loaded begins
	Last     uint64 // last revision of the feed; 0 means the greatest of a record
	Index    IndexVersion
	UniqueBy UniqueBy
	Settings []byte
}

// LoadRecord is one contact to load.
type LoadRecord struct {
	Contact Contact // with ID and Revision; each revision of a scope is used once
	Keys    Keys

	// Created is the position in order of creation: the revision of the
	// first event, whether or not that is still there. Unique in a scope. 0
	// means Contact.Revision.
	Created uint64

	// Past has superseded states, oldest first, each with its Revision,
	// Contact and Lines.
	Past []Event

	KeepDuplicates bool

	// Purged says that the contact was purged: of Contact only ID,
	// Revision (that of the purge), UpdatedAt, UpdatedBy, UpdatedByAID and
	// MergedInto count, and of Past only the revisions.
	Purged bool
}

// Wait returns when the scope has events after that revision. A store that is
// no Waiter is asked for its Stat twice a second.
func Wait(ctx context.Context, s Store, scope Scope, after uint64) error {
	if w, ok := s.(Waiter); ok {
		return w.Wait(ctx, scope, after)
	}
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		st, err := s.Stat(ctx, scope)
		if err != nil || st.Last > after {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// Trim drops the past of a scope up to a revision; see Trimmer.
func Trim(ctx context.Context, s Store, scope Scope, upTo uint64) error {
	if t, ok := s.(Trimmer); ok {
		return t.Trim(ctx, scope, upTo)
	}
	return ErrUnsupported
}

// Load fills an empty scope; see Loader.
func Load(ctx context.Context, s Store, scope Scope, head LoadHead, records iter.Seq2[LoadRecord, error]) (Applied, error) {
	if l, ok := s.(Loader); ok {
		return l.Load(ctx, scope, head, records)
	}
	return Applied{}, ErrUnsupported
}

// Backup writes a copy of the whole store to w; see Backuper.
func Backup(ctx context.Context, s Store, w io.Writer) error {
	if b, ok := s.(Backuper); ok {
		return b.Backup(ctx, w)
	}
	return ErrUnsupported
}

// Fork returns a copy to try things out on; see Forker.
func Fork(ctx context.Context, s Store) (Store, error) {
	if f, ok := s.(Forker); ok {
		return f.Fork(ctx)
	}
	return nil, ErrUnsupported
}

// Check looks for damage; see Checker.
func Check(ctx context.Context, s Store) error {
	if c, ok := s.(Checker); ok {
		return c.Check(ctx)
	}
	return ErrUnsupported
}

// Compact gives back unused space. It does nothing on a store that has none to
// give.
func Compact(ctx context.Context, s Store) error {
	if c, ok := s.(Compacter); ok {
		return c.Compact(ctx)
	}
	return nil
}

// Scopes yields every scope of a store, in order.
func Scopes(ctx context.Context, s Store) iter.Seq2[Scope, error] {
	return func(yield func(Scope, error) bool) {
		var from Scope
		for {
			page, err := s.Scopes(ctx, from, MaxLimit)
			if err != nil {
				yield(Scope{}, err)
				return
			}
			for _, sc := range page {
				if !yield(sc, nil) {
					return
				}
				from = sc.Next()
			}
			if len(page) < MaxLimit {
				return
			}
		}
	}
}
