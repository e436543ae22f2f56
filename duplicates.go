package contacts

import (
	"context"
	"iter"

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
