package prepare

import (
	"fmt"
	"strings"

	"github.com/callerbook/contacts"
)

const (
	maxDigits = 19
	maxTerms  = 8
)

// Query judges a query by itself.
func Query(q *contacts.Query) error {
	fail := func(what string) error {
		return fmt.Errorf("query: %s: %w", what, contacts.ErrInvalid)
	}
	tooLarge := func(what string) error {
		return fmt.Errorf("query: %s: %w, %w", what, contacts.ErrTooLarge, contacts.ErrInvalid)
	}
	selectors := 0
	for _, set := range [5]bool{q.Lines != nil, q.Words != nil, q.Prefixes != nil, q.Suffix != "", q.Duplicates} {
		if set {
			selectors++
		}
	}
	switch {
	case selectors > 1 && !(selectors == 2 && q.Words != nil && (q.Prefixes != nil || q.Suffix != "")):
		return fail("more than one of Lines, Words, Prefixes, Suffix and Duplicates")
	case selectors > 0 && q.Reverse:
		return fail("Reverse is for listings")
	case q.Skip < 0 || q.Skip > 0 && (selectors > 0 || q.Cursor != ""):
		return fail("Skip is for the first page of listings")
	case q.Order > contacts.ByChange:
		return fail("an order that is not known")
	case q.From != "" && (selectors > 0 || q.Order != contacts.ByName):
		return fail("From is for listings by name")
	case q.PerLine < 0:
		return fail("a negative bound of hits a line")
	case len(q.Prefixes) > contacts.MaxLimit:
		return tooLarge("more than 1000 prefixes")
	case len(q.Lines) > contacts.MaxLimit:
		return tooLarge("more than 1000 lines")
	case len(q.Words) > maxTerms:
		return tooLarge("more than 8 terms")
	}
	for i := range len(q.Prefixes) + 1 {
		digits := q.Suffix
		if i < len(q.Prefixes) {
			if digits = q.Prefixes[i]; digits == "" {
				return fail("a prefix without digits")
			}
		}
		switch {
		case strings.Trim(digits, "0123456789") != "":
			return fail("a prefix or suffix has other characters than digits")
		case len(digits) > maxDigits:
			return tooLarge("a prefix or suffix has more than 19 digits")
		}
	}
	for i := range q.Words {
		if t := &q.Words[i]; (t.Text == "") == (len(t.Sets) == 0) {
			return fail("a term has either Text or Sets")
		}
	}
	for _, st := range q.Status {
		if st != contacts.Active && st != contacts.Inactive && st != contacts.Merged {
			return fail("a status that is not known")
		}
	}
	return nil
}
