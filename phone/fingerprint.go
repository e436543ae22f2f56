package phone

// readingVersion changes with every change of the reading that may give a
// stored text another Line.
const readingVersion = 2

// Fingerprint returns a hash of all that a Line depends on besides the text:
// the metadata, the equivalence rules of this package and the host's rules
// (nil: none). Lines that were stored under another fingerprint must be made
// anew from the texts they came from.
func Fingerprint(rules *Rules) uint64 {
	h := hash(14695981039346656037)
	h.text(MetadataVersion)
	h.number(readingVersion)
	for i := range codes {
		table := rulesOf(int(codes[i].code))
		for j := range table {
			if r := &table[j]; !rules.off(r.Name) {
				h.rule(r)
			}
		}
	}
	if rules != nil {
		for i := range rules.Add {
			h.rule(&rules.Add[i])
		}
	}
	return uint64(h)
}

// hash is FNV-1a.
type hash uint64

func (h *hash) byte(b byte) { *h = (*h ^ hash(b)) * 1099511628211 }

func (h *hash) text(s string) {
	h.number(len(s))
	for i := range len(s) {
		h.byte(s[i])
	}
}

func (h *hash) number(n int) {
	for range 8 {
		h.byte(byte(n))
		n >>= 8
	}
}

// rule adds what a rule does; its name, source and date change no Line.
func (h *hash) rule(r *Rule) {
	h.number(r.Code)
	h.text(r.Old)
	h.number(r.Digits)
	h.number(r.NewCode)
	h.text(r.New)
	flags := 0
	if r.EvenIfValid {
		flags |= 1
	}
	if r.Unchecked {
		flags |= 2
	}
	h.number(flags)
}
