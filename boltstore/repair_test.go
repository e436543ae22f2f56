package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/leak"
)

// brokenBook is a damaged book in a folder of its own.
type brokenBook struct {
	t     testing.TB
	im    *richImages
	dir   string
	path  string
	bytes []byte
}

func newBroken(t testing.TB, im *richImages, harm func(b []byte, p *pages)) *brokenBook {
	t.Helper()
	b := bytes.Clone(im.sound)
	harm(b, parsePages(im.sound))
	dir := tempDir(t)
	k := &brokenBook{t, im, dir, filepath.Join(dir, "book.db"), b}
	must(t, os.WriteFile(k.path, b, 0o600))
	return k
}

// harmRoot damages what only the last state uses, harmShared what both states do.
func harmRoot(b []byte, p *pages) { clear(b[p.root*pageSize:][:pageSize]) }

func (im *richImages) harmShared(b []byte, p *pages) {
	old := im.older[len(im.older)-1]
	was := parsePages(old)
	for _, id := range p.of['r'] {
		at := id * pageSize
		if slices.Contains(was.of['r'], id) && bytes.Equal(old[at:at+pageSize], im.sound[at:at+pageSize]) {
			clear(b[at+100:][:1000])
			return
		}
	}
	panic("no leaf is part of both states")
}

// harmLast damages a leaf of records that only the last state uses.
func (im *richImages) harmLast(b []byte, p *pages) {
	was := parsePages(im.older[len(im.older)-1])
	for _, id := range p.of['r'] {
		if !slices.Contains(was.used, id) {
			clear(b[id*pageSize+100:][:1000])
			return
		}
	}
	panic("no leaf is of the last state alone")
}

func harmAll(b []byte, p *pages) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := 2 * pageSize; i < len(b); i++ {
		b[i] = byte(r.Uint32())
	}
}

// saveAs writes an image as a snapshot of that day.
func (k *brokenBook) saveAs(image []byte, day int) string {
	k.t.Helper()
	path := filepath.Join(k.dir, "book.db."+savedDay.AddDate(-2, 0, day).Format(savedLayout)+savedSuffix)
	must(k.t, os.WriteFile(path, image, 0o600))
	return path
}

// repaired opens the book and returns all that is to be read in it, and the
// epochs.
func (k *brokenBook) repaired() (*readings, map[contacts.Scope]string) {
	k.t.Helper()
	ctx := context.Background()
	s, err := Open(k.path, &Options{MustExist: true})
	must(k.t, err)
	defer func() { must(k.t, s.Close()) }()
	must(k.t, s.Check(ctx))
	reads, err := readBook(ctx, s)
	must(k.t, err)
	epochs := map[contacts.Scope]string{}
	for _, scope := range richScopes {
		st, err := s.Stat(ctx, scope)
		must(k.t, err)
		epochs[scope] = st.Epoch
	}
	return reads, epochs
}

// asides returns the damaged files that were kept.
func (k *brokenBook) asides() []string {
	var out []string
	for _, name := range list(k.t, k.dir) {
		if strings.HasPrefix(name, "book.db"+asideMark) {
			out = append(out, filepath.Join(k.dir, name))
		}
	}
	return out
}

// kept sees that the one damaged file is kept as it was, and nothing else is left
// behind.
func (k *brokenBook) kept(report Report) {
	k.t.Helper()
	asides := k.asides()
	if len(asides) != 1 || !samePath(asides[0], report.Aside) {
		k.t.Fatalf("%v is kept, reported is %s", asides, report.Aside)
	}
	if now, err := os.ReadFile(asides[0]); err != nil || !bytes.Equal(now, k.bytes) {
		k.t.Errorf("the damaged file is not kept as it was: %v", err)
	}
	for _, name := range list(k.t, k.dir) {
		if strings.HasPrefix(name, ".") {
			k.t.Errorf("left behind: %s", name)
		}
	}
}

