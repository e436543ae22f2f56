package contacts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	gotoken "go/token"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/internal/leak"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// zebulon is somebody of whom no error may tell.
func zebulon() contacts.Contact {
	return contacts.Contact{
		FirstName: "Zebulon", LastName: "Quíxote", Salutation: "Mr", Organization: "Windmill Ltd", Title: "Hidalgo",
		CellPhone: contacts.Phone{Number: "+919876543210"}, Phones: []contacts.Phone{{Number: "+44 20 7946 0123", Label: "castle"}},
		Emails: []contacts.Email{{Address: "zebulon@windmill.example"}}, Notes: "owes a falcon", Tags: []string{"dulcinea"},
		Custom: map[string]string{"rocinante": "purple"}, ClientRef: "sancho-4711234",
	}
}

// spellings of his number.
var spellings = []string{"+919876543210", "+91 98765 43210", "098765 43210", "tel:+91-98765-43210", "９８７６５４３２１０", "९८७६५ ४३२१०"}

// A provoker calls a book until it has met every error.
type provoker struct {
	*testing.T
	s    contacts.Store
	b    *contacts.Book // for people typing
	man  contacts.Contact
	errs []error
}

// add takes an error that a call returned.
func (p *provoker) add(err error) {
	p.Helper()
	if err == nil {
		p.Error("no error to look at")
		return
	}
	p.errs = append(p.errs, err)
}

// No text of an error, nor of an error within it, shows a name, a number, an
// e-mail address or anything else that a contact has or a caller typed. Every
// sentinel, type and reason of the package is met on the way.
func TestErrorsAreMasked(t *testing.T) {
	bolt, err := boltstore.Open(filepath.Join(tempDir(t), "book.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []contacts.Store{memstore.New(), bolt} {
		p := &provoker{T: t, s: s}
		p.b = openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}})
		p.man = must(p.b.Create(ctx, zebulon()))(t)
		p.numbers()
		p.fields()
		p.arguments()
		p.life()
		p.opening()
		p.stores()
		p.files()

		var known leak.Finder
		known.Contact(p.man)
		known.Contact(zebulon())
		known.Text("castle Pánza")
		for _, err := range p.errs {
			if s := known.InError(err); s != "" {
				t.Errorf("%q shows %q", err, s)
			}
			if strings.TrimSpace(err.Error()) == "" {
				t.Errorf("a %T says nothing", err)
			}
		}
		everyError(t, p.errs)
	}
}

// numbers that somebody has, or that cannot be read.
func (p *provoker) numbers() {
	for _, text := range spellings {
		p.add(errOf(p.b.Create(ctx, typed("Zebulon", text))))
	}
	rival := must(p.b.Create(ctx, typed("Rival", "+919876543299")))(p.T)
	p.add(errOf(p.b.CreateAll(ctx, []contacts.Contact{zebulon(), zebulon()})))
	for _, r := range must(p.b.CreateEach(ctx, []contacts.Contact{zebulon(), typed("Zebulon", "quixote 98765")}))(p.T) {
		p.add(r.Err)
	}
	early := zebulon()
	early.ID, early.CreatedAt, early.CreatedBy, early.Status = "zebulon@windmill", time.Unix(-1, 0), "Zebulon\n", "ZEBULON"
	for _, r := range must(p.b.RestoreEach(ctx, []contacts.Contact{early, {ID: "z1", FirstName: "Zebulon", CellPhone: contacts.Phone{Number: "+919876543210"}}}))(p.T) {
		p.add(r.Err)
	}
	both := zebulon()
	both.Phones = []contacts.Phone{{Number: "+919876543299"}}
	p.add(errOf(p.b.Upsert(ctx, both, nil)))
	rival.CellPhone = contacts.Phone{Number: "098765 43210"}
	p.add(errOf(p.b.Update(ctx, rival)))
	rival.Revision += 100
	p.add(errOf(p.b.Update(ctx, rival)))
	for _, text := range []string{"9876543210 9876543211", "9.87654E+09", "+99998765432100", "Zebulon", "98765", "anonymous Zebulon", "", "987 Zebulon 654 3210 x", "zebulon@windmill.example"} {
		m := must(p.b.Lookup(ctx, text, nil))(p.T)
		if m.Refusal != nil {
			p.add(m.Refusal)
			p.add(errOf(p.b.Reassign(ctx, text, p.man.ID)))
			p.add(lastError(p.b.NumberHistory(ctx, text, nil)))
		}
		if text != "" {
			p.add(errOf(p.b.Create(ctx, typed("Zebulon", text))))
		}
	}
	abroad := openBook(p.T, p.s, &contacts.Options{Rules: contacts.RelaxedRules()})
	p.add(errOf(abroad.Create(ctx, typed("Zebulon", "9876543211"))))
	p.add(errOf(p.b.With(contacts.Rules{AnyNotation: true, Optional: true, RequireValid: true}).Create(ctx, typed("Zebulon", "+911234567"))))
}

