package contacts

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sample is the answer in the API's documentation, with its blanks filled in.
const sample = `{"status":"ACTIVE","firstName":"John","lastName":"Doe","salutation":"Mr",` +
	`"cellPhone":{"phoneNumber":"+919876543210","countryCode":"+91","extension":"+"},` +
	`"createdBy":"u-267eac01-cc44-5e99-9cce-ace07d99a704","orgId":"o-ed47d104-71af-5fef-873a-703771445152",` +
	`"accountId":"acme","instanceBotId":"st-7b8ff0a4-5a3f-4d3f-8a1a-2f6b1d6c9e10",` +
	`"fullName":"John Doe","address":[],"twitterDetails":[],` +
	`"createdAt":"2023-01-18T10:21:05.318Z","updatedAt":"2023-01-18T10:21:05.318Z","id":"63c7c8f1a1b2c3d4e5f60718"}`

func TestContactJSONSample(t *testing.T) {
	var c Contact
	if err := json.Unmarshal([]byte(sample), &c); err != nil {
		t.Fatal(err)
	}
	if got := string(c.AppendJSON(nil)); got != sample {
		t.Errorf("read and written again:\n got %s\nwant %s", got, sample)
	}
	out, err := json.Marshal(c)
	if err != nil || string(out) != sample {
		t.Errorf("json.Marshal: %v\n got %s\nwant %s", err, out, sample)
	}
	out, err = json.Marshal([]*Contact{&c})
	if err != nil || string(out) != "["+sample+"]" {
		t.Errorf("json.Marshal of pointers: %v %s", err, out)
	}
}

func full() Contact {
	at := time.Date(2023, 1, 18, 10, 21, 5, 0, time.UTC)
	return Contact{
		FirstName: "Zoë <b>", LastName: "O'Neil & \"Söhne\"\u2028", Salutation: "Mrs.",
		CellPhone: Phone{Number: "+919876543210", CountryCode: "+91", Extension: "+91", Input: "098765 43210", Unverified: true},
		Phones: []Phone{
			{Number: "+442079460000", CountryCode: "+44", Label: "work", Shared: true},
			{Number: "+16502530000", CountryCode: "+1", Extension: "1", Input: "650-253-0000"},
		},
		Emails:       []Email{{"zoe@example.com", "work"}, {"z@example.org", ""}},
		Organization: "Acme", Title: "CTO", Notes: "line\nline", Tags: []string{"vip", "nord"},
		Custom: map[string]string{"b": "2", "a": "1"}, ClientRef: "crm-7",
		Address: []json.RawMessage{json.RawMessage(`{"city":"Köln","n":1.50}`)},
		Twitter: []json.RawMessage{json.RawMessage(`"@zoe"`), json.RawMessage(`null`)},
		ID:      "01932f-A_z", Status: Inactive, FullName: "Zoë <b> O'Neil", OrgID: "o-1", AccountID: "a", StreamID: "s",
		CreatedBy: "u-1", CreatedByAID: "x", UpdatedBy: "u-2", UpdatedByAID: "y",
		CreatedAt: at, UpdatedAt: at.Add(time.Millisecond), DeletedAt: at.Add(2 * time.Second), MergedInto: "other",
		MergedFrom: []Origin{
			{
				ID: "third", At: at.Add(time.Second), Numbers: []string{"+16502530000"}, Emails: []string{"z@example.org"}, Tags: []string{"nord <b>"},
				Claimed: []string{"+442079460000"}, Fields: []Taken{{"custom.a", "0 & 1"}, {"title", ""}},
			},
			{ID: "fourth", At: at.Add(3 * time.Second)},
		},
	}
}

func TestContactJSONRoundTrip(t *testing.T) {
	c := full()
	data := c.AppendJSON(nil)
	if !json.Valid(data) {
		t.Fatalf("not JSON: %s", data)
	}
	var back Contact
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, c) {
		t.Errorf("\n got %+v\nwant %+v", back, c)
	}
	if bytes.Contains(data, []byte(`\u003c`)) || bytes.Contains(data, []byte(`\u0026`)) {
		t.Errorf("escaped for HTML: %s", data)
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Revision" && name != "bad" {
			t.Errorf("the test leaves %s unset", name)
		}
	}
}

