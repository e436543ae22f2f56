package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var contactRules = []rule{
	{
		"contact/nothing there",
		"reads of a scope that does not exist find nothing and are no error; its Stat is zero",
		readNothing,
	},
	{
		"contact/create",
		"a Put with revision 0 creates; the contact, its event and the counts are there when Apply returns",
		createOne,
	},
	{
		"contact/edit",
		"a Put with the revision that was read replaces the contact, which gets the next revision",
		editOne,
	},
	{
		"contact/no-op",
		"a Put of a contact and Keys that are Equal to what is there writes nothing and has no event; Applied.Revisions has the revision that the contact has",
		noOp,
	},
	{
		"contact/keys change",
		"a Put replaces the Keys: the contact is found by the new ones alone",
		changeKeys,
	},
	{
		"contact/status",
		"Get returns a contact in any status, Stat counts by status",
		statuses,
	},
	{
		"contact/every field",
		"contacts come back as they were given, times to the millisecond in UTC",
		everyField,
	},
	{
		"contact/empty and nil",
		"empty slices and maps are the same as nil ones, and stay apart from ones with empty elements",
		emptyAndNil,
	},
	{
		"contact/extremes",
		"contacts come back as they were given: long ids and texts, old and far times, big lines",
		extremes,
	},
}

func readNothing(t *tester) {
	t.apply(person("c1", "Ann Lee", 4915111111111)) // in another scope
	t = t.in("nobody", "")
	t.gone("c1")
	for _, q := range []contacts.Query{
		{}, {Order: contacts.ByCreation}, {Order: contacts.ByChange, Status: anyStatus, Reverse: true},
		{Lines: []phone.Line{4915111111111}}, {Words: []contacts.Term{{Text: "ann"}}},
		{Prefixes: []string{"49"}}, {Suffix: "1"}, {Duplicates: true},
	} {
		t.finds(q)
	}
	for _, after := range []uint64{0, 7} {
		t.want(len(t.events(after)) == 0, "Events(%d): got some", after)
	}
	t.want(len(t.history(contacts.HistoryQuery{ID: "c1"})) == 0, "History of an id: got some")
	t.want(len(t.history(contacts.HistoryQuery{Line: 4915111111111})) == 0, "History of a line: got some")
	t.equal("Stat", t.stat(), contacts.Stat{})
	t.equal("Scopes", t.scopes(), []contacts.Scope{home})
}

func createOne(t *tester) {
	w := person("c1", "Ann Lee", 4915111111111)
	a := t.apply(w)
	t.want(a.Epoch != "", "Applied: no epoch")
	t.equal("Applied", a, contacts.Applied{Revisions: []uint64{1}, IDs: []string{"c1"}, Last: 1, Epoch: a.Epoch})

	want := w.Contact
	want.Revision = 1
	t.equal("Get", t.get("c1"), want)
	t.equal("Stat", t.stat(), contacts.Stat{
		Epoch: a.Epoch, Last: 1, Active: 1, Index: index, UniqueBy: contacts.UniqueByStream,
	})
	t.equal("Find", t.find(contacts.Query{}), []contacts.Hit{{Contact: want, Created: 1}})
	t.equal("Page.Index", t.page(contacts.Query{}).Index, index)
	t.equal("Events", t.events(0), []contacts.Event{{
		Revision: 1, ID: "c1", Created: 1, Contact: want, Lines: []phone.Line{4915111111111}, BatchEnd: 1,
	}})
	t.never("c2")
	t.never("C1")
}

func editOne(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	w := noting(person("c1", "Anna Lee", 11), "prefers mail")
	a := t.apply(at(1, w))
	t.equal("Applied", a, contacts.Applied{Revisions: []uint64{3}, IDs: []string{"c1"}, Last: 3, Epoch: a.Epoch})
	want := w.Contact
	want.Revision = 3
	t.equal("Get", t.get("c1"), want)
	t.equal("Get of the other contact", t.get("c2").Revision, uint64(2))
	t.equal("Stat.Active", t.stat().Active, uint64(2))
}

