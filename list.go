package contacts

import (
	"context"
	"iter"
	"slices"
)

// ListOptions says what List and All return. Nil and the zero value ask for
// the active contacts by name.
type ListOptions struct {
	Order   Order
	Reverse bool
	Status  []Status // none means Active alone
	From    string   // by name: begin at the first name that sorts at or after this text, "M"
	Skip    int      // pass over so many contacts first, at a cost that grows with it; not with Cursor
	Cursor  string   // List.Next of the page before
	Limit   int      // contacts a page; 0 means DefaultLimit, at most MaxLimit. All ignores it
}

// List is one page of contacts.
type List struct {
	Contacts []Contact

	// Next is the Cursor of the next page, and empty after the last.
	Next string
}

// List returns one page of contacts. By name they come as in a telephone book:
// case, accents and punctuation do not count, Desk 9 comes before Desk 10,
// contacts without a name by their organization, without either by their number
// at the end. Scripts follow one another as in Unicode. By change, the order is
// that of the last change, oldest first. Contacts that come, go or change
// between two pages make no other appear twice or be left out.
func (b *Book) List(ctx context.Context, o *ListOptions) (List, error) {
	q := listQuery(o)
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	var out List
	for {
		page, err := b.find(ctx, q)
		if err != nil {
			return List{}, err
		}
		out.Contacts = slices.Grow(out.Contacts, len(page.Hits))
		for i := range page.Hits {
			out.Contacts = append(out.Contacts, page.Hits[i].Contact)
		}
		out.Next = page.Next
		q.Limit -= len(page.Hits)
		if page.Next == "" || q.Limit <= 0 {
			return out, nil
		}
		q.Cursor, q.Skip = page.Next, 0 // the store ended the page early
	}
}

// All yields every contact that o asks for, reading page by page: the loop may
// write to the book. An error ends it.
func (b *Book) All(ctx context.Context, o *ListOptions) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		q := listQuery(o)
		q.Limit = 500
		for h, err := range b.hits(ctx, q) {
			if !yield(h.Contact, err) {
				return
			}
		}
	}
}

func listQuery(o *ListOptions) Query {
	if o == nil {
		o = &ListOptions{}
	}
	q := Query{Order: o.Order, Reverse: o.Reverse, Status: o.Status, Skip: o.Skip, Cursor: o.Cursor, Limit: o.Limit}
	if o.Cursor != "" {
		q.Skip = 0
	}
	q.From = sortText(o.From)
	return q
}

// find is Store.Find with the fields filled in that are the book's.
func (b *Book) find(ctx context.Context, q Query) (Page, error) {
	page, err := b.store.Find(ctx, b.scope, q)
	for i := range page.Hits {
		b.fill(&page.Hits[i].Contact)
	}
	return page, err
}

// hits yields all hits of a query, page by page.
func (b *Book) hits(ctx context.Context, q Query) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		for {
			page, err := b.find(ctx, q)
			if err != nil {
				yield(Hit{}, err)
				return
			}
			for _, h := range page.Hits {
				if !yield(h, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Cursor, q.Skip = page.Next, 0
		}
	}
}
