package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

func (s *session) createCommand() *cli.Command {
	return &cli.Command{
		Name:      "create",
		Usage:     "add a contact, or several from JSON",
		UsageText: "contacts create [options]\ncontacts create [options] - <contacts.json",
		Description: `Adds a contact. A number that another contact has is refused, whatever the
spelling, and the holder is named (exit code 4):

   contacts create --first John --last Doe --phone "+91 98765 43210"
   contacts create --first Asha --phone 099887-76655 --region IN --tag vip
   contacts create --org "Iyer & Sons" --phone "+91 22 2345 6789" --other-phone "fax=+91 22 2345 6780"

With "-" the contacts come from standard input, as one JSON object or an array
of them, in the form of the Agent Assist contacts API:

   {"firstName":"John","lastName":"Doe","salutation":"Mr",
    "cellPhone":{"phoneNumber":"9876543210","countryCode":"91","extension":"+"}}

All of an array are added, or none.`,
		Flags: append(fieldFlags("; may be repeated"),
			regionKept(),
			&cli.BoolFlag{Name: "strict", HideDefault: true,
				Usage: "apply the API's rules: all six fields, digits only, Mr or Mrs"},
			&cli.BoolFlag{Name: "stdin", HideDefault: true,
				Usage: "read JSON from standard input; the same as -"},
		),
		Action: s.create,
	}
}

func (s *session) create(ctx context.Context, cmd *cli.Command) error {
	list, array, fromJSON, err := s.newContacts(ctx, cmd)
	if err != nil {
		return err
	}
	rules := contacts.RelaxedRules()
	if cmd.Bool("strict") {
		rules = contacts.Rules{}
	}
	refused := func(err error) error {
		call := &callError{err: err, cmd: cmd, items: len(list), json: fromJSON}
		if !fromJSON {
			call.more = max(0, len(given(cmd, "phone"))-1)
		}
		return call
	}
	if err := s.rehearse(ctx, cmd, func(book *contacts.Book) error {
		if _, err := book.With(rules).CreateAll(ctx, list); err != nil {
			return refused(err)
		}
		return nil
	}); err != nil {
		return err
	}
	return s.withRegion(ctx, cmd, Create, func(book *contacts.Book) error {
		made, err := book.With(rules).CreateAll(ctx, list)
		if err != nil {
			return refused(err)
		}
		if cmd.Bool("json") {
			s.writeJSON(made, array)
			return nil
		}
		if len(made) == 1 {
			s.printf("Created %s.\n", described(made[0]))
			s.printf("  id  %s\n", made[0].ID)
		} else {
			s.printf("Created %d contacts.\n", len(made))
			s.writeTable(cmd, made, nil)
		}
		s.noteUnverified(made)
		return nil
	})
}

// rehearse calls fn with a book in memory where there is no file yet, so that
// none begins with contacts that are refused.
func (s *session) rehearse(ctx context.Context, cmd *cli.Command, fn func(*contacts.Book) error) error {
	at, isFile, err := s.location(cmd)
	if err != nil {
		return err
	}
	if !isFile {
		return nil
	}
	if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
		return nil // what else is wrong with it comes out later
	}
	site, err := siteOf(cmd, phone.Site{})
	if err != nil {
		return err
	}
	scope := contacts.Scope{Account: cmd.String("account"), Stream: cmd.String("stream")}
	book, err := contacts.Open(ctx, memstore.New(), scope, &contacts.Options{Site: site})
	if err != nil {
		return err
	}
	return fn(book)
}

// newContacts returns the contacts that the options or standard input
// describe.
func (s *session) newContacts(ctx context.Context, cmd *cli.Command) (list []contacts.Contact, array, fromJSON bool, err error) {
	args := cmd.Args().Slice()
	if cmd.Bool("stdin") && len(args) == 0 {
		args = []string{"-"}
	}
	switch {
	case len(args) == 1 && args[0] == "-":
		if anyField(cmd) {
			return nil, false, true, usage(cmd, "the contacts come from standard input or from options, not both")
		}
		list, array, err = readContacts(ctx, s.in)
		return list, array, true, err
	case len(args) > 0:
		return nil, false, false, usage(cmd, "%q is one argument too many: say what it is with --first, --last, --phone ..", args[0])
	case !anyField(cmd):
		return nil, false, false, usage(cmd, "say who it is, such as --first John --last Doe --phone '+91 98765 43210'")
	}
	var c contacts.Contact
	err = setFields(cmd, &c)
	return []contacts.Contact{c}, false, false, err
}

// noteUnverified tells of numbers that the numbering plans do not know: most
// often a digit is wrong.
func (s *session) noteUnverified(list []contacts.Contact) {
	for _, c := range list {
		for _, p := range append([]contacts.Phone{c.CellPhone}, c.Phones...) {
			if p.Unverified {
				s.note("%s is no number of its country's plan as known here; it was kept, but check its digits", p.Number)
			}
		}
	}
}
