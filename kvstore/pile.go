package kvstore

import (
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
)

// pile has entries of a load that is under way, sorted by key when they are
// asked for: those of each table apart, without what all their keys begin with.
// It takes little memory where the engine has files to offer.
type pile struct {
	create func() (*os.File, error) // nil: all stays in memory
	memory int                      // otherwise, about
	tables ['z' + 1 - 'a']*extsort.Sorter
	bytes  ['z' + 1 - 'a']int64
}

// pileMemory is the memory of a pile, in bytes.
const pileMemory = 10 << 20

func newPile(e Engine, memory int) *pile {
	p := &pile{memory: memory}
	if s, ok := e.(Spiller); ok {
		p.create = s.TempFile
	}
	return p
}

// sorter returns a new sorter with one part in so many of the memory.
func (p *pile) sorter(part int) *extsort.Sorter {
	memory := -1
	if p.create != nil {
		memory = max(p.memory/part, 1)
	}
	return extsort.New(&extsort.Options{Memory: memory, CreateTemp: p.create})
}

// add adds an entry to a table. Key is what follows its beginning.
func (p *pile) add(table byte, key, value []byte) error {
	s := p.tables[table-'a']
	if s == nil {
		part := 20 // the entries of most tables come in order
		switch table {
		case tableWord:
			part = 3 // several to a contact
		case tableLine, tableDigits, tableName:
			part = 10
		}
		s = p.sorter(part)
		p.tables[table-'a'] = s
	}
	p.bytes[table-'a'] += int64(len(key) + len(value))
	return s.Add(key, value)
}

// sorted yields the entries of a table in order.
func (p *pile) sorted(table byte) iter.Seq2[extsort.Entry, error] {
	if s := p.tables[table-'a']; s != nil {
		return s.Sorted()
	}
	return func(func(extsort.Entry, error) bool) {}
}

// drop forgets the entries of a table.
func (p *pile) drop(table byte) {
	if s := p.tables[table-'a']; s != nil {
		_ = s.Close() // what is left of it is only a file that is of no use
		p.tables[table-'a'], p.bytes[table-'a'] = nil, 0
	}
}

// size returns the bytes of all entries.
func (p *pile) size() (n int64) {
	for _, b := range p.bytes {
		n += b
	}
	return n
}

func (p *pile) close() {
	for i := range p.tables {
		p.drop('a' + byte(i))
	}
}

// numbers notices positions and revisions that come twice. Those that follow one
// another cost nothing.
type numbers struct {
	from, to uint64 // came one after the other; 0: none
	ranges   *extsort.Sorter
}

func (n *numbers) add(v uint64) error {
	if n.from != 0 && v == n.to+1 {
		n.to = v
		return nil
	}
	err := n.put()
	n.from, n.to = v, v
	return err
}

func (n *numbers) put() error {
	if n.from == 0 {
		return nil
	}
	var from, to [8]byte
	return n.ranges.Add(appendUint64(from[:0], n.from), appendUint64(to[:0], n.to))
}

var errUsedTwice = errors.New("a position or a revision is used twice")

// check reports whether a number came twice.
func (n *numbers) check() error {
	if err := n.put(); err != nil {
		return err
	}
	n.from = 0
	var last uint64
	for e, err := range n.ranges.Sorted() {
		if err != nil {
			return err
		}
		from, _, _ := takeUint64(e.Key)
		to, _, _ := takeUint64(e.Value)
		if from <= last {
			return fmt.Errorf("%w: %w", errUsedTwice, contacts.ErrInvalid)
		}
		last = to
	}
	return nil
}

func (n *numbers) close() { _ = n.ranges.Close() }
