package boltstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// openMerging opens a book into which loads of any size are merged.
func openMerging(path string) (*Store, error) {
	s, err := Open(path, nil)
	if err == nil {
		s.engine.mergeFrom = 0
	}
	return s, err
}

// dumpEngine returns all entries of an engine.
func dumpEngine(t *testing.T, e *engine) string {
	t.Helper()
	s, err := e.Snapshot()
	must(t, err)
	defer s.Release()
	var b strings.Builder
	must(t, s.Scan(nil, nil, false, func(key, value []byte) bool {
		fmt.Fprintf(&b, "%q = %.40q\n", key, value)
		return true
	}))
	return b.String()
}

// randomOps are changes of keys in a few tables, of odd forms too.
func randomOps(r *rand.Rand, n int) []kvstore.Op {
	seen := map[string]bool{}
	var ops []kvstore.Op
	for range n {
		key := []byte{"abcdmxz"[r.IntN(7)]}
		for range r.IntN(4) {
			key = append(key, "\x00\x01a\xff"[r.IntN(4)])
		}
		if r.IntN(3) == 0 {
			key = fmt.Appendf(key, "%d", r.IntN(2000))
		}
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		op := kvstore.Op{Key: key, Delete: r.IntN(4) == 0}
		if !op.Delete {
			op.Value = fmt.Appendf(nil, "%d %s", r.IntN(1000), strings.Repeat("v", r.IntN(300)))
		}
		ops = append(ops, op)
	}
	slices.SortFunc(ops, func(a, b kvstore.Op) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return ops
}

// yielding yields ops in scratch memory, and err at the end.
func yielding(ops []kvstore.Op, err error) iter.Seq2[kvstore.Op, error] {
	return func(yield func(kvstore.Op, error) bool) {
		var key, value []byte
		for _, op := range ops {
			key, value = append(key[:0], op.Key...), append(value[:0], op.Value...)
			if !yield(kvstore.Op{Key: key, Value: value, Delete: op.Delete}, nil) {
				return
			}
		}
		if err != nil {
			yield(kvstore.Op{}, err)
		}
	}
}

// TestMergeIsCommit does the same changes by merges and by commits.
func TestMergeIsCommit(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	ctx := context.Background()
	for range 20 {
		dir := tempDir(t)
		a, b := mustOpen(t, filepath.Join(dir, "a.db"), nil), mustOpen(t, filepath.Join(dir, "b.db"), nil)
		a.mergeFrom = 0
		for step := range 6 {
			ops := randomOps(r, r.IntN(800))
			must(t, b.Commit(ctx, &kvstore.Batch{Ops: ops}))
			if step%2 == 0 {
				must(t, a.Merge(ctx, 1<<40, yielding(ops, nil)))
				if st, err := a.stats(); err != nil || st.freePages != 0 {
					t.Errorf("%+v, %v", st, err)
				}
			} else {
				must(t, a.Commit(ctx, &kvstore.Batch{Ops: ops}))
			}
			must(t, a.checkFile(ctx))
			if got, want := dumpEngine(t, a), dumpEngine(t, b); got != want {
				t.Fatalf("step %d: merged:\n%s\ncommitted:\n%s", step, got, want)
			}
		}
		mustClose(t, a)
		mustClose(t, b)
		a = mustOpen(t, filepath.Join(dir, "a.db"), nil)
		must(t, a.checkFile(ctx))
		mustClose(t, a)
	}
}

// TestMergeFails has a merge fail in several ways: the book is as it was, and
// nothing is left beside it.
func TestMergeFails(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	e := mustOpen(t, filepath.Join(dir, "book.db"), nil)
	e.mergeFrom = 0
	put(t, e, "akey", "value")
	before := dumpEngine(t, e)
	r := rand.New(rand.NewPCG(1, 1))
	broken := errors.New("broken")
	ended, cancel := context.WithCancel(ctx)
	for name, c := range map[string]struct {
		ops  iter.Seq2[kvstore.Op, error]
		want error
	}{
		"an error at once":   {yielding(nil, broken), broken},
		"an error at last":   {yielding(randomOps(r, 5000), broken), broken},
		"out of order":       {yielding([]kvstore.Op{{Key: []byte("ab")}, {Key: []byte("aa")}}, nil), nil},
		"tables also":        {yielding([]kvstore.Op{{Key: []byte("ba")}, {Key: []byte("aa")}}, nil), nil},
		"no key":             {yielding([]kvstore.Op{{}}, nil), nil},
		"too large a value":  {yielding([]kvstore.Op{{Key: []byte("a"), Value: make([]byte, maxValue+1)}}, nil), nil},
		"its context is off": {func(yield func(kvstore.Op, error) bool) { cancel(); yielding(randomOps(r, 50_000), nil)(yield) }, context.Canceled},
	} {
		err := e.Merge(ended, 1<<30, c.ops)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.want == broken && err != broken {
			t.Errorf("%s: the error became %v", name, err)
		}
		if got := dumpEngine(t, e); got != before {
			t.Errorf("%s: the book has\n%s", name, got)
		}
		only(t, dir, "book.db", ".book.db.owner")
		if ended.Err() != nil {
			ended, cancel = context.WithCancel(ctx)
		}
	}
	cancel()
	must(t, e.Merge(ctx, 1<<30, yielding(nil, nil)))
	put(t, e, "akey", "2")
	mustClose(t, e)
	if err := e.Merge(ctx, 1<<30, yielding(nil, nil)); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Merge of a closed book: %v", err)
	}
	e = mustOpen(t, filepath.Join(dir, "book.db"), &Options{ReadOnly: true})
	if err := e.Merge(ctx, 1<<30, yielding(nil, nil)); !errors.Is(err, contacts.ErrReadOnly) {
		t.Errorf("Merge of a read-only book: %v", err)
	}
	mustClose(t, e)
}

