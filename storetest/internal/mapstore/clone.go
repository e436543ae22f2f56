package mapstore

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/callerbook/contacts"
)

// Clone returns a copy of c that shares nothing with it, in the form in which
// equal contacts are equal to reflect.DeepEqual: empty slices and maps are
// nil, times are UTC.
func Clone(c contacts.Contact) contacts.Contact {
	c.Phones = cloneSlice(c.Phones)
	c.Emails = cloneSlice(c.Emails)
	c.Tags = cloneSlice(c.Tags)
	c.Address = cloneRaw(c.Address)
	c.Twitter = cloneRaw(c.Twitter)
	if c.Custom = maps.Clone(c.Custom); len(c.Custom) == 0 {
		c.Custom = nil
	}
	c.CreatedAt = utc(c.CreatedAt)
	c.UpdatedAt = utc(c.UpdatedAt)
	c.DeletedAt = utc(c.DeletedAt)
	return c
}

func utc(t time.Time) time.Time { return t.UTC().Round(0) }

func cloneSlice[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s)
}

func cloneRaw(s []json.RawMessage) []json.RawMessage {
	s = cloneSlice(s)
	for i := range s {
		s[i] = cloneSlice(s[i])
	}
	return s
}

func cloneKeys(k contacts.Keys) contacts.Keys {
	k.Claims = cloneSlice(k.Claims)
	k.Shared = cloneSlice(k.Shared)
	k.Words = cloneSlice(k.Words)
	return k
}

func cloneWrites(ws []contacts.Write) []contacts.Write {
	ws = cloneSlice(ws)
	for i := range ws {
		ws[i].Contact = Clone(ws[i].Contact)
		ws[i].Keys = cloneKeys(ws[i].Keys)
	}
	return ws
}

func cloneEvent(e contacts.Event) contacts.Event {
	e.Contact = Clone(e.Contact)
	e.Lines = cloneSlice(e.Lines)
	return e
}

func cloneApplied(a contacts.Applied) contacts.Applied {
	a.Revisions = cloneSlice(a.Revisions)
	a.IDs = cloneSlice(a.IDs)
	a.Kept = cloneSlice(a.Kept)
	return a
}
