package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/bench/internal/sqlitedb"
)

// side is one way to keep the contact book. All of them keep the same indexes
// (id, number, words, last digits, order by name, feed of changes), refuse a
// number that somebody has and say who, and have a create on disk when
// it returns (but for ours in memory).
type side interface {
	name() string

	// open opens the book in dir, which is created when it is not there.
	open(dir string) error
	close() error

	// load fills an empty book in the way that is fastest on this side.
	load(list []people.Person) error

	// create adds one person and returns the id. A number that is taken is a
	// *takenError. Many goroutines may call it at once.
	create(p *people.Person) (string, error)

	get(id string) (found, error)

	// lookup finds who has a number in E.164.
	lookup(number string) (found, error)

	// page returns n people in order of name, beginning with the first whose
	// name is not before from.
	page(from string, n int) ([]found, error)

	// prefix returns n people who have a word that begins with text.
	prefix(text string, n int) ([]found, error)
}

// tuner is a side with more than one way to serve many creators at once.
type tuner interface {
	// ways returns their names; use chooses one.
	ways() []string
	use(way int)
}

// settler is a side that has work to do before its file has its lasting size.
type settler interface{ settle() error }

// compacter is a side whose file has to be rewritten after a load, by the
// embedder who knows that.
type compacter interface{ compact() error }

// found is what the measurements look at of a contact. Each side
// reads the whole record all the same.
type found struct{ id, number, name string }

// row is a whole record as the hand-written sides hand it out.
type row struct {
	id, first, last, salutation, code, number, extension, createdBy, status string
	created, updated                                                        int64 // milliseconds
	revision                                                                uint64
}

func (r *row) found() found { return found{r.id, "+" + r.number, r.first + " " + r.last} }

func foundRows(rows []row, err error) ([]found, error) {
	if err != nil {
		return nil, err
	}
	list := make([]found, len(rows))
	for i := range rows {
		list[i] = rows[i].found()
	}
	return list, nil
}

// takenError says who has the number that was refused.
type takenError struct{ id, name string }

func (e *takenError) Error() string { return "the number belongs to " + e.name }

var errNotFound = errors.New("not found")

// A side's name, as -only takes it.
const (
	oursBolt = "bolt"
	oursMem  = "mem"
	plain    = "plain"
	mattn    = "mattn"
	modernc  = "modernc"
)

// sideNames in the order of the table. SQLite with cgo is missing where the
// program was built without cgo.
func sideNames() []string {
	list := []string{oursBolt, oursMem, plain}
	if sqlitedb.Mattn != nil {
		list = append(list, mattn)
	}
	return append(list, modernc)
}

// titles of the columns.
var titles = map[string]string{
	oursBolt: "ours, boltstore",
	oursMem:  "ours, memstore",
	plain:    "plain bbolt",
	mattn:    "SQLite mattn",
	modernc:  "SQLite modernc",
}

// newSide returns a side that is not open yet.
func newSide(name string) (side, error) {
	switch name {
	case oursBolt:
		return &ours{durable: true}, nil
	case oursMem:
		return &ours{}, nil
	case plain:
		return &plainBolt{}, nil
	case mattn:
		if sqlitedb.Mattn != nil {
			return &sqlite{driver: mattn, connect: sqlitedb.Mattn}, nil
		}
	case modernc:
		return &sqlite{driver: modernc, connect: sqlitedb.Modernc}, nil
	}
	return nil, fmt.Errorf("there is no side %q: choose among %s", name, strings.Join(sideNames(), ", "))
}

// searchWords returns the words by which a hand-written book finds a person.
func searchWords(p *people.Person) []string {
	return strings.Fields(strings.ToLower(p.Full()))
}

// sortName returns what a hand-written book orders people by.
func sortName(p *people.Person) string { return strings.ToLower(p.Full()) }

// diskBytes returns how much all files in dir hold, 0 where there is no dir.
func diskBytes(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return sum, err
}
