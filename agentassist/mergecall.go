package agentassist

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// Reasons of a merge.
const (
	reasonChoice   = Reason(contacts.ReasonChoice)
	reasonMissing  = Reason(contacts.ReasonMissing)
	reasonRepeated = Reason(contacts.ReasonRepeated)
)

// merge makes one contact out of several and answers it.
func (c *call) merge() error {
	var body json.RawMessage
	if err := c.readJSON(&body); err != nil {
		return err
	}
	m, err := decodeMerge(body)
	if err != nil {
		return err
	}
	o := contacts.MergeOptions{Take: m.Take}
	if !c.opt.Extended {
		maps.DeleteFunc(o.Take, func(field, _ string) bool { return beyondAPI(field) })
	}
	if o.Revisions, err = c.looked(&m); err != nil {
		return err
	}
	contact, err := c.book.Merge(c.ctx(), m.Keep, m.Others, &o)
	if err != nil {
		return c.blame(&m, err)
	}
	return c.contact(http.StatusOK, contact)
}

// beyondAPI reports whether Extended brings a field that a merge chooses.
func beyondAPI(field string) bool {
	switch field {
	case "organization", "title", "notes", "clientRef":
		return true
	}
	return strings.HasPrefix(field, "custom.")
}

// decodeMerge reads the body of a merge and says all that is wrong with it by
// itself. Keys that are not known are passed over.
func decodeMerge(body []byte) (MergeRequest, error) {
	var m MergeRequest
	if kind(body) != '{' {
		return m, problem(reasonType, "", "the body must be an object with keep and others")
	}
	var e Error
	fail := func(reason Reason, field, msg string) {
		e.Problems = append(e.Problems, Problem{Reason: reason, Field: field, Msg: field + " " + msg})
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(body, &keys); err != nil {
		return m, problem(ReasonMalformed, "", "the body is not JSON")
	}
	for _, k := range []struct {
		name string
		into any
		want string
	}{
		{"keep", &m.Keep, "must be a string: the id of the contact that lives on"},
		{"others", &m.Others, "must be an array of strings: the ids of the contacts that go into it"},
		{"take", &m.Take, "must be an object of strings: the ids of contacts by field"},
		{"revisions", &m.Revisions, "must be an object of strings: ETags by id"},
	} {
		if raw, ok := keys[k.name]; ok && json.Unmarshal(raw, k.into) != nil {
			fail(reasonType, k.name, k.want)
		}
	}
	if e.Problems != nil {
		return m, &e
	}
	if m.Keep == "" {
		fail(reasonMissing, "keep", "is missing: the id of the contact that lives on")
	}
	if len(m.Others) == 0 {
		fail(reasonMissing, "others", "is missing: the ids of the contacts that go into it")
	}
	if n := len(m.Others); n > contacts.MaxMerged {
		fail(Reason(contacts.ReasonTooLong), "others", fmt.Sprintf("has %d ids, at most %d are allowed", n, contacts.MaxMerged))
		return m, &e
	}
	seen := map[string]bool{m.Keep: true}
	for i, id := range m.Others {
		if field := fmt.Sprintf("others[%d]", i); id == "" {
			fail(reasonMissing, field, "is blank")
		} else if seen[id] {
			fail(reasonRepeated, field, "stands in the call twice")
		}
		seen[id] = true
	}
	for _, list := range []struct {
		name string
		ids  []string
	}{{"take", slices.Collect(maps.Values(m.Take))}, {"revisions", slices.Collect(maps.Keys(m.Revisions))}} {
		if slices.ContainsFunc(list.ids, func(id string) bool { return !seen[id] }) {
			fail(reasonChoice, list.name, "names a contact that is neither keep nor one of others")
		}
	}
	if e.Problems != nil {
		return m, &e
	}
	return m, nil
}

// looked reads the ETags of a merge as revisions.
func (c *call) looked(m *MergeRequest) (map[string]uint64, error) {
	if len(m.Revisions) == 0 {
		return nil, nil
	}
	now, err := c.book.Token(c.ctx())
	if err != nil {
		return nil, err
	}
	out := make(map[string]uint64, len(m.Revisions))
	var e Error
	for _, id := range slices.Sorted(maps.Keys(m.Revisions)) {
		at, err := revisionTag(m.Revisions[id])
		switch {
		case err != nil:
			e.Problems = append(e.Problems, Problem{Reason: ReasonParameter, Field: "revisions", Msg: "revisions must have an ETag, in its quotes, for each id"})
			return nil, &e
		case at.Epoch != now.Epoch:
			e.Problems = append(e.Problems, m.movedOn(id))
		default:
			out[id] = at.Revision
		}
	}
	if e.Problems != nil {
		return nil, &e
	}
	return out, nil
}

// revisionTag reads an ETag of one contact.
func revisionTag(text string) (contacts.Token, error) {
	t, err := parseTags([]string{text})
	if err != nil {
		return contacts.Token{}, err
	}
	if len(t.list) != 1 || t.list[0].weak {
		return contacts.Token{}, errTags
	}
	at, err := contacts.ParseToken(t.list[0].text)
	if err == nil && at.Revision == 0 {
		err = errTags
	}
	return at, err
}

// field returns where an id stands in the body.
func (m *MergeRequest) field(id string) string {
	if i := slices.Index(m.Others, id); i >= 0 {
		return fmt.Sprintf("others[%d]", i)
	}
	return "keep"
}

func (m *MergeRequest) movedOn(id string) Problem {
	return Problem{Reason: ReasonPrecondition, Field: m.field(id),
		Msg: "the contact has changed since that revision: get it again and look whether the merge is still right"}
}

// blame says of an error of Book.Merge which of the contacts it is about: all
// that are not there, deleted, or merged already.
func (c *call) blame(m *MergeRequest, err error) error {
	var moved *contacts.RevisionError
	if errors.As(err, &moved) {
		var e Error
		for _, conflict := range moved.Conflicts {
			e.Problems = append(e.Problems, m.movedOn(conflict.ID))
		}
		return &e
	}
	if !errors.Is(err, contacts.ErrNotFound) && !errors.Is(err, contacts.ErrMerged) && !errors.Is(err, contacts.ErrInvalid) {
		return alone{err}
	}
	var e Error
	for i, id := range append([]string{m.Keep}, m.Others...) {
		p := Problem{Field: m.field(id)}
		contact, getErr := c.book.Get(c.ctx(), id)
		switch {
		case errors.Is(getErr, contacts.ErrNotFound):
			p.Reason, p.Msg = ReasonNotFound, p.Field+" is not the id of a contact"
		case getErr != nil:
			return getErr
		case contact.Status == contacts.Merged && (i == 0 || contact.MergedInto != m.Keep):
			p.Reason, p.Msg, p.HolderID = ReasonMerged, p.Field+" was merged into another contact: merge that one", contact.MergedInto
		case contact.Status == contacts.Inactive:
			p.Reason, p.Msg = ReasonDeleted, p.Field+" is deleted: restore it first"
		default:
			continue
		}
		e.Problems = append(e.Problems, p)
	}
	var invalid *contacts.ValidationError
	switch {
	case e.Problems != nil:
		return &e
	case errors.As(err, &invalid):
		return alone{err}
	}
	return problem(reasonChoice, "take", "take: "+plain(err))
}
