package cli

import (
	"context"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

func (s *session) mergeCommand() *cli.Command {
	return &cli.Command{
		Name:      "merge",
		Usage:     "make one contact out of several",
		UsageText: "contacts merge [options] ID|NUMBER ID|NUMBER..",
		Description: `The first contact stays and takes in all numbers, e-mail addresses and tags of
the others; of a name, a title and the like it keeps its own, and takes another's
where it has none. --take says otherwise, field by field:

   contacts merge ID1 ID2 --take title=ID2 --take cellPhone=ID2

The fields are firstName, lastName, salutation, cellPhone, organization, title,
notes, clientRef, address, twitterDetails and custom.KEY. unmerge undoes it.`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "take", HideDefault: true, Usage: "take a `FIELD=ID` from that contact"},
			&cli.BoolFlag{Name: "preview", HideDefault: true, Usage: "only show what would become of them"},
			regionOnce(),
		},
		Action: s.merge,
	}
}

func (s *session) merge(ctx context.Context, cmd *cli.Command) error {
	names := cmd.Args().Slice()
	if len(names) < 2 {
		return usage(cmd, "give the contact that stays, and those that go into it")
	}
	mode := Write
	if cmd.Bool("preview") {
		mode = Read
	}
	return s.withBook(ctx, cmd, mode, func(book *contacts.Book) error {
		list, err := findAll(ctx, cmd, book, names)
		if err != nil {
			return err
		}
		o := &contacts.MergeOptions{Take: map[string]string{}}
		for _, t := range cmd.StringSlice("take") {
			field, name, ok := strings.Cut(t, "=")
			if !ok {
				return usage(cmd, "--take is FIELD=ID, not %q", clip(t))
			}
			c, err := find(ctx, cmd, book, name)
			if err != nil {
				return err
			}
			o.Take[field] = c.ID
		}
		ids := make([]string, len(list))
		for i, c := range list {
			ids[i] = c.ID
		}
		var c contacts.Contact
		if cmd.Bool("preview") {
			var p contacts.MergePreview
			p, err = book.PreviewMerge(ctx, ids[0], ids[1:], o)
			c = p.Contact
		} else {
			c, err = book.Merge(ctx, ids[0], ids[1:], o)
		}
		if err != nil {
			return &callError{err: err, cmd: cmd}
		}
		if cmd.Bool("json") {
			s.writeJSON([]contacts.Contact{c}, false)
			return nil
		}
		if cmd.Bool("preview") {
			s.printf("Nothing is merged yet. This would become of them:\n")
			s.writeDetails(cmd, c)
			return nil
		}
		for _, other := range list[1:] {
			s.printf("Merged %s into %s.\n", described(other), described(list[0]))
		}
		s.writeDetails(cmd, c)
		s.printf("To undo it: %s\n", again(cmd, append([]string{"unmerge"}, ids...)...))
		return nil
	})
}

// findAll returns the contacts that several arguments name.
func findAll(ctx context.Context, cmd *cli.Command, book *contacts.Book, names []string) ([]contacts.Contact, error) {
	list := make([]contacts.Contact, len(names))
	for i, name := range names {
		if strings.TrimSpace(name) == "" {
			return nil, usage(cmd, "ID or NUMBER is empty")
		}
		c, err := find(ctx, cmd, book, name)
		if err != nil {
			return nil, err
		}
		list[i] = c
	}
	return list, nil
}

func (s *session) unmergeCommand() *cli.Command {
	return &cli.Command{
		Name:      "unmerge",
		Usage:     "undo a merge",
		UsageText: "contacts unmerge [options] ID|NUMBER [ID..]",
		Description: `Takes out of the first contact what came from the others, which come back as they
were; without others, all that were merged into it. What was edited since stays.
A number that somebody else has by now does not come back; the answer says whose
it is.`,
		Flags:  []cli.Flag{regionOnce()},
		Action: s.unmerge,
	}
}

func (s *session) unmerge(ctx context.Context, cmd *cli.Command) error {
	names := cmd.Args().Slice()
	if len(names) == 0 {
		return usage(cmd, "ID or NUMBER is missing")
	}
	return s.withBook(ctx, cmd, Write, func(book *contacts.Book) error {
		list, err := findAll(ctx, cmd, book, names)
		if err != nil {
			return err
		}
		var others []string
		for _, c := range list[1:] {
			others = append(others, c.ID)
		}
		u, err := book.Unmerge(ctx, list[0].ID, others...)
		if err != nil {
			return &callError{err: err, cmd: cmd}
		}
		if cmd.Bool("json") {
			s.writeUnmerged(u)
			return nil
		}
		if len(u.Contacts) == 0 {
			s.printf("Nothing was merged into %s.\n", described(u.Survivor))
			return nil
		}
		for _, c := range u.Contacts {
			s.printf("Brought back %s.\n", described(c))
			s.printf("  id  %s\n", c.ID)
		}
		for _, r := range u.Lost {
			s.note("%s did not come back to %s: it is the number of %s by now", refusedNumber(r), or(clean(nameOf(u.Contacts[r.Index])), u.Contacts[r.Index].ID), holder(r))
		}
		s.printf("What remains:\n")
		s.writeDetails(cmd, u.Survivor)
		return nil
	})
}

// holder names who has the number of a refusal.
func holder(r contacts.Refusal) string {
	switch {
	case r.HolderID == "":
		return "a contact in another stream of the account"
	case r.HolderName == "":
		return "contact " + r.HolderID
	}
	return clean(r.HolderName) + " (id " + r.HolderID + ")"
}

// writeUnmerged writes the answer of unmerge for machines.
func (s *session) writeUnmerged(u contacts.Unmerged) {
	answer := struct {
		Survivor contacts.Contact   `json:"survivor"`
		Contacts []contacts.Contact `json:"contacts"`
		Lost     []takenNumber      `json:"lost"`
	}{u.Survivor, u.Contacts, []takenNumber{}}
	if answer.Contacts == nil {
		answer.Contacts = []contacts.Contact{}
	}
	for _, r := range u.Lost {
		answer.Lost = append(answer.Lost, takenNumber{Index: r.Index, Number: refusedNumber(r), HolderID: r.HolderID, HolderName: r.HolderName})
	}
	s.writeValue(answer)
}
