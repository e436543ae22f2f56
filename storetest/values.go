package storetest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var (
	home  = contacts.Scope{Account: "acme", Stream: "support"}
	index = contacts.IndexVersion{Generation: 3, Fingerprint: 0xfedcba9876543210}
	day   = time.Date(2023, 1, 18, 10, 21, 5, 318e6, time.UTC)

	anyStatus = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}
)

// person returns a Put that creates an active contact with finished Keys.
func person(id, name string, claims ...phone.Line) contacts.Write {
	first, last, _ := strings.Cut(name, " ")
	c := contacts.Contact{
		ID: id, Status: contacts.Active,
		FirstName: first, LastName: last, FullName: name,
		CreatedAt: day, UpdatedAt: day,
	}
	for i, line := range claims {
		p := contacts.Phone{Number: number(line), CountryCode: "+49"}
		if i == 0 {
			c.CellPhone = p
		} else {
			c.Phones = append(c.Phones, p)
		}
	}
	return contacts.Write{Contact: c, Keys: contacts.Keys{
		Claims: slices.Clone(claims),
		Words:  words(name),
		Sort:   strings.ToLower(name),
	}}
}

// number is a line as it may be written in a contact.
func number(line phone.Line) string { return fmt.Sprintf("+%d", uint64(line)) }

// words folds a text as a Book might.
func words(text string) []contacts.Word {
	var ws []contacts.Word
	for _, w := range strings.Fields(strings.ToLower(text)) {
		ws = append(ws, contacts.Word{Text: w, Fields: contacts.InName})
	}
	slices.SortFunc(ws, func(a, b contacts.Word) int { return cmp.Compare(a.Text, b.Text) })
	return slices.Compact(ws)
}

// at makes w a write of a contact that was read at a revision.
func at(revision uint64, w contacts.Write) contacts.Write {
	w.Revision = revision
	return w
}

// inactive makes w leave its contact in another status, which claims nothing.
func inactive(status contacts.Status, w contacts.Write) contacts.Write {
	w.Contact.Status = status
	if status == contacts.Inactive {
		w.Contact.DeletedAt = day.Add(time.Hour)
	}
	w.Keys.Claims = nil
	return w
}

// sharing adds lines that w's contact lists without a claim.
func sharing(w contacts.Write, lines ...phone.Line) contacts.Write {
	for _, line := range lines {
		w.Contact.Phones = append(w.Contact.Phones, contacts.Phone{Number: number(line), Shared: true})
	}
	w.Keys.Shared = append(slices.Clone(w.Keys.Shared), lines...)
	return w
}

// keeping lets w's duplicates in.
func keeping(w contacts.Write) contacts.Write {
	w.KeepDuplicates = true
	return w
}

// noting gives w's contact a text that is in no index.
func noting(w contacts.Write, notes string) contacts.Write {
	w.Contact.Notes = notes
	return w
}

// mergedInto makes w leave its contact merged into another.
func mergedInto(id string, w contacts.Write) contacts.Write {
	w = inactive(contacts.Merged, w)
	w.Contact.MergedInto = id
	return w
}

func purge(revision uint64, id string) contacts.Write {
	return contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: id}, Revision: revision}
}

// purgedAs is a purge of which everything is kept that Purge keeps.
func purgedAs(p contacts.PurgedError, revision uint64) contacts.Write {
	w := purge(revision, p.ID)
	w.Contact.UpdatedAt, w.Contact.MergedInto = p.At, p.MergedInto
	w.Contact.UpdatedBy, w.Contact.UpdatedByAID = "u-2", "a-2"
	return w
}

func batch(ws ...contacts.Write) contacts.Batch {
	return contacts.Batch{Index: index, Writes: ws}
}

// plain leaves out what a store need not keep, and what has no order of the
// order.
func plain(v any) any {
	switch v := v.(type) {
	case contacts.Contact:
		v.CreatedAt, v.UpdatedAt, v.DeletedAt = v.CreatedAt.UTC(), v.UpdatedAt.UTC(), v.DeletedAt.UTC()
		v.OrgID, v.AccountID, v.StreamID = "", "", ""
		return v
	case contacts.Origin:
		v.At = v.At.UTC()
		return v
	case contacts.PurgedError:
		v.At = v.At.UTC()
		return v
	case contacts.Event:
		v.Lines = slices.Compact(slices.Sorted(slices.Values(v.Lines)))
		v.Epoch = ""
		return v
	case contacts.Stat:
		if v.UniqueBy == contacts.UniqueByDefault && v.Epoch != "" {
			v.UniqueBy = contacts.UniqueByStream
		}
		return v
	}
	return v
}

// difference tells in words how got differs from want, "" where it does not.
func difference(got, want any) string {
	g, w := reflect.ValueOf(plain(got)), reflect.ValueOf(plain(want))
	switch {
	case g.Type() != w.Type():
		return fmt.Sprintf("got %v, want %v", got, want)
	case g.Kind() == reflect.Slice:
		for i := range min(g.Len(), w.Len()) {
			if d := difference(g.Index(i).Interface(), w.Index(i).Interface()); d != "" {
				return fmt.Sprintf("item %d of %d: %s", i, g.Len(), d)
			}
		}
		if g.Len() != w.Len() {
			return fmt.Sprintf("got %d items %s, want %d: %s", g.Len(), short(got), w.Len(), short(want))
		}
		return ""
	case g.Kind() == reflect.Struct && g.Type() != reflect.TypeFor[time.Time]():
		var out []string
		for i := range g.NumField() {
			f := g.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if d := difference(g.Field(i).Interface(), w.Field(i).Interface()); d != "" {
				out = append(out, f.Name+": "+d)
			}
		}
		return strings.Join(out, "; ")
	case g.Kind() == reflect.Map && g.Len() == 0 && w.Len() == 0,
		reflect.DeepEqual(g.Interface(), w.Interface()):
		return ""
	}
	return fmt.Sprintf("got %s, want %s", short(g.Interface()), short(w.Interface()))
}

// short prints v in at most a few lines.
func short(v any) string {
	s := fmt.Sprintf("%+v", v)
	if _, ok := v.(string); ok {
		s = fmt.Sprintf("%q", v)
	}
	if len(s) > 600 {
		s = s[:600] + ".."
	}
	return s
}

// ids returns the ids of hits.
func ids(hits []contacts.Hit) []string {
	out := []string{}
	for _, h := range hits {
		out = append(out, h.Contact.ID)
	}
	return out
}
