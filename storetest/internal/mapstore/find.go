package mapstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// position orders the hits of a query.
type position struct {
	text    string
	a, b, c uint64
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.text, q.text), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b), cmp.Compare(p.c, q.c))
}

type hit struct {
	*record
	line   phone.Line
	shared bool
	words  []contacts.Word
	at     position
}

type cursor struct {
	scope contacts.Scope
	query contacts.Query // without Cursor and Limit
	after position
}

// Find implements contacts.Store.
func (s *Store) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Page{}, err
	}
	defer s.mu.Unlock()
	if err := checkQuery(q); err != nil {
		return contacts.Page{}, err
	}
	limit, skip, token := bounded(q.Limit), q.Skip, q.Cursor
	q.Limit, q.Skip, q.Cursor = 0, 0, ""
	from, ok := s.cursors[token]
	if token != "" && (!ok || from.scope != scope || !reflect.DeepEqual(from.query, q)) {
		return contacts.Page{}, fmt.Errorf("mapstore: %w", contacts.ErrCursor)
	}
	b := s.books[scope]
	if b == nil {
		return contacts.Page{}, nil
	}
	compare := position.compare
	if q.Reverse {
		compare = func(p, q position) int { return q.compare(p) }
	}
	hits := b.hits(q)
	slices.SortFunc(hits, func(x, y hit) int { return compare(x.at, y.at) })
	if q.PerLine > 0 {
		hits = perLine(hits, q.PerLine)
	}
	if token != "" {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return compare(h.at, from.after) <= 0 })
	}
	hits = hits[min(skip, len(hits)):]
	page := contacts.Page{Index: b.index, Reindexing: b.reindexing}
	for _, h := range hits[:min(len(hits), limit)] {
		page.Hits = append(page.Hits, contacts.Hit{
			Contact: h.contact.Clone(), Created: h.created, Line: h.line, Shared: h.shared, Words: h.words,
		})
	}
	if len(hits) > limit {
		page.Next = rand.Text()
		q.Status, q.Lines, q.Words = slices.Clone(q.Status), slices.Clone(q.Lines), slices.Clone(q.Words)
		s.cursors[page.Next] = cursor{scope, q, hits[limit-1].at}
	}
	return page, nil
}

// perLine leaves the first n hits of each line.
func perLine(hits []hit, n int) []hit {
	count := map[phone.Line]int{}
	return slices.DeleteFunc(hits, func(h hit) bool {
		count[h.line]++
		return count[h.line] > n
	})
}

func checkQuery(q contacts.Query) error {
	selectors := 0
	for _, set := range []bool{q.Lines != nil, q.Words != nil, q.Prefixes != nil, q.Suffix != "", q.Duplicates} {
		if set {
			selectors++
		}
	}
	if selectors == 2 && q.Words != nil && q.Lines == nil && !q.Duplicates {
		selectors = 1 // words, and a line beside
	}
	if selectors > 1 || len(q.Lines) > contacts.MaxLimit || len(q.Words) > 8 || len(q.Prefixes) > contacts.MaxLimit {
		return fmt.Errorf("mapstore: query: %w", contacts.ErrInvalid)
	}
	runs := slices.Clone(q.Prefixes)
	if q.Suffix != "" {
		runs = append(runs, q.Suffix)
	}
	if slices.ContainsFunc(runs, func(run string) bool {
		return run == "" || len(run) > 19 || strings.Trim(run, "0123456789") != ""
	}) {
		return fmt.Errorf("mapstore: query: %w", contacts.ErrInvalid)
	}
	listing := selectors == 0
	if q.Skip != 0 && (!listing || q.Cursor != "") {
		return fmt.Errorf("mapstore: skip: %w", contacts.ErrInvalid)
	}
	for _, t := range q.Words {
		if (t.Text == "") == (len(t.Sets) == 0) {
			return fmt.Errorf("mapstore: term: %w", contacts.ErrInvalid)
		}
	}
	return nil
}

