package storetest

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var cursorRules = []rule{
	{
		"cursor/come and go",
		"contacts that come and go between pages do not make others appear twice or be left out",
		comeAndGo,
	},
	{
		"cursor/place deleted",
		"a page goes on after the contact that ended the last one, also when that one changed or is gone",
		placeDeleted,
	},
	{
		"cursor/other query",
		"a cursor fits only a Query that is the same but for Limit, else ErrCursor",
		otherQuery,
	},
	{
		"cursor/other scope",
		"a cursor fits only the same scope and epoch, else ErrCursor",
		otherScope,
	},
	{
		"cursor/garbage",
		"a malformed cursor is ErrCursor",
		garbageCursor,
	},
	{
		"cursor/opaque",
		"a cursor holds no names, numbers or ids in the clear",
		opaqueCursor,
	},
}

// queries are all kinds of query that find much of what paged makes.
func queries() []contacts.Query {
	return []contacts.Query{
		{}, {Reverse: true}, {From: "name1"},
		{Order: contacts.ByCreation}, {Order: contacts.ByCreation, Reverse: true},
		{Order: contacts.ByChange}, {Order: contacts.ByChange, Reverse: true},
		{Lines: []phone.Line{777, 888}},
		{Words: []contacts.Term{{Text: "name"}}}, {Words: []contacts.Term{{Text: "of"}, {Text: "name"}}},
		{Prefixes: []string{"49"}}, {Suffix: "7"},
		{Duplicates: true},
	}
}

// paged returns writes that create contacts which all queries find.
func paged(prefix string, n int) []contacts.Write {
	var ws []contacts.Write
	for i := range n {
		line := phone.Line(49_000_007 + i*10)
		ws = append(ws, keeping(sharing(person(fmt.Sprint(prefix, i), fmt.Sprintf("Name%d Of", 10+i*17%n), line), 777, 888)))
	}
	return ws
}

func comeAndGo(t *tester) {
	n := 0
	for i, q := range queries() {
		u := t.in("come and go", fmt.Sprint(i))
		constant := paged("c", 12)
		passing := paged("x", 12)
		u.apply(append(slices.Clone(constant), passing[:6]...)...)
		rev := map[string]uint64{}
		for i, w := range passing[:6] {
			rev[w.Contact.ID] = uint64(len(constant) + i + 1)
		}
		seen := map[string]int{}
		for q.Limit = 3; ; n++ {
			p := u.page(q)
			for _, h := range p.Hits {
				seen[fmt.Sprintf("%s by %d", h.Contact.ID, h.Line)]++
			}
			if q.Cursor = p.Next; p.Next == "" {
				break
			}
			// One comes, one moves, one goes, time and again.
			var ws []contacts.Write
			for k := range 3 {
				w := passing[(n+k*4)%len(passing)]
				id := w.Contact.ID
				w.Contact.ID = fmt.Sprint(id, "-", n)
				switch {
				case rev[id] == 0:
					w.Contact.ID, w.Revision = id, 0
				case k == 1:
					ws = append(ws, purge(rev[id], id))
					passing[(n+k*4)%len(passing)] = w
					continue
				default:
					w.Contact.ID, w.Revision = id, rev[id]
					w.Keys.Sort = fmt.Sprint("name", n*7%30)
					w.Keys.Words = words(fmt.Sprint("of name", n*11%30))
				}
				ws = append(ws, w)
			}
			a := u.apply(ws...)
			for k, w := range ws {
				rev[w.Contact.ID] = a.Revisions[k]
			}
		}
		for _, w := range constant {
			id := w.Contact.ID
			lines := []phone.Line{0}
			switch {
			case len(q.Lines) > 0:
				lines = q.Lines
			case q.Prefixes != nil || q.Suffix != "" || q.Duplicates:
				lines = w.Keys.Claims
			}
			for _, line := range lines {
				// A duplicate is no longer one when the other holder goes.
				k := seen[fmt.Sprintf("%s by %d", id, line)]
				t.want(k == 1 || q.Duplicates && k == 0, "Find(%s) while rows come and go: contact %s, always there, came %d times", show(q), id, k)
			}
		}
	}
}

