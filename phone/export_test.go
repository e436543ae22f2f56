package phone

import (
	"strconv"
	"unsafe"
)

// ReadPlain lets the tests compare the part that must equal phonenumbers.
func ReadPlain(digits string, plus bool, region string) (Number, bool) {
	var buf buffer
	n, _, ok := readPlain([]byte(digits), plus, planOf(region), &buf)
	if !ok {
		return Number{}, false
	}
	return n.number()
}

// CallingCodePrefix returns a calling code as text.
func CallingCodePrefix(code int) string { return strconv.Itoa(code) }

// RulesOf is rulesOf.
func RulesOf(code int) []Rule { return rulesOf(code) }

// TableBytes returns how many bytes the tables take in a binary, without the
// texts of the rules.
func TableBytes() int {
	return int(unsafe.Sizeof(automaton)+unsafe.Sizeof(programs)+unsafe.Sizeof(plans)+unsafe.Sizeof(codes)+
		unsafe.Sizeof(codeIndex)+unsafe.Sizeof(regionIndex)) + len(PackageRules())*int(unsafe.Sizeof(Rule{}))
}

// IsRuleTarget reports whether a rule gives numbers another calling code, and
// it is this one.
func IsRuleTarget(code int) bool {
	for _, r := range PackageRules() {
		if r.NewCode == code {
			return true
		}
	}
	return false
}
