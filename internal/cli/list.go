package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// pageLimit is how many contacts a person gets to see unless he says
// otherwise.
const pageLimit = 50

func (s *session) listCommand() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list contacts",
		UsageText: "contacts list [options]",
		Description: `Lists contacts by name, 50 at a time; with --json all of them, as one array.
Deleted contacts are left out unless --all is given. --from jumps to a letter or
to the beginning of a name, whatever its case and accents:

   contacts list --from M
   contacts list --from mull           Müller, and all that follow
   contacts list --by changed -r -n 5  the last five that changed`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "by", HideDefault: true, Value: "name", Usage: "order by `KEY`: name, created or changed"},
			&cli.BoolFlag{Name: "reverse", Aliases: []string{"r"}, HideDefault: true, Usage: "the other way round"},
			&cli.StringFlag{Name: "from", HideDefault: true, Usage: "jump to the first name at or after `TEXT`, a letter or more"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, HideDefault: true, Usage: "deleted and merged contacts too"},
			&cli.IntFlag{Name: "limit", Aliases: []string{"n"}, HideDefault: true, Usage: "at most `N` contacts; 0 means all"},
			&cli.StringFlag{Name: "page", HideDefault: true, Usage: "go on at the `CURSOR` of the page before"},
		},
		Action: s.list,
	}
}

func (s *session) list(ctx context.Context, cmd *cli.Command) error {
	if _, err := operands(cmd); err != nil {
		return err
	}
	o, err := listOptions(cmd)
	if err != nil {
		return err
	}
	limit := pageLimit
	if cmd.Bool("json") {
		limit = 0
	}
	if cmd.IsSet("limit") {
		limit = cmd.Int("limit")
	}
	return s.withBook(ctx, cmd, Read, func(book *contacts.Book) error {
		p := printer{s: s, cmd: cmd, order: o.Order, all: cmd.Bool("all"), from: o.From, cursor: o.Cursor}
		p.array.w = s.out
		next, err := pages(ctx, book, o, limit, p.print)
		if err != nil {
			return err
		}
		p.end()
		if next == "" {
			return nil
		}
		total, err := book.Count(ctx)
		if err != nil {
			return err
		}
		n := total.Active
		if p.all {
			n += total.Inactive + total.Merged
		}
		args := nextPage(cmd, []string{"by", "from"}, []string{"reverse", "all"}, next)
		s.note("%d of %d shown; the next page: %s", p.count, n, again(cmd, args...))
		return nil
	})
}

func listOptions(cmd *cli.Command) (*contacts.ListOptions, error) {
	o := &contacts.ListOptions{Reverse: cmd.Bool("reverse"), From: cmd.String("from"), Cursor: cmd.String("page")}
	switch by := cmd.String("by"); by {
	case "name":
	case "created":
		o.Order = contacts.ByCreation
	case "changed":
		o.Order = contacts.ByChange
	default:
		return nil, usage(cmd, "--by is name, created or changed, not %q", by)
	}
	if o.From != "" && o.Order != contacts.ByName {
		return nil, usage(cmd, "--from needs the order by name")
	}
	o.Status = statuses(cmd)
	return o, checkLimit(cmd)
}

// statuses are those that --all asks for.
func statuses(cmd *cli.Command) []contacts.Status {
	if cmd.Bool("all") {
		return []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}
	}
	return nil
}

// checkLimit judges --limit.
func checkLimit(cmd *cli.Command) error {
	if n := cmd.Int("limit"); n < 0 {
		return usage(cmd, "--limit is 0 or more, not %d", n)
	}
	return nil
}

// nextPage returns the arguments that give the page after this one: those of
// cmd, with the options named, --json and --limit.
func nextPage(cmd *cli.Command, texts, switches []string, next string) []string {
	args := []string{cmd.Name}
	for _, name := range texts {
		if cmd.IsSet(name) {
			args = append(args, "--"+name, cmd.String(name))
		}
	}
	for _, name := range append(switches, "json") {
		if cmd.Bool(name) {
			args = append(args, "--"+name)
		}
	}
	if cmd.IsSet("limit") {
		args = append(args, "--limit", fmt.Sprint(cmd.Int("limit")))
	}
	args = append(args, "--page", next)
	return append(args, cmd.Args().Slice()...)
}

// pages calls fn with the contacts that o asks for, page by page, up to a
// limit (0: all), and returns the cursor of what is left.
func pages(ctx context.Context, book *contacts.Book, o *contacts.ListOptions, limit int, fn func([]contacts.Contact)) (next string, err error) {
	for left := limit; ; {
		o.Limit = contacts.MaxLimit
		if limit > 0 {
			o.Limit = min(left, contacts.MaxLimit)
		}
		page, err := book.List(ctx, o)
		if err != nil {
			return "", err
		}
		fn(page.Contacts)
		left -= len(page.Contacts)
		if page.Next == "" || limit > 0 && left <= 0 {
			return page.Next, nil
		}
		o.Cursor = page.Next
	}
}

// printer writes contacts as they come: JSON at once, and tables, whose
// columns must fit, at the end.
type printer struct {
	s      *session
	cmd    *cli.Command
	order  contacts.Order
	all    bool
	from   string
	cursor string
	count  int

	rows  []contacts.Contact
	array arrayWriter
	buf   []byte
}

func (p *printer) print(list []contacts.Contact) {
	p.count += len(list)
	if !p.cmd.Bool("json") {
		p.rows = append(p.rows, list...)
		return
	}
	for _, c := range list {
		p.buf = c.AppendJSON(p.buf[:0])
		p.array.item(p.buf)
	}
}

func (p *printer) end() {
	switch {
	case p.cmd.Bool("json"):
		p.array.end()
	case len(p.rows) == 0 && p.cursor != "":
		p.s.note("no more contacts")
	case len(p.rows) == 0 && p.from != "" && p.cmd.Bool("reverse"):
		p.s.note("no name comes at or before %q: %q shows them all", p.from, again(p.cmd, "list"))
	case len(p.rows) == 0 && p.from != "":
		p.s.note("no name comes at or after %q: %q shows them all", p.from, again(p.cmd, "list"))
	case len(p.rows) == 0 && p.all:
		p.s.note("no contacts")
	case len(p.rows) == 0:
		p.s.note("no contacts: %q adds one, and %q shows deleted ones too", again(p.cmd, "create"), again(p.cmd, "list", "--all"))
	default:
		p.s.writeTable(p.cmd, p.rows, p.columns())
	}
}

// columns returns the columns that the options call for.
func (p *printer) columns() []column {
	var more []column
	if p.all {
		more = append(more, column{"STATUS", func(c contacts.Contact) string { return statusWord(c.Status) }})
	}
	switch p.order {
	case contacts.ByCreation:
		more = append(more, column{"CREATED", func(c contacts.Contact) string { return when(c.CreatedAt) }})
	case contacts.ByChange:
		more = append(more, column{"CHANGED", func(c contacts.Contact) string { return when(c.UpdatedAt) }})
	}
	return more
}

// statusWord is what a person calls a status.
func statusWord(status contacts.Status) string {
	switch status {
	case contacts.Active:
		return "active"
	case contacts.Inactive:
		return "deleted"
	case contacts.Merged:
		return "merged"
	}
	return strings.ToLower(string(status))
}

// namesAndIDs returns the names of contacts with their ids, for a sentence.
func namesAndIDs(list []contacts.Contact) []string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s (id %s)", clean(nameOf(c)), c.ID))
	}
	return out
}
