package match

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// Digits decides which lines the digits of a query match: those it
// begins with or those it ends with. A nil one is content with any contact.
type Digits struct {
	ranges []Range
	suffix uint64
	unit   uint64 // 10 to the power of the length of the suffix; 0: no suffix
}

// NewDigits returns the Digits of a query, nil where it has none.
func NewDigits(q *contacts.Query) *Digits {
	if q.Prefixes != nil {
		return &Digits{ranges: Ranges(q.Prefixes)}
	}
	if q.Suffix == "" {
		return nil
	}
	m := &Digits{unit: 1}
	for _, c := range []byte(q.Suffix) {
		m.suffix = m.suffix*10 + uint64(c-'0')
		m.unit *= 10
	}
	return m
}

// Fit reports whether one of the lines of a record matches.
func (m *Digits) Fit(h *record.Held) bool {
	return m == nil || slices.ContainsFunc(h.Claims, m.Match) || slices.ContainsFunc(h.Shared, m.Match)
}

// Match reports whether a line matches.
func (m *Digits) Match(line phone.Line) bool {
	if m.unit == 0 {
		i, found := slices.BinarySearchFunc(m.ranges, uint64(line), func(r Range, v uint64) int { return cmp.Compare(r.Lo, v) })
		return found || i > 0 && uint64(line) <= m.ranges[i-1].Hi
	}
	return uint64(line)%m.unit == m.suffix && uint64(line) >= m.unit/10
}

// A Range has the lines from Lo to Hi.
type Range struct{ Lo, Hi uint64 }

// Ranges returns the lines whose digits begin with one of prefixes: for each
// number of digits they are one range a prefix. The ranges ascend and do not
// overlap.
func Ranges(prefixes []string) []Range {
	sorted := slices.Clone(prefixes)
	slices.Sort(sorted)
	var first []Range // those of no more digits than the prefix
	last := ""
	for _, p := range sorted {
		v, err := strconv.ParseUint(p, 10, 64)
		if err != nil || p[0] == '0' || last != "" && strings.HasPrefix(p, last) {
			continue // no line begins with 0, and 19 digits are no error
		}
		first, last = append(first, Range{v, v}), p
	}
	list := make([]Range, 0, 16*len(first))
	for unit, end := uint64(1), uint64(10); ; unit, end = end, end*10 { // numbers from unit to before end
		for i := range first {
			r := &first[i]
			if r.Lo < unit || r.Lo >= end && unit < lastUnit {
				continue
			}
			list = append(list, *r)
			over, lo := bits.Mul64(r.Lo, 10)
			if over != 0 {
				continue
			}
			if over, r.Hi = bits.Mul64(r.Hi, 10); over != 0 || r.Hi > math.MaxUint64-9 {
				r.Hi = math.MaxUint64
			} else {
				r.Hi += 9
			}
			r.Lo = lo
		}
		if unit == lastUnit {
			return list
		}
	}
}

// lastUnit is the least number of twenty digits, more than which no uint64 has.
const lastUnit = 1e19
