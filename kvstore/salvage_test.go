package kvstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// shard is an entry that a Salvager is given.
type shard struct {
	table      byte
	key, value string // key is whole
	evidence   Evidence
}

// shards returns all entries of a store.
func shards(t testing.TB, s *Store, e Evidence) []shard {
	t.Helper()
	var list []shard
	must(t, s.snapshot(func(v view) error {
		return v.Scan(nil, nil, false, func(key, value []byte) bool {
			list = append(list, shard{key[0], string(key), string(value), e})
			return true
		})
	}))
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// restoreShards salvages entries into a new store, which is sound.
func restoreShards(t testing.TB, list []shard, doubt bool) (*Store, []Salvaged) {
	t.Helper()
	s := NewSalvager(nil)
	defer func() { must(t, s.Close()) }()
	for _, e := range list {
		must(t, s.Add(e.table, []byte(e.key[1:]), []byte(e.value), e.evidence))
	}
	if doubt {
		s.Doubt()
	}
	dst, err := New(newPlain(), nil)
	must(t, err)
	done, err := s.Restore(context.Background(), dst)
	must(t, err)
	mustCheck(t, dst)
	return dst, done
}

// TestSalvageAll salvages stores of which all is there: in any order, as Present,
// with or without tables, as Base, or as Perhaps. Nothing is missing then.
func TestSalvageAll(t *testing.T) {
	n := seed(t)
	r := rand.New(rand.NewPCG(n, 5))
	for round := range 24 {
		s, err := New(newPlain(), nil)
		must(t, err)
		d := newDriver(s, n+uint64(round))
		for range 20 + r.IntN(150) {
			d.step(t)
		}
		list := shards(t, s, Evidence(round%3))
		lost := round%2 == 1 && round%3 != int(Base)
		for i := range list {
			if lost && list[i].table != tableScope {
				list[i].table = TableLost
			}
		}
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		dst, done := restoreShards(t, list, r.IntN(2) == 0)
		for _, back := range done {
			if !back.Exact || back.Missing != 0 || len(back.Left) != 0 || back.Unnamed {
				t.Errorf("round %d: %+v", round, back)
			}
		}
		compareStores(t, s, dst)
	}
}

// compareStores compares two stores but for epochs, indexes that are brought to
// another version, what a Reindex did to the history of lines, and which events
// were a batch.
func compareStores(t testing.TB, want, got *Store) {
	t.Helper()
	ctx := context.Background()
	scopes, err := want.Scopes(ctx, contacts.Scope{}, 100)
	must(t, err)
	others, err := got.Scopes(ctx, contacts.Scope{}, 100)
	must(t, err)
	if !slices.Equal(scopes, others) {
		t.Fatalf("scopes %v, want %v", others, scopes)
	}
	for _, scope := range scopes {
		a, err := want.Stat(ctx, scope)
		must(t, err)
		b, err := got.Stat(ctx, scope)
		must(t, err)
		if a.Epoch == b.Epoch {
			t.Error("the epoch is the old one")
		}
		if a.Reindexing {
			a.Index = contacts.IndexVersion{}
		}
		a.Epoch, a.Reindexing = b.Epoch, false
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%v: %+v, want %+v", scope, b, a)
		}
		for _, q := range []contacts.Query{{Order: contacts.ByCreation}, {Order: contacts.ByName}, {Order: contacts.ByChange}, {Duplicates: true},
			{Words: []contacts.Term{{Sets: []string{"abcdefghijklmnopqrstuvwxyz"}}}}, {Prefixes: []string{"1"}}} {
			q.Status = anyStatus
			if x, y := pages(t, want, scope, q), pages(t, got, scope, q); fmt.Sprint(x) != fmt.Sprint(y) {
				t.Errorf("%v, %+v:\n%v\nwant\n%v", scope, q, y, x)
			}
		}
		x, y := events(t, want, scope, a.First), events(t, got, scope, a.First)
		for _, list := range [][]contacts.Event{x, y} {
			for i := range list {
				list[i].BatchEnd = 0
				slices.Sort(list[i].Lines)
			}
		}
		if fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("%v: events\n%v\nwant\n%v", scope, y, x)
		}
	}
}

