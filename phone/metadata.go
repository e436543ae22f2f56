package phone

import "strings"

//go:generate go run ./internal/tablegen/gen

// code is an assigned calling code: the root of the automaton that knows its
// numbers, and its regions (plans[first : first+count], the main one first).
type code struct {
	code  uint16
	root  uint16
	first uint8
	count uint8
}

// plan is what reading a number needs to know of a region.
type plan struct {
	region  string // "IN"; "001" for a code that belongs to no region
	code    uint16
	general uint16 // root of the automaton of everything a number may look like
	// Bit n of possible: numbers of n digits exist. Of local: they are dialled
	// within an area only.
	possible, local uint32
	prefix, idd     uint16 // programs; 0: none
	firstDigits     uint16 // bit d: prefix may begin with digit d
	groups          uint8  // groups of prefix
	transform       string // what replaces a match of prefix that captured
	trunk           string // the national prefix people write, "0"
}

// The bounds of a national number, as phonenumbers sets them.
const (
	minNational = 2
	maxNational = 17
)

// codeOf returns the place in codes of the calling code that d begins with,
// and the number of its digits. It reports false when there is none.
func codeOf[T string | []byte](d T) (at, n int, ok bool) {
	v := 0
	for i := 0; i < 3 && i < len(d); i++ {
		digit := d[i] - '0'
		if v = v*10 + int(digit); v == 0 || digit > 9 {
			return 0, 0, false
		}
		if c := codeIndex[v]; c != 0 {
			return int(c) - 1, i + 1, true
		}
	}
	return 0, 0, false
}

// planOf returns the place in plans of a region, whatever its case, or -1.
func planOf(region string) int {
	if len(region) != 2 {
		return -1
	}
	a, b := region[0]&^0x20-'A', region[1]&^0x20-'A'
	if a > 25 || b > 25 {
		return -1
	}
	return int(regionIndex[int(a)*26+int(b)]) - 1
}

// codeAt returns the place in codes of the calling code of a region.
func (p *plan) codeAt() int { return int(codeIndex[p.code]) - 1 }

// CallingCode reads an assigned calling code, "+91" or "91". Spaces around it
// are ignored. It reports false for anything else.
func CallingCode(s string) (code int, ok bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	if len(s) < 1 || len(s) > 3 || s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		code = code*10 + int(s[i]-'0')
	}
	if codeIndex[code] == 0 {
		return 0, false
	}
	return code, true
}

// CallingCodeForRegion returns the calling code of a region (ISO 3166-1
// alpha-2, in any case).
func CallingCodeForRegion(region string) (int, bool) {
	at := planOf(region)
	if at < 0 {
		return 0, false
	}
	return int(plans[at].code), true
}

// RegionForCallingCode returns the main region of an assigned calling code
// ("US" for 1, "GB" for 44), and "001" for one that belongs to no region. It
// is "" when the code is not assigned.
func RegionForCallingCode(code int) string {
	if code < 1 || code >= len(codeIndex) || codeIndex[code] == 0 {
		return ""
	}
	return plans[codes[codeIndex[code]-1].first].region
}

// Regions returns the regions that a Site may name, by calling code.
func Regions() []string {
	out := make([]string, 0, len(plans))
	for i := range plans {
		if plans[i].region != "001" {
			out = append(out, plans[i].region)
		}
	}
	return out
}

// CallingCodes returns the assigned calling codes, ascending.
func CallingCodes() []int {
	out := make([]int, 0, len(codes))
	for i := range codes {
		out = append(out, int(codes[i].code))
	}
	return out
}
