package interchange

import (
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// A spreadsheet that takes a number for a quantity drops the zeros and the plus in
// front of it. Mostly that does no harm: without its trunk zero a number is read
// as the same line. It is refused where it does.

// longNational is how many digits nobody writes a national number with: so many
// are one with its calling code.
const longNational = 12

// lostFront says what bare digits have lost that makes them another line, or none;
// "" where they have lost nothing.
func lostFront(number, code string, site *phone.Site) string {
	if len(number) > contacts.MaxNumber || !isDigits(number) || number[0] == '0' || code == "" && site.Region == "" {
		return ""
	}
	parse := func(text string) (phone.Reading, error) {
		if code != "" {
			return phone.ParseNational(code, text, site)
		}
		return phone.Parse(text, site)
	}
	r, err := parse(number)
	if err != nil || r.Valid && len(number) < longNational {
		return ""
	}
	if !r.Valid {
		if with, err := parse("0" + number); err == nil && with.Valid {
			return "has lost the zero in front: a spreadsheet took it for a quantity; format the column as text"
		}
		return ""
	}
	if code == "" && r.How == phone.HowNational {
		for _, a := range r.Alternates {
			if a.Number.CallingCode() != r.Number.CallingCode() {
				return fmt.Sprintf("may be a number of +%d that lost its plus, or one of +%d: put the plus in front, or a zero",
					a.Number.CallingCode(), r.Number.CallingCode())
			}
		}
	}
	return ""
}

// lost refuses numbers that lost what is in front of them.
func (b *csvRow) lost() {
	b.lostCell()
	for i, p := range b.c.Phones {
		if why := lostFront(p.Number, p.CountryCode, &b.m.site); why != "" {
			b.problem(fmt.Sprintf("phones[%d].phoneNumber", i), b.phones[i], ReasonLostZero, p.Number, why)
		}
	}
}

func (b *csvRow) lostCell() {
	p := &b.c.CellPhone
	if why := lostFront(p.Number, p.CountryCode, &b.m.site); why != "" {
		b.problem("cellPhone.phoneNumber", b.cellPhone, ReasonLostZero, p.Number, why)
	}
}
