package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
)

// rootHelp is the template of "contacts help".
func (s *session) rootHelp() string {
	shared := ""
	if s.app.Open != nil {
		shared = "A book at a location any number of programs read and change at once.\n"
	}
	return `{{.Name}} - {{.Usage}}

Usage:
   {{.Name}} COMMAND [options]
   {{.Name}} COMMAND --help

Try "{{.Name}} demo" first: it shows in a minute what this is for.

Commands:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}

Options of every command:{{range .VisibleFlags}}
   {{.}}{{end}}

A file that another program has open can be read meanwhile, but not changed.
` + shared + `
Exit codes, and the word that stands for them in JSON:
` + exitHelp() + `
With --json the answer is one JSON value on standard output, and standard error
is empty or one JSON object:

   {"error":{"code":"duplicate","message":"..","details":[..]},"notes":[".."]}

Tab completion, for bash, zsh, fish and pwsh: {{.Name}} completion --help
`
}

// commandHelp is the template of the help of a command.
const commandHelp = `{{.FullName}} - {{.Usage}}

Usage:
   {{wrap .UsageText 3}}
{{if .Description}}
{{.Description}}
{{end}}
Options:{{range .VisibleFlags}}
   {{.}}{{end}}

Options of every command:{{range .VisiblePersistentFlags}}
   {{.}}{{end}}
`

// completionHelp is that of "contacts completion".
const completionHelp = `{{.FullName}} - {{.Usage}}

Usage:
   {{.FullName}} bash|zsh|fish|pwsh

bash, in ~/.bashrc:  source <(contacts completion bash)
zsh, in ~/.zshrc:    source <(contacts completion zsh)
fish:                contacts completion fish >~/.config/fish/completions/contacts.fish
PowerShell:          contacts completion pwsh >contacts.ps1, and run that in your profile
`

// flagLine is a flag in the help: names and value, then what it is for.
func flagLine(f cli.Flag) string {
	var names []string
	for _, n := range f.Names() {
		names = append(names, dashes(n))
	}
	slices.SortFunc(names, func(a, b string) int { return len(a) - len(b) })
	use := ""
	value := ""
	if d, ok := f.(cli.DocGenerationFlag); ok {
		parts := strings.SplitN(d.GetUsage(), "`", 3)
		if len(parts) == 3 && d.TakesValue() {
			value = " " + parts[1]
		}
		use = strings.Join(parts, "")
	}
	return strings.Join(names, ", ") + value + "\t" + use
}

// describeFlags makes the help of a command write its flags as flagLine does.
func describeFlags(cmd *cli.Command) {
	for _, f := range cmd.Flags {
		if f, ok := f.(interface{ SetStringer(cli.FlagStringFunc) }); ok {
			f.SetStringer(flagLine)
		}
	}
	for _, c := range cmd.Commands {
		describeFlags(c)
	}
}

func exitHelp() string {
	var b strings.Builder
	for _, c := range codes {
		fmt.Fprintf(&b, "   %d\t%s\t%s\n", c.code, c.word, c.text)
	}
	return b.String()
}

// configureCompletion makes the completion command of the library one of
// ours.
func configureCompletion(cmd *cli.Command) {
	cmd.Hidden = false
	cmd.HideHelpCommand = true
	cmd.Usage = "print a script for tab completion"
	cmd.CustomHelpTemplate = completionHelp
	cmd.OnUsageError = usageError
	for _, c := range cmd.Commands {
		c.OnUsageError = usageError
		c.Hidden = true // the help above lists them
		if c.Name == "pwsh" {
			c.Aliases = []string{"powershell"}
		}
	}
	cmd.ShellComplete = func(_ context.Context, cmd *cli.Command) {
		for _, c := range cmd.Commands {
			fmt.Fprintln(cmd.Root().Writer, c.Name)
		}
	}
	cmd.Action = func(ctx context.Context, cmd *cli.Command) error {
		if name := cmd.Args().First(); name != "" {
			return usage(cmd, "there is no completion for %q: give bash, zsh, fish or pwsh", name)
		}
		return cli.ShowCommandHelp(ctx, cmd.Root(), cmd.Name)
	}
}

// complete suggests commands and, after a dash, options, each with what it is
// for. The library's own looks at os.Args.
func (s *session) complete(_ context.Context, cmd *cli.Command) {
	last := ""
	if n := len(s.args); n > 1 {
		last = s.args[n-2] // before the mark that asks for suggestions
	}
	w := cmd.Root().Writer
	if !strings.HasPrefix(last, "-") {
		for _, c := range cmd.VisibleCommands() {
			fmt.Fprintf(w, "%s:%s\n", c.Name, c.Usage)
		}
		return
	}
	flags := cmd.VisibleFlags()
	if cmd != cmd.Root() {
		flags = append(flags, cmd.VisiblePersistentFlags()...)
	}
	for _, f := range flags {
		name := dashes(f.Names()[0])
		if d, ok := f.(cli.DocGenerationFlag); ok && strings.HasPrefix(name, last) {
			use, _, _ := strings.Cut(strings.ReplaceAll(d.GetUsage(), "`", ""), ";")
			fmt.Fprintf(w, "%s:%s\n", name, use)
		}
	}
}

// version returns the version of the program as it was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func (s *session) versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version of this program",
		UsageText: "contacts version",
		Action: func(_ context.Context, cmd *cli.Command) error {
			if _, err := operands(cmd); err != nil {
				return err
			}
			cli.ShowVersion(cmd.Root())
			return nil
		},
	}
}
