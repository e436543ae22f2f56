package display_test

import (
	"fmt"
	"time"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display"
)

func Example() {
	r, err := phone.Parse("0039 06 6982", &phone.Site{Region: "DE"})
	if err != nil {
		fmt.Println(err)
		return
	}
	n := r.Number
	fmt.Println(n)
	fmt.Println(display.National(n))
	fmt.Println(display.International(n))
	fmt.Println(display.TelURI(n))
	fmt.Println(display.DialFrom(n, "US"))
	// Output:
	// +39066982
	// 06 6982
	// +39 06 6982
	// tel:+39-06-6982
	// 011 39 06 6982
}

// In a list, numbers of the reader's own country are shorter without the
// calling code.
func ExampleNational() {
	home := "GB"
	for _, e164 := range []string{"+442079460018", "+919876543210"} {
		n, err := phone.ParseE164(e164)
		if err != nil {
			fmt.Println(err)
			return
		}
		if n.Region() == home {
			fmt.Println(display.National(n))
		} else {
			fmt.Println(display.International(n))
		}
	}
	// Output:
	// 020 7946 0018
	// +91 98765 43210
}

func ExampleDialFrom() {
	n, err := phone.ParseE164("+919876543210")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, region := range []string{"IN", "US", "DE", "RU", ""} {
		fmt.Println(display.DialFrom(n, region))
	}
	// Output:
	// 098765 43210
	// 011 91 98765 43210
	// 00 91 98765 43210
	// 8~10 91 98765 43210
	// +91 98765 43210
}

func ExampleCarrier() {
	n, err := phone.ParseE164("+919876543210")
	if err != nil {
		fmt.Println(err)
		return
	}
	name, portable := display.Carrier(n, "en")
	if portable {
		name += ", at first"
	}
	fmt.Println(name)
	// Output: Airtel, at first
}

// Is it too late to call? Only one zone gives an answer.
func ExampleTimeZones() {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, e164 := range []string{"+16502530000", "+18002345678"} {
		n, err := phone.ParseE164(e164)
		if err != nil {
			fmt.Println(err)
			return
		}
		zones := display.TimeZones(n)
		if len(zones) != 1 {
			fmt.Println(e164, "may be anywhere")
			continue
		}
		there, err := time.LoadLocation(zones[0])
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(now.In(there).Format("15:04"), "in", zones[0])
	}
	// Output:
	// 05:00 in America/Los_Angeles
	// +18002345678 may be anywhere
}

// A text field hands over what it holds after every key.
func ExampleField() {
	field := display.Field{Region: "US"}
	text, cursor := "", 0
	for _, key := range "6502530000" {
		text, cursor = field.Update(text[:cursor]+string(key)+text[cursor:], cursor+1)
		fmt.Println(text)
	}
	// Backspace, where the cursor is: at the end.
	text, cursor = field.Update(text[:cursor-1], cursor-1)
	fmt.Println(text, cursor)
	// Output:
	// 6
	// 65
	// 650
	// 650-2
	// 650-25
	// 650-253
	// 650-2530
	// (650) 253-00
	// (650) 253-000
	// (650) 253-0000
	// (650) 253-000 13
}
