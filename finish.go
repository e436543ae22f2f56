package contacts

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts/phone"
)

// finish turns what a caller gave into what is stored: it judges in by the
// book's rules, old being what the book has (nil for a new contact), and reads
// its numbers; those that are in known came from the book and are not judged.
// Server-owned fields are taken from old.
func (b *Book) finish(in Contact, old *Contact, known numberSet, index int) (Contact, []FieldError) {
	j := judge{rules: b.rules, index: index}
	j.contact(&in, old)

	c := in.Clone()
	c.bad = nil
	c.CellPhone = b.finishPhone(&j, "cellPhone", in.CellPhone, known)
	if old != nil {
		keepInput(&c.CellPhone, &in.CellPhone, &old.CellPhone)
	}
	c.CellPhone.Label, c.CellPhone.Shared = "", false
	phones := in.Phones
	if j.has("phones") {
		phones = nil // too many
	}
	for i, p := range phones {
		c.Phones[i] = b.finishPhone(&j, indexed("phones", i), p, known)
		if old != nil && i < len(old.Phones) {
			keepInput(&c.Phones[i], &p, &old.Phones[i])
		}
	}
	c.Address, c.Twitter = canonical(in.Address), canonical(in.Twitter)
	normalise(&c)

	c.ID, c.Revision, c.Status, c.MergedInto, c.MergedFrom = "", 0, Active, "", nil
	c.CreatedBy, c.CreatedByAID, c.UpdatedBy, c.UpdatedByAID = "", "", "", ""
	c.CreatedAt, c.UpdatedAt, c.DeletedAt = zeroTime, zeroTime, zeroTime
	if old != nil {
		c.ID, c.Revision, c.Status, c.MergedInto = old.ID, old.Revision, old.Status, old.MergedInto
		c.MergedFrom = cloneOrigins(old.MergedFrom)
		c.CreatedBy, c.CreatedByAID, c.UpdatedBy, c.UpdatedByAID = old.CreatedBy, old.CreatedByAID, old.UpdatedBy, old.UpdatedByAID
		c.CreatedAt, c.UpdatedAt, c.DeletedAt = old.CreatedAt, old.UpdatedAt, old.DeletedAt
	}
	c.FullName = FullName(c.FirstName, c.LastName)
	b.fill(&c)
	return c, j.fields
}

// keepInput leaves a number that stays in its place as it was typed: a contact
// may have it in two places, and typed in two ways.
func keepInput(now, given, was *Phone) {
	if given.Number == was.Number && given.CountryCode == was.CountryCode && (given.Input == "" || given.Input == was.Input) {
		now.Input = was.Input
	}
}

// normalise makes empty slices and maps nil.
func normalise(c *Contact) {
	if len(c.Phones) == 0 {
		c.Phones = nil
	}
	if len(c.Emails) == 0 {
		c.Emails = nil
	}
	if len(c.Tags) == 0 {
		c.Tags = nil
	}
	if len(c.Custom) == 0 {
		c.Custom = nil
	}
	if len(c.Address) == 0 {
		c.Address = nil
	}
	if len(c.Twitter) == 0 {
		c.Twitter = nil
	}
	if len(c.MergedFrom) == 0 {
		c.MergedFrom = nil
	}
}

// numberSet has numbers as the book wrote them, by how they are spelled there.
type numberSet map[spelling]Phone

type spelling struct{ number, countryCode string }

func (set numberSet) add(c *Contact) {
	if p := c.CellPhone; p.Number != "" {
		set[spelling{p.Number, p.CountryCode}] = p
	}
	for _, p := range c.Phones {
		set[spelling{p.Number, p.CountryCode}] = p
	}
}

// take adds what c lists of another set.
func (set numberSet) take(from numberSet, c *Contact) {
	lists := numberSet{}
	lists.add(c)
	for s := range lists {
		if p, ok := from[s]; ok {
			set[s] = p
		}
	}
}

// released adds what old has and now has not.
func (set numberSet) released(old, now *Contact) {
	has := numberSet{}
	has.add(now)
	given := numberSet{}
	given.add(old)
	for s, p := range given {
		if _, ok := has[s]; !ok {
			set[s] = p
		}
	}
}

// finishPhone reads one number.
func (b *Book) finishPhone(j *judge, field string, in Phone, known numberSet) Phone {
	if in.Extension != "" {
		j.text(field+".extension", in.Extension, MaxExtension, false)
	}
	if in.Label != "" {
		j.text(field+".label", in.Label, MaxLabel, false)
	}
	out := Phone{Extension: in.Extension, Label: in.Label, Shared: in.Shared}
	if p, ok := known[spelling{in.Number, in.CountryCode}]; ok {
		out.Number, out.CountryCode, out.Input, out.Unverified = p.Number, p.CountryCode, p.Input, p.Unverified
		return out
	}
	if in.Number == "" {
		if field != "cellPhone" && !j.has(field+".phoneNumber") {
			j.fail(field+".phoneNumber", ReasonMissing, "", "is missing")
		}
		if in.CountryCode != "" && !j.has(field+".phoneNumber") {
			j.fail(field+".phoneNumber", ReasonMissing, "", "is missing beside a country code")
		}
		return out
	}
	if len(in.Number) > MaxNumber {
		j.fail(field+".phoneNumber", ReasonTooLong, in.Number, fmt.Sprintf("has %d bytes, at most %d are allowed", len(in.Number), MaxNumber))
		return out
	}
	if len(j.fields) > 0 && (j.has(field+".phoneNumber") || j.has(field+".countryCode")) {
		return out // reported already: blank, null, of the wrong type
	}
	r, ok := b.readNumber(j, field, in)
	if !ok {
		return out
	}
	if !r.Valid && j.rules.RequireValid {
		j.fail(field+".phoneNumber", ReasonUnverified, in.Number, "is not a valid number by the numbering plan of its country")
		return out
	}
	out.Number = r.Number.String()
	out.CountryCode = "+" + strconv.Itoa(r.Number.CallingCode())
	out.Unverified = !r.Valid
	if in.Number != out.Number && in.Number != r.Number.National() {
		out.Input = in.Number
	}
	return out
}

