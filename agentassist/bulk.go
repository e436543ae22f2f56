package agentassist

import (
	"bytes"
	"encoding/json"
	"net/http"

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

// bulk answers a call that judged each of its items on its own. done makes the
// record of an item that was done, and ids, when not nil, has the ids that were
// asked for. err is why the call could not go on, if so: where nothing was done
// it is the answer.
func (c *call) bulk(results []contacts.Result, ids []string, err error, done func(i int, contact contacts.Contact) BulkDone) error {
	b := Bulk{TotalRequested: len(results), SuccessfulRecords: []BulkDone{}, FailedRecords: []BulkFailed{}}
	for i, r := range results {
		if r.Err == nil {
			b.SuccessfulRecords = append(b.SuccessfulRecords, done(i, r.Contact))
			continue
		}
		failed := BulkFailed{Index: i, Errors: c.explain(c.r, alone{r.Err}).Problems}
		if ids != nil {
			failed.ID = ids[i]
		}
		b.FailedRecords = append(b.FailedRecords, failed)
	}
	b.Successful, b.Failed = len(b.SuccessfulRecords), len(b.FailedRecords)
	if err != nil && b.Successful == 0 {
		return err
	}
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

// errNoID is of an item that does not say which contact it is about.
func errNoID() error {
	return problem(Reason(contacts.ReasonMissing), "id", "id is missing: give that of the contact")
}

func (c *call) bulkUpdate() error { return nil }
func (c *call) bulkDelete() error { return nil }
func (c *call) importFile() error { return nil }
