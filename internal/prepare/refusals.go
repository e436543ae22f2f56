package prepare

import (
	"cmp"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// LoadedClaim is a line that a record of a load claims.
type LoadedClaim struct {
	Line  phone.Line
	Index int // of the record
	Nth   int // of the line, among those of the record
	Keep  bool
}

// LineJudge collects the claims of a load that come too late: what was refused,
// and what was kept.
type LineJudge struct{ refused, kept refusals }

// Judge judges those that claim one line, in any order. Elsewhere says that a
// contact which is there already claims it.
func (j *LineJudge) Judge(claims []LoadedClaim, elsewhere bool) {
	slices.SortFunc(claims, func(a, b LoadedClaim) int { return cmp.Compare(a.Index, b.Index) })
	if elsewhere {
		j.report(&claims[0], -1)
	}
	for i := range claims[1:] {
		j.report(&claims[1+i], claims[0].Index)
	}
}

func (j *LineJudge) report(c *LoadedClaim, earlier int) {
	to := &j.refused
	if c.Keep {
		to = &j.kept
	}
	*to = append(*to, placedRefusal{contacts.Refusal{Index: c.Index, Line: c.Line, Earlier: earlier}, c.Nth})
}

// Outcome returns the duplicates that were kept, and the error if any were not.
func (j *LineJudge) Outcome() (kept []contacts.Refusal, err error) {
	return j.kept.list(), Refusal(j.refused.list(), nil)
}

type placedRefusal struct {
	contacts.Refusal
	nth int
}

type refusals []placedRefusal

// list returns the refusals in order of the records, and of the lines of each.
func (r refusals) list() []contacts.Refusal {
	slices.SortFunc(r, func(a, b placedRefusal) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.nth, b.nth)) })
	var out []contacts.Refusal
	for _, p := range r {
		out = append(out, p.Refusal)
	}
	return out
}
