package kvstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/callerbook/contacts"
)

// TestVerifierOrder has entries come in any order.
func TestVerifierOrder(t *testing.T) {
	_, e := rich(t)
	keys := slices.Collect(maps.Keys(e.data))
	slices.Sort(keys)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 50 {
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		v := NewVerifier()
		for _, k := range keys {
			if err := v.Add([]byte(k), []byte(e.data[k])); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.Finish(); err != nil {
			t.Fatal(err)
		}
		without := r.IntN(len(keys))
		v = NewVerifier()
		var err error
		for i, k := range keys {
			if i != without && err == nil {
				err = v.Add([]byte(k), []byte(e.data[k]))
			}
		}
		if err == nil {
			err = v.Finish()
		}
		if !errors.Is(err, contacts.ErrDamaged) {
			t.Fatalf("without %q: %v", keys[without], err)
		}
	}
}

// TestVerifierNewer: a store of a newer format is that, whatever a newer version
// may keep in tables that are not known, before the header or after it.
func TestVerifierNewer(t *testing.T) {
	key := headerKey(nil)
	h := header{version: formatVersion + 1, next: 1}
	newer := seal(key, h.encode())
	for name, entries := range map[string][][2]string{
		"header alone":          {{string(key), string(newer)}},
		"unknown table before":  {{"a", ""}, {string(key), string(newer)}},
		"unreadable key before": {{"l\xff", ""}, {string(key), string(newer)}, {"z", ""}},
	} {
		v := NewVerifier()
		var err error
		for _, e := range entries {
			if err == nil {
				err = v.Add([]byte(e[0]), []byte(e[1]))
			}
		}
		if err == nil {
			err = v.Finish()
		}
		if !errors.Is(err, contacts.ErrNewer) || errors.Is(err, contacts.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewVerifier().Finish(); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}

// TestVerifierTakesLittle: memory grows with scopes, and with nothing else.
func TestVerifierTakesLittle(t *testing.T) {
	s, _ := rich(t)
	list := make([]contacts.Write, 400)
	for i := range list {
		list[i] = person(string(appendOrd([]byte("many-"), uint64('a'+i%20)))+string(rune('a'+i/20)), "Many Names")
	}
	mustApply(t, s, batchOf(list...))
	if err := verify(s); err != nil {
		t.Fatal(err)
	}
	v := NewVerifier()
	var entries [][2][]byte
	err := s.snapshot(func(sn view) error {
		return sn.Scan([]byte("n"), nil, false, func(key, value []byte) bool {
			entries = append(entries, [2][]byte{bytes.Clone(key), bytes.Clone(value)})
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	add := func() {
		for _, e := range entries {
			if e[0][0] != tableScope {
				_ = v.Add(e[0], e[1])
			}
		}
	}
	add()
	if n := testing.AllocsPerRun(5, add); n > 0 {
		t.Errorf("%v allocations for %d entries", n, len(entries))
	}
}

// FuzzVerifier has entries of any bytes: pairs of key and value, each behind its
// length. Nothing panics; the errors are of two kinds; and no part of a store is
// a store.
func FuzzVerifier(f *testing.F) {
	_, e := rich(f)
	var all []byte
	for _, k := range slices.Sorted(maps.Keys(e.data)) {
		all = appendPair(all, k, e.data[k])
	}
	f.Add(all)
	f.Add(appendPair(nil, string(headerKey(nil)), string(seal(headerKey(nil), (&header{version: 1, next: 1}).encode()))))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := NewVerifier()
		var err error
		n := 0
		for len(b) >= 2 && err == nil {
			k, rest := takePiece(b)
			value, rest := takePiece(rest)
			b = rest
			err = v.Add(k, value)
			n++
		}
		if err == nil {
			err = v.Finish()
		}
		if err != nil && !errors.Is(err, contacts.ErrDamaged) && !errors.Is(err, contacts.ErrNewer) {
			t.Error(err)
		}
		if err == nil && n > 0 && !v.headed {
			t.Error("entries without a header are sound")
		}
	})
}

func appendPair(b []byte, key, value string) []byte {
	for _, s := range []string{key, value} {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	return b
}

func takePiece(b []byte) (piece, rest []byte) {
	if len(b) < 2 {
		return nil, nil
	}
	n := min(int(binary.LittleEndian.Uint16(b)), len(b)-2)
	return b[2 : 2+n], b[2+n:]
}

// FuzzMeta reads what tableMeta keeps from any bytes: nothing panics, and what
// can be read is written and read again the same.
func FuzzMeta(f *testing.F) {
	_, e := rich(f)
	for k, v := range e.data {
		if k[0] == tableMeta {
			f.Add([]byte(v[crcLen:]))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		again := func(what string, readable bool, first, second any) {
			if !readable || !reflect.DeepEqual(first, second) {
				t.Errorf("%s %+v came back as %+v, readable %v", what, first, second, readable)
			}
		}
		var h, h2 header
		if h.decode(body) {
			again("header", h2.decode(h.encode()[crcLen:]), h, h2)
		}
		var a, a2 account
		if a.decode(body) {
			again("account", a2.decode(a.encode()[crcLen:]), a, a2)
		}
		var c, c2 constants
		if c.decode(7, body) {
			ok := c2.decode(7, c.encode()[crcLen:])
			c.settings, c2.settings = append([]byte{}, c.settings...), append([]byte{}, c2.settings...) // none is nil or empty
			again("constants", ok, c, c2)
		}
		var s, s2 state
		if s.decode(body) {
			again("state", s2.decode(s.encode(nil)[crcLen:]), s, s2)
		}
		var m, m2 loadMark
		if m.decode(body) {
			again("mark", m2.decode(m.encode()[crcLen:]), m, m2)
		}
		indexOf(body)
		lastOf(body)
	})
}
