package phone

import (
	"errors"
	"fmt"
	"strings"
)

// PackageRules returns the equivalence rules of this package, by calling code:
// what they are called, from when they are, and where they are documented.
func PackageRules() []Rule {
	var all []Rule
	for i := range codes {
		all = append(all, rulesOf(int(codes[i].code))...)
	}
	return all
}

// Check reports what is wrong with a host's rules, all of it at once: rules
// that can never apply, and names in Off that no rule of this package has.
// Reading does not ask; it passes over such rules.
func (r *Rules) Check() error {
	if r == nil {
		return nil
	}
	var errs []error
	known := map[string]bool{"*": true}
	for _, rule := range PackageRules() {
		known[rule.Name] = true
	}
	for _, name := range r.Off {
		if !known[name] {
			errs = append(errs, fmt.Errorf("phone: there is no rule %q to switch off", name))
		}
	}
	for i := range r.Add {
		if fault := r.Add[i].fault(); fault != "" {
			errs = append(errs, fmt.Errorf("phone: rule %d (%s): %s", i, r.Add[i].Name, fault))
		}
	}
	return errors.Join(errs...)
}

// fault says why a rule can never apply, "" when it can.
func (r *Rule) fault() string {
	assigned := func(code int) bool { return code > 0 && code < len(codeIndex) && codeIndex[code] != 0 }
	switch {
	case r.Name == "":
		return "it has no name"
	case !assigned(r.Code) || r.NewCode != 0 && !assigned(r.NewCode):
		return "its calling code is not assigned"
	case strings.Trim(r.Old, "0123456789x") != "" || strings.Trim(r.New, "0123456789x") != "":
		return "Old and New are made of digits and x"
	case strings.Count(r.New, "x") > strings.Count(r.Old, "x"):
		return "New has an x that Old does not have"
	case r.Digits != 0 && r.Digits < len(r.Old):
		return "Old is longer than the whole number"
	case r.Digits != 0 && (len(r.New)+r.Digits-len(r.Old) < minNational || len(r.New)+r.Digits-len(r.Old) > maxNational):
		return "what it gives is too short or too long for a number"
	case r.Old == r.New && (r.NewCode == 0 || r.NewCode == r.Code):
		return "it changes nothing"
	}
	return ""
}
