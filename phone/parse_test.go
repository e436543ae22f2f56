package phone_test

import (
	"errors"
	"testing"

	"github.com/callerbook/contacts/phone"
)

func TestParseNationalFolds(t *testing.T) {
	for _, digits := range []string{"9876543210", "09876543210", "919876543210", "00919876543210", "+919876543210", "98765 43210"} {
		for _, code := range []string{"91", "+91"} {
			r, err := phone.ParseNational(code, digits, nil)
			if err != nil || r.Line != 919876543210 || !r.Valid || !r.CountryGiven {
				t.Errorf("ParseNational(%q, %q) = %+v, %v", code, digits, r, err)
			}
		}
	}
	r, err := phone.ParseNational("91", "1234567", nil)
	if err != nil || r.Valid || r.Line != 911234567 || r.Number.String() != "+911234567" {
		t.Errorf("possible number: %+v, %v", r, err)
	}
	if _, err := phone.ParseNational("999", "1234567", nil); !errors.Is(err, phone.ErrNoCountry) {
		t.Errorf("unassigned calling code: %v", err)
	}
	if _, err := phone.Parse("9876543210", nil); !errors.Is(err, phone.ErrNoCountry) {
		t.Errorf("no country: %v", err)
	}
}
