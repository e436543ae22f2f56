package memstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	contacts "github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

func put(key, value string) kvstore.Op {
	return kvstore.Op{Key: []byte(key), Value: []byte(value)}
}

func del(key string) kvstore.Op {
	return kvstore.Op{Key: []byte(key), Delete: true}
}

// commit applies ops in order of their keys.
func commit(t testing.TB, e *engine, ops ...kvstore.Op) {
	t.Helper()
	slices.SortFunc(ops, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
	if err := e.Commit(context.Background(), &kvstore.Batch{Ops: ops}); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t testing.TB, e *engine) kvstore.Snapshot {
	t.Helper()
	s, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// collect returns what a scan yields as "key=value key=value".
func collect(t testing.TB, s kvstore.Snapshot, from, to string, reverse bool) string {
	t.Helper()
	var out []string
	err := s.Scan([]byte(from), []byte(to), reverse, func(k, v []byte) bool {
		out = append(out, fmt.Sprintf("%s=%s", k, v))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestScanBounds(t *testing.T) {
	e := newEngine()
	commit(t, e, put("a", "1"), put("ab", "2"), put("b", ""), put("ba", "4"), put("c\x00", "5"))
	tests := []struct{ from, to, want string }{
		{"", "", "a=1 ab=2 b= ba=4 c\x00=5"},
		{"a", "a\x00", "a=1"},
		{"a\x00", "b", "ab=2"},
		{"a", "b", "a=1 ab=2"},
		{"b", "", "b= ba=4 c\x00=5"},
		{"", "b", "a=1 ab=2"},
		{"b\x00", "c", "ba=4"},
		{"c", "d", "c\x00=5"},
		{"d", "", ""},
		{"", "a", ""},
		{"b", "b", ""},
		{"c", "a", ""},
		{"\xff", "\xff\xff", ""},
	}
	s := snapshot(t, e)
	defer s.Release()
	for _, test := range tests {
		if got := collect(t, s, test.from, test.to, false); got != test.want {
			t.Errorf("Scan(%q, %q) = %q, want %q", test.from, test.to, got, test.want)
		}
		words := strings.Fields(test.want)
		slices.Reverse(words)
		want := strings.Join(words, " ")
		if got := collect(t, s, test.from, test.to, true); got != want {
			t.Errorf("Scan(%q, %q, reverse) = %q, want %q", test.from, test.to, got, want)
		}
	}
}

func TestScanStops(t *testing.T) {
	e := newTestEngine(tinyShape)
	var ops []kvstore.Op
	for i := range 1000 {
		ops = append(ops, put(fmt.Sprintf("a%04d", i), "v"))
	}
	commit(t, e, ops...)
	s := snapshot(t, e)
	defer s.Release()
	for _, reverse := range []bool{false, true} {
		for _, stop := range []int{1, 2, 50, 999} {
			n := 0
			err := s.Scan(nil, nil, reverse, func(k, v []byte) bool { n++; return n < stop })
			if err != nil || n != stop {
				t.Errorf("reverse=%v: %d yields after false at %d, error %v", reverse, n, stop, err)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	e := newEngine()
	s := snapshot(t, e)
	if v, ok, err := s.Get([]byte("a")); v != nil || ok || err != nil {
		t.Errorf("Get of an empty engine = %q, %v, %v", v, ok, err)
	}
	if got := collect(t, s, "", "", true); got != "" {
		t.Errorf("Scan of an empty engine = %q", got)
	}
	commit(t, e)
	commit(t, e, del("a"), del("b"))
	commit(t, e, put("a", "1"))
	commit(t, e, del("a"))
	if e.current.Load().root != nil {
		t.Error("there is a root after the last key is deleted")
	}
	commit(t, e, put("b", "2"))
	if got := collect(t, snapshot(t, e), "", "", false); got != "b=2" {
		t.Errorf("after refilling: %q", got)
	}
	if got := collect(t, s, "", "", false); got != "" {
		t.Errorf("the first snapshot now shows %q", got)
	}
}

func TestCommitWithoutEffectKeepsTree(t *testing.T) {
	e := newTestEngine(tinyShape)
	var ops []kvstore.Op
	for i := range 500 {
		ops = append(ops, put(fmt.Sprintf("a%04d", i), "v"))
	}
	commit(t, e, ops...)
	before := e.current.Load()
	commit(t, e, put("a0007", "v"), del("a0007x"), del("b"), put("a0400", "v"))
	if e.current.Load() != before {
		t.Error("a commit that changes nothing made a new tree")
	}
}

func TestValuesAndSizes(t *testing.T) {
	long := strings.Repeat("k", maxKeySize)
	big := strings.Repeat("v", maxValueSize)
	tests := []struct{ key, value string }{
		{"a", ""}, {"a\x00", "x"}, {"a\x00\x00", ""}, {"\x00", "zero"}, {"\xff\xff", "high"},
		{long, ""}, {long[:1023], "one less"}, {long[:127], "x"}, {long[:128], "y"}, {long[:129], big[:100]},
		{"b1", big}, {"b2", big[:70000]}, {"b3", big[:1<<16-1]}, {"b4", big[:600]}, {"b5", "small"},
	}
	e := newEngine()
	for _, test := range tests {
		commit(t, e, put(test.key, test.value))
	}
	for range 2 { // the second time nothing changes
		s := snapshot(t, e)
		for _, test := range tests {
			v, ok, err := s.Get([]byte(test.key))
			if err != nil || !ok || string(v) != test.value {
				t.Errorf("Get(%.10q, %d bytes) = %d bytes, %v, %v", test.key, len(test.key), len(v), ok, err)
			}
			if v == nil || cap(v) != len(v) {
				t.Errorf("Get(%.10q): nil or room to append", test.key)
			}
		}
		if _, err := checkTree(e.w.shape, e.current.Load().root); err != nil {
			t.Error(err)
		}
		var ops []kvstore.Op
		for _, test := range tests {
			ops = append(ops, put(test.key, test.value))
		}
		commit(t, e, ops...)
	}
}

// A big value is not copied because a key beside it changes.
func TestBigValueStays(t *testing.T) {
	e := newEngine()
	commit(t, e, put("a1", "x"), put("a2", strings.Repeat("v", 1<<20)), put("a3", "x"))
	before, _, _ := snapshot(t, e).Get([]byte("a2"))
	for i := range 200 {
		commit(t, e, put(fmt.Sprintf("a2%03d", i), "y"), put(fmt.Sprintf("a1%03d", i), "y"), put("a3", fmt.Sprint(i)))
	}
	after, _, _ := snapshot(t, e).Get([]byte("a2"))
	if &before[0] != &after[0] {
		t.Error("the value was copied")
	}
}

// The engine keeps nothing of a batch, and hands out nothing that a caller
// can change other entries with.
func TestCopies(t *testing.T) {
	e := newEngine()
	ops := []kvstore.Op{put("a1", "one"), put("a2", "two"), put("a3", strings.Repeat("v", 5000))}
	commit(t, e, ops...)
	for _, op := range ops {
		clear(op.Key)
		clear(op.Value)
	}
	s := snapshot(t, e)
	want := "a1=one a2=two a3=" + strings.Repeat("v", 5000)
	if got := collect(t, s, "", "", false); got != want {
		t.Errorf("after the batch was overwritten: %.60q", got)
	}
	v, _, _ := s.Get([]byte("a1"))
	_ = append(v, "#########"...)
	_ = s.Scan(nil, nil, false, func(k, v []byte) bool {
		_, _ = append(k, "#########"...), append(v, "#########"...)
		return true
	})
	if got := collect(t, s, "", "", false); got != want {
		t.Errorf("after append to what was handed out: %.60q", got)
	}
}

// The engine forgets the batch, which may be large, once it is applied.
func TestForgetsBatch(t *testing.T) {
	e := newEngine()
	var ops []kvstore.Op
	for i := range 20000 {
		ops = append(ops, put(fmt.Sprintf("a%05d", i), "v"))
	}
	commit(t, e, ops...)
	commit(t, e, put("a00000x", "v"))
	for _, en := range e.w.entries[:cap(e.w.entries)] {
		if en.rest != nil || en.value != nil || en.prefix != nil || en.whole != nil {
			t.Fatal("an entry is kept")
		}
	}
	for _, c := range e.w.changes[:cap(e.w.changes)] {
		if c.op != nil {
			t.Fatal("an op is kept")
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		ops  []kvstore.Op
		want error
	}{
		{"empty key", []kvstore.Op{put("", "v")}, errEmptyKey},
		{"long key", []kvstore.Op{put(strings.Repeat("k", 1025), "v")}, contacts.ErrTooLarge},
		{"long value", []kvstore.Op{put("a", strings.Repeat("v", 4<<20+1))}, contacts.ErrTooLarge},
		{"twice", []kvstore.Op{put("a", "1"), put("b", "2"), del("b")}, errOrder},
		{"order", []kvstore.Op{put("a", "1"), put("c", "2"), put("b", "3")}, errOrder},
	}
	e := newEngine()
	commit(t, e, put("x", "1"))
	for _, test := range tests {
		err := e.Commit(context.Background(), &kvstore.Batch{Ops: test.ops})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Commit(ctx, &kvstore.Batch{Ops: []kvstore.Op{put("a", "1")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	if got := collect(t, snapshot(t, e), "", "", false); got != "x=1" {
		t.Errorf("after refusals: %q", got)
	}
}

func TestClose(t *testing.T) {
	e := newEngine()
	commit(t, e, put("a", "1"))
	s := snapshot(t, e)
	for range 2 {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := e.Snapshot(); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Snapshot after Close: %v", err)
	}
	if err := e.Commit(context.Background(), &kvstore.Batch{Ops: []kvstore.Op{put("b", "1")}}); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Commit after Close: %v", err)
	}
	if err := e.Commit(context.Background(), &kvstore.Batch{}); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("empty Commit after Close: %v", err)
	}
	if got := collect(t, s, "", "", false); got != "a=1" {
		t.Errorf("a snapshot from before Close shows %q", got)
	}
}

func TestAllocations(t *testing.T) {
	e := newEngine()
	var ops []kvstore.Op
	for i := range 20000 {
		ops = append(ops, put(fmt.Sprintf("a%05d", i), "v"))
	}
	commit(t, e, ops...)
	key := []byte("a04321")
	if n := testing.AllocsPerRun(100, func() {
		s, _ := e.Snapshot()
		_, _, _ = s.Get(key)
		s.Release()
	}); n != 0 {
		t.Errorf("Snapshot, Get, Release: %v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		s, _ := e.Snapshot()
		_ = s.Scan(nil, nil, false, func(k, v []byte) bool { return true })
		s.Release()
	}); n > 3 {
		t.Errorf("a scan of 20,000 entries: %v allocations", n)
	}
}
