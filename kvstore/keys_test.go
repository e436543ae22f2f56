package kvstore

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// someNumber returns numbers of all lengths, and those at the edges.
func someNumber(r *rand.Rand) uint64 {
	v := r.Uint64() >> r.IntN(64)
	switch r.IntN(8) {
	case 0:
		return maxByteOrd + uint64(r.IntN(3)) - 1
	case 1:
		return 1<<(8*r.IntN(8)) - 1 + uint64(r.IntN(2))
	case 2:
		return math.MaxUint64 - uint64(r.IntN(2))
	}
	return v
}

func TestOrdKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		a, b := someNumber(r), someNumber(r)
		ka, kb := appendOrd(nil, a), appendOrd(nil, b)
		if c := bytes.Compare(ka, kb); c < 0 != (a < b) || c == 0 != (a == b) {
			t.Fatalf("%d and %d have the keys %x and %x", a, b, ka, kb)
		}
		if v, rest, ok := takeOrd(append(ka, 7)); !ok || v != a || len(rest) != 1 {
			t.Fatalf("%d came back as %d, %v", a, v, ok)
		}
		if len(ka) > maxOrdLen {
			t.Fatalf("%d takes %d bytes", a, len(ka))
		}
		if v, rest, ok := takeUint64(appendUint64(nil, a)); !ok || v != a || len(rest) != 0 {
			t.Fatalf("%d came back as %d", a, v)
		}
	}
}

func FuzzTakeOrd(f *testing.F) {
	f.Add([]byte{247})
	f.Add([]byte{249, 1, 0})
	f.Add([]byte{248, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, ok := takeOrd(b)
		if ok && !bytes.Equal(append(appendOrd(nil, v), rest...), b) {
			t.Errorf("%x was read as %d, which is not what is written", b, v)
		}
	})
}

func TestEscapedKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	text := func() string {
		b := make([]byte, r.IntN(4))
		for i := range b {
			b[i] = []byte{0, 1, 2, 'a', 0xFE, 0xFF}[r.IntN(6)]
		}
		return string(b)
	}
	for range 50_000 {
		a, b := contacts.Scope{Account: text(), Stream: text()}, contacts.Scope{Account: text(), Stream: text()}
		want := strings.Compare(a.Account, b.Account)
		if want == 0 {
			want = strings.Compare(a.Stream, b.Stream)
		}
		ka, kb := registryKey(nil, a), registryKey(nil, b)
		if got := bytes.Compare(ka, kb); got != want {
			t.Fatalf("%q and %q compare as %d, want %d", a, b, got, want)
		}
		if back, ok := parseRegistryKey(ka); !ok || back != a {
			t.Fatalf("%q came back as %q", a, back)
		}
		if bytes.Compare(registryKey(nil, a.Next()), ka) <= 0 {
			t.Fatalf("%q is not before its next", a)
		}
	}
	long := contacts.Scope{Account: strings.Repeat("\x00", contacts.MaxScopeLen), Stream: strings.Repeat("x", contacts.MaxScopeLen)}
	if n := len(registryKey(nil, long)); n > 1024 {
		t.Errorf("a key of %d bytes", n)
	}
}

