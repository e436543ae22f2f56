package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

// fileVariable names the environment variable that replaces the default path.
const fileVariable = "CONTACTS_FILE"

// bookFault is a book that cannot be used.
type bookFault struct {
	text  string
	cause error
}

func (e *bookFault) Error() string { return e.text }
func (e *bookFault) Unwrap() error { return e.cause }

// defaultFile is the default path for help.
func defaultFile() string {
	path, err := boltstore.DefaultPath()
	if err != nil {
		return "none, as the system does not say where yours are kept"
	}
	return path
}

// location returns where the book is: a path, or what --store says.
func (s *session) location(cmd *cli.Command) (at string, isFile bool, err error) {
	file, store := cmd.String("file"), cmd.String("store")
	_, byVariable := os.LookupEnv(fileVariable)
	switch {
	case cmd.IsSet("file") && file == "" && !byVariable:
		return "", false, usage(cmd, "--file is empty: name a file, or leave it out for the default book")
	case store != "" && s.app.Open == nil:
		return "", false, usage(cmd, "%s", noLocations)
	case store != "" && cmd.IsSet("file") && file != "" && os.Getenv(fileVariable) != file:
		return "", false, usage(cmd, "the book is in --file or at --store, not both")
	case cmd.IsSet("store") && !isLocation(store):
		return "", false, usage(cmd, "--store takes a location such as postgres://user@host/database; a file goes with --file")
	case store != "":
		return store, false, nil
	case file != "":
		return file, true, nil
	}
	file, err = boltstore.DefaultPath()
	if err != nil {
		return "", false, &bookFault{strings.TrimPrefix(err.Error(), "contacts: ") + ": say where the book is with --file", err}
	}
	return file, true, nil
}

// isBook reports whether a path is that of the book, also one that is not there
// yet.
func (s *session) isBook(cmd *cli.Command, path string) bool {
	at, isFile, err := s.location(cmd)
	if err != nil || !isFile {
		return false
	}
	one, _ := filepath.Abs(at)
	two, _ := filepath.Abs(path)
	return one == two || s.sameOperand(at, path)
}

// withStore opens the store, calls fn and closes the store.
func (s *session) withStore(ctx context.Context, cmd *cli.Command, mode Mode, fn func(contacts.Store) error) error {
	at, isFile, err := s.location(cmd)
	if err != nil {
		return err
	}
	var store contacts.Store
	if isFile {
		store, err = s.openFile(cmd, at, mode)
	} else {
		store, err = s.openLocation(ctx, at, mode, again(cmd, "create"))
	}
	if err != nil {
		return err
	}
	err = fn(store)
	if closeErr := store.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (s *session) openFile(cmd *cli.Command, path string, mode Mode) (contacts.Store, error) {
	_, err := os.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && mode != Create {
		return nil, &bookFault{fmt.Sprintf("there is no book at %s, and this command makes none: %q begins one", path, again(cmd, "create")), err}
	}
	if missing {
		if err := makeFolder(cmd, path); err != nil {
			return nil, err
		}
	}
	store, err := s.openBook(path, mode)
	if err != nil {
		return nil, err // not the nil *Store in an interface
	}
	if missing {
		s.note("began a new book in %s", path)
	}
	return store, nil
}

// openBook opens the file of a book. One that is only to be read is read as it is
// now where another program has it open, without waiting for that to close it.
func (s *session) openBook(path string, mode Mode) (*boltstore.Store, error) {
	o := &boltstore.Options{ReadOnly: mode == Read, MustExist: mode != Create}
	if mode == Read {
		o.LockWait = -1
	}
	store, err := boltstore.Open(path, o)
	var locked *boltstore.LockedError
	if mode == Read && errors.As(err, &locked) {
		store, err = boltstore.OpenSnapshot(path)
		if err == nil {
			now := time.Now
			if s.app.now != nil {
				now = s.app.now
			}
			s.note("the book is open in %s: this is its state at %s", locked.Owner, now().Local().Format(time.TimeOnly))
		}
	}
	if err != nil {
		return nil, err
	}
	for _, warning := range store.Info().Warnings {
		s.note("%s", lowerFirst(strings.TrimSuffix(warning, ".")))
	}
	return store, nil
}

// makeFolder makes the folder of the default path. That of any other is the
// user's: a mistyped path makes no folders.
func makeFolder(cmd *cli.Command, path string) error {
	if cmd.String("file") == "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return &bookFault{err.Error(), err}
		}
		return nil
	}
	if err := folderMissing(path); err != nil {
		return &bookFault{err.Error(), err}
	}
	return nil
}

