package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/urfave/cli/v3"
)

func (s *session) checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "look for damage, and for numbers that belong to several contacts",
		UsageText: "contacts check [options] [FILE]",
		Description: `Reads the whole book and says whether all of it is sound: the file, every
contact, and that whatever can be listed can also be found. The exit code is 6
when it is not, and it says what to do then.`,
		Action: s.check,
	}
}

func (s *session) check(ctx context.Context, cmd *cli.Command) error {
	if err := s.bookOperand(cmd); err != nil {
		return err
	}
	at, isFile, err := s.location(cmd)
	if err != nil {
		return err
	}
	v := verdict{Location: shown(at), Scopes: []survey{}}
	err = s.withStore(ctx, cmd, Read, func(store contacts.Store) error {
		v.about(store)
		if err := contacts.Check(ctx, store); errors.Is(err, contacts.ErrUnsupported) {
			return errors.New("this kind of store has no check of its own")
		} else if err != nil {
			return err
		}
		if v.Scopes, err = surveyed(ctx, store); err != nil {
			return err
		}
		v.Sound = true
		if s.json {
			return nil
		}
		s.tellSound(&v)
		return s.tellDuplicates(ctx, store, v.Scopes)
	})
	damaged := errors.Is(err, contacts.ErrDamaged)
	if isFile && (v.Sound || damaged) {
		v.Snapshots = snapshotsOf(at)
	}
	if damaged {
		v.Problem = plain(err)
	}
	if isFile && errors.Is(err, contacts.ErrNotBook) {
		s.tellLooking(at)
	}
	switch {
	case s.json && (v.Sound || damaged):
		s.writeValue(v)
	case v.Sound && len(v.Snapshots) > 0:
		s.printf("%s.\n", snapshotWords(v.Snapshots))
	case damaged && isFile:
		s.tellDamaged(&v, err)
		return errDamagedTold
	}
	return err
}

// verdict is the answer of check for machines. What is said of files is null of
// other stores.
type verdict struct {
	Location  string   `json:"location"`
	Sound     bool     `json:"sound"`
	Problem   string   `json:"problem"`
	Clean     *bool    `json:"clean,omitempty"` // it was closed in order
	Format    int      `json:"format,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Snapshots []string `json:"snapshots,omitempty"` // the newest first
	Scopes    []survey `json:"scopes"`
}

// about takes what a file says of itself.
func (v *verdict) about(store contacts.Store) {
	if b, ok := store.(*boltstore.Store); ok {
		info := b.Info()
		v.Format, v.Warnings = info.Format, info.Warnings
		// A snapshot of a book that is open is not it; a warning says more of an older state.
		if info.Path == b.Path() && !info.OlderState {
			v.Clean = &info.Clean
		}
	}
}

// snapshotsOf returns the snapshots beside a book. Where they cannot be listed
// there are none to tell of.
func snapshotsOf(path string) (paths []string) {
	list, _ := boltstore.ListSnapshots(path, "")
	for _, s := range list {
		paths = append(paths, s.Path)
	}
	return paths
}

func snapshotWords(paths []string) string {
	return fmt.Sprintf("%s beside it, the newest is %s", plural(uint64(len(paths)), "snapshot is", "snapshots are"), filepath.Base(paths[0]))
}

// tellSound says that a book is sound, and what is in it.
func (s *session) tellSound(v *verdict) {
	s.printf("%s is sound.\n", v.Location)
	var sum contacts.Counts
	for _, b := range v.Scopes {
		sum.Active += b.Active
		sum.Inactive += b.Inactive
		sum.Merged += b.Merged
	}
	s.printf("It has %s%s.\n", countWords(sum), inScopes(len(v.Scopes)))
	if v.Clean != nil && !*v.Clean {
		s.printf("It is a copy, or was not closed in order the last time; nothing is missing for that.\n")
	}
}

// tellDuplicates says which numbers several contacts have.
func (s *session) tellDuplicates(ctx context.Context, store contacts.Store, books []survey) error {
	var n uint64
	for _, b := range books {
		n += b.Duplicates
	}
	if n == 0 {
		s.printf("No number belongs to more than one contact.\n")
		return nil
	}
	s.printf("%s to more than one contact; delete or edit one of each:\n", plural(n, "number belongs", "numbers belong"))
	return s.listDuplicates(ctx, store, books)
}

// errDamagedTold ends a command that has said what is to be said of a damaged book.
var errDamagedTold = errors.New("the book is damaged")

// tellDamaged says what that a book is damaged means, and what to do.
func (s *session) tellDamaged(v *verdict, err error) {
	s.printf("%s is damaged (%s).\n", v.Location, damageWords(err))
	s.printf("A part of the file was lost or changed: by the disk, by another program, or as an\n" +
		"older copy was put in its place. What is in it is not used, as it may be wrong.\n")
	if len(v.Snapshots) > 0 {
		s.printf("%s.\n", snapshotWords(v.Snapshots))
	}
	s.printf("To see what can be saved, changing nothing:  contacts repair --dry-run %[1]s\n"+
		"To repair it, keeping this file aside:       contacts repair %[1]s\n", quote(v.Location))
}

// tellLooking says how to look for contacts in what seems to be no book: where its
// beginning was overwritten, only repair knows.
func (s *session) tellLooking(at string) {
	if fi, err := os.Stat(at); err == nil && fi.Mode().IsRegular() && fi.Size() > 0 {
		s.note("if %[1]s was a book once, its beginning was overwritten; to look for contacts in it, changing nothing: contacts repair --dry-run %[1]s", quote(at))
	}
}

// damageWords is what an error says is wrong, without what it says to do.
func damageWords(err error) string {
	text := plain(err)
	if _, rest, ok := strings.Cut(text, "file is damaged ("); ok {
		if i := strings.LastIndex(rest, ");"); i >= 0 {
			return rest[:i]
		}
	}
	if _, rest, ok := strings.Cut(text, "file is damaged: "); ok { // it is the contents
		return rest
	}
	return text
}

// countWords says how many contacts there are.
func countWords(n contacts.Counts) string {
	text := plural(n.Active, "contact", "contacts")
	if n.Inactive > 0 {
		text += fmt.Sprintf(" and %d deleted", n.Inactive)
	}
	if n.Merged > 0 {
		text += fmt.Sprintf(" and %d merged", n.Merged)
	}
	return text
}

func inScopes(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", in %d scopes", n)
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// listDuplicates lists the numbers that several contacts have, those of the
// first few.
func (s *session) listDuplicates(ctx context.Context, store contacts.Store, books []survey) error {
	const most = 20
	n := 0
	var t table
	for _, b := range books {
		book, err := contacts.Open(ctx, store, contacts.Scope{Account: b.Account, Stream: b.Stream}, &contacts.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		for d, err := range book.Duplicates(ctx) {
			if err != nil {
				return err
			}
			if n++; n > most {
				break
			}
			for _, who := range namesAndIDs(d.Contacts) {
				t.rows = append(t.rows, []string{d.Line.String(), who})
			}
		}
	}
	t.write(s.out, "  ")
	if n > most {
		s.printf("  ..\n")
	}
	return nil
}
