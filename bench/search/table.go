package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/callerbook/contacts/bench/internal/report"
)

// goals bound the 99th percentile of the library, in us, in books of goalSize
// and more.
var goals = map[string]float64{oursBolt: 8000, oursMem: 4000}

const goalSize = 1_000_000

// table writes all results as one table in Markdown.
func (m *measurement) table(out io.Writer) error {
	var same []string // one side of each engine
	head := []string{"query", "contacts", "asked"}
	for _, name := range m.sides {
		head = append(head, titles[name])
		if !slices.ContainsFunc(same, func(s string) bool { return engines[s] == engines[name] }) {
			same = append(same, name)
		}
	}
	for _, name := range same {
		head = append(head, "hits, "+engines[name])
	}
	rows := [][]string{append(head, "Partial", "goal met")}
	for i := range m.classes {
		for _, n := range m.sizes {
			if row := m.row(&m.classes[i], n, same); row != nil {
				rows = append(rows, row)
			}
		}
	}
	return report.Table(out, rows)
}

// row is one class of queries in books of one size: for each side the 50th and
// the 99th percentile and the maximum, in us. It is nil where no side can.
func (m *measurement) row(c *class, n int, same []string) []string {
	asked, partial, met := 0, "-", ""
	var times, hits []string
	for _, name := range m.sides {
		r := m.results[key{c.name, n, name}]
		if r == nil || len(r.times) == 0 {
			times = append(times, "-")
			continue
		}
		asked = max(asked, r.asked)
		times = append(times, report.Number(r.at(0.5))+" / "+report.Number(r.at(0.99))+" / "+report.Number(r.at(1)))
		if bound, ok := goals[name]; ok {
			partial = fmt.Sprintf("%.0f %%", 100*float64(r.partial)/float64(r.asked))
			if n >= goalSize && met != "no" {
				met = "yes"
			}
			if n >= goalSize && r.at(0.99) > bound {
				met = "no"
			}
		}
	}
	if asked == 0 {
		return nil
	}
	for _, name := range same {
		if r := m.results[key{c.name, n, name}]; r == nil || r.asked == 0 {
			hits = append(hits, "-")
		} else {
			hits = append(hits, fmt.Sprintf("%.1f", float64(r.hits)/float64(r.asked)))
		}
	}
	row := append([]string{c.title, fmt.Sprint(n), fmt.Sprint(asked)}, times...)
	return append(append(row, hits...), partial, met)
}

// slowest writes the query of each class and side that took longest, by the
// median of its calls.
func (m *measurement) slowest(out io.Writer) {
	for i := range m.classes {
		for _, n := range m.sizes {
			var list []string
			for _, name := range m.sides {
				if r := m.results[key{m.classes[i].name, n, name}]; r != nil && r.worst != "" {
					list = append(list, fmt.Sprintf("%s %q %s us", name, r.worst, report.Number(report.Micros(r.median))))
				}
			}
			if list != nil {
				fmt.Fprintf(out, "slowest of %s, %d: %s\n", m.classes[i].name, n, strings.Join(list, ", "))
			}
		}
	}
}