func noOp(t *tester) {
	w := person("c1", "Ann Lee", 11)
	w.Contact.Tags = []string{"vip"}
	w.Contact.Custom = map[string]string{"a": "1", "b": "2"}
	t.apply(w)
	t.apply(person("c2", "Bo Ek", 22))
	before := t.stat()

	again := at(1, w)
	again.Contact.Emails = []contacts.Email{} // as good as nil
	again.Contact.CreatedAt = w.Contact.CreatedAt.In(time.FixedZone("", 3600))
	// What says by whom and when is no change by itself.
	again.Contact.UpdatedAt = w.Contact.UpdatedAt.Add(time.Hour)
	again.Contact.UpdatedBy, again.Contact.UpdatedByAID = "u-2", "a-2"
	again.Contact.Revision = 99
	a := t.apply(again)
	t.equal("Applied", a, contacts.Applied{Revisions: []uint64{1}, IDs: []string{"c1"}, Last: 2, Epoch: a.Epoch})
	t.equal("Stat after a Put that changes nothing", t.stat(), before)
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1, 2})

	// As Get returns it, beside a write that does change something.
	again.Contact = t.get("c1")
	a = t.apply(again, person("c3", "Cy Ito", 33))
	t.equal("Applied.Revisions", a.Revisions, []uint64{1, 3})
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1, 2, 3})
	t.equal("UpdatedBy", t.get("c1").UpdatedBy, "")

	// At another revision it is a conflict all the same.
	again.Revision = 2
	t.conflicts(t.refused(again), contacts.RevisionConflict{Index: 0, ID: "c1", Read: 2, Present: 1})
	// Each thing that does count.
	rev := uint64(1)
	for what, change := range map[string]func(*contacts.Write){
		"CreatedBy":  func(w *contacts.Write) { w.Contact.CreatedBy = "u-1" },
		"DeletedAt":  func(w *contacts.Write) { w.Contact.DeletedAt = day },
		"MergedFrom": func(w *contacts.Write) { w.Contact.MergedFrom = []contacts.Origin{{ID: "c2", At: day}} },
		"an Origin":  func(w *contacts.Write) { w.Contact.MergedFrom = []contacts.Origin{{ID: "c2", Tags: []string{"vip"}}} },
		"Custom":     func(w *contacts.Write) { w.Contact.Custom["b"] = "3" },
		"extension":  func(w *contacts.Write) { w.Contact.CellPhone.Extension = "+" },
		"Sort":       func(w *contacts.Write) { w.Keys.Sort = "other" },
		"a word":     func(w *contacts.Write) { w.Keys.Words = words("ann lee more") },
		"its fields": func(w *contacts.Write) { w.Keys.Words[0].Fields |= contacts.InTag },
		"Shared":     func(w *contacts.Write) { w.Keys.Shared = []phone.Line{77} },
		"Claims":     func(w *contacts.Write) { w.Keys.Claims = []phone.Line{11, 12} },
	} {
		change(&w)
		a := t.apply(at(rev, w))
		t.want(a.Revisions[0] == a.Last && a.Last > rev, "a Put that changes %s: got revision %d after %d", what, a.Revisions[0], rev)
		rev = a.Last
	}
}

func changeKeys(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	w := at(1, person("c1", "Ann Lee", 11))
	w.Keys = contacts.Keys{Claims: []phone.Line{33}, Shared: []phone.Line{44}, Words: words("annabel"), Sort: "zz"}
	t.apply(w)
	t.holders(11)
	t.holders(33, "c1")
	t.holders(44, "c1")
	t.finds(contacts.Query{}, "c2", "c1")
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "lee"}}})
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "annabel", Whole: true}}}, "c1")
	t.finds(contacts.Query{Prefixes: []string{"1"}})
	t.finds(contacts.Query{Suffix: "3"}, "c1")
}

func statuses(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	gone := inactive(contacts.Inactive, person("c2", "Bo Ek", 22))
	merged := mergedInto("c1", person("c3", "Cy Ito", 33))
	a := t.apply(at(2, gone), at(3, merged))
	t.equal("Applied.Revisions", a.Revisions, []uint64{4, 5})
	st := t.stat()
	t.equal("Stat", []uint64{st.Active, st.Inactive, st.Merged}, []uint64{1, 1, 1})
	t.equal("status of c2", t.get("c2").Status, contacts.Inactive)
	t.equal("c2's DeletedAt", t.get("c2").DeletedAt.UTC(), day.Add(time.Hour))
	t.equal("status of c3", t.get("c3").Status, contacts.Merged)
	t.equal("c3's MergedInto", t.get("c3").MergedInto, "c1")

	t.apply(at(4, person("c2", "Bo Ek", 22)))
	st = t.stat()
	t.equal("Stat when c2 is back", []uint64{st.Active, st.Inactive, st.Merged}, []uint64{2, 0, 1})
	t.want(t.get("c2").DeletedAt.IsZero(), "DeletedAt of an active contact: got %v, want none", t.get("c2").DeletedAt)
}