// readNumber reads a number and its country code by the rules, or says what is
// wrong with them.
func (b *Book) readNumber(j *judge, field string, in Phone) (phone.Reading, bool) {
	site := b.opt.Site
	site.OutsideLine = "" // nobody stores the digit that gets a line
	code := strings.TrimSpace(in.CountryCode)
	if !j.rules.AnyNotation {
		if code == "" {
			if !j.has(field + ".countryCode") {
				j.fail(field+".countryCode", ReasonMissing, "", "is missing")
			}
			return phone.Reading{}, false
		}
		if at := strings.IndexFunc(in.Number, notDigit); at >= 0 {
			r := []rune(in.Number[at:])[0]
			j.fail(field+".phoneNumber", ReasonCharacter, in.Number, fmt.Sprintf("must be digits only, but has %q", r))
			return phone.Reading{}, false
		}
	} else if cc, ok := phone.CallingCodeForRegion(strings.ToUpper(code)); ok {
		code = strconv.Itoa(cc)
	}
	if code != "" {
		cc, ok := phone.CallingCode(code)
		if !ok {
			j.fail(field+".countryCode", ReasonCountryCode, in.CountryCode, "is no assigned calling code: give one such as +91")
			return phone.Reading{}, false
		}
		if digits := len(strconv.Itoa(cc)) + len(in.Number); !j.rules.AnyNotation && (digits < 7 || digits > 15) {
			reason := ReasonTooShort
			if digits > 15 {
				reason = ReasonTooLong
			}
			j.fail(field+".phoneNumber", reason, in.Number, fmt.Sprintf("has %d digits with its country code, 7 to 15 are allowed", digits))
			return phone.Reading{}, false
		}
	}
	var r phone.Reading
	var err error
	if code != "" {
		r, err = phone.ParseNational(code, in.Number, &site)
	} else {
		r, err = phone.Parse(in.Number, &site)
	}
	if err != nil {
		reason, detail := ReasonNumber, err.Error()
		var pe *phone.Error
		if errors.As(err, &pe) {
			reason = Reason(pe.Reason.String())
		}
		j.fail(field+".phoneNumber", reason, in.Number, "cannot be used: "+strings.TrimPrefix(detail, "phone: "))
		return phone.Reading{}, false
	}
	return r, true
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// line returns the number and the line of a finished phone; false where it has
// none.
func (b *Book) line(p Phone) (phone.Number, phone.Line, bool) {
	n, err := phone.ParseE164(p.Number)
	if err != nil {
		return n, 0, false
	}
	return n, n.Line(b.opt.Site.Rules), true
}

// otherLines returns the lines that a number has under other rules than the
// book's: none at all, and those of package phone. While a book is re-indexed,
// Search finds contacts there, too, and the past of a number may be there.
// Usually there are none.
func (b *Book) otherLines(n phone.Number, line phone.Line) []phone.Line {
	var list []phone.Line
	if l := n.Line(&phone.Rules{Off: []string{"*"}}); l != line {
		list = append(list, l)
	}
	if b.opt.Site.Rules != nil {
		if l := n.Line(nil); l != line && !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	return list
}

// keys makes what a finished contact is found by.
func (b *Book) keys(c *Contact) Keys {
	k := b.numberKeys(c)
	k.Words, k.Sort = words(c), sortKey(c)
	return k
}

// numberKeys is keys of the numbers alone.
func (b *Book) numberKeys(c *Contact) Keys {
	var k Keys
	if c.Status != Active {
		return k // its numbers are free
	}
	add := func(to *[]phone.Line, l phone.Line, number string, at int) {
		if !slices.Contains(*to, l) {
			*to = append(*to, l)
			k.numbers = append(k.numbers, numberedLine{l, number, at})
		}
	}
	each := func(p Phone, at int, shared bool) {
		if p.Number == "" || p.Shared != shared {
			return
		}
		_, line, ok := b.line(p)
		if !ok {
			return // only what this package wrote is ever here
		}
		switch {
		case !shared:
			add(&k.Claims, line, p.Number, at)
		case !slices.Contains(k.Claims, line):
			add(&k.Shared, line, p.Number, at)
		}
	}
	each(c.CellPhone, -1, false)
	for i, p := range c.Phones {
		each(p, i, false)
	}
	for i, p := range c.Phones {
		each(p, i, true)
	}
	return k
}

// phoneField returns the field of a number: that of the further phone at an
// index, or of the cell phone for -1.
func phoneField(at int) string {
	if at < 0 {
		return "cellPhone.phoneNumber"
	}
	return indexed("phones", at) + ".phoneNumber"
}
