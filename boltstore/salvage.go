package boltstore

import (
	"context"
	"errors"
	"os"

	"github.com/callerbook/contacts/kvstore"
)

// salvage gives s what is left in a damaged file of size bytes, as Present or as
// Perhaps. A page that the disk does not read is one that is not there.
func salvage(ctx context.Context, f *os.File, size int64, s *kvstore.Salvager) error {
	return errors.New("boltstore: salvage is not written yet")
}

// salvageBase gives s the state in a sound file of size bytes, as Base.
func salvageBase(ctx context.Context, f *os.File, size int64, s *kvstore.Salvager) error {
	return errors.New("boltstore: salvageBase is not written yet")
}
