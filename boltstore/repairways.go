package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// previous copies the newest of the file's two states that is wholly sound, but
// the last one only where that is not known to be damaged itself.
func (r *repairer) previous(ctx context.Context, to string) error {
	metas, err := boltfile.ReadMetas(r.f, r.size)
	if err != nil {
		return noWayf("neither of the two states can be read (%s)", reason(err))
	}
	last, _ := metas.Current()
	states := []boltfile.Meta{last}
	if metas.Adjacent() == nil {
		states = nil // it is what is damaged
	}
	if other := 1 - last.Place; metas.Err[other] == nil {
		states = append(states, metas.Meta[other])
	}
	why := "there is no other state"
	for _, m := range states {
		_, err := readFormat(r.name, r.f, m)
		if err == nil {
			err = walk(ctx, r.name, r.f, r.size, m, bookContents())
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			why = "the state before the last commit is damaged, too (" + problem(r.name, err) + ")"
			continue
		}
		r.last, r.taken = last, m
		return copyRaw(ctx, to, r.f, m)
	}
	return noWayf("%s", why)
}

// copyRaw makes a file at to that has the state m of f alone, and the mark of a
// copy. A page that the disk does not read is none of that state's, which was
// read: zeros do for it.
func copyRaw(ctx context.Context, to string, f *os.File, m boltfile.Meta) (err error) {
	w, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := copyPages(ctx, w, f, int64(m.Pages)*int64(m.PageSize), m.PageSize); err != nil {
		return err
	}
	if err := boltfile.WriteMetas(w, m); err != nil {
		return err
	}
	if err := markCopy(w); err != nil {
		return err
	}
	return w.Sync()
}

// copyPages copies size bytes of f to w. What cannot be read is zeros there.
func copyPages(ctx context.Context, w *os.File, f io.ReaderAt, size int64, page int) error {
	buf := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), size-at)]
		if n, _ := f.ReadAt(b, at); n < len(b) {
			for i := 0; i < len(b); i += page {
				p := b[i:min(i+page, len(b))]
				if n, _ := f.ReadAt(p, at+int64(i)); n < len(p) {
					clear(p[n:])
				}
			}
		}
		if _, err := w.WriteAt(b, at); err != nil {
			return err
		}
	}
	return nil
}

// tellLost notes what the last state had and the one taken instead has not, as
// far as the counts of the scopes can still be read.
func (r *repairer) tellLost(ctx context.Context) {
	if r.last == r.taken {
		r.note("The two states of the file do not follow one another. The later one, number %d, is sound; it may not be the last one.", r.last.Txid)
		return
	}
	lost, they := lostWords(r.last.Txid, r.taken.Txid)
	changes, scopes := uint64(0), uint64(0)
	for _, sc := range r.report.Scopes {
		is, err := statOf(ctx, r.f, r.last, sc.Scope)
		was, err2 := statOf(ctx, r.f, r.taken, sc.Scope)
		if err != nil || err2 != nil {
			r.note("%s; what %s had brought cannot be told.", lost, strings.ToLower(they))
			return
		}
		if is.Last > was.Last {
			changes += is.Last - was.Last
			scopes++
		}
	}
	if changes == 0 {
		r.note("%s. %s had changed no contact of these scopes.", lost, they)
		return
	}
	r.note("%s. %s had brought %s, in %s.", lost, they, counted(changes, "change", "changes"), counted(scopes, "scope", "scopes"))
}

// lostWords says which commits are lost where an earlier state is taken: the two
// of a file need not follow one another.
func lostWords(last, taken uint64) (lost, they string) {
	if n := last - taken; n > 1 {
		return fmt.Sprintf("The last %d commits, up to number %d, are lost", n, last), "They"
	}
	return fmt.Sprintf("The last commit, number %d, is lost", last), "It"
}

func counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// statOf returns what state m of f says of a scope, if the pages that say it are
// sound.
func statOf(ctx context.Context, f *os.File, m boltfile.Meta, scope contacts.Scope) (contacts.Stat, error) {
	k, err := kvstore.New(&lookups{f, m}, &kvstore.Options{ReadOnly: true})
	if err != nil {
		return contacts.Stat{}, err
	}
	return k.Stat(ctx, scope)
}

