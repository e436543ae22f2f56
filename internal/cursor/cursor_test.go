package cursor

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var (
	secret = bytes.Repeat([]byte{7}, 32)
	scope  = contacts.Scope{Account: "acme", Stream: "support"}
)

func TestSealOpen(t *testing.T) {
	bind := Bind(scope, "epoch", &contacts.Query{})
	for _, position := range [][]byte{{}, {1}, []byte("doe john\x00\x05"), bytes.Repeat([]byte("x"), 300)} {
		c := Seal(secret, bind, position)
		if got, ok := Open(secret, bind, c); !ok || !bytes.Equal(got, position) {
			t.Errorf("%q came back as %q, %v", position, got, ok)
		}
		if c != Seal(secret, bind, position) {
			t.Error("the same position has two cursors")
		}
		if _, ok := Open(bytes.Repeat([]byte{8}, 32), bind, c); ok {
			t.Error("a cursor opens with another secret")
		}
		raw, err := base64.RawURLEncoding.DecodeString(c)
		if err != nil {
			t.Fatal(err)
		}
		if len(position) > 1 && bytes.Contains(raw, position) {
			t.Error("the cursor shows its position")
		}
		for i := range raw {
			changed := bytes.Clone(raw)
			changed[i] ^= 1
			if _, ok := Open(secret, bind, base64.RawURLEncoding.EncodeToString(changed)); ok {
				t.Errorf("a cursor opens with byte %d changed", i)
			}
			if _, ok := Open(secret, bind, base64.RawURLEncoding.EncodeToString(raw[:i])); ok {
				t.Errorf("the first %d bytes of a cursor open", i)
			}
		}
	}
	for _, c := range []string{"", "x", "not a cursor", "AQ", "====", "\x00"} {
		if _, ok := Open(secret, bind, c); ok {
			t.Errorf("%q opens", c)
		}
	}
}

// TestBind has queries that all ask for something else.
func TestBind(t *testing.T) {
	queries := []contacts.Query{
		{},
		{Order: contacts.ByCreation},
		{Order: contacts.ByChange},
		{Reverse: true},
		{Status: []contacts.Status{contacts.Inactive}},
		{Status: []contacts.Status{contacts.Inactive, contacts.Active}},
		{From: "x"},
		{Lines: []phone.Line{1}},
		{Lines: []phone.Line{1, 2}},
		{Lines: []phone.Line{1}, PerLine: 1},
		{Words: []contacts.Term{{Text: "x"}}},
		{Words: []contacts.Term{{Text: "x"}, {Text: "x"}}},
		{Words: []contacts.Term{{Text: "x", Whole: true}}},
		{Words: []contacts.Term{{Text: "x", Typo: true}}},
		{Words: []contacts.Term{{Text: "x", Fields: contacts.InName}}},
		{Words: []contacts.Term{{Sets: []string{"x"}}}},
		{Words: []contacts.Term{{Sets: []string{"x", ""}}}},
		{Prefixes: []string{"1"}},
		{Suffix: "1"},
		{Duplicates: true},
	}
	seen := map[string]int{}
	for i, q := range queries {
		b := string(Bind(scope, "epoch", &q))
		if k, ok := seen[b]; ok {
			t.Errorf("queries %d and %d are bound to the same", k, i)
		}
		seen[b] = i
		q.Limit, q.Cursor, q.Skip = 7, "x", 3
		if b != string(Bind(scope, "epoch", &q)) {
			t.Errorf("query %d: limit, cursor and skip count", i)
		}
		if b == string(Bind(scope, "other", &q)) || b == string(Bind(scope.Next(), "epoch", &q)) ||
			b == string(Bind(contacts.Scope{Account: "acmes", Stream: "upport"}, "epoch", &q)) {
			t.Errorf("query %d: scope and epoch do not count", i)
		}
	}
	same := contacts.Query{Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Active}}
	if !bytes.Equal(Bind(scope, "e", &same), Bind(scope, "e", &queries[5])) {
		t.Error("the order of states counts")
	}
}

func FuzzOpen(f *testing.F) {
	bind := Bind(scope, "epoch", &contacts.Query{})
	f.Add(Seal(secret, bind, []byte("x")))
	f.Fuzz(func(t *testing.T, c string) {
		if position, ok := Open(secret, bind, c); ok && Seal(secret, bind, position) != c {
			t.Errorf("%q opens and is not what is sealed", c)
		}
	})
}
