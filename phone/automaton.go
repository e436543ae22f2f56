package phone

import "math/bits"

// A node of the automaton is a head and what follows it. Bit d of the head:
// digit d leads elsewhere than digit d-1 does; there is a target for each set
// bit. With hasOutput, the output stands in front of the targets. With
// isSkip, the low bits count digits of any value that lead to the one target.
const (
	hasOutput = 1 << 15
	isSkip    = 1 << 14
	skipMask  = 31
)

// walk runs the automaton from root over d and returns what the number is: 0
// when it is nothing.
func walk[T string | []byte](root uint16, d T) uint16 {
	at := uint(root)
	for i := 0; i < len(d); {
		head := automaton[at]
		if head&isSkip != 0 {
			i += int(head & skipMask)
			at = uint(automaton[at+1])
			if i > len(d) {
				return 0
			}
			continue
		}
		k := bits.OnesCount16(head & (2<<(d[i]-'0') - 1))
		if k == 0 {
			return 0
		}
		at = uint(automaton[at+uint(head>>15)+uint(k)])
		i++
	}
	if automaton[at]&hasOutput == 0 {
		return 0
	}
	return automaton[at+1]
}

// classify says what a national number of a calling code is: its region's
// place in plans and its type, Unknown when it is not valid.
func classify(codeAt int, national []byte) (planAt int, typ Type) {
	c := &codes[codeAt]
	out := walk(c.root, national)
	if out == 0 {
		return int(c.first), Unknown
	}
	return int(c.first) + int(out>>4), Type(out & 15)
}

// matchesGeneral reports whether national looks like a number of the region.
func (p *plan) matchesGeneral(national []byte) bool {
	return walk(p.general, national) != 0
}

// The operations of a prefix program; three words each: operation and mask of
// digits, the next instruction, an argument.
const (
	opMatch = iota
	opDigit
	opAlt
	opSave
	opEnd
	opFail
)

// groups holds where the groups of a prefix program begin and end, two
// entries each, the whole match first; -1 when a group took no part.
type groups [8]int8

// match runs the program at pc over d from pos and returns where the match
// ends, -1 when there is none. Choices are tried in the order of the pattern,
// as regexp does. caps may be nil.
func match(pc int, d []byte, pos int, caps *groups) int {
	for {
		op, next, arg := programs[pc], int(programs[pc+1]), int(programs[pc+2])
		switch op & 15 {
		case opMatch:
			return pos
		case opDigit:
			if pos >= len(d) || op>>(4+(d[pos]-'0'))&1 == 0 {
				return -1
			}
			pos++
		case opAlt:
			if caps == nil {
				if end := match(next, d, pos, nil); end >= 0 {
					return end
				}
			} else {
				saved := *caps
				if end := match(next, d, pos, caps); end >= 0 {
					return end
				}
				*caps = saved
			}
			next = arg
		case opSave:
			if caps != nil && arg > 1 && arg < len(caps) {
				caps[arg] = int8(pos)
			}
		case opEnd:
			if pos != len(d) {
				return -1
			}
		default:
			return -1
		}
		pc = next
	}
}
