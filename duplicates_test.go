package contacts_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/callerbook/contacts"
)

// Whatever the size of a page, pages have what Duplicates yields.
func TestDuplicatesPage(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		rules := contacts.RelaxedRules()
		rules.KeepDuplicates = true
		b := openBook(t, s, &contacts.Options{Rules: rules})
		for i := range 17 {
			for j := range 1 + i%5 {
				must(b.Create(ctx, typed(fmt.Sprint("N", j), fmt.Sprintf("+9198765432%02d", i))))(t)
			}
		}
		show := func(d contacts.Duplicate) string {
			s := d.Line.String()
			for _, c := range d.Contacts {
				s += " " + c.FirstName
			}
			return s
		}
		var want []string
		for d, err := range b.Duplicates(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, show(d))
		}
		if len(want) != 13 {
			t.Fatalf("%d numbers: %v", len(want), want)
		}
		for _, limit := range []int{0, 1, 2, 3, 5, 12, 13, 14, contacts.MaxLimit + 1} {
			var got []string
			for cursor, pages := "", 0; ; pages++ {
				list, next, err := b.DuplicatesPage(ctx, cursor, limit)
				if err != nil || pages > 20 {
					t.Fatalf("limit %d, page %d: %v", limit, pages, err)
				}
				if most := limit; most > 0 && len(list) > most {
					t.Errorf("limit %d: %d numbers", limit, len(list))
				}
				for _, d := range list {
					got = append(got, show(d))
					if d.Contacts[0].AccountID != b.Scope().Account {
						t.Errorf("%+v", d.Contacts[0])
					}
				}
				if cursor = next; next == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("limit %d\ngot  %q\nwant %q", limit, got, want)
			}
		}
		if _, _, err := b.DuplicatesPage(ctx, "made-up", 1); !errors.Is(err, contacts.ErrCursor) {
			t.Errorf("a cursor of nobody: %v", err)
		}
	})
}

// A number that very many have goes on in the next page.
func TestDuplicatesPageOfAMainNumber(t *testing.T) {
	rules := contacts.RelaxedRules()
	b := relaxed(t)
	rules.KeepDuplicates = true
	b = b.With(rules)
	list := make([]contacts.Contact, contacts.MaxLimit+1)
	for i := range list {
		list[i] = typed(fmt.Sprint("N", i), "+919876543210")
	}
	must(b.CreateAll(ctx, list))(t)
	var sizes []int
	for cursor := ""; ; {
		page, next, err := b.DuplicatesPage(ctx, cursor, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			sizes = append(sizes, len(d.Contacts))
		}
		if cursor = next; next == "" {
			break
		}
	}
	if !slices.Equal(sizes, []int{contacts.MaxLimit, 1}) {
		t.Errorf("%v", sizes)
	}
}
