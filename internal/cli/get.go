package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

func (s *session) getCommand() *cli.Command {
	return &cli.Command{
		Name:      "get",
		Usage:     "show a contact",
		UsageText: "contacts get [options] ID|NUMBER",
		Description: `Shows all that is known of a contact: of any status by its id, or of who has
the number:

   contacts get 01a203dd-b35c-7c45-8ef4-cde842162ebc
   contacts get 098765-43210 --region IN`,
		Flags: []cli.Flag{regionOnce()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			args, err := operands(cmd, "ID or NUMBER")
			if err != nil {
				return err
			}
			return s.withBook(ctx, cmd, Read, func(book *contacts.Book) error {
				c, err := find(ctx, cmd, book, args[0])
				if err != nil {
					return err
				}
				if cmd.Bool("json") {
					s.writeJSON([]contacts.Contact{c}, false)
					return nil
				}
				s.writeDetails(cmd, c)
				return nil
			})
		},
	}
}

// noContact says that what the user named is no contact, or not one.
type noContact struct{ text string }

func (e *noContact) Error() string { return e.text }

// find returns the contact that text names: by its id or, as ids are long, by
// the number that it alone has. A number must be that number: no other
// reading of the text, and no listing as shared, is taken for it.
func find(ctx context.Context, cmd *cli.Command, book *contacts.Book, text string) (contacts.Contact, error) {
	text = strings.TrimSpace(text)
	c, err := book.Get(ctx, text)
	if err == nil || !errors.Is(err, contacts.ErrNotFound) && !errors.Is(err, contacts.ErrInvalid) {
		return c, err
	}
	var purged *contacts.PurgedError
	if errors.As(err, &purged) {
		return contacts.Contact{}, &noContact{fmt.Sprintf("contact %s was removed for good, %s", text, when(purged.At))}
	}
	site, err := siteOf(cmd, book.Site())
	if err != nil {
		return contacts.Contact{}, err
	}
	m, err := book.Lookup(ctx, text, &contacts.LookupOptions{Site: &site})
	if err != nil {
		return contacts.Contact{}, err
	}
	switch m.Kind {
	case contacts.MatchExact, contacts.MatchInferred, contacts.MatchFolded:
		return m.Contact, nil
	case contacts.MatchAmbiguous:
		return contacts.Contact{}, &noContact{fmt.Sprintf("%s is the number of more than one contact, so give an id: %s",
			text, listed(len(m.Candidates), func(i int) string { return namesAndIDs(m.Candidates)[i] }))}
	}
	if errors.Is(m.Refusal, phone.ErrNoCountry) && takesValue("region", cmd) {
		return contacts.Contact{}, &noContact{fmt.Sprintf("%q is no id, and a number only with a country: write it with + and the calling code, or add --region IN", clip(text))}
	}
	return contacts.Contact{}, &noContact{fmt.Sprintf("there is no contact with the id or the number %q", clip(text))}
}

// writeDetails writes all that is known of a contact, and further rows.
func (s *session) writeDetails(cmd *cli.Command, c contacts.Contact, more ...[]string) {
	title := clean(nameOf(c))
	if c.Salutation != "" && c.FullName != "" {
		title = clean(c.Salutation) + " " + title
	}
	s.printf("%s\n", title)
	t := table{rows: append(details(cmd, c), more...)}
	t.write(s.out, "  ")
}

func details(cmd *cli.Command, c contacts.Contact) (rows [][]string) {
	add := func(name, text string) {
		for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
			if i > 0 {
				name = ""
			}
			if text != "" {
				rows = append(rows, []string{name, line})
			}
		}
	}
	if c.CellPhone.Number != "" {
		add("number", numberDetail(c.CellPhone))
	}
	for _, p := range c.Phones {
		add(or(p.Label, "number"), numberDetail(p))
	}
	for _, e := range c.Emails {
		add(or(e.Label, "e-mail"), e.Address)
	}
	if c.FullName != "" {
		add("organization", c.Organization)
	}
	add("title", c.Title)
	add("tags", strings.Join(c.Tags, ", "))
	add("note", c.Notes)
	add("reference", c.ClientRef)
	var keys []string
	for k := range c.Custom {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		add(k, c.Custom[k])
	}
	if n := len(c.Address); n > 0 {
		add("address", fmt.Sprintf("%d in the API's form; --json shows them", n))
	}
	switch c.Status {
	case contacts.Inactive:
		add("deleted", fmt.Sprintf("%s; %s brings it back", when(c.DeletedAt), again(cmd, "undelete", c.ID)))
	case contacts.Merged:
		add("merged", "into "+c.MergedInto)
	}
	for _, o := range c.MergedFrom {
		add("taken in", o.ID+", "+when(o.At))
	}
	add("created", when(c.CreatedAt))
	if !c.UpdatedAt.Equal(c.CreatedAt) {
		add("changed", when(c.UpdatedAt))
	}
	add("id", c.ID)
	return rows
}

// numberDetail writes a number and what is to be known of it.
func numberDetail(p contacts.Phone) string {
	var notes []string
	if digits(p.Input) != digits(p.Number) && p.Input != "" {
		notes = append(notes, "came as "+p.Input)
	}
	if p.Shared {
		notes = append(notes, "shared with others")
	}
	if p.Unverified {
		notes = append(notes, "not in its country's plan")
	}
	if len(notes) == 0 {
		return p.Number
	}
	return p.Number + "  (" + strings.Join(notes, "; ") + ")"
}

// digits returns the digits of a text.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
