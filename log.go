package contacts

import (
	"log/slog"
	"strings"
)

// group makes the value of a LogValue method: keys and values in turn.
func group(args ...any) slog.Value { return slog.Group("", args...).Value }

// LogValue masks the contact for log/slog: its id, status and revision in the
// clear, its name as initials, its number as the last four digits.
func (c Contact) LogValue() slog.Value {
	return group("id", c.ID, "status", string(c.Status), "revision", c.Revision, "name", maskName(c.FullName), "number", c.CellPhone)
}

// LogValue shows the last four digits.
func (p Phone) LogValue() slog.Value { return slog.StringValue(maskNumber(p.Number)) }

// LogValue shows the first letter.
func (e Email) LogValue() slog.Value { return slog.StringValue(maskName(e.Address)) }

// LogValue shows how much came from which contact.
func (o Origin) LogValue() slog.Value {
	return group("id", o.ID, "at", o.At, "numbers", len(o.Numbers), "emails", len(o.Emails), "tags", len(o.Tags), "fields", len(o.Fields))
}

// LogValue names the field.
func (t Taken) LogValue() slog.Value { return slog.StringValue(maskCustom(t.Field)) }

// LogValue masks the contact.
func (e Event) LogValue() slog.Value {
	return group("revision", e.Revision, "id", e.ID, "contact", e.Contact, "purged", e.Purged, "blank", e.Blank)
}

// LogValue masks the contact and the number, and counts the candidates.
func (m Match) LogValue() slog.Value {
	return group("kind", m.Kind.String(), "contact", m.Contact, "candidates", len(m.Candidates), "reading", m.Reading, "rule", m.Rule)
}

// LogValue masks what the error's text masks.
func (r Refusal) LogValue() slog.Value {
	return group("index", r.Index, "number", maskNumber(r.shown()), "holder", r.HolderID, "name", maskName(r.HolderName), "earlier", r.Earlier)
}

// LogValue masks name and number.
func (h Holder) LogValue() slog.Value {
	return group("id", h.ID, "name", maskName(h.Name), "number", maskNumber(h.Number))
}

// LogValue masks the contact.
func (r Result) LogValue() slog.Value { return group("contact", r.Contact, "error", r.Err) }

// LogValue shows the error's text.
func (r Refused) LogValue() slog.Value { return group("index", r.Index, "error", r.Err) }

// LogValue masks the number.
func (d Duplicate) LogValue() slog.Value { return group("number", d.Line, "contacts", ids(d.Contacts)) }

// LogValue masks the contact.
func (u Upserted) LogValue() slog.Value {
	return group("contact", u.Contact, "created", u.Created, "changed", u.Changed)
}

// LogValue masks the contact.
func (u UpsertResult) LogValue() slog.Value {
	return group("contact", u.Contact, "created", u.Created, "changed", u.Changed, "error", u.Err)
}

// LogValue masks the contact and leaves the note out.
func (r ImportRow) LogValue() slog.Value { return group("contact", r.Contact, "error", r.Err) }

// LogValue masks the contact, counts what was kept and leaves the note out.
func (r ImportResult) LogValue() slog.Value {
	return group("index", r.Index, "outcome", r.Outcome.String(), "contact", r.Contact, "error", r.Err, "kept", len(r.Kept))
}

// LogValue masks names and number.
func (c Collision) LogValue() slog.Value {
	return group("id", c.ID, "name", maskName(c.Name), "number", maskNumber(c.Number), "holder", c.HolderID, "holderName", maskName(c.HolderName))
}

// LogValue masks the contact and counts the fields.
func (c Change) LogValue() slog.Value {
	return group("revision", c.Revision, "at", c.At, "kind", c.Kind.String(), "fields", len(c.Fields), "contact", c.Contact)
}

// LogValue names the field.
func (f FieldChange) LogValue() slog.Value { return slog.StringValue(maskCustom(f.Field)) }

// LogValue masks contact and number.
func (t Tenure) LogValue() slog.Value {
	return group("contact", t.Contact, "number", maskNumber(t.Number), "shared", t.Shared, "from", t.From, "to", t.To)
}

