package contacts_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestImportModel compares imports of random rows with one call a row on a book
// that is the same: into books with contacts, small and large imports into empty
// ones, twice over.
func TestImportModel(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		for _, held := range []contacts.HeldPolicy{contacts.RefuseHeld, contacts.SkipHeld, contacts.FillHeld, contacts.OverwriteHeld, contacts.KeepHeld} {
			for _, shape := range []struct {
				name        string
				seeds, rows int
			}{{"full", 30, 300}, {"small", 0, 200}, {"large", 0, 2200}} {
				rounds := 3
				if strings.HasSuffix(t.Name(), "boltstore") || raceEnabled && shape.name == "large" {
					rounds = 1 // these take as long as all others together
				}
				for seed := range uint64(rounds) {
					t.Run(fmt.Sprint(shape.name, held, seed), func(t *testing.T) {
						w := &importModel{Rand: rand.New(rand.NewPCG(seed, uint64(held))), strict: seed%3 == 2, held: held, lines: 4 * shape.rows}
						w.run(t, open, shape.seeds, shape.rows)
					})
				}
			}
		}
	})
}

// importModel is one round of TestImportModel.
type importModel struct {
	*rand.Rand
	strict bool
	held   contacts.HeldPolicy
	lines  int // how many numbers there are

	each, single *contacts.Book
	alias        map[string]string // ids of single by those of each
	known        map[string]string // ids of single by what a row says that is known by it
	scratch      *contacts.Book    // takes in everything, to see what a row says
	claimed      map[phone.Line]bool
	taken        int // numbers of the last row that were claimed before
}

