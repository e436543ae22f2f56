package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

func (s *session) copyCommand() *cli.Command {
	text := `Copies every contact with all that it ever was, and reads the copy back to
compare it. TO is begun as a new book. The same command again completes a copy
that was interrupted; a TO with anything else in it is left alone. --account and
--stream copy those scopes only.

Where backup copies a file as it is, this reads and writes each contact.`
	if s.app.Open != nil {
		text += `

FROM and TO are files or, with "://" in them, locations such as other commands
take with --store.`
	}
	return &cli.Command{
		Name:        "copy",
		Usage:       "copy a book into another one, with its history",
		UsageText:   "contacts copy [options] FROM TO",
		Description: text,
		Action:      s.copy,
	}
}

// copiedBook is the answer of copy for machines.
type copiedBook struct {
	From   string        `json:"from"`
	To     string        `json:"to"`
	Scopes []copiedScope `json:"scopes"`
}

type copiedScope struct {
	Account    string `json:"account"`
	Stream     string `json:"stream"`
	Active     uint64 `json:"active"`
	Inactive   uint64 `json:"inactive"`
	Merged     uint64 `json:"merged"`
	Duplicates uint64 `json:"duplicates"`
	Past       uint64 `json:"past"`
	Purged     uint64 `json:"purged"`
	History    bool   `json:"history"`
	Skipped    bool   `json:"skipped"`
}

func (s *session) copy(ctx context.Context, cmd *cli.Command) error {
	args, err := operands(cmd, "FROM", "TO")
	if err != nil {
		return err
	}
	from, to := args[0], args[1]
	if file := cmd.String("file"); cmd.IsSet("store") || file != "" && file != os.Getenv(fileVariable) {
		return usage(cmd, "name both books as arguments, without --file and --store")
	}
	if s.app.Open == nil && (isLocation(from) || isLocation(to)) {
		return usage(cmd, "%s", noLocations)
	}
	if s.sameOperand(from, to) {
		return usage(cmd, "%s and %s are the same book", shown(from), shown(to))
	}
	src, err := s.openOperand(ctx, from, false)
	if err != nil {
		return err
	}
	defer src.Close() // it was only read
	scopes, err := s.chosenScopes(ctx, cmd, src, from)
	if err != nil {
		return err
	}
	_, statErr := os.Stat(to)
	began := s.isFile(to) && errors.Is(statErr, fs.ErrNotExist)
	dst, err := s.openOperand(ctx, to, true)
	if err != nil {
		return err
	}
	began = began && isEmpty(ctx, dst) // another process may have begun it at the same time
	done, err := s.copyInto(ctx, dst, src, to, scopes)
	if closeErr := dst.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		if began {
			_ = os.Remove(to) // there was no such file, and half of a book is no use
		}
		return err
	}
	s.tellCopied(cmd, from, to, done)
	return nil
}

// isFile reports whether an operand names a file, not a location.
func (s *session) isFile(at string) bool { return s.app.Open == nil || !isLocation(at) }

// options are those by which other commands find the book of an operand.
func (s *session) options(at string) string {
	if s.isFile(at) {
		return "--file " + quote(at)
	}
	return "--store " + quote(shown(at))
}

// place is what there may be another of, in place of an operand.
func (s *session) place(at string) string {
	if s.isFile(at) {
		return "name"
	}
	return "database or schema"
}

// sameOperand reports whether both operands are the same book.
func (s *session) sameOperand(a, b string) bool {
	if !s.isFile(a) || !s.isFile(b) {
		return a == b
	}
	one, err := os.Stat(a)
	two, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(one, two)
}

// openOperand opens a book to read it, or to fill it.
func (s *session) openOperand(ctx context.Context, at string, fill bool) (contacts.Store, error) {
	mode := Read
	if fill {
		mode = Create
	}
	if !s.isFile(at) {
		return s.openLocation(ctx, at, mode, "")
	}
	if fill {
		if err := folderMissing(at); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		return nil, &bookFault{fmt.Sprintf("there is no book at %s", at), err}
	}
	store, err := s.openBook(at, mode)
	if err != nil {
		return nil, err // not the nil *Store in an interface
	}
	return store, nil
}

