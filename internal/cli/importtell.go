package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

// importedFile is a file that was imported.
type importedFile struct {
	file   importFile
	report interchange.Report
}

// importProgress returns what tells how far an import has come: on a terminal one
// line that changes, until end is called, else a line every few seconds.
func (s *session) importProgress(name string) (tell func(interchange.Progress), end func()) {
	if s.json {
		return nil, func() {}
	}
	const every = 3 * time.Second
	var (
		terminal = isTerminal(s.err)
		m        = importMeter{name: clean(shownFile(name)), begun: time.Now()}
		last     = m.begun
		wide     int // columns that the line has
	)
	tell = func(p interchange.Progress) {
		now := time.Now()
		text := m.text(p, now)
		switch {
		case terminal:
			text = m.bar(p) + text
			n := width(text)
			fmt.Fprintf(s.err, "\r%s%s", text, strings.Repeat(" ", max(0, wide-n)))
			wide = n
		case now.Sub(last) >= every:
			last = now
			s.note("%s", text)
		}
	}
	return tell, func() {
		if wide > 0 {
			fmt.Fprintln(s.err)
		}
	}
}

// importMeter puts the progress of an import in words.
type importMeter struct {
	name  string
	begun time.Time
	pass  int
	since time.Time // the pass began
}

// text says rows, rate and time left of the pass.
func (m *importMeter) text(p interchange.Progress, now time.Time) string {
	if p.Pass != m.pass || m.since.IsZero() {
		m.pass, m.since = p.Pass, now
		if p.Pass <= 1 {
			m.since = m.begun
		}
	}
	text := m.name + ": "
	if p.Pass == 0 {
		return text + bytesWords(p.Read) + " read"
	}
	if p.Pass > 1 {
		text += fmt.Sprintf("pass %d, ", p.Pass)
	}
	text += plural(uint64(p.Rows), "row", "rows")
	if p.Bytes > 0 && p.Read >= p.Bytes {
		return text + " read, sorting and writing"
	}
	took := now.Sub(m.since)
	if took < time.Second {
		return text
	}
	text += fmt.Sprintf(", %.0f a second", float64(p.Rows)/took.Seconds())
	if p.Bytes > 0 && p.Read > 0 {
		left := time.Duration(float64(took) / float64(p.Read) * float64(p.Bytes-p.Read))
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}

// bar draws how much of the file is read.
func (m *importMeter) bar(p interchange.Progress) string {
	if p.Pass == 0 || p.Bytes <= 0 {
		return ""
	}
	const columns = 20
	part := float64(min(p.Read, p.Bytes)) / float64(p.Bytes)
	full := int(part * columns)
	return fmt.Sprintf("[%s%s] %3.0f %% ", strings.Repeat("#", full), strings.Repeat(".", columns-full), 100*part)
}

func countsOf(r *interchange.Report) importedCounts {
	return importedCounts{r.Rows, r.Created, r.Updated, r.Skipped, r.Failed, r.Kept}
}

func (c *importedCounts) add(d importedCounts) {
	c.Rows += d.Rows
	c.Created += d.Created
	c.Updated += d.Updated
	c.Skipped += d.Skipped
	c.Failed += d.Failed
	c.Kept += d.Kept
}

// tellImported says what became of files.
func (s *session) tellImported(cmd *cli.Command, done []importedFile, files int) {
	dry := cmd.Bool("dry-run")
	var all importedCounts
	for i := range done {
		all.add(countsOf(&done[i].report))
	}
	if cmd.Bool("json") {
		out := importedBook{DryRun: dry, importedCounts: all, Files: []importedReport{}}
		for i := range done {
			out.Files = append(out.Files, reportOf(&done[i]))
		}
		s.writeValue(out)
		return
	}
	for i := range done {
		s.tellFile(&done[i], dry)
	}
	if files > 1 {
		s.printf("%s: %s.\n", plural(uint64(len(done)), "file", "files"), countsWords(all, dry))
	}
	if dry {
		s.printf("This was a dry run: the book is as it was.\n")
	}
}

// countsWords says the counts that are not 0, after the number of rows.
func countsWords(c importedCounts, dry bool) string {
	words := []string{}
	would := ""
	if dry {
		would = "would be "
	}
	for _, n := range []struct {
		n    int
		word string
	}{{c.Created, would + "created"}, {c.Updated, would + "updated"}, {c.Skipped, would + "skipped"}} {
		if n.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n.n, n.word))
		}
	}
	if c.Failed > 0 && dry {
		words = append(words, fmt.Sprintf("%d would fail", c.Failed))
	} else if c.Failed > 0 {
		words = append(words, fmt.Sprintf("%d failed", c.Failed))
	}
	text := plural(uint64(c.Rows), "row", "rows")
	if len(words) > 0 {
		text += ", " + strings.Join(words, ", ")
	}
	return text
}