// TestRepair repairs a book that is damaged in ways that call for each method.
func TestRepair(t *testing.T) {
	ctx := context.Background()
	im := makeRich(t, tempDir(t))
	epoch := func(image []byte) string {
		path := filepath.Join(tempDir(t), "book.db")
		must(t, os.WriteFile(path, image, 0o600))
		s, err := Open(path, &Options{ReadOnly: true})
		must(t, err)
		defer s.Close()
		st, err := s.Stat(ctx, richScopes[0])
		must(t, err)
		return st.Epoch
	}
	old := epoch(im.sound)
	last := im.older[len(im.older)-1]
	for _, tt := range []struct {
		name   string
		harm   func(b []byte, p *pages)
		saved  [][]byte // snapshots, the oldest first
		method RepairMethod
		want   *readings // nil: a part of im.reads
	}{
		{"only the last state", harmRoot, nil, RepairPrevious, im.before},
		{"a record of the last state alone", im.harmLast, nil, RepairPrevious, im.before},
		{"only the last state, with a snapshot", harmRoot, [][]byte{last}, RepairPrevious, im.before},
		{"both states", im.harmShared, nil, RepairSalvage, nil},
		{"both states, and the snapshot of the state before", im.harmShared, [][]byte{last}, RepairSnapshot, im.reads},
		{"both states, and the newest snapshot", im.harmShared, [][]byte{last, bytes.Repeat([]byte("x"), 9000)}, RepairSnapshot, im.reads},
		{"cut in half, and a snapshot", func(b []byte, p *pages) { clear(b[len(b)/2:]) }, [][]byte{last}, RepairSnapshot, nil},
		{"its beginning", func(b []byte, p *pages) { clear(b[:2*pageSize]) }, nil, RepairSalvage, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newBroken(t, im, tt.harm)
			var paths []string
			for i, image := range tt.saved {
				paths = append(paths, k.saveAs(image, i))
			}
			if _, err := Open(k.path, nil); !errors.Is(err, contacts.ErrDamaged) && !errors.Is(err, contacts.ErrNotBook) {
				t.Fatalf("opened before it is repaired: %v", err)
			}
			before := map[string]string{}
			for _, name := range list(t, k.dir) {
				before[name] = fingerprint(t, filepath.Join(k.dir, name))
			}
			dry, err := Repair(ctx, k.path, &RepairOptions{DryRun: true})
			must(t, err)
			for name, print := range before {
				if fingerprint(t, filepath.Join(k.dir, name)) != print || len(list(t, k.dir)) != len(before) {
					t.Errorf("the dry run changed %s, or left something behind: %v", name, list(t, k.dir))
				}
			}
			report, err := Repair(ctx, k.path, nil)
			must(t, err)
			t.Logf("%s, %v", report.Problem, report.Notes)
			if report.Method != tt.method || report.Sound || report.Problem == "" || report.Path != k.path {
				t.Errorf("%+v", report)
			}
			if dry.Method != report.Method || dry.Problem != report.Problem || len(dry.Scopes) != len(report.Scopes) || dry.Aside != "" {
				t.Errorf("the dry run said %+v, the repair %+v", dry, report)
			}
			if tt.method == RepairSnapshot && (report.Snapshot != paths[0] || !report.SnapshotTime.Equal(savedDay.AddDate(-2, 0, 0))) {
				t.Errorf("from %s of %s", report.Snapshot, report.SnapshotTime)
			}
			if told := strings.Contains(strings.Join(report.Notes, " "), "It had brought 1 change, in 1 scope."); told != strings.HasPrefix(tt.name, "a record") {
				t.Errorf("what was lost: %v", report.Notes)
			}
			k.kept(report)
			reads, epochs := k.repaired()
			for scope, e := range epochs {
				if e == old || e == "" {
					t.Errorf("%v has epoch %q", scope, e)
				}
			}
			if tt.want != nil {
				if diff := reads.differs(tt.want); diff != "" && tt.method == RepairPrevious {
					t.Error(diff)
				}
				compareContacts(t, reads, tt.want, true)
			} else {
				compareContacts(t, reads, im.reads, false)
			}
			var n uint64
			for i, sc := range report.Scopes {
				if sc.Scope == richScopes[0] {
					n = sc.Counts.Active
				}
				if tt.want != nil && sc.Missing != 0 || tt.method == RepairPrevious && !sc.Exact {
					t.Errorf("scope %d: %+v", i, sc.LogValue())
				}
			}
			if n == 0 || len(report.Scopes) != len(richScopes) {
				t.Errorf("%d contacts in the first scope, %d scopes", n, len(report.Scopes))
			}
			// It is sound now, and stays so.
			again, err := Repair(ctx, k.path, nil)
			if err != nil || !again.Sound || again.Method != "" || again.Aside != "" {
				t.Errorf("repaired again: %+v, %v", again, err)
			}
			k.kept(report)
		})
	}
}

