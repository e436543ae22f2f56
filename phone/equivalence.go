package phone

// This file applies the rules of rules.go: which present number an old form
// of a number stands for.

// A Rule says that numbers of an old form are now written in another one. It
// changes the Line, never the Number.
type Rule struct {
	// Name identifies the rule, in Reading.Rule and in Rules.Off. It may cover
	// several rows.
	Name string

	// Code is the calling code of the old form, Old what its national number
	// begins with, Digits how many digits that number has (0: any). An x in
	// Old stands for any digit.
	Code   int
	Old    string
	Digits int

	// NewCode is the calling code of the present form (0: the same), New what
	// replaces Old; each x is the digit that stood at the same x of Old.
	NewCode int
	New     string

	// EvenIfValid lets the rule apply to old forms that are valid numbers too
	// (Argentina writes a mobile line with and without 9, both valid).
	EvenIfValid bool

	// Unchecked lets the present form be unknown to the metadata: for a change
	// that is newer than this library. Otherwise it must be a valid number.
	Unchecked bool

	Source string // where the change is documented
	Date   string // from when on, "2024-11-30"
}

// Rules says which equivalences make two spellings one Line. A nil *Rules, and
// the zero value, mean all rules of this package and no others. Rules must not
// be changed while they are in use, and stored Lines belong to the rules they
// were made with: see Fingerprint. Check tells whether they make sense.
type Rules struct {
	Off []string // names of rules of PackageRules that do not apply; "*" for all of them
	Add []Rule   // the host's own, tried before the package's
}

func (r *Rules) off(name string) bool {
	if r == nil {
		return false
	}
	for _, n := range r.Off {
		if n == name || n == "*" {
			return true
		}
	}
	return false
}

// Line returns the identity of n under rules (nil: all of this package).
func (n Number) Line(rules *Rules) Line {
	present, _ := n.Fold(rules)
	return Line(present.v)
}

// Fold returns the present form of n and the name of the rule that gave it, ""
// when n is in its present form already. It is what Line is made of.
func (n Number) Fold(rules *Rules) (present Number, rule string) {
	var buf [maxNumberDigits + 1]byte
	nat, ok := n.split(&buf)
	if !ok {
		return n, ""
	}
	present, rule, _ = fold(n, nat, rules)
	return present, rule
}

// fold is Fold for a number that is taken apart already; it also says whether
// the number or its present form is valid.
func fold(n Number, nat national, rules *Rules) (_ Number, rule string, valid bool) {
	if len(nat.digits) == 0 {
		return n, "", false
	}
	var to, again present
	var r *Rule
	table := rulesOf(int(codes[nat.code].code))
	if rules == nil && len(table) > 0 && table[0].EvenIfValid {
		// Whether the number is valid makes no difference to these rows, and
		// what they give is valid.
		r = nat.foldOnce(true, nil, &to)
		valid = r != nil
	}
	if r == nil {
		valid = walk(codes[nat.code].root, nat.digits) != 0
		if rules == nil && (valid || len(table) == 0) {
			return n, "", valid
		}
		if r = nat.foldOnce(valid, rules, &to); r == nil {
			return n, "", valid
		}
		valid = valid || to.valid
	}
	n, rule = to.number, r.Name
	if r = to.national().foldOnce(valid, rules, &again); r != nil {
		n, rule, valid = again.number, r.Name, valid || again.valid
	}
	return n, rule, valid
}

// present is the form that a rule gives a number.
type present struct {
	code   int // place in codes
	digits rewritten
	size   int // of digits
	number Number
	valid  bool
}

func (p *present) national() national { return national{p.code, p.digits[:p.size]} }

// foldOnce sets to to what the first fitting rule gives, and returns the rule;
// nil when none fits.
func (nat national) foldOnce(valid bool, rules *Rules, to *present) *Rule {
	code := int(codes[nat.code].code)
	if rules != nil {
		for i := range rules.Add {
			if r := &rules.Add[i]; r.Code == code && r.fits(nat.digits, valid) && r.apply(nat, to) {
				return r
			}
		}
	}
	table := rulesOf(code)
	for i := range table {
		r := &table[i]
		if valid && !r.EvenIfValid {
			break // so are all that follow
		}
		if r.Old != "" && r.Old[0] != nat.digits[0] && r.Old[0] != 'x' {
			continue // most of them
		}
		if r.fits(nat.digits, valid) && r.apply(nat, to) && !rules.off(r.Name) {
			return r
		}
	}
	return nil
}

// fits reports whether d is in the rule's old form.
func (r *Rule) fits(d []byte, valid bool) bool {
	return (r.Digits == 0 || r.Digits == len(d)) && (!valid || r.EvenIfValid) && r.begins(d)
}

// begins reports whether d begins as the rule's old form does.
func (r *Rule) begins(d []byte) bool {
	if len(d) < len(r.Old) {
		return false
	}
	for i := range len(r.Old) {
		if r.Old[i] != d[i] && r.Old[i] != 'x' {
			return false
		}
	}
	return true
}

// apply sets to to the present form of a number that fits the rule.
func (r *Rule) apply(nat national, to *present) bool {
	if len(r.New)+len(nat.digits)-len(r.Old) > maxNational {
		return false
	}
	to.code = nat.code
	if r.NewCode != 0 {
		if r.NewCode < 1 || r.NewCode >= len(codeIndex) || codeIndex[r.NewCode] == 0 {
			return false
		}
		to.code = int(codeIndex[r.NewCode]) - 1
	}
	d, ok := r.rewrite(to.digits[:0], nat.digits)
	if !ok || len(d) < minNational {
		return false
	}
	to.size = len(d)
	to.valid = walk(codes[to.code].root, d) != 0
	if !to.valid && !r.Unchecked {
		return false
	}
	to.number, ok = national{to.code, d}.number()
	return ok
}

// rewrite appends d to out, with the present beginning in place of the old one
// that d has.
func (r *Rule) rewrite(out, d []byte) ([]byte, bool) {
	from := 0
	for i := range len(r.New) {
		c := r.New[i]
		if c == 'x' {
			for from < len(r.Old) && r.Old[from] != 'x' {
				from++
			}
			if from == len(r.Old) {
				return nil, false
			}
			c = d[from]
			from++
		}
		if !isDigit(c) {
			return nil, false
		}
		out = append(out, c)
	}
	return append(out, d[len(r.Old):]...), true
}
