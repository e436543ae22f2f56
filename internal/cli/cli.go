// Package cli is the command line "contacts": a contact book in one file, or
// wherever App.Open finds one, for people and for scripts.
//
// Answers go to standard output, as tables for people or, with --json, as one
// JSON value, contacts in the API's form. Everything else goes to standard
// error: an error is one line that begins with "contacts: " and says what to
// do or, with --json, one object; see type report. Numbers and names are shown
// in the clear, as the book is that of whoever sits at the terminal.
//
// The exit code says how it went; see the constants of type Code.
package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// App is the command line. The zero App keeps books in files.
type App struct {
	// Open opens the store that --store names, by a location such as
	// "postgres://..". Where there is none and the mode makes none, the error
	// is fs.ErrNotExist. It may name the location, without its password: the
	// command line shows every text of an error. Nil leaves the flag out.
	Open func(ctx context.Context, location string, mode Mode) (contacts.Store, error)

	// For tests; nil means the library's own.
	newID func() string
	now   func() time.Time
}

// Mode says what a command is going to do with a store.
type Mode uint8

// The modes.
const (
	Read   Mode = iota // only read; a book that is not there is an error
	Write              // write; a book that is not there is an error
	Create             // write, and begin a book where there is none
)

// Run carries out the command line in args, args[0] being the program's name,
// and returns the exit code. It keeps books in files.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return new(App).Run(ctx, args, stdin, stdout, stderr)
}

// Run is the function Run for the stores of a.
func (a *App) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{programName}
	}
	s := &session{app: a, args: args, in: stdin, out: bufio.NewWriter(stdout), terminal: stdout, err: stderr}
	root := s.root()
	line := split(root, args)
	s.json = line.json
	err := root.Run(ctx, line.dashed(args))
	if flushErr := s.out.Flush(); err == nil && flushErr != nil {
		err = fmt.Errorf("the answer could not be written: %w", flushErr)
	}
	return int(s.finish(ctx, err))
}

const programName = "contacts"

// session is one run of the command line.
type session struct {
	app      *App
	args     []string
	in       io.Reader
	out      *bufio.Writer
	terminal io.Writer // what out writes to
	err      io.Writer
	json     bool     // --json is given, wherever
	notes    []string // for the end, with --json
}

// printf writes to the answer.
func (s *session) printf(format string, args ...any) {
	fmt.Fprintf(s.out, format, args...) // an error stays in s.out until Flush
}

// note writes a line beside the answer, after what there is of that by now.
func (s *session) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.json {
		s.notes = append(s.notes, text)
		return
	}
	_ = s.out.Flush() // an error stays in s.out
	fmt.Fprintln(s.err, programName+": "+text)
}

// root returns the tree of commands.
func (s *session) root() *cli.Command {
	root := &cli.Command{
		Name:    programName,
		Usage:   "keep a contact book in which a phone number belongs to one contact",
		Version: version(),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, TakesFile: true, HideDefault: true, Sources: cli.EnvVars(fileVariable),
				Usage: "the book is in `FILE`; by default $" + fileVariable + ", or else\n\t" + defaultFile()},
			&cli.StringFlag{Name: "store", Hidden: s.app.Open == nil, HideDefault: true,
				Usage: "the book is at `LOCATION` and not in a file; a database is\n\tpostgres://user@host/name, its password in $PGPASSWORD or ~/.pgpass"},
			&cli.StringFlag{Name: "account", HideDefault: true, Usage: "use the contacts of account `ID`"},
			&cli.StringFlag{Name: "stream", HideDefault: true, Usage: "use the contacts of stream `ID` of the account"},
			&cli.BoolFlag{Name: "json", HideDefault: true, Usage: "answer in JSON"},
		},
		Commands: []*cli.Command{
			s.demoCommand(),
			s.createCommand(),
			s.lookupCommand(),
			s.searchCommand(),
			s.listCommand(),
			s.getCommand(),
			s.editCommand(),
			s.deleteCommand(),
			s.undeleteCommand(),
			s.mergeCommand(),
			s.unmergeCommand(),
			s.purgeCommand(),
			s.historyCommand(),
			s.holdersCommand(),
			s.checkCommand(),
			s.repairCommand(),
			s.backupCommand(),
			s.copyCommand(),
			s.importCommand(),
			s.exportCommand(),
			s.trimCommand(),
			s.compactCommand(),
			s.scopesCommand(),
			s.regionCommand(),
			s.explainCommand(),
			s.serveCommand(),
			s.tokenCommand(),
			s.pullCommand(),
			s.versionCommand(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return noCommand(cmd, name)
			}
			return cli.ShowRootCommandHelp(cmd)
		},

		CustomRootCommandHelpTemplate:   s.rootHelp(),
		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: configureCompletion,
		ShellComplete:                   s.complete,
		DisableSliceFlagSeparator:       true,

		Reader:         s.in,
		Writer:         s.out,
		ErrWriter:      s.err,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // Run returns the code
		OnUsageError:   usageError,
	}
	for _, c := range root.Commands {
		c.HideHelpCommand = true // "contacts lookup help" looks up "help"
		c.CustomHelpTemplate = commandHelp
		c.OnUsageError = usageError
		c.ShellComplete = s.complete
		c.DisableSliceFlagSeparator = true
	}
	describeFlags(root)
	return root
}

func noCommand(cmd *cli.Command, name string) error {
	var known []string
	for _, c := range cmd.VisibleCommands() {
		known = append(known, c.Name)
	}
	if s := closest(name, known); s != "" {
		return usage(cmd, "there is no command %q: did you mean %q?", name, s)
	}
	return usage(cmd, "there is no command %q", name)
}
