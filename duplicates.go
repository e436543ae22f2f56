package contacts

import (
	"context"
	"iter"
	"slices"

	"github.com/callerbook/contacts/phone"
)

// Duplicate is a number that several active contacts claim, because it came in
// under Rules.KeepDuplicates or because new rules see two numbers as one.
type Duplicate struct {
	Line     phone.Line
	Contacts []Contact // at least two, in order of creation
}

// Duplicates yields every number that more than one active contact claims. To
// resolve one, Update, Delete or merge its contacts; the library never
// does so by itself. Until then no other contact gets the number.
func (b *Book) Duplicates(ctx context.Context) iter.Seq2[Duplicate, error] {
	return func(yield func(Duplicate, error) bool) {
		var d Duplicate
		for h, err := range b.hits(ctx, Query{Duplicates: true, Limit: MaxLimit}) {
			if err != nil {
				yield(Duplicate{}, err)
				return
			}
			if h.Line != d.Line {
				if len(d.Contacts) > 1 && !yield(d, nil) {
					return
				}
				d = Duplicate{Line: h.Line}
			}
			d.Contacts = append(d.Contacts, h.Contact)
		}
		if len(d.Contacts) > 1 {
			yield(d, nil)
		}
	}
}

// DuplicatesPage returns a part of what Duplicates yields, for hosts that answer
// piece by piece: at most limit numbers (0 means DefaultLimit, at most MaxLimit),
// and the cursor of the next part, "" after the last. Of a number that more than
// MaxLimit contacts have the others come in the next part, again as that number.
// ErrCursor says that cursor is none of this book.
func (b *Book) DuplicatesPage(ctx context.Context, cursor string, limit int) (list []Duplicate, next string, err error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	limit = min(limit, MaxLimit)
	q := Query{Duplicates: true, Cursor: cursor, Limit: min(2*limit, MaxLimit)} // a number has two contacts or more
pages:
	for {
		page, err := b.find(ctx, q)
		if err != nil {
			return nil, "", err
		}
		for _, h := range page.Hits {
			last := len(list) - 1
			if last >= 0 && list[last].Line == h.Line && len(list[last].Contacts) < MaxLimit {
				list[last].Contacts = append(list[last].Contacts, h.Contact)
				continue
			}
			if q.Limit == 1 { // it tells that the last number is complete
				next = q.Cursor
				break pages
			}
			list = append(list, Duplicate{Line: h.Line, Contacts: []Contact{h.Contact}})
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
		if len(list) > 0 {
			q.Limit = 1
		}
	}
	first := true
	list = slices.DeleteFunc(list, func(d Duplicate) bool { // resolved while it was read
		goesOn := first && cursor != ""
		first = false
		return len(d.Contacts) < 2 && !goesOn
	})
	return list, next, nil
}
