package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

var savedDay = time.Date(2026, 11, 23, 17, 45, 0, 0, time.UTC)

// idle waits until no copy is made in the background.
func (v *saver) idle() {
	v.mu.Lock()
	running := v.running
	v.mu.Unlock()
	if running != nil {
		<-running
	}
}

// snapshotsIn returns the names of the snapshots of book.db in a folder, in order.
func snapshotsIn(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	for _, name := range list(t, dir) {
		if strings.HasPrefix(name, "book.db.") {
			names = append(names, name)
		}
	}
	return names
}

// TestSaveSnapshot makes snapshots by hand: each is a book of its own, the oldest
// go, and nothing else does.
func TestSaveSnapshot(t *testing.T) {
	ctx := context.Background()
	for _, elsewhere := range []bool{false, true} {
		dir := tempDir(t)
		to := dir
		if elsewhere {
			to = filepath.Join(dir, "snapshots")
			must(t, os.Mkdir(to, 0o700))
		}
		strangers := []string{
			"other.db.20250101-000000.snapshot", "book.db.20250101-000000.snapshot.txt", "book.db.20250101.snapshot",
			"book.db.20251301-000000.snapshot", "book.db.20250101-000000.snap", "book.db..snapshot", "xbook.db.20250101-000000.snapshot",
			"book.db.2025010a-000000.snapshot", "book.db.20250101-000000-2.snapshot", "book.db.damaged-20250101-000000",
		}
		for _, name := range strangers {
			must(t, os.WriteFile(filepath.Join(to, name), []byte("theirs"), 0o600))
		}
		must(t, os.Mkdir(filepath.Join(to, "book.db.20250102-000000.snapshot"), 0o700))
		strangers = append(strangers, "book.db.20250102-000000.snapshot")

		o := &Options{Snapshots: &Snapshots{Keep: 2, Every: 100 * 365 * 24 * time.Hour}}
		if elsewhere {
			o.Snapshots.Dir = to
		}
		s, err := Open(filepath.Join(dir, "book.db"), o)
		must(t, err)
		s.engine.saver.idle()
		for _, name := range snapshotsIn(t, to) {
			if !slices.Contains(strangers, name) {
				must(t, os.Remove(filepath.Join(to, name))) // Open's own
			}
		}
		b, err := contacts.Open(ctx, s, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
		must(t, err)
		var paths []string
		s.engine.saver.now = func() time.Time { return savedDay } // also two in a second
		for i := range 4 {
			_, err := b.Create(ctx, contacts.Contact{FirstName: fmt.Sprint("N", i)})
			must(t, err)
			path, err := s.SaveSnapshot(ctx)
			must(t, err)
			if want := filepath.Join(to, fmt.Sprintf("book.db.20261123-17450%d.snapshot", i)); !samePath(path, want) {
				t.Errorf("%s, want %s", path, want)
			}
			paths = append(paths, path)
			if last, at, err := s.LastSnapshot(); last != path || !at.Equal(savedDay.Add(time.Duration(i)*time.Second)) || err != nil {
				t.Error(last, at, err)
			}
		}
		must(t, s.Close())
		for i, path := range paths {
			fi, err := os.Stat(path)
			if i < 2 {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("snapshot %d of 4 is there, two are to be kept", i)
				}
				continue
			}
			must(t, err)
			if !onWindows && fi.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", fi.Mode())
			}
			c, err := Open(path, nil)
			must(t, err)
			must(t, c.Check(ctx))
			if st, err := c.Stat(ctx, contacts.Scope{Account: "acme"}); err != nil || int(st.Active) != i+1 {
				t.Errorf("snapshot %d has %d contacts, %v", i, st.Active, err)
			}
			must(t, c.Close())
		}
		names := list(t, to)
		for _, name := range strangers {
			if !slices.Contains(names, name) {
				t.Errorf("%s is gone", name)
			}
		}
		for _, name := range names {
			if strings.Contains(name, savingSuffix) {
				t.Errorf("left behind: %s", name)
			}
		}
	}
}

