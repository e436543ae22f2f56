// Command parse reads a number as phonenumbers does, and nothing else.
package main

import (
	"fmt"
	"os"

	"github.com/nyaruka/phonenumbers/v2"
)

func main() {
	if len(os.Args) < 2 {
		return // only its start is measured
	}
	n, err := phonenumbers.Parse(os.Args[1], "")
	fmt.Println(phonenumbers.Format(n, phonenumbers.E164), err)
}