// fields that break a rule.
func (p *provoker) fields() {
	strict := p.b.With(contacts.Rules{})
	p.add(errOf(strict.Create(ctx, contacts.Contact{})))
	for _, c := range []contacts.Contact{
		api(" ", "Quíxote", "98765xxxxx"), api("Zebulon", "Quíxote", "9876"), api("Zebulon", "Quíxote", "98765432109876543"),
	} {
		p.add(errOf(strict.Create(ctx, c)))
	}
	c := api("Zebulon", "Quíxote", "9876543210")
	c.Salutation, c.CellPhone.CountryCode = "Zebulon", "98765"
	p.add(errOf(strict.Create(ctx, c)))
	for _, in := range []string{
		`{"firstName":null,"lastName":7,"notes":9876543210,"tags":["Zebulon",9876543210],"emails":"zebulon@windmill.example","custom":{"rocinante":9876543210}}`,
		`{"cellPhone":{"phoneNumber":9876543210,"countryCode":null},"phones":["9876543210"],"createdAt":"98765 Zebulon"}`,
	} {
		var c contacts.Contact
		if err := json.Unmarshal([]byte(in), &c); err != nil {
			p.Error(err)
		}
		p.add(errOf(strict.Create(ctx, c)))
	}
	for _, in := range []string{`{"firstName":"Zebulon" 9876543210}`, `"Zebulon"`, `9876543210`, `{"firstName":"Zebulon`, `[{"a":"Zebulon"}]`} {
		p.add(json.Unmarshal([]byte(in), new(contacts.Contact)))
	}
	for _, change := range []func(*contacts.Contact){
		func(c *contacts.Contact) { c.FirstName = "Zebulon\x00" },
		func(c *contacts.Contact) { c.LastName = strings.Repeat("Quíxote", 100) },
		func(c *contacts.Contact) { c.Emails = []contacts.Email{{Address: "zebulon at windmill.example"}} },
		func(c *contacts.Contact) { c.Emails = []contacts.Email{{Address: "zebulon@windmill.example\xff"}} },
		func(c *contacts.Contact) { c.Notes = strings.Repeat("falcon", 10_000) },
		func(c *contacts.Contact) { c.Tags = []string{"dulcinea", "dulcinea", " "} },
		func(c *contacts.Contact) { c.Tags = slices.Repeat([]string{"dulcinea"}, 100) },
		func(c *contacts.Contact) {
			c.Custom = map[string]string{"Zebulon": strings.Repeat("9876543210", 300), "98765 43210\n": "x"}
		},
		func(c *contacts.Contact) {
			c.Custom = map[string]string{strings.Repeat("rocinante", 10): "purple\x01"}
		},
		func(c *contacts.Contact) { c.Address = []json.RawMessage{[]byte(`{"Zebulon":`)} },
		func(c *contacts.Contact) {
			c.Phones = []contacts.Phone{{Number: "9876543210 Zebulon", Label: "castle\x02", Extension: strings.Repeat("98765", 9)}}
		},
		func(c *contacts.Contact) { c.Phones = []contacts.Phone{{CountryCode: "+9198765"}} },
	} {
		c := p.man.Clone()
		change(&c)
		p.add(errOf(p.b.Update(ctx, c)))
		c.CellPhone = contacts.Phone{}
		p.add(errOf(p.b.Create(ctx, c)))
	}
	p.add(errOf(p.b.Create(ctx, contacts.Contact{Notes: "falcon"})))
	p.add(errOf(p.b.Create(ctx, contacts.Contact{CellPhone: contacts.Phone{CountryCode: "98765"}})))
}