// LogValue masks the survivor.
func (p MergePreview) LogValue() slog.Value { return group("contact", p.Contact) }

// LogValue masks the survivor and counts what did not come back.
func (u Unmerged) LogValue() slog.Value {
	return group("survivor", u.Survivor, "contacts", ids(u.Contacts), "lost", len(u.Lost))
}

// LogValue masks the contact.
func (r Resolved) LogValue() slog.Value { return group("id", r.ID, "contact", r.Contact, "via", r.Via) }

// LogValue counts the collisions.
func (r Reindexed) LogValue() slog.Value {
	return group("contacts", r.Contacts, "collisions", len(r.Collisions))
}

// LogValue counts the numbers that were kept.
func (c CopiedScope) LogValue() slog.Value {
	return group("scope", c.Scope, "counts", c.Counts, "history", c.History, "last", c.Last, "skipped", c.Skipped, "kept", len(c.Kept))
}

// LogValue counts the scopes.
func (c Copied) LogValue() slog.Value { return group("scopes", len(c.Scopes)) }

// LogValue counts the contacts.
func (l List) LogValue() slog.Value { return group("contacts", len(l.Contacts), "more", l.Next != "") }

// LogValue counts the hits.
func (r Results) LogValue() slog.Value {
	return group("hits", len(r.Hits), "more", r.Next != "", "partial", r.Partial)
}

// LogValue masks the contact.
func (f Found) LogValue() slog.Value {
	return group("contact", f.Contact, "highlights", len(f.Highlights))
}

// LogValue tells where the text stands.
func (h Highlight) LogValue() slog.Value {
	return group("kind", h.Kind.String(), "field", maskCustom(h.Field), "start", h.Start, "end", h.End)
}

// LogValue says what kind of query it is, without what it looks for.
func (q Query) LogValue() slog.Value {
	return group("order", q.Order, "reverse", q.Reverse, "status", q.Status, "lines", len(q.Lines), "words", len(q.Words),
		"prefixes", len(q.Prefixes), "suffix", q.Suffix != "", "duplicates", q.Duplicates, "cursor", q.Cursor != "", "limit", q.Limit)
}

// LogValue says how the term matches, without its text.
func (t Term) LogValue() slog.Value {
	return group("whole", t.Whole, "fields", t.Fields, "typo", t.Typo, "sets", len(t.Sets))
}

// LogValue hides the word.
func (w Word) LogValue() slog.Value { return group("fields", w.Fields) }

// LogValue masks the line.
func (q HistoryQuery) LogValue() slog.Value {
	return group("id", q.ID, "line", q.Line, "after", q.After, "before", q.Before, "reverse", q.Reverse, "limit", q.Limit)
}

// LogValue counts the hits.
func (p Page) LogValue() slog.Value {
	return group("hits", len(p.Hits), "more", p.Next != "", "partial", p.Partial, "work", p.Work)
}

// LogValue masks contact and line.
func (h Hit) LogValue() slog.Value {
	return group("contact", h.Contact, "line", h.Line, "shared", h.Shared)
}

// LogValue counts the writes.
func (b Batch) LogValue() slog.Value {
	return group("writes", len(b.Writes), "each", b.Each, "once", b.Op != "", "index", b.Index, "phase", b.Phase)
}

// LogValue masks the contact.
func (w Write) LogValue() slog.Value {
	return group("kind", w.Kind, "contact", w.Contact, "at", w.Revision, "keys", w.Keys)
}

// LogValue counts the keys.
func (k Keys) LogValue() slog.Value {
	return group("claims", len(k.Claims), "shared", len(k.Shared), "words", len(k.Words))
}

// LogValue counts what was applied, kept and refused.
func (a Applied) LogValue() slog.Value {
	return group("writes", len(a.Revisions), "kept", len(a.Kept), "refused", len(a.Refused), "repeated", a.Repeated, "last", a.Last)
}

// LogValue masks the contact.
func (r LoadRecord) LogValue() slog.Value {
	return group("contact", r.Contact, "created", r.Created, "past", len(r.Past), "purged", r.Purged)
}

func ids(list []Contact) string {
	var s []string
	for _, c := range list {
		s = append(s, c.ID)
	}
	return strings.Join(s, " ")
}
