package agentassist

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// rowKind says what the rows of a body are.
type rowKind bool

const (
	newRow     rowKind = false // without id
	changedRow rowKind = true  // with id
)

// rowsBody is the body of a call with many contacts.
func rowsBody(list []contacts.Contact, kind rowKind) []byte {
	b := []byte{'['}
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRow(b, &list[i], kind)
	}
	return append(b, ']')
}

// serverKeys are what the book sets.
var serverKeys = []string{"status", "createdBy", "orgId", "accountId", "instanceBotId", "fullName", "createdAt", "updatedAt",
	"updatedBy", "createdByAId", "updatedByAId", "deletedAt", "mergedInto", "mergedFrom"}

// appendRow appends a contact as the body of a request: what a caller may give,
// and only what is not empty.
func appendRow(b []byte, c *contacts.Contact, kind rowKind) []byte {
	var keys map[string]json.RawMessage
	json.Unmarshal(c.AppendJSON(nil), &keys) // what it wrote it reads
	for _, k := range serverKeys {
		delete(keys, k)
	}
	if kind == newRow {
		delete(keys, "id")
	}
	for k, raw := range keys {
		if s := string(raw); s == `""` || s == `[]` {
			delete(keys, k)
		}
	}
	var phone map[string]json.RawMessage
	json.Unmarshal(keys["cellPhone"], &phone)
	delete(phone, "unverified") // the server's to say
	delete(phone, "input")
	for k, raw := range phone {
		if string(raw) == `""` {
			delete(phone, k)
		}
	}
	delete(keys, "cellPhone")
	if len(phone) > 0 {
		keys["cellPhone"], _ = encode(phone)
	}
	row, err := encode(keys)
	if err != nil { // an address that is no JSON: the server says so
		row = []byte("{}")
	}
	return append(b, row...)
}

// bulkBody is a Bulk whose records may have any form.
type bulkBody struct {
	TotalRequested    int               `json:"totalRequested"`
	Successful        int               `json:"successful"`
	Failed            int               `json:"failed"`
	SuccessfulRecords []json.RawMessage `json:"successfulRecords"`
	FailedRecords     []json.RawMessage `json:"failedRecords"`
}

// bulk makes a call that judges each item on its own. Ids says which contact an
// item is about, where the call says so.
func (c *Client) bulk(ctx context.Context, r request, ids func(int) string) (Bulk, error) {
	var body bulkBody
	if _, err := c.do(ctx, r, &body); err != nil {
		return Bulk{}, err
	}
	out := Bulk{TotalRequested: body.TotalRequested, Successful: body.Successful, Failed: body.Failed,
		SuccessfulRecords: []BulkDone{}, FailedRecords: []BulkFailed{}}
	for _, raw := range body.SuccessfulRecords {
		out.SuccessfulRecords = append(out.SuccessfulRecords, doneOf(raw))
	}
	for _, raw := range body.FailedRecords {
		out.FailedRecords = append(out.FailedRecords, failedOf(raw, ids, body.TotalRequested))
	}
	return out, nil
}

// doneOf reads an item that was done: of the API's form, or an id alone.
func doneOf(raw json.RawMessage) BulkDone {
	var d BulkDone
	if json.Unmarshal(raw, &d.ID) == nil {
		return d
	}
	json.Unmarshal(raw, &d)
	if d.ID == "" {
		d.ID = idOf(raw)
	}
	if d.Contact != nil && d.Contact.ID == "" {
		d.Contact.ID = d.ID
	}
	return d
}

func idOf(raw json.RawMessage) string {
	var keys struct {
		ID    string `json:"id"`
		Under string `json:"_id"`
	}
	json.Unmarshal(raw, &keys)
	if keys.ID == "" {
		return keys.Under
	}
	return keys.ID
}

// failedOf reads an item that was refused, whatever its form. One that does not
// say which item of the call it was is found by its id; Index is -1 where it
// has none.
func failedOf(raw json.RawMessage, ids func(int) string, n int) BulkFailed {
	var keys map[string]json.RawMessage
	f := BulkFailed{ID: idOf(raw), Index: -1}
	if json.Unmarshal(raw, &f.ID) == nil {
		raw = nil
	}
	json.Unmarshal(raw, &keys)
	if at := looseIndex(keys["index"]); at != nil {
		f.Index = *at
	} else if ids != nil && f.ID != "" {
		for i := range n {
			if ids(i) == f.ID {
				f.Index = i
				break
			}
		}
	}
	f.Errors = readProblems(raw)
	for i := range f.Errors {
		f.Errors[i].Msg = tame(f.Errors[i].Msg)
	}
	return f
}

// rowsOfCSV reads what an import asks for, as far as it takes to find it again;
// nil where the file is not as it should be.
func rowsOfCSV(file []byte) []contacts.Contact {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(file), "\ufeff")))
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		return nil
	}
	column := func(name string) int {
		return slices.IndexFunc(rows[0], func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) })
	}
	first, last := column("firstName"), column("lastName")
	number, code := column("cellPhoneNumber"), column("cellPhoneCountryCode")
	if first < 0 || last < 0 || number < 0 || code < 0 {
		return nil
	}
	var list []contacts.Contact
	for _, row := range rows[1:] {
		list = append(list, contacts.Contact{FirstName: row[first], LastName: row[last],
			CellPhone: contacts.Phone{Number: strings.TrimSpace(row[number]), CountryCode: strings.TrimSpace(row[code])}})
	}
	return list
}