// arguments that are not what they should be: a name or number in their place.
func (p *provoker) arguments() {
	for _, wrong := range []string{"Zebulon Quíxote", "9876543210", "+919876543210", "zebulon@windmill.example", "Zebulon/9876543210"} {
		p.add(errOf(p.b.Get(ctx, wrong)))
		p.add(errOf(p.b.Delete(ctx, wrong)))
		p.add(p.b.Purge(ctx, wrong))
		p.add(errOf(p.b.Update(ctx, contacts.Contact{ID: wrong, FirstName: "Zebulon"})))
		p.add(errOf(p.b.Edit(ctx, wrong, nil)))
		p.add(errOf(p.b.Reassign(ctx, "+919876543210", wrong)))
		p.add(errOf(p.b.Resolve(ctx, wrong)))
		p.add(errOf(p.b.Merge(ctx, wrong, []string{p.man.ID}, nil)))
		p.add(errOf(p.b.Merge(ctx, p.man.ID, []string{wrong}, nil)))
		p.add(errOf(p.b.Merge(ctx, p.man.ID, []string{wrong, wrong}, nil)))
		p.add(errOf(p.b.Merge(ctx, p.man.ID, nil, &contacts.MergeOptions{Take: map[string]string{"custom." + wrong: wrong}})))
		p.add(errOf(p.b.Merge(ctx, p.man.ID, nil, &contacts.MergeOptions{Take: map[string]string{wrong: p.man.ID}})))
		p.add(errOf(p.b.Unmerge(ctx, p.man.ID, wrong)))
		p.add(errOf(p.b.Unmerge(ctx, p.man.ID, wrong, wrong)))
		p.add(lastError(p.b.History(ctx, wrong, nil)))
		p.add(errOf(p.b.List(ctx, &contacts.ListOptions{Cursor: wrong})))
		p.add(errOf(p.b.Search(ctx, "Zebulon", &contacts.SearchOptions{Cursor: wrong})))
		p.add(errOf(p.b.Search(ctx, wrong, &contacts.SearchOptions{Site: &phone.Site{Region: wrong}})))
		p.add(errOf(p.b.Lookup(ctx, wrong, &contacts.LookupOptions{Site: &phone.Site{Region: wrong}})))
		p.add(errOf(p.b.Lookup(ctx, wrong, &contacts.LookupOptions{Suffix: 3})))
		p.add(errOf(p.b.SetSite(ctx, phone.Site{OutsideLine: wrong})))
		p.add(errOf(contacts.ParseToken(wrong)))
		p.add(new(phone.Reason).UnmarshalText([]byte(wrong)))
		p.add(new(phone.How).UnmarshalText([]byte(wrong)))
		p.add(errOf(p.s.Find(ctx, p.b.Scope(), contacts.Query{Words: []contacts.Term{{Text: wrong, Sets: []string{wrong}}}})))
		p.add(errOf(p.s.Find(ctx, p.b.Scope(), contacts.Query{Suffix: wrong + "x"})))
		p.add(errOf(p.s.Find(ctx, p.b.Scope(), contacts.Query{Prefixes: []string{wrong + "x"}})))
		p.add(errOf(p.s.Find(ctx, p.b.Scope(), contacts.Query{Status: []contacts.Status{contacts.Status(wrong)}})))
		st := must(p.s.Stat(ctx, p.b.Scope()))(p.T)
		write := contacts.Write{Contact: contacts.Contact{ID: "c1", Status: contacts.Status(wrong)}}
		p.add(errOf(p.s.Apply(ctx, p.b.Scope(), contacts.Batch{Index: st.Index, Writes: []contacts.Write{write}})))
		write = contacts.Write{Contact: contacts.Contact{ID: "c1", Status: contacts.Active}, Keys: contacts.Keys{Sort: wrong + "\x00"}}
		p.add(errOf(p.s.Apply(ctx, p.b.Scope(), contacts.Batch{Index: st.Index, Writes: []contacts.Write{write}})))
	}
}

