package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// editInEditor has the user change a contact as JSON. The store is closed
// while the editor is open; if the contact changes meanwhile, the edit is
// refused. What the user wrote is never thrown away unless it is stored.
func (s *session) editInEditor(ctx context.Context, cmd *cli.Command, name string) error {
	editor := or(os.Getenv("VISUAL"), os.Getenv("EDITOR"))
	if strings.TrimSpace(editor) == "" {
		return usage(cmd, "no editor is known: set EDITOR, or say what to change with options")
	}
	var old contacts.Contact
	// Not Read: a book that takes no writes is to say so before the editor opens.
	err := s.withBook(ctx, cmd, Write, func(book *contacts.Book) (err error) {
		old, err = find(ctx, cmd, book, name)
		return err
	})
	if err != nil {
		return err
	}
	before := indented(editable(old))
	path, after, err := s.runEditor(ctx, editor, before)
	if err != nil {
		return err
	}
	if bytes.Equal(bytes.TrimSpace(after), bytes.TrimSpace(before)) {
		_ = os.Remove(path)
		s.printf("Nothing was changed in the editor.\n")
		return nil
	}
	if err := s.storeEdited(ctx, cmd, old, after); err != nil {
		s.note("your text is kept in %s", path)
		return err
	}
	return os.Remove(path)
}

// runEditor has the user edit text in a file, and returns its name and what
// is in it afterwards.
func (s *session) runEditor(ctx context.Context, editor string, text []byte) (path string, after []byte, err error) {
	f, err := os.CreateTemp("", "contact-*.json") // 0600
	if err != nil {
		return "", nil, err
	}
	path = f.Name()
	_, err = f.Write(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path)
		return "", nil, err
	}
	words := strings.Fields(editor)
	run := exec.CommandContext(ctx, words[0], append(words[1:], path)...)
	run.Stdin, run.Stdout, run.Stderr = s.in, s.terminal, s.err
	if err := run.Run(); err != nil {
		_ = os.Remove(path)
		return "", nil, fmt.Errorf("the editor %s failed, and nothing was changed: %v", editor, err)
	}
	after, err = os.ReadFile(path)
	return path, after, err
}

// storeEdited stores the contact in data in place of old.
func (s *session) storeEdited(ctx context.Context, cmd *cli.Command, old contacts.Contact, data []byte) error {
	list, _, err := readContacts(ctx, bytes.NewReader(data))
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return &inputFault{"the text is more than one contact: edit one at a time"}
	}
	c := list[0]
	c.ID, c.Revision = old.ID, old.Revision
	return s.withRegion(ctx, cmd, Write, func(book *contacts.Book) error {
		c, err := book.With(editRules(cmd)).Update(ctx, c)
		var rev *contacts.RevisionError
		if errors.As(err, &rev) && rev.Conflicts[0].Present != 0 {
			return fmt.Errorf("%w: somebody changed the contact while it was in the editor; look at it and edit it again", contacts.ErrConflict)
		}
		if err != nil {
			return &callError{err: err, cmd: cmd, json: true}
		}
		s.tellEdited(cmd, old, c)
		return nil
	})
}

// editable is the contact with the keys that a person may change, empty ones
// too, so that they can be filled in.
func editable(c contacts.Contact) any {
	phones, emails, tags, custom := c.Phones, c.Emails, c.Tags, c.Custom
	if phones == nil {
		phones = []contacts.Phone{}
	}
	if tags == nil {
		tags = []string{}
	}
	if custom == nil {
		custom = map[string]string{}
	}
	type email struct {
		Address string `json:"address"`
		Label   string `json:"label,omitempty"`
	}
	addresses := []email{}
	for _, e := range emails {
		addresses = append(addresses, email{e.Address, e.Label})
	}
	return struct {
		FirstName    string            `json:"firstName"`
		LastName     string            `json:"lastName"`
		Salutation   string            `json:"salutation"`
		CellPhone    contacts.Phone    `json:"cellPhone"`
		Phones       []contacts.Phone  `json:"phones"`
		Emails       []email           `json:"emails"`
		Organization string            `json:"organization"`
		Title        string            `json:"title"`
		Notes        string            `json:"notes"`
		Tags         []string          `json:"tags"`
		Custom       map[string]string `json:"custom"`
		ClientRef    string            `json:"clientRef"`
		Address      []json.RawMessage `json:"address,omitempty"`
		Twitter      []json.RawMessage `json:"twitterDetails,omitempty"`
	}{c.FirstName, c.LastName, c.Salutation, c.CellPhone, phones, addresses, c.Organization, c.Title, c.Notes,
		tags, custom, c.ClientRef, c.Address, c.Twitter}
}

// indented writes a value as JSON for people.
func indented(v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // plain data encodes
	return buf.Bytes()
}
