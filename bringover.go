package contacts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/callerbook/contacts/phone"
)

// This file keeps the book's word while it is re-indexed. Contacts whose turn
// has not come hold lines that other rules made, and that this library may not
// be able to make. But since the change began nobody writes under the old
// rules, so these contacts only become fewer: it is enough that a write first
// brings over all those that it may meet. They are found by the last digits of
// their numbers, which rules leave as they are.

// tailDigits is how many of the last digits of a number no rule changes. Of
// short numbers it may change two behind the calling code.
const tailDigits = 6

// tail returns the last digits of a line.
func tail(line phone.Line) string {
	digits := line.String()[1:]
	keep := tailDigits
	if n, err := phone.ParseE164(line.String()); err == nil {
		keep = max(2, min(keep, len(n.National())-2))
	}
	return digits[max(0, len(digits)-keep):]
}

// settled reports whether the book is indexed by the present rules alone, or is
// not there yet.
func (b *Book) settled(ctx context.Context) (bool, error) {
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil {
		return false, err
	}
	if st.Epoch != "" && (st.Index != b.index || st.Reindexing) {
		return false, nil
	}
	b.indexing.behind.Store(false)
	return true, nil
}

// bringOver gives keys of the present rules to the contacts that hold lines like
// these, and to those that writes replace, and reports that the book is being
// re-indexed. Where it is not, as far as is known, it does nothing.
func (b *Book) bringOver(ctx context.Context, lines []phone.Line, writes []Write) (bool, error) {
	if !b.indexing.behind.Load() {
		return false, nil
	}
	st, err := b.store.Stat(ctx, b.scope)
	switch {
	case err != nil:
		return false, err
	case st.Epoch == "":
		return false, nil
	case st.Index != b.index:
		// Not a matter for the store: the change might begin before it is asked.
		return false, &IndexError{Have: b.index, Want: st.Index}
	case !st.Reindexing:
		b.indexing.behind.Store(false)
		return false, nil
	}
	b.indexing.writing.RLock()
	defer b.indexing.writing.RUnlock()

	var overs []Write
	seen := make(map[string]bool)
	send := func() error {
		found, err := b.sendOver(ctx, overs)
		b.indexing.addFound(found)
		overs = overs[:0]
		return err
	}
	add := func(c *Contact) error {
		if seen[c.ID] {
			return nil
		}
		seen[c.ID] = true
		if overs = append(overs, b.over(c)); len(overs) < reindexStep {
			return nil
		}
		return send()
	}
	// A contact that is replaced claims what it claims already, whoever else
	// does, and one that is replaced by itself has no event.
	for i := range writes {
		w := &writes[i]
		if w.Kind != Put || w.Revision == 0 {
			continue
		}
		c, err := b.store.Get(ctx, b.scope, w.Contact.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err == nil {
			err = add(&c)
		}
		if err != nil {
			return false, err
		}
	}
	for _, digits := range tails(lines) {
		for h, err := range b.hits(ctx, Query{Suffix: digits, Limit: MaxLimit}) {
			if err == nil && !h.Shared && !b.claims(&h.Contact, h.Line) {
				err = add(&h.Contact)
			}
			if err != nil {
				return false, err
			}
		}
	}
	return true, send()
}

// tails returns the last digits of lines, each once.
func tails(lines []phone.Line) []string {
	var list []string
	seen := make(map[string]bool, len(lines))
	for _, l := range lines {
		if t := tail(l); !seen[t] {
			seen[t] = true
			list = append(list, t)
		}
	}
	return list
}

// claims reports whether a contact that is active claims a line by the present
// rules.
func (b *Book) claims(c *Contact, line phone.Line) bool {
	held, shared := b.holds(c, line)
	return held && !shared
}

// holds reports whether a contact has a line by the present rules, and whether
// it only lists it.
func (b *Book) holds(c *Contact, line phone.Line) (held, shared bool) {
	for i := range len(c.Phones) + 1 {
		p := &c.CellPhone
		if i > 0 {
			p = &c.Phones[i-1]
		}
		if p.Number == "" {
			continue
		}
		if _, l, ok := b.line(*p); ok && l == line {
			if !p.Shared {
				return true, false
			}
			held = true
		}
	}
	return held, held
}

// holdersOf finds who holds lines, line by line and so many of each. While the
// book is re-indexed, contacts count by their numbers and not by the keys
// that they still have.
func (b *Book) holdersOf(ctx context.Context, lines []phone.Line, perLine int) ([]Hit, error) {
	behind := b.indexing.behind.Load()
	hits, err := b.holdersByKey(ctx, lines, perLine)
	if err != nil || !behind && !b.indexing.behind.Load() {
		return hits, err
	}
	stale := func(h Hit) bool { held, _ := b.holds(&h.Contact, h.Line); return !held }
	if hits = slices.DeleteFunc(hits, stale); len(hits) > 0 && hits[0].Line == lines[0] && !hits[0].Shared {
		return hits, nil
	}
	if hits, err = b.holdersByNumber(ctx, lines, perLine); err != nil || len(hits) > 0 {
		return hits, err
	}
	if _, err := b.settled(ctx); err != nil {
		return nil, err
	}
	hits, err = b.holdersByKey(ctx, lines, perLine) // one may have been brought over between two pages
	return slices.DeleteFunc(hits, stale), err
}

func (b *Book) holdersByKey(ctx context.Context, lines []phone.Line, perLine int) ([]Hit, error) {
	q := Query{Lines: lines, PerLine: perLine, Limit: min(MaxLimit, perLine*len(lines))}
	page, err := b.lookUp(ctx, q)
	hits := page.Hits
	for err == nil && page.Next != "" && len(hits) < q.Limit { // the store ended the page early
		q.Cursor = page.Next
		page, err = b.lookUp(ctx, q)
		hits = append(hits, page.Hits...)
	}
	return hits, err
}

// holdersByNumber looks at all contacts with the last digits of the lines.
func (b *Book) holdersByNumber(ctx context.Context, lines []phone.Line, perLine int) ([]Hit, error) {
	found := make([][]Hit, len(lines))
	for _, digits := range tails(lines) {
		q := Query{Suffix: digits, Limit: MaxLimit}
		for {
			page, err := b.lookUp(ctx, q)
			if err != nil {
				return nil, err
			}
			for i, line := range lines {
				if tail(line) == digits {
					found[i] = b.firstHolders(append(found[i], b.holdersIn(page.Hits, line)...), perLine)
				}
			}
			if page.Next == "" {
				break
			}
			q.Cursor = page.Next
		}
	}
	return slices.Concat(found...), nil
}

// holdersIn returns those of hits that hold a line by their numbers.
func (b *Book) holdersIn(hits []Hit, line phone.Line) []Hit {
	var list []Hit
	for _, h := range hits {
		if held, shared := b.holds(&h.Contact, line); held {
			h.Line, h.Shared = line, shared
			list = append(list, h)
		}
	}
	return list
}

// firstHolders puts the holders of a line in order, each once.
func (b *Book) firstHolders(list []Hit, n int) []Hit {
	slices.SortStableFunc(list, func(x, y Hit) int {
		if x.Shared != y.Shared {
			if y.Shared {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.Created, y.Created)
	})
	list = slices.CompactFunc(list, func(x, y Hit) bool { return x.Created == y.Created })
	return list[:min(n, len(list))]
}
