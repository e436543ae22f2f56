package agentassist

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/callerbook/contacts"
)

// MarshalJSON writes d as the hosted service does, with "_id" in front of the
// contact's own keys.
func (d BulkDone) MarshalJSON() ([]byte, error) {
	id, err := json.Marshal(d.ID)
	if err != nil {
		return nil, err
	}
	b := append([]byte(`{"id":`), id...)
	if d.Index != nil {
		b = strconv.AppendInt(append(b, `,"index":`...), int64(*d.Index), 10)
	}
	if d.Contact != nil {
		if id, err = json.Marshal(d.Contact.ID); err != nil {
			return nil, err
		}
		contact := d.Contact.AppendJSON(nil)
		b = append(append(append(b, `,"contact":{"_id":`...), id...), ',')
		b = append(b, contact[1:]...)
	}
	return append(b, '}'), nil
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
	room := room{left: c.opt.maxAnswer(), has: make([]bool, len(rows))}
	results, err := c.book.EditEach(c.ctx(), ids, func(i int, contact *contacts.Contact) error {
		if err := c.given(rows[i], contact); err != nil {
			return err
		}
		return room.take(i, contact)
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
	results := make([]contacts.Result, 0, len(ids))
	for part := range slices.Chunk(ids, deletedAtOnce) {
		var done []contacts.Result
		if done, err = c.book.DeleteEach(c.ctx(), part); len(done) == 0 {
			break
		}
		for _, r := range done {
			results = append(results, contacts.Result{Err: r.Err}) // not the contact: it may be large
		}
		if err != nil {
			break
		}
	}
	for len(results) < len(ids) {
		results = append(results, contacts.Result{Err: err})
	}
	return c.bulk(results, ids, err, func(i int, _ contacts.Contact) BulkDone { return BulkDone{ID: ids[i]} })
}

// deletedAtOnce is how many contacts a deletion of many has in memory.
const deletedAtOnce = 500

// minAnswer and rowAnswer bound the contacts in an answer about many, in bytes
// of JSON: the rows that ask for them may be a thousand times as short.
const (
	minAnswer = 64 << 20
	rowAnswer = 4 << 10 // for each row that a call may have
)

func (o *Options) maxAnswer() int { return max(minAnswer, rowAnswer*o.MaxRows) }

// room is what is left of an answer.
type room struct {
	left int
	has  []bool // by row, whether it has its part
	buf  []byte
}

// take takes the room for the contact of a row, or returns why there is none.
func (m *room) take(row int, contact *contacts.Contact) error {
	if m.has[row] {
		return nil
	}
	m.buf = contact.AppendJSON(m.buf[:0])
	if len(m.buf) > m.left {
		return problem(ReasonTooLarge, "", "the answer would be too long: send this row in another call")
	}
	m.left -= len(m.buf)
	m.has[row] = true
	return nil
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
