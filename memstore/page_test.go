package memstore

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"testing"
)

func TestPageSearch(t *testing.T) {
	long := "p" + strings.Repeat("x", 200)
	tests := [][]string{
		{"a"},
		{"abc", "abd"},
		{"abc", "abcd", "abcde"},
		{"a", "b\x00", "b\xff", "c"},
		{"pa", "pb", long, long + "y"},
		{long, long + "a", long + long},
	}
	probes := []string{"", "\x00", "a", "ab", "abc", "abc\x00", "abcd", "abd", "ac", "b", "b\x00", "b\x01", "b\xff", "c", "d",
		"p", "pa", "pab", "pb", long[:100], long, long + "\x00", long + "a", long + "y", long + long, "q", "\xff"}
	var w writer
	for _, keys := range tests {
		var es []entry
		for i, k := range keys {
			es = append(es, entry{rest: []byte(k), value: []byte(fmt.Sprint(i))})
		}
		p := w.write(es)
		if err := checkPage(p); err != nil {
			t.Fatalf("%.40q: %v", keys, err)
		}
		for i, k := range keys {
			if _, v := p.entry(i); string(p.appendKey(nil, i)) != k || string(v) != fmt.Sprint(i) {
				t.Errorf("%.40q: entry %d differs", keys, i)
			}
		}
		for _, probe := range probes {
			want := sort.SearchStrings(keys, probe)
			wantFound := want < len(keys) && keys[want] == probe
			if i, found := p.search([]byte(probe)); i != want || found != wantFound {
				t.Errorf("%.40q: search(%.20q) = %d, %v; want %d, %v", keys, probe, i, found, want, wantFound)
			}
			for i, k := range keys {
				if got := p.isLess([]byte(probe), i); got != (probe < k) {
					t.Errorf("%.40q: isLess(%.20q, %d) = %v", keys, probe, i, got)
				}
			}
		}
	}
}

func TestCommon(t *testing.T) {
	for n := range 40 {
		a := bytes.Repeat([]byte{7}, n)
		for m := range n {
			b := bytes.Clone(a)
			b[m]++
			if got := common(a, b); got != m {
				t.Errorf("%d bytes that differ at %d: %d", n, m, got)
			}
			if got := common(a, a[:m]); got != m {
				t.Errorf("%d bytes and %d of them: %d", n, m, got)
			}
		}
		if got := common(a, a); got != n {
			t.Errorf("%d equal bytes: %d", n, got)
		}
	}
}

// Full pages come out full, others with room, and the pages of one table hold
// nothing of another.
func TestPackFill(t *testing.T) {
	for _, packed := range []bool{true, false} {
		w := writer{shape: defaultShape, packed: packed}
		for i := range 10000 {
			w.entries = append(w.entries, entry{rest: fmt.Appendf(nil, "%c%06d", 'a'+i/5000, i), value: []byte("0123456789")})
		}
		cs := w.pack(nil, true)
		for i, c := range cs {
			if err := checkPage(c.leaf); err != nil {
				t.Fatal(err)
			}
			lo, hi := w.shape.page/2, w.shape.aim()+30
			if packed {
				lo, hi = w.shape.page*95/100, w.shape.page
			}
			endOfTable := i == len(cs)-1 || cs[i+1].leaf.table() != c.leaf.table()
			if n := len(c.leaf); n > hi || n < lo && !(packed && endOfTable) {
				t.Errorf("packed=%v: page %d of %d has %d bytes, want %d to %d", packed, i, len(cs), n, lo, hi)
			}
		}
	}
}
