package cli

import (
	"context"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

func (s *session) editCommand() *cli.Command {
	return &cli.Command{
		Name:      "edit",
		Usage:     "change a contact",
		UsageText: "contacts edit [options] ID|NUMBER",
		Description: `Changes the fields that are given and leaves all others. An empty value takes a
field away: --note ''. Options that may be repeated replace the whole list, but
for --phone, which changes the first number:

   contacts edit 01a203dd-b35c-7c45-8ef4-cde842162ebc --phone "+91 98765 43210"
   contacts edit "+91 98765 43210" --last Rao --tag vip --tag north

--editor opens the contact as JSON in $VISUAL or $EDITOR instead; the book is
not kept busy meanwhile.`,
		Flags: append(fieldFlags(""),
			regionKept(),
			&cli.BoolFlag{Name: "strict", HideDefault: true,
				Usage: "apply the API's rules to what changes"},
			&cli.BoolFlag{Name: "editor", Aliases: []string{"e"}, HideDefault: true,
				Usage: "change it as JSON in a text editor"},
		),
		Action: s.edit,
	}
}

func (s *session) edit(ctx context.Context, cmd *cli.Command) error {
	args, err := operands(cmd, "ID or NUMBER")
	if err != nil {
		return err
	}
	switch {
	case cmd.Bool("editor") && anyField(cmd):
		return usage(cmd, "change it with --editor or with options, not both")
	case cmd.Bool("editor"):
		return s.editInEditor(ctx, cmd, args[0])
	case len(given(cmd, "phone")) > 1:
		return usage(cmd, "--phone changes the first number and is given once: the others are --other-phone, which replaces them all")
	case !anyField(cmd):
		return usage(cmd, "say what to change, such as --phone '+91 98765 43210', or use --editor")
	}
	return s.withRegion(ctx, cmd, Write, func(book *contacts.Book) error {
		old, err := find(ctx, cmd, book, args[0])
		if err != nil {
			return err
		}
		c, err := book.With(editRules(cmd)).Edit(ctx, old.ID, func(c *contacts.Contact) error {
			old = *c // as it is by now
			return setFields(cmd, c)
		})
		if err != nil {
			return &callError{err: err, cmd: cmd}
		}
		s.tellEdited(cmd, old, c)
		return nil
	})
}

func editRules(cmd *cli.Command) contacts.Rules {
	if cmd.Bool("strict") {
		return contacts.Rules{}
	}
	return contacts.RelaxedRules()
}

// tellEdited answers with a contact that was changed.
func (s *session) tellEdited(cmd *cli.Command, old, c contacts.Contact) {
	switch {
	case cmd.Bool("json"):
		s.writeJSON([]contacts.Contact{c}, false)
	case c.Revision == old.Revision:
		s.printf("%s is like that already: nothing changed.\n", described(c))
	default:
		s.printf("Changed %s.\n", described(c))
		s.noteUnverified([]contacts.Contact{c})
	}
}
