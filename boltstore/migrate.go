package boltstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// migration returns what writes a file of format from+1 from one of format
// from, nil if nothing does. Every format that was ever released has one.
func (e *engine) migration(from int) tablesWriter {
	switch from {
	case 1:
		return e.checksumFormat
	}
	return nil
}

// checksumFormat gives the record of the version its checksum.
//
//contacts:guarded as a tablesWriter
func (e *engine) checksumFormat(ctx context.Context, s *snapshot, b *boltfile.Builder) error {
	m := e.merger(s, b)
	if err := m.copyBut(ctx, formatBucket, formatKey, formatRecord(2)); err != nil {
		return err
	}
	_, err := b.Finish(uint64(s.tx.ID()))
	return err
}

// migrate has the file in the present format, unless it is to be read only. It
// goes from one format to the next, and each time writes a new file, as a
// compaction does: verified and synced before it takes the place of the old
// one. So a process that dies on the way leaves a whole book of one of them,
// and what fails leaves the book as it was. The contents of the book stay, and
// with them its epochs, revisions and cursors.
func (e *engine) migrate(ctx context.Context) error {
	if e.options.ReadOnly || e.h.format == formatVersion {
		return nil
	}
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.endTurn()
	for e.h.format != formatVersion {
		from := e.h.format
		doing := fmt.Sprintf("bringing it from format %d to %d", from, from+1)
		err := errHasNames
		if !e.linked() {
			err = e.rewriteWith(ctx, doing, e.migration(from))
		}
		switch {
		case err != nil && (e.fault.Load() != nil || ctx.Err() != nil):
			return err
		case err != nil:
			return migrationFailed(e.name, doing, err)
		case e.h.format != from+1:
			return migrationFailed(e.name, doing, errors.New("the new file has another"))
		}
	}
	return nil
}

// errHasNames: a new file would take the place of one of its names, and the
// others would go on with the old one.
var errHasNames = errors.New("the file has another name, a hard link, which would stay behind: remove one of them")

// migrationFailed returns the error for a book that is as it was, of an older
// format.
func migrationFailed(path, doing string, cause error) error {
	why := reason(cause)
	var named *fileError
	if errors.As(cause, &named) {
		why = named.why()
	}
	advice := "try again"
	if diskFull(cause) {
		advice = "make room on the disk for a second file of its size"
	}
	return &fileError{
		path: path,
		text: doing + ": " + why + "; it was not changed: " + advice + ", or open it read-only",
		errs: []error{cause},
	}
}
