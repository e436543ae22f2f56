package phone

import "bytes"

// This file knows what people dial in front of a number, and write with it,
// that the metadata does not know (any more).

// formerTrunks are trunk prefixes of former numbering plans. They count where
// as many digits follow as a number has today, and a valid number.
var formerTrunks = [...]struct {
	code   uint16
	prefix string
	digits int
}{
	{52, "01", 10},  // Mexico: long distance, until 2019-08-03 (IFT, DOF 2018-05-11)
	{52, "044", 10}, // to a mobile telephone of the same area
	{52, "045", 10}, // to one of another area
	{380, "80", 9},  // Ukraine: 8, a tone, and the area code with its zero, until 2009-10-14
}

// withoutFormerTrunk returns what follows a former trunk prefix.
func withoutFormerTrunk(codeAt int, d []byte) ([]byte, bool) {
	for i := range formerTrunks {
		t := &formerTrunks[i]
		if n := len(t.prefix); t.code == codes[codeAt].code && len(d) == n+t.digits && string(d[:n]) == t.prefix {
			return d[n:], true
		}
	}
	return nil, false
}

// withholding are the codes that hide or show the caller's number for one
// call, without a star: numbers are written and logged with them. Those with a
// star need no table. Hong Kong's 133 is not here: mobile numbers of China
// begin so.
var withholding = [...]struct {
	code  uint16
	codes []string
}{
	{34, []string{"067"}},          // Spain
	{44, []string{"141", "1470"}},  // United Kingdom
	{61, []string{"1831", "1832"}}, // Australia
	{64, []string{"0197", "0196"}}, // New Zealand
	{81, []string{"184", "186"}},   // Japan
	{353, []string{"141", "142"}},  // Ireland
}

// withoutWithholding returns what follows such a code of a region: a number as
// it is dialled there, with its trunk prefix if there is one.
func withoutWithholding(planAt int, d []byte) ([]byte, bool) {
	for i := range withholding {
		if w := &withholding[i]; w.code == plans[planAt].code {
			for _, c := range w.codes {
				if n := len(c); len(d) >= n+minPart && string(d[:n]) == c && bytes.HasPrefix(d[n:], []byte(plans[planAt].trunk)) {
					return d[n:], true
				}
			}
		}
	}
	return nil, false
}
