package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/callerbook/contacts/bench/internal/report"
)

// measurement is one run: every side is asked the same queries about the same
// people, in turns, so that what else happens on the machine meets all of them.
type measurement struct {
	log     io.Writer
	dir     string
	rounds  int // how often each query is asked, after once to warm up
	most    int // queries of a class
	sizes   []int
	sides   []string
	classes []class
	profile func() error // starts it

	results map[key]*result
}

// key says what a result is of.
type key struct {
	class string
	n     int
	side  string
}

// result is what came of the queries of a class.
type result struct {
	times   []time.Duration // of all calls
	asked   int             // queries
	hits    int             // of all queries together
	partial int             // queries whose answer was Partial
	worst   string          // the query with the longest median
	median  time.Duration   // that median
}

// at returns the time within which a share of all calls was answered.
func (r *result) at(share float64) float64 {
	slices.Sort(r.times)
	return report.Micros(r.times[max(0, min(len(r.times)-1, int(share*float64(len(r.times)+1))-1))])
}

func (m *measurement) progress(format string, args ...any) {
	fmt.Fprintf(m.log, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// size asks all queries about books of n contacts.
func (m *measurement) size(ctx context.Context, n int) (err error) {
	var sides []side
	defer func() {
		for _, s := range sides {
			err = errors.Join(err, s.close(), os.RemoveAll(m.folder(s.name(), n)))
		}
	}()
	list := contactsTo(n)
	for _, name := range m.sides {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := newSide(name)
		if err == nil {
			err = s.open(m.folder(name, n))
		}
		if err != nil {
			return err
		}
		sides = append(sides, s)
		begin := time.Now()
		if err := s.load(list); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
		m.progress("%s: loaded %d in %v", name, n, time.Since(begin).Round(time.Millisecond))
	}
	queries := drawAll(newStock(list, m.most), m.classes)
	list = nil // no side has to pay for it in the garbage collector
	if m.profile != nil && n == m.sizes[len(m.sizes)-1] {
		if err := m.profile(); err != nil {
			return err
		}
	}
	for i := range m.classes {
		m.progress("%s: %d queries", m.classes[i].name, len(queries[i]))
		if err := m.class(ctx, sides, n, &m.classes[i], queries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) folder(name string, n int) string {
	return filepath.Join(m.dir, fmt.Sprintf("%s-%d", name, n))
}

// drawAll returns the queries of each class.
func drawAll(s *stock, chosen []class) [][]query {
	all := make([][]query, len(chosen))
	for i, c := range chosen {
		s.seed(uint64(slices.Index(classNames(), c.name))) // whatever else was chosen
		for _, text := range c.texts(s) {
			all[i] = append(all[i], query{c.kind, text})
		}
	}
	return all
}

// turn is how many queries a side is asked before it is the next one's turn.
const turn = 20

// class asks the queries of one class.
func (m *measurement) class(ctx context.Context, sides []side, n int, c *class, queries []query) error {
	sides = slices.DeleteFunc(slices.Clone(sides), func(s side) bool { return !s.can(c.kind) })
	times := make(map[string][][]time.Duration)
	first := make(map[string][]string) // answers, by engine and query
	for _, s := range sides {
		m.results[key{c.name, n, s.name()}] = &result{asked: len(queries)}
		times[s.name()] = make([][]time.Duration, len(queries))
	}
	for round := -1; round < m.rounds; round++ { // the first round warms up, and judges
		for at := 0; at < len(queries); at += turn {
			for i := range sides {
				if err := ctx.Err(); err != nil {
					return err
				}
				s := sides[(i+round+1)%len(sides)]
				r := m.results[key{c.name, n, s.name()}]
				for k := at; k < min(at+turn, len(queries)); k++ {
					q := &queries[k]
					begin := time.Now()
					a, err := s.ask(q)
					took := time.Since(begin)
					if err == nil && round < 0 {
						err = r.judge(c, &a)
						same := engines[s.name()] + " " + q.text
						if before, ok := first[same]; ok && err == nil && !slices.Equal(before, a.numbers) {
							err = fmt.Errorf("another answer than on the other side of %s", engines[s.name()])
						}
						first[same] = a.numbers
					}
					if err != nil {
						return fmt.Errorf("%s, %q on %s: %w", c.name, q.text, s.name(), err)
					}
					if round >= 0 {
						times[s.name()][k] = append(times[s.name()][k], took)
					}
				}
			}
		}
	}
	for name, list := range times {
		r := m.results[key{c.name, n, name}]
		for k, t := range list {
			r.times = append(r.times, t...)
			if median := report.Median(t); median > r.median {
				r.median, r.worst = median, queries[k].text
			}
		}
	}
	return nil
}

// judge counts an answer, and says what is wrong with it.
func (r *result) judge(c *class, a *answer) error {
	r.hits += len(a.numbers)
	if a.partial {
		r.partial++
	}
	switch {
	case len(a.numbers) > limit:
		return fmt.Errorf("%d hits, at most %d were asked for", len(a.numbers), limit)
	case c.hits == nothing && len(a.numbers) > 0:
		return fmt.Errorf("found %d contacts, and there are none", len(a.numbers))
	case c.hits == something && len(a.numbers) == 0 && !a.partial:
		return errors.New("found none, and there are some")
	}
	return nil
}
