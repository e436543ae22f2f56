package contacts_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/callerbook/contacts"
)

// TestImportRestoreModel compares Import, of rows that share ids and numbers, with
// RestoreEach of one row after the other.
func TestImportRestoreModel(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		for _, held := range []contacts.HeldPolicy{contacts.RefuseHeld, contacts.KeepHeld} {
			for _, size := range []int{60, 2500} {
				for seed := range uint64(2) {
					t.Run(fmt.Sprint(held, size, seed), func(t *testing.T) {
						importRestoreModel(t, rand.New(rand.NewPCG(seed, uint64(size))), held, size, open())
					})
				}
			}
		}
	})
}

func importRestoreModel(t *testing.T, r *rand.Rand, held contacts.HeldPolicy, size int, s contacts.Store) {
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = held == contacts.KeepHeld
	imported, single := openBook(t, s, inIndia()), openBook(t, newStore(t), inIndia()).With(rules)
	rows := make([]contacts.ImportRow, size)
	for i := range rows {
		c := &rows[i].Contact
		c.ID = fmt.Sprint("c", r.IntN(3*size))
		c.FirstName = fmt.Sprint("N", r.IntN(10))
		if r.IntN(4) > 0 {
			c.CellPhone.Number = []string{"", "0", "+91 "}[r.IntN(3)] + fmt.Sprint(9000000000+r.IntN(3*size))
		}
		switch r.IntN(30) {
		case 0:
			c.ID = "no id"
		case 1:
			c.Status = contacts.Inactive
		case 2:
			c.Status = "GONE"
		case 3:
			c.CellPhone.Number = "12"
		}
	}
	for range 2 {
		tried := importAll(t, imported, rows, &contacts.ImportOptions{Restore: true, Held: held, DryRun: true})
		got := importAll(t, imported, rows, &contacts.ImportOptions{Restore: true, Held: held})
		for i, g := range got {
			before, _ := single.Get(ctx, rows[i].Contact.ID)
			want := must(single.RestoreEach(ctx, []contacts.Contact{rows[i].Contact}))(t)[0]
			outcome := contacts.ImportUpdated
			switch {
			case want.Err != nil:
				outcome = contacts.ImportFailed
			case before.ID == "":
				outcome = contacts.ImportCreated
			case before.Revision == want.Contact.Revision:
				outcome = contacts.ImportSkipped
			}
			if g.Outcome != outcome || tried[i].Outcome != outcome || sameReason(g.Err) != sameReason(want.Err) || want.Err == nil && said(g.Contact) != said(want.Contact) {
				t.Fatalf("row %d: %v %v %s\nwant %v %v %s", i, g.Outcome, g.Err, said(g.Contact), outcome, want.Err, said(want.Contact))
			}
		}
	}
	var have [2][]string
	for i, b := range []*contacts.Book{imported, single} {
		for c, err := range b.All(ctx, &contacts.ListOptions{Status: anyStatus}) {
			if err != nil {
				t.Fatal(err)
			}
			have[i] = append(have[i], said(c))
		}
		slices.Sort(have[i])
	}
	if !slices.Equal(have[0], have[1]) {
		t.Errorf("the book has %d contacts, and %d one by one, or others", len(have[0]), len(have[1]))
	}
}

// said is a contact without times and revision.
func said(c contacts.Contact) string {
	return fmt.Sprint(c.ID, c.Status, c.FirstName, c.CellPhone, c.Phones)
}

// sameReason tells errors apart by what they are and whom they name.
func sameReason(err error) string {
	var dup *contacts.DuplicateNumberError
	var bad *contacts.ValidationError
	switch {
	case errors.As(err, &dup):
		return "held " + dup.Refusals[0].Number
	case errors.As(err, &bad):
		return fmt.Sprint(bad.Fields[0].Field, bad.Fields[0].Reason)
	}
	return fmt.Sprint(err)
}
