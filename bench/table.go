package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/callerbook/contacts/bench/internal/report"
)

// The works, as -only takes them.
const (
	workCreate    = "create"
	workCreators  = "creators"
	workLoad      = "load"
	workFirst     = "first"
	workAfter     = "after"
	workGet       = "get"
	workLookup    = "lookup"
	workDuplicate = "duplicate"
	workPage      = "page"
	workPrefix    = "prefix"
	workReopen    = "reopen"
	workFile      = "file"
	workHeap      = "heap"
)

// work is what is measured, in the order of the table.
type work struct {
	name, title string
	more        bool // more is better
	goal        goal
}

// goal bounds the library's value. 0 means no bound.
type goal struct {
	plain  float64 // ratio to plain bbolt: at most, or at least where more is better
	sqlite float64 // ratio to the better one of SQLite: at most
	most   float64 // the value itself: at most
	from   int     // only for books of at least so many
}

var readGoal = goal{plain: 1.3, sqlite: 0.5}

var works = []work{
	{name: workCreate, title: "create one, median us", goal: goal{plain: 1.2}},
	{name: workCreators, title: "64 creators, contacts/s", more: true, goal: goal{plain: 1}},
	{name: workLoad, title: "bulk load, us a contact", goal: goal{plain: 1 / 1.5}},
	{name: workFirst, title: "first create after the load, us"},
	{name: workAfter, title: "the next 24 creates, median us"},
	{name: workGet, title: "get by id, median us", goal: readGoal},
	{name: workLookup, title: "look up a number, median us", goal: readGoal},
	{name: workDuplicate, title: "duplicate refused, median us", goal: readGoal},
	{name: workPrefix, title: "name prefix, first 20, median us", goal: readGoal},
	{name: workPage, title: "page of 50 by name, median us", goal: readGoal},
	{name: workReopen, title: "reopen and get one, ms"},
	{name: workFile, title: "file after the load, bytes a contact", goal: goal{most: 650}},
	{name: workHeap, title: "heap, bytes a contact", goal: goal{most: 1100, from: 1_000_000}},
}

// growthGoal bounds the ratio of a read in the largest book to that in the
// smallest.
const growthGoal = 1.5

func workNames() []string {
	var list []string
	for _, w := range works {
		list = append(list, w.name)
	}
	return list
}

// table writes all results as one table in Markdown.
func (m *measurement) table(out io.Writer) error {
	head := []string{"work", "contacts"}
	for _, s := range m.sides {
		head = append(head, titles[s])
	}
	rows := [][]string{append(head, "ours / plain", "ours / SQLite", "goal", "met")}
	for _, w := range works {
		for _, n := range m.sizes {
			if m.works[w.name] && m.has(w.name, n) {
				rows = append(rows, m.row(w, n))
			}
		}
	}
	if small, large := m.sizes[0], m.sizes[len(m.sizes)-1]; small < large {
		for _, w := range works {
			if m.works[w.name] && w.goal == readGoal {
				rows = append(rows, m.growth(w, small, large))
			}
		}
	}
	return report.Table(out, rows)
}

func (m *measurement) has(work string, n int) bool {
	for _, s := range m.sides {
		if _, ok := m.results[key{work, n, s}]; ok {
			return true
		}
	}
	return false
}

// value returns a result, or NaN where there is none.
func (m *measurement) value(work string, n int, side string) float64 {
	if v, ok := m.results[key{work, n, side}]; ok {
		return v
	}
	return math.NaN()
}

// sqliteBest returns the result of the faster SQLite.
func (m *measurement) sqliteBest(w work, n int) float64 {
	a, b := m.value(w.name, n, mattn), m.value(w.name, n, modernc)
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	case w.more:
		return max(a, b)
	}
	return min(a, b)
}

// row is one work on books of one size.
func (m *measurement) row(w work, n int) []string {
	cells := []string{w.title, fmt.Sprint(n)}
	for _, s := range m.sides {
		cells = append(cells, report.Number(m.value(w.name, n, s)))
	}
	own := m.value(w.name, n, oursBolt)
	if math.IsNaN(own) {
		own = m.value(w.name, n, oursMem)
	}
	toPlain, toSQLite := own/m.value(w.name, n, plain), own/m.sqliteBest(w, n)
	text, met := w.verdict(n, own, toPlain, toSQLite)
	return append(cells, ratio(toPlain), ratio(toSQLite), text, met)
}

// verdict names the goal and says whether it is met.
func (w work) verdict(n int, own, toPlain, toSQLite float64) (text, met string) {
	var goals []string
	all := true
	judge := func(bound, v float64, more bool, format string) {
		if bound == 0 || n < w.goal.from {
			return
		}
		goals = append(goals, fmt.Sprintf(format, report.Number(bound)))
		if math.IsNaN(v) {
			met = "?"
		} else if more && v < bound || !more && v > bound {
			all = false
		}
	}
	if w.more {
		judge(w.goal.plain, toPlain, true, ">= %s plain")
	} else {
		judge(w.goal.plain, toPlain, false, "<= %s plain")
	}
	judge(w.goal.sqlite, toSQLite, false, "<= %s SQLite")
	judge(w.goal.most, own, false, "<= %s")
	switch {
	case goals == nil:
		return "", ""
	case !all:
		met = "no"
	case met == "":
		met = "yes"
	}
	return strings.Join(goals, ", "), met
}

// growth is a read in the largest book against the same in the smallest.
func (m *measurement) growth(w work, small, large int) []string {
	cells := []string{strings.TrimSuffix(w.title, ", median us") + ", growth", fmt.Sprintf("%d / %d", large, small)}
	for _, s := range m.sides {
		cells = append(cells, ratio(m.value(w.name, large, s)/m.value(w.name, small, s)))
	}
	met := "yes"
	own := m.value(w.name, large, oursBolt) / m.value(w.name, small, oursBolt)
	if math.IsNaN(own) {
		met = "?"
	} else if own > growthGoal {
		met = "no"
	}
	return append(cells, "", "", "<= "+report.Number(growthGoal), met)
}

func ratio(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}
