package contacts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// searchBook has contacts that searches tell apart.
func searchBook(t *testing.T) *contacts.Book {
	b := relaxed(t)
	for _, c := range []contacts.Contact{
		{FirstName: "Anna", LastName: "Lee", CellPhone: contacts.Phone{Number: "+91 98765 43210"}},
		{FirstName: "Ann", LastName: "Leeds", Organization: "Acme Ltd.", CellPhone: contacts.Phone{Number: "+91 98765 00017"}},
		{FirstName: "Lee", LastName: "Ann", CellPhone: contacts.Phone{Number: "+44 20 7946 0018"}},
		{FirstName: "Seán", LastName: "O'Neil", Emails: []contacts.Email{{Address: "sean@oneil.example"}, {Address: "boss@acme.example"}}},
		{FirstName: "Müller", LastName: "Jürgen", Tags: []string{"VIP", "west coast"}, CellPhone: contacts.Phone{Number: "+49 151 1234 5678"}},
		{FirstName: "किरण", LastName: "शर्मा", CellPhone: contacts.Phone{Number: "+91 90000 12345"}},
		{FirstName: "Иван", LastName: "Фёдоров", CellPhone: contacts.Phone{Number: "+7 912 345-67-89"}},
		{FirstName: "Ὀδυσσεύς", LastName: "Γ", CellPhone: contacts.Phone{Number: "+30 694 123 4567"}},
		{FirstName: "Studio 54", CellPhone: contacts.Phone{Number: "+1 650 253 0000"}, ClientRef: "K-4711"},
		{FirstName: "Carlos", LastName: "Ruiz", CellPhone: contacts.Phone{Number: "+52 1 55 1234 5678"},
			Phones: []contacts.Phone{{Number: "+91 98765 43999", Label: "work"}, {Number: "+91 98765 43998"}}},
		{FirstName: "Gone", LastName: "Away", CellPhone: contacts.Phone{Number: "+91 98765 77777"}},
	} {
		must(b.Create(ctx, c))(t)
	}
	gone := must(b.Lookup(ctx, "+919876577777", nil))(t)
	must(b.Delete(ctx, gone.Contact.ID))(t)
	return b
}

// found writes hits as "First Last: field[part]=kind ..; ..".
func found(r contacts.Results) string {
	var list []string
	for _, f := range r.Hits {
		var marks []string
		for _, m := range f.Highlights {
			marks = append(marks, fmt.Sprintf("%s[%s] %s", m.Field, m.Text[m.Start:m.End], m.Kind))
		}
		list = append(list, f.Contact.FullName+": "+strings.Join(marks, ", "))
	}
	return strings.Join(list, "; ")
}

