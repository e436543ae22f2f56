package mapstore

import (
	"slices"
	"time"

	"github.com/callerbook/contacts"
)

// finished returns a copy of c in the form in which equal contacts are equal
// to reflect.DeepEqual: empty slices and maps are nil, times are UTC, and what
// the Book derives is derived or gone.
func finished(c contacts.Contact) contacts.Contact {
	c = c.Clone()
	c.Phones, c.Emails, c.Tags = orNil(c.Phones), orNil(c.Emails), orNil(c.Tags)
	c.Address, c.Twitter = orNil(c.Address), orNil(c.Twitter)
	c.MergedFrom = orNil(c.MergedFrom)
	for i := range c.MergedFrom {
		o := &c.MergedFrom[i]
		o.At = utc(o.At)
		o.Numbers, o.Emails, o.Tags = orNil(o.Numbers), orNil(o.Emails), orNil(o.Tags)
		o.Claimed, o.Fields = orNil(o.Claimed), orNil(o.Fields)
	}
	if len(c.Custom) == 0 {
		c.Custom = nil
	}
	c.CreatedAt, c.UpdatedAt, c.DeletedAt = utc(c.CreatedAt), utc(c.UpdatedAt), utc(c.DeletedAt)
	c.FullName = contacts.FullName(c.FirstName, c.LastName)
	c.AccountID, c.StreamID, c.OrgID = "", "", ""
	return c
}

func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func utc(t time.Time) time.Time { return t.UTC().Round(0) }

func cloneSlice[T any](s []T) []T { return orNil(slices.Clone(s)) }

func cloneKeys(k contacts.Keys) contacts.Keys {
	return contacts.Keys{
		Claims: cloneSlice(k.Claims),
		Shared: cloneSlice(k.Shared),
		Words:  cloneSlice(k.Words),
		Sort:   k.Sort,
	}
}

func equalKeys(a, b contacts.Keys) bool {
	return slices.Equal(a.Claims, b.Claims) && slices.Equal(a.Shared, b.Shared) && slices.Equal(a.Words, b.Words) && a.Sort == b.Sort
}

func cloneWrites(ws []contacts.Write) []contacts.Write {
	ws = cloneSlice(ws)
	for i := range ws {
		ws[i].Contact = finished(ws[i].Contact)
		ws[i].Keys = cloneKeys(ws[i].Keys)
	}
	return ws
}

func cloneEvent(e contacts.Event) contacts.Event {
	e.Contact = e.Contact.Clone()
	e.Lines = cloneSlice(e.Lines)
	return e
}

func cloneApplied(a contacts.Applied) contacts.Applied {
	a.Revisions = cloneSlice(a.Revisions)
	a.IDs = cloneSlice(a.IDs)
	a.Kept = cloneSlice(a.Kept)
	a.Refused = cloneSlice(a.Refused)
	return a
}
