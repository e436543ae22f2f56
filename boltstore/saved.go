package boltstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts"
)

// Snapshots has a store keep verified copies of its file, named by the file
// and the time of the copy, in UTC: book.db.20261123-174500.snapshot. Each is a
// whole book, for its owner's eyes alone.
//
// A copy is made in the background, when the store was opened or has committed
// and the newest copy is older than Every. Close ends one that is under way. It
// is verified before it gets its name; only then the oldest are removed.
type Snapshots struct {
	// Dir is where they are; "" means beside the file. It must exist. Books of
	// one name need a folder each.
	Dir   string
	Every time.Duration // the least time between two; 0 means 24 hours
	Keep  int           // how many are kept; 0 means 3
}

// Saved is such a copy.
type Saved struct {
	Path string
	At   time.Time // of its name
}

// ListSnapshots returns the snapshots of the book at path, the newest first. dir
// is Snapshots.Dir. It needs neither the book nor its lock.
func ListSnapshots(path, dir string) ([]Saved, error) {
	real, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		dir = filepath.Dir(real)
	}
	list, err := listSaved(dir, filepath.Base(real), time.Now())
	if err != nil {
		return nil, failed(dir, "looking for snapshots", err)
	}
	return list, nil
}

// SaveSnapshot makes such a copy now, whatever Options.Snapshots say of times,
// and returns its path. Without Options.Snapshots their defaults hold. A store
// that is read-only answers contacts.ErrReadOnly, a fork
// contacts.ErrUnsupported.
func (s *Store) SaveSnapshot(ctx context.Context) (path string, err error) {
	return s.engine.saveSnapshot(ctx)
}

// LastSnapshot returns the newest copy that this store has made or found, and
// when it was made, "" where it knows of none; and the error of the last copy
// in the background, nil where it went well. A copy that fails is tried again
// within the hour.
func (s *Store) LastSnapshot() (path string, at time.Time, err error) {
	v := s.engine.saver
	if v == nil {
		return "", time.Time{}, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last.Path, v.last.At, v.err
}

const (
	defaultEvery = 24 * time.Hour
	defaultKeep  = 3
	saveRetry    = time.Hour // after a copy that failed

	// clockSlack is how far in the future a copy may seem to have been made.
	// One from later than that is from before the clock was set back, or from a
	// time when it was wrong.
	clockSlack = time.Minute

	savedSuffix  = ".snapshot"
	savedLayout  = "20060102-150405"
	savingSuffix = ".saving" // and digits: a copy that has no name yet
)

var errSaving = errors.New("a snapshot is still being written")

// saver makes the copies of one engine.
type saver struct {
	e      *engine
	dir    string
	every  time.Duration
	keep   int
	always bool // in the background, too
	now    func() time.Time

	turn  chan struct{}        // holds a token while no copy is made
	quiet atomic.Pointer[span] // no copy is due in this time; nil: one may be

	mu      sync.Mutex
	running chan struct{} // closed at the end of the copy in the background
	ended   bool          // there will be no other
	last    Saved
	err     error
}

// span is a part of time by the clock on the wall.
type span struct{ from, to time.Time }

func newSaver(e *engine) *saver {
	v := &saver{e: e, dir: filepath.Dir(e.path), every: defaultEvery, keep: defaultKeep, now: time.Now, turn: make(chan struct{}, 1)}
	v.turn <- struct{}{}
	if o := e.options.Snapshots; o != nil {
		v.always = true
		if o.Dir != "" {
			v.dir = o.Dir
			if abs, err := filepath.Abs(o.Dir); err == nil {
				v.dir = abs
			}
		}
		if o.Every > 0 {
			v.every = o.Every
		}
		if o.Keep > 0 {
			v.keep = o.Keep
		}
	}
	return v
}

func (e *engine) saveSnapshot(ctx context.Context) (string, error) {
	switch {
	case e.private:
		return "", fmt.Errorf("%s: a copy of the book keeps no snapshots: %w", e.name, contacts.ErrUnsupported)
	case e.options.ReadOnly:
		return "", readOnlyError(e.name)
	}
	return e.saver.save(ctx, false)
}

// warning says that no copies can be kept, "" where they can.
func (v *saver) warning() string {
	if v == nil || !v.always {
		return ""
	}
	if fi, err := os.Stat(v.dir); err != nil || !fi.IsDir() {
		return "No snapshots can be kept: the folder " + v.dir + " is not there."
	}
	return ""
}

// look begins a copy in the background where one may be due. It costs next to
// nothing where none is.
func (v *saver) look() {
	if v == nil || !v.always {
		return
	}
	now := v.now().Round(0)
	if q := v.quiet.Load(); q != nil && !now.Before(q.from) && now.Before(q.to) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended || v.running != nil {
		return
	}
	done := make(chan struct{})
	v.running = done
	//contacts:owner end, for which Close waits
	go func() {
		_, err := v.save(context.Background(), true)
		v.mu.Lock()
		defer v.mu.Unlock()
		if !errors.Is(err, contacts.ErrClosed) {
			v.err = err
		}
		v.running = nil
		close(done)
	}()
}

// end lets no further copy begin, and waits that long for the end of one in
// the background. It reports whether there is none.
func (v *saver) end(wait time.Duration) bool {
	if v == nil {
		return true
	}
	v.mu.Lock()
	v.ended = true
	running := v.running
	v.mu.Unlock()
	if running == nil {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-running:
		return true
	case <-timer.C:
		return false
	}
}

// save makes a copy and removes the oldest. It ends when the engine is closed.
// With ifDue set it makes one only where the newest is old enough.
func (v *saver) save(ctx context.Context, ifDue bool) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(v.e.open, cancel)() //contacts:owner this function takes it back
	path, err := v.inTurn(ctx, ifDue)
	if errors.Is(err, context.Canceled) && v.e.open.Err() != nil {
		err = closedError(v.e.name)
	}
	return path, err
}

