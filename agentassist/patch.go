package agentassist

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/callerbook/contacts"
)

// apiKeys are what a request may set of a contact, and extendedKeys what it may
// set with Extended. Other keys are passed over.
var (
	apiKeys      = []string{"firstName", "lastName", "salutation", "cellPhone", "address", "twitterDetails"}
	extendedKeys = []string{"phones", "emails", "organization", "title", "notes", "tags", "custom", "clientRef"}
	phoneKeys    = []string{"phoneNumber", "countryCode", "extension"}
)

// given puts what a request gives of a contact, an object, into the contact.
// Fields that are not given stay.
func (h *Handler) given(row json.RawMessage, to *contacts.Contact) error {
	keys, err := pick(row, apiKeys)
	if err != nil {
		return err
	}
	if h.opt.Extended {
		more, err := pick(row, extendedKeys)
		if err != nil {
			return err
		}
		maps.Copy(keys, more)
	}
	if cell := keys["cellPhone"]; kind(cell) == '{' {
		parts, err := pick(cell, phoneKeys)
		if err != nil {
			return err
		}
		national(parts, &to.CellPhone)
		if keys["cellPhone"], err = json.Marshal(parts); err != nil {
			return err
		}
	}
	row, err = json.Marshal(keys)
	if err != nil {
		return err
	}
	return to.UnmarshalJSON(row)
}

// national prepares a number for another country code: if no number is given
// beside it, the digits that stay are the national ones.
func national(parts map[string]json.RawMessage, to *contacts.Phone) {
	var code string
	if json.Unmarshal(parts["countryCode"], &code) == nil && code != to.CountryCode {
		to.Number = strings.TrimPrefix(to.Number, to.CountryCode)
	}
}

// pick returns those of the keys that an object has.
func pick(object json.RawMessage, keys []string) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := decodeJSON(object, &all); err != nil {
		return nil, err
	}
	some := make(map[string]json.RawMessage, len(keys))
	for _, key := range keys {
		if value, ok := all[key]; ok {
			some[key] = value
		}
	}
	return some, nil
}

// givenID returns the id in a contact that a request gives.
func givenID(row json.RawMessage) (string, error) {
	keys, err := pick(row, []string{"id"})
	if err != nil {
		return "", err
	}
	raw, ok := keys["id"]
	if !ok {
		return "", problem(Reason(contacts.ReasonMissing), "id", "id is missing: give that of the contact")
	}
	var id string
	if kind(raw) != '"' {
		return "", problem(reasonType, "id", "id must be a string")
	}
	err = decodeJSON(raw, &id)
	return id, err
}
