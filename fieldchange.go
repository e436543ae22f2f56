package contacts

import "encoding/json"

// FieldChange is a value of a contact that became another.
//
// Field is its path by JSON keys. What stands in a list is named by what it
// is, not by its place, so that a path means the same before and after:
//
//	firstName, notes, clientRef, address, ...       Old and New as they are; of address and twitterDetails JSON
//	cellPhone.phoneNumber, cellPhone.extension      and label, input, unverified, shared of a phone
//	phones[+442079460000].phoneNumber               added: Old is ""; removed: New is ""
//	phones[+442079460000].label                     of a phone that is there before or after
//	emails[jo@example.org].address, ....label       likewise
//	tags[vip]                                       added or removed
//	custom.KEY
//	phones, emails, tags                            the order of what stayed: JSON lists of what the brackets have
//
// A flag is "true" or "". The country code of a phone goes with its number and
// has no path of its own. The values are clear: do not log them.
type FieldChange struct {
	Field    string
	Old, New string // "" where there is none
}

// fieldChanges compares what is given of two states of a contact.
func fieldChanges(was, now *Contact) []FieldChange {
	var d differ
	d.text("firstName", was.FirstName, now.FirstName)
	d.text("lastName", was.LastName, now.LastName)
	d.text("salutation", was.Salutation, now.Salutation)
	d.phone("cellPhone", &was.CellPhone, &now.CellPhone)
	d.text("address", rawText(was.Address), rawText(now.Address))
	d.text("twitterDetails", rawText(was.Twitter), rawText(now.Twitter))
	listChanges(&d, "phones", was.Phones, now.Phones, func(p *Phone) string { return p.Number }, d.phone)
	listChanges(&d, "emails", was.Emails, now.Emails, func(e *Email) string { return e.Address }, d.email)
	d.text("organization", was.Organization, now.Organization)
	d.text("title", was.Title, now.Title)
	d.text("notes", was.Notes, now.Notes)
	listChanges(&d, "tags", was.Tags, now.Tags, func(t *string) string { return *t },
		func(field string, was, now *string) { d.text(field, *was, *now) })
	for _, k := range sortedKeys(was.Custom) {
		d.text("custom."+k, was.Custom[k], now.Custom[k])
	}
	for _, k := range sortedKeys(now.Custom) {
		if _, there := was.Custom[k]; !there {
			d.text("custom."+k, "", now.Custom[k])
		}
	}
	d.text("clientRef", was.ClientRef, now.ClientRef)
	return d.list
}

// differ collects changes.
type differ struct{ list []FieldChange }

func (d *differ) text(field, was, now string) {
	if was != now {
		d.list = append(d.list, FieldChange{field, was, now})
	}
}

func (d *differ) flag(field string, was, now bool) {
	d.text(field, flagText(was), flagText(now))
}

func flagText(set bool) string {
	if set {
		return "true"
	}
	return ""
}

func (d *differ) phone(field string, was, now *Phone) {
	d.text(field+".phoneNumber", was.Number, now.Number)
	d.text(field+".extension", was.Extension, now.Extension)
	d.text(field+".label", was.Label, now.Label)
	d.text(field+".input", was.Input, now.Input)
	d.flag(field+".unverified", was.Unverified, now.Unverified)
	d.flag(field+".shared", was.Shared, now.Shared)
}

func (d *differ) email(field string, was, now *Email) {
	d.text(field+".address", was.Address, now.Address)
	d.text(field+".label", was.Label, now.Label)
}

// listChanges compares two lists whose items are known by a name: first what
// was removed, then what is there, then the order of what stayed.
func listChanges[T any](d *differ, field string, was, now []T, name func(*T) string, compare func(field string, was, now *T)) {
	none := new(T)
	used := make([]bool, len(was))
	partners := make([]int, len(now)) // of each item of now the one of was, or -1
	last, moved := -1, false
	for i := range now {
		at := -1
		for k := range was {
			if !used[k] && name(&was[k]) == name(&now[i]) {
				at = k
				break
			}
		}
		if partners[i] = at; at >= 0 {
			used[at] = true
			moved = moved || at < last
			last = at
		}
	}
	for i := range was {
		if !used[i] {
			compare(field+"["+name(&was[i])+"]", &was[i], none)
		}
	}
	for i := range now {
		w := none
		if partners[i] >= 0 {
			w = &was[partners[i]]
		}
		compare(field+"["+name(&now[i])+"]", w, &now[i])
	}
	if moved {
		d.text(field, namesJSON(was, name), namesJSON(now, name))
	}
}

func namesJSON[T any](list []T, name func(*T) string) string {
	b := []byte{'['}
	for i := range list {
		b = appendString(appendComma(b), name(&list[i]))
	}
	return string(append(b, ']'))
}

// rawText returns a list of JSON values as text, "" where it is empty.
func rawText(list []json.RawMessage) string {
	if len(list) == 0 {
		return ""
	}
	return string(appendRaw(nil, list))
}
