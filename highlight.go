package contacts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// mark returns where a word of the index stands in the contact, of which the
// first n bytes match.
func (h *hit) mark(kind HighlightKind, w Word, n int) Highlight {
	var whole Highlight // where the word cannot be located: a field that it may be in
	fields := h.texts()
	for i := range fields {
		f := &fields[i]
		if w.Fields&f.in == 0 {
			continue
		}
		if start, end, ok := f.locate(w.Text, n); ok {
			return Highlight{kind, f.name(), f.text, start, end}
		}
		if whole.Field == "" {
			whole = Highlight{kind, f.name(), f.text, 0, len(f.text)}
		}
	}
	return whole
}

// fieldText is a field that words come from.
type fieldText struct {
	in     Fields
	list   string // its name in JSON
	index  int    // in a list; -1 for none
	rest   string // of the name
	text   string
	folded string // once it is asked for
}

func (f *fieldText) name() string {
	if f.index < 0 {
		return f.list
	}
	return indexed(f.list, f.index) + f.rest
}

// texts returns the fields that words come from, those that people look at
// first.
func (h *hit) texts() []fieldText {
	if h.fields != nil {
		return h.fields
	}
	add := func(in Fields, list string, index int, rest, text string) {
		if text != "" {
			h.fields = append(h.fields, fieldText{in: in, list: list, index: index, rest: rest, text: text})
		}
	}
	add(InName, "firstName", -1, "", h.FirstName)
	add(InName, "lastName", -1, "", h.LastName)
	add(InOrganization, "organization", -1, "", h.Organization)
	for i, e := range h.Emails {
		add(InEmail, "emails", i, ".address", e.Address)
	}
	for i, t := range h.Tags {
		add(InTag, "tags", i, "", t)
	}
	add(InRef, "clientRef", -1, "", h.ClientRef)
	return h.fields
}

// locate returns which part of the text the first n bytes of a word come from
// that words made of it.
func (f *fieldText) locate(word string, n int) (start, end int, ok bool) {
	if f.folded == "" {
		f.folded = Fold(f.text)
	}
	folded := f.folded
	for at := 0; at < len(folded); {
		chunk := strings.IndexFunc(folded[at:], unicode.IsSpace)
		if chunk < 0 {
			chunk = len(folded) - at
		}
		if from, to, ok := locateIn(folded[at:at+chunk], word, n); ok {
			start, end = placesOf(f.text, folded).original(at+from, at+to)
			return start, end, true
		}
		at += chunk
		_, size := utf8.DecodeRuneInString(folded[at:])
		at += size
	}
	return 0, 0, false
}

// locateIn is locate within folded text without spaces: the word is one of
// its parts, or all of them joined.
func locateIn(chunk, word string, n int) (from, to int, ok bool) {
	type part struct{ from, to int }
	var parts []part
	for at := 0; at < len(chunk); {
		skip := strings.IndexFunc(chunk[at:], func(r rune) bool { return !separatesWords(r) })
		if skip < 0 {
			break
		}
		at += skip
		size := strings.IndexFunc(chunk[at:], separatesWords)
		if size < 0 {
			size = len(chunk) - at
		}
		if cut(chunk[at:at+size], MaxKeyLen) == word {
			return at, at + min(n, size), true
		}
		parts = append(parts, part{at, at + size})
		at += size
	}
	size := 0
	for _, p := range parts {
		size += p.to - p.from
	}
	if len(parts) < 2 || size < len(word) || size > len(word) && len(word) <= MaxKeyLen-utf8.UTFMax {
		return 0, 0, false
	}
	joined := make([]byte, 0, size)
	for _, p := range parts {
		joined = append(joined, chunk[p.from:p.to]...)
	}
	if cut(string(joined), MaxKeyLen) != word {
		return 0, 0, false
	}
	for _, p := range parts {
		if size := p.to - p.from; n > size {
			n -= size
			continue
		}
		return parts[0].from, p.from + n, true
	}
	return parts[0].from, parts[len(parts)-1].to, true
}

// places leads from folded text back to the original. It is nil where both
// have the same bytes.
type places []struct{ folded, original int }

// placesOf returns where each piece of the folded form of s comes from.
func placesOf(s, folded string) places {
	if len(folded) == len(s) && isASCII(s) {
		return nil
	}
	var at places
	n := 0
	for i := 0; i < len(s); {
		at = append(at, struct{ folded, original int }{n, i})
		size := norm.NFKC.NextBoundaryInString(s[i:], true)
		if size <= 0 {
			size = len(s) - i
		}
		n += len(Fold(s[i : i+size]))
		i += size
	}
	at = append(at, struct{ folded, original int }{n, len(s)})
	if n != len(folded) { // what is left out between two letters lets them join
		return places{{0, 0}, {len(folded), len(s)}}
	}
	return at
}

// original returns the piece of the original that folded[from:to] comes from.
func (at places) original(from, to int) (start, end int) {
	if at == nil {
		return from, to
	}
	for i, p := range at {
		if p.folded <= from {
			start = p.original
		}
		if p.folded >= to {
			return start, at[i].original
		}
	}
	return start, at[len(at)-1].original
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