func (w *importModel) run(t *testing.T, open func() contacts.Store, seeds, rows int) {
	w.alias, w.known, w.claimed = make(map[string]string), make(map[string]string), make(map[phone.Line]bool)
	list := make([]contacts.Contact, seeds)
	for i := range list {
		list[i] = w.contact()
	}
	w.each, w.single, w.scratch = w.book(t, open(), list), w.book(t, newStore(t), list), w.book(t, newStore(t), nil).With(w.keeping())
	for c, err := range w.single.All(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		w.claim(c)
		if w.held == contacts.KeepHeld && c.Status == contacts.Active && len(claimsOf(c)) > 0 {
			w.known[saying(c)] = c.ID
		}
	}
	in := make([]contacts.ImportRow, rows)
	for i := range in {
		in[i] = contacts.ImportRow{Contact: w.contact(), Note: i}
		switch {
		case w.IntN(40) == 0:
			in[i].Err = errors.New("cannot be read")
		case i > 0 && w.IntN(8) == 0:
			in[i].Contact = in[w.IntN(i)].Contact
		}
	}
	o := &contacts.ImportOptions{Held: w.held, TempDir: tempDir(t)}
	dry := *o
	dry.DryRun = true
	for again := range 2 {
		before := w.dump(t, w.each)
		tried := importAll(t, w.each, in, &dry)
		if !slices.Equal(before, w.dump(t, w.each)) {
			t.Fatal("the dry run changed the book")
		}
		got := importAll(t, w.each, in, o)
		if again > 0 {
			for i, r := range got {
				if r.Outcome == contacts.ImportCreated {
					t.Errorf("row %d is created again: %s", i, r.Contact.AppendJSON(nil))
				}
			}
		}
		w.sameRun(t, got, tried)
		w.compare(t, in, got)
		w.kept(t, got)
		a, b := w.dump(t, w.each), w.dump(t, w.single)
		if !slices.Equal(a, b) {
			for _, line := range a {
				if !slices.Contains(b, line) {
					t.Error("only imported:  ", line)
				}
			}
			for _, line := range b {
				if !slices.Contains(a, line) {
					t.Error("only one by one:", line)
				}
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// importAll imports rows, and checks what holds whatever is in them. The results
// are in the order of the rows.
func importAll(t *testing.T, b *contacts.Book, rows []contacts.ImportRow, o *contacts.ImportOptions) []contacts.ImportResult {
	t.Helper()
	results := make([]contacts.ImportResult, len(rows))
	var want contacts.ImportCounts
	told := make([]bool, len(rows))
	counts, err := b.Import(ctx, rowsOf(rows), o, func(r contacts.ImportResult) error {
		if told[r.Index] {
			t.Errorf("row %d is told of twice", r.Index)
		}
		if r.Note != rows[r.Index].Note {
			t.Errorf("row %d: the note is %v", r.Index, r.Note)
		}
		if r.Outcome == contacts.ImportFailed && r.Err == nil {
			t.Errorf("row %d failed without a reason", r.Index)
		}
		told[r.Index] = true
		results[r.Index] = r
		switch r.Outcome {
		case contacts.ImportCreated:
			want.Created++
		case contacts.ImportUpdated:
			want.Updated++
		case contacts.ImportSkipped:
			want.Skipped++
		case contacts.ImportFailed:
			want.Failed++
		}
		want.Kept += len(r.Kept)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(told, false); i >= 0 {
		t.Errorf("row %d is not told of", i)
	}
	want.Rows = len(rows)
	if counts != want || counts.Created+counts.Updated+counts.Skipped+counts.Failed != counts.Rows {
		t.Errorf("counts are %+v, want %+v", counts, want)
	}
	return results
}

func rowsOf(rows []contacts.ImportRow) iter.Seq2[contacts.ImportRow, error] {
	return func(yield func(contacts.ImportRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (w *importModel) book(t *testing.T, s contacts.Store, seeds []contacts.Contact) *contacts.Book {
	n := 0
	o := &contacts.Options{
		Site:  phone.Site{Region: "IN"},
		NewID: func() string { n++; return fmt.Sprint("id-", n) },
		Now:   func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
	if !w.strict {
		o.Rules = contacts.RelaxedRules()
	}
	b := openBook(t, s, o)
	for i, r := range must(b.CreateEach(ctx, seeds))(t) {
		if r.Err == nil && i%7 == 0 {
			must(b.Delete(ctx, r.Contact.ID))(t)
		}
	}
	return b
}

func (w *importModel) contact() contacts.Contact {
	m := eachModel{Rand: w.Rand, strict: w.strict}
	if w.IntN(5) == 0 { // few numbers, in all spellings
		return m.contact()
	}
	c := contacts.Contact{FirstName: fmt.Sprint("N", w.IntN(w.lines)), LastName: "L", Salutation: "Mr"}
	if w.strict || w.IntN(4) > 0 {
		c.CellPhone = contacts.Phone{Number: fmt.Sprint(9000000000 + w.IntN(w.lines)), CountryCode: "+91", Extension: "+"}
	}
	return c
}

// one does with a row what an import is to do.
func (w *importModel) one(t *testing.T, row contacts.ImportRow) (contacts.ImportOutcome, contacts.Contact, error) {
	if row.Err != nil {
		return contacts.ImportFailed, row.Contact, row.Err
	}
	b := w.single
	key, byKey := "", false // what it says, where it is known by that
	if r := must(w.scratch.CreateEach(ctx, []contacts.Contact{row.Contact}))(t)[0]; r.Err == nil {
		key, byKey = saying(r.Contact), w.held == contacts.KeepHeld || len(claimsOf(r.Contact)) == 0
	}
	if id, known := w.known[key]; known && byKey {
		c := must(b.Get(ctx, id))(t)
		switch w.held {
		case contacts.RefuseHeld:
			return contacts.ImportFailed, row.Contact, contacts.ErrExists
		case contacts.SkipHeld, contacts.KeepHeld:
			return contacts.ImportSkipped, row.Contact, contacts.ErrExists
		}
		return contacts.ImportSkipped, c, nil
	}
	var c contacts.Contact
	var err error
	outcome := contacts.ImportCreated
	switch w.held {
	case contacts.FillHeld, contacts.OverwriteHeld:
		o := &contacts.UpsertOptions{}
		if w.held == contacts.OverwriteHeld {
			o.Policy = contacts.PreferGiven
		}
		var u contacts.Upserted
		u, err = b.Upsert(ctx, row.Contact, o)
		c = u.Contact
		if !u.Created {
			outcome = contacts.ImportUpdated
		}
		if !u.Changed {
			outcome = contacts.ImportSkipped
		}
	case contacts.KeepHeld:
		var res []contacts.Result
		res, err = b.With(w.keeping()).CreateEach(ctx, []contacts.Contact{row.Contact})
		if err == nil {
			c, err = res[0].Contact, res[0].Err
		}
	default:
		c, err = b.Create(ctx, row.Contact)
	}
	switch {
	case err == nil:
		w.claim(c)
		if byKey && outcome == contacts.ImportCreated {
			w.known[key] = c.ID
		}
		return outcome, c, nil
	case w.held == contacts.SkipHeld && errors.Is(err, contacts.ErrDuplicateNumber):
		return contacts.ImportSkipped, row.Contact, err
	}
	return contacts.ImportFailed, row.Contact, err
}

// keeping returns the rules that let all numbers in.
func (w *importModel) keeping() contacts.Rules {
	rules := contacts.RelaxedRules()
	if w.strict {
		rules = contacts.Rules{}
	}
	rules.KeepDuplicates = true
	return rules
}

// saying is what a contact says, in whatever way its numbers were typed.
func saying(c contacts.Contact) string {
	phone := func(p contacts.Phone) string {
		return fmt.Sprint(p.Number, " ", p.Extension, " ", p.Label, " ", p.Shared)
	}
	phones := []string{phone(c.CellPhone)}
	for _, p := range c.Phones {
		phones = append(phones, phone(p))
	}
	return fmt.Sprintf("%+v", []any{c.FirstName, c.LastName, c.Salutation, phones, c.Emails, c.Organization, c.Title, c.Notes, c.Tags, c.Custom,
		c.ClientRef, c.Address, c.Twitter})
}

// sameRun compares a run with the dry run before it.
func (w *importModel) sameRun(t *testing.T, got, tried []contacts.ImportResult) {
	t.Helper()
	ids := make(map[string]string)
	for i := range got {
		if got[i].Outcome == contacts.ImportCreated {
			ids[tried[i].Contact.ID] = got[i].Contact.ID
		}
	}
	same := func(id string) string { return id }
	real := func(id string) string {
		if r, ok := ids[id]; ok {
			return r
		}
		return id
	}
	for i := range got {
		a, b := w.why(got[i].Err, i, got, same), w.why(tried[i].Err, i, tried, real)
		if got[i].Outcome != tried[i].Outcome || a != b || len(got[i].Kept) != len(tried[i].Kept) {
			t.Errorf("row %d: %v %v\nthe dry run had %v %v", i, got[i].Outcome, a, tried[i].Outcome, b)
		}
	}
}

// claim counts the numbers of a contact that are claimed already, and notes the
// others.
func (w *importModel) claim(c contacts.Contact) {
	w.taken = 0
	for l := range claimsOf(c) {
		if w.claimed[l] {
			w.taken++
		}
		w.claimed[l] = c.Status == contacts.Active
	}
}

// claimsOf returns the lines that a contact claims while it is active.
func claimsOf(c contacts.Contact) map[phone.Line]bool {
	lines := make(map[phone.Line]bool)
	for _, p := range append(slices.Clone(c.Phones), c.CellPhone) {
		if n, err := phone.ParseE164(p.Number); err == nil && !p.Shared {
			lines[n.Line(nil)] = true
		}
	}
	return lines
}

func (w *importModel) compare(t *testing.T, in []contacts.ImportRow, got []contacts.ImportResult) {
	t.Helper()
	for i, r := range got {
		outcome, c, err := w.one(t, in[i])
		if outcome != r.Outcome {
			t.Errorf("row %d: %v %v, want %v %v", i, r.Outcome, r.Err, outcome, err)
			continue
		}
		if outcome == contacts.ImportCreated {
			w.alias[r.Contact.ID] = c.ID
			if w.held == contacts.KeepHeld && len(r.Kept) != w.taken {
				t.Errorf("row %d: kept %+v, want %d", i, r.Kept, w.taken)
			}
		}
		if a, b := w.why(r.Err, i, got, func(id string) string { return w.id(id, true) }), w.why(err, 0, nil, nil); a != b {
			t.Errorf("row %d:\n got %s\nwant %s", i, a, b)
		}
		if a, b := w.text(r.Contact, true), w.text(c, false); a != b {
			t.Errorf("row %d:\n got %s\nwant %s", i, a, b)
		}
	}
}

// kept checks which numbers were let in though others had them.
func (w *importModel) kept(t *testing.T, got []contacts.ImportResult) {
	t.Helper()
	for i, r := range got {
		for _, k := range r.Kept {
			holder := k.HolderID
			if k.Earlier >= 0 {
				holder = got[k.Earlier].Contact.ID
			}
			c := must(w.each.Get(ctx, holder))(t)
			if k.Index != i || holder == r.Contact.ID || !strings.Contains(string(c.AppendJSON(nil)), k.Number[len(k.Number)-10:]) {
				t.Errorf("row %d: kept %+v, and the holder is %+v", i, k, c)
			}
		}
	}
}

// why shows an error without what may differ: that of row index of an import, or
// with no results that of a call for it alone. Ids are shown as id has them.
func (w *importModel) why(err error, index int, results []contacts.ImportResult, id func(string) string) string {
	var bad *contacts.ValidationError
	var dup *contacts.DuplicateNumberError
	var rev *contacts.RevisionError
	var amb *contacts.AmbiguousError
	var out []string
	at := func(i int) string {
		if i != index {
			return fmt.Sprintf("WRONG INDEX %d ", i)
		}
		return ""
	}
	if id == nil {
		id = func(id string) string { return id }
	}
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &bad):
		for _, f := range bad.Fields {
			out = append(out, fmt.Sprint(at(f.Index), f.Field, " ", f.Reason))
		}
	case errors.As(err, &dup):
		for _, r := range dup.Refusals {
			holder := r.HolderID
			if r.Earlier >= 0 {
				if r.Earlier >= index || holder != "" {
					out = append(out, fmt.Sprint("WRONG EARLIER ", r.Earlier))
				}
				holder = results[r.Earlier].Contact.ID
			}
			out = append(out, fmt.Sprint(at(r.Index), r.Number, " ", r.Line, " ", r.Field, " of ", id(holder)))
		}
	case errors.As(err, &rev):
		for _, c := range rev.Conflicts {
			out = append(out, at(c.Index))
		}
		return strings.Join(append(out, "id is in use"), " ")
	case errors.As(err, &amb):
		for _, h := range amb.Holders {
			out = append(out, fmt.Sprint(id(h.ID), " ", h.Name, " ", h.Number))
		}
	case errors.Is(err, contacts.ErrExists):
		return " id is in use"
	default:
		return err.Error()
	}
	return strings.Join(out, ", ")
}

func (w *importModel) id(id string, each bool) string {
	if alias, ok := w.alias[id]; ok && each {
		return alias
	}
	return id
}

// text shows a contact without what may differ.
func (w *importModel) text(c contacts.Contact, each bool) string {
	c.ID, c.Revision = w.id(c.ID, each), 0
	return string(c.AppendJSON(nil))
}

// dump shows all contacts of a book.
func (w *importModel) dump(t *testing.T, b *contacts.Book) []string {
	t.Helper()
	var out []string
	for c, err := range b.All(ctx, &contacts.ListOptions{Status: anyStatus}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, w.text(c, b == w.each))
	}
	slices.Sort(out)
	return out
}
