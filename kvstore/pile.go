package kvstore

import (
	"iter"
	"os"

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

// options are those of a sorter with one part in so many of the memory.
func (p *pile) options(part int) *extsort.Options {
	memory := -1
	if p.create != nil {
		memory = max(p.memory/part, 1)
	}
	return &extsort.Options{Memory: memory, CreateTemp: p.create}
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
		s = extsort.New(p.options(part))
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
