package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// searchLimit is how many hits a search has unless somebody says otherwise.
const searchLimit = 20

func (s *session) searchCommand() *cli.Command {
	return &cli.Command{
		Name:      "search",
		Usage:     "find contacts by the beginnings of words or a part of a number",
		UsageText: "contacts search [options] TEXT..",
		Description: `Every word is the beginning of a word of the name, the organization, an e-mail
address, a tag or the reference, in any order, whatever case and accents. Digits
are the beginning or the end of a number, with or without its country:

   contacts search jo do             John Doe
   contacts search 98765             +919876543210
   contacts search asha 3210         who has both
   contacts search --t9 564          the keys of Joh: John Doe

What matches stands in [brackets]; with --json, "start" and "end" count bytes of
"text". Where nothing is found, one letter of a long word may be wrong. The exit
code is 3 when nobody is found.`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "limit", Aliases: []string{"n"}, HideDefault: true, Usage: "at most `N` contacts; 20 unless given, 0 means all"},
			&cli.BoolFlag{Name: "t9", HideDefault: true, Usage: "digits are the keys of a dial pad, too"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, HideDefault: true, Usage: "deleted and merged contacts too, by their words"},
			regionOnce(),
			&cli.StringFlag{Name: "page", HideDefault: true, Usage: "go on at the `CURSOR` of the page before"},
		},
		Action: s.search,
	}
}

