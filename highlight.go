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
	var out Highlight
	done := false
	try := func(in Fields, field, text string) {
		if done || w.Fields&in == 0 || text == "" {
			return
		}
		start, end, ok := locate(text, w.Text, n)
		if out.Field == "" || ok {
			out = Highlight{kind, field, text, 0, len(text)}
		}
		if ok {
			out.Start, out.End, done = start, end, true
		}
	}
	try(InName, "firstName", h.FirstName)
	try(InName, "lastName", h.LastName)
	try(InOrganization, "organization", h.Organization)
	for i, e := range h.Emails {
		try(InEmail, indexed("emails", i)+".address", e.Address)
	}
	for i, t := range h.Tags {
		try(InTag, indexed("tags", i), t)
	}
	try(InRef, "clientRef", h.ClientRef)
	return out
}

// locate returns which part of text the first n bytes of a word come from that
// words made of it.
func locate(text, word string, n int) (start, end int, ok bool) {
	folded, places := foldPlaces(text)
	for at := 0; at < len(folded); {
		chunk := strings.IndexFunc(folded[at:], unicode.IsSpace)
		if chunk < 0 {
			chunk = len(folded) - at
		}
		if from, to, ok := locateIn(folded[at:at+chunk], word, n); ok {
			start, end = places.original(at+from, at+to)
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
	var joined strings.Builder
	for _, p := range parts {
		joined.WriteString(chunk[p.from:p.to])
	}
	if len(parts) < 2 || cut(joined.String(), MaxKeyLen) != word {
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

// foldPlaces is Fold, and where each piece of the result comes from.
func foldPlaces(s string) (string, places) {
	folded := Fold(s)
	if len(folded) == len(s) && isASCII(s) {
		return folded, nil
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
		return folded, places{{0, 0}, {len(folded), len(s)}}
	}
	return folded, at
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
