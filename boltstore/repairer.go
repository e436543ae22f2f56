package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// repairer is one Repair.
type repairer struct {
	o      RepairOptions
	name   string // the path as the caller gave it
	report Report

	e     *engine  // has the lock of the file, and no handle
	f     *os.File // the damaged file
	size  int64
	cause error  // says that it is damaged
	lost  bool   // even that it is a book has to be shown
	work  string // the folder for the new file

	salvages bool // RepairSalvage is among the methods
	doubt    bool // what restore made may be of an earlier state than the last

	last, taken boltfile.Meta // of RepairPrevious
}

// noWay says why a method of repair does not do.
type noWay struct{ why string }

func (n *noWay) Error() string { return n.why }

func noWayf(format string, args ...any) error { return &noWay{fmt.Sprintf(format, args...)} }

// run is Repair.
func (r *repairer) run(ctx context.Context) error {
	methods := r.o.Methods
	if methods == nil {
		methods = []RepairMethod{RepairPrevious, RepairSnapshot, RepairSalvage}
	}
	for _, m := range methods {
		if m != RepairPrevious && m != RepairSnapshot && m != RepairSalvage {
			return fmt.Errorf("%w: there is no way of repair called %q", contacts.ErrInvalid, m)
		}
	}
	r.salvages = slices.Contains(methods, RepairSalvage)
	if err := r.open(ctx); err != nil || r.report.Sound {
		return err
	}
	defer r.release()
	r.report.Problem = problem(r.name, r.cause)
	r.step("judged")
	if err := r.makeWork(); err != nil {
		return r.failed(err)
	}
	defer removeWork(r.work)
	r.step("begun")
	made, err := r.make(ctx, methods)
	if err != nil {
		return err
	}
	r.step("made")
	if r.o.DryRun {
		return nil
	}
	return r.replace(made)
}

func (r *repairer) step(name string) {
	if r.o.step != nil {
		r.o.step(name)
	}
}

func (r *repairer) note(format string, args ...any) {
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, args...))
}

// open takes the lock of the file and judges it. Unless that is sound, the lock
// is held then.
func (r *repairer) open(ctx context.Context) error {
	o := &Options{ReadOnly: r.o.DryRun, MustExist: true, LockWait: r.o.LockWait}
	deadline := time.Now().Add(o.lockWait())
	var seen boltfile.Meta // the state that cause is of
	for range 3 {
		e, err := newEngine(r.name, o, bookContents())
		if err != nil {
			return err
		}
		if r.f, err = e.acquire(deadline); err != nil {
			return err
		}
		r.e = e
		if !o.ReadOnly {
			e.owned = writeOwner(e.path, e.entry.owner)
		}
		found, err := judge(ctx, r.name, r.f, VerifyFull, e.contents)
		info, statErr := r.f.Stat()
		if statErr == nil {
			r.size = info.Size()
		}
		switch {
		case err == nil && r.cause != nil && found.meta == seen: // as it was, but for what Check says
			return nil
		case err == nil:
			seen = found.meta
			if r.cause, err = r.check(ctx, found, deadline); err != nil {
				return err
			}
			if r.cause == nil {
				r.report.Sound = true
				if found.older {
					r.note("One of the two pages that say where the contacts are is damaged: the last change before may be missing. " +
						"Opening the book for writing mends it.")
				}
				return nil
			}
			// Check has closed the file. Perhaps somebody else has it now.
			continue
		case errors.Is(err, contacts.ErrDamaged):
			r.cause = err
			return nil
		case errors.Is(err, contacts.ErrNotBook) && r.size > 0 && headless(r.f, r.size):
			r.cause, r.lost = err, true
			return nil
		}
		r.release()
		return err
	}
	return failed(r.name, "repairing", errors.New("other programs keep opening it"))
}

// headless reports whether nothing at the beginning of f says what it is: it may
// be a book that was overwritten there.
func headless(f *os.File, size int64) bool {
	_, err := boltfile.ReadMetas(f, size)
	return errors.Is(err, boltfile.ErrForeign)
}

// check compares the indexes of the file, which was judged, with its records,
// and closes it. It returns what is wrong as cause.
func (r *repairer) check(ctx context.Context, found judged, deadline time.Time) (cause, err error) {
	e, f := r.e, r.f
	r.e, r.f = nil, nil
	e.owned.remove()
	e.owned, e.options.ReadOnly = nil, true
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		e.entry.release()
		return nil, failed(r.name, "repairing", err)
	}
	db, err := openBolt(r.name, f, true, info.Size(), deadline)
	if err == nil {
		e.h, err = newHandle(r.name, db, f, info, found.meta, found.format)
	}
	if err != nil {
		e.entry.release()
		return nil, err
	}
	k, err := kvstore.New(e, &kvstore.Options{ReadOnly: true, Name: r.name})
	if err == nil {
		err = k.Check(ctx)
	}
	if closeErr := e.Close(); err == nil && closeErr != nil {
		return nil, closeErr
	}
	if errors.Is(err, contacts.ErrDamaged) {
		return err, nil
	}
	return nil, err
}

// release gives the file up. It may be called twice.
func (r *repairer) release() {
	if r.f == nil {
		return
	}
	r.e.owned.remove()
	unlock(r.f)
	_ = r.f.Close()
	r.e.entry.release()
	r.f = nil
}

