package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/callerbook/contacts/bench/internal/sqlitedb"
)

// limit is how many hits are asked for.
const limit = 20

// kind says how a query is to be read.
type kind uint8

const (
	kindWords kind = iota // beginnings of words, in any order
	kindTypo              // a word with an error
	kindFront             // the first digits of a number, as they are dialled
	kindLast              // the last digits of a number
	kindDial              // the keys of a dial pad
	kindNamed             // beginnings of words and digits of a number
)

// query is what somebody types.
type query struct {
	kind kind
	text string
}

// answer is the first hits: all that a program shows of them was read. They
// are told apart by number.
type answer struct {
	numbers []string // E.164
	partial bool
}

// side is one way to search.
type side interface {
	name() string
	// can reports whether the side answers queries of a kind.
	can(kind) bool

	open(dir string) error
	close() error
	// load fills an empty book, and leaves the index as it answers fastest.
	load(list []contact) error
	ask(q *query) (answer, error)
}

// A side's name, as -only takes it.
const (
	oursBolt = "bolt"
	oursMem  = "mem"
	mattn    = "mattn"
	modernc  = "modernc"
	inBleve  = "bleve"
)

// sideNames in the order of the table.
var sideNames = []string{oursBolt, oursMem, mattn, modernc, inBleve}

// titles of the columns.
var titles = map[string]string{
	oursBolt: "ours, boltstore",
	oursMem:  "ours, memstore",
	mattn:    "FTS5, mattn",
	modernc:  "FTS5, modernc",
	inBleve:  "bleve",
}

// engines are the sides that have the same answers, each by the one that
// stands for it in the column of hits.
var engines = map[string]string{oursBolt: "ours", oursMem: "ours", mattn: "FTS5", modernc: "FTS5", inBleve: "bleve"}

// newSide returns a side that is not open yet.
func newSide(name string) (side, error) {
	switch name {
	case oursBolt:
		return &ours{durable: true}, nil
	case oursMem:
		return &ours{}, nil
	case mattn:
		if why := leftOut(name); why != "" {
			return nil, fmt.Errorf("%s: %s", titles[name], why)
		}
		return &fts{driver: mattn, connect: sqlitedb.Mattn}, nil
	case modernc:
		return &fts{driver: modernc, connect: sqlitedb.Modernc}, nil
	case inBleve:
		return &bleveIndex{}, nil
	}
	return nil, fmt.Errorf("there is no side %q: choose among %s", name, strings.Join(sideNames, ", "))
}

// leftOut says why a side is not in this program, or nothing.
func leftOut(name string) string {
	if name != mattn {
		return ""
	}
	if sqlitedb.Mattn == nil {
		return "left out, as this program was built without cgo (it needs CGO_ENABLED=1 and a C compiler)"
	}
	if has, err := sqlitedb.HasFTS5(sqlitedb.Mattn); err != nil || !has {
		return "left out, as this program was built without the tag sqlite_fts5"
	}
	return ""
}

// present returns the names of the sides that are in this program.
func present() []string {
	return slices.DeleteFunc(slices.Clone(sideNames), func(name string) bool { return leftOut(name) != "" })
}
