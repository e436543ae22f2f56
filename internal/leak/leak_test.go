package leak

import (
	"errors"
	"fmt"
	"testing"

	"github.com/callerbook/contacts"
)

func TestFinder(t *testing.T) {
	var f Finder
	f.Contact(contacts.Contact{
		ID: "c-quixote-1", FirstName: "Zebulon", LastName: "Quíxote", Notes: "owes a falcon",
		CellPhone: contacts.Phone{Number: "+919876543210", Input: "+٩١ ٩٨٧٦٥ ٤٣٢١٠"},
		Phones:    []contacts.Phone{{Number: "+49301234"}},
		Custom:    map[string]string{"shoe": "purple"},
	})
	for text, want := range map[string]string{
		"contacts: number ****3210 belongs to contact c-quixote-1 (Z*** Q***)": "",
		"contacts: contact 01a204cf-fcf4-77c8-a354-876543210a0a not found":     "",
		"/tmp/Zebulon/9876543210.db: file is in use":                           "",
		"Zebulon/9876543210":                   "Zebulon",
		"revision 98, now 76543 of 1234567890": "76543",
		"no ZEBULON here":                      "ZEBULON",
		"of quíxote.":                          "quíxote",
		"her falcon is gone":                   "falcon",
		"the shoe":                             "shoe",
		"it is purple":                         "purple",
		"write to x@y.example":                 "x@y.example",
		"not +919876543210":                    "919876543210",
		"not 98765 43210":                      "98765 43210",
		"not (98765)-43210":                    "98765)-43210",
		"not 098765":                           "",
		"not 19876543":                         "19876543",
		"the number ends in 3210, item 98765 of them has 250000 bytes, at most 262144.": "98765",
		"not 301234": "301234",
	} {
		if got := f.In(text); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
	hidden := errors.New("of Zebulon")
	for _, err := range []error{hidden, fmt.Errorf("wrapped: %w", hidden), quiet{hidden}, errors.Join(errors.New("x"), hidden)} {
		if got := f.InError(err); got != "Zebulon" {
			t.Errorf("%v: found %q", err, got)
		}
	}
	if got := f.InError(nil); got != "" {
		t.Errorf("found %q in no error", got)
	}
}

// quiet does not show what it wraps.
type quiet struct{ error }

func (quiet) Error() string   { return "something" }
func (q quiet) Unwrap() error { return q.error }