// full returns a write with every field of a contact set.
func full(id string, claim, shared phone.Line) contacts.Write {
	w := sharing(person(id, "Zoë D’Arc", claim), shared)
	c := &w.Contact
	c.Salutation = "Mrs."
	c.CellPhone = contacts.Phone{Number: number(claim), CountryCode: "+49", Extension: "+", Input: "0151 / 1", Unverified: true}
	c.Phones = []contacts.Phone{
		{Number: number(shared), CountryCode: "+1", Label: "büro", Shared: true},
		{Number: "+4930", Input: "030", Label: "home", Unverified: true},
	}
	c.Emails = []contacts.Email{{Address: "zoë@example.org", Label: "work"}, {Address: "z@example.org"}}
	c.Organization = "Grüße & Söhne <KG>"
	c.Title = "頭取"
	c.Notes = "line one\nline two\ttab \"quoted\" \\ 🙂 e\u0301 \u202e"
	c.Tags = []string{"vip", "Vip", "two words", ""}
	c.Custom = map[string]string{"crm": "42", "Ключ": "значение", "": "empty key", "empty": ""}
	c.ClientRef = "ref/1?x=y"
	c.Address = []json.RawMessage{json.RawMessage(`{"city":"Köln","zip":"50667"}`), json.RawMessage(`"text"`), json.RawMessage(`[1,2.50,null]`)}
	c.Twitter = []json.RawMessage{json.RawMessage(`{"handle":"@zoë"}`)}
	c.CreatedBy, c.CreatedByAID = "u-1", "a-1"
	c.UpdatedBy, c.UpdatedByAID = "u-2", "a-2"
	c.OrgID, c.AccountID, c.StreamID = "o-1", home.Account, home.Stream
	c.CreatedAt = day
	c.UpdatedAt = day.Add(time.Millisecond)
	c.DeletedAt = day.Add(2 * time.Millisecond)
	c.MergedInto = "survivor_-1"
	c.MergedFrom = []contacts.Origin{
		{
			ID: "other_-1", At: day.Add(-time.Millisecond),
			Numbers: []string{number(shared), "+4930", ""}, Emails: []string{"z@example.org"}, Tags: []string{"Vip", "", "zwölf"},
			Claimed: []string{number(claim)},
			Fields:  []contacts.Taken{{Field: "custom.Ключ", Was: "line\n\"1\""}, {Field: "cellPhone", Was: "+49"}, {Field: "title"}, {}},
		},
		{ID: "other_-2", At: day, Tags: []string{"vip"}},
		{ID: "0193a2b4-0000-7000-8000-000000000001", At: day.Add(time.Hour)},
	}
	return w
}

func everyField(t *tester) {
	w := full("c1", 4915111111111, 18005550100)
	t.apply(w)
	want := w.Contact
	want.Revision = 1
	got := t.get("c1")
	t.equal("Get", got, want)
	t.equal("AccountID, StreamID and OrgID, which are the Book's", got.AccountID+got.StreamID+got.OrgID, "")
	t.equal("CreatedAt, to the nanosecond", got.CreatedAt.UnixNano(), day.UnixNano())
	for _, at := range []time.Time{got.CreatedAt, got.UpdatedAt, got.DeletedAt} {
		t.want(at.Location() == time.UTC, "Get: time %v is not in UTC", at)
	}
	t.equal("Events", t.events(0)[0].Contact, want)
	t.equal("Find", t.find(contacts.Query{})[0].Contact, want)
	t.equal("Find by line", t.find(contacts.Query{Lines: []phone.Line{18005550100}})[0].Contact, want)
	t.equal("Find by word", t.find(contacts.Query{Words: []contacts.Term{{Text: "zoë"}}})[0].Contact, want)
	t.equal("History", t.history(contacts.HistoryQuery{ID: "c1"})[0].Contact, want)

	// And the same when it gives its lines up, and with every field taken away.
	w.Keys.Claims, w.Keys.Shared = nil, nil
	t.apply(at(1, w))
	want.Revision = 2
	t.equal("Get of a contact without lines", t.get("c1"), want)
	bare := contacts.Write{Contact: contacts.Contact{ID: "c1", Status: contacts.Active}}
	t.apply(at(2, bare))
	want = bare.Contact
	want.Revision = 3
	t.equal("Get of a contact without fields", t.get("c1"), want)
	t.want(t.get("c1").CreatedAt.IsZero(), "time that was never set: got %v, want zero", t.get("c1").CreatedAt)
	t.finds(contacts.Query{}, "c1")
}