// folderMissing returns an error where the folder of a file is not there.
func folderMissing(path string) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s is not there: make it first, or choose another", dir)
	}
	return nil
}

// withScope opens the store and calls fn with a function that opens the book
// of the scope that the options say or that is the only one. Then it closes
// the store.
func (s *session) withScope(ctx context.Context, cmd *cli.Command, mode Mode,
	fn func(open func(contacts.Options) (*contacts.Book, error)) error) error {
	if _, err := siteOf(cmd, phone.Site{}); err != nil {
		return err
	}
	return s.withStore(ctx, cmd, mode, func(store contacts.Store) error {
		scope, others, err := s.scope(ctx, cmd, store, mode)
		if err != nil {
			return err
		}
		err = fn(func(o contacts.Options) (*contacts.Book, error) {
			o.NewID, o.Now = s.app.newID, s.app.now
			return contacts.Open(ctx, store, scope, &o)
		})
		if err == nil && len(others) > 0 {
			s.note("began a new scope, %s; the book had %s before, and no scope sees the contacts of another",
				scopeOptions(scope), oneOf(cmd, others, " and "))
		}
		return err
	})
}

// withBook opens the store and its book, calls fn and closes the store.
func (s *session) withBook(ctx context.Context, cmd *cli.Command, mode Mode, fn func(*contacts.Book) error) error {
	return s.withScope(ctx, cmd, mode, func(open func(contacts.Options) (*contacts.Book, error)) error {
		book, err := open(contacts.Options{ReadOnly: mode == Read})
		if err != nil {
			return err
		}
		return fn(book)
	})
}

// withReadyBook is withBook for reading by words and numbers. A book that
// reads only does not mind keys that were made by other rules, and would miss
// contacts: this one is made ready first.
func (s *session) withReadyBook(ctx context.Context, cmd *cli.Command, fn func(*contacts.Book) error) error {
	read := func() error {
		return s.withScope(ctx, cmd, Read, func(open func(contacts.Options) (*contacts.Book, error)) error {
			book, err := open(contacts.Options{DeferReindex: true})
			if err != nil {
				return err
			}
			return fn(book)
		})
	}
	err := read()
	if errors.Is(err, contacts.ErrStaleIndex) && !errors.Is(err, contacts.ErrNewer) {
		s.note("making the book ready for this version first")
		if err = s.withBook(ctx, cmd, Write, func(*contacts.Book) error { return nil }); err == nil {
			err = read()
		}
	}
	return err
}

// withRegion is withBook for writing numbers: they are read as --region says.
// The first region that was used so is kept; later ones are for their call
// alone, and "contacts region" changes what is kept.
func (s *session) withRegion(ctx context.Context, cmd *cli.Command, mode Mode, fn func(*contacts.Book) error) error {
	return s.withScope(ctx, cmd, mode, func(open func(contacts.Options) (*contacts.Book, error)) error {
		book, err := open(contacts.Options{})
		if err != nil {
			return err
		}
		kept := book.Site()
		site, err := siteOf(cmd, phone.Site{})
		if err != nil {
			return err
		}
		if book, err = open(contacts.Options{Site: site}); err != nil {
			return err
		}
		if err := fn(book); err != nil || kept.Region != "" || site.Region == "" {
			return err
		}
		kept.Region = site.Region
		if _, err := book.SetSite(ctx, kept); err != nil {
			return err
		}
		s.note("numbers without a country are read as numbers in %s from now on; the book remembers it", kept.Region)
		return nil
	})
}

// regionOnce describes --region where it is for the call.
func regionOnce() cli.Flag {
	return &cli.StringFlag{Name: "region", HideDefault: true,
		Usage: "read a number without a country as one in `REGION` this time (IN, GB, ..)"}
}

