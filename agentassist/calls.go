package agentassist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/callerbook/contacts"
)

const reasonType = Reason(contacts.ReasonType)

// create adds contacts: all or none or, with mode=each, each that can be.
func (c *call) create() error {
	each, err := c.modeEach()
	if err != nil {
		return err
	}
	rows, err := c.readRows()
	if err != nil {
		return err
	}
	list := make([]contacts.Contact, len(rows))
	for i, row := range rows {
		if err := c.given(row, &list[i]); err != nil {
			return err
		}
	}
	if each {
		return c.createEach(list)
	}
	return c.createAll(list)
}

// createAll adds all or none, once if an Idempotency-Key is given.
func (c *call) createAll(list []contacts.Contact) error {
	book := c.book
	if values := c.r.Header.Values(HeaderIdempotencyKey); len(values) > 0 {
		op, err := c.op(values)
		if err != nil {
			return err
		}
		book = book.Once(op)
	}
	list, err := book.CreateAll(c.ctx(), list)
	if err != nil {
		return err
	}
	return c.json(c.statusCreated(), c.created(list))
}

func (c *call) statusCreated() int {
	if c.opt.Strict {
		return http.StatusCreated
	}
	return http.StatusOK
}

// modeEach reads the parameter mode.
func (c *call) modeEach() (bool, error) {
	p := c.params()
	switch mode, _ := p.text("mode"); mode {
	case "", "all":
		return false, p.err
	case "each":
		if len(c.r.Header.Values(HeaderIdempotencyKey)) > 0 {
			return false, problem(ReasonParameter, HeaderIdempotencyKey,
				"Idempotency-Key is for a call that does all or nothing: leave it out, or leave out mode=each")
		}
		return true, p.err
	}
	p.fail(ReasonParameter, "mode", `must be "each", or "all", or left out`)
	return false, p.err
}

// maxIdempotencyKey bounds an Idempotency-Key, in bytes.
const maxIdempotencyKey = 255

// op returns the Once key that an Idempotency-Key stands for: that of this app
// and this path, so that keys of one do not meet those of another.
func (c *call) op(values []string) (string, error) {
	if len(values) != 1 || values[0] == "" || len(values[0]) > maxIdempotencyKey {
		return "", problem(ReasonParameter, HeaderIdempotencyKey,
			fmt.Sprintf("the header Idempotency-Key must be there once, with 1 to %d bytes", maxIdempotencyKey))
	}
	sum := sha256.Sum256([]byte(c.app.ID + "\x00" + c.r.URL.Path + "\x00" + values[0]))
	return hex.EncodeToString(sum[:]), nil
}

// list answers a page of the active contacts by creation.
func (c *call) list() error {
	p := c.params()
	skip, limit := p.number("skip", 0, 0, maxSkip), p.number("limit", DefaultPage, 1, MaxPage)
	if p.err != nil {
		return p.err
	}
	token, err := c.book.Token(c.ctx()) // before what it stands for is read
	if err != nil {
		return err
	}
	if c.unchanged(token) {
		return nil
	}
	counts, err := c.book.Count(c.ctx())
	if err != nil {
		return err
	}
	total := int(counts.Active)
	page := Page{Results: []contacts.Contact{}, Skip: skip, Limit: limit, TotalResults: total, TotalPages: (total + limit - 1) / limit}
	if skip < total {
		found, err := c.book.List(c.ctx(), &contacts.ListOptions{Order: contacts.ByCreation, Skip: skip, Limit: limit})
		if err != nil {
			return err
		}
		page.Results, page.HasMore = c.shownAll(found.Contacts), found.Next != ""
	}
	return c.json(http.StatusOK, page)
}

const maxSkip = 1<<31 - 1

// update changes one contact; fields that are not sent stay.
func (c *call) update() error {
	revision, err := c.ifMatch()
	if err != nil {
		return err
	}
	var body json.RawMessage
	if err := c.readJSON(&body); err != nil {
		return err
	}
	if kind(body) != '{' {
		return problem(reasonType, "", "the body must be an object: the contact")
	}
	if keys, err := pick(body, []string{"id"}); err != nil {
		return err
	} else if len(keys) > 0 {
		if id, err := givenID(body); err != nil || id != c.id() {
			return problem(ReasonParameter, "id", "the id in the body is not that of the path: leave it out")
		}
	}
	for {
		contact, err := c.patched(c.id(), body)
		if err != nil {
			return err
		}
		if revision != 0 && contact.Revision != revision {
			return changedSince()
		}
		contact, err = c.book.Update(c.ctx(), contact)
		if revision == 0 && lostRace(c.ctx(), err) {
			continue
		}
		if err != nil {
			return alone{err}
		}
		return c.contact(http.StatusOK, contact)
	}
}

// patched returns the contact of an id with what is given put in.
func (c *call) patched(id string, given json.RawMessage) (contacts.Contact, error) {
	contact, err := c.book.Get(c.ctx(), id)
	if err != nil {
		return contact, err
	}
	revision := contact.Revision
	if err := c.given(given, &contact); err != nil {
		return contact, err
	}
	contact.ID, contact.Revision = id, revision
	return contact, nil
}

// lostRace reports whether an update is to be tried again, as somebody else was
// faster.
func lostRace(ctx context.Context, err error) bool {
	return errors.Is(err, contacts.ErrConflict) && !errors.Is(err, contacts.ErrNotFound) && ctx.Err() == nil
}

// delete makes a contact inactive.
func (c *call) delete() error {
	revision, err := c.ifMatch()
	if err != nil {
		return err
	}
	contact, err := c.book.At(revision).Delete(c.ctx(), c.id())
	if err != nil {
		return alone{err}
	}
	return c.contact(http.StatusOK, contact)
}
