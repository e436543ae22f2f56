package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

func inIndia() *contacts.Options {
	return &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}}
}

// typedRows makes rows of "name number, number", a name alone has none.
func typedRows(list ...string) []contacts.ImportRow {
	rows := make([]contacts.ImportRow, len(list))
	for i, text := range list {
		name, numbers, _ := strings.Cut(text, " ")
		c := contacts.Contact{FirstName: name}
		for k, n := range strings.Split(numbers, ", ") {
			switch {
			case n == "":
			case k == 0:
				c.CellPhone.Number = n
			default:
				c.Phones = append(c.Phones, contacts.Phone{Number: n})
			}
		}
		rows[i].Contact = c
	}
	return rows
}

// manyRows makes rows that have nothing to do with one another.
func manyRows(n int) []contacts.ImportRow {
	rows := make([]contacts.ImportRow, n)
	for i := range rows {
		rows[i].Contact = typed(fmt.Sprint("N", i), fmt.Sprint(9000000000+i))
		if i%10 == 9 {
			rows[i].Contact.CellPhone = contacts.Phone{}
		}
	}
	return rows
}

// TestImport imports the same rows beside a contact and with each policy, as a
// part of an import into a book with contacts, and of one that begins with many
// rows for an empty one.
func TestImport(t *testing.T) {
	rows := typedRows(
		"Asha 9876543210",                 // held by Asha, or by the first row
		"Asha2 098765 43210, 9876500001",  // the same number
		"Ben 9876500001",                  // of the row before, where that one has it
		"Cleo 9876500002, 9876500003",     //
		"Dev 9876500003, +91 98765 43210", // of two
		"Elsa",                            //
		"Elsa",                            // the same row
		"Finn 12",                         // no number
	)
	bad := contacts.ImportRow{Err: errors.New("line 9 cannot be read")}
	rows = append(rows, bad)
	const invalid, unread = "failed invalid", "failed line 9"
	tests := []struct {
		held contacts.HeldPolicy
		want []string
		book []string
	}{
		{contacts.RefuseHeld,
			[]string{"failed held", "failed held", "created", "created", "failed held", "created", "failed in use", invalid, unread},
			[]string{"Asha +919876543210", "Ben +919876500001", "Cleo +919876500002 +919876500003", "Elsa "}},
		{contacts.SkipHeld,
			[]string{"skipped held", "skipped held", "created", "created", "skipped held", "created", "skipped in use", invalid, unread},
			[]string{"Asha +919876543210", "Ben +919876500001", "Cleo +919876500002 +919876500003", "Elsa "}},
		{contacts.FillHeld,
			[]string{"skipped", "updated", "skipped", "created", "failed several", "created", "skipped", invalid, unread},
			[]string{"Asha +919876543210 +919876500001", "Cleo +919876500002 +919876500003", "Elsa "}},
		{contacts.OverwriteHeld,
			[]string{"skipped", "updated", "updated", "created", "failed several", "created", "skipped", invalid, unread},
			[]string{"Ben +919876543210 +919876500001", "Cleo +919876500002 +919876500003", "Elsa "}},
		{contacts.KeepHeld,
			[]string{"skipped in use", "created 1", "created 1", "created", "created 2", "created", "skipped in use", invalid, unread},
			[]string{"Asha +919876543210", "Asha2 +919876543210 +919876500001", "Ben +919876500001",
				"Cleo +919876500002 +919876500003", "Dev +919876500003 +919876543210", "Elsa "}},
	}
	show := func(r contacts.ImportResult) string {
		s := r.Outcome.String()
		switch {
		case r.Err == nil:
		case errors.Is(r.Err, contacts.ErrDuplicateNumber):
			s += " held"
		case errors.Is(r.Err, contacts.ErrExists):
			s += " in use"
		case errors.Is(r.Err, contacts.ErrAmbiguous):
			s += " several"
		case errors.Is(r.Err, contacts.ErrInvalid):
			s += " invalid"
		default:
			s += " " + r.Err.Error()[:6]
		}
		if len(r.Kept) > 0 {
			s += fmt.Sprint(" ", len(r.Kept))
		}
		return s
	}
	content := func(t *testing.T, b *contacts.Book) []string {
		var list []string
		for c, err := range b.All(ctx, nil) {
			if err != nil {
				t.Fatal(err)
			}
			numbers := []string{c.CellPhone.Number}
			for _, p := range c.Phones {
				numbers = append(numbers, p.Number)
			}
			if !strings.HasPrefix(c.FirstName, "N") {
				list = append(list, c.FirstName+" "+strings.Join(numbers, " "))
			}
		}
		slices.Sort(list)
		return list
	}
	for _, tt := range tests {
		for _, size := range []int{0, 1500} {
			t.Run(fmt.Sprint(tt.held, " ", size), func(t *testing.T) {
				onStores(t, func(t *testing.T, s contacts.Store) {
					b := openBook(t, s, inIndia())
					in, first := manyRows(size), 0
					if size == 0 {
						must(b.Create(ctx, typed("Asha", "9876543210")))(t)
					} else {
						in = append(in, typedRows("Asha 9876543210")...)
						first = len(in)
					}
					in = append(in, rows...)
					tried := importAll(t, b, in, &contacts.ImportOptions{Held: tt.held, DryRun: true})
					got := importAll(t, b, in, &contacts.ImportOptions{Held: tt.held})
					var shown, dry []string
					for i, r := range got {
						if i >= first {
							shown, dry = append(shown, show(r)), append(dry, show(tried[i]))
						} else if r.Outcome != contacts.ImportCreated {
							t.Errorf("row %d: %s", i, show(r))
						}
					}
					if !slices.Equal(shown, tt.want) {
						t.Errorf("got  %q\nwant %q", shown, tt.want)
					}
					if !slices.Equal(shown, dry) {
						t.Errorf("got     %q\ndry run %q", shown, dry)
					}
					if got := content(t, b); !slices.Equal(got, tt.book) {
						t.Errorf("the book has %q\nwant         %q", got, tt.book)
					}
					for i, r := range got {
						if r.Outcome == contacts.ImportCreated || r.Outcome == contacts.ImportUpdated {
							c := must(b.Get(ctx, r.Contact.ID))(t)
							if tt.held != contacts.OverwriteHeld && tt.held != contacts.FillHeld && (!c.Equal(r.Contact) || c.Revision != r.Contact.Revision) {
								t.Errorf("row %d: told of %+v, and the book has %+v", i, r.Contact, c)
							}
						}
					}
				})
			})
		}
	}
}

