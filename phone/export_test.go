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

// RuleTable returns the rows of the table.
func RuleTable() []Rule { return ruleTable[:] }

// HasRules is hasRules.
func HasRules(code int) bool { return hasRules(code) }

// TableBytes returns how many bytes the tables take in a binary, without the
// texts of the rules.
func TableBytes() int {
	return int(unsafe.Sizeof(automaton) + unsafe.Sizeof(programs) + unsafe.Sizeof(plans) + unsafe.Sizeof(codes) +
		unsafe.Sizeof(codeIndex) + unsafe.Sizeof(regionIndex) + unsafe.Sizeof(ruleTable))
}