// life has contacts deleted, merged, purged and trimmed.
func (p *provoker) life() {
	c := zebulon()
	c.CellPhone, c.Phones = contacts.Phone{Number: "+919876543280"}, nil
	gone := must(p.b.Create(ctx, c))(p.T)
	gone = must(p.b.Delete(ctx, gone.ID))(p.T)
	taken := must(p.b.Create(ctx, c))(p.T)
	p.add(errOf(p.b.Undelete(ctx, gone.ID)))
	p.add(errOf(p.b.At(gone.Revision-1).Delete(ctx, gone.ID)))
	p.add(errOf(p.b.Reassign(ctx, "+919876543210", gone.ID)))
	p.add(errOf(p.b.Merge(ctx, p.man.ID, []string{gone.ID}, nil)))
	p.add(errOf(p.b.Merge(ctx, p.man.ID, []string{taken.ID}, &contacts.MergeOptions{Revisions: map[string]uint64{taken.ID: 1}})))

	must(p.b.Merge(ctx, p.man.ID, []string{taken.ID}, nil))(p.T)
	p.add(errOf(p.b.Delete(ctx, taken.ID)))
	taken.FirstName = "Zebulon II"
	p.add(errOf(p.b.Update(ctx, taken)))
	must(p.b.Unmerge(ctx, p.man.ID))(p.T)

	if err := p.b.Purge(ctx, gone.ID); err != nil {
		p.Error(err)
	}
	p.add(errOf(p.b.Get(ctx, gone.ID)))
	p.add(p.b.Purge(ctx, gone.ID))
	same := openBook(p.T, p.s, &contacts.Options{Rules: contacts.RelaxedRules(), NewID: func() string { return p.man.ID }})
	p.add(errOf(same.Create(ctx, contacts.Contact{FirstName: "Zebulon"})))

	c = contacts.Contact{FirstName: "Zebulon", LastName: "Quíxote"}
	must(p.b.Once("9876543210").Create(ctx, c))(p.T)
	c.LastName = "Pánza"
	p.add(errOf(p.b.Once("9876543210").Create(ctx, c)))
	p.add(errOf(p.b.Once(strings.Repeat("Zebulon", 50)).Create(ctx, c)))
	p.add(errOf(p.b.Once("9876543210").Delete(ctx, p.man.ID)))

	st := must(p.s.Stat(ctx, p.b.Scope()))(p.T)
	if err := contacts.Trim(ctx, p.s, p.b.Scope(), st.Last); err != nil {
		p.Error(err)
	}
	p.add(errOf(p.b.Events(ctx, contacts.Token{Epoch: st.Epoch}, 0)))
	p.add(errOf(p.b.Events(ctx, contacts.Token{Epoch: "Zebulon", Revision: 1}, 0)))
	p.add(lastError(p.b.Watch(ctx, contacts.Token{Epoch: "9876543210", Revision: 9876543210})))
}

// opening books that do not fit.
func (p *provoker) opening() {
	open := func(scope contacts.Scope, o contacts.Options) error { return errOf(contacts.Open(ctx, p.s, scope, &o)) }
	scope := p.b.Scope()
	p.add(open(contacts.Scope{Account: strings.Repeat("Zebulon", 99)}, contacts.Options{}))
	p.add(open(contacts.Scope{Stream: "Zebulon\x00"}, contacts.Options{}))
	p.add(open(scope, contacts.Options{UniqueBy: contacts.UniqueByAccount}))
	p.add(open(scope, contacts.Options{Site: phone.Site{Region: "9876543210"}}))
	p.add(open(scope, contacts.Options{Site: phone.Site{Rules: &phone.Rules{Add: []phone.Rule{{Code: 1}}}}}))
	readOnly := openBook(p.T, p.s, &contacts.Options{ReadOnly: true, Rules: contacts.RelaxedRules()})
	p.add(errOf(readOnly.Create(ctx, zebulon())))
	other := &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true, Site: phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}}
	stale := openBook(p.T, p.s, other)
	p.add(errOf(stale.Lookup(ctx, "+919876543210", nil)))
	p.add(errOf(stale.Create(ctx, zebulon())))
	future := contacts.Scope{Account: "future"}
	if _, err := p.s.Apply(ctx, future, contacts.Batch{Index: contacts.IndexVersion{Generation: 99}, Settings: []byte("{}")}); err != nil {
		p.Error(err)
	}
	p.add(open(future, contacts.Options{}))
	torn := contacts.Scope{Account: "torn"}
	st := must(p.s.Stat(ctx, scope))(p.T)
	if _, err := p.s.Apply(ctx, torn, contacts.Batch{Index: st.Index, Settings: []byte(`{"region":9876543210}`)}); err != nil {
		p.Error(err)
	}
	p.add(open(torn, contacts.Options{}))
}

