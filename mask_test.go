package contacts_test

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// No error text, and no contact in a log, shows a number, a name or an e-mail
// address that came in.
func TestErrorsAreMasked(t *testing.T) {
	b := relaxed(t)
	held := typed("Wolfgang", "+919876543210")
	held.LastName = "Ungewöhnlich"
	held.Emails = []contacts.Email{{Address: "wolfgang@geheim.example"}}
	held = must(b.Create(ctx, held))(t)
	other := must(b.Create(ctx, typed("Other", "+919876543299")))(t)

	var errs []error
	add := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("no error to look at")
		}
		errs = append(errs, err)
	}
	add(errOf(b.Create(ctx, typed("Wolfgang", "98765 43210"))))
	add(errOf(b.CreateAll(ctx, []contacts.Contact{held, held, typed("Wolfgang", "wolfgang 98765")})))
	both := typed("Wolfgang", "+919876543210")
	both.Phones = []contacts.Phone{{Number: "+919876543299"}}
	add(errOf(b.Upsert(ctx, both, nil)))
	for _, text := range []string{"9876543210 9876543211", "9.87654E+09", "+99998765432100", "Wolfgang"} {
		add(errOf(b.Create(ctx, typed("Wolfgang", text))))
		if m := must(b.Lookup(ctx, text, nil))(t); m.Refusal != nil {
			add(m.Refusal)
		}
	}
	bad := held
	bad.Emails = []contacts.Email{{Address: "wolfgang at geheim.example"}}
	bad.FirstName = "Wolfgang\x00"
	bad.Custom = map[string]string{"Wolfgang": strings.Repeat("9876543210", 300)}
	add(errOf(b.Update(ctx, bad)))
	add(errOf(b.With(contacts.Rules{}).Create(ctx, api("Wolfgang", "Ungewöhnlich", "98765xxxxx"))))
	stale := other
	stale.Revision += 100
	add(errOf(b.Update(ctx, stale)))
	add(errOf(b.Reassign(ctx, "9876543210 9876543211", other.ID)))
	add(errOf(b.List(ctx, &contacts.ListOptions{Cursor: "Wolfgang9876543210"})))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "contact", held)
	add(errors.New(log.String()))

	leak := regexp.MustCompile(`(?i)wolfgang|ungew|geheim|98765|9\.87`)
	for _, err := range errs {
		if s := leak.FindString(err.Error()); s != "" {
			t.Errorf("%q shows %q", err, s)
		}
	}
}