// outsideOnce describes --outside where it is for the call.
func outsideOnce() cli.Flag {
	return &cli.StringFlag{Name: "outside", HideDefault: true,
		Usage: "`DIGITS` that the telephone system puts in front to get a line, this time"}
}

// siteOf returns the site that numbers are read by in this call: what
// --region and --outside say, and the rest of site.
func siteOf(cmd *cli.Command, site phone.Site) (_ phone.Site, err error) {
	if cmd.IsSet("region") {
		if site.Region, err = checkRegion(cmd, cmd.String("region")); err != nil {
			return site, err
		}
	}
	if cmd.IsSet("outside") {
		site.OutsideLine = cmd.String("outside")
	}
	return site, checkOutside(cmd)
}

func checkRegion(cmd *cli.Command, text string) (string, error) {
	region := strings.ToUpper(strings.TrimSpace(text))
	if _, ok := phone.CallingCodeForRegion(region); region != "" && !ok {
		return "", usage(cmd, "the region %q is not known: give two letters such as IN, GB or US", text)
	}
	return region, nil
}

// checkOutside judges --outside.
func checkOutside(cmd *cli.Command) error {
	if digits := cmd.String("outside"); len(digits) > 4 || strings.Trim(digits, "0123456789") != "" {
		return usage(cmd, "--outside is at most four digits, not %q", digits)
	}
	return nil
}

// scope returns the scope that --account and --stream say, or the only one
// that fits them. Where there is none yet, writing begins one; others are then
// those that the book has.
func (s *session) scope(ctx context.Context, cmd *cli.Command, store contacts.Store, mode Mode) (_ contacts.Scope, others []contacts.Scope, err error) {
	given := contacts.Scope{Account: cmd.String("account"), Stream: cmd.String("stream")}
	account, stream := cmd.IsSet("account"), cmd.IsSet("stream")
	var all, fit []contacts.Scope
	for sc, err := range contacts.Scopes(ctx, store) {
		if err != nil {
			return given, nil, err
		}
		all = append(all, sc)
		if (!account || sc.Account == given.Account) && (!stream || sc.Stream == given.Stream) {
			fit = append(fit, sc)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], nil, nil
	case len(fit) > 1:
		return given, nil, &usageFault{text: fmt.Sprintf("the book has %d scopes: add %s", len(fit), oneOf(cmd, fit, " or "))}
	case mode == Create || len(all) == 0 && !account && !stream:
		return given, all, nil
	case len(all) == 0:
		return given, nil, &bookFault{text: "the book is empty: there are no contacts of any account"}
	}
	var asked []string
	for _, name := range []string{"account", "stream"} {
		if cmd.IsSet(name) {
			asked = append(asked, "--"+name+" "+quote(cmd.String(name)))
		}
	}
	return given, nil, &bookFault{text: fmt.Sprintf("there is nothing under %s; there is under %s", strings.Join(asked, " "), oneOf(cmd, all, " or "))}
}

// scopeOptions are the options that choose a scope.
func scopeOptions(sc contacts.Scope) string {
	return fmt.Sprintf("--account %s --stream %s", quote(sc.Account), quote(sc.Stream))
}

// oneOf lists scopes as the options that choose them, the last two with a word
// between them.
func oneOf(cmd *cli.Command, list []contacts.Scope, word string) string {
	const most = 4
	var words []string
	for _, sc := range list[:min(most, len(list))] {
		words = append(words, scopeOptions(sc))
	}
	if len(list) > most {
		return fmt.Sprintf("%s,%s%d more that %q lists", strings.Join(words, ", "), word, len(list)-most, allScopes(cmd))
	}
	if n := len(words); n > 1 {
		words = append(slices.Clone(words[:n-2]), words[n-2]+word+words[n-1])
	}
	return strings.Join(words, ", ")
}

// allScopes is the command that lists the scopes.
func allScopes(cmd *cli.Command) string {
	file, store := cmd.String("file"), cmd.String("store")
	switch {
	case store != "":
		return "contacts scopes --store " + quote(shown(store))
	case cmd.IsSet("file") && file != "":
		return "contacts scopes --file " + quote(file)
	}
	return "contacts scopes"
}