// compareContacts compares present contacts: those of got are as in want, and
// with all set none is missing.
func compareContacts(t testing.TB, got, want *readings, all bool) {
	t.Helper()
	lines := func(r *readings) map[string]bool {
		m := map[string]bool{}
		for _, l := range r.lines {
			if strings.HasPrefix(l, "contact ") {
				m[l] = true
			}
		}
		return m
	}
	have, should := lines(got), lines(want)
	for l := range have {
		if !should[l] {
			t.Errorf("a contact that was not there: %.200s", l)
		}
	}
	if len(have) == 0 || all && len(have) != len(should) {
		t.Errorf("%d contacts of %d", len(have), len(should))
	}
}

// TestRepairRefused repairs what cannot be repaired, or is not to be. Nothing
// changes.
func TestRepairRefused(t *testing.T) {
	ctx := context.Background()
	im := makeRich(t, tempDir(t))
	write := func(b []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, b, 0o600) }
	}
	noise := bytes.Clone(im.sound)
	harmAll(noise, nil)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		make func(path string) error
		o    *RepairOptions
		want error
	}{
		{"hopeless", ctx, write(noise), nil, contacts.ErrDamaged},
		{"with no method", ctx, write(noise), &RepairOptions{Methods: []RepairMethod{}}, contacts.ErrDamaged},
		{"with an unknown method", ctx, write(noise), &RepairOptions{Methods: []RepairMethod{"luck"}}, contacts.ErrInvalid},
		{"cancelled", cancelled, write(noise), nil, context.Canceled},
		{"text", ctx, write(bytes.Repeat([]byte("First Name,Last Name\n"), 5000)), nil, contacts.ErrNotBook},
		{"zeros", ctx, write(make([]byte, 1<<20)), nil, contacts.ErrNotBook},
		{"empty", ctx, write(nil), nil, contacts.ErrNotBook},
		{"folder", ctx, func(p string) error { return os.Mkdir(p, 0o700) }, nil, contacts.ErrNotBook},
		{"newer", ctx, func(p string) error { return foreignBolt(p, putFormat(formatRecord(formatVersion+1)), nil) }, nil, contacts.ErrNewer},
		{"missing", ctx, func(string) error { return nil }, nil, fs.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := tempDir(t)
			path := filepath.Join(dir, "book.db")
			must(t, tt.make(path))
			names, before := list(t, dir), ""
			if len(names) > 0 {
				before = fingerprint(t, path)
			}
			report, err := Repair(tt.ctx, path, tt.o)
			if !errors.Is(err, tt.want) || report.Method != "" || report.Sound {
				t.Fatalf("%+v, %v", report, err)
			}
			if tt.want != context.Canceled && !strings.Contains(err.Error(), path) && tt.want != contacts.ErrInvalid {
				t.Errorf("the error does not name the file: %v", err)
			}
			t.Log(err, report.Notes)
			if now := list(t, dir); !slices.Equal(now, names) || len(names) > 0 && fingerprint(t, path) != before {
				t.Errorf("something changed: %v", now)
			}
			if len(registry.entries) != 0 {
				t.Error("still registered")
			}
		})
	}
}

// TestRepairSound repairs a sound book, and one that is in use.
func TestRepairSound(t *testing.T) {
	ctx := context.Background()
	im := makeRich(t, tempDir(t))
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	must(t, os.WriteFile(path, im.sound, 0o600))
	before := fingerprint(t, path)
	for _, dry := range []bool{true, false} {
		report, err := Repair(ctx, path, &RepairOptions{DryRun: dry})
		if err != nil || !report.Sound || report.Problem != "" || report.Scopes != nil || len(report.Notes) != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if fingerprint(t, path) != before {
			t.Error("a sound book was changed")
		}
		only(t, dir, "book.db")
	}
	s, err := Open(path, nil)
	must(t, err)
	defer s.Close()
	var locked *LockedError
	if _, err := Repair(ctx, path, &RepairOptions{LockWait: -1}); !errors.As(err, &locked) || !locked.Owner.Here {
		t.Errorf("a book in use: %v", err)
	}
}

