package cli

import (
	"net/url"
	"strings"

	"github.com/callerbook/contacts/agentassist"
	"github.com/urfave/cli/v3"
)

// sampleRequest is the API documentation's, with digits where that has "xxxxx".
const sampleRequest = `[{"firstName":"John","lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"+91","extension":"+"}}]`

// tellServed says where the server is and, at the first start, how to call it.
func (s *session) tellServed(cmd *cli.Command, at *served) {
	if cmd.Bool("json") {
		s.writeValue(at)
		return
	}
	what := cmd.String("file")
	switch {
	case cmd.Bool("memory"):
		what = "a book in memory"
	case cmd.IsSet("store"):
		what = cmd.String("store")
	case what == "":
		what = defaultFile()
	}
	s.printf("Serving %s at %s\n", what, at.URL)
	s.printf("  account  %s\n", at.Account)
	s.printf("  stream   %s\n", at.Stream)
	switch {
	case at.Keys == "":
		s.printf("  keys     in memory\n")
	case at.first:
		s.printf("  keys     %s (new; for you alone)\n", at.Keys)
	default:
		s.printf("  keys     %s\n", at.Keys)
	}
	if at.first {
		s.printf("\nTry it; the token in it is good for an hour:\n\n%s\n", curlLine(at))
	}
	if at.Keys != "" {
		s.printf("\nFor a token: %s\n", tokenLine(cmd))
	}
}

// tokenLine is the command that makes a token for this server.
func tokenLine(cmd *cli.Command) string {
	words := []string{"contacts token"}
	switch {
	case cmd.IsSet("keys"):
		words = append(words, "--keys", quote(cmd.String("keys")))
	case cmd.IsSet("file"):
		words = append(words, "--file", quote(cmd.String("file")))
	}
	return strings.Join(words, " ")
}

// curlLine is the API documentation's sample request to this server, for a
// POSIX shell.
func curlLine(at *served) string {
	lines := []string{
		"curl --request POST " + shellWord(at.URL+agentassist.Base+url.PathEscape(at.Stream)+"/contacts"),
		"--header " + shellWord(agentassist.HeaderToken+": "+at.Token),
		"--header " + shellWord(agentassist.HeaderAccount+": "+at.Account),
		"--header 'Content-Type: application/json'",
		"--data " + shellWord(sampleRequest),
	}
	if at.cert != "" {
		lines = append(lines, "--cacert "+shellWord(at.cert))
	}
	return strings.Join(lines, " \\\n  ")
}

// shellWord quotes a word for a POSIX shell, whatever is in it.
func shellWord(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" }