// fromSnapshot takes the newest snapshot that is sound, with what the damaged
// file has of later states on top.
func (r *repairer) fromSnapshot(ctx context.Context, to string) ([]RepairedScope, error) {
	dir := r.o.SnapshotDir
	if dir == "" {
		dir = filepath.Dir(r.e.path)
	}
	list, err := listSaved(dir, filepath.Base(r.e.path), time.Now())
	if err != nil {
		return nil, noWayf("the folder of snapshots cannot be read (%s)", reason(err))
	}
	if len(list) == 0 {
		return nil, noWayf("there is no snapshot in %s", dir)
	}
	for _, s := range list {
		scopes, err := r.onSnapshot(ctx, to, s)
		if !errors.As(err, new(*noWay)) {
			return scopes, err
		}
		r.note("The snapshot %s is of no use: %s.", s.Path, err)
		emptyWork(r.work)
	}
	return nil, noWayf("no snapshot is of use")
}

// onSnapshot is fromSnapshot for one snapshot.
func (r *repairer) onSnapshot(ctx context.Context, to string, s Saved) ([]RepairedScope, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, noWayf("%s", reason(err))
	}
	defer f.Close()
	if _, err := verifyFile(ctx, s.Path, f); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, noWayf("%s", problem(s.Path, err))
	}
	scopes, behind, err := r.restore(ctx, to, f)
	if err != nil {
		return nil, err
	}
	if behind {
		if r.salvages && r.alone(ctx) >= held(scopes) {
			return nil, noWayf("it is of before the book was last repaired or restored, and the damaged file still has as many contacts")
		}
		r.note("The snapshot is of before the book was last repaired or restored. What came since is in the damaged file alone.")
	}
	r.report.Snapshot, r.report.SnapshotTime = s.Path, s.At
	return scopes, ctx.Err()
}

// alone returns how many contacts the damaged file gives without a snapshot.
func (r *repairer) alone(ctx context.Context) uint64 {
	to := filepath.Join(r.work, "alone")
	defer os.Remove(to)
	defer func(doubt bool) { r.doubt = doubt }(r.doubt)
	scopes, _, err := r.restore(ctx, to, nil)
	if err != nil {
		return 0 // the snapshot it is
	}
	return held(scopes)
}

// held counts the contacts of scopes.
func held(scopes []RepairedScope) (n uint64) {
	for _, s := range scopes {
		n += s.Counts.Active + s.Counts.Inactive + s.Counts.Merged
	}
	return n
}

// restore makes a book at to of what is left in the damaged file and, where base
// is not nil, of the state in base. behind says that of some scopes what is left
// does not count, as base is of before it began another feed.
func (r *repairer) restore(ctx context.Context, to string, base *os.File) (out []RepairedScope, behind bool, err error) {
	s := kvstore.NewSalvager(r.temp)
	defer s.Close()
	if base != nil {
		fi, err := base.Stat()
		if err == nil {
			err = salvageBase(ctx, base, fi.Size(), s)
		}
		if err != nil {
			return nil, false, err
		}
	}
	_, err = salvage(ctx, r.f, r.size, s)
	if err != nil && (base == nil || !errors.Is(err, boltfile.ErrForeign)) {
		return nil, false, wayOf(err)
	}
	dst, err := Open(to, &Options{Folder: FolderAllow, NoAutoCompact: true})
	if err != nil {
		return nil, false, err
	}
	list, err := s.Restore(ctx, dst.Store)
	if closeErr := dst.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, false, err
	}
	found := uint64(0)
	r.doubt = false
	for _, d := range list {
		behind, r.doubt = behind || d.Behind, r.doubt || d.Doubt
		found += d.Counts.Active + d.Counts.Inactive + d.Counts.Merged + uint64(len(d.Left))
		out = append(out, RepairedScope{
			Scope: d.Scope, Unnamed: d.Unnamed, Counts: d.Counts, Past: d.Past,
			Exact: d.Exact, Missing: d.Missing, Left: d.Left, Kept: d.Kept,
		})
	}
	if found == 0 && base == nil { // an empty book is soon made
		return nil, false, noWayf("no contact was found")
	}
	return out, behind, nil
}

// wayOf is err, which says that nothing in a file is of a book, as a method's.
func wayOf(err error) error {
	if errors.Is(err, boltfile.ErrForeign) {
		return noWayf("no page of a book was found")
	}
	return err
}

// survey says what is in a book that is wholly a state of the damaged one.
func (r *repairer) survey(ctx context.Context, s *Store) ([]RepairedScope, error) {
	out := []RepairedScope{}
	for scope, err := range contacts.Scopes(ctx, s) {
		if err != nil {
			return nil, err
		}
		st, err := s.Stat(ctx, scope)
		if err != nil {
			return nil, err
		}
		past, err := s.Superseded(ctx, scope)
		if err != nil {
			return nil, err
		}
		out = append(out, RepairedScope{Scope: scope, Past: past, Exact: true, Counts: contacts.Counts{
			Active: st.Active, Inactive: st.Inactive, Merged: st.Merged, Duplicates: st.Duplicates,
		}})
	}
	return out, nil
}