// samePath compares paths of one folder, which may be spelled in two ways.
func samePath(a, b string) bool {
	return filepath.Base(a) == filepath.Base(b) && sameFolder(a, b)
}

// TestSnapshotsRotate has the clock go on, stand, go back and go astray. The
// newest by the time in their names stay, never the one just made goes, and
// never do all of those from before.
func TestSnapshotsRotate(t *testing.T) {
	at := func(days int) time.Time { return savedDay.AddDate(0, 0, days) }
	name := func(days int) string { return "book.db." + at(days).Format(savedLayout) + savedSuffix }
	for _, tt := range []struct {
		what string
		have []int // days of the snapshots there are
		now  int
		made bool  // one is made
		want []int // what there is then
	}{
		{"first", nil, 0, true, []int{0}},
		{"fresh", []int{0}, 0, false, []int{0}},
		{"a day later", []int{0}, 1, true, []int{0, 1}},
		{"full", []int{-3, -2, -1}, 0, true, []int{-2, -1, 0}},
		{"too many", []int{-9, -8, -7, -6, -5, -4}, 0, true, []int{-5, -4, 0}},
		{"not due, too many", []int{-9, -8, -7, -6, 0}, 0, false, []int{-9, -8, -7, -6, 0}},
		{"the clock was set back", []int{1, 2, 3}, 0, true, []int{0, 2, 3}},
		{"and goes on", []int{0, 2, 3}, 1, true, []int{0, 1, 3}},
		{"one from far ahead", []int{-2, -1, 9000}, 0, true, []int{-2, -1, 0}},
		{"years later", []int{-9000, -8999, -8998}, 0, true, []int{-8999, -8998, 0}},
	} {
		dir := tempDir(t)
		for _, d := range tt.have {
			must(t, os.WriteFile(filepath.Join(dir, name(d)), nil, 0o600))
		}
		e := mustOpen(t, filepath.Join(dir, "book.db"), &Options{Snapshots: &Snapshots{}})
		e.saver.now = func() time.Time { return at(tt.now) }
		e.saver.look()
		e.saver.idle()
		if e.saver.err != nil {
			t.Errorf("%s: %v", tt.what, e.saver.err)
		}
		var want []string
		for _, d := range tt.want {
			want = append(want, name(d))
		}
		got := snapshotsIn(t, dir)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", tt.what, got, want)
		}
		mustClose(t, e)
	}
}

// TestSnapshotsBackground makes snapshots as time goes by: after Open, after
// commits, at most one in Every, and none where nothing is due.
func TestSnapshotsBackground(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	s, err := Open(path, &Options{Snapshots: &Snapshots{Every: time.Hour, Keep: 100}})
	must(t, err)
	v := s.engine.saver
	v.idle()
	first := len(snapshotsIn(t, dir))
	now := time.Now()
	v.now = func() time.Time { return now }
	b, err := contacts.Open(t.Context(), s, contacts.Scope{}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	write := func(want int) {
		t.Helper()
		_, err := b.Create(t.Context(), contacts.Contact{FirstName: "N"})
		must(t, err)
		v.idle()
		if got := len(snapshotsIn(t, dir)) - first; got != want {
			t.Errorf("%d more snapshots, want %d", got, want)
		}
	}
	now = now.Add(10 * time.Minute)
	before := len(snapshotsIn(t, dir))
	write(before - first)
	now = now.Add(2 * time.Hour)
	write(before - first + 1)
	write(before - first + 1)
	now = now.Add(59 * time.Minute)
	write(before - first + 1)
	now = now.Add(2 * time.Minute)
	write(before - first + 2)
	newest, at, err := s.LastSnapshot()
	if err != nil || filepath.Base(newest) != slices.Max(snapshotsIn(t, dir)) || now.Sub(at) > time.Second {
		t.Error(newest, at, err)
	}
	must(t, s.Close())

	// Another process finds them, and makes none before it is time.
	e := mustOpen(t, path, &Options{Snapshots: &Snapshots{Every: time.Hour, Keep: 100}})
	e.saver.now = func() time.Time { return now.Add(time.Minute) }
	e.saver.look()
	e.saver.idle()
	if e.saver.last.Path != newest || e.saver.err != nil {
		t.Error(e.saver.last, e.saver.err)
	}
}

// TestSnapshotsFail has nowhere to write snapshots to: the store works, and the
// failure is told, until there is a place.
func TestSnapshotsFail(t *testing.T) {
	dir := tempDir(t)
	to := filepath.Join(dir, "later")
	s, err := Open(filepath.Join(dir, "book.db"), &Options{Snapshots: &Snapshots{Dir: to}})
	must(t, err)
	defer s.Close()
	if w := s.Info().Warnings; len(w) == 0 || !strings.Contains(w[len(w)-1], to) {
		t.Errorf("no warning: %q", w)
	}
	v := s.engine.saver
	v.idle()
	b, err := contacts.Open(t.Context(), s, contacts.Scope{}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	create := func() {
		t.Helper()
		_, err := b.Create(t.Context(), contacts.Contact{FirstName: "N"})
		must(t, err)
		v.idle()
	}
	create()
	if _, _, err := s.LastSnapshot(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), to) {
		t.Error(err)
	}
	if _, err := s.SaveSnapshot(t.Context()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), to) {
		t.Error(err)
	}
	must(t, os.Mkdir(to, 0o700))
	create()
	if n := len(snapshotsIn(t, to)); n != 0 {
		t.Errorf("it was tried again at once: %d", n)
	}
	later := time.Now().Add(saveRetry)
	v.now = func() time.Time { return later }
	create()
	if path, _, err := s.LastSnapshot(); err != nil || len(snapshotsIn(t, to)) != 1 {
		t.Error(path, err)
	}
}