// TestMergeDeclines: what commits do as well is left to them.
func TestMergeDeclines(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	e := mustOpen(t, path, nil)
	never := func(func(kvstore.Op, error) bool) { t.Error("ops were asked for") }
	declines := func(what string, e *engine, size int64) {
		t.Helper()
		if err := e.Merge(ctx, size, never); !errors.Is(err, contacts.ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	declines("a small load", e, mergeFrom-1)
	put(t, e, "akey", strings.Repeat("v", 6<<20))
	declines("a load into a larger book", e, 2<<20)
	if err := os.Link(path, filepath.Join(dir, "other")); err == nil && !onWindows {
		declines("a book with two names", e, 1<<30)
	}
	mustClose(t, e)
}

// TestMergeFork merges into forks, of which nothing is left.
func TestMergeFork(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	e := mustOpen(t, filepath.Join(dir, "book.db"), nil)
	put(t, e, "akey", "1")
	f, err := e.fork(ctx)
	must(t, err)
	s, err := f.Snapshot()
	must(t, err)
	for i := range 3 {
		must(t, f.Merge(ctx, 1<<30, yielding([]kvstore.Op{{Key: []byte("akey"), Value: fmt.Append(nil, i)}, {Key: fmt.Append(nil, "b", i)}}, nil)))
		put(t, f, "ckey", fmt.Sprint(i))
		must(t, f.checkFile(ctx))
	}
	if v, _, err := s.Get([]byte("akey")); string(v) != "1" || err != nil {
		t.Errorf("a snapshot of before: %q, %v", v, err)
	}
	s.Release()
	broken := errors.New("broken")
	if err := f.Merge(ctx, 1<<30, yielding(nil, broken)); err != broken {
		t.Error(err)
	}
	g, err := f.fork(ctx)
	must(t, err)
	want := `"akey" = "2"
"b0" = ""
"b1" = ""
"b2" = ""
"ckey" = "2"
`
	for _, x := range []*engine{f, g} {
		if got := dumpEngine(t, x); !strings.HasSuffix(got, want) {
			t.Errorf("a fork has\n%s", got)
		}
		mustClose(t, x)
	}
	if v, _, err := get(e, "akey"); v != "1" || err != nil {
		t.Errorf("the book has %q, %v", v, err)
	}
	mustClose(t, e)
	only(t, dir, "book.db")
}

// TestMergeBesideReaders merges while somebody reads: the snapshot stays as it
// is, where the system lets a file be replaced that is open.
func TestMergeBesideReaders(t *testing.T) {
	ctx := context.Background()
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	e.mergeFrom = 0
	put(t, e, "akey", "1")
	s, err := e.Snapshot()
	must(t, err)
	if !e.swapOpen {
		s.Release()
		s = nil
	}
	must(t, e.Merge(ctx, 1<<30, yielding([]kvstore.Op{{Key: []byte("akey"), Value: []byte("2")}}, nil)))
	if s != nil {
		if v, _, err := s.Get([]byte("akey")); string(v) != "1" || err != nil {
			t.Errorf("the snapshot became %q, %v", v, err)
		}
		s.Release()
	}
	if v, _, err := get(e, "akey"); v != "2" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	mustClose(t, e)
}

// TestLoadIsCompact loads into a book enough for a merge: the file has no free
// pages, nothing is left beside it, and other scopes are as they were.
func TestLoadIsCompact(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	s, b, err := openTestBook(filepath.Join(dir, "book.db"))
	must(t, err)
	c, err := b.Create(ctx, contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: "+919812345678"}})
	must(t, err)
	other, err := contacts.Open(ctx, s, contacts.Scope{Account: "other"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	list := make([]contacts.Contact, 8000)
	for i := range list {
		list[i] = contacts.Contact{FirstName: fmt.Sprint("Name ", i), CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", i)}}
	}
	_, err = other.CreateEach(ctx, list)
	must(t, err)
	if st, err := s.engine.stats(); err != nil || st.freePages != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	only(t, dir, "book.db", ".book.db.owner")
	must(t, s.Check(ctx))
	if got, err := b.Get(ctx, c.ID); err != nil || got.FullName != c.FullName {
		t.Errorf("%+v, %v", got, err)
	}
	if st, err := s.Stat(ctx, contacts.Scope{Account: "other"}); err != nil || st.Active != 8000 {
		t.Errorf("%+v, %v", st, err)
	}
	must(t, s.Close())
	s, _, err = openTestBook(filepath.Join(dir, "book.db"))
	must(t, err)
	must(t, s.Check(ctx))
	must(t, s.Close())
}
