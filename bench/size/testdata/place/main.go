// Command place does what display does, and names the place of a number.
package main

import (
	"fmt"

	"github.com/callerbook/contacts/bench/size/testdata/keep"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display"
	"github.com/callerbook/contacts/phone/display/place"
)

func main() { keep.Run(show) }

func show(n phone.Number) string {
	field := display.Field{Region: n.Region()}
	typed, _ := field.Update(n.National(), 0)
	name, _ := display.Carrier(n, "en")
	return fmt.Sprint(display.National(n), display.International(n), display.TelURI(n), display.DialFrom(n, "US"), typed, name, display.TimeZones(n),
		place.Of(n, "en"), place.Country(n, "en"))
}