// TestSnapshotsRefused asks stores for snapshots that make none.
func TestSnapshotsRefused(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	s, err := Open(path, nil)
	must(t, err)
	fork, err := s.Fork(ctx)
	must(t, err)
	if _, err := fork.(*Store).SaveSnapshot(ctx); !errors.Is(err, contacts.ErrUnsupported) {
		t.Errorf("a fork: %v", err)
	}
	must(t, fork.Close())
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.SaveSnapshot(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	must(t, s.Close())
	if _, err := s.SaveSnapshot(ctx); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	s, err = Open(path, &Options{ReadOnly: true, Snapshots: &Snapshots{}})
	must(t, err)
	if _, err := s.SaveSnapshot(ctx); !errors.Is(err, contacts.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	if path, _, err := s.LastSnapshot(); path != "" || err != nil {
		t.Errorf("read-only: %s, %v", path, err)
	}
	must(t, s.Close())
	only(t, dir, "book.db")
}

// TestSnapshotsClose closes a store while a copy waits in the background, and one
// whose copy never ends: Close is bounded, and gives the lock up.
func TestSnapshotsClose(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	o := &Options{Snapshots: &Snapshots{Every: time.Nanosecond}}
	e := mustOpen(t, path, o)
	<-e.saver.turn // as if by SaveSnapshot
	put(t, e, "akey", "value")
	mustClose(t, e)
	if e.saver.running != nil {
		t.Error("a copy outlives Close")
	}
	put2 := mustOpen(t, path, o)
	put2.saver.running = make(chan struct{})
	if err := put2.closeWithin(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "snapshot") {
		t.Error(err)
	}
	mustClose(t, mustOpen(t, path, &Options{LockWait: -1}))
}

// TestSnapshotsLeftovers opens a book beside a copy that a process left which did
// not live to its end.
func TestSnapshotsLeftovers(t *testing.T) {
	dir := tempDir(t)
	left := filepath.Join(dir, ".book.db"+savingSuffix+"123")
	must(t, os.WriteFile(left, []byte("half"), 0o600))
	e := mustOpen(t, filepath.Join(dir, "book.db"), &Options{Snapshots: &Snapshots{}})
	e.saver.look()
	e.saver.idle()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it is still there", err)
	}
	if len(snapshotsIn(t, dir)) != 1 {
		t.Error(list(t, dir), e.saver.err)
	}
}