func TestSearch(t *testing.T) {
	b := searchBook(t)
	for _, c := range []struct {
		text string
		o    *contacts.SearchOptions
		want string
	}{
		{"ann", nil, "Ann Leeds: firstName[Ann] word; Lee Ann: lastName[Ann] word; Anna Lee: firstName[Ann] prefix"},
		{"ANN", &contacts.SearchOptions{Limit: 1}, "Ann Leeds: firstName[Ann] word"},
		{"lee ann", nil, "Lee Ann: firstName[Lee] word, lastName[Ann] word; Anna Lee: lastName[Lee] word, firstName[Ann] prefix; Ann Leeds: lastName[Lee] prefix, firstName[Ann] word"},
		{"ann lee", nil, "Lee Ann: lastName[Ann] word, firstName[Lee] word; Ann Leeds: firstName[Ann] word, lastName[Lee] prefix; Anna Lee: firstName[Ann] prefix, lastName[Lee] word"},
		{"acme", nil, "Ann Leeds: organization[Acme] word; Seán O'Neil: emails[1].address[acme] word"},
		{"acm boss", nil, "Seán O'Neil: emails[1].address[acm] prefix, emails[1].address[boss] word"},
		{"oneil", nil, "Seán O'Neil: lastName[O'Neil] word"},
		{"onei", nil, "Seán O'Neil: lastName[O'Nei] prefix"},
		{"o'n", nil, "Seán O'Neil: lastName[O] word, lastName[N] prefix"},
		{"sean", nil, "Seán O'Neil: firstName[Seán] word"},
		{"SEÁ", nil, "Seán O'Neil: firstName[Seá] prefix"},
		{"jurgen mull", nil, "Müller Jürgen: lastName[Jürgen] word, firstName[Müll] prefix"},
		{"vip", nil, "Müller Jürgen: tags[0][VIP] word"},
		{"coa", nil, "Müller Jürgen: tags[1][coa] prefix"},
		{"किर", nil, "किरण शर्मा: firstName[किर] prefix"},
		{"करण", nil, ""}, // a vowel sign less is another name
		{"федоров", nil, "Иван Фёдоров: lastName[Фёдоров] word"},
		{"ФЁД", nil, "Иван Фёдоров: lastName[Фёд] prefix"},
		{"οδυσσευσ", nil, "Ὀδυσσεύς Γ: firstName[Ὀδυσσεύς] word"},
		{"studio 54", nil, "Studio 54: firstName[Studio] word, firstName[54] word"},
		{"k-4711", nil, "Studio 54: clientRef[K] word, clientRef[4711] word"},
		{"k4711", nil, "Studio 54: clientRef[K-4711] word"},
		{"4711", nil, "Studio 54: clientRef[4711] word"},

		// one error in a long word that nobody has
		{"leesd", nil, "Ann Leeds: lastName[Leeds] typo"},
		{"ann leesd", nil, "Ann Leeds: firstName[Ann] word, lastName[Leeds] typo"},
		{"jurgin", nil, "Müller Jürgen: lastName[Jürgen] typo"},
		{"jurginn", nil, ""},
		{"anne", nil, ""}, // too short
		{"away", nil, ""},
		{"away", &contacts.SearchOptions{Status: []contacts.Status{contacts.Inactive}}, "Gone Away: lastName[Away] word"},

		// numbers
		{"98765", nil, "Ann Leeds: cellPhone.phoneNumber[98765] number; Anna Lee: cellPhone.phoneNumber[98765] number; Carlos Ruiz: phones[0].phoneNumber[98765] number"},
		{"+91 98765 432", nil, "Anna Lee: cellPhone.phoneNumber[9198765432] number"},
		{"098765-432", nil, "Anna Lee: cellPhone.phoneNumber[98765432] number"},
		{"0091 98765 432", nil, "Anna Lee: cellPhone.phoneNumber[9198765432] number"},
		{"9198765432", nil, "Anna Lee: cellPhone.phoneNumber[9198765432] number"},
		{"3210", nil, "Anna Lee: cellPhone.phoneNumber[3210] number"},
		{"18", nil, "Lee Ann: cellPhone.phoneNumber[18] number"},
		{"020 79", nil, "Lee Ann: cellPhone.phoneNumber[2079] number"},
		{"2079", nil, "Lee Ann: cellPhone.phoneNumber[2079] number"},
		{"0207946 0018", &contacts.SearchOptions{Site: &phone.Site{Region: "GB"}}, "Lee Ann: cellPhone.phoneNumber[+442079460018] number"},
		{"+52 1 55 12", nil, "Carlos Ruiz: cellPhone.phoneNumber[+5215512345678] number"},
		{"+52 55 12", nil, "Carlos Ruiz: cellPhone.phoneNumber[+5215512345678] number"},
		{"5215512345678", nil, "Carlos Ruiz: cellPhone.phoneNumber[+5215512345678] number"},
		{"5678", nil, "Müller Jürgen: cellPhone.phoneNumber[5678] number; Carlos Ruiz: cellPhone.phoneNumber[5678] number"},
		{"९८७६५ ४३२१०", nil, "Anna Lee: cellPhone.phoneNumber[+919876543210] number"},
		{"77777", nil, ""},
		{"tel:+91-98765-43210", nil, "Anna Lee: cellPhone.phoneNumber[+919876543210] number"},
		{"Tel: +91 98765 43210", nil, "Anna Lee: cellPhone.phoneNumber[+919876543210] number"},
		{`"Line 2" <sip:+919876543210@host;user=phone>`, nil, "Anna Lee: cellPhone.phoneNumber[+919876543210] number"},

		// a name and a number
		{"ann 98765", nil, "Ann Leeds: firstName[Ann] word, cellPhone.phoneNumber[98765] number; Anna Lee: firstName[Ann] prefix, cellPhone.phoneNumber[98765] number"},
		{"+91 98765 leeds", nil, "Ann Leeds: lastName[Leeds] word, cellPhone.phoneNumber[9198765] number"},
		{"lee 10", nil, "Anna Lee: lastName[Lee] word, cellPhone.phoneNumber[10] number"},
		{"lee 0018", nil, "Lee Ann: firstName[Lee] word, cellPhone.phoneNumber[0018] number"},
		{"bob 98765", nil, ""},

		// the dial pad
		{"266", &contacts.SearchOptions{T9: true}, "Ann Leeds: firstName[Ann] dialpad; Lee Ann: lastName[Ann] dialpad; Anna Lee: firstName[Ann] dialpad"},
		{"266", nil, ""},
		{"5 266", &contacts.SearchOptions{T9: true}, "Anna Lee: lastName[L] dialpad, firstName[Ann] dialpad; Lee Ann: firstName[L] dialpad, lastName[Ann] dialpad; Ann Leeds: lastName[L] dialpad, firstName[Ann] dialpad"},
		{"25", &contacts.SearchOptions{T9: true}, "Anna Lee: firstName[A] dialpad, lastName[L] dialpad; Lee Ann: lastName[A] dialpad, firstName[L] dialpad; Ann Leeds: firstName[A] dialpad, lastName[L] dialpad"},
		{"253333", &contacts.SearchOptions{T9: true}, ""},
		{"25333", &contacts.SearchOptions{T9: true}, "Ann Leeds: firstName[A] dialpad, lastName[Leed] dialpad"},
		{"22 266", &contacts.SearchOptions{T9: true}, "Ann Leeds: organization[Ac] dialpad, firstName[Ann] dialpad"},
		{"266 26 5", &contacts.SearchOptions{T9: true}, ""},
		{"7327", &contacts.SearchOptions{T9: true}, ""},
		{"732", &contacts.SearchOptions{T9: true}, "Seán O'Neil: firstName[Seá] dialpad"},
		{"4225", &contacts.SearchOptions{T9: true}, "Иван Фёдоров: firstName[Иван] dialpad"},
		{"47333", &contacts.SearchOptions{T9: true}, ""},
		{"4733", &contacts.SearchOptions{T9: true}, "Иван Фёдоров: firstName[И] dialpad, lastName[Фёд] dialpad"},

		// whatever is around
		{"98765,", nil, "Ann Leeds: cellPhone.phoneNumber[98765] number; Anna Lee: cellPhone.phoneNumber[98765] number; Carlos Ruiz: phones[0].phoneNumber[98765] number"},
		{"(leeds), 98765:", nil, "Ann Leeds: lastName[Leeds] word, cellPhone.phoneNumber[98765] number"},
		{"15512345678", nil, "Carlos Ruiz: cellPhone.phoneNumber[+5215512345678] number"},
		{"leesd 98765", nil, "Ann Leeds: lastName[Leeds] typo, cellPhone.phoneNumber[98765] number"},
		{"a-cme", nil, "Ann Leeds: organization[Acme] word; Seán O'Neil: emails[1].address[acme] word"},
		{"+10", nil, ""},
		{"९८७", &contacts.SearchOptions{T9: true}, "Ann Leeds: cellPhone.phoneNumber[987] number; Anna Lee: cellPhone.phoneNumber[987] number; Carlos Ruiz: phones[0].phoneNumber[987] number"},
		{"२६६", &contacts.SearchOptions{T9: true}, "Ann Leeds: firstName[Ann] dialpad; Lee Ann: lastName[Ann] dialpad; Anna Lee: firstName[Ann] dialpad"},
		{"5️⃣", &contacts.SearchOptions{T9: true}, "Studio 54: firstName[5] dialpad; Müller Jürgen: lastName[J] dialpad; Anna Lee: lastName[L] dialpad; Lee Ann: firstName[L] dialpad; Ann Leeds: lastName[L] dialpad; Carlos Ruiz: cellPhone.phoneNumber[5] number"},
		{"5 5", &contacts.SearchOptions{T9: true}, "Ann Leeds: organization[L] dialpad, lastName[L] dialpad; Studio 54: firstName[5] prefix"},

		{"", nil, ""}, {"  ", nil, ""}, {"...", nil, ""}, {"+", nil, ""}, {"\xff\xfe", nil, ""}, {"()", &contacts.SearchOptions{T9: true}, ""},
	} {
		r, err := b.Search(ctx, c.text, c.o)
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		if got := found(r); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
		if r.Partial {
			t.Errorf("%q: partial", c.text)
		}
	}
}

