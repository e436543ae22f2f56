package agentassist

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// full returns a contact with something in every field that a caller may give.
func full(t testing.TB) contacts.Contact {
	t.Helper()
	var c contacts.Contact
	if err := json.Unmarshal([]byte(`{"firstName":"John","lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"+91","extension":"+"},
		"phones":[{"label":"work","phoneNumber":"2079460000","countryCode":"+44"}],"emails":[{"address":"j@example.com"}],"organization":"Acme","title":"CEO",
		"notes":"note","tags":["vip"],"custom":{"k":"v"},"clientRef":"r-1","address":[{"city":"Pune"}],"twitterDetails":[1]}`), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Without Extended nothing of a request reaches the fields beyond the API, by any
// call, and no answer shows them; with it, null empties them.
func TestBeyondTheAPI(t *testing.T) {
	const sent = `"phones":[{"phoneNumber":"9876543299","countryCode":"+91"}],"emails":["x@example.com"],"organization":"X","title":"X",` +
		`"notes":"X","tags":["X"],"custom":{"X":"X"},"clientRef":"X","deletedAt":"2001-01-01T00:00:00Z","mergedInto":"x","mergedFrom":[{"id":"x"}],` +
		`"status":"INACTIVE","createdBy":"u-x","updatedBy":"u-x","createdAt":"2001-01-01T00:00:00Z"`
	keys := []string{"phones", "emails", "organization", "title", "notes", "tags", "custom", "clientRef", "input", "unverified", "deletedAt", "mergedInto", "mergedFrom"}
	f := newFixed(t, &Options{})
	stored, err := f.book(t).Create(t.Context(), full(t))
	if err != nil {
		t.Fatal(err)
	}
	row := `{"id":"` + stored.ID + `","firstName":"Jim",` + sent + `}`
	created := `[{"firstName":"A","lastName":"B","salutation":"Mr","cellPhone":{"phoneNumber":"123456789","countryCode":"+91","extension":"+","unverified":"no","input":7,"label":[],"shared":8},` + sent + `}]`
	for _, a := range []answered{
		f.do(t, "PUT", "/contacts/"+stored.ID, row),
		f.do(t, "PUT", "/contacts/bulk-update", "["+strings.Replace(row, "Jim", "Joe", 1)+"]"),
		f.do(t, "POST", "/contacts", created),
		f.do(t, "GET", "/contacts", ""),
		f.do(t, "DELETE", "/contacts/"+stored.ID, ""),
	} {
		if a.StatusCode != 200 {
			t.Error(a)
		}
		for _, key := range keys {
			if strings.Contains(a.body, `"`+key+`"`) {
				t.Errorf("%s is in %s", key, a.body)
			}
		}
	}
	got, err := f.book(t).Get(t.Context(), stored.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := stored
	want.FirstName, want.FullName = "Joe", "Joe Doe"
	want.Status, want.DeletedAt = contacts.Inactive, got.DeletedAt
	if !got.Equal(want) || got.DeletedAt.IsZero() {
		t.Errorf("stored\n%+v, want\n%+v", got, want)
	}
	for c, err := range f.book(t).All(t.Context(), nil) {
		if err != nil || c.Phones != nil || c.Emails != nil || c.Notes != "" || c.CreatedBy != fixedUser || c.Status != contacts.Active {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

func TestExtendedPatch(t *testing.T) {
	f := newFixed(t, &Options{Extended: true})
	stored, err := f.book(t).Create(t.Context(), full(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range extendedKeys {
		before, err := f.book(t).Get(t.Context(), stored.ID)
		if err != nil {
			t.Fatal(err)
		}
		if a := f.do(t, "PUT", "/contacts/"+stored.ID, `{"`+key+`":null}`); a.StatusCode != 200 || strings.Contains(a.body, `"`+key+`"`) {
			t.Errorf("%s: %v", key, a)
		}
		after, err := f.book(t).Get(t.Context(), stored.ID)
		if err != nil {
			t.Fatal(err)
		}
		if n := changes(t, before, after); n != 1 {
			t.Errorf("%s: %d keys changed", key, n)
		}
	}
}

// changes counts the keys in which the JSON of two contacts differs, but for who
// updated them and when.
func changes(t testing.TB, a, b contacts.Contact) int {
	t.Helper()
	var x, y map[string]any
	if err := json.Unmarshal(a.AppendJSON(nil), &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.AppendJSON(nil), &y); err != nil {
		t.Fatal(err)
	}
	n := 0
	for key := range y {
		if _, ok := x[key]; !ok {
			x[key] = nil
		}
	}
	for key, value := range x {
		if !strings.HasPrefix(key, "updated") && !reflect.DeepEqual(value, y[key]) {
			n++
		}
	}
	return n
}

// Rows of bulk-update and ids of bulk-delete that lost a race are tried again.
func TestBulkRace(t *testing.T) {
	f := newFixed(t, &Options{Extended: true})
	const n = 20
	var rows, ids []string
	for i := range n {
		id := fmt.Sprintf("63c7c8b1a1b2c3d4e5f6%04x", 0x1001+i)
		ids = append(ids, `"`+id+`"`)
		rows = append(rows, `{"id":"`+id+`","%s":"%s"}`)
		if a := f.do(t, "POST", "/contacts", "["+john(i)+"]"); a.StatusCode != 200 {
			t.Fatal(a)
		}
	}
	done := make(chan bool)
	fields := []string{"title", "organization", "notes"}
	for _, field := range fields {
		go func() {
			defer func() { done <- true }()
			for range 10 {
				a := f.do(t, "PUT", "/contacts/bulk-update", strings.ReplaceAll("["+strings.Join(rows, ",")+"]", `"%s":"%s"`, `"`+field+`":"of `+field+`"`))
				if !strings.Contains(a.body, fmt.Sprintf(`"successful":%d,"failed":0`, n)) {
					t.Error(a)
				}
			}
		}()
	}
	go func() {
		defer func() { done <- true }()
		if a := f.do(t, "DELETE", "/contacts/bulk-delete", `{"ids":[`+strings.Join(ids, ",")+`]}`); !strings.Contains(a.body, fmt.Sprintf(`"successful":%d,"failed":0`, n)) {
			t.Error(a)
		}
	}()
	for range len(fields) + 1 {
		<-done
	}
	for c, err := range f.book(t).All(t.Context(), &contacts.ListOptions{Status: []contacts.Status{contacts.Active, contacts.Inactive}}) {
		if err != nil || c.Status != contacts.Inactive || c.Title != "of title" || c.Organization != "of organization" || c.Notes != "of notes" {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

// FuzzPatch: an update changes no more than what it may, and is never the
// server's mistake.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{`{"lastName":"X"}`, `{"cellPhone":{"countryCode":"+44"}}`, `{"cellPhone":null}`, `{"cellPhone":{"phoneNumber":"98765xxxxx"}}`,
		`{"phones":[],"tags":null,"id":"x"}`, `{"address":[{}],"twitterDetails":null,"firstName":7}`, `{"emails":[1],"custom":{"":""}}`, `[]`} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, patch []byte, extended bool) {
		h := newFixed(t, &Options{Extended: extended})
		before, err := h.book(t).Create(t.Context(), full(t))
		if err != nil {
			t.Fatal(err)
		}
		a := h.do(t, "PUT", "/contacts/"+before.ID, string(patch))
		after, err := h.book(t).Get(t.Context(), before.ID)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case a.StatusCode == 200:
			var got contacts.Contact
			if err := json.Unmarshal([]byte(a.body), &got); err != nil {
				t.Fatal(err)
			}
			var given map[string]json.RawMessage
			if err := json.Unmarshal(patch, &given); err != nil {
				t.Fatalf("%q was taken: %v", patch, err)
			}
			n := 0
			for _, key := range append(apiKeys, extendedKeys...) {
				if _, ok := given[key]; ok {
					n++
				}
			}
			if changed := changes(t, before, after); changed > n+1 { // fullName
				t.Fatalf("%q changed %d keys: %s", patch, changed, a.body)
			}
			if !extended {
				before.FirstName, before.LastName, before.Salutation, before.CellPhone = after.FirstName, after.LastName, after.Salutation, after.CellPhone
				before.Address, before.Twitter = after.Address, after.Twitter
				if !after.Equal(before) {
					t.Fatalf("%q changed what is beyond the API:\n%+v\n%+v", patch, before, after)
				}
			}
		case a.StatusCode < 400 || a.StatusCode >= 500 || a.problem.Msg == "" || after.Revision != before.Revision:
			t.Fatalf("%q: %v, now at %d", patch, a, after.Revision)
		}
	})
}

// A country code that is the number's already changes nothing, not even what a
// host knows of how the number was written.
func TestSameCountryCode(t *testing.T) {
	f := newFixed(t, &Options{})
	c := full(t)
	c.CellPhone.Number, c.CellPhone.CountryCode = "+91 98765 43210", ""
	stored, err := f.book(t).With(contacts.RelaxedRules()).Create(t.Context(), c)
	if err != nil || stored.CellPhone.Input == "" {
		t.Fatal(stored, err)
	}
	a := f.do(t, "PUT", "/contacts/"+stored.ID, `{"cellPhone":{"countryCode":"+91"}}`)
	after, err := f.book(t).Get(t.Context(), stored.ID)
	if err != nil || a.StatusCode != 200 || after.CellPhone != stored.CellPhone || after.Revision != stored.Revision {
		t.Errorf("%v: %+v, %v", a, after.CellPhone, err)
	}
}
