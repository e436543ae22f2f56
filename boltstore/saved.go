package boltstore

import (
	"context"
	"errors"
	"time"
)

// Snapshots has a store keep verified copies of its file, named by the file
// and the time of the copy: book.db.20261123-174500.snapshot. Each is a whole
// book, for its owner's eyes alone.
//
// A copy is made in the background, when the store was opened or has committed
// and the newest copy is older than Every. Close ends one that is under way. It
// is verified before it gets its name; only then the oldest are removed.
type Snapshots struct {
	Dir   string        // where they are; "" means beside the file. It must exist.
	Every time.Duration // the least time between two; 0 means 24 hours
	Keep  int           // how many are kept; 0 means 3
}

// SaveSnapshot makes such a copy now, whatever Options.Snapshots say of times,
// and returns its path. Without Options.Snapshots their defaults hold.
func (s *Store) SaveSnapshot(ctx context.Context) (path string, err error) {
	return "", errors.New("boltstore: SaveSnapshot is not written yet")
}
