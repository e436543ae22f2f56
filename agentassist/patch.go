package agentassist

import (
	"encoding/json"

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
	var all map[string]json.RawMessage
	if err := json.Unmarshal(row, &all); err != nil {
		return err
	}
	keys := pick(all, apiKeys)
	if h.opt.Extended {
		for key, value := range pick(all, extendedKeys) {
			keys[key] = value
		}
	}
	if cell, ok := keys["cellPhone"]; ok && kind(cell) == '{' {
		var phone map[string]json.RawMessage
		if err := json.Unmarshal(cell, &phone); err != nil {
			return err
		}
		cell, err := json.Marshal(pick(phone, phoneKeys))
		if err != nil {
			return err
		}
		keys["cellPhone"] = cell
	}
	row, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	return to.UnmarshalJSON(row)
}

// pick returns those of the keys that are there.
func pick(all map[string]json.RawMessage, keys []string) map[string]json.RawMessage {
	some := make(map[string]json.RawMessage, len(keys))
	for _, key := range keys {
		if value, ok := all[key]; ok {
			some[key] = value
		}
	}
	return some
}

// givenID returns the id in a contact that a request gives, "" where it has
// none.
func givenID(row json.RawMessage) (string, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(row, &all); err != nil {
		return "", err
	}
	var id string
	if raw, ok := all["id"]; ok {
		if err := json.Unmarshal(raw, &id); err != nil {
			return "", err
		}
	}
	return id, nil
}