func placeDeleted(t *tester) {
	for i, q := range queries() {
		u := t.in("place", fmt.Sprint(i))
		ws := append(paged("c", 8), paged("d", 8)...) // in pairs
		u.apply(ws...)
		q.Limit = contacts.MaxLimit
		all := u.find(q)
		q.Limit = 5
		p := u.page(q)
		for len(p.Hits) < 5 && p.Next != "" {
			q.Cursor = p.Next
			more := u.page(q)
			p.Hits, p.Next = append(p.Hits, more.Hits...), more.Next
		}
		t.equal(fmt.Sprintf("Find(%s), first page", show(q)), p.Hits, all[:5])
		var gone []contacts.Write
		for k, h := range p.Hits {
			if k%2 == 0 && (len(gone) == 0 || gone[len(gone)-1].Contact.ID != h.Contact.ID) && !q.Duplicates {
				gone = append(gone, purge(h.Contact.Revision, h.Contact.ID))
			}
		}
		u.apply(gone...)
		var want []contacts.Hit
		for _, h := range all[5:] {
			if !slices.ContainsFunc(gone, func(w contacts.Write) bool { return w.Contact.ID == h.Contact.ID }) {
				want = append(want, h)
			}
		}
		q.Cursor = p.Next
		t.equal(fmt.Sprintf("Find(%s), the rest after the place was deleted", show(q)), u.find(q), want)
	}
}

func otherQuery(t *tester) {
	t.apply(append(paged("c", 12), paged("d", 12)...)...)
	all := append(queries(),
		contacts.Query{Status: []contacts.Status{contacts.Active, contacts.Inactive}}, contacts.Query{From: "name2"},
		contacts.Query{Order: contacts.ByCreation, Status: anyStatus},
		contacts.Query{Lines: []phone.Line{888, 777}}, contacts.Query{Lines: []phone.Line{777}},
		contacts.Query{Words: []contacts.Term{{Text: "nam"}}}, contacts.Query{Words: []contacts.Term{{Text: "name", Typo: true}}},
		contacts.Query{Words: []contacts.Term{{Text: "of", Whole: true}}}, contacts.Query{Words: []contacts.Term{{Sets: []string{"o"}}}},
		contacts.Query{Prefixes: []string{"4900"}}, contacts.Query{Suffix: "77"}, contacts.Query{Prefixes: []string{"7"}},
		contacts.Query{Lines: []phone.Line{777, 888}, Status: anyStatus},
	)
	for i, q := range all {
		q.Limit = 2
		next := t.page(q).Next
		t.want(next != "", "Find(%s): got no Next", show(q))
		for k, other := range all {
			other.Cursor, other.Limit = next, 4
			p, err := t.s.Find(t.ctx, t.scope, other)
			if i == k {
				t.ok(err, "Find(%s) with another limit", show(other))
				t.want(len(p.Hits) > 0 || p.Partial, "Find(%s) with another limit: got none", show(other))
			} else {
				t.is(err, fmt.Sprintf("Find(%s) with the cursor of %s", show(other), show(q)), contacts.ErrCursor)
			}
		}
	}
}

func otherScope(t *tester) {
	others := []*tester{t.in(home.Account, "sales"), t.in("other", home.Stream), t.other()}
	for _, u := range append(others, t) {
		u.apply(append(paged("c", 6), paged("d", 6)...)...)
	}
	for _, q := range queries() {
		q.Limit = 3
		q.Cursor = t.page(q).Next
		for i, u := range others {
			_, err := u.s.Find(t.ctx, u.scope, q)
			t.is(err, fmt.Sprintf("Find with the cursor of another scope or store (%d)", i), contacts.ErrCursor)
		}
		t.find(q)
	}
}