// make tries the methods in turn, and returns the path of a file that is proved
// to be sound.
func (r *repairer) make(ctx context.Context, methods []RepairMethod) (string, error) {
	to := filepath.Join(r.work, filepath.Base(r.e.path))
	if r.lost {
		// Nothing but contacts in it shows that the file is a book.
		if _, _, err := r.restore(ctx, to, nil); errors.As(err, new(*noWay)) {
			return "", r.cause
		} else if err != nil {
			return "", r.failed(err)
		}
		r.report.Problem = "its beginning was overwritten"
	}
	var why []string
	for _, m := range methods {
		err := r.try(ctx, m, to)
		var no *noWay
		switch {
		case err == nil:
			r.report.Method = m
			return to, nil
		case errors.As(err, &no):
			r.note("The %s did not do: %s.", m, no.why)
			why = append(why, fmt.Sprintf("%s: %s", m, no.why))
		default:
			return "", r.failed(err)
		}
	}
	return "", &fileError{
		path: r.name,
		text: "file is damaged (" + r.report.Problem + ") and cannot be repaired (" + strings.Join(why, "; ") + "); it was not changed: restore a backup",
		errs: []error{contacts.ErrDamaged, r.cause}, what: r.report.Problem,
	}
}

// try makes a file at to in one way, and proves that it is sound.
func (r *repairer) try(ctx context.Context, m RepairMethod, to string) error {
	emptyWork(r.work)
	var scopes []RepairedScope
	var err error
	switch m {
	case RepairPrevious:
		err = r.previous(ctx, to)
	case RepairSnapshot:
		scopes, err = r.fromSnapshot(ctx, to)
	default:
		scopes, _, err = r.restore(ctx, to, nil)
	}
	if err == nil {
		r.step(string(m))
		scopes, err = r.prove(ctx, to, scopes)
	}
	switch {
	case err == nil:
		r.report.Scopes = scopes
		switch {
		case m == RepairPrevious:
			r.tellLost(ctx)
		case r.doubt:
			r.note("The last changes may be lost: what they added, changed or deleted may be as it was before.")
		}
		return nil
	case ctx.Err() == nil && (errors.Is(err, contacts.ErrDamaged) || errors.Is(err, contacts.ErrNewer)):
		return noWayf("the file that it gives is not sound (%s)", problem(to, err))
	}
	return err
}

// prove opens the new file as Open does, which begins new feeds in what is a
// copy, and compares its indexes with its records; then it reads the whole file
// once more, as it is on the disk, and gives it the rights of the old one. It
// surveys the scopes unless that was done.
func (r *repairer) prove(ctx context.Context, to string, scopes []RepairedScope) ([]RepairedScope, error) {
	s, err := Open(to, &Options{MustExist: true, Verify: VerifyFull, Folder: FolderAllow, NoAutoCompact: true})
	if err != nil {
		return nil, err
	}
	err = s.Check(ctx)
	if err == nil && scopes == nil {
		scopes, err = r.survey(ctx, s)
	}
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if _, err = verifyFile(ctx, to, f); err == nil {
		err = r.keepRights(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return scopes, err
}

// keepRights gives the new file the owner and the mode of the old one.
func (r *repairer) keepRights(f *os.File) error {
	if r.o.DryRun {
		return nil
	}
	info, err := r.f.Stat()
	if err != nil {
		return err
	}
	return keepOwner(f, info)
}

// failed returns the error for a repair that something else than the damage
// stood in the way of.
func (r *repairer) failed(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	why := reason(err)
	var named *fileError
	if errors.As(err, &named) {
		why = named.why()
	}
	if diskFull(err) {
		why = fmt.Sprintf("the disk is full: a second file of up to %d MiB needs room (%s)", r.size>>20+1, why)
	}
	return &fileError{path: r.name, text: "repairing: " + why + "; it was not changed", errs: []error{err}}
}

// problem says in a few words what an error of a damaged file says.
func problem(path string, err error) string {
	var named *fileError
	if errors.As(err, &named) && named.what != "" {
		return named.what
	}
	text := reason(err)
	for _, prefix := range []string{"contacts: ", path + ": ", "file is damaged: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.TrimSuffix(text, ": "+contacts.ErrDamaged.Error())
}

// workPath is the folder in which a repair of the book at path makes the new
// one. Only the holder of the lock has it.
func workPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".repair")
}

// makeWork makes the folder for the new file, in place of one that a process
// left which did not live to its end.
func (r *repairer) makeWork() (err error) {
	if r.o.DryRun {
		r.work, err = os.MkdirTemp("", "contacts-repair")
		return err
	}
	r.work = workPath(r.e.path)
	removeWork(r.work)
	return os.Mkdir(r.work, 0o700)
}

// removeWork removes such a folder, which has no folders in it.
func removeWork(dir string) {
	fi, err := os.Lstat(dir)
	if err != nil || !fi.IsDir() {
		return
	}
	emptyWork(dir)
	_ = os.Remove(dir)
}

func emptyWork(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		_ = os.Remove(filepath.Join(dir, e.Name()))
	}
}

// temp makes a file to sort in.
func (r *repairer) temp() (*os.File, error) {
	return os.CreateTemp(r.work, "sort")
}
