package agentassist

import (
	"log/slog"

	"github.com/callerbook/contacts"
)

// group makes the value of a LogValue method: keys and values in turn.
func group(args ...any) slog.Value { return slog.Group("", args...).Value }

func idsOf(list []contacts.Contact) []string {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

// masked shows a contact that may not be there.
func masked(c *contacts.Contact) slog.Value {
	if c == nil {
		return slog.StringValue("none")
	}
	return c.LogValue()
}

// LogValue shows the ids of the contacts.
func (p Page) LogValue() slog.Value {
	return group("contacts", idsOf(p.Results), "skip", p.Skip, "limit", p.Limit, "total", p.TotalResults)
}

// LogValue counts the items.
func (b Bulk) LogValue() slog.Value {
	return group("requested", b.TotalRequested, "successful", b.Successful, "failed", b.Failed)
}

// LogValue masks the contact.
func (d BulkDone) LogValue() slog.Value { return group("id", d.ID, "contact", masked(d.Contact)) }

// LogValue masks the contact and the number, and counts the candidates.
func (l Lookup) LogValue() slog.Value {
	var number slog.Value
	if l.Number != nil {
		number = l.Number.LogValue()
	}
	return group("kind", l.Kind, "contact", masked(l.Contact), "candidates", len(l.Candidates), "number", number, "rule", l.Rule, "refusal", l.Refusal)
}

// LogValue masks the number.
func (n LookupNumber) LogValue() slog.Value {
	return group("number", contacts.Phone{Number: n.E164}, "type", n.Type, "valid", n.Valid, "countryGiven", n.CountryGiven)
}

// LogValue counts the hits.
func (p SearchPage) LogValue() slog.Value {
	return group("results", len(p.Results), "hasMore", p.HasMore, "partial", p.Partial)
}

// LogValue masks the contact and says which fields match.
func (h SearchHit) LogValue() slog.Value {
	fields := make([]string, len(h.Highlights))
	for i := range fields {
		fields[i] = h.Highlights[i].Field
	}
	return group("contact", h.Contact, "fields", fields)
}

// LogValue shows kind and field, not the text.
func (h Highlight) LogValue() slog.Value { return group("kind", h.Kind, "field", h.Field) }

// LogValue counts the numbers.
func (p DuplicatesPage) LogValue() slog.Value {
	return group("results", len(p.Results), "hasMore", p.HasMore)
}

// LogValue masks the number and shows the ids of the contacts.
func (n SharedNumber) LogValue() slog.Value {
	return group("number", contacts.Phone{Number: n.Number}, "contacts", idsOf(n.Contacts))
}

// LogValue masks the contact.
func (e Event) LogValue() slog.Value {
	return group("revision", e.Revision, "id", e.ID, "kind", string(e.Kind), "contact", masked(e.Contact))
}
