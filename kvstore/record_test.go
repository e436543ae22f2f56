package kvstore

import (
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// encodeRecord returns the body of a record as the store writes it.
func encodeRecord(t testing.TB, revision uint64, c contacts.Contact, k contacts.Keys) []byte {
	t.Helper()
	w := prepare.Write{Kind: contacts.Put, ID: c.ID, Contact: &c}
	body, err := w.Encode(record.AppendRevision(nil, revision), &k)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

var testDay = time.Date(2023, 1, 18, 10, 21, 5, 318e6, time.UTC)

func sampleContact() (contacts.Contact, contacts.Keys) {
	return contacts.Contact{
			ID: "018f2b5c-7c1e-7abc-8def-0123456789ab", Revision: 70000, Status: contacts.Active,
			FirstName: "John", LastName: "Doe", FullName: "John Doe", Salutation: "Mr",
			CellPhone: contacts.Phone{Number: "+919876543210", CountryCode: "+91", Extension: "+"},
			CreatedBy: "u-5c3e1e0a-95f5-5f0c-9d2a-2f1a0c7e9b11",
			CreatedAt: testDay, UpdatedAt: testDay,
		}, contacts.Keys{
			Claims: []phone.Line{919876543210},
			Words:  []contacts.Word{{Text: "doe", Fields: contacts.InName}, {Text: "john", Fields: contacts.InName}},
			Sort:   "doe john",
		}
}

// fullContact returns a contact in which every field that is stored is set.
func fullContact() (contacts.Contact, contacts.Keys) {
	c, k := sampleContact()
	c.Status = contacts.Inactive
	c.CellPhone.Input, c.CellPhone.Unverified = "98765 43210", true
	c.Phones = []contacts.Phone{
		{Number: "+4930123456", CountryCode: "+49", Label: "büro", Shared: true}, {}, {Number: "+1", Extension: "x", Input: "y"},
	}
	c.Emails = []contacts.Email{{Address: "j@example.org", Label: "work"}, {}}
	c.Organization, c.Title, c.Notes = "Grüße KG", "頭取", "one\ntwo"
	c.Tags = []string{"vip", "", "two words"}
	c.Custom = map[string]string{"": "empty", "b": "", "a": "1"}
	c.ClientRef = "ref/1"
	c.Address = []json.RawMessage{json.RawMessage(`{"city":"Köln"}`), json.RawMessage(`null`)}
	c.Twitter = []json.RawMessage{json.RawMessage(`"@j"`)}
	c.CreatedByAID, c.UpdatedBy, c.UpdatedByAID = "a-1", "o-5c3e1e0a-95f5-5f0c-9d2a-2f1a0c7e9b11", "a-2"
	c.UpdatedAt, c.DeletedAt = testDay.Add(-time.Hour), testDay.Add(time.Hour)
	c.MergedInto = "63c7c1d1b2e0f5a4c3d2e1f0"
	c.MergedFrom = []contacts.Origin{
		{
			ID: "018f2b5c-7c1e-7abc-8def-0123456789ac", At: testDay, Numbers: []string{"+4930123456", ""}, Emails: []string{"j@example.org"},
			Tags: []string{"", "two words"}, Claimed: []string{"+4930123456"},
			Fields: []contacts.Taken{{Field: "custom.a", Was: "0"}, {}, {Field: "title"}},
		}, {}, {ID: "c2"},
	}
	k.Shared = []phone.Line{4930123456, 18446744073709551615}
	return c, k
}

func TestRecordRoundTrip(t *testing.T) {
	for _, make := range []func() (contacts.Contact, contacts.Keys){sampleContact, fullContact} {
		c, k := make()
		body := encodeRecord(t, c.Revision, c, k)
		var got contacts.Contact
		if !record.Decode(body, &got) || !reflect.DeepEqual(got, c) {
			t.Errorf("got  %+v\nwant %+v", got, c)
		}
		var h record.Held
		if !record.DecodeHeld(body, &h) || !reflect.DeepEqual(h.Claims, k.Claims) || !reflect.DeepEqual(h.Shared, k.Shared) || string(h.Sort) != k.Sort {
			t.Errorf("keys came back as %+v", h)
		}
		for i, w := range h.Words {
			if string(w[1:]) != k.Words[i].Text || contacts.Fields(w[0]) != k.Words[i].Fields {
				t.Errorf("word %d came back as %q", i, w)
			}
		}
		for i := range body { // the contact is a copy
			body[i] = 0xEE
		}
		if !reflect.DeepEqual(got, c) {
			t.Error("the contact shares memory with the record")
		}
	}
}

// TestEveryFieldIsStored fails when Contact gets a field that nobody stores.
func TestEveryFieldIsStored(t *testing.T) {
	c, _ := fullContact()
	derived := map[string]bool{"OrgID": true, "AccountID": true, "StreamID": true}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && !derived[f.Name] && v.Field(i).IsZero() {
			t.Errorf("fullContact leaves %s empty", f.Name)
		}
	}
}

// TestGoldenRecord holds the bytes of a record still.
func TestGoldenRecord(t *testing.T) {
	c, k := sampleContact()
	body := encodeRecord(t, c.Revision, c, k)
	const want = "08f0a204" + // revision
		"121101018f2b5c7c1e7abc8def0123456789ab" + // id
		"22044a6f686e" + "2a03446f65" + "32024d72" + // names
		"3a170a0d2b393139383736353433323130" + "12032b3931" + "1a012b" + // cell phone
		"4211035c3e1e0a95f55f0c9d2a2f1a0c7e9b11" + // created by
		"48cc8eacc6b861" + "5000" + // times
		"5a06eac5a8e7e21a" + "6a08646f65206a6f686e" + // claims, sort
		"720401646f65" + "7205016a6f686e" // words
	if got := hex.EncodeToString(body); got != want {
		t.Errorf("the record is\n%s\nwant\n%s", got, want)
	}
	if n := crcLen + len(body); n > 200 {
		t.Errorf("a plain contact takes %d bytes, at most 200 are wanted", n)
	} else {
		t.Logf("a plain contact takes %d bytes", n)
	}
}

// TestGoldenOrigin holds the bytes of an origin still, and where it stands.
func TestGoldenOrigin(t *testing.T) {
	c := contacts.Contact{ID: "a", Status: contacts.Active, MergedInto: "b", MergedFrom: []contacts.Origin{{
		ID: "018f2b5c-7c1e-7abc-8def-0123456789ab", At: testDay,
		Numbers: []string{"+1"}, Emails: []string{"e"}, Tags: []string{"t"}, Claimed: []string{"+2"},
		Fields: []contacts.Taken{{Field: "f", Was: "w"}},
	}}}
	const want = "0805" + "12020061" + "f201020062" + // revision, id, merged into
		"fa010107" + // ended
		"820230" + "0a1101018f2b5c7c1e7abc8def0123456789ab" + "10cc8eacc6b861" + // id and time of the origin
		"1a022b31" + "220165" + "2a0174" + "32022b32" + "3a060a01661201" + "77"
	if got := hex.EncodeToString(record.WithEnded(nil, encodeRecord(t, 5, c, contacts.Keys{}), []phone.Line{7})); got != want {
		t.Errorf("the record is\n%s\nwant\n%s", got, want)
	}
	c = contacts.Contact{ID: "a", UpdatedAt: time.UnixMilli(1), UpdatedBy: "u", UpdatedByAID: "v", MergedInto: "b", FirstName: "x"}
	const blank = "12020061" + "1803" + "5002" + "da01020075" + "e2010176" + "f201020062"
	if got := hex.EncodeToString(record.AppendBlank(nil, &c)); got != blank {
		t.Errorf("what is left of a purged contact is\n%s\nwant\n%s", got, blank)
	}
}

// TestBrokenOrigins has records whose checksum would be right.
func TestBrokenOrigins(t *testing.T) {
	c, k := sampleContact()
	for name, content := range map[string]string{
		"a packed id that is none": "0a0109", "an empty packed id": "0a00", "an id that is a number": "0801", "a text that is a number": "1801",
		"a time that is a text": "120100", "a field that is a number": "3a020801", "cut off": "1a05", "a tag that is none": "00",
	} {
		b, err := hex.DecodeString(content)
		if err != nil {
			t.Fatal(err)
		}
		body := encodeRecord(t, c.Revision, c, k)
		body = record.Wrap(append(body, b...), len(body), record.FieldMergedFrom)
		if record.Decode(body, new(contacts.Contact)) {
			t.Errorf("an origin with %s was read", name)
		}
	}
}

func TestDecodeAllocates(t *testing.T) {
	c, k := sampleContact()
	body := encodeRecord(t, c.Revision, c, k)
	var got contacts.Contact
	if n := testing.AllocsPerRun(100, func() {
		got = contacts.Contact{}
		record.Decode(body, &got)
	}); n > 4 {
		t.Errorf("decoding a plain contact allocates %v times, at most 4 are wanted", n)
	}
	if n := testing.AllocsPerRun(100, func() { record.Holds(body, 919876543210); record.Peek(body) }); n > 0 {
		t.Errorf("looking into a record allocates %v times", n)
	}
}

func TestZeroTimesAndEdges(t *testing.T) {
	for _, c := range []contacts.Contact{
		{ID: "a", Status: contacts.Merged},
		{ID: "a", Status: contacts.Active, UpdatedAt: testDay},
		{ID: "a", Status: contacts.Active, CreatedAt: time.UnixMilli(0).UTC(), UpdatedAt: time.UnixMilli(-1).UTC()},
		{ID: "a", Status: contacts.Active, CreatedAt: time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), DeletedAt: time.Date(1, 1, 1, 0, 0, 0, 1e6, time.UTC)},
	} {
		c.Revision = 1
		var got contacts.Contact
		if !record.Decode(encodeRecord(t, 1, c, contacts.Keys{}), &got) || !reflect.DeepEqual(got, c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
}

func TestSameBody(t *testing.T) {
	c, k := fullContact()
	body := encodeRecord(t, 5, c, k)
	body = record.WithEnded(nil, body, []phone.Line{7})
	body = protowire.AppendVarint(protowire.AppendTag(body, 99, protowire.VarintType), 7)
	same := func(c contacts.Contact, k contacts.Keys) bool {
		return record.SameBody(body, encodeRecord(t, 9, c, k))
	}
	if !same(c, k) {
		t.Error("a contact is not the same as itself")
	}
	d := c
	d.UpdatedAt, d.UpdatedBy, d.UpdatedByAID = testDay, "x", ""
	if !same(d, k) {
		t.Error("who changed it and when makes a difference")
	}
	for i := range reflect.TypeFor[contacts.Contact]().NumField() {
		f := reflect.TypeFor[contacts.Contact]().Field(i)
		d := c
		v := reflect.ValueOf(&d).Elem().Field(i)
		if !f.IsExported() || d.ID == "" {
			continue
		}
		v.SetZero()
		if d.ID == "" {
			d.ID = "other"
		}
		if d.Status == "" {
			d.Status = contacts.Merged
		}
		if got := same(d, k); got != c.Equal(d) {
			t.Errorf("without %s: the same is %v, Equal %v", f.Name, got, c.Equal(d))
		}
	}
	for _, change := range []func(*contacts.Keys){
		func(k *contacts.Keys) { k.Sort = "x" },
		func(k *contacts.Keys) { k.Claims = nil },
		func(k *contacts.Keys) { k.Shared = k.Shared[:1] },
		func(k *contacts.Keys) { k.Words = k.Words[:1] },
	} {
		other := k
		change(&other)
		if same(c, other) {
			t.Errorf("other keys %+v are the same", other)
		}
	}
}

// TestSpliceKeys has a record with fields that this program does not know.
func TestSpliceKeys(t *testing.T) {
	c, k := fullContact()
	unknown := protowire.AppendString(protowire.AppendTag(nil, 77, protowire.BytesType), "from the future")
	stored := append(encodeRecord(t, 5, c, k), unknown...)
	k.Claims, k.Sort, k.Words = []phone.Line{1, 2}, "other", nil
	w := prepare.Write{Kind: contacts.Reindex, ID: c.ID}
	keys, err := w.Encode(nil, &k)
	if err != nil {
		t.Fatal(err)
	}
	got := record.SpliceKeys(nil, stored, keys, []phone.Line{9})
	want := append(record.WithEnded(nil, encodeRecord(t, 5, c, k), []phone.Line{9}), unknown...)
	if string(got) != string(want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

// randomContact returns a contact of any shape.
func randomContact(r *rand.Rand) contacts.Contact {
	text := func() string {
		return strings.Repeat("aé\n ", r.IntN(3)) + []string{"", "x", "日"}[r.IntN(3)]
	}
	at := func() time.Time {
		if r.IntN(3) == 0 {
			return time.Time{}
		}
		return time.UnixMilli(r.Int64N(1 << 43)).UTC()
	}
	c := contacts.Contact{
		ID: strings.Repeat("a", 1+r.IntN(30)), Revision: 1 + r.Uint64()>>r.IntN(64), Status: contacts.Active,
		FirstName: text(), LastName: text(), Salutation: text(), Organization: text(), Title: text(), Notes: text(), ClientRef: text(),
		CreatedBy: text(), CreatedByAID: text(), UpdatedBy: text(), UpdatedByAID: text(), MergedInto: text(),
		CreatedAt: at(), UpdatedAt: at(), DeletedAt: at(),
	}
	for range r.IntN(3) {
		c.Tags = append(c.Tags, text())
		c.Phones = append(c.Phones, contacts.Phone{Number: text(), Label: text(), Shared: r.IntN(2) == 0})
		c.Emails = append(c.Emails, contacts.Email{Address: text(), Label: text()})
		c.Address = append(c.Address, json.RawMessage(`[]`))
	}
	for range r.IntN(3) {
		o := contacts.Origin{ID: text(), At: at()}
		for range r.IntN(3) {
			o.Numbers, o.Emails = append(o.Numbers, text()), append(o.Emails, text())
			o.Tags, o.Claimed = append(o.Tags, text()), append(o.Claimed, text())
			o.Fields = append(o.Fields, contacts.Taken{Field: text(), Was: text()})
		}
		c.MergedFrom = append(c.MergedFrom, o)
	}
	c.FullName = contacts.FullName(c.FirstName, c.LastName)
	return c
}

func TestRandomRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 5000 {
		c := randomContact(r)
		body := encodeRecord(t, c.Revision, c, contacts.Keys{})
		var got contacts.Contact
		if !record.Decode(body, &got) || !reflect.DeepEqual(got, c) {
			t.Fatalf("got  %+v\nwant %+v", got, c)
		}
	}
}

// FuzzDecode has records of any bytes: nothing panics, and what is read as a
// contact can be written again.
func FuzzDecode(f *testing.F) {
	for _, make := range []func() (contacts.Contact, contacts.Keys){sampleContact, fullContact} {
		c, k := make()
		f.Add(encodeRecord(f, 5, c, k))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c contacts.Contact
		ok := record.Decode(body, &c)
		var h record.Held
		record.DecodeHeld(body, &h)
		record.Peek(body)
		record.IdentOf(body)
		sortOf(body)
		record.Holds(body, 5)
		record.SameBody(body, body)
		record.SpliceKeys(nil, body, body, h.Ended)
		if !ok || c.Status == "" || !prepare.ValidID(c.ID) || len(c.ID) > contacts.MaxIDLen {
			return
		}
		again := encodeRecord(t, c.Revision, c, contacts.Keys{})
		var d contacts.Contact
		if !record.Decode(again, &d) || !d.Equal(c) {
			t.Errorf("%+v came back as %+v", c, d)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	c, k := sampleContact()
	body := encodeRecord(b, c.Revision, c, k)
	b.ReportAllocs()
	for b.Loop() {
		var got contacts.Contact
		record.Decode(body, &got)
	}
}
