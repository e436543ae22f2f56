package life

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// sameLife reports whether two contacts of the model say the same, but for who
// wrote them when, and their revision.
func sameLife(a, b *contacts.Contact) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	for _, c := range []*contacts.Contact{&x, &y} {
		c.Revision, c.UpdatedAt, c.UpdatedBy, c.UpdatedByAID = 0, a.UpdatedAt, "", ""
	}
	return reflect.DeepEqual(x, y)
}

// diffLife says in which fields a contact of the book differs from that of the
// model, "" if in none.
func diffLife(got, want *contacts.Contact) string {
	if got == nil || want == nil {
		if got == want {
			return ""
		}
		return fmt.Sprintf("got %v, want %v", got, want)
	}
	if reflect.DeepEqual(got, want) {
		return ""
	}
	g := copyLife(got)
	tidyLife(g)
	if reflect.DeepEqual(g, want) {
		return ""
	}
	var b strings.Builder
	x, y := reflect.ValueOf(g).Elem(), reflect.ValueOf(want).Elem()
	for i := range x.NumField() {
		if f := x.Type().Field(i); f.IsExported() && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			fmt.Fprintf(&b, "\n\t%s: got  %+v\n\t%s  want %+v", f.Name, x.Field(i), strings.Repeat(" ", len(f.Name)), y.Field(i))
		}
	}
	return b.String()
}

// likeBook puts the lists of a contact of the model into the order that the
// book has them in, where that is not laid down.
func likeBook(c *contacts.Contact, got *contacts.Contact) {
	reorder(c.Phones, got.Phones)
	reorder(c.Emails, got.Emails)
	reorder(c.Tags, got.Tags)
	for i := range c.MergedFrom {
		if i >= len(got.MergedFrom) {
			break
		}
		o, p := &c.MergedFrom[i], &got.MergedFrom[i]
		reorder(o.Numbers, p.Numbers)
		reorder(o.Emails, p.Emails)
		reorder(o.Tags, p.Tags)
		reorder(o.Claimed, p.Claimed)
		reorder(o.Fields, p.Fields)
	}
}

// reorder puts the items of list in the order that they have in model, and the
// others after them.
func reorder[T comparable](list, model []T) {
	done := 0
	for _, v := range model {
		if i := slices.Index(list[done:], v); i >= 0 {
			list[done], list[done+i] = v, list[done]
			done++
		}
	}
}