func emptyAndNil(t *tester) {
	w := person("c1", "Ann Lee")
	w.Contact.Phones, w.Contact.Emails, w.Contact.Tags = []contacts.Phone{}, []contacts.Email{}, []string{}
	w.Contact.Custom, w.Contact.Address, w.Contact.Twitter = map[string]string{}, []json.RawMessage{}, []json.RawMessage{}
	w.Contact.MergedFrom = []contacts.Origin{}
	w.Keys.Claims, w.Keys.Shared = []phone.Line{}, []phone.Line{}
	t.apply(w)
	want := person("c1", "Ann Lee").Contact
	want.Revision = 1
	t.equal("Get of a contact with empty slices", t.get("c1"), want)

	w.Contact.Phones = []contacts.Phone{{}, {Label: "x"}, {}}
	w.Contact.Emails = []contacts.Email{{}}
	w.Contact.Tags = []string{"", ""}
	w.Contact.Custom = map[string]string{"": ""}
	w.Contact.MergedFrom = []contacts.Origin{
		{}, {ID: "c2", Numbers: []string{}, Emails: []string{}, Tags: []string{}, Claimed: []string{}, Fields: []contacts.Taken{}},
		{Numbers: []string{""}, Emails: []string{""}, Tags: []string{""}, Claimed: []string{""}, Fields: []contacts.Taken{{}}},
	}
	t.apply(at(1, w))
	want = w.Contact
	want.Revision = 2
	t.equal("Get of a contact with empty elements", t.get("c1"), want)
}

func extremes(t *tester) {
	const big phone.Line = 9999999999999999999 // 19 digits, more than an int64 holds
	var ws []contacts.Write
	for i, at := range []time.Time{
		time.UnixMilli(0).UTC(),
		time.UnixMilli(-1).UTC(),
		time.Date(1900, 1, 1, 0, 0, 0, 1e6, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC),
	} {
		w := person(fmt.Sprintf("t%d", i), "Time")
		w.Contact.CreatedAt = at
		ws = append(ws, w)
	}
	ws = append(ws,
		person(strings.Repeat("x", contacts.MaxIDLen), "Long Id"),
		person("-", "Dash"), person("_", "Underscore"), person("0", "Zero"), person("AZaz09-_", "All"),
		person("big", "Big Line", big), person("one", "Small Line", 1),
		noting(person("long", "Long Text"), strings.Repeat("ü", 50_000)),
	)
	a := t.apply(ws...)
	for i, w := range ws {
		want := w.Contact
		want.Revision = a.Revisions[i]
		t.equal("Get of "+w.Contact.FullName, t.get(w.Contact.ID), want)
	}
	t.holders(big, "big")
	t.holders(1, "one")
	t.finds(contacts.Query{Prefixes: []string{"9999999999999999999"}}, "big")
	t.finds(contacts.Query{Suffix: "9999999999999999999"}, "big")
	t.equal("Line of the hit", t.find(contacts.Query{Lines: []phone.Line{big}})[0].Line, big)
	t.finds(contacts.Query{Lines: []phone.Line{math.MaxUint64}})
	_, err := t.s.Get(t.ctx, t.scope, strings.Repeat("x", contacts.MaxIDLen-1))
	t.want(errors.Is(err, contacts.ErrNotFound), "Get of the beginning of an id: got %v, want ErrNotFound", err)
}