func (v *saver) inTurn(ctx context.Context, ifDue bool) (string, error) {
	select {
	case <-v.turn:
		defer func() { v.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	now := v.now().Round(0)
	retry := func(err error) (string, error) {
		if ifDue {
			v.quiet.Store(&span{now, now.Add(min(v.every, saveRetry))})
		}
		return "", err
	}
	list, err := listSaved(v.dir, v.base(), now)
	if err != nil {
		return retry(failed(v.dir, "looking for snapshots", err))
	}
	at := now.UTC().Truncate(time.Second)
	if len(list) > 0 && !list[0].future(now) {
		newest := list[0]
		if ifDue && now.Sub(newest.At) < v.every {
			v.note(newest)
			v.quiet.Store(&span{now, newest.At.Add(v.every)})
			return newest.Path, nil
		}
		if !newest.At.Before(at) {
			at = newest.At.Add(time.Second) // two in a second
		}
	}
	// What a process left that did not live to the end of a copy.
	eachNumbered(v.dir, "."+v.base(), []string{savingSuffix}, func(path, _ string) { _ = os.Remove(path) })
	made, err := v.write(ctx, at)
	if err != nil {
		return retry(err)
	}
	v.note(made)
	v.quiet.Store(&span{now, now.Add(v.every)})
	return made.Path, v.rotate(made, now)
}

func (v *saver) base() string { return filepath.Base(v.e.path) }

func (v *saver) note(s Saved) {
	v.mu.Lock()
	v.last = s
	v.mu.Unlock()
}

// write makes a verified copy and gives it its name. One that is taken since
// the folder was read is an error that wraps fs.ErrExist.
func (v *saver) write(ctx context.Context, at time.Time) (s Saved, err error) {
	const doing = "saving a snapshot"
	f, err := os.CreateTemp(v.dir, "."+v.base()+savingSuffix)
	if err != nil {
		return s, failed(v.dir, doing, err)
	}
	err = v.e.writeCopy(ctx, f, doing)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	s = Saved{filepath.Join(v.dir, v.base()+"."+at.Format(savedLayout)+savedSuffix), at}
	if err == nil {
		err = publish(f.Name(), s.Path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return s, concerning(ctx, v.dir, doing, err)
}

// rotate removes the oldest copies beyond those that are kept. The one that
// was just made stays whatever the clock said of the others.
func (v *saver) rotate(made Saved, now time.Time) error {
	list, err := listSaved(v.dir, v.base(), now)
	if err != nil {
		return failed(v.dir, "looking for old snapshots", err)
	}
	kept := 1
	for _, s := range list {
		if s.Path == made.Path {
			continue
		}
		if kept++; kept <= v.keep {
			continue
		}
		if removeErr := os.Remove(s.Path); err == nil && removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
			err = failed(s.Path, "removing an old snapshot", removeErr)
		}
	}
	return err
}

// listSaved returns the copies of the book of that name in a folder, the newest
// first. Those from the future were made before the clock was set back, and come
// last.
func listSaved(dir, base string, now time.Time) ([]Saved, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []Saved
	for _, e := range entries {
		if at, ok := parseSaved(e.Name(), base); ok && e.Type().IsRegular() {
			list = append(list, Saved{filepath.Join(dir, e.Name()), at})
		}
	}
	slices.SortFunc(list, func(a, b Saved) int {
		if x, y := a.future(now), b.future(now); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Path, b.Path))
	})
	return list, nil
}

func (s Saved) future(now time.Time) bool { return s.At.Sub(now) > clockSlack }

// parseSaved returns the time in the name of a copy of the book base.
func parseSaved(name, base string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(name, base+".")
	stamp, ok2 := strings.CutSuffix(rest, savedSuffix)
	if !ok || !ok2 || len(stamp) != len(savedLayout) {
		return time.Time{}, false
	}
	at, err := time.Parse(savedLayout, stamp)
	return at, err == nil && at.Format(savedLayout) == stamp
}
