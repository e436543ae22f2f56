package contacts_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// spelling is a row of testdata/spellings.txt.
type spelling struct {
	line                        int
	class, site, outside, owner string
	want, text                  string
}

// finds reports whether the row's contact is meant, and not nobody.
func (s spelling) finds() bool {
	switch s.want {
	case "exact", "inferred", "folded", "alternate", "shared", "ambiguous":
		return true
	}
	return false
}

// knownMisses are the rows that Lookup does not get right, and why it is left
// at that.
var knownMisses = map[string]string{
	"020 7946 0018 until 2026-01-31":  "the eight digits of the date may be a second number",
	"01017 65 8123 4567":              "an international prefix of Indonesia that the metadata has dropped",
	"&#43;44 20 7946 0018":            "HTML: who takes a text from a page decodes it",
	"+44&nbsp;20&nbsp;7946&nbsp;0018": "HTML, as above",
}

// TestSpellings looks every text of testdata/spellings.txt up in one book. With
// -v it prints how many it gets right, and how many package phonenumbers would.
func TestSpellings(t *testing.T) {
	rows := readSpellings(t)
	p := fillPhoneBook(t, rows)
	ours, plain := tally{}, tally{}
	regions := map[string]bool{}
	for _, row := range rows {
		regions[row.site] = true
		m := must(p.book.Lookup(ctx, row.text, &contacts.LookupOptions{Site: &phone.Site{Region: row.site, OutsideLine: row.outside}}))(t)
		got := p.judge(row, m)
		ours.add(row.class, got)
		plain.add(row.class, p.judgePlain(row))

		reason, known := knownMisses[row.text]
		switch {
		case got == right && m.Kind.String() == row.want:
			if known {
				t.Errorf("line %d: %q is right, and a known miss (%s)", row.line, row.text, reason)
			}
		case got == wrongContact || !known:
			t.Errorf("line %d: %q at %q: %v %v (%s), want %s %s; read as %v (%v), %v",
				row.line, row.text, row.site, m.Kind, m.Contact.CellPhone.Number, m.Rule, row.want, row.owner, m.Reading.Number, m.Reading.How, m.Refusal)
		}
	}
	delete(regions, "")
	t.Logf("%d spellings in %d regions, %d contacts and %d strangers beside them\n%s",
		len(rows), len(regions), p.numbers, p.strangers, report(ours, plain))
	sum := ours.sum()
	if sum[wrongContact] > 0 {
		t.Errorf("%d texts find the wrong contact", sum[wrongContact])
	}
	if sum[right]*100 < 99*len(rows) {
		t.Errorf("%d of %d texts are right, less than 99 %%", sum[right], len(rows))
	}
	if len(rows) < 400 || len(regions) < 60 {
		t.Errorf("%d spellings in %d regions are too few", len(rows), len(regions))
	}
}

// phoneBook is the book that holds every contact of the file.
type phoneBook struct {
	book      *contacts.Book
	owners    map[string][]string // ids, by the number in the file
	byE164    map[string][]string // ids, by E.164 as phonenumbers has it
	numbers   int                 // of contacts
	strangers int
}

func fillPhoneBook(t *testing.T, rows []spelling) *phoneBook {
	t.Helper()
	p := &phoneBook{
		book:   openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules()}),
		owners: map[string][]string{}, byE164: map[string][]string{},
	}
	create := func(number string, shared bool) error {
		c := contacts.Contact{FirstName: number, CellPhone: contacts.Phone{Number: number}}
		if shared {
			c = contacts.Contact{FirstName: number, Phones: []contacts.Phone{{Number: number, Shared: true}}}
		}
		c, err := p.book.Create(ctx, c)
		if err != nil {
			return err
		}
		p.owners[number] = append(p.owners[number], c.ID)
		if n, err := phonenumbers.Parse(number, "ZZ"); err == nil {
			e164 := phonenumbers.Format(n, phonenumbers.E164)
			p.byE164[e164] = append(p.byE164[e164], c.ID)
		}
		return nil
	}
	for _, row := range rows {
		if row.owner == "" || p.owners[row.owner] != nil {
			continue
		}
		holders := 1
		if row.want == "ambiguous" {
			holders = 2
		}
		for range holders {
			if err := create(row.owner, row.class == "shared"); err != nil {
				t.Fatalf("line %d: %s: %v", row.line, row.owner, err)
			}
		}
	}
	p.numbers = len(p.owners)
	for _, number := range strangers(rows) {
		if err := create(number, false); err == nil {
			p.strangers++
		} else if !errors.Is(err, contacts.ErrDuplicateNumber) && !errors.Is(err, contacts.ErrInvalid) {
			t.Fatalf("%s: %v", number, err)
		}
	}
	if p.strangers < 3*p.numbers {
		t.Errorf("only %d strangers", p.strangers)
	}
	return p
}