// hits returns all that q asks for, in no order.
func (b *book) hits(q contacts.Query) []hit {
	var out []hit
	for _, r := range b.records {
		if !(len(q.Status) == 0 && r.contact.Status == contacts.Active || slices.Contains(q.Status, r.contact.Status)) {
			continue
		}
		add := func(h hit, at position) {
			h.record, h.at = r, at
			h.at.c = r.created
			out = append(out, h)
		}
		lines := func(match func(phone.Line) bool, rank func(phone.Line) uint64) {
			for _, line := range held(r.keys) {
				if match(line) {
					shared := !slices.Contains(r.keys.Claims, line)
					at := position{a: rank(line)}
					if shared {
						at.b = 1
					}
					add(hit{line: line, shared: shared}, at)
				}
			}
		}
		number := func(line phone.Line) uint64 { return uint64(line) }
		switch {
		case q.Lines != nil:
			lines(func(line phone.Line) bool { return slices.Contains(q.Lines, line) },
				func(line phone.Line) uint64 { return uint64(slices.Index(q.Lines, line)) })
		case q.Words != nil:
			if words, ok := matchAll(q.Words, r.keys.Words); ok && len(words) > 0 && holdsSuch(r.keys, q) {
				add(hit{words: words}, position{text: words[0].Text})
			}
		case q.Prefixes != nil:
			lines(func(line phone.Line) bool { return begins(line, q.Prefixes) }, number)
		case q.Suffix != "":
			lines(func(line phone.Line) bool { return strings.HasSuffix(digits(line), q.Suffix) }, number)
		case q.Duplicates:
			for _, line := range r.keys.Claims {
				if len(b.claims[line]) > 1 {
					add(hit{line: line}, position{a: uint64(line)})
				}
			}
		case q.Order == contacts.ByCreation:
			add(hit{}, position{})
		case q.Order == contacts.ByChange:
			add(hit{}, position{a: r.contact.Revision})
		case r.keys.Sort >= q.From && !q.Reverse,
			(r.keys.Sort <= q.From || q.From == "" || strings.HasPrefix(r.keys.Sort, q.From)) && q.Reverse:
			add(hit{}, position{text: r.keys.Sort})
		}
	}
	return out
}

// holdsSuch says whether one of the lines is such as Prefixes or Suffix ask
// for, where they do.
func holdsSuch(k contacts.Keys, q contacts.Query) bool {
	return q.Prefixes == nil && q.Suffix == "" || slices.ContainsFunc(held(k), func(line phone.Line) bool {
		return q.Prefixes != nil && begins(line, q.Prefixes) || q.Suffix != "" && strings.HasSuffix(digits(line), q.Suffix)
	})
}

func begins(line phone.Line, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(digits(line), p) })
}

func digits(line phone.Line) string { return strconv.FormatUint(uint64(line), 10) }

// matchAll returns the first word that each term matches.
func matchAll(terms []contacts.Term, words []contacts.Word) ([]contacts.Word, bool) {
	var out []contacts.Word
	for _, t := range terms {
		i := slices.IndexFunc(words, func(w contacts.Word) bool {
			return (t.Fields == 0 || t.Fields&w.Fields != 0) && Match(t, w.Text)
		})
		if i < 0 {
			return nil, false
		}
		out = append(out, words[i])
	}
	return out, true
}

// Match says whether t matches a word.
func Match(t contacts.Term, word string) bool {
	w := []rune(word)
	if len(t.Sets) > 0 {
		if len(t.Sets) > len(w) || t.Whole && len(t.Sets) < len(w) {
			return false
		}
		for i, set := range t.Sets {
			if !strings.ContainsRune(set, w[i]) {
				return false
			}
		}
		return true
	}
	if t.Whole && word == t.Text || !t.Whole && strings.HasPrefix(word, t.Text) {
		return true
	}
	if !t.Typo {
		return false
	}
	text := []rune(t.Text)
	if t.Whole {
		return near(w, text)
	}
	for n := range len(w) + 1 {
		if near(w[:n], text) {
			return true
		}
	}
	return false
}

// near says whether one letter makes the difference between a and b.
func near(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) == len(b):
		return i == len(a) || slices.Equal(a[i+1:], b[i+1:]) ||
			i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
	case len(a)+1 == len(b):
		return slices.Equal(a[i:], b[i+1:])
	}
	return false
}