// stores that fail.
func (p *provoker) stores() {
	st := must(p.s.Stat(ctx, p.b.Scope()))(p.T)
	load := func(scope contacts.Scope, list ...contacts.LoadRecord) error {
		return errOf(contacts.Load(ctx, p.s, scope, contacts.LoadHead{Index: st.Index}, func(yield func(contacts.LoadRecord, error) bool) {
			for _, r := range list {
				if !yield(r, nil) {
					return
				}
			}
		}))
	}
	record := contacts.LoadRecord{Contact: p.man, Keys: contacts.Keys{Claims: []phone.Line{919876543210}}}
	record.Contact.Revision = 1
	again := record
	again.Contact.ID, again.Contact.Revision = "c2", 2
	p.add(load(p.b.Scope(), record))
	p.add(load(contacts.Scope{Account: "loaded"}, record, again))
	p.add(load(contacts.Scope{Account: "loaded"}, record, record))
	record.Keys.Sort = "Zebulon\x00"
	p.add(load(contacts.Scope{Account: "loaded"}, record))
	record.Keys = contacts.Keys{Words: []contacts.Word{{Text: strings.Repeat("Zebulon", 99)}}}
	p.add(load(contacts.Scope{Account: "loaded"}, record))

	p.add(contacts.Backup(ctx, plain{p.s}, nil))
	p.add(errOf(contacts.Copy(ctx, flawed{Store: memstore.New(), contact: func(c *contacts.Contact) { c.LastName += "x" }}, p.s,
		&contacts.CopyOptions{Scopes: []contacts.Scope{p.b.Scope()}})))
	p.add(errOf(openBook(p.T, unsure{p.s}, &contacts.Options{Rules: contacts.RelaxedRules()}).Create(ctx, typed("Zebulon", "+919876543277"))))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	p.add(errOf(p.b.Create(cancelled, zebulon())))
	p.add(errOf(p.b.Lookup(cancelled, "+919876543210", nil)))
	if err := p.s.Close(); err != nil {
		p.Error(err)
	}
	p.add(errOf(p.b.Create(ctx, zebulon())))
	p.add(errOf(p.b.Search(ctx, "Zebulon", nil)))
}

// unsure does not know what became of a commit.
type unsure struct{ contacts.Store }

func (unsure) Apply(context.Context, contacts.Scope, contacts.Batch) (contacts.Applied, error) {
	return contacts.Applied{}, contacts.ErrCommitUnknown
}

