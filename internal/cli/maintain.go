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
	const instead = "a database has its own backups, such as pg_dump, and \"contacts copy LOCATION FILE\" makes a book in a file of it"
	if err := s.onlyFile(cmd, instead); err != nil {
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
			if err := s.onlyFile(cmd, "a database gives back unused space itself, or by VACUUM"); err != nil {
				return err
			}
			at, _, err := s.location(cmd)
			if err != nil {
				return err
			}
			before := fileSize(at)
			err = s.withStore(ctx, cmd, Write, func(store contacts.Store) error { return contacts.Compact(ctx, store) })
			if err != nil {
				return err
			}
			after := fileSize(at)
			if cmd.Bool("json") {
				s.writeValue(struct {
					Location string `json:"location"`
					Before   int64  `json:"bytesBefore"`
					After    int64  `json:"bytesAfter"`
				}{at, before, after})
			} else {
				s.printf("Compacted %s: %s before, %s now.\n", at, bytesWords(before), bytesWords(after))
			}
			return nil
		},
	}
}

func fileSize(at string) int64 {
	if info, err := os.Stat(at); err == nil {
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
