package cli

import (
	"strings"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// fieldFlags are the options that say what is in a contact; phoneUse is added
// to the help of --phone.
func fieldFlags(phoneUse string) []cli.Flag {
	text := func(name, use string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: use, HideDefault: true}
	}
	list := func(name, use string) cli.Flag {
		return &cli.StringSliceFlag{Name: name, Usage: use, HideDefault: true}
	}
	return []cli.Flag{
		text("first", "first `NAME`"),
		text("last", "last `NAME`"),
		text("salutation", "`TEXT` such as Mr or Dr"),
		list("phone", "telephone `NUMBER`, in any notation"+phoneUse),
		text("country", "country of --phone as a calling `CODE` (+91) or a region (IN)"),
		text("extension", "dialing `PREFIX` as the API has it; kept as it is"),
		list("other-phone", "further number, `[LABEL=]NUMBER`; may be repeated"),
		list("email", "e-mail address, `[LABEL=]ADDRESS`; may be repeated"),
		text("org", "organization `NAME`"),
		text("title", "job `TITLE`"),
		list("tag", "`WORD` to group contacts by; may be repeated"),
		text("note", "`TEXT` to remember"),
		text("ref", "your own `KEY` for the contact"),
	}
}

// regionKept describes --region where it is remembered.
func regionKept() cli.Flag {
	return &cli.StringFlag{Name: "region", HideDefault: true,
		Usage: "read numbers without a country as numbers in `REGION` (IN, GB, ..); the book remembers the first"}
}

// anyField reports whether an option of fieldFlags is given.
func anyField(cmd *cli.Command) bool {
	for _, f := range fieldFlags("") {
		if cmd.IsSet(f.Names()[0]) {
			return true
		}
	}
	return false
}

// setFields puts into c what the options say, and leaves the rest of it. An
// empty value takes a field away.
func setFields(cmd *cli.Command, c *contacts.Contact) error {
	for name, to := range map[string]*string{
		"first":      &c.FirstName,
		"last":       &c.LastName,
		"salutation": &c.Salutation,
		"org":        &c.Organization,
		"title":      &c.Title,
		"note":       &c.Notes,
		"ref":        &c.ClientRef,
	} {
		if cmd.IsSet(name) {
			*to = strings.TrimSpace(cmd.String(name))
		}
	}
	if cmd.IsSet("country") && !cmd.IsSet("phone") {
		return usage(cmd, "--country belongs to a --phone: give both")
	}
	var more []contacts.Phone
	if cmd.IsSet("phone") {
		extension := c.CellPhone.Extension
		c.CellPhone = contacts.Phone{}
		for i, number := range given(cmd, "phone") {
			p := contacts.Phone{Number: number, CountryCode: strings.TrimSpace(cmd.String("country"))}
			if i > 0 {
				more = append(more, p)
				continue
			}
			p.Extension = extension
			c.CellPhone = p
		}
	}
	if cmd.IsSet("extension") {
		c.CellPhone.Extension = cmd.String("extension")
	}
	if cmd.IsSet("other-phone") || len(more) > 0 {
		c.Phones = more
		for _, text := range given(cmd, "other-phone") {
			label, number := labelled(text)
			c.Phones = append(c.Phones, contacts.Phone{Label: label, Number: number})
		}
	}
	if cmd.IsSet("email") {
		c.Emails = nil
		for _, text := range given(cmd, "email") {
			label, address := labelled(text)
			c.Emails = append(c.Emails, contacts.Email{Label: label, Address: address})
		}
	}
	if cmd.IsSet("tag") {
		c.Tags = given(cmd, "tag")
	}
	return nil
}

// given returns the values of a repeated option, but for empty ones.
func given(cmd *cli.Command, name string) []string {
	var out []string
	for _, text := range cmd.StringSlice(name) {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// labelled splits "work=+44 20 ..". What stands before the sign is a label
// only if it is made of letters, digits, spaces, "-" and "_": so not that of
// "tel:..;ext=2".
func labelled(text string) (label, value string) {
	label, value, ok := strings.Cut(text, "=")
	if !ok || strings.ContainsFunc(label, func(r rune) bool {
		return !(unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' || r == '-' || r == '_')
	}) {
		return "", text
	}
	return strings.TrimSpace(label), strings.TrimSpace(value)
}