// strangers returns numbers near those of the contacts. None is what a row's
// text says: all of its digits, or those of a national number at its site, do
// not stand in a text.
func strangers(rows []spelling) []string {
	var texts []string // of digits
	for _, row := range rows {
		texts = append(texts, digitsOf(row.text))
	}
	said := func(code, national string) bool {
		for i, row := range rows {
			at, _ := phone.CallingCodeForRegion(row.site)
			if strings.Contains(texts[i], code+national) || strconv.Itoa(at) == code && strings.Contains(texts[i], national) {
				return true
			}
		}
		return false
	}
	var out []string
	seen := map[string]bool{}
	add := func(code, national string) {
		if n := code + national; !seen[n] && !said(code, national) {
			seen[n] = true
			out = append(out, "+"+n)
		}
	}
	owners := map[string]bool{}
	for _, row := range rows {
		if row.owner == "" || owners[row.owner] {
			continue
		}
		owners[row.owner] = true
		n, err := phone.ParseE164(row.owner)
		if err != nil {
			continue // the test says so when it creates the contact
		}
		code, d := strconv.Itoa(n.CallingCode()), n.National()
		last := len(d) - 1
		add(code, next(d, last))
		add(code, next(d, last/2))
		add(code, d[:last])
		add(code, d+"0")
		if d[last] != d[last-1] {
			add(code, d[:last-1]+d[last:]+d[last-1:last])
		}
		for _, same := range []int{7, 8, 10} {
			if at := len(d) - same - 1; at >= 0 {
				add(code, next(d, at))
			}
		}
		for _, other := range []string{"1", "7", "33", "34", "39", "44", "49", "52", "54", "55", "91", "225", "377", "383", "966"} {
			if other != code {
				add(other, d)
			}
		}
	}
	return out
}

// next returns d with the digit at i one higher.
func next(d string, i int) string {
	return d[:i] + string('0'+(d[i]-'0'+1)%10) + d[i+1:]
}

// digitsOf returns the digits of a text as ASCII.
func digitsOf(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsDigit(r) {
			b.WriteString(phonenumbers.NormalizeDigitsOnly(string(r)))
		}
	}
	return b.String()
}

// A verdict on one row.
type verdict int

const (
	right        verdict = iota
	wrongContact         // somebody else was found
	wrongNumber          // read as a valid number, which is not the contact's
	refused              // not read, though the text is the contact's number
)

// judge says how Lookup did on a row.
func (p *phoneBook) judge(row spelling, m contacts.Match) verdict {
	switch {
	case row.want == "ambiguous" && m.Kind == contacts.MatchAmbiguous && len(m.Candidates) == len(p.owners[row.owner]):
		return right
	case m.Kind == contacts.MatchAmbiguous:
		return wrongContact
	case m.Found() && (!row.finds() || m.Contact.ID != p.owners[row.owner][0]):
		return wrongContact
	case m.Found() == row.finds():
		return right
	case m.Refusal == nil && m.Reading.Valid:
		return wrongNumber
	}
	return refused
}

// judgePlain says how a program would do that looks up the E.164 form of what
// package phonenumbers holds valid.
func (p *phoneBook) judgePlain(row spelling) verdict {
	region := row.site
	if region == "" {
		region = "ZZ"
	}
	n, err := phonenumbers.Parse(row.text, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		if row.finds() {
			return refused
		}
		return right
	}
	ids := p.byE164[phonenumbers.Format(n, phonenumbers.E164)]
	switch {
	case len(ids) == 0 && row.finds():
		return wrongNumber
	case len(ids) == 0:
		return right
	case row.finds() && ids[0] == p.owners[row.owner][0]:
		return right
	}
	return wrongContact
}

// tally counts verdicts by class.
type tally map[string]*[refused + 1]int

func (c tally) add(class string, v verdict) {
	if c[class] == nil {
		c[class] = new([refused + 1]int)
	}
	c[class][v]++
}

func (c tally) sum() (sum [refused + 1]int) {
	for _, n := range c {
		for v := range n {
			sum[v] += n[v]
		}
	}
	return sum
}

// report prints both tallies side by side, as Markdown.
func report(ours, plain tally) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	line := func(class string, a, b [refused + 1]int) {
		n := a[right] + a[wrongContact] + a[wrongNumber] + a[refused]
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t|\n", class, n,
			a[right], a[wrongContact], a[wrongNumber], a[refused], b[right], b[wrongContact], b[wrongNumber], b[refused])
	}
	fmt.Fprint(w, "| class\t| rows\t| right\t| wrong contact\t| wrong but valid\t| refused\t| plain: right\t| wrong contact\t| wrong but valid\t| refused\t|\n")
	fmt.Fprint(w, "|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|\n")
	for _, class := range sortedClasses(ours) {
		line(class, *ours[class], *plain[class])
	}
	line("all", ours.sum(), plain.sum())
	w.Flush()
	return b.String()
}

// readSpellings reads testdata/spellings.txt.
func readSpellings(t *testing.T) []spelling {
	t.Helper()
	data, err := os.ReadFile("testdata/spellings.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []spelling
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		row := spelling{line: i + 1}
		for _, column := range []*string{&row.class, &row.site, &row.outside, &row.owner, &row.want} {
			*column, line, _ = strings.Cut(line, " ")
			line = strings.TrimLeft(line, " ")
			if *column == "-" {
				*column = ""
			}
		}
		if row.text, err = unescape(line); err != nil || row.want == "" || row.finds() && row.owner == "" {
			t.Fatalf("line %d: %q, %v", i+1, line, err)
		}
		rows = append(rows, row)
	}
	return rows
}

// unescape replaces \n, \r, \t, \xNN and \uNNNN.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	return strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
}

func sortedClasses(c tally) []string { return slices.Sorted(maps.Keys(c)) }
