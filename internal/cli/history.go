package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

func (s *session) historyCommand() *cli.Command {
	return &cli.Command{
		Name:      "history",
		Usage:     "show who changed a contact, when, and what",
		UsageText: "contacts history [options] ID|NUMBER",
		Description: `Shows the changes of a contact, the newest last, as far back as trim has left
them.`,
		Flags:  []cli.Flag{regionOnce()},
		Action: s.history,
	}
}

// changeItem is a change for machines.
type changeItem struct {
	Revision uint64              `json:"revision"`
	At       time.Time           `json:"at"`
	By       string              `json:"by"`
	Kind     contacts.ChangeKind `json:"kind"`
	With     []string            `json:"with,omitempty"`
	Fields   []changedField      `json:"fields"`
}

type changedField struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

func (s *session) history(ctx context.Context, cmd *cli.Command) error {
	args, err := operands(cmd, "ID or NUMBER")
	if err != nil {
		return err
	}
	return s.withBook(ctx, cmd, Read, func(book *contacts.Book) error {
		id := args[0]
		if _, err := book.Resolve(ctx, id); err != nil { // no id, or a purged one, which has a history
			if c, err := find(ctx, cmd, book, id); err == nil {
				id = c.ID
			}
		}
		list := []changeItem{}
		for c, err := range book.History(ctx, id, nil) {
			if err != nil && len(list) == 0 {
				_, err = find(ctx, cmd, book, args[0]) // says it in the user's words
			}
			if err != nil {
				return &callError{err: err, cmd: cmd}
			}
			item := changeItem{c.Revision, c.At, c.By, c.Kind, c.With, []changedField{}}
			for _, f := range c.Fields {
				item.Fields = append(item.Fields, changedField(f))
			}
			list = append(list, item)
		}
		if cmd.Bool("json") {
			s.writeValue(list)
			return nil
		}
		for _, c := range list {
			s.writeChange(c)
		}
		return nil
	})
}

// writeChange writes a change, and below it the fields.
func (s *session) writeChange(c changeItem) {
	line := changeWords(c.Kind)
	if len(c.With) > 0 {
		line += " " + listed(len(c.With), func(i int) string { return c.With[i] })
	}
	if c.By != "" {
		line += ", by " + clean(c.By)
	}
	s.printf("%s  %s\n", or(when(c.At), "time not known"), line)
	var t table
	for _, f := range c.Fields {
		text := clean(f.New)
		switch {
		case c.Kind == contacts.ChangeCreated:
		case f.Old == "" && f.New == "": // the order of a list
			text = "in another order"
		case f.New == "":
			text = "no more " + clean(f.Old)
		case f.Old != "":
			text = fmt.Sprintf("%s (was %s)", clean(f.New), clean(f.Old))
		}
		t.rows = append(t.rows, []string{f.Field, text})
	}
	t.write(s.out, "  ")
}

// changeWords says what a kind of change did.
func changeWords(k contacts.ChangeKind) string {
	switch k {
	case contacts.ChangeUnknown:
		return "changed before what is left of the history"
	case contacts.ChangeMerged:
		return "merged into"
	case contacts.ChangeAbsorbed:
		return "took in"
	case contacts.ChangeUnmerged:
		return "came back from"
	case contacts.ChangeGaveBack:
		return "gave back"
	case contacts.ChangePurged:
		return "removed for good"
	case contacts.ChangeBlank:
		return "(removed since)"
	}
	return k.String()
}

func (s *session) holdersCommand() *cli.Command {
	return &cli.Command{
		Name:      "holders",
		Usage:     "show who had a number, from when to when",
		UsageText: "contacts holders [options] NUMBER",
		Description: `Shows every contact that has or had the number, through deletes, merges and
reassignments, as far back as trim has left them. Who had it on 3 March?

   contacts holders "+91 98765 43210" --on 2026-03-03`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "on", HideDefault: true, Usage: "only who had it then: a `DATE` (2026-03-03) or time (2026-03-03T15:04)"},
			regionOnce(),
		},
		Action: s.holders,
	}
}

// tenureItem is a tenure for machines.
type tenureItem struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Number string     `json:"number"`
	Shared bool       `json:"shared"`
	From   *time.Time `json:"from"` // null: before what is left
	To     *time.Time `json:"to"`   // null: still
}

