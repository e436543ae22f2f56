package phone

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"
)

// A Partial is a number as far as somebody has typed it, for search as they
// type. It says how the digits of a Line (without plus) may begin. A trunk zero
// may be there or not, and an old form of a number also gives the present one,
// as soon as three national digits are there.
type Partial struct {
	// Digits are the digits typed, in ASCII, without what separates them.
	Digits string

	// Plus says that a plus stands in front of them.
	Plus bool

	// Home has the beginnings if the text is dialled at the site, from there
	// abroad too; none without a region, or where there is a plus.
	Home []string

	// International has the beginnings if there is a plus, or were one. Those
	// of Home are left out.
	International []string

	// Abroad has the beginnings if the text is the national number of some
	// country, whichever. It is empty where the text names a country, and
	// where it has fewer than three digits.
	Abroad []string
}

// maxPartial bounds what counts as a number being typed, in bytes.
const maxPartial = 64

// minFolded is how many national digits it takes before old forms of a number
// count: with fewer, nearly everything is one.
const minFolded = 3

// ParsePartial reads the beginning of a number: digits of any script, a plus
// sign, punctuation that numbers are written with between them, and any around
// them. It reports false for all other text. What it returns is for search,
// never to be stored.
func ParsePartial(text string, site *Site) (p Partial, ok bool) {
	var c cleaned
	if len(text) > maxPartial || !c.clean(text, false) {
		return p, false
	}
	d, plus, ok := partialDigits(c.bytes())
	if !ok {
		return p, false
	}
	p.Digits, p.Plus = string(d), plus
	home, abroad := beginnings{rules: site.rules()}, beginnings{rules: site.rules()}
	if at := site.plan(); !plus {
		rest, found := []byte(nil), false
		if at >= 0 {
			rest, found = plans[at].afterIDD(d)
		}
		if !found && len(d) > 2 && d[0] == '0' && d[1] == '0' && d[2] != '0' {
			rest, found = d[2:], true
		}
		found = found && len(rest) > 0
		if found {
			home.international(rest)
		}
		if at >= 0 {
			home.national(at, d)
		}
		if !found && len(d) >= minFolded {
			p.Abroad = everywhere(d, site.rules())
		}
	}
	abroad.international(d)
	p.Home = home.list
	for _, b := range abroad.list {
		if !slices.Contains(p.Home, b) {
			p.International = append(p.International, b)
		}
	}
	return p, true
}

// partialDigits returns the digits of cleaned text, and whether a plus stands
// in front of them. It reports false where there is something else.
func partialDigits(text []byte) (d []byte, plus, ok bool) {
	other := func(r rune) bool { return r < utf8.RuneSelf && !isDigit(byte(r)) && r != '+' && !isLetter(byte(r)) }
	for _, b := range bytes.TrimFunc(text, other) {
		switch {
		case isDigit(b):
			d = append(d, b)
		case b == '+':
			if len(d) > 0 || plus {
				return nil, false, false
			}
			plus = true
		case b != ' ' && b != '-' && b != '.' && b != '/' && b != '(' && b != ')' && b != '~' && b != '\n':
			return nil, false, false
		}
	}
	return d, plus, len(d) > 0 && len(d) <= maxNumberDigits
}

// everywhere returns d as a national number under every calling code.
func everywhere(d []byte, rules *Rules) []string {
	var list []string
	folded := beginnings{rules: rules}
	for i := range codes {
		if code := int(codes[i].code); len(rulesOf(code)) > 0 || rules.adds(code) {
			folded.national(int(codes[i].first), d)
			continue
		}
		for _, rest := range withAndWithoutTrunk(int(codes[i].first), d) {
			if digits := joined(int(codes[i].code), rest); len(digits) <= maxNumberDigits {
				list = append(list, digits)
			}
		}
	}
	return append(list, folded.list...)
}

// adds reports whether a host has a rule of its own for a calling code.
func (r *Rules) adds(code int) bool {
	return r != nil && slices.ContainsFunc(r.Add, func(rule Rule) bool { return rule.Code == code })
}

// beginnings collects how the digits of a Line may begin.
type beginnings struct {
	rules *Rules
	list  []string
}

// international takes d as it follows a plus.
func (l *beginnings) international(d []byte) {
	at, n, ok := codeOf(d)
	if !ok || n == len(d) {
		if d[0] != '0' && !slices.Contains(l.list, string(d)) {
			l.list = append(l.list, string(d))
		}
		return
	}
	l.national(int(codes[at].first), d[n:])
}

// national takes d as it is dialled in a region.
func (l *beginnings) national(planAt int, d []byte) {
	code := int(plans[planAt].code)
	for _, rest := range withAndWithoutTrunk(planAt, d) {
		l.add(code, rest)
		if len(rest) < minFolded {
			continue
		}
		if l.rules != nil {
			for i := range l.rules.Add {
				l.fold(&l.rules.Add[i], code, rest)
			}
		}
		table := rulesOf(code)
		for i := range table {
			if !l.rules.off(table[i].Name) {
				l.fold(&table[i], code, rest)
			}
		}
	}
}

// fold takes d as the beginning of a number in the rule's old form.
func (l *beginnings) fold(r *Rule, code int, d []byte) {
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
	l.add(code, out)
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

// add adds calling code and national digits, unless they are there or longer
// than any number.
func (l *beginnings) add(code int, national []byte) {
	digits := joined(code, national)
	if len(digits) <= maxNumberDigits && !slices.Contains(l.list, digits) {
		l.list = append(l.list, digits)
	}
}

func joined(code int, national []byte) string {
	return string(append(strconv.AppendInt(nil, int64(code), 10), national...))
}
