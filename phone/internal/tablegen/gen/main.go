// Command gen writes the tables of package phone; "go generate ./phone" runs
// it in that folder.
package main

import (
	"fmt"
	"os"

	"github.com/callerbook/contacts/phone/internal/tablegen"
)

func main() {
	source, err := tablegen.Generate()
	if err == nil {
		err = os.WriteFile("tables.go", source, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
