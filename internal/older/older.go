// Package older plays an older release of this library, for tests: it writes
// contacts to a store under keys of its own. It folds words less, sorts
// otherwise and sees other numbers as one line.
package older

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Library is an older release.
type Library struct {
	Index contacts.IndexVersion

	// Renumbered has what numbers begin with and what was put in its place,
	// "+9180" and "+9181". Other numbers are their own lines.
	Renumbered map[string]string
}

// Contact returns a finished contact with those numbers in E.164: a cell phone
// and further phones. One behind a "*" is only listed.
func Contact(id, first, last string, numbers ...string) contacts.Contact {
	at := time.Date(2021, 3, 4, 5, 6, 7, 8_000_000, time.UTC)
	c := contacts.Contact{ID: id, FirstName: first, LastName: last, FullName: contacts.FullName(first, last),
		Status: contacts.Active, CreatedBy: "u-old", CreatedAt: at, UpdatedAt: at}
	for i, number := range numbers {
		text, shared := strings.CutPrefix(number, "*")
		p := contacts.Phone{Number: text, CountryCode: fmt.Sprintf("+%d", parse(text).CallingCode()), Shared: shared}
		if i == 0 && !shared {
			c.CellPhone = p
		} else {
			c.Phones = append(c.Phones, p)
		}
	}
	return c
}

func parse(text string) phone.Number {
	n, err := phone.ParseE164(text)
	if err != nil {
		panic(err)
	}
	return n
}

// Line returns the line of a number in E.164.
func (l *Library) Line(number string) phone.Line {
	for from, to := range l.Renumbered {
		if rest, ok := strings.CutPrefix(number, from); ok {
			number = to + rest
			break
		}
	}
	var line phone.Line
	for _, digit := range number[1:] {
		line = line*10 + phone.Line(digit-'0')
	}
	return line
}

// Keys makes what a contact is found by.
func (l *Library) Keys(c *contacts.Contact) contacts.Keys {
	k := contacts.Keys{Sort: strings.ToLower(c.LastName + " " + c.FirstName)}
	words := strings.Fields(strings.ToLower(c.FullName))
	slices.Sort(words)
	for _, w := range slices.Compact(words) {
		k.Words = append(k.Words, contacts.Word{Text: w, Fields: contacts.InName})
	}
	if c.Status != contacts.Active {
		return k
	}
	phones := append([]contacts.Phone{c.CellPhone}, c.Phones...)
	slices.SortStableFunc(phones, func(a, b contacts.Phone) int { return cmp.Compare(rank(a), rank(b)) })
	for _, p := range phones {
		if p.Number == "" {
			continue
		}
		switch line := l.Line(p.Number); {
		case slices.Contains(k.Claims, line) || slices.Contains(k.Shared, line):
		case p.Shared:
			k.Shared = append(k.Shared, line)
		default:
			k.Claims = append(k.Claims, line)
		}
	}
	return k
}

func rank(p contacts.Phone) int {
	if p.Shared {
		return 1
	}
	return 0
}

// Put returns the write that stores c in place of its state at a revision.
func (l *Library) Put(c contacts.Contact, revision uint64) contacts.Write {
	return contacts.Write{Contact: c, Revision: revision, Keys: l.Keys(&c)}
}

// Apply writes a batch.
func (l *Library) Apply(ctx context.Context, s contacts.Store, scope contacts.Scope, writes ...contacts.Write) (contacts.Applied, error) {
	return s.Apply(ctx, scope, contacts.Batch{Index: l.Index, Writes: writes})
}
