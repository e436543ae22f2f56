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
// were made with: see Fingerprint.
type Rules struct {
	Off []string // names of rules that do not apply; "*" for all of the package
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
	_, typ := classify(nat.code, nat.digits)
	present, rule, _ = fold(n, nat, typ != Unknown, rules)
	return present, rule
}

// fold is Fold for a number that is taken apart already; valid says whether n
// is, and the result whether n or the present form is.
func fold(n Number, nat national, valid bool, rules *Rules) (Number, string, bool) {
	var buf [maxNumberDigits + 1]byte
	rule := ""
	for range 2 {
		to, r := nat.foldOnce(valid, rules)
		if r == nil {
			break
		}
		n, rule = to, r.Name
		nat, _ = to.split(&buf)
		if !r.Unchecked {
			valid = true
		} else if _, typ := classify(nat.code, nat.digits); typ != Unknown {
			valid = true
		}
	}
	return n, rule, valid
}

// foldOnce returns the number that the first fitting rule gives, and the rule.
func (nat national) foldOnce(valid bool, rules *Rules) (Number, *Rule) {
	code := int(codes[nat.code].code)
	if rules != nil {
		for i := range rules.Add {
			if r := &rules.Add[i]; r.Code == code {
				if to, ok := r.apply(nat, valid); ok {
					return to, r
				}
			}
		}
	}
	if !hasRules(code) {
		return Number{}, nil
	}
	for i := firstRule(code); i < len(ruleTable) && ruleTable[i].Code == code; i++ {
		r := &ruleTable[i]
		if to, ok := r.apply(nat, valid); ok && !rules.off(r.Name) {
			return to, r
		}
	}
	return Number{}, nil
}

// firstRule returns the place of the first row of a calling code, or where it
// would be.
func firstRule(code int) int {
	lo, hi := 0, len(ruleTable)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if ruleTable[mid].Code < code {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// apply returns the present form of a number in the rule's old form.
func (r *Rule) apply(nat national, valid bool) (Number, bool) {
	d := nat.digits
	if valid && !r.EvenIfValid || r.Digits != 0 && len(d) != r.Digits || len(d) < len(r.Old) {
		return Number{}, false
	}
	for i := range len(r.Old) {
		if r.Old[i] != 'x' && r.Old[i] != d[i] {
			return Number{}, false
		}
	}
	to := nat.code
	if r.NewCode != 0 {
		if r.NewCode < 1 || r.NewCode >= len(codeIndex) || codeIndex[r.NewCode] == 0 {
			return Number{}, false
		}
		to = int(codeIndex[r.NewCode]) - 1
	}
	var buf [2 * maxNumberDigits]byte
	if len(r.New)+len(d)-len(r.Old) > maxNational {
		return Number{}, false
	}
	out := append(buf[:0], r.New...)
	from := 0
	for i := range out {
		if isDigit(out[i]) {
			continue
		}
		if out[i] != 'x' {
			return Number{}, false
		}
		for from < len(r.Old) && r.Old[from] != 'x' {
			from++
		}
		if from == len(r.Old) {
			return Number{}, false
		}
		out[i] = d[from]
		from++
	}
	out = append(out, d[len(r.Old):]...)
	if len(out) < minNational {
		return Number{}, false
	}
	if !r.Unchecked {
		if _, typ := classify(to, out); typ == Unknown {
			return Number{}, false
		}
	}
	return national{to, out}.number()
}
