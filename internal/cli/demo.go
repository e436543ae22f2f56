package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

func (s *session) demoCommand() *cli.Command {
	return &cli.Command{
		Name:        "demo",
		Usage:       "show in a minute what this is for, in a temporary file",
		UsageText:   "contacts demo",
		Description: "Creates contacts in a temporary file, refuses a number that is taken, says who is\ncalling, and opens the file again. It leaves nothing behind.",
		Action: func(ctx context.Context, cmd *cli.Command) (err error) {
			if _, err := operands(cmd); err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "contacts-demo-")
			if err != nil {
				return err
			}
			d := demo{s: s, ctx: ctx, path: filepath.Join(dir, "demo.db")}
			defer func() {
				if d.store != nil {
					err = errors.Join(err, d.store.Close())
				}
				err = errors.Join(err, os.RemoveAll(dir))
			}()
			return d.run()
		},
	}
}

// demo is one run of the demonstration: real calls, real answers.
type demo struct {
	s     *session
	ctx   context.Context
	path  string
	store contacts.Store
	book  *contacts.Book
}

// demoRequest is the first contact as the API takes it.
const demoRequest = `{"firstName":"John","lastName":"Doe","salutation":"Mr",` +
	`"cellPhone":{"phoneNumber":"9876543210","countryCode":"91","extension":"+"}}`

func (d *demo) run() error {
	for _, step := range []func() error{d.create, d.refuse, d.lookup, d.reopen} {
		if err := step(); err != nil {
			return err
		}
	}
	d.s.printf("\nKeep a book of your own:\n\n   %s create --file my.db --first John --last Doe --phone %s\n",
		typedAs(d.s.args[0]), `"+91 98765 43210"`)
	return nil
}

func (d *demo) open() error {
	store, err := boltstore.Open(d.path, nil)
	if err != nil {
		return err
	}
	d.store = store
	d.book, err = contacts.Open(d.ctx, store, contacts.Scope{Account: "acme", Stream: "support"}, &contacts.Options{
		Site:  phone.Site{Region: "IN"},
		Actor: contacts.Actor{ID: "agent-7"},
		NewID: d.s.app.newID,
		Now:   d.s.app.now,
	})
	return err
}

func (d *demo) create() error {
	if err := d.open(); err != nil {
		return err
	}
	var john contacts.Contact
	if err := json.Unmarshal([]byte(demoRequest), &john); err != nil {
		return err
	}
	made, err := d.book.Create(d.ctx, john)
	if err != nil {
		return err
	}
	d.s.printf("A contact book in one file. A contact is created, in the form of the API:\n\n%s\n\n", pretty([]byte(demoRequest)))
	d.s.printf("The answer; by now it is on disk:\n\n%s\n", pretty(made.AppendJSON(nil)))
	_, err = d.book.With(contacts.RelaxedRules()).CreateAll(d.ctx, []contacts.Contact{
		{FirstName: "Asha", LastName: "Rao", CellPhone: contacts.Phone{Number: "+44 20 7946 0018"}},
		{FirstName: "John", LastName: "Doe", CellPhone: contacts.Phone{Number: "099887 76655"}}, // names may repeat
	})
	return err
}

func (d *demo) refuse() error {
	_, err := d.book.With(contacts.RelaxedRules()).Create(d.ctx, contacts.Contact{
		FirstName: "Mary", CellPhone: contacts.Phone{Number: "0091 98765-43210"},
	})
	var dup *contacts.DuplicateNumberError
	if !errors.As(err, &dup) {
		return fmt.Errorf("the number of another contact was not refused: %w", err)
	}
	d.s.printf("\nNames may repeat, numbers may not. Mary with 0091 98765-43210 is refused:\n\n   %s\n",
		(&callError{items: 1}).duplicates(dup))
	return nil
}

func (d *demo) lookup() error {
	d.s.printf("\nWho is calling? The phone system may write the number as it likes:\n\n")
	var t table
	for _, caller := range []string{"09876 543210", `"Reception" <sip:+919876543210@pbx.example>`, "+91 98765 43211", "anonymous"} {
		m, err := d.book.Lookup(d.ctx, caller, nil)
		if err != nil {
			return err
		}
		answer := "nobody in the book"
		switch {
		case m.Found():
			answer = m.Contact.FullName
		case m.Kind == contacts.MatchAnonymous:
			answer = "nobody: the number is withheld"
		}
		t.rows = append(t.rows, []string{caller, answer})
	}
	t.write(d.s.out, "   ")
	return nil
}

func (d *demo) reopen() error {
	if err := d.store.Close(); err != nil {
		return err
	}
	d.store = nil
	if err := d.open(); err != nil {
		return err
	}
	d.s.printf("\nThe file is closed and opened again. All is there:\n\n")
	var t table
	for c, err := range d.book.All(d.ctx, nil) {
		if err != nil {
			return err
		}
		t.rows = append(t.rows, []string{c.FullName, c.CellPhone.Number, c.ID})
	}
	t.write(d.s.out, "   ")
	return nil
}

// pretty writes JSON for people, as a block of its own.
func pretty(data []byte) string {
	var buf bytes.Buffer
	if json.Indent(&buf, data, "   ", "  ") != nil {
		return string(data)
	}
	return "   " + buf.String()
}

// typedAs returns what the user types to run this program: go run builds it
// in a folder that is gone afterwards.
func typedAs(program string) string {
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "go run ./cmd/contacts"
	}
	if strings.ContainsAny(program, `/\`) {
		return quote(program)
	}
	return programName
}
