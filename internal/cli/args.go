package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v3"
)

// usageFault is a command line that makes no sense.
type usageFault struct {
	command string // as typed, "contacts create"; "" when its help is of no help
	text    string
}

func (e *usageFault) Error() string {
	if e.command == "" {
		return e.text
	}
	return fmt.Sprintf("%s (see: %s --help)", e.text, e.command)
}

func usage(cmd *cli.Command, format string, args ...any) error {
	return &usageFault{cmd.FullName(), fmt.Sprintf(format, args...)}
}

// usageError turns what the flag parser complains of into words.
func usageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var known []string
		for _, f := range append(cmd.VisibleFlags(), cmd.VisiblePersistentFlags()...) {
			known = append(known, f.Names()...)
		}
		if s := closest(name, known); s != "" {
			return usage(cmd, "there is no option %s: did you mean %s?", dashes(name), dashes(s))
		}
		return usage(cmd, "there is no option %s", dashes(name))
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return usage(cmd, "%s needs a value", name)
	}
	var value, name string
	if n, _ := fmt.Sscanf(text, "invalid value %q for flag -%s", &value, &name); n == 2 {
		name = strings.TrimSuffix(name, ":")
		if !takesValue(name, cmd, cmd.Root()) {
			return usage(cmd, "%s is on or off and takes no value such as %q", dashes(name), value)
		}
		if isDuration(name, cmd) {
			return usage(cmd, "%s needs a time such as 30s, 5m or 1h, not %q", dashes(name), value)
		}
		return usage(cmd, "%s needs a whole number, not %q", dashes(name), value)
	}
	return usage(cmd, "%s", text)
}

// closest returns the name that was likely meant, or "" where none is close.
func closest(typed string, names []string) string {
	best, least := "", (len(typed)+2)/4+1
	for _, n := range names {
		if d := distance(typed, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance counts the letters to be put in, left out, replaced or swapped with
// their neighbour to make one word of the other.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
		for j := 1; j <= len(b); j++ {
			if i == 0 {
				rows[i][j] = j
				continue
			}
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// dashes writes the name of an option as one types it.
func dashes(name string) string {
	if utf8.RuneCountInString(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// operands returns the arguments of a command that takes exactly those named.
func operands(cmd *cli.Command, names ...string) ([]string, error) {
	args := cmd.Args().Slice()
	for i, a := range args {
		if i >= len(names) {
			return nil, usage(cmd, "%q is one argument too many", a)
		}
		if strings.TrimSpace(a) == "" {
			return nil, usage(cmd, "%s is empty", names[i])
		}
	}
	if len(args) < len(names) {
		return nil, usage(cmd, "%s is missing", names[len(args)])
	}
	return args, nil
}

// commandLine is a command line in its parts.
type commandLine struct {
	names []string // of commands
	flags []string // with their values
	rest  []string
	minus bool // one of rest begins with a dash, before any "--"
	json  bool // --json is among flags
}

// split takes a command line apart, as far as that can be done before it is
// parsed.
func split(root *cli.Command, args []string) (l commandLine) {
	cmd := root
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			l.rest = append(l.rest, args[i+1:]...)
			i = len(args)
		case isFlag(a):
			l.flags = append(l.flags, a)
			name, value, given := strings.Cut(strings.TrimLeft(a, "-"), "=")
			if name == "json" {
				on, err := strconv.ParseBool(value)
				l.json = !given || err == nil && on
			}
			if !given && takesValue(name, root, cmd) && i+1 < len(args) {
				i++
				l.flags = append(l.flags, args[i])
			}
		case cmd.Command(a) != nil && len(l.rest) == 0:
			cmd = cmd.Command(a)
			l.names = append(l.names, a)
		default:
			l.rest = append(l.rest, a)
			l.minus = l.minus || len(a) > 1 && a[0] == '-'
		}
	}
	return l
}

// dashed returns args with arguments that begin with a dash and are no
// options, such as "-98765 43210", behind a "--", where the parser leaves them
// alone. Other command lines it returns as they are.
func (l commandLine) dashed(args []string) []string {
	if !l.minus || args[len(args)-1] == "--generate-shell-completion" {
		return args
	}
	out := append([]string{args[0]}, l.names...)
	return append(append(append(out, l.flags...), "--"), l.rest...)
}

// isFlag reports whether the parser takes a for an option: one or two dashes
// and a letter.
func isFlag(a string) bool {
	if strings.HasPrefix(a, "--") {
		return true
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(a, "-"))
	return strings.HasPrefix(a, "-") && unicode.IsLetter(r)
}

func takesValue(name string, cmds ...*cli.Command) bool {
	for _, cmd := range cmds {
		for _, f := range cmd.Flags {
			for _, n := range f.Names() {
				if d, ok := f.(cli.DocGenerationFlag); ok && n == name {
					return d.TakesValue()
				}
			}
		}
	}
	return false
}

// isDuration reports whether an option of a command takes a time.
func isDuration(name string, cmd *cli.Command) bool {
	for _, f := range cmd.Flags {
		if d, ok := f.(*cli.DurationFlag); ok && d.Name == name {
			return true
		}
	}
	return false
}

// again returns a command line for the same book: the options that say which
// book it is, and args.
func again(cmd *cli.Command, args ...string) string {
	words := []string{programName}
	if len(args) > 0 {
		words = append(words, args[0])
		args = args[1:]
	}
	for _, name := range []string{"file", "store", "account", "stream"} {
		if cmd.IsSet(name) && (cmd.String(name) != "" || name == "account" || name == "stream") {
			words = append(words, "--"+name, shown(cmd.String(name)))
		}
	}
	words = append(words, args...)
	for i, w := range words {
		words[i] = quote(w)
	}
	return strings.Join(words, " ")
}

// quote returns a word as a shell reads it back.
func quote(w string) string {
	if w != "" && strings.IndexFunc(w, func(r rune) bool {
		return !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`-_./\:+=@,%~`, r))
	}) < 0 {
		return w
	}
	if strings.ContainsRune(w, '\'') {
		return `"` + strings.ReplaceAll(w, `"`, `\"`) + `"`
	}
	return "'" + w + "'"
}

// errNoAnswer ends a command whose answer is written, but is that nobody was
// found.
var errNoAnswer = errors.New("no contact is meant")
