package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
	"github.com/urfave/cli/v3"
)

func (s *session) exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write contacts to a file, as CSV, vCards or JSON Lines",
		UsageText: "contacts export [options] FILE\ncontacts export [options] >FILE",
		Description: `Writes the active contacts, to standard output where no FILE is named. The end of
its name says the format, .csv, .vcf or .jsonl, unless --format does:

   csv      CSV with a column for every field
   google   CSV that Google Contacts imports
   outlook  CSV that Outlook imports
   vcard    vCards, version 4.0
   vcard3   vCards, version 3.0, for older programs and telephones
   jsonl    a contact a line, in the API's JSON

csv, vcard and jsonl hold all there is: "contacts import --restore" makes the same
contacts of them. What google, outlook and vcard3 have no place for is counted.

   contacts export contacts.vcf
   contacts export --format google --search "acme pune" for-asha.csv
   contacts export --format jsonl | jq .fullName

A file is for you alone to read, and there only when it is complete. Cells of CSV
that a spreadsheet would take for formulas have an apostrophe in front.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", HideDefault: true, Usage: "write `FORMAT`: csv, google, outlook, vcard, vcard3 or jsonl"},
			&cli.StringFlag{Name: "search", HideDefault: true, Usage: "only the contacts that a search for `TEXT` finds"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, HideDefault: true, Usage: "deleted contacts too, as far as the format tells them apart (csv, vcard, jsonl)"},
			forceFlag(),
		},
		Action: s.export,
	}
}

func forceFlag() cli.Flag {
	return &cli.BoolFlag{Name: "force", HideDefault: true, Usage: "write in place of a file that is there"}
}

// exported is the answer of export for machines.
type exported struct {
	File     string         `json:"file"`
	Format   string         `json:"format"`
	Contacts int            `json:"contacts"`
	LeftOut  map[string]int `json:"leftOut"`
}

func (s *session) export(ctx context.Context, cmd *cli.Command) error {
	to := "-"
	if cmd.Args().Present() {
		args, err := operands(cmd, "FILE")
		if err != nil {
			return err
		}
		to = args[0]
	}
	if to == "-" && cmd.Bool("json") {
		return usage(cmd, "with --json standard output is for the report: name a file for the contacts")
	}
	var err error
	o := &interchange.ExportOptions{Search: cmd.String("search")}
	if o.Format, err = exportFormat(cmd, to); err != nil {
		return err
	}
	if cmd.IsSet("search") && strings.TrimSpace(o.Search) == "" {
		return usage(cmd, "--search is empty: leave it out to export all contacts")
	}
	if cmd.Bool("all") {
		switch o.Format {
		case interchange.FormatCSV, interchange.FormatVCard, interchange.FormatJSONLines:
		default:
			return usage(cmd, "%s does not tell deleted contacts from others: leave out --all, or use csv, vcard or jsonl", o.Format)
		}
		o.Status = []contacts.Status{contacts.Active, contacts.Inactive}
	}
	if to != "-" {
		if s.isBook(cmd, to) {
			return usage(cmd, "%s is the book: choose another file", to)
		}
		if err := mayWrite(to, cmd.Bool("force")); err != nil {
			return err
		}
	}
	open := s.withReadyBook
	if o.Search == "" {
		open = func(ctx context.Context, cmd *cli.Command, fn func(*contacts.Book) error) error {
			return s.withBook(ctx, cmd, Read, fn)
		}
	}
	return open(ctx, cmd, func(book *contacts.Book) error {
		if to == "-" {
			done, err := interchange.Export(ctx, book, s.out, o)
			if err == nil && len(done.LeftOut) > 0 {
				s.note("%s", leftOutWords(done.LeftOut, o.Format))
			}
			return err
		}
		return s.exportFile(ctx, cmd, book, to, o)
	})
}

func (s *session) exportFile(ctx context.Context, cmd *cli.Command, book *contacts.Book, to string, o *interchange.ExportOptions) error {
	file := &newFile{path: to, over: cmd.Bool("force")}
	defer file.drop()
	if err := file.begin(); err != nil { // an export of nobody is a file, too
		return err
	}
	done, err := interchange.Export(ctx, book, io.Writer(file), o)
	if err == nil {
		err = file.keep()
	}
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		if done.LeftOut == nil {
			done.LeftOut = map[string]int{}
		}
		s.writeValue(exported{to, o.Format.String(), done.Contacts, done.LeftOut})
		return nil
	}
	s.printf("Wrote %s to %s (%s).\n", plural(uint64(done.Contacts), "contact", "contacts"), to, o.Format)
	if len(done.LeftOut) > 0 {
		s.note("%s", leftOutWords(done.LeftOut, o.Format))
	}
	return nil
}

// exportFormat returns the format that --format or the name of the file says.
func exportFormat(cmd *cli.Command, file string) (interchange.Format, error) {
	const known = "csv, google, outlook, vcard, vcard3 or jsonl"
	if name := cmd.String("format"); cmd.IsSet("format") {
		format, ok := interchange.ParseFormat(strings.ToLower(name))
		if !ok {
			return format, usage(cmd, "--format is %s, not %q", known, name)
		}
		return format, nil
	}
	if format := formatOf(file); format != interchange.FormatUnknown {
		return format, nil
	}
	if file == "-" {
		return interchange.FormatCSV, nil
	}
	return 0, usage(cmd, "say in which form: --format %s, or a name that ends in .csv, .vcf or .jsonl", known)
}

// formatOf returns the format that the end of a name says.
func formatOf(file string) interchange.Format {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv":
		return interchange.FormatCSV
	case ".vcf", ".vcard":
		return interchange.FormatVCard
	case ".jsonl", ".ndjson":
		return interchange.FormatJSONLines
	}
	return interchange.FormatUnknown
}

// leftOutWords says what a format has no place for.
func leftOutWords(counts map[string]int, format interchange.Format) string {
	return fmt.Sprintf("%s has no place for all of it; left out were %s", format, tallyWords(counts, "contact", "contacts"))
}