// files that are no books, in use or damaged.
func (p *provoker) files() {
	path := filepath.Join(tempDir(p.T), "book.db")
	open := func() error { return errOf(boltstore.Open(path, &boltstore.Options{LockWait: -1})) }
	if err := os.WriteFile(path, []byte("Zebulon Quíxote,+919876543210\n"), 0o600); err != nil {
		p.Fatal(err)
	}
	p.add(open())
	if err := os.Remove(path); err != nil {
		p.Fatal(err)
	}
	s := must(boltstore.Open(path, nil))(p.T)
	b := openBook(p.T, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(b.Create(ctx, zebulon()))(p.T)
	p.add(open()) // by another
	if err := s.Close(); err != nil {
		p.Error(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:3*os.Getpagesize()], 0o600); err != nil {
		p.Fatal(err)
	}
	p.add(open())
	if err := os.WriteFile(path, bytes.ReplaceAll(whole, []byte("Zebulon"), []byte("Zebulin")), 0o600); err != nil {
		p.Fatal(err)
	}
	s, err = boltstore.Open(path, nil)
	if err == nil {
		p.add(contacts.Check(ctx, s))
		err = s.Close()
	}
	if err != nil {
		p.add(err)
	}
}

// lastError returns the error that a sequence ends with.
func lastError[T any](seq iter.Seq2[T, error]) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

// The sentinels, error types and reasons of package contacts.
var (
	sentinels = map[string]error{
		"ErrNotFound": contacts.ErrNotFound, "ErrClosed": contacts.ErrClosed, "ErrReadOnly": contacts.ErrReadOnly,
		"ErrCommitUnknown": contacts.ErrCommitUnknown, "ErrConflict": contacts.ErrConflict, "ErrDuplicateNumber": contacts.ErrDuplicateNumber,
		"ErrAmbiguous": contacts.ErrAmbiguous, "ErrInvalid": contacts.ErrInvalid, "ErrExists": contacts.ErrExists, "ErrMerged": contacts.ErrMerged,
		"ErrOpReused": contacts.ErrOpReused, "ErrStaleIndex": contacts.ErrStaleIndex, "ErrTrimmed": contacts.ErrTrimmed,
		"ErrCursor": contacts.ErrCursor, "ErrTooLarge": contacts.ErrTooLarge, "ErrNotEmpty": contacts.ErrNotEmpty,
		"ErrUnsupported": contacts.ErrUnsupported, "ErrUniqueBy": contacts.ErrUniqueBy, "ErrLocked": contacts.ErrLocked,
		"ErrNotBook": contacts.ErrNotBook, "ErrDamaged": contacts.ErrDamaged, "ErrNewer": contacts.ErrNewer, "ErrCopyDiffers": contacts.ErrCopyDiffers,
	}
	errorTypes = []error{
		&contacts.DuplicateNumberError{}, &contacts.AmbiguousError{}, &contacts.RevisionError{}, &contacts.MergedError{}, &contacts.PurgedError{},
		&contacts.IndexError{}, &contacts.TrimmedError{}, &contacts.ValidationError{}, contacts.FieldError{},
	}
	reasons = map[string]contacts.Reason{
		"ReasonMissing": contacts.ReasonMissing, "ReasonNull": contacts.ReasonNull, "ReasonBlank": contacts.ReasonBlank, "ReasonType": contacts.ReasonType,
		"ReasonTooLong": contacts.ReasonTooLong, "ReasonTooShort": contacts.ReasonTooShort, "ReasonCharacter": contacts.ReasonCharacter,
		"ReasonChoice": contacts.ReasonChoice, "ReasonCountryCode": contacts.ReasonCountryCode, "ReasonNumber": contacts.ReasonNumber,
		"ReasonUnverified": contacts.ReasonUnverified, "ReasonRepeated": contacts.ReasonRepeated, "ReasonEmpty": contacts.ReasonEmpty,
		"ReasonTime": contacts.ReasonTime,
	}
)

// everyError wants all of them to be among errs, and to be all that the package
// declares.
func everyError(t *testing.T, errs []error) {
	t.Helper()
	types, met := map[string]bool{}, map[contacts.Reason]bool{
		contacts.ReasonNumber: true, // for an error that package phone does not have
	}
	clear := map[string]bool{}
	for _, err := range errs {
		var v *contacts.ValidationError
		var dup *contacts.DuplicateNumberError
		if errors.As(err, &v) {
			for _, f := range v.Fields {
				met[f.Reason], types["FieldError"] = true, true
				clear[f.Value] = true
			}
		}
		if errors.As(err, &dup) {
			for _, r := range dup.Refusals {
				clear[r.Number], clear[r.HolderName] = true, true
			}
		}
		for _, target := range errorTypes {
			if at := reflect.New(reflect.TypeOf(target)); errors.As(err, at.Interface()) {
				types[reflect.Indirect(at.Elem()).Type().Name()] = true
			}
		}
	}
	for _, want := range []string{"+919876543210", "Zebulon Quíxote", "Zebulon", "zebulon at windmill.example"} {
		if !clear[want] {
			t.Errorf("in the fields of no error %q is in the clear", want)
		}
	}
	for name, target := range sentinels {
		if !slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, target) }) {
			t.Errorf("%s was not met", name)
		}
	}
	for name, reason := range reasons {
		if !met[reason] {
			t.Errorf("%s was not met", name)
		}
	}
	for r := phone.ReasonBlank; r <= phone.ReasonInvalid; r++ {
		if !met[contacts.Reason(r.String())] {
			t.Errorf("phone's reason %s was not met", r)
		}
	}
	for d := range declarations(t) {
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if name := s.Name.Name; s.Name.IsExported() && strings.HasSuffix(name, "Error") && !types[name] {
					t.Errorf("type %s was not met", name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					_, isSentinel := sentinels[n.Name]
					_, isReason := reasons[n.Name]
					if d.Tok == gotoken.VAR && strings.HasPrefix(n.Name, "Err") && !isSentinel ||
						d.Tok == gotoken.CONST && strings.HasPrefix(n.Name, "Reason") && !isReason {
						t.Errorf("this test does not know %s", n.Name)
					}
				}
			}
		}
	}
}