func TestPrefixEnd(t *testing.T) {
	for _, c := range [][2]string{{"a", "b"}, {"a\xff", "b"}, {"a\xff\xff", "b"}, {"\xff", ""}, {"", ""}, {"ab", "ac"}} {
		if got := prefixEnd(nil, []byte(c[0])); string(got) != c[1] {
			t.Errorf("prefixEnd(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func TestReversedDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	reversed := func(l phone.Line) string {
		b := []byte(strconv.FormatUint(uint64(l), 10))
		slices.Reverse(b)
		return string(b)
	}
	for range 50_000 {
		a, b := phone.Line(someNumber(r)), phone.Line(someNumber(r)%1000)
		ka, kb := appendReversed(nil, a), appendReversed(nil, b)
		if got, want := bytes.Compare(ka, kb), strings.Compare(reversed(a), reversed(b)); got != want {
			t.Fatalf("%d and %d compare as %d, want %d", uint64(a), uint64(b), got, want)
		}
		if line, rest, ok := takeReversed(append(ka, 1, 2)); !ok || line != a || len(rest) != 2 {
			t.Fatalf("%d came back as %d, %v", uint64(a), uint64(line), ok)
		}
	}
}

func TestFeedValue(t *testing.T) {
	for _, e := range []feedEntry{
		{revision: 5, seq: 5, end: 5}, {revision: 5, seq: 1, end: 5}, {revision: 5, seq: 5, end: 900},
		{revision: 5, seq: 2, end: 6, purged: true}, {revision: 1 << 40, seq: 1, end: 1 << 41},
	} {
		got, ok := parseFeedValue(e.revision, appendFeedValue(nil, e))
		if !ok || got != e {
			t.Errorf("%+v came back as %+v, %v", e, got, ok)
		}
	}
	if v := appendFeedValue(nil, feedEntry{revision: 5, seq: 5, end: 5}); len(v) != 0 {
		t.Errorf("the usual entry takes %d bytes", len(v))
	}
}

func identRoundTrip(t *testing.T, id string) []byte {
	t.Helper()
	packed := record.AppendIdent(nil, id)
	var out strings.Builder
	if back, ok := record.TextOfIdent(&out, string(packed)); !ok || back != id {
		t.Errorf("%q came back as %q, %v", id, back, ok)
	}
	return packed
}

func TestIdent(t *testing.T) {
	for id, size := range map[string]int{
		"":                                       1,
		"c1":                                     3,
		"018f2b5c-7c1e-7abc-8def-0123456789ab":   17,
		"018F2B5C-7C1E-7ABC-8DEF-0123456789AB":   37,
		"018f2b5c-7c1e-7abc-8def-0123456789aB":   37,
		"018f2b5c_7c1e-7abc-8def-0123456789ab":   37,
		"63c7c1d1b2e0f5a4c3d2e1f0":               13,
		"63C7c1d1b2e0f5a4c3d2e1f0":               25,
		"u-018f2b5c-7c1e-7abc-8def-0123456789ab": 17,
		"o-018f2b5c-7c1e-7abc-8def-0123456789ab": 17,
		"x-018f2b5c-7c1e-7abc-8def-0123456789ab": 39,
		"u-018f2b5c-7c1e-7abc-8def-0123456789ag": 39,
	} {
		if packed := identRoundTrip(t, id); len(packed) != size {
			t.Errorf("%q takes %d bytes, want %d", id, len(packed), size)
		}
	}
}

func FuzzIdent(f *testing.F) {
	f.Add("018f2b5c-7c1e-7abc-8def-0123456789ab")
	f.Add("63c7c1d1b2e0f5a4c3d2e1f0")
	f.Add("u-018f2b5c-7c1e-7abc-8def-0123456789ab")
	f.Fuzz(func(t *testing.T, id string) { identRoundTrip(t, id) })
}

func TestRunSorts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var b builder
	want := map[string]string{}
	for range 5000 {
		key := make([]byte, 1+r.IntN(12))
		key[0] = "abr"[r.IntN(3)]
		for i := range key[1:] {
			key[1+i] = byte(r.IntN(3)) * 127
		}
		if _, ok := want[string(key)]; ok {
			continue
		}
		value := bytes.Repeat([]byte{byte(len(want))}, r.IntN(40))
		want[string(key)] = string(value)
		b.put(key, value)
	}
	b.del([]byte("z1"))
	ops := b.ops()
	if len(ops) != len(want)+1 || !ops[len(ops)-1].Delete {
		t.Fatalf("%d ops, want %d", len(ops), len(want)+1)
	}
	for i, op := range ops[:len(want)] {
		if i > 0 && bytes.Compare(ops[i-1].Key, op.Key) >= 0 {
			t.Fatalf("%q after %q", op.Key, ops[i-1].Key)
		}
		if want[string(op.Key)] != string(op.Value) || op.Delete {
			t.Fatalf("%q has %q, want %q", op.Key, op.Value, want[string(op.Key)])
		}
	}
}
