package tablegen

import (
	"fmt"
	"regexp/syntax"
	"slices"
)

// compile parses a metadata pattern. Only what such patterns use is accepted:
// digits, classes, groups, repetition and the end of the text.
func compile(expr string) (*syntax.Prog, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	for _, in := range prog.Inst {
		if in.Op == syntax.InstEmptyWidth && syntax.EmptyOp(in.Arg) != syntax.EmptyEndText {
			return nil, fmt.Errorf("pattern %q: unknown assertion", expr)
		}
	}
	return prog, nil
}

// closure returns the instructions reachable from pcs without a digit, in
// ascending order.
func closure(prog *syntax.Prog, pcs []uint32) []uint32 {
	seen := map[uint32]bool{}
	var out []uint32
	var visit func(pc uint32)
	visit = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		in := prog.Inst[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(in.Out)
			visit(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			visit(in.Out)
		case syntax.InstFail:
		case syntax.InstEmptyWidth:
			panic("tablegen: assertion inside a number pattern") //contacts:panics the generator stops; no program has it
		default:
			out = append(out, pc)
		}
	}
	for _, pc := range pcs {
		visit(pc)
	}
	slices.Sort(out)
	return out
}

// step returns the instructions reached from set by one digit.
func step(prog *syntax.Prog, set []uint32, digit rune) []uint32 {
	var to []uint32
	for _, pc := range set {
		if in := prog.Inst[pc]; in.Op != syntax.InstMatch && in.MatchRune(digit) {
			to = append(to, in.Out)
		}
	}
	return closure(prog, to)
}

// The operations of a prefix program, as package phone runs them.
const (
	opMatch = iota
	opDigit // mask of digits, next
	opAlt   // next, other
	opSave  // slot, next
	opEnd   // next
	opFail
)

// program is a pattern that is matched at the beginning of a number, with the
// groups it captures: three words an instruction (operation and mask, next,
// argument). Places are relative to the program's first word.
type program struct {
	words  []uint16
	groups int
	first  uint16 // bit d: a match may begin with digit d; all bits: may be empty
}

// compileProgram translates a prefix pattern for a backtracking matcher.
func compileProgram(expr string) (program, error) {
	prog, err := compile(expr)
	if err != nil {
		return program{}, err
	}
	p := program{groups: prog.NumCap/2 - 1}
	// Place 0 is the start: a jump there costs one instruction and spares the
	// table a column.
	emit := func(op, mask, next, arg uint16) {
		p.words = append(p.words, op|mask<<4, next*3, arg)
	}
	emit(opSave, 0, uint16(prog.Start)+1, 0)
	for _, in := range prog.Inst {
		out := uint16(in.Out) + 1
		switch in.Op {
		case syntax.InstAlt:
			emit(opAlt, 0, out, (uint16(in.Arg)+1)*3)
		case syntax.InstCapture:
			emit(opSave, 0, out, uint16(in.Arg))
		case syntax.InstNop:
			emit(opSave, 0, out, 0)
		case syntax.InstEmptyWidth:
			emit(opEnd, 0, out, 0)
		case syntax.InstMatch:
			emit(opMatch, 0, 0, 0)
		case syntax.InstFail:
			emit(opFail, 0, 0, 0)
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			var mask uint16
			for d := range 10 {
				if in.MatchRune(rune('0' + d)) {
					mask |= 1 << d
				}
			}
			emit(opDigit, mask, out, 0)
		default:
			return program{}, fmt.Errorf("pattern %q: unknown operation %v", expr, in.Op)
		}
	}
	p.first = firstDigits(prog)
	return p, nil
}

// firstDigits returns the digits that a match may begin with; all ten when it
// may be empty.
func firstDigits(prog *syntax.Prog) uint16 {
	var mask uint16
	seen := map[uint32]bool{}
	var visit func(pc uint32)
	visit = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		in := prog.Inst[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(in.Out)
			visit(in.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			visit(in.Out)
		case syntax.InstMatch:
			mask = 1<<10 - 1
		case syntax.InstFail:
		default:
			for d := range 10 {
				if in.MatchRune(rune('0' + d)) {
					mask |= 1 << d
				}
			}
		}
	}
	visit(uint32(prog.Start))
	return mask
}
