package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// noLocations is what a program without App.Open says to a location.
const noLocations = "this program keeps books in files; pgstore/cmd/contacts knows databases too"

// isLocation reports whether a text names a store by its kind and place, as
// "postgres://..", and not a file.
func isLocation(at string) bool { return strings.Contains(at, "://") }

// shown is a path or a location as it may be printed: without passwords. Where
// it does not say what is the password, little of it is left.
func shown(at string) string {
	const hidden = "xxxxx"
	scheme, rest, ok := strings.Cut(at, "://")
	if !ok {
		return at
	}
	rest, query, asked := strings.Cut(rest, "?")
	if strings.Contains(rest, ":") && strings.Contains(query, "@") {
		return scheme + "://" + hidden // the "?" may be one of a password
	}
	user, host := "", rest
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		user, host = rest[:i+1], rest[i+1:]
		if name, _, ok := strings.Cut(rest[:i], ":"); ok {
			user = name + ":" + hidden + "@"
		}
	}
	if !asked {
		return scheme + "://" + user + host
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && !isPlainParameter(name) {
			pairs[i] = name + "=" + hidden
		}
	}
	return scheme + "://" + user + host + "?" + strings.Join(pairs, "&")
}

// isPlainParameter reports whether a parameter of a location is surely no secret:
// one that has an escape in its name is not.
func isPlainParameter(name string) bool {
	return !strings.Contains(name, "%") && !strings.Contains(strings.ToLower(name), "pass")
}

// openLocation opens the store at a location. Begin is the command that begins one.
func (s *session) openLocation(ctx context.Context, at string, mode Mode, begin string) (contacts.Store, error) {
	store, err := s.app.Open(ctx, at, mode)
	switch {
	case err == nil:
		return store, nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil, err
	case errors.Is(err, fs.ErrNotExist):
		text := "there is no book at " + shown(at)
		if begin != "" {
			text += fmt.Sprintf(", and this command makes none: %q begins one", begin)
		}
		return nil, &bookFault{text, err}
	}
	return nil, &bookFault{shown(at) + ": " + plain(err), err}
}

// onlyFile returns an error where the book is not in a file, which says what is
// to be used instead of the command.
func (s *session) onlyFile(cmd *cli.Command, instead string) error {
	_, isFile, err := s.location(cmd)
	if err == nil && !isFile {
		return &usageFault{text: cmd.Name + " is for books in files; " + instead}
	}
	return err
}
