package phone

// This file reads digits exactly as phonenumbers reads them. Whatever is more
// generous than that lives in read.go.

// maxDigits is how many digits of a text are looked at: the longest
// international prefix, calling code, carrier code and national number.
const maxDigits = 40

// A national is a national number under a calling code. Its digits live in
// the buffer given to the function that made it.
type national struct {
	code   int // place in codes
	digits []byte
}

// buffer takes a national number that had to be rewritten, first for want of
// the region's own calling code, then for its national prefix.
type buffer struct{ ownCode, rewritten rewritten }

type rewritten [maxDigits + 8]byte

// number returns the Number and whether it fits one: 19 digits in all.
func (n national) number() (Number, bool) {
	v := uint64(codes[n.code].code)
	size := 1
	if v >= 100 {
		size = 3
	} else if v >= 10 {
		size = 2
	}
	if size+len(n.digits) > maxNumberDigits {
		return Number{}, false
	}
	for _, c := range n.digits {
		v = v*10 + uint64(c-'0')
	}
	return Number{v}, true
}

// lengthVerdict is what a number's length says about it.
type lengthVerdict uint8

const (
	lengthPossible lengthVerdict = iota
	lengthLocal
	lengthTooShort
	lengthTooLong
	lengthBetween
)

func (p *plan) testLength(n int) lengthVerdict {
	if n > 31 {
		return lengthTooLong
	}
	bit := uint32(1) << n
	switch {
	case p.local&bit != 0:
		return lengthLocal
	case p.possible&bit != 0:
		return lengthPossible
	case p.possible&(bit-1) == 0:
		return lengthTooShort
	case p.possible < bit:
		return lengthTooLong
	}
	return lengthBetween
}

// withoutPrefix returns d without the national prefix and carrier code that
// the region's numbers may be written with; d itself when it has none, or
// when d is a number and what would be left is not.
func (p *plan) withoutPrefix(d []byte, buf *rewritten) []byte {
	if p.prefix == 0 || len(d) == 0 || p.firstDigits>>(d[0]-'0')&1 == 0 {
		return d
	}
	caps := groups{0, 0, -1, -1, -1, -1, -1, -1}
	end := match(int(p.prefix), d, 0, &caps)
	if end < 0 {
		return d
	}
	if end == 0 {
		return d // the prefix is optional and not there
	}
	rest := d[end:]
	if p.transform != "" && caps[2*p.groups] >= 0 {
		rest = buf[:0]
		for i := 0; i < len(p.transform); i++ {
			c := p.transform[i]
			if c != '$' {
				rest = append(rest, c)
				continue
			}
			i++
			g := 2 * int(p.transform[i]-'0')
			if from, to := caps[g], caps[g+1]; from >= 0 {
				rest = append(rest, d[from:to]...)
			}
		}
		rest = append(rest, d[end:]...)
	}
	if p.matchesGeneral(d) && !p.matchesGeneral(rest) {
		return d
	}
	return rest
}

// shorten strips the national prefix where what is left has a possible length.
func (p *plan) shorten(d []byte, buf *rewritten) []byte {
	rest := p.withoutPrefix(d, buf)
	switch p.testLength(len(rest)) {
	case lengthPossible, lengthTooLong:
		return rest
	}
	return d
}

// readInternational reads d as calling code and national number, as after a
// plus sign.
func readInternational(d []byte, buf *rewritten) (national, bool) {
	if len(d) <= minNational {
		return national{}, false
	}
	at, n, ok := codeOf(d)
	if !ok {
		return national{}, false
	}
	return readNational(at, int(codes[at].first), d[n:], buf)
}

// readNational reads d as a national number of a calling code by the rules of
// one of its regions.
func readNational(codeAt, planAt int, d []byte, buf *rewritten) (national, bool) {
	if len(d) < minNational {
		return national{}, false
	}
	n := national{codeAt, plans[planAt].shorten(d, buf)}
	return n, len(n.digits) >= minNational && len(n.digits) <= maxNational
}

// afterIDD returns what follows the region's international prefix in d, and
// whether d begins with one. A calling code never begins with 0.
func (p *plan) afterIDD(d []byte) ([]byte, bool) {
	if p.idd == 0 {
		return nil, false
	}
	end := match(int(p.idd), d, 0, nil)
	if end < 0 || end < len(d) && d[end] == '0' {
		return nil, false
	}
	return d[end:], true
}

// readPlain reads d in a region (-1: none): with plus as an international
// number, else as one that is dialled there. It is what phonenumbers does, to
// the letter.
func readPlain(d []byte, plus bool, planAt int, buf *buffer) (national, How, bool) {
	if plus {
		if n, ok := readInternational(d, &buf.rewritten); ok {
			return n, HowInternational, true
		}
		if _, _, ok := codeOf(d); ok || len(d) <= minNational || planAt < 0 {
			return national{}, 0, false
		}
	}
	if planAt < 0 {
		return national{}, 0, false
	}
	p := &plans[planAt]
	if rest, ok := p.afterIDD(d); ok {
		n, ok := readInternational(rest, &buf.rewritten)
		return n, HowPrefix, ok
	}
	if rest, ok := p.afterOwnCode(d, &buf.ownCode); ok {
		at := p.codeAt()
		n, ok := readNational(at, int(codes[at].first), rest, &buf.rewritten)
		return n, HowOwnCode, ok
	}
	if plus {
		return national{}, 0, false
	}
	n, ok := readNational(p.codeAt(), planAt, d, &buf.rewritten)
	return n, HowNational, ok
}

// afterOwnCode returns the national number in a d that begins with the
// region's own calling code, where reading it so is better than reading all
// of d as a national number.
func (p *plan) afterOwnCode(d []byte, buf *rewritten) ([]byte, bool) {
	at, n, ok := codeOf(d)
	if !ok || at != p.codeAt() {
		return nil, false
	}
	rest := p.withoutPrefix(d[n:], buf)
	if !p.matchesGeneral(d) && p.matchesGeneral(rest) || p.testLength(len(d)) == lengthTooLong {
		return rest, true
	}
	return nil, false
}
