// Command display keeps a book and shows numbers by all that package display
// has.
package main

import (
	"fmt"

	"github.com/callerbook/contacts/bench/size/testdata/keep"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display"
)

func main() { keep.Run(show) }

func show(n phone.Number) string {
	field := display.Field{Region: n.Region()}
	typed, _ := field.Update(n.National(), 0)
	name, _ := display.Carrier(n, "en")
	return fmt.Sprint(display.National(n), display.International(n), display.TelURI(n), display.DialFrom(n, "US"), typed, name, display.TimeZones(n))
}
