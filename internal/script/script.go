// Package script plays the scripts by which tests hold a command line to what it
// is to print. A script has commands and what comes of them, a line each, by its
// first sign:
//
//	$ command line, split as by a shell
//	< line of its standard input
//	| line of its standard output
//	! line of its standard error
//	= exit code, when not 0
//
// Other lines are comments.
package script

import (
	"fmt"
	"strings"
)

// Play runs the commands of a script, in order, by run, and returns the script
// with what was printed in truth.
func Play(text string, run func(command, stdin string) (stdout, stderr string, code int)) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i] + "\n")
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			continue
		}
		var stdin strings.Builder
		for ; i+1 < len(lines) && lines[i+1] != "" && strings.Contains("<|!=", lines[i+1][:1]); i++ {
			if strings.HasPrefix(lines[i+1], "<") {
				out.WriteString(lines[i+1] + "\n")
				stdin.WriteString(strings.TrimPrefix(lines[i+1][1:], " ") + "\n")
			}
		}
		stdout, stderr, code := run(command, stdin.String())
		writeLines(&out, "|", stdout)
		writeLines(&out, "!", stderr)
		if code != 0 {
			fmt.Fprintf(&out, "= %d\n", code)
		}
	}
	return out.String()
}

func writeLines(out *strings.Builder, sign, text string) {
	if text == "" {
		return
	}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		out.WriteString(strings.TrimRight(sign+" "+line, " ") + "\n")
	}
}

// Words splits a command line as a shell does, at spaces that stand in no quotes.
func Words(line string) (words []string) {
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	return words
}

// Differ describes the first lines in which two scripts differ, and the command
// before them; it is empty where there are none.
func Differ(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	command := ""
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d, after %q\nwant %s\ngot  %s", i+1, command, a, b)
		}
		if strings.HasPrefix(a, "$ ") {
			command = a
		}
	}
	return ""
}
