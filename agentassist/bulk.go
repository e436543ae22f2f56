package agentassist

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/callerbook/contacts"
)

// MarshalJSON writes d as the hosted service does, with "_id" in front of the
// contact's own keys.
func (d BulkDone) MarshalJSON() ([]byte, error) {
	type plain BulkDone // without this method
	out := struct {
		plain
		Contact json.RawMessage `json:"contact,omitempty"`
	}{plain: plain(d)}
	if d.Contact != nil {
		id, err := json.Marshal(d.Contact.ID)
		if err != nil {
			return nil, err
		}
		contact := append(append([]byte(`{"_id":`), id...), ',')
		out.Contact = append(contact, d.Contact.AppendJSON(nil)[1:]...)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(out)
	return buf.Bytes(), err
}

// bulk answers a call that judged each of its items on its own. Done makes the
// record of an item that was done, and ids, when not nil, has the ids that were
// asked for. Err is why the call could not go on, if so: where nothing was done
// it is the answer.
func (c *call) bulk(results []contacts.Result, ids []string, err error, done func(i int, contact contacts.Contact) BulkDone) error {
	if err != nil && !slices.ContainsFunc(results, func(r contacts.Result) bool { return r.Err == nil }) {
		return err
	}
	b := Bulk{TotalRequested: len(results), SuccessfulRecords: []BulkDone{}, FailedRecords: []BulkFailed{}}
	var ended []Problem // of the rows that the call did not come to
	for i, r := range results {
		if r.Err == nil {
			b.SuccessfulRecords = append(b.SuccessfulRecords, done(i, r.Contact))
			continue
		}
		failed := BulkFailed{Index: i}
		switch {
		case err == nil || !errors.Is(r.Err, err):
			failed.Errors = c.explain(c.r, alone{r.Err}).Problems
		case ended == nil:
			ended = c.explain(c.r, err).Problems // logged once
			fallthrough
		default:
			failed.Errors = ended
		}
		if ids != nil {
			failed.ID = ids[i]
		}
		b.FailedRecords = append(b.FailedRecords, failed)
	}
	b.Successful, b.Failed = len(b.SuccessfulRecords), len(b.FailedRecords)
	return c.json(http.StatusOK, b)
}

// createEach adds each contact that can be added.
func (c *call) createEach(list []contacts.Contact) error {
	results, err := c.book.CreateEach(c.ctx(), list)
	return c.bulk(results, nil, err, func(i int, contact contacts.Contact) BulkDone {
		one := c.created([]contacts.Contact{contact})
		return BulkDone{ID: contact.ID, Index: &i, Contact: &one[0]}
	})
}

// bulkUpdate changes each contact that can be changed; fields that are not sent
// stay.
func (c *call) bulkUpdate() error {
	if err := c.noIfMatch(); err != nil {
		return err
	}
	rows, err := c.readRows()
	if err != nil {
		return err
	}
	ids, wrong := make([]string, len(rows)), make([]error, len(rows))
	for i, row := range rows {
		ids[i], wrong[i] = givenID(row)
	}
	results, err := c.book.EditEach(c.ctx(), ids, func(i int, contact *contacts.Contact) error {
		return c.given(rows[i], contact)
	})
	for i := range results {
		if wrong[i] != nil {
			results[i].Err = wrong[i]
		}
	}
	return c.bulk(results, ids, err, func(i int, contact contacts.Contact) BulkDone {
		contact = c.shown(contact)
		return BulkDone{ID: contact.ID, Contact: &contact}
	})
}

// bulkDelete makes each contact inactive.
func (c *call) bulkDelete() error {
	if err := c.noIfMatch(); err != nil {
		return err
	}
	ids, err := c.readIDs()
	if err != nil {
		return err
	}
	results, err := c.book.DeleteEach(c.ctx(), ids)
	return c.bulk(results, ids, err, func(i int, contact contacts.Contact) BulkDone {
		return BulkDone{ID: contact.ID}
	})
}

// readIDs reads a body {"ids":[..]}.
func (c *call) readIDs() ([]string, error) {
	var body json.RawMessage
	if err := c.readJSON(&body); err != nil {
		return nil, err
	}
	if kind(body) != '{' {
		return nil, problem(reasonType, "", `the body must be an object: {"ids":[..]}`)
	}
	var keys map[string]json.RawMessage // whose keys, other than those of a struct, are in this case only
	if err := decodeJSON(body, &keys); err != nil {
		return nil, err
	}
	switch list, ok := keys["ids"]; {
	case !ok:
		return nil, problem(Reason(contacts.ReasonMissing), "ids", "ids is missing: give the ids of the contacts")
	case kind(list) != '[':
		return nil, problem(ReasonNotArray, "ids", "ids must be an array")
	}
	var items []json.RawMessage
	if err := decodeJSON(keys["ids"], &items); err != nil {
		return nil, err
	}
	if err := c.checkRows(len(items)); err != nil {
		return nil, err
	}
	ids := make([]string, len(items))
	var wrong Error
	for i, item := range items {
		if kind(item) != '"' {
			wrong.Problems = append(wrong.Problems, Problem{Msg: "an id must be a string", Reason: reasonType, Field: "ids", Index: &i})
		} else if err := decodeJSON(item, &ids[i]); err != nil {
			return nil, err
		}
	}
	if wrong.Problems != nil {
		return nil, &wrong
	}
	return ids, nil
}
