package tablegen

import (
	"encoding/binary"
	"fmt"
	"regexp/syntax"
)

// maxDigits is the longest national number that is looked at: one more than
// phonenumbers reads, so that a pattern that would match more is noticed.
const maxDigits = 18

// A node of the shared automaton: where each digit leads, and what a number
// that ends here is. Node 0 is the dead end. The languages are finite, so the
// graph has no cycle, and equal nodes are one node: it is minimal.
type node struct {
	out  uint16
	next [10]int32
}

// graph holds the nodes of all patterns and of all products of patterns.
type graph struct {
	nodes []node
	ids   map[node]int32
}

func newGraph() *graph {
	g := &graph{ids: map[node]int32{}}
	g.add(node{})
	return g
}

// add returns the id of n, which is new or the one of an equal node.
func (g *graph) add(n node) int32 {
	if id, ok := g.ids[n]; ok {
		return id
	}
	id := int32(len(g.nodes))
	g.nodes = append(g.nodes, n)
	g.ids[n] = id
	return id
}

// pattern compiles a metadata pattern to the automaton of the digit strings
// it matches as a whole, those of the given lengths only (nil: any). With
// prefix, a string matches as soon as the pattern matches its beginning.
func (g *graph) pattern(expr string, lengths []int32, prefix bool) (int32, error) {
	if expr == "" {
		return 0, nil
	}
	prog, err := compile(expr)
	if err != nil {
		return 0, err
	}
	okLength := func(n int) bool {
		if len(lengths) == 0 {
			return true
		}
		for _, l := range lengths {
			if int(l) == n {
				return true
			}
		}
		return false
	}
	memo := map[string]int32{}
	var build func(set []uint32, depth int) (int32, error)
	build = func(set []uint32, depth int) (int32, error) {
		matched := false
		for _, pc := range set {
			if prog.Inst[pc].Op == syntax.InstMatch {
				matched = true
			}
		}
		if len(set) == 0 {
			return 0, nil
		}
		if depth > maxDigits {
			if prefix {
				return 0, nil
			}
			return 0, fmt.Errorf("pattern %q matches more than %d digits", expr, maxDigits)
		}
		key := binary.AppendUvarint(nil, uint64(depth))
		for _, pc := range set {
			key = binary.AppendUvarint(key, uint64(pc))
		}
		if id, ok := memo[string(key)]; ok {
			return id, nil
		}
		var n node
		if matched && okLength(depth) {
			n.out = 1
		}
		for d := range 10 {
			to := step(prog, set, rune('0'+d))
			if prefix && matched {
				to = set
			}
			id, err := build(to, depth+1)
			if err != nil {
				return 0, err
			}
			n.next[d] = id
		}
		id := g.add(n)
		memo[string(key)] = id
		return id, nil
	}
	return build(closure(prog, []uint32{uint32(prog.Start)}), 0)
}

// product returns the automaton that walks all of roots at once; out says
// what a number is, given the outputs of the single automata.
func (g *graph) product(roots []int32, out func(outs []uint16) uint16) int32 {
	memo := map[string]int32{}
	outs := make([]uint16, len(roots))
	var build func(at []int32) int32
	build = func(at []int32) int32 {
		var key []byte
		dead := true
		for _, id := range at {
			key = binary.AppendUvarint(key, uint64(id))
			dead = dead && id == 0
		}
		if dead {
			return 0
		}
		if id, ok := memo[string(key)]; ok {
			return id
		}
		for i, id := range at {
			outs[i] = g.nodes[id].out
		}
		n := node{out: out(outs)}
		for d := range 10 {
			to := make([]int32, len(at))
			for i, id := range at {
				to[i] = g.nodes[id].next[d]
			}
			n.next[d] = build(to)
		}
		id := g.add(n)
		memo[string(key)] = id
		return id
	}
	return build(roots)
}

// The heads of nodes, besides the bits of digits 0 to 9.
const (
	hasOutput = 1 << 15
	isSkip    = 1 << 14
)

// skip returns how many digits of any value lead on from a node, and where to:
// 0 when the digits differ, or a number may end on the way.
func (g *graph) skip(id int32) (count int, to int32) {
	for {
		n := g.nodes[id]
		if id == 0 || n.out != 0 {
			return count, id
		}
		for _, next := range n.next {
			if next != n.next[0] {
				return count, id
			}
		}
		count++
		id = n.next[0]
	}
}

// pack writes the nodes reachable from roots as words: a head (bit d: digit d
// leads elsewhere than digit d-1 does), the output where bit 15 of the head is
// set, and one target for each set bit. Where bit 14 is set, the low bits say
// how many digits of any value are skipped, and one target follows. Word 0 is
// the dead end. The places of the roots are returned beside the words.
func (g *graph) pack(roots []int32) (words []uint16, at map[int32]uint16, err error) {
	order := []int32{0}
	place := map[int32]int{0: 0}
	size := 1
	var visit func(id int32)
	visit = func(id int32) {
		if _, ok := place[id]; ok {
			return
		}
		place[id] = size
		order = append(order, id)
		n := g.nodes[id]
		if count, to := g.skip(id); count > 0 {
			size += 2
			visit(to)
			return
		}
		size++
		if n.out != 0 {
			size++
		}
		last := int32(0)
		for _, to := range n.next {
			if to != last {
				size++
			}
			last = to
		}
		for _, to := range n.next {
			visit(to)
		}
	}
	for _, id := range roots {
		visit(id)
	}
	if size > 1<<16 {
		return nil, nil, fmt.Errorf("automaton of %d words does not fit 16-bit targets", size)
	}
	for _, id := range order {
		n := g.nodes[id]
		if count, to := g.skip(id); count > 0 {
			words = append(words, uint16(isSkip|count), uint16(place[to]))
			continue
		}
		var head uint16
		var targets []uint16
		last := int32(0)
		for d, to := range n.next {
			if to != last {
				head |= 1 << d
				targets = append(targets, uint16(place[to]))
			}
			last = to
		}
		if n.out != 0 {
			words = append(words, head|hasOutput, n.out)
		} else {
			words = append(words, head)
		}
		words = append(words, targets...)
	}
	at = map[int32]uint16{}
	for _, id := range roots {
		at[id] = uint16(place[id])
	}
	return words, at, nil
}
