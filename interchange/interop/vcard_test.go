package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-vcard"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
	"github.com/callerbook/contacts/memstore"
)

// texts are in many scripts, and have what has to be escaped or folded. Not
// in them is a semicolon in a part of N or of ORG, and a comma in a tag: go-vcard
// cuts there whatever stands before it.
var texts = []string{
	"Jane", "Müller", "O'Neil", "देवनागरी नाम", "عربى", "山田太郎", "👩‍👩‍👧 family", "e\u0301", `back\slash \n`, `"quoted"`, "a, b, c", "caret ^n ^'", " blanks ", "=3D", "colon: x",
	strings.Repeat("Donaudampfschifffahrtsgesellschaft ", 5), strings.Repeat("漢字", 40),
}

func all(list []contacts.Contact) iter.Seq2[contacts.Contact, error] {
	return func(yield func(contacts.Contact, error) bool) {
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// people returns a contact for each text, with all that a program knows of vCard.
func people() []contacts.Contact {
	var list []contacts.Contact
	for i := range texts {
		text := func(k int) string { return texts[(i+k)%len(texts)] }
		list = append(list, contacts.Contact{
			FirstName: text(0), LastName: text(1), Salutation: "Dr.",
			CellPhone: contacts.Phone{Number: fmt.Sprintf("+91987654%04d", i), CountryCode: "+91", Input: "0 98765; " + text(2)},
			Phones: []contacts.Phone{
				{Number: fmt.Sprintf("+4930%06d", i), CountryCode: "+49", Label: "work"},
				{Number: fmt.Sprintf("+4931%06d", i), CountryCode: "+49", Label: text(3), Shared: true},
			},
			Emails:       []contacts.Email{{Address: fmt.Sprintf("a%d@example.org", i), Label: "home"}, {Address: "b@example.org", Label: text(4)}},
			Organization: text(5), Title: text(6) + "; " + text(7), Notes: text(8) + "\n" + text(9) + ";\n", Tags: []string{"one", strings.ReplaceAll(text(10), ",", ".")},
			ClientRef: "urn:uuid:" + fmt.Sprint(i),
			Custom:    map[string]string{"department": "R & D", "middlename": "Q.", "own key; x": "value;\n", "adr.home": ";;Street 1;Town;;1234;DE", "url": "https://example.org/?a;b"},
		})
	}
	return list
}

// TestOthersReadOurCards: go-vcard finds in our files all that it knows.
func TestOthersReadOurCards(t *testing.T) {
	list := people()
	for _, format := range []interchange.Format{interchange.FormatVCard, interchange.FormatVCard3} {
		var b bytes.Buffer
		if _, err := interchange.Write(&b, format, all(list)); err != nil {
			t.Fatal(err)
		}
		d := vcard.NewDecoder(&b)
		for i, c := range list {
			card, err := d.Decode()
			if err != nil {
				t.Fatalf("%v, card %d: %v", format, i, err)
			}
			same := func(what string, got, want any) {
				if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
					t.Errorf("%v, card %d: %s is %q, want %q", format, i, what, got, want)
				}
			}
			n := card.Name()
			same("first name", n.GivenName, c.FirstName)
			same("last name", n.FamilyName, c.LastName)
			same("middle name", n.AdditionalName, "Q.")
			same("salutation", n.HonorificPrefix, c.Salutation)
			same("full name", card.Value(vcard.FieldFormattedName), contacts.FullName(c.FirstName, c.LastName))
			same("numbers", card.Values(vcard.FieldTelephone), []string{c.CellPhone.Number, c.Phones[0].Number, c.Phones[1].Number})
			same("types", [][]string{card["TEL"][0].Params.Types(), card["TEL"][1].Params.Types(), card["TEL"][2].Params.Types()}, [][]string{{"cell"}, {"work"}, nil})
			same("e-mail", card.Values(vcard.FieldEmail), []string{c.Emails[0].Address, c.Emails[1].Address})
			same("organization", card.Value(vcard.FieldOrganization), c.Organization+";R & D")
			same("title", card.Value(vcard.FieldTitle), c.Title)
			same("note", card.Value(vcard.FieldNote), c.Notes)
			same("categories", card.Categories(), c.Tags)
			same("UID", card.Value(vcard.FieldUID), c.ClientRef)
			same("street", card.Address().StreetAddress, "Street 1")
			same("URL", card.Value(vcard.FieldURL), "https://example.org/?a;b")
			labels := map[string]string{}
			for _, f := range card["X-ABLABEL"] {
				labels[f.Group] = f.Value
			}
			same("label of a number", labels[card["TEL"][2].Group], c.Phones[1].Label)
			same("label of an address", labels[card["EMAIL"][1].Group], c.Emails[1].Label)
		}
		if _, err := d.Decode(); err != io.EOF {
			t.Errorf("%v: behind the last card: %v", format, err)
		}
	}
}

// TestWeReadOthersCards: what go-vcard writes comes in.
func TestWeReadOthersCards(t *testing.T) {
	var b bytes.Buffer
	e := vcard.NewEncoder(&b)
	for i, text := range texts {
		card := vcard.Card{}
		card.SetValue(vcard.FieldVersion, "4.0")
		card.SetValue(vcard.FieldFormattedName, text)
		card.SetName(&vcard.Name{GivenName: text, FamilyName: "Last"})
		card.Add(vcard.FieldTelephone, &vcard.Field{Value: fmt.Sprintf("tel:+91-98765-4%04d", i), Params: vcard.Params{"TYPE": {"cell", "voice"}, "VALUE": {"uri"}}})
		card.AddValue(vcard.FieldNote, text+"\nsecond line")
		card.AddValue(vcard.FieldUID, fmt.Sprint("card ", i))
		if err := e.Encode(card); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	book, err := contacts.Open(ctx, memstore.New(), contacts.Scope{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := interchange.Import(ctx, book, interchange.VCard(&b), nil)
	if err != nil || report.Created != len(texts) {
		t.Fatalf("%v, %+v", err, report)
	}
	got := map[string]contacts.Contact{}
	for c, err := range book.All(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		got[c.ClientRef] = c
	}
	for i, text := range texts {
		c := got[fmt.Sprint("card ", i)]
		if c.FirstName != strings.TrimSpace(text) || c.LastName != "Last" || c.Notes != strings.TrimSpace(text+"\nsecond line") || c.CellPhone.Number != fmt.Sprintf("+91987654%04d", i) {
			t.Errorf("card %d of %q: %q %q, %q, %q; %v", i, text, c.FirstName, c.LastName, c.Notes, c.CellPhone.Number, slices.Sorted(maps.Keys(got)))
		}
	}
}
