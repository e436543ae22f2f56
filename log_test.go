package contacts_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/leak"
	"github.com/callerbook/contacts/phone"
)

// logged are the types that hold personal data: a host may log them.
var logged = []any{
	contacts.Contact{}, contacts.Phone{}, contacts.Email{}, contacts.Origin{}, contacts.Taken{},
	contacts.Event{}, contacts.Change{}, contacts.FieldChange{}, contacts.Tenure{},
	contacts.Match{}, contacts.Found{}, contacts.Highlight{}, contacts.Results{}, contacts.List{}, contacts.Duplicate{},
	contacts.Result{}, contacts.Upserted{}, contacts.MergePreview{}, contacts.Unmerged{}, contacts.Resolved{}, contacts.Reindexed{},
	contacts.Copied{}, contacts.CopiedScope{}, contacts.Refusal{}, contacts.Holder{}, contacts.UpsertResult{}, contacts.Collision{},
	contacts.ImportRow{}, contacts.ImportResult{},
	&contacts.DuplicateNumberError{}, &contacts.AmbiguousError{}, &contacts.ValidationError{}, contacts.FieldError{},
	// Of stores.
	contacts.Query{}, contacts.Term{}, contacts.HistoryQuery{}, contacts.Page{}, contacts.Hit{}, contacts.Word{},
	contacts.Batch{}, contacts.Write{}, contacts.Keys{}, contacts.Applied{}, contacts.Refused{}, contacts.LoadRecord{},
}

// open are the types without personal data, and options: what a host passes
// it may know.
var open = []any{
	contacts.Book{}, contacts.Options{}, contacts.Rules{}, contacts.Actor{}, contacts.Scope{}, contacts.Token{}, contacts.Counts{},
	contacts.ListOptions{}, contacts.SearchOptions{}, contacts.LookupOptions{}, contacts.UpsertOptions{}, contacts.MergeOptions{},
	contacts.ReindexOptions{}, contacts.HistoryOptions{}, contacts.NumberHistoryOptions{}, contacts.CopyOptions{}, contacts.CopyProgress{},
	contacts.ImportOptions{}, contacts.ImportCounts{},
	contacts.IndexVersion{}, contacts.Stat{}, contacts.LoadHead{}, contacts.RevisionConflict{},
	contacts.RevisionError{}, contacts.MergedError{}, contacts.PurgedError{}, contacts.IndexError{}, contacts.TrimmedError{},
}

// shown are the fields of text that a log may have: ids, states, and what the
// library itself writes.
var shown = strings.Fields("ID HolderID MergedInto With Via Status Epoch Op Next Cursor Rule Field Detail Reason " +
	"OrgID AccountID StreamID Account Stream CreatedBy CreatedByAID UpdatedBy UpdatedByAID By ByAID")

const secret = "Zebulon Quixote +919876543210 zebulon@windmill.example"

// personal fills all of v that may tell of a person.
func personal(v reflect.Value, field string) {
	switch x := v.Addr().Interface().(type) {
	case *phone.Number:
		*x, _ = phone.ParseE164("+919876543210")
		return
	case *phone.Line:
		*x = 919876543210
		return
	case *json.RawMessage:
		*x = json.RawMessage(`"` + secret + `"`)
		return
	case *time.Time:
		return
	case *error:
		*x = &contacts.DuplicateNumberError{Refusals: []contacts.Refusal{{Number: "+919876543210", HolderID: "c1", HolderName: secret, Earlier: -1}}}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(secret)
		if slices.Contains(shown, field) {
			v.SetString("c1")
		}
		if field == "Field" {
			v.SetString("custom.Zebulon")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				personal(v.Field(i), f.Name)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		personal(v.Index(0), field)
		personal(v.Index(1), field)
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.ValueOf(map[string]string{secret: secret}))
		}
	}
}

func TestLogsAreMasked(t *testing.T) {
	var known leak.Finder
	known.Text(secret)
	known.Number("+919876543210")
	for _, zero := range logged {
		v := reflect.New(reflect.TypeOf(zero)).Elem()
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			personal(v.Elem(), "")
		} else {
			personal(v, "")
		}
		var text, js bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&js, nil)} {
			log := slog.New(h)
			log.Info("m", "v", v.Interface())
			log.With("v", v.Interface()).WithGroup("g").Info("m", slog.Group("h", "v", v.Interface()))
			if v.Kind() != reflect.Pointer {
				log.Info("m", "v", v.Addr().Interface())
			}
		}
		for _, out := range []string{text.String(), js.String()} {
			if s := known.In(out); s != "" {
				t.Errorf("a log of %T shows %q: %s", zero, s, out)
			}
			if strings.Contains(out, "PANIC") || strings.Contains(out, "panicked") {
				t.Error(out)
			}
		}
	}
}

// A contact in a log says which one it is.
func TestLogOfAContact(t *testing.T) {
	var out bytes.Buffer
	c := contacts.Contact{ID: "c1", Status: contacts.Active, Revision: 7, FullName: "Zebulon Quixote", CellPhone: contacts.Phone{Number: "+919876543210"}}
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: drop})).Info("called", "by", contacts.Match{Kind: contacts.MatchExact, Contact: c})
	const want = `level=INFO msg=called by.kind=exact by.contact.id=c1 by.contact.status=ACTIVE by.contact.revision=7 ` +
		`by.contact.name="Z*** Q***" by.contact.number=****3210 by.candidates=0 `
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

// Every exported struct is known to this test.
func TestLogKnowsAllTypes(t *testing.T) {
	known := map[string]bool{}
	for _, v := range append(slices.Clone(logged), open...) {
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		known[typ.Name()] = true
	}
	for d := range declarations(t) {
		for _, spec := range d.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if !ok || !s.Name.IsExported() {
				continue
			}
			if _, ok := s.Type.(*ast.StructType); ok && !known[s.Name.Name] {
				t.Errorf("%s is neither among the types that are masked in logs nor among those without personal data", s.Name.Name)
			}
		}
	}
}

// declarations yields the general declarations of package contacts.
func declarations(t *testing.T) func(func(*ast.GenDecl) bool) {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var list []*ast.GenDecl
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				list = append(list, g)
			}
		}
	}
	return slices.Values(list)
}

// The path of a change in a list has the item in it.
func TestLogOfAFieldChange(t *testing.T) {
	for path, want := range map[string]string{
		"phones[+919876543210].label": "phones",
		"emails[a@x.example].address": "emails",
		"tags[vip]":                   "tags",
		"phones[2].phoneNumber":       "phones[2].phoneNumber",
		"custom.Zebulon":              "a value of custom",
		"title":                       "title",
	} {
		if got := (contacts.FieldChange{Field: path}).LogValue().String(); got != want {
			t.Errorf("%s is logged as %s, want %s", path, got, want)
		}
	}
}
