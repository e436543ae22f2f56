package cli

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// survey is what there is to know of a scope.
type survey struct {
	Account    string `json:"account"`
	Stream     string `json:"stream"`
	Active     uint64 `json:"active"`
	Inactive   uint64 `json:"inactive"`
	Merged     uint64 `json:"merged"`
	Duplicates uint64 `json:"duplicates"`
	Region     string `json:"region"`
	Outside    string `json:"outside"`
}

// surveyed returns every scope of a store.
func surveyed(ctx context.Context, store contacts.Store) ([]survey, error) {
	out := []survey{}
	for sc, err := range contacts.Scopes(ctx, store) {
		if err != nil {
			return nil, err
		}
		book, err := contacts.Open(ctx, store, sc, &contacts.Options{ReadOnly: true})
		if err != nil {
			return nil, err
		}
		n, err := book.Count(ctx)
		if err != nil {
			return nil, err
		}
		site := book.Site()
		out = append(out, survey{sc.Account, sc.Stream, n.Active, n.Inactive, n.Merged, n.Duplicates, site.Region, site.OutsideLine})
	}
	return out, nil
}

func (s *session) scopesCommand() *cli.Command {
	return &cli.Command{
		Name:      "scopes",
		Usage:     "list the accounts and streams that the book has",
		UsageText: "contacts scopes [options]",
		Description: `A scope is the stream of an account. Numbers are unique within it, and no command
but check, repair, backup, copy and compact goes beyond it. With one scope, or none yet,
--account and --stream need not be given.`,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := operands(cmd); err != nil {
				return err
			}
			return s.withStore(ctx, cmd, Read, func(store contacts.Store) error {
				list, err := surveyed(ctx, store)
				if err != nil {
					return err
				}
				if cmd.Bool("json") {
					s.writeValue(list)
					return nil
				}
				if len(list) == 0 {
					s.note("the book is empty: it has no scopes yet")
					return nil
				}
				t := table{head: []string{"ACCOUNT", "STREAM", "CONTACTS", "DELETED", "REGION"}}
				for _, b := range list {
					t.rows = append(t.rows, []string{b.Account, b.Stream, fmt.Sprint(b.Active), fmt.Sprint(b.Inactive), b.Region})
				}
				t.write(s.out, "")
				return nil
			})
		},
	}
}

func (s *session) regionCommand() *cli.Command {
	return &cli.Command{
		Name:      "region",
		Usage:     "show or set how numbers without a country are read",
		UsageText: "contacts region [options] [REGION]",
		Description: `The book remembers the region: two letters such as IN, GB or US. Numbers that are
kept already do not change. --outside says what a telephone system puts in front
of a number to get a line. An empty value takes one away: contacts region ''`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "outside", HideDefault: true, Usage: "`DIGITS` that get an outside line, at most four"},
		},
		Action: s.region,
	}
}

func (s *session) region(ctx context.Context, cmd *cli.Command) error {
	args := cmd.Args().Slice()
	if len(args) > 1 {
		return usage(cmd, "%q is one argument too many", args[1])
	}
	if err := checkOutside(cmd); err != nil {
		return err
	}
	mode := Read
	region := ""
	if len(args) == 1 || cmd.IsSet("outside") {
		mode = Create
	}
	if len(args) == 1 {
		var err error
		if region, err = checkRegion(cmd, args[0]); err != nil {
			return err
		}
	}
	return s.withBook(ctx, cmd, mode, func(book *contacts.Book) (err error) {
		if mode == Create {
			site := book.Site()
			if len(args) == 1 {
				site.Region = region
			}
			if cmd.IsSet("outside") {
				site.OutsideLine = cmd.String("outside")
			}
			if book, err = book.SetSite(ctx, site); err != nil {
				return err
			}
		}
		s.tellSite(cmd, book)
		return nil
	})
}

func (s *session) tellSite(cmd *cli.Command, book *contacts.Book) {
	site := book.Site()
	if cmd.Bool("json") {
		s.writeValue(struct {
			Region  string `json:"region"`
			Outside string `json:"outside"`
		}{site.Region, site.OutsideLine})
		return
	}
	if site.Region == "" {
		s.printf("No region is set: numbers need + and a calling code. To set one: %s\n", again(cmd, "region", "IN"))
	} else {
		s.printf("Numbers without a country are read as numbers in %s.\n", site.Region)
	}
	if site.OutsideLine != "" {
		s.printf("%s in front of a number gets an outside line.\n", site.OutsideLine)
	}
}