// TestSalvageFiles salvages in temporary files, and gives them back.
func TestSalvageFiles(t *testing.T) {
	s, err := New(newPlain(), nil)
	must(t, err)
	var many []contacts.Write
	for i := range 1500 {
		w := person(fmt.Sprintf("c%d", i), "ann lee")
		w.Contact.Notes = strings.Repeat("x", 200)
		many = append(many, w)
	}
	mustApply(t, s, batchOf(many...))
	dir, err := os.MkdirTemp("", "kvstore-salvage")
	must(t, err)
	defer os.Remove(dir)
	temp := func() (*os.File, error) { return os.CreateTemp(dir, "x") }
	v := NewSalvager(temp)
	v.memory = 10_000
	v.traces = v.sorter()
	for _, e := range shards(t, s, Present) {
		must(t, v.Add(e.table, []byte(e.key[1:]), []byte(e.value), e.evidence))
	}
	dst, err := New(newPlain(), nil)
	must(t, err)
	done, err := v.Restore(context.Background(), dst)
	if err != nil || !done[0].Exact {
		t.Fatal(done, err)
	}
	must(t, v.Close())
	compareStores(t, s, dst)
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}

	failing := NewSalvager(func() (*os.File, error) { return nil, os.ErrPermission })
	failing.memory = 10_000
	failing.traces = failing.sorter()
	err = nil
	for _, e := range shards(t, s, Present) {
		err = errors.Join(err, failing.Add(e.table, []byte(e.key[1:]), []byte(e.value), e.evidence))
	}
	if !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
	_ = failing.Close()

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	v = NewSalvager(nil)
	for _, e := range shards(t, s, Present) {
		must(t, v.Add(e.table, []byte(e.key[1:]), []byte(e.value), e.evidence))
	}
	if _, err := v.Restore(ended, dst); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// FuzzSalvage salvages anything, much of it with the checksum it should have:
// what comes back is a sound store.
func FuzzSalvage(f *testing.F) {
	s, err := New(newPlain(), nil)
	must(f, err)
	d := newDriver(s, 1)
	for range 12 {
		d.step(f)
	}
	var seeds []byte
	for _, e := range shards(f, s, Present) {
		if e.table == tableOp || len(e.key) > 250 || len(e.value) > 250 {
			continue
		}
		one := append([]byte{e.table, byte(len(e.key) - 1), byte(len(e.value)), 1}, e.key[1:]...)
		seeds = append(seeds, append(one, e.value...)...)
	}
	f.Add(seeds)
	f.Add(seeds[:len(seeds)/2])
	f.Add([]byte{'r', 2, 8, 1, 1, 1, 0, 0, 0, 0, 8, 1, 18, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := NewSalvager(nil)
		defer s.Close()
		for len(b) > 4 && len(b) < 1<<15 {
			table, keyLen, valueLen, how := b[0], int(b[1]), int(b[2]), b[3]
			b = b[4:]
			key := b[:min(keyLen, len(b))]
			b = b[len(key):]
			value := slices.Clone(b[:min(valueLen, len(b))])
			b = b[len(value):]
			if how&1 == 1 && sealed(table) && len(value) >= crcLen {
				seal(append([]byte{table}, key...), value)
			}
			if how&8 == 8 {
				table = TableLost
			}
			must(t, s.Add(table, key, value, Evidence(how>>1&3)%3))
			if how&16 == 16 {
				s.Doubt()
			}
		}
		dst, err := New(newPlain(), nil)
		must(t, err)
		_, err = s.Restore(context.Background(), dst)
		if errors.Is(err, contacts.ErrNewer) || errors.Is(err, contacts.ErrDamaged) {
			return
		}
		must(t, err)
		mustCheck(t, dst)
	})
}