// TestRepairHoldsLock opens and repairs a book at every step of its repair:
// another one has to wait, until the new file is in its place.
func TestRepairHoldsLock(t *testing.T) {
	ctx := context.Background()
	k := newBroken(t, makeRich(t, tempDir(t)), harmRoot)
	var steps []string
	report, err := Repair(ctx, k.path, &RepairOptions{step: func(name string) {
		steps = append(steps, name)
		if onWindows && (name == "kept" || name == "renamed") {
			return // it had to give the file up
		}
		var locked *LockedError
		if s, err := Open(k.path, &Options{LockWait: -1}); !errors.As(err, &locked) && name != "renamed" {
			t.Errorf("opened at %q: %v", name, err)
		} else if err == nil {
			must(t, s.Close())
		}
		if _, err := Repair(ctx, k.path, &RepairOptions{LockWait: -1}); !errors.As(err, &locked) && name != "renamed" {
			t.Errorf("repaired at %q: %v", name, err)
		}
	}})
	must(t, err)
	if want := []string{"judged", "begun", string(RepairPrevious), "made", "kept", "renamed"}; !slices.Equal(steps, want) {
		t.Errorf("steps %q", steps)
	}
	k.kept(report)
	if reads, _ := k.repaired(); reads.differs(k.im.before) != "" {
		t.Error(reads.differs(k.im.before))
	}
}

// TestRepairMasks logs a report: nothing of a contact is in it, nor in errors.
func TestRepairMasks(t *testing.T) {
	report := Report{
		Path: "book.db", Problem: "page 7", Method: RepairSalvage, Notes: []string{"a note"},
		Scopes: []RepairedScope{{
			Scope: contacts.Scope{Account: "acme"}, Counts: contacts.Counts{Active: 7},
			Left: []contacts.Contact{{ID: "c1", FirstName: "Asha", FullName: "Asha Rao", CellPhone: contacts.Phone{Number: "+919876543210"}}},
			Kept: []contacts.Refusal{{Number: "+919876543211", HolderName: "Bo Ray"}},
		}},
	}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("repaired", "report", report, "scope", report.Scopes[0])
	if !json.Valid(out.Bytes()) || !strings.Contains(out.String(), `"left":1`) || !strings.Contains(out.String(), `"active":7`) && !strings.Contains(out.String(), `"Active":7`) {
		t.Errorf("%s", out.String())
	}
	var find leak.Finder
	find.Contact(report.Scopes[0].Left[0])
	find.Number(report.Scopes[0].Kept[0].Number)
	find.Text(report.Scopes[0].Kept[0].HolderName)
	if found := find.In(out.String()); found != "" {
		t.Errorf("%s in %s", found, out.String())
	}
}

// TestRepairOfSmallBook damages each page of the golden book in turn.
func TestRepairOfSmallBook(t *testing.T) {
	ctx := context.Background()
	sound, err := os.ReadFile(goldenBook(formatVersion))
	must(t, err)
	methods := map[RepairMethod]int{}
	for id := range len(sound) / pageSize {
		image := bytes.Clone(sound)
		clear(image[id*pageSize:][:pageSize])
		path := filepath.Join(tempDir(t), "book.db")
		must(t, os.WriteFile(path, image, 0o600))
		report, err := Repair(ctx, path, nil)
		if err != nil {
			t.Errorf("page %d: %v", id, err)
			continue
		}
		methods[report.Method]++
		s, err := Open(path, nil)
		if err != nil {
			t.Errorf("page %d: %v", id, err)
			continue
		}
		if err := s.Check(ctx); err != nil {
			t.Errorf("page %d: %v", id, err)
		}
		must(t, s.Close())
	}
	t.Log(methods)
}