func (s *session) holders(ctx context.Context, cmd *cli.Command) error {
	args, err := operands(cmd, "NUMBER")
	if err != nil {
		return err
	}
	from, to, err := period(cmd, "on")
	if err != nil {
		return err
	}
	return s.withReadyBook(ctx, cmd, func(book *contacts.Book) error {
		site, err := siteOf(cmd, book.Site())
		if err != nil {
			return err
		}
		list := []tenureItem{}
		for t, err := range book.NumberHistory(ctx, args[0], &contacts.NumberHistoryOptions{Site: &site}) {
			if err != nil {
				return &callError{err: err, cmd: cmd}
			}
			if !from.IsZero() && !(t.From.Before(to) && (t.To.IsZero() || t.To.After(from))) {
				continue
			}
			list = append(list, tenureItem{t.Contact.ID, nameOf(t.Contact), t.Number, t.Shared, instant(t.From), instant(t.To)})
		}
		if cmd.Bool("json") {
			s.writeValue(list)
			return nil
		}
		if len(list) == 0 {
			return &noContact{fmt.Sprintf("nobody had the number %q%s, as far as the history goes", clip(args[0]), onWords(cmd))}
		}
		t := table{head: []string{"NAME", "NUMBER", "FROM", "TO", "ID"}}
		for _, h := range list {
			number := h.Number
			if h.Shared {
				number += " (shared)"
			}
			t.rows = append(t.rows, []string{h.Name, number, whenOr(h.From, "(earlier)"), whenOr(h.To, "now"), h.ID})
		}
		t.write(s.out, "")
		return nil
	})
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func whenOr(t *time.Time, other string) string {
	if t == nil {
		return other
	}
	return when(*t)
}

func onWords(cmd *cli.Command) string {
	if on := cmd.String("on"); on != "" {
		return " on " + on
	}
	return ""
}

// period reads an option that names a day, or a minute or second of one, in
// local time unless it says otherwise: from is in it, to is not. Both are zero
// where the option is not given.
func period(cmd *cli.Command, flag string) (from, to time.Time, err error) {
	text := cmd.String(flag)
	if text == "" {
		return from, to, nil
	}
	for _, l := range []struct {
		layout string
		length time.Duration
	}{
		{"2006-01-02T15:04", time.Minute}, {"2006-01-02 15:04", time.Minute},
		{"2006-01-02T15:04:05", time.Second}, {time.RFC3339, time.Millisecond},
	} {
		if t, err := time.ParseInLocation(l.layout, text, time.Local); err == nil {
			return t, t.Add(l.length), nil
		}
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return t, t.AddDate(0, 0, 1), nil // days may have 23 or 25 hours
	}
	return from, to, usage(cmd, "--%s is a date such as 2026-03-03 or a time such as 2026-03-03T15:04, not %q", flag, clip(text))
}

func (s *session) trimCommand() *cli.Command {
	return &cli.Command{
		Name:      "trim",
		Usage:     "forget the past before a day",
		UsageText: "contacts trim [options] --before DATE",
		Description: `Contacts stay as they are. What they were before that day is forgotten, and so
is who had which number; programs that follow the changes have to have seen them.
compact gives the room back.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "before", HideDefault: true, Usage: "a `DATE` (2026-03-03) or time (2026-03-03T15:04)"},
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := operands(cmd); err != nil {
				return err
			}
			before, _, err := period(cmd, "before")
			if err != nil {
				return err
			}
			if before.IsZero() {
				return usage(cmd, "say before when, as in --before 2026-03-03")
			}
			return s.withBook(ctx, cmd, Write, func(book *contacts.Book) error {
				upTo, err := book.Trim(ctx, before)
				if err != nil {
					return &callError{err: err, cmd: cmd}
				}
				if cmd.Bool("json") {
					s.writeValue(struct {
						Before   time.Time `json:"before"`
						Revision uint64    `json:"revision"`
					}{before, upTo})
					return nil
				}
				s.printf("The history begins at %s now, after revision %d.\n", when(before), upTo)
				s.printf("To give the room back: %s\n", again(cmd, "compact"))
				return nil
			})
		},
	}
}
