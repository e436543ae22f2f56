package boltstore

import (
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// cleanAhead is how far ahead of the last write the time is that a clean close
// gives to the file. It is longer than writing the mark takes on most disks, and
// no time that a write gets by itself is equal to it, however a file system
// rounds its times.
const cleanAhead = 2 * time.Second

// cleanTime returns the time of change that a file closed now is given: of full
// seconds, even ones, as some file systems keep no others, and not before
// that of the last write, as programs that make backups go by it.
func cleanTime(now, lastWrite time.Time) time.Time {
	if lastWrite.After(now) {
		now = lastWrite
	}
	const step = 2 * time.Second
	at := now.Add(cleanAhead)
	if rounded := at.Truncate(step); rounded.Before(at) {
		at = rounded.Add(step)
	}
	return at
}

// isClean reports whether t, the mark in the current meta page of a file, says
// that the file was closed in order and that nothing came after that: its size,
// the time that the mark gave to it and, where the system tells the time at
// which a file's bytes, name or times were last changed by anybody, that too.
// So the mark does not hold for a copy, even one that keeps the time.
func isClean(t boltfile.Trailer, fi fs.FileInfo) bool {
	at := time.Unix(0, t.ModTime)
	if t.Kind != boltfile.TrailerClean || t.Size != fi.Size() || !fi.ModTime().Equal(at) {
		return false
	}
	changed, ok := changeTime(fi)
	return !ok || !changed.After(at)
}

// closeClean closes h, which nobody uses, and marks it as closed in order if that is
// so. A file that cannot be marked is no worse for it. The caller has the
// writer's turn.
//
// The mark is worth something once the file has the time that it names, which
// is the last step. A process that dies before it leaves a file that is read
// wholly when it is opened.
func (e *engine) closeClean(h *handle) error {
	at, marked := e.mark(h)
	if e.fault.Load() != nil { // it was found out just now
		h.abandon()
		return nil
	}
	if marked && runtime.GOOS != "windows" {
		_ = os.Chtimes(e.path, time.Time{}, at) // while it is locked
	}
	err := e.closeHandle(h)
	if marked && runtime.GOOS == "windows" && err == nil {
		// There closing a file sets its time.
		_ = os.Chtimes(e.path, time.Time{}, at)
	}
	return err
}

// mark writes the mark of a clean close and returns the time that it names.
func (e *engine) mark(h *handle) (at time.Time, ok bool) {
	if e.options.ReadOnly || e.private || e.suspect.Load() || e.untouched(h) != nil {
		return at, false
	}
	fi, err := h.file.Stat()
	if err != nil {
		return at, false
	}
	metas, err := boltfile.ReadMetas(h.file, fi.Size())
	if err != nil || metas.Err[0] != nil || metas.Err[1] != nil || metas.Adjacent() != nil {
		return at, false
	}
	if marked(h.file, metas) {
		return at, false // whoever opens it has to know that it is a copy
	}
	m, _ := metas.Current()
	at = cleanTime(time.Now(), fi.ModTime())
	t := boltfile.Trailer{Kind: boltfile.TrailerClean, Size: fi.Size(), ModTime: at.UnixNano()}
	if boltfile.WriteTrailer(h.file, m, t) != nil || h.file.Sync() != nil {
		return at, false
	}
	return at, true
}
