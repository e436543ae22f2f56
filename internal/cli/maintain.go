package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

func (s *session) checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "look for damage, and for numbers that belong to several contacts",
		UsageText: "contacts check [options]",
		Description: `Reads the whole book and says whether all of it is sound: the file, every
contact, and that whatever can be listed can also be found. The exit code is 6
when it is not.`,
		Action: s.check,
	}
}

func (s *session) check(ctx context.Context, cmd *cli.Command) error {
	if _, err := operands(cmd); err != nil {
		return err
	}
	at, _, err := s.location(cmd)
	if err != nil {
		return err
	}
	err = s.withStore(ctx, cmd, Read, func(store contacts.Store) error {
		if err := contacts.Check(ctx, store); errors.Is(err, contacts.ErrUnsupported) {
			return errors.New("this kind of store has no check of its own")
		} else if err != nil {
			return err
		}
		books, err := surveyed(ctx, store)
		if err != nil {
			return err
		}
		if cmd.Bool("json") {
			s.writeValue(verdict{Location: at, Sound: true, Scopes: books})
			return nil
		}
		var sum contacts.Counts
		for _, b := range books {
			sum.Active += b.Active
			sum.Inactive += b.Inactive
			sum.Merged += b.Merged
			sum.Duplicates += b.Duplicates
		}
		s.printf("%s is sound.\n", at)
		s.printf("It has %s%s.\n", countWords(sum), inScopes(len(books)))
		if sum.Duplicates == 0 {
			s.printf("No number belongs to more than one contact.\n")
			return nil
		}
		s.printf("%s to more than one contact; delete or edit one of each:\n", plural(sum.Duplicates, "number belongs", "numbers belong"))
		return s.listDuplicates(ctx, store, books)
	})
	if cmd.Bool("json") && errors.Is(err, contacts.ErrDamaged) {
		s.writeValue(verdict{Location: at, Problem: plain(err), Scopes: []survey{}})
	}
	return err
}

// verdict is the answer of check for machines.
type verdict struct {
	Location string   `json:"location"`
	Sound    bool     `json:"sound"`
	Problem  string   `json:"problem"`
	Scopes   []survey `json:"scopes"`
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

func (s *session) backupCommand() *cli.Command {
	return &cli.Command{
		Name:      "backup",
		Usage:     "write a copy of the book",
		UsageText: "contacts backup [options] FILE\ncontacts backup [options] - >FILE",
		Description: `The copy is a book like any other: --file opens it. All scopes are in it. A file
that is there already is never overwritten.`,
		Action: s.backup,
	}
}

func (s *session) backup(ctx context.Context, cmd *cli.Command) error {
	args, err := operands(cmd, "FILE")
	if err != nil {
		return err
	}
	to := args[0]
	if to == "-" && isTerminal(s.terminal) {
		return usage(cmd, "a book is no text for a terminal: name a file, or send the output into one")
	}
	if err := folderMissing(to); err != nil {
		return err
	}
	return s.withStore(ctx, cmd, Read, func(store contacts.Store) error {
		if to == "-" {
			return contacts.Backup(ctx, store, s.out)
		}
		err := backupFile(ctx, store, to)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already and was left alone: choose another name", to)
		}
		if err != nil {
			return err
		}
		info, err := os.Stat(to)
		if err != nil {
			return err
		}
		if cmd.Bool("json") {
			s.writeValue(struct {
				File  string `json:"file"`
				Bytes int64  `json:"bytes"`
			}{to, info.Size()})
			return nil
		}
		s.printf("Wrote a copy of the book to %s (%s).\n", to, bytesWords(info.Size()))
		s.printf("To look at it: contacts list --file %s\n", quote(to))
		return nil
	})
}

// backupFile writes a copy of the store to a new file, which stays only when
// it is complete.
func backupFile(ctx context.Context, store contacts.Store, path string) error {
	if b, ok := store.(interface {
		BackupFile(ctx context.Context, path string) error
	}); ok {
		return b.BackupFile(ctx, path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = contacts.Backup(ctx, store, f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (s *session) compactCommand() *cli.Command {
	return &cli.Command{
		Name:        "compact",
		Usage:       "make the file as small as it can be",
		UsageText:   "contacts compact [options]",
		Description: "Rewrites the book without unused space, and without the bytes of what was purged.",
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := operands(cmd); err != nil {
				return err
			}
			at, isFile, err := s.location(cmd)
			if err != nil {
				return err
			}
			before := fileSize(at, isFile)
			err = s.withStore(ctx, cmd, Write, func(store contacts.Store) error { return contacts.Compact(ctx, store) })
			if err != nil {
				return err
			}
			after := fileSize(at, isFile)
			switch {
			case cmd.Bool("json"):
				s.writeValue(struct {
					Location string `json:"location"`
					Before   int64  `json:"bytesBefore"`
					After    int64  `json:"bytesAfter"`
				}{at, before, after})
			case !isFile:
				s.printf("Compacted %s.\n", at)
			default:
				s.printf("Compacted %s: %s before, %s now.\n", at, bytesWords(before), bytesWords(after))
			}
			return nil
		},
	}
}

func fileSize(at string, isFile bool) int64 {
	if info, err := os.Stat(at); isFile && err == nil {
		return info.Size()
	}
	return 0
}

func bytesWords(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// writeValue writes a value as one line of JSON.
func (s *session) writeValue(v any) {
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the writer keeps its error, and plain data encodes
}
