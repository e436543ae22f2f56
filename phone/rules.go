package phone

// ruleTable: the equivalence rules, by calling code. The first row that
// applies counts.
var ruleTable = [...]Rule{
	{Name: "italy-zero", Code: 39, Old: "03", New: "3"},
	{Name: "mexico-mobile", Code: 52, Old: "1", Digits: 11, New: ""},
	{Name: "argentina-mobile", Code: 54, Old: "9", Digits: 11, New: "", EvenIfValid: true},
}
