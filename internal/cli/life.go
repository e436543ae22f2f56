package cli

import (
	"context"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

func (s *session) deleteCommand() *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Usage:     "delete a contact; it can be brought back",
		UsageText: "contacts delete [options] ID|NUMBER",
		Description: `The contact keeps its data and its id, and can be brought back with undelete;
its number is free for others from now on.`,
		Flags: []cli.Flag{regionOnce()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			return s.changeOne(ctx, cmd, func(book *contacts.Book, old contacts.Contact) (contacts.Contact, error) {
				return book.Delete(ctx, old.ID)
			}, func(old, c contacts.Contact) {
				switch {
				case old.Status == contacts.Inactive:
					s.printf("%s was deleted before, %s: nothing changed.\n", described(c), when(c.DeletedAt))
				default:
					s.printf("Deleted %s.%s\n", described(c), freed(c))
					s.printf("To bring it back: %s\n", again(cmd, "undelete", c.ID))
				}
			})
		},
	}
}

func freed(c contacts.Contact) string {
	switch len(numbersOf(c)) {
	case 0:
		return ""
	case 1:
		return " The number is free for others now."
	}
	return " The numbers are free for others now."
}

func (s *session) undeleteCommand() *cli.Command {
	return &cli.Command{
		Name:      "undelete",
		Usage:     "bring a deleted contact back",
		UsageText: "contacts undelete [options] ID",
		Description: `The contact comes back with all of its numbers or, where somebody else has one
of them by now, not at all: the holder is named then (exit code 4).`,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			return s.changeOne(ctx, cmd, func(book *contacts.Book, old contacts.Contact) (contacts.Contact, error) {
				return book.Undelete(ctx, old.ID)
			}, func(old, c contacts.Contact) {
				switch {
				case old.Status == contacts.Active:
					s.printf("%s is not deleted: nothing changed.\n", described(c))
				default:
					s.printf("Brought back %s.\n", described(c))
				}
			})
		},
	}
}

// changeOne finds the contact that the only argument names, changes it and
// answers with it, or for people with what tell says.
func (s *session) changeOne(ctx context.Context, cmd *cli.Command,
	change func(*contacts.Book, contacts.Contact) (contacts.Contact, error), tell func(old, c contacts.Contact)) error {
	args, err := operands(cmd, "ID or NUMBER")
	if err != nil {
		return err
	}
	return s.withBook(ctx, cmd, Write, func(book *contacts.Book) error {
		old, err := find(ctx, cmd, book, args[0])
		if err != nil {
			return err
		}
		c, err := change(book, old)
		if err != nil {
			return &callError{err: err, cmd: cmd}
		}
		if cmd.Bool("json") {
			s.writeJSON([]contacts.Contact{c}, false)
			return nil
		}
		tell(old, c)
		return nil
	})
}

func (s *session) purgeCommand() *cli.Command {
	return &cli.Command{
		Name:      "purge",
		Usage:     "remove a contact and its history for good",
		UsageText: "contacts purge --yes [options] ID|NUMBER",
		Description: `Nothing brings the contact back, nor those that were merged into it. Its bytes leave the file with the next compact,
and backups only when you delete those.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", HideDefault: true, Usage: "really do it"},
			regionOnce(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			args, err := operands(cmd, "ID or NUMBER")
			if err != nil {
				return err
			}
			return s.withBook(ctx, cmd, Write, func(book *contacts.Book) error {
				c, err := find(ctx, cmd, book, args[0])
				if err != nil {
					return err
				}
				if !cmd.Bool("yes") {
					return usage(cmd, "this removes %s for good: add --yes to do it", described(c))
				}
				if err := book.Purge(ctx, c.ID); err != nil {
					return &callError{err: err, cmd: cmd}
				}
				if cmd.Bool("json") {
					s.writeJSON([]contacts.Contact{c}, false)
					return nil
				}
				s.printf("Removed %s for good.\n", described(c))
				s.printf("To take its bytes out of the file as well: %s\n", again(cmd, "compact"))
				return nil
			})
		},
	}
}
