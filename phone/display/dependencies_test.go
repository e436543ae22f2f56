package display_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/callerbook/contacts"

// phonenumbers costs a program megabytes and milliseconds, and its two major
// versions cannot be in one program: only who imports display, or generates the
// tables of phone, links it. The names of places and countries cost as much
// again: only who imports place links them.
func TestDependencies(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the go command; not in -short")
	}
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	links := map[string][]string{"phonenumbers": nil, "places": nil}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		if slices.ContainsFunc(fields[1:], func(p string) bool { return strings.Contains(p, "nyaruka/phonenumbers") }) {
			links["phonenumbers"] = append(links["phonenumbers"], name)
		}
		if slices.ContainsFunc(fields[1:], func(p string) bool {
			return strings.HasSuffix(p, "phonenumbers/v2/geocoding") || p == "golang.org/x/text/language"
		}) {
			links["places"] = append(links["places"], name)
		}
	}
	for what, want := range map[string][]string{
		"phonenumbers": {"/phone/display", "/phone/display/internal/nyaruka", "/phone/display/place",
			"/phone/internal/tablegen", "/phone/internal/tablegen/gen"},
		"places": {"/phone/display/place"},
	} {
		if !slices.Equal(links[what], want) {
			t.Errorf("%s: linked by %q, want %q", what, links[what], want)
		}
	}
}