// TestSearchPages reads hits in pages of all sizes: they are the same ones.
func TestSearchPages(t *testing.T) {
	b := searchBook(t)
	two := contacts.Contact{FirstName: "Carlos", LastName: "Two", Tags: []string{"98765"}, CellPhone: contacts.Phone{Number: "+91 98765 98765"}}
	must(b.Create(ctx, two))(t)
	for _, text := range []string{"calros 98765", "leesd 98765", "ann", "lee ann", "98765", "5", "a", "ann 98765", "lee 98765", "jurgin", "9", "01", "e"} {
		for _, t9 := range []bool{false, true} {
			whole := must(b.Search(ctx, text, &contacts.SearchOptions{Limit: 1000, T9: t9}))(t)
			for limit := 1; limit <= 4; limit++ {
				var all contacts.Results
				o := &contacts.SearchOptions{Limit: limit, T9: t9}
				for {
					r := must(b.Search(ctx, text, o))(t)
					if len(r.Hits) > limit {
						t.Fatalf("%q: %d hits on a page of %d", text, len(r.Hits), limit)
					}
					all.Hits = append(all.Hits, r.Hits...)
					if o.Cursor = r.Next; r.Next == "" {
						break
					}
				}
				if got, want := found(all), found(whole); got != want {
					t.Errorf("%q, %d a page:\n got %s\nwant %s", text, limit, got, want)
				}
			}
		}
	}
	for _, cursor := range []string{"x", "-1.", "99.", "0", "0.x"} {
		if _, err := b.Search(ctx, "ann", &contacts.SearchOptions{Cursor: cursor}); !errors.Is(err, contacts.ErrCursor) {
			t.Errorf("cursor %q: got %v, want ErrCursor", cursor, err)
		}
	}
}
