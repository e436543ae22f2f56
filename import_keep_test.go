package contacts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Rows that came in before, as a contact of whatever origin, are passed over by
// KeepHeld, too; those that say anything else come in.
func TestImportKeepRepeated(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, inIndia())
		keep := &contacts.ImportOptions{Held: contacts.KeepHeld}
		check := func(want string, rows ...string) []contacts.ImportResult {
			t.Helper()
			tried := importAll(t, b, typedRows(rows...), &contacts.ImportOptions{Held: contacts.KeepHeld, DryRun: true})
			got := importAll(t, b, typedRows(rows...), keep)
			var shown, dry []string
			for i, r := range got {
				shown, dry = append(shown, fmt.Sprint(r.Outcome.String(), len(r.Kept))), append(dry, fmt.Sprint(tried[i].Outcome.String(), len(tried[i].Kept)))
				var rev *contacts.RevisionError
				if r.Outcome == contacts.ImportSkipped && (!errors.As(r.Err, &rev) || rev.Conflicts[0].Index != i || rev.Conflicts[0].ID == "" || !errors.Is(r.Err, contacts.ErrExists)) {
					t.Errorf("row %d: %v", i, r.Err)
				}
			}
			if s := strings.Join(shown, " "); s != want || s != strings.Join(dry, " ") {
				t.Errorf("got %q, dry %q, want %q", shown, dry, want)
			}
			return got
		}
		asha := must(b.Create(ctx, typed("Asha", "9876543210")))(t)
		got := check("skipped0 created1 created1 skipped0", "Asha 098765 43210", "Ben 9876543210", "Asha 9876543210, 9876500001", "Ben +919876543210")
		check("skipped0 skipped0 skipped0 skipped0", "Asha 098765 43210", "Ben 9876543210", "Asha 9876543210, 9876500001", "Ben +919876543210")

		// Changed, it is still what came in, unlike a contact that is not of an import.
		ben := got[1].Contact
		ben.Title = "Dr"
		must(b.Update(ctx, ben))(t)
		asha.Title = "Dr"
		must(b.Update(ctx, asha))(t)
		check("skipped0 created1", "Ben 9876543210", "Asha 9876543210")
		// Deleted, it comes in anew, and once.
		must(b.Delete(ctx, ben.ID))(t)
		check("created1 skipped0", "Ben 9876543210", "Ben 9876543210")
		check("skipped0", "Ben 9876543210")
	})
}

// A number that very many contacts claim is no hindrance: they are known again.
func TestImportKeepOneNumber(t *testing.T) {
	rows := make([]contacts.ImportRow, 3000)
	for i := range rows {
		rows[i].Contact = typed(fmt.Sprint("N", i/2), "9876543210")
	}
	for _, seeds := range []int{0, 1} {
		b := openBook(t, newStore(t), inIndia())
		for range seeds {
			must(b.Create(ctx, typed("Asha", "9876543210")))(t)
		}
		for _, created := range []int{1500, 0} {
			counts, err := b.Import(ctx, rowsOf(rows), &contacts.ImportOptions{Held: contacts.KeepHeld}, nil)
			if err != nil || counts.Created != created || counts.Skipped != 3000-created {
				t.Errorf("%+v %v", counts, err)
			}
		}
	}
}

// What IDs are made of cannot be found out by making them: they differ from book
// to book, and are the same in a copy. Whatever becomes of the site, they stay.
func TestImportMadeIDs(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		rows := typedRows("Elsa", "Finn")
		b, other := openBook(t, s, inIndia()), openBook(t, newStore(t), inIndia())
		ids := map[string]bool{}
		for _, book := range []*contacts.Book{b, other} {
			for _, r := range importAll(t, book, rows, nil) {
				if ids[r.Contact.ID] {
					t.Errorf("%s again", r.Contact.ID)
				}
				ids[r.Contact.ID] = true
			}
		}
		b = must(b.SetSite(ctx, phone.Site{Region: "GB", OutsideLine: "9"}))(t)
		copied := newStore(t)
		must(contacts.Copy(ctx, copied, s, nil))(t)
		for _, book := range []*contacts.Book{b, openBook(t, copied, nil)} {
			if book.Site().Region != "GB" {
				t.Errorf("the site is %+v", book.Site())
			}
			rows := typedRows("Elsa", "Finn")
			for i, r := range importAll(t, book.With(contacts.RelaxedRules()), rows, nil) {
				if !errors.Is(r.Err, contacts.ErrExists) {
					t.Errorf("row %d: %v %v", i, r.Outcome, r.Err)
				}
			}
		}
	})
}
