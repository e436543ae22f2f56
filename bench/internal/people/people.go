// Package people makes up the contacts that all sides of a comparison get:
// the same ones in every run.
package people

import (
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Person is a contact before any side has it: what the library is given, and
// beside it what the other sides take as it comes.
type Person struct {
	First, Last, Salutation string
	Code                    string // calling code, "91"
	National                string // digits after the calling code
}

// Digits returns the number in E.164 without its plus, "919876543210".
func (p *Person) Digits() string { return p.Code + p.National }

// Number returns the number in E.164.
func (p *Person) Number() string { return "+" + p.Code + p.National }

// Full returns first and last name.
func (p *Person) Full() string { return p.First + " " + p.Last }

// Author is who creates all contacts, in the form in which the library stores
// its actor, so that no side saves it.
const Author = "u-267eac01-cc44-5e99-9cce-ace07d99a704"

// Range makes up person number from to person number to-1. The same number
// always is the same person, and no two have the same telephone number.
func Range(from, to int) []Person {
	list := make([]Person, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, At(i))
	}
	return list
}

// At makes up person number i.
func At(i int) Person {
	r := rand.New(rand.NewPCG(20, uint64(i)))
	l := &locales[0]
	for n, share := 0, r.IntN(100); share >= l.share; n++ {
		share -= l.share
		l = &locales[n+1]
	}
	p := Person{Code: l.code, National: l.subscriber(i), Salutation: "Mr"}
	if r.IntN(2) == 0 {
		p.Salutation = "Mrs"
	}
	p.First = l.first[common(r, len(l.first))]
	if r.IntN(100) < 55 {
		p.Last = l.last[common(r, len(l.last))]
	} else {
		p.Last = l.front[r.IntN(len(l.front))] + l.back[r.IntN(len(l.back))]
	}
	return p
}

// common picks one of n, those at the front more often.
func common(r *rand.Rand, n int) int {
	return min(r.IntN(n), r.IntN(n))
}

// subscriber returns the i-th national number of l, in an order that is as good
// as random and in which none comes twice.
func (l *locale) subscriber(i int) string {
	each := 1
	for range l.digits {
		each *= 10
	}
	all := len(l.prefixes) * each
	n := i % all
	for {
		if n = shuffled(n, (bits.Len(uint(all))+1)/2); n < all {
			return l.prefixes[n/each] + itoa(n%each, l.digits)
		}
	}
}

// shuffled is a permutation of the numbers of 2*half bits: four rounds of a
// Feistel network.
func shuffled(n, half int) int {
	mask := uint32(1)<<half - 1
	left, right := uint32(n)>>half, uint32(n)&mask
	for round := range uint32(4) {
		h := (right + round + 1) * 0x9E3779B1
		h = (h ^ h>>15) * 0x85EBCA6B
		left, right = right, left^(h^h>>13)&mask
	}
	return int(left<<half | right)
}

// itoa returns n with leading zeros.
func itoa(n, width int) string {
	s := strconv.Itoa(n)
	if len(s) >= width {
		return s
	}
	return strings.Repeat("0", width-len(s)) + s
}

// Reversed returns digits back to front, the key by which hand-written books
// find last digits.
func Reversed(digits string) string {
	b := []byte(digits)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