// A row without a number comes in once, but anew when its contact was deleted.
func TestImportWithoutNumber(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, inIndia())
		row := typedRows("Elsa")
		row[0].Contact.Phones = []contacts.Phone{{Number: "022 2345 6789", Shared: true}}
		ids := map[string]bool{}
		var last contacts.Contact
		for round := range 4 {
			r := importAll(t, b, row, nil)[0]
			if r.Outcome != contacts.ImportCreated || ids[r.Contact.ID] || strings.Contains(r.Contact.ID, "lsa") {
				t.Fatalf("round %d: %v of %s: %v", round, r.Outcome, r.Contact.ID, r.Err)
			}
			ids[r.Contact.ID] = true
			last = r.Contact
			for _, held := range []contacts.HeldPolicy{contacts.RefuseHeld, contacts.SkipHeld, contacts.FillHeld, contacts.OverwriteHeld, contacts.KeepHeld} {
				again := importAll(t, b, append(row, row...), &contacts.ImportOptions{Held: held})
				for _, r := range again {
					want := contacts.ImportSkipped
					if held == contacts.RefuseHeld {
						want = contacts.ImportFailed
					}
					var rev *contacts.RevisionError
					if r.Outcome != want {
						t.Errorf("policy %d: %v", held, r.Outcome)
					}
					if held != contacts.FillHeld && held != contacts.OverwriteHeld && (!errors.As(r.Err, &rev) || rev.Conflicts[0].ID != last.ID || rev.Conflicts[0].Index != r.Index) {
						t.Errorf("policy %d: %v", held, r.Err)
					}
				}
			}
			switch round {
			case 0:
				must(b.Delete(ctx, last.ID))(t)
			case 1, 2:
				must(b.Delete(ctx, last.ID))(t)
				if err := b.Purge(ctx, last.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Merged into another contact it is in the book still.
		other := must(b.Create(ctx, typed("Elsa Maria", "9876543210")))(t)
		if _, err := b.Merge(ctx, other.ID, []string{last.ID}, nil); err != nil {
			t.Fatal(err)
		}
		for _, held := range []contacts.HeldPolicy{contacts.SkipHeld, contacts.FillHeld, contacts.OverwriteHeld, contacts.KeepHeld} {
			if r := importAll(t, b, row, &contacts.ImportOptions{Held: held})[0]; r.Outcome != contacts.ImportSkipped || !errors.Is(r.Err, contacts.ErrExists) {
				t.Errorf("policy %d: %v %v", held, r.Outcome, r.Err)
			}
		}
		// What somebody added to it stays.
		must(b.Create(ctx, contacts.Contact{FirstName: "Other"}))(t)
		r := importAll(t, b, typedRows("Fay"), nil)[0]
		r.Contact.Notes = "n"
		must(b.Update(ctx, r.Contact))(t)
		if r := importAll(t, b, typedRows("Fay"), &contacts.ImportOptions{Held: contacts.OverwriteHeld})[0]; r.Outcome != contacts.ImportSkipped || r.Contact.Notes != "n" {
			t.Errorf("%v %+v", r.Outcome, r.Contact)
		}
	})
}