// tellFile says what became of one file.
func (s *session) tellFile(d *importedFile, dry bool) {
	r := &d.report
	s.printf("%s: %s.\n", clean(shownFile(d.file.name)), countsWords(countsOf(r), dry))
	if text := foundWords(r); text != "" {
		s.printf("  %s\n", text)
	}
	var passed []string
	for i, c := range r.Columns {
		switch {
		case c.Field == "" && c.Name == "":
			passed = append(passed, fmt.Sprint(i+1))
		case c.Field == "":
			passed = append(passed, fmt.Sprintf("%q", clean(clip(c.Name))))
		}
	}
	if len(passed) > 0 {
		s.printf("  Columns passed over: %s\n", fewWords(passed))
	}
	if len(r.LeftOut) > 0 {
		s.printf("  Left out, as a contact has no place for it: %s\n", tallyWords(r.LeftOut, "row", "rows"))
	}
	if r.Kept > 0 {
		s.printf("  %s: \"contacts check\" lists them\n", plural(uint64(r.Kept), "number was kept though others have it", "numbers were kept though others have them"))
	}
	if n := r.Reasons[interchange.ReasonSame]; n > 0 {
		s.printf("  %s nothing new\n", plural(uint64(n), "row says", "rows say"))
	}
	if len(r.Problems) > 0 {
		t := table{head: []string{"LINE", "WHAT", "WHY"}}
		for _, row := range r.Problems {
			t.rows = append(t.rows, []string{fmt.Sprint(row.Line), row.Outcome.String(), rowWords(row)})
		}
		t.write(s.out, "  ")
	}
	if r.MoreProblems > 0 {
		s.printf("  and %d more: --problems 0 lists all\n", r.MoreProblems)
	}
	if r.Failed > 0 && d.file.rejects != nil {
		s.printf("  The rows that failed are in %s: mend them, and import that\n", d.file.rejects.path)
	}
}

func shownFile(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// foundWords says what was found out about a file.
func foundWords(r *interchange.Report) string {
	var words []string
	switch r.Format {
	case interchange.FormatCSV:
		text := "CSV"
		if r.Layout != "" {
			text += " (" + r.Layout + ")"
		}
		words = append(words, text)
	case interchange.FormatVCard, interchange.FormatVCard3:
		words = append(words, "vCards")
	case interchange.FormatJSONLines:
		words = append(words, "JSON Lines")
	default:
		return ""
	}
	if r.Encoding != "" {
		words = append(words, r.Encoding)
	}
	if r.Delimiter != 0 && r.Delimiter != ',' {
		words = append(words, fmt.Sprintf("delimiter %q", r.Delimiter))
	}
	if r.Region != "" {
		words = append(words, "numbers without a country read as in "+r.Region)
	}
	return strings.Join(words, ", ")
}

// tallyWords lists counts, greatest first.
func tallyWords(counts map[string]int, one, many string) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s (%s)", clean(clip(name)), plural(uint64(counts[name]), one, many))
	}
	return fewWords(names)
}

func fewWords(list []string) string {
	const few = 12
	if n := len(list) - few; n > 0 {
		list = append(list[:few:few], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(list, ", ")
}

// rowWords says what is wrong with a row.
func rowWords(row interchange.Row) string {
	list := append(slices.Clone(row.Problems), row.Kept...)
	return listed(len(list), func(i int) string {
		p := &list[i]
		var words []string
		switch {
		case p.Column != "":
			words = append(words, fmt.Sprintf("%q", clip(p.Column)))
		case p.Field != "":
			words = append(words, clip(p.Field))
		}
		if strings.TrimSpace(p.Value) != "" && p.Reason != contacts.ReasonTooLong {
			words = append(words, clip(p.Value))
		}
		return clean(strings.Join(append(words, problemWords(p)), " "))
	})
}

// problemWords says what is wrong, in the clear: the book is that of the user.
func problemWords(p *interchange.Problem) string {
	holder := p.HolderName
	switch {
	case holder == "" && p.HolderID != "":
		holder = "contact " + p.HolderID
	case p.HolderID != "":
		holder += " (id " + p.HolderID + ")"
	}
	switch p.Reason {
	case interchange.ReasonEarlier:
		if p.Earlier > 0 {
			return fmt.Sprintf("is the number of line %d already", p.Earlier)
		}
	case interchange.ReasonHeld, interchange.ReasonAmbiguous:
		if holder != "" {
			return "belongs to " + holder
		}
	case interchange.ReasonKnown:
		if holder != "" {
			return "the same row came in before, as " + holder
		}
	case contacts.Reason(phone.ReasonNoCountry.String()):
		return "has no country: write it with + and the calling code, or add --region IN"
	}
	return (&callError{json: true}).advice(contacts.FieldError{Reason: p.Reason, Detail: p.Detail})
}

// explainImport puts in words why a file could not be imported.
func (s *session) explainImport(ctx context.Context, fault *importFault) (string, Code) {
	name := clean(shownFile(fault.name))
	var file *interchange.FileError
	text, code := s.explain(ctx, fault.err)
	switch {
	case errors.As(fault.err, &file) && file.Reason == contacts.ReasonChoice: // an option does not fit the file
		text, code = oneLine(file.Detail), Usage
	case errors.As(fault.err, &file) && file.Line > 0:
		text, code = fmt.Sprintf("line %d: %s", file.Line, oneLine(file.Detail)), Invalid
	case errors.As(fault.err, &file):
		text, code = oneLine(file.Detail), Invalid
	}
	if code == NoBook && !isOfBook(fault.err) {
		code = Failed // the book was open: it is another file that is missing
	}
	text = name + ": " + text
	switch {
	case fault.rows == 0:
	case fault.dry:
		text += "; this was a dry run, and the book is as it was"
	default:
		text += fmt.Sprintf("; %s came in before that, and the same command may be repeated", plural(uint64(fault.rows), "row", "rows"))
	}
	return text, code
}
