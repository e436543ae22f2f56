package phone

import (
	"slices"
	"strconv"
)

// A Partial is a number as far as somebody has typed it, for search as they
// type. It says how the digits of a Line may begin.
type Partial struct {
	// Digits are the digits typed, in ASCII, without what separates them.
	Digits string

	// Begins has the beginnings of Lines (digits without plus) that the text
	// may stand for: read as dialled at the site, and as if it had a plus. A
	// trunk zero may be there or not, and an old form of a number also gives
	// the present one.
	Begins []string

	// Abroad has the beginnings of Lines if the text is the national number
	// of some country, whichever. It is empty where the text names a
	// country, and where it has fewer than three digits.
	Abroad []string
}

// maxPartial bounds what counts as a number being typed, in bytes.
const maxPartial = 64

// minFolded is how many national digits it takes before old forms of a number
// count: with fewer, nearly everything is one.
const minFolded = 3

// ParsePartial reads the beginning of a number: digits of any script, a plus
// sign, and punctuation between them. It reports false for all other text.
// What it returns is for search, never to be stored.
func ParsePartial(text string, site *Site) (p Partial, ok bool) {
	var c cleaned
	if len(text) > maxPartial || !c.clean(text, false) {
		return p, false
	}
	var d []byte
	plus := false
	for _, b := range c.bytes() {
		switch {
		case isDigit(b):
			d = append(d, b)
		case b == '+':
			if len(d) > 0 || plus {
				return p, false
			}
			plus = true
		case b != ' ' && b != '-' && b != '.' && b != '/' && b != '(' && b != ')' && b != '~' && b != '\n':
			return p, false
		}
	}
	if len(d) == 0 || len(d) > maxNumberDigits {
		return p, false
	}
	p.Digits = string(d)
	rules, at := site.rules(), site.plan()
	abroad := !plus && len(d) >= minFolded
	if !plus {
		rest, found := []byte(nil), false
		if at >= 0 {
			rest, found = plans[at].afterIDD(d)
		}
		if !found && len(d) > 2 && d[0] == '0' && d[1] == '0' && d[2] != '0' {
			rest, found = d[2:], true
		}
		if found && len(rest) > 0 {
			p.international(rest, rules)
			abroad = false
		}
		if at >= 0 {
			p.national(at, d, rules)
		}
	}
	p.international(d, rules)
	if abroad {
		for i := range codes {
			for _, rest := range withAndWithoutTrunk(int(codes[i].first), d) {
				if digits := joined(int(codes[i].code), rest); len(digits) <= maxNumberDigits {
					p.Abroad = append(p.Abroad, digits)
				}
			}
		}
	}
	return p, true
}

// international takes d as it follows a plus.
func (p *Partial) international(d []byte, rules *Rules) {
	at, n, ok := codeOf(d)
	if !ok || n == len(d) {
		if d[0] != '0' && !slices.Contains(p.Begins, string(d)) {
			p.Begins = append(p.Begins, string(d))
		}
		return
	}
	p.national(int(codes[at].first), d[n:], rules)
}

// national takes d as it is dialled in a region.
func (p *Partial) national(planAt int, d []byte, rules *Rules) {
	code := int(plans[planAt].code)
	for _, rest := range withAndWithoutTrunk(planAt, d) {
		p.begins(code, rest)
		if len(rest) < minFolded {
			continue
		}
		if rules != nil {
			for i := range rules.Add {
				p.fold(&rules.Add[i], code, rest)
			}
		}
		table := rulesOf(code)
		for i := range table {
			if !rules.off(table[i].Name) {
				p.fold(&table[i], code, rest)
			}
		}
	}
}

// fold takes d as the beginning of a number in the rule's old form.
func (p *Partial) fold(r *Rule, code int, d []byte) {
	if r.Code != code || r.Digits != 0 && len(d) > r.Digits || !r.begins(d) {
		return
	}
	out, ok := r.rewrite(nil, d)
	if !ok {
		return
	}
	if r.NewCode != 0 {
		code = r.NewCode
	}
	p.begins(code, out)
}

// withAndWithoutTrunk returns d and, if it begins with the region's national
// prefix, what follows that.
func withAndWithoutTrunk(planAt int, d []byte) [][]byte {
	list := [][]byte{d}
	if trunk := plans[planAt].trunk; trunk != "" && len(d) > len(trunk) && string(d[:len(trunk)]) == trunk {
		list = append(list, d[len(trunk):])
	}
	return list
}

// begins adds calling code and national digits, unless they are there or
// longer than any number.
func (p *Partial) begins(code int, national []byte) {
	digits := joined(code, national)
	if len(digits) <= maxNumberDigits && !slices.Contains(p.Begins, digits) {
		p.Begins = append(p.Begins, digits)
	}
}

func joined(code int, national []byte) string {
	return string(append(strconv.AppendInt(nil, int64(code), 10), national...))
}