// Contacts that are restored are as they were, in order, and a second time the
// same.
func TestImportRestore(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		from := openBook(t, newStore(t), inIndia())
		for i, r := range must(from.CreateEach(ctx, contactsOf(manyRows(2000))))(t) {
			if i%50 == 0 {
				must(from.Delete(ctx, r.Contact.ID))(t)
			}
		}
		var rows []contacts.ImportRow
		for c, err := range from.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Status: anyStatus}) {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, contacts.ImportRow{Contact: c})
		}
		o := &contacts.ImportOptions{Restore: true}
		to := openBook(t, s, inIndia())
		check := func(want contacts.ImportOutcome) {
			t.Helper()
			for i, r := range importAll(t, to, rows, o) {
				if r.Outcome != want || !r.Contact.Equal(rows[i].Contact) {
					t.Fatalf("row %d: %v %v %+v", i, r.Outcome, r.Err, r.Contact)
				}
				if c := must(to.Get(ctx, rows[i].Contact.ID))(t); !c.Equal(rows[i].Contact) || !c.UpdatedAt.Equal(rows[i].Contact.UpdatedAt) || c.Revision != r.Contact.Revision {
					t.Fatalf("row %d: %+v", i, c)
				}
			}
		}
		check(contacts.ImportCreated)
		check(contacts.ImportSkipped)
		rows[7].Contact.Title = "Dr"
		rows = append(rows[7:8], contacts.ImportRow{Contact: contacts.Contact{ID: "a/b", FirstName: "X"}},
			contacts.ImportRow{Contact: contacts.Contact{ID: "fresh", FirstName: "Y", CellPhone: rows[11].Contact.CellPhone}})
		var got []string
		for _, r := range importAll(t, to, rows, o) {
			got = append(got, r.Outcome.String())
		}
		if want := []string{"updated", "failed", "failed"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Rows of one id, and of one number, are restored in order also where all others
// are loaded.
func TestImportRestoreRepeated(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		rows := manyRows(1200)
		for i := range rows {
			rows[i].Contact.ID = fmt.Sprint("c", i)
		}
		second := rows[3]
		second.Contact.Title = "Dr"
		other := rows[4]
		other.Contact.ID = "other"
		rows = append(rows, second, other, rows[5])
		b := openBook(t, s, inIndia())
		got := importAll(t, b, rows, &contacts.ImportOptions{Restore: true})
		for i, want := range map[int]contacts.ImportOutcome{3: contacts.ImportCreated, 4: contacts.ImportCreated, 5: contacts.ImportCreated,
			1200: contacts.ImportUpdated, 1201: contacts.ImportFailed, 1202: contacts.ImportSkipped} {
			if got[i].Outcome != want {
				t.Errorf("row %d: %v %v, want %v", i, got[i].Outcome, got[i].Err, want)
			}
		}
		var dup *contacts.DuplicateNumberError
		if !errors.As(got[1201].Err, &dup) || dup.Refusals[0].Index != 1201 || dup.Refusals[0].HolderID != "c4" && dup.Refusals[0].Earlier != 4 {
			t.Error(got[1201].Err)
		}
		if c := must(b.Get(ctx, "c3"))(t); c.Title != "Dr" {
			t.Errorf("%+v", c)
		}
	})
}

func contactsOf(rows []contacts.ImportRow) []contacts.Contact {
	list := make([]contacts.Contact, len(rows))
	for i := range rows {
		list[i] = rows[i].Contact
	}
	return list
}

func TestImportRegion(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules()})
	rows := typedRows("Ann 020 7946 0000")
	if r := importAll(t, b, rows, nil)[0]; r.Outcome != contacts.ImportFailed {
		t.Errorf("without a region: %v", r.Outcome)
	}
	if r := importAll(t, b, rows, &contacts.ImportOptions{Region: "gb"})[0]; r.Contact.CellPhone.Number != "+442079460000" {
		t.Errorf("%+v %v", r.Contact, r.Err)
	}
}

func TestImportRefusesArguments(t *testing.T) {
	s := newStore(t)
	b := openBook(t, s, inIndia())
	closed := memstore.New()
	shut := openBook(t, closed, inIndia())
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	readOnly := inIndia()
	readOnly.ReadOnly = true
	tests := []struct {
		name string
		ctx  context.Context
		book *contacts.Book
		o    *contacts.ImportOptions
		want error
	}{
		{"once", ctx, b.Once("k"), nil, contacts.ErrInvalid},
		{"policy", ctx, b, &contacts.ImportOptions{Held: 9}, contacts.ErrInvalid},
		{"region", ctx, b, &contacts.ImportOptions{Region: "XX"}, contacts.ErrInvalid},
		{"read only", ctx, openBook(t, s, readOnly), nil, contacts.ErrReadOnly},
		{"closed", ctx, shut, nil, contacts.ErrClosed},
		{"context", ended, b, nil, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			counts, err := tt.book.Import(tt.ctx, rowsOf(manyRows(3)), tt.o, nil)
			if !errors.Is(err, tt.want) || counts != (contacts.ImportCounts{}) {
				t.Errorf("%v %+v, want %v", err, counts, tt.want)
			}
		})
	}
	if n := must(b.Count(ctx))(t); n.Active != 0 {
		t.Errorf("%+v", n)
	}
	if counts, err := b.Import(ctx, rowsOf(nil), nil, nil); err != nil || counts != (contacts.ImportCounts{}) {
		t.Errorf("nothing: %v %+v", err, counts)
	}
	if counts, err := b.Import(ctx, rowsOf(manyRows(3)), nil, nil); err != nil || counts.Created != 3 {
		t.Errorf("nobody is told: %v %+v", err, counts)
	}
}