func (s *session) search(ctx context.Context, cmd *cli.Command) error {
	text := strings.Join(cmd.Args().Slice(), " ")
	if strings.TrimSpace(text) == "" {
		return usage(cmd, "TEXT is missing: give a part of a name or a number")
	}
	if err := checkLimit(cmd); err != nil {
		return err
	}
	limit := searchLimit
	if cmd.IsSet("limit") {
		limit = cmd.Int("limit")
	}
	var found contacts.Results
	var held contacts.Counts
	err := s.withReadyBook(ctx, cmd, func(book *contacts.Book) error {
		site, err := siteOf(cmd, book.Site())
		if err != nil {
			return err
		}
		o := contacts.SearchOptions{Status: statuses(cmd), Site: &site, Cursor: cmd.String("page"), T9: cmd.Bool("t9")}
		if found, err = searched(ctx, book, text, o, limit); err == nil && len(found.Hits) == 0 {
			held, err = book.Count(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case cmd.Bool("json"):
		s.writeResults(found)
	case len(found.Hits) > 0:
		s.writeHits(cmd, found.Hits)
	default:
		s.printf("%s\n", nobody(cmd, text, found, held))
	}
	s.tellMore(cmd, found)
	if len(found.Hits) == 0 {
		return errNoAnswer
	}
	return nil
}

// searched returns at most limit hits (0: all).
func searched(ctx context.Context, book *contacts.Book, text string, o contacts.SearchOptions, limit int) (out contacts.Results, err error) {
	for {
		o.Limit = contacts.MaxLimit
		if limit > 0 {
			o.Limit = min(limit-len(out.Hits), contacts.MaxLimit)
		}
		page, err := book.Search(ctx, text, &o)
		if err != nil {
			return out, err
		}
		out.Hits = append(out.Hits, page.Hits...)
		out.Next, out.Partial = page.Next, page.Partial
		if page.Next == "" || limit > 0 && (page.Partial || len(out.Hits) >= limit) {
			return out, nil
		}
		o.Cursor = page.Next
	}
}

// writeResults writes what was found as one JSON object.
func (s *session) writeResults(found contacts.Results) {
	type highlight struct {
		Kind  contacts.HighlightKind `json:"kind"`
		Field string                 `json:"field"`
		Text  string                 `json:"text"`
		Start int                    `json:"start"` // in bytes of UTF-8
		End   int                    `json:"end"`
	}
	type hit struct {
		Contact    json.RawMessage `json:"contact"`
		Highlights []highlight     `json:"highlights"`
	}
	out := struct {
		Hits    []hit  `json:"hits"`
		Next    string `json:"next"`
		Partial bool   `json:"partial"`
	}{[]hit{}, found.Next, found.Partial}
	for _, f := range found.Hits {
		h := hit{f.Contact.AppendJSON(nil), []highlight{}}
		for _, m := range f.Highlights {
			h.Highlights = append(h.Highlights, highlight(m))
		}
		out.Hits = append(out.Hits, h)
	}
	s.writeValue(out)
}

// writeHits writes what was found for people.
func (s *session) writeHits(cmd *cli.Command, hits []contacts.Found) {
	t := table{head: []string{"NAME", "NUMBER", "MATCHES", "ID"}}
	for _, f := range hits {
		t.rows = append(t.rows, []string{nameOf(f.Contact), numberOf(f.Contact), matched(f.Highlights), f.Contact.ID})
	}
	if cmd.Bool("all") {
		t.head = slices.Insert(t.head, 3, "STATUS")
		for i, f := range hits {
			t.rows[i] = slices.Insert(t.rows[i], 3, statusWord(f.Contact.Status))
		}
	}
	t.write(s.out, "")
}

// tellMore says how to go on where there may be more.
func (s *session) tellMore(cmd *cli.Command, found contacts.Results) {
	if found.Next == "" || cmd.Bool("json") {
		return // the answer has it
	}
	next := again(cmd, nextPage(cmd, []string{"region"}, []string{"t9", "all"}, found.Next)...)
	if found.Partial {
		s.note("the search ended early, as too many contacts were to be looked at; more letters narrow it; to go on: %s", next)
		return
	}
	s.note("%d shown, and there may be more: %s", len(found.Hits), next)
}

// nobody says that nothing was found, and what to try.
func nobody(cmd *cli.Command, text string, found contacts.Results, held contacts.Counts) string {
	letters, numerals := strings.ContainsFunc(text, unicode.IsLetter), strings.ContainsFunc(text, unicode.IsDigit)
	deleted := held.Inactive+held.Merged > 0 && !cmd.Bool("all")
	switch {
	case !letters && !numerals:
		return fmt.Sprintf("%q has no letters and no digits: there is nothing to look for.", clip(text))
	case found.Partial:
		return "Nothing so far."
	case cmd.String("page") != "":
		return "There is nothing more."
	case held.Active == 0 && !deleted:
		return fmt.Sprintf("The book has no contacts yet: %q adds one.", again(cmd, "create"))
	}
	out := fmt.Sprintf("Nothing matches %q. ", clip(text))
	switch {
	case letters && numerals:
		out += "Try less of it: a word is looked for by its beginning, a number by its beginning or its end."
	case letters && strings.ContainsFunc(strings.TrimSpace(text), unicode.IsSpace):
		out += "Try fewer words, or fewer letters of each: a word is looked for by its beginning."
	case letters:
		out += "Try fewer letters: a word is looked for by its beginning."
	default:
		out += "Try fewer digits: a number is looked for by its beginning or its end."
	}
	if !letters && !cmd.Bool("t9") {
		out += " Add --t9 to take them for letters on a dial pad as well."
	}
	if letters && deleted {
		out += " Add --all to look among deleted contacts, too."
	}
	if len(digits(text)) >= 7 {
		out += " Who has a whole number, in any notation: " + again(cmd, append([]string{"lookup"}, cmd.Args().Slice()...)...)
	}
	return out
}

// matched returns the parts of a contact that match, in brackets.
func matched(list []contacts.Highlight) string {
	fields := make(map[string][]contacts.Highlight)
	var order []string
	for _, h := range list {
		if fields[h.Field] == nil {
			order = append(order, h.Field)
		}
		fields[h.Field] = append(fields[h.Field], h)
	}
	if first, last := fields["firstName"], fields["lastName"]; first != nil && last != nil { // as one reads them
		order = slices.DeleteFunc(order, func(f string) bool { return f == "firstName" || f == "lastName" })
		order = slices.Insert(order, 0, "firstName", "lastName")
	}
	var out strings.Builder
	for i, field := range order {
		switch {
		case i > 0 && order[i-1] == "firstName" && field == "lastName":
			out.WriteString(" ")
		case i > 0:
			out.WriteString(", ")
		}
		out.WriteString(fieldWord(field) + bracketed(fields[field]))
	}
	return out.String()
}

// fieldWord says in what field a match is, where one does not see that.
func fieldWord(field string) string {
	list, _, _ := strings.Cut(field, "[")
	switch list {
	case "organization":
		return "organization "
	case "tags":
		return "tag "
	case "clientRef":
		return "reference "
	}
	return ""
}

// bracketed returns the text of a field with brackets around what matches.
func bracketed(list []contacts.Highlight) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b contacts.Highlight) int { return cmp.Compare(a.Start, b.Start) })
	text, typo := list[0].Text, false
	var out strings.Builder
	at := 0
	for i := 0; i < len(list); {
		start, end := list[i].Start, list[i].End
		for ; i < len(list) && list[i].Start <= end; i++ {
			end = max(end, list[i].End)
			typo = typo || list[i].Kind == contacts.HighlightTypo
		}
		out.WriteString(text[at:start] + "[" + text[start:end] + "]")
		at = end
	}
	out.WriteString(text[at:])
	if typo {
		out.WriteString(" (but for a letter)")
	}
	return out.String()
}