func garbageCursor(t *tester) {
	t.apply(paged("c", 12)...)
	for _, q := range []contacts.Query{{}, {Order: contacts.ByChange}, {Words: []contacts.Term{{Text: "of"}}}, {Suffix: "7"}} {
		q.Limit = 2
		good := t.page(q).Next
		bad := []string{"x", "0", "1", "AAAA", " ", good + "x", good + good, "\x00\xff", strings.Repeat("A", 5000), good[:len(good)-1], good[1:]}
		for i := 0; i < len(good); i += 1 + len(good)/8 {
			b := []byte(good)
			b[i] = 'A' + (b[i]+1)%23
			if string(b) != good {
				bad = append(bad, string(b))
			}
		}
		for _, c := range bad {
			q.Cursor = c
			p, err := t.s.Find(t.ctx, t.scope, q)
			t.want(err != nil, "Find(%s) with cursor %q, which no page had: got %d hits, want ErrCursor", show(q), c, len(p.Hits))
			t.is(err, fmt.Sprintf("Find with cursor %q, which no page had", c), contacts.ErrCursor)
		}
	}
}

func opaqueCursor(t *tester) {
	const line phone.Line = 4915112345678
	secrets := []string{"wilhelmina", "quackenbush", "secretid", "15112345678", "87654321"}
	for _, part := range []string{home.Account, home.Stream} {
		if len(part) >= 7 { // shorter texts stand in sealed ones by chance
			secrets = append(secrets, part)
		}
	}
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(line))
	secrets = append(secrets, string(raw[2:]))
	binary.LittleEndian.PutUint64(raw[:], uint64(line))
	secrets = append(secrets, string(raw[:6]), string(binary.AppendUvarint(nil, uint64(line))))
	secrets = append(secrets, fmt.Sprintf("%x", uint64(line)))

	t.apply(person("zlast", "Zzz", line+1), sharing(person("zz", "Wilhelminb Zz"), line, line+11), sharing(person("zzz", "Wilhelminc"), 14915112345678))
	t.apply(keeping(person("secretid", "Wilhelmina Quackenbush", line)), keeping(person("zx", "Wilhelmind", line)))
	for _, q := range []contacts.Query{
		{}, {Reverse: true}, {From: "wilh"}, {Order: contacts.ByCreation}, {Order: contacts.ByChange},
		{Lines: []phone.Line{line}}, {Words: []contacts.Term{{Text: "wilhelmina", Typo: true}}}, {Prefixes: []string{"4915112345678"}}, {Prefixes: []string{"491511"}},
		{Suffix: "5112345678"}, {Duplicates: true},
	} {
		for q.Limit = 1; ; {
			p := t.page(q)
			for _, text := range decoded(p.Next) {
				for _, s := range secrets {
					t.want(!strings.Contains(strings.ToLower(text), s), "cursor %q of Find(%s) has %q in the clear", p.Next, show(q), s)
				}
			}
			if q.Cursor = p.Next; p.Next == "" {
				break
			}
		}
	}
}

// decoded returns a cursor, and what it is under the usual encodings.
func decoded(cursor string) []string {
	out := []string{cursor}
	for _, part := range append(strings.FieldsFunc(cursor, func(r rune) bool { return strings.ContainsRune(".:,;|~/", r) }), cursor) {
		trimmed := strings.TrimRight(part, "=")
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if b, err := enc.DecodeString(trimmed); err == nil {
				out = append(out, string(b))
			}
		}
		for _, enc := range []*base32.Encoding{base32.StdEncoding, base32.HexEncoding} {
			if b, err := enc.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(trimmed)); err == nil {
				out = append(out, string(b))
			}
		}
		if b, err := hex.DecodeString(part); err == nil {
			out = append(out, string(b))
		}
	}
	return out
}