// Every key that the API always writes is there for a contact without anything.
func TestContactJSONEmpty(t *testing.T) {
	want := `{"status":"","firstName":"","lastName":"","salutation":"","cellPhone":{"phoneNumber":"","countryCode":"","extension":""},` +
		`"createdBy":"","orgId":"","accountId":"","instanceBotId":"","fullName":"","address":[],"twitterDetails":[],` +
		`"createdAt":"0001-01-01T00:00:00.000Z","updatedAt":"0001-01-01T00:00:00.000Z","id":""}`
	if got := string(Contact{}.AppendJSON(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	zone := time.FixedZone("IST", 5*3600+1800)
	c := Contact{CreatedAt: time.Date(2023, 1, 18, 15, 51, 5, 318_999_999, zone)}
	if got := string(c.AppendJSON(nil)); !strings.Contains(got, `"createdAt":"2023-01-18T10:21:05.318Z"`) {
		t.Errorf("not UTC with three decimals: %s", got)
	}
}

func TestContactJSONReasons(t *testing.T) {
	tests := []struct {
		name, in string
		want     map[string]Reason // by field, of what the contact remembers
	}{
		{"null", `{"firstName":null,"cellPhone":null}`, map[string]Reason{"firstName": ReasonNull, "cellPhone": ReasonNull}},
		{"blank", `{"lastName":" ","cellPhone":{"extension":""}}`, map[string]Reason{"lastName": ReasonBlank, "cellPhone.extension": ReasonBlank}},
		{"types", `{"firstName":5,"salutation":["Mr"],"cellPhone":{"phoneNumber":9876543210,"countryCode":"91"}}`,
			map[string]Reason{"firstName": ReasonType, "salutation": ReasonType, "cellPhone.phoneNumber": ReasonType}},
		{"object types", `{"cellPhone":"x","phones":{},"emails":[7],"tags":"x","custom":[],"address":{},"createdAt":"soon"}`,
			map[string]Reason{"cellPhone": ReasonType, "phones": ReasonType, "emails[0]": ReasonType, "tags": ReasonType,
				"custom": ReasonType, "address": ReasonType}},
		{"absent and unknown", `{"nickName":"J"}`, nil},
		{"null of what is optional", `{"emails":null,"tags":null,"notes":null,"phones":null,"createdAt":null}`, nil},
		{"phones", `{"phones":[{"phoneNumber":1},{"phoneNumber":"2","countryCode":"44","extension":"+"}]}`,
			map[string]Reason{"phones[0].phoneNumber": ReasonType}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Contact
			if err := json.Unmarshal([]byte(tt.in), &c); err != nil {
				t.Error(err)
			}
			got := map[string]Reason{}
			for _, f := range c.bad {
				got[f.Field] = f.Reason
			}
			if len(got) != len(tt.want) || len(got) > 0 && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// What is no list of origins is no problem of the caller's, as mergedFrom is the
// book's to set.
func TestContactJSONOriginsIgnored(t *testing.T) {
	for _, junk := range []string{
		`null`, `7`, `"x"`, `true`, `{}`, `{"id":"a"}`, `[]`, `[7]`, `[null]`, `[["a"]]`, `[{"id":7}]`, `[{"id":"a","at":"soon"}]`,
		`[{"id":"a","numbers":"+1"}]`, `[{"id":"a","tags":[1]}]`, `[{"id":"a","fields":["title"]}]`, `[{"id":"a","fields":[{"field":{}}]}]`,
	} {
		c := full()
		if err := json.Unmarshal([]byte(`{"firstName":"A","mergedFrom":`+junk+`,"lastName":"B"}`), &c); err != nil {
			t.Errorf("%s: %v", junk, err)
		}
		if c.FirstName != "A" || c.LastName != "B" || c.bad != nil {
			t.Errorf("%s: %+v, with %v", junk, c, c.bad)
		}
		for _, o := range c.MergedFrom {
			if o.ID == "third" || o.ID == "fourth" {
				t.Errorf("%s left %+v", junk, o)
			}
		}
	}
}

// An array is read to its end, so that a call can report every problem at
// once.
func TestContactJSONArrayGoesOn(t *testing.T) {
	var list []Contact
	err := json.Unmarshal([]byte(`[{"firstName":1,"lastName":"A"},{"firstName":"B"},{"lastName":2}]`), &list)
	if err != nil || len(list) != 3 || list[0].LastName != "A" || list[1].FirstName != "B" || list[0].bad == nil || list[2].bad == nil {
		t.Errorf("%v %+v", err, list)
	}
}

// Absent keys leave a field as it was, which is how PUT updates a contact.
func TestContactJSONMergesOnto(t *testing.T) {
	c := full()
	if err := json.Unmarshal([]byte(`{"lastName":"Neu","cellPhone":{"extension":"0"},"tags":["x"],"custom":{"c":"3"}}`), &c); err != nil {
		t.Fatal(err)
	}
	want := full()
	want.LastName, want.CellPhone.Extension, want.Tags, want.Custom = "Neu", "0", []string{"x"}, map[string]string{"c": "3"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("\n got %+v\nwant %+v", c, want)
	}
}

// The parts of a contact marshal by themselves as they do within it.
func TestPartsJSON(t *testing.T) {
	p := full().Phones[0]
	data, err := json.Marshal(p)
	var q Phone
	if err != nil || json.Unmarshal(data, &q) != nil || q != p {
		t.Errorf("%s %+v %v", data, q, err)
	}
	e := full().Emails[0]
	data, err = json.Marshal(e)
	var f Email
	if err != nil || string(data) != `{"address":"zoe@example.com","label":"work"}` || json.Unmarshal(data, &f) != nil || f != e {
		t.Errorf("%s %+v %v", data, f, err)
	}
	o := full().MergedFrom[0]
	data, err = json.Marshal(o)
	var back Origin
	if err != nil || json.Unmarshal(data, &back) != nil || !reflect.DeepEqual(back, o) {
		t.Errorf("%s %+v %v", data, back, err)
	}
	if json.Unmarshal([]byte(`"x@y.example"`), &f) != nil || f.Address != "x@y.example" {
		t.Errorf("%+v", f)
	}
	if json.Unmarshal([]byte(`7`), &f) == nil || json.Unmarshal([]byte(`{"phoneNumber":7}`), &q) == nil {
		t.Error("a wrong type is no error")
	}
}

func FuzzContactJSON(f *testing.F) {
	f.Add([]byte(sample))
	f.Add(full().AppendJSON(nil))
	f.Add([]byte(`{"cellPhone":{"phoneNumber":null},"phones":[null],"emails":["a"],"address":[ { } ]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Contact
		if json.Unmarshal(data, &c) != nil {
			return
		}
		out := c.AppendJSON(nil)
		var back Contact
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("own output refused: %v\n%s", err, out)
		}
		c.bad, back.bad = nil, nil
		if !back.Equal(c) {
			t.Fatalf("\n got %+v\nwant %+v\nfrom %s", back, c, out)
		}
	})
}
