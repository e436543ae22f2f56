package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
	"github.com/urfave/cli/v3"
)

// problemLimit is how many rows with problems a person gets to see unless he
// says otherwise.
const problemLimit = 20

func (s *session) importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "take in contacts from files: CSV, vCards, JSON Lines",
		UsageText: "contacts import [options] FILE..\ncontacts import [options] - <FILE",
		Description: `Every row of a file comes in, is passed over, or fails with its line and a reason;
the summary counts them all. A number that somebody has is not given to another:
--policy says what becomes of a row with one, also of rows that repeat each other.

   contacts import --dry-run --region IN contacts.csv
   contacts import --region IN --rejects failed.csv contacts.csv
   contacts import --policy fill phone.vcf outlook.csv

What kind of file it is, its columns, delimiter and encoding are found out. A dry
run decides as the real one does and leaves the book as it is. The rejects are the
rows that failed, each with its reason, to be mended and imported again.

--policy is one of

   reject     the row fails, and the holder is named; so it is unless you say otherwise
   skip       the row is passed over
   fill       the holder gets what it has not: empty fields, further numbers
   overwrite  the holder gets all that the row has
   keep       both have the number: for data from before the rule

An import may be repeated, after a failure or by mistake: it doubles nothing. The
exit code is 5 when rows failed, or a file is not what it should be, and 1 when a
file cannot be read; files before it came in. Of a new book in which nothing came
nothing stays.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", HideDefault: true, Usage: "try it, and leave the book as it is"},
			&cli.StringFlag{Name: "policy", HideDefault: true, Value: "reject", Usage: "what becomes of a row with a number that somebody has: `POLICY`, as above"},
			regionKept(),
			&cli.StringSliceFlag{Name: "map", HideDefault: true, Usage: "`COLUMN=FIELD`: the column of CSV, by its name or number, has that field; - passes it over; may be repeated"},
			&cli.StringFlag{Name: "format", HideDefault: true, Usage: "the files are `FORMAT`: csv, vcard or jsonl"},
			&cli.StringFlag{Name: "delimiter", HideDefault: true, Usage: "`SIGN` between the cells of CSV: ',', ';', tab or '|'"},
			&cli.StringFlag{Name: "encoding", HideDefault: true, Usage: "CSV is in `ENCODING`: utf-8, utf-16le, utf-16be or windows-1252"},
			&cli.BoolFlag{Name: "no-header", HideDefault: true, Usage: "the first line of CSV is a row like the others; --map goes by number"},
			&cli.BoolFlag{Name: "restore", HideDefault: true, Usage: "take in what export wrote as it is: with ids, times and deleted contacts"},
			&cli.StringFlag{Name: "rejects", TakesFile: true, HideDefault: true, Usage: "write the rows that fail to `FILE`, or to files of the same names in a folder"},
			&cli.IntFlag{Name: "problems", HideDefault: true, Value: problemLimit, Usage: "list at most `N` rows with problems; 20 unless given, 0 means all"},
			forceFlag(),
		},
		Action: s.importFiles,
	}
}

// errImportRefused ends an import some rows of which failed; the answer lists
// them.
var errImportRefused = errors.New("some rows failed")

// errNothingCame ends an import into a new book.
var errNothingCame = errors.New("nothing came in")

// importFault is a file that could not be imported.
type importFault struct {
	name string
	rows int  // that came in before
	dry  bool // and are not in the book
	err  error
}

func (e *importFault) Error() string { return e.name + ": " + e.err.Error() }
func (e *importFault) Unwrap() error { return e.err }

// importFile is a file to import.
type importFile struct {
	name    string
	r       io.Reader
	rejects *newFile // nil: they are not asked for
}

// policies are the values of --policy.
var policies = map[string]contacts.HeldPolicy{
	"reject": contacts.RefuseHeld, "skip": contacts.SkipHeld, "fill": contacts.FillHeld, "overwrite": contacts.OverwriteHeld, "keep": contacts.KeepHeld,
}

func (s *session) importFiles(ctx context.Context, cmd *cli.Command) error {
	o, err := importOptions(cmd)
	if err != nil {
		return err
	}
	source, err := importSource(cmd)
	if err != nil {
		return err
	}
	files, err := s.openImports(ctx, cmd)
	defer func() {
		for _, f := range files {
			if c, ok := f.r.(io.Closer); ok && f.name != "-" {
				_ = c.Close() // it was only read
			}
			if f.rejects != nil {
				f.rejects.drop()
			}
		}
	}()
	if err != nil {
		return err
	}
	var done []importedFile
	err = s.withImportBook(ctx, cmd, func(book *contacts.Book) (came bool, err error) {
		for _, f := range files {
			report, err := s.importOne(ctx, book, f, source(f.r), o)
			came = came || report.Created+report.Updated > 0
			if err != nil {
				return came, &importFault{f.name, report.Created + report.Updated, cmd.Bool("dry-run"), err}
			}
			report.DryRun = cmd.Bool("dry-run") // the book is one to be thrown away
			done = append(done, importedFile{f, report})
		}
		return came, nil
	})
	if err == nil || len(done) > 0 {
		s.tellImported(cmd, done, len(files))
	}
	if err != nil {
		return err
	}
	for _, d := range done {
		if d.report.Failed > 0 {
			return errImportRefused
		}
	}
	return nil
}

// importOne imports one file, and keeps its rejects when that has ended well.
func (s *session) importOne(ctx context.Context, book *contacts.Book, f importFile, source *interchange.Source, o interchange.Options) (interchange.Report, error) {
	if f.rejects != nil {
		o.Rejects = f.rejects
	}
	tell, end := s.importProgress(f.name)
	o.Progress = tell
	report, err := interchange.Import(ctx, book, source, &o)
	end()
	if err == nil && f.rejects != nil {
		err = f.rejects.keep()
	}
	return report, err
}

func importOptions(cmd *cli.Command) (o interchange.Options, err error) {
	held, ok := policies[cmd.String("policy")]
	switch {
	case !ok:
		return o, usage(cmd, "--policy is reject, skip, fill, overwrite or keep, not %q", cmd.String("policy"))
	case cmd.Bool("restore") && held != contacts.RefuseHeld && held != contacts.KeepHeld:
		return o, usage(cmd, "--restore goes by the ids of contacts: --policy is reject or keep then")
	case cmd.Int("problems") < 0:
		return o, usage(cmd, "--problems is 0 or more, not %d", cmd.Int("problems"))
	}
	o = interchange.Options{Held: held, Restore: cmd.Bool("restore"), Problems: cmd.Int("problems")}
	if o.Problems == 0 {
		o.Problems = math.MaxInt
	}
	return o, nil
}

// importSource returns what makes a source of a file, as the options say.
func importSource(cmd *cli.Command) (func(io.Reader) *interchange.Source, error) {
	format := cmd.String("format")
	var asCSV string // the option that is for CSV alone
	for _, name := range []string{"map", "delimiter", "encoding", "no-header"} {
		if cmd.IsSet(name) {
			asCSV = name
		}
	}
	switch {
	case format != "" && format != "csv" && asCSV != "":
		return nil, usage(cmd, "%s is for CSV and not for %s", dashes(asCSV), format)
	case format == "" && asCSV == "":
		return interchange.Any, nil
	case format == "vcard" || format == "vcard3":
		return interchange.VCard, nil
	case format == "jsonl":
		return interchange.JSONLines, nil
	case format != "" && format != "csv":
		return nil, usage(cmd, "--format is csv, vcard or jsonl, not %q; Google's and Outlook's files are csv", format)
	}
	o := &interchange.CSVOptions{Encoding: strings.ToLower(cmd.String("encoding")), NoHeader: cmd.Bool("no-header")}
	switch o.Encoding {
	case "", "utf-8", "utf-16le", "utf-16be", "windows-1252":
	default:
		return nil, usage(cmd, "--encoding is utf-8, utf-16le, utf-16be or windows-1252, not %q", cmd.String("encoding"))
	}
	switch d := cmd.String("delimiter"); {
	case strings.EqualFold(d, "tab") || d == `\t`:
		o.Delimiter = '\t'
	case d != "" && utf8.RuneCountInString(d) != 1 || cmd.IsSet("delimiter") && d == "":
		return nil, usage(cmd, "--delimiter is one sign, or the word tab, not %q", d)
	case d != "":
		o.Delimiter, _ = utf8.DecodeRuneInString(d)
	}
	for _, m := range cmd.StringSlice("map") {
		at := strings.LastIndexByte(m, '=')
		if at <= 0 || at == len(m)-1 {
			return nil, usage(cmd, "--map is COLUMN=FIELD, such as Mobil=cellPhone.phoneNumber, not %q", m)
		}
		if o.Columns == nil {
			o.Columns = map[string]string{}
		}
		if _, twice := o.Columns[m[:at]]; twice {
			return nil, usage(cmd, "--map names the column %q twice", m[:at])
		}
		o.Columns[m[:at]] = m[at+1:]
	}
	return func(r io.Reader) *interchange.Source { return interchange.CSV(r, o) }, nil
}

// openImports opens the files that the arguments name.
func (s *session) openImports(ctx context.Context, cmd *cli.Command) (files []importFile, err error) {
	args := cmd.Args().Slice()
	if len(args) == 0 {
		return nil, usage(cmd, "FILE is missing: name one, or - for standard input")
	}
	var seen []string
	for _, name := range args {
		if name == "" {
			return files, usage(cmd, "FILE is empty")
		}
		for _, other := range seen {
			if name == other || name != "-" && s.sameOperand(name, other) {
				return files, usage(cmd, "%s is named twice", name)
			}
		}
		seen = append(seen, name)
		f := importFile{name: name, r: &patient{ctx: ctx, r: s.in}}
		if name != "-" {
			file, err := openOrdinary(name)
			if err != nil {
				return files, &importFault{name: name, err: err}
			}
			f.r = file
		}
		files = append(files, f)
	}
	return files, s.nameRejects(cmd, files)
}

// openOrdinary opens a file to read it.
func openOrdinary(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err != nil {
		var path *fs.PathError
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, errors.New("there is no such file")
		case errors.Is(err, fs.ErrPermission):
			return nil, errors.New("you may not read this file")
		case errors.As(err, &path):
			return nil, path.Err // the name is said already
		}
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		_ = file.Close()
		return nil, errors.New("this is a folder: name the files in it")
	}
	return file, nil
}

// nameRejects says where the rows of each file that fail go.
func (s *session) nameRejects(cmd *cli.Command, files []importFile) error {
	to := cmd.String("rejects")
	if !cmd.IsSet("rejects") {
		return nil
	}
	info, err := os.Stat(to)
	folder := err == nil && info.IsDir()
	switch {
	case to == "" || to == "-":
		return usage(cmd, "--rejects needs the name of a file or a folder")
	case len(files) > 1 && !folder:
		return usage(cmd, "with several files --rejects is a folder that is there, and %s is none", to)
	}
	taken := map[string]bool{}
	for i := range files {
		path := to
		if folder {
			name := "stdin"
			if files[i].name != "-" {
				name = filepath.Base(files[i].name)
			}
			path = filepath.Join(to, name)
		}
		switch {
		case taken[path]:
			return usage(cmd, "two of the files would have their rejects in %s: import them one by one", path)
		case files[i].name != "-" && s.sameOperand(files[i].name, path):
			return usage(cmd, "%s would take the place of the file that is imported: choose another name for --rejects", path)
		}
		taken[path] = true
		if err := mayWrite(path, cmd.Bool("force")); err != nil {
			return err
		}
		files[i].rejects = &newFile{path: path, over: cmd.Bool("force")}
		if err := files[i].rejects.begin(); err != nil { // now, and not when rows have come in
			return err
		}
		files[i].rejects.drop() // without a row that fails there is none
	}
	return nil
}