// chosenScopes returns the scopes that --account and --stream say, or all.
func (s *session) chosenScopes(ctx context.Context, cmd *cli.Command, src contacts.Store, from string) (list []contacts.Scope, err error) {
	account, stream := cmd.IsSet("account"), cmd.IsSet("stream")
	for sc, err := range contacts.Scopes(ctx, src) {
		if err != nil {
			return nil, err
		}
		if (!account || sc.Account == cmd.String("account")) && (!stream || sc.Stream == cmd.String("stream")) {
			list = append(list, sc)
		}
	}
	if len(list) == 0 && (account || stream) {
		return nil, &bookFault{text: fmt.Sprintf("there is no such account and stream in %s: %q lists those there are",
			shown(from), "contacts scopes "+s.options(from))}
	}
	if len(list) == 0 {
		return nil, &bookFault{text: fmt.Sprintf("%s is empty: there is nothing to copy", shown(from))}
	}
	return list, nil
}

// copyInto copies scopes into a store that has no others.
func (s *session) copyInto(ctx context.Context, dst, src contacts.Store, to string, scopes []contacts.Scope) (contacts.Copied, error) {
	wanted := map[contacts.Scope]bool{}
	for _, sc := range scopes {
		wanted[sc] = true
	}
	for sc, err := range contacts.Scopes(ctx, dst) {
		if err != nil {
			return contacts.Copied{}, err
		}
		if !wanted[sc] {
			return contacts.Copied{}, fmt.Errorf("%s has other contacts (%s) and was left alone: choose another %s", shown(to), scopeOptions(sc), s.place(to))
		}
	}
	done, err := contacts.Copy(ctx, dst, src, &contacts.CopyOptions{Scopes: scopes, Progress: s.slowly(len(scopes))})
	if errors.Is(err, contacts.ErrNotEmpty) {
		copied := 0
		for _, sc := range done.Scopes {
			if !sc.Skipped {
				copied++
			}
		}
		if copied > 0 {
			return done, fmt.Errorf("%s has other contacts (%s), which were left alone; before them %s came in: choose another %s",
				shown(to), scopeOptions(scopes[len(done.Scopes)]), plural(uint64(copied), "other scope", "other scopes"), s.place(to))
		}
		return done, fmt.Errorf("%s has other contacts and was left alone: choose another %s", shown(to), s.place(to))
	}
	return done, err
}

// slowly returns what tells how far a copy has come, every few seconds.
func (s *session) slowly(scopes int) func(contacts.CopyProgress) {
	const every = 3 * time.Second
	now := s.app.now
	if now == nil {
		now = time.Now
	}
	last, nth := now(), 1
	var scope *contacts.Scope
	return func(p contacts.CopyProgress) {
		if scope == nil {
			scope = &p.Scope
		} else if *scope != p.Scope {
			scope = &p.Scope
			nth++
		}
		if s.json || p.Total == 0 || now().Sub(last) < every {
			return
		}
		last = now()
		what := "copying"
		if p.Verifying {
			what = "verifying"
		}
		in := ""
		if scopes > 1 {
			in = fmt.Sprintf(" scope %d of %d", nth, scopes)
		}
		s.note("%s%s: %d %%", what, in, min(100, 100*p.Done/p.Total))
	}
}

func (s *session) tellCopied(cmd *cli.Command, from, to string, done contacts.Copied) {
	from, at := shown(from), to
	to = shown(to)
	out := copiedBook{From: from, To: to, Scopes: []copiedScope{}}
	var all, past uint64
	skipped, history := 0, true
	for _, c := range done.Scopes {
		n := c.Counts
		out.Scopes = append(out.Scopes, copiedScope{c.Scope.Account, c.Scope.Stream, n.Active, n.Inactive, n.Merged, n.Duplicates,
			c.Past, c.Purged, c.History, c.Skipped})
		all += n.Active + n.Inactive + n.Merged
		past += c.Past
		history = history && c.History
		if c.Skipped {
			skipped++
		}
	}
	if cmd.Bool("json") {
		s.writeValue(out)
		return
	}
	what := plural(all, "contact", "contacts")
	if past > 0 {
		what += " and " + plural(past, "past state", "past states")
	}
	if n := len(done.Scopes); n > 1 {
		what += fmt.Sprintf(" of %d scopes", n)
	}
	switch {
	case skipped == len(done.Scopes):
		s.printf("%s has all of it already: %s. Verified.\n", to, what)
	case skipped > 0:
		s.printf("Copied %s to %s, which had %d of the scopes already. Verified.\n", what, to, skipped)
	default:
		s.printf("Copied %s to %s. Verified.\n", what, to)
	}
	if !history {
		s.note("this kind of store takes no history: the contacts are there as they are now")
	}
	s.printf("To look at it: contacts list %s\n", s.options(at))
}
