package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/bench/internal/report"
)

// measurement is one run: every side does the same work on the same people,
// in turns, so that what else happens on the machine meets all of them.
type measurement struct {
	log   io.Writer
	dir   string
	quick bool
	sizes []int
	sides []string
	works map[string]bool

	results map[key]float64
	notes   []string
}

// key says what a result is of.
type key struct {
	work string
	n    int
	side string
}

// book is a side with a book in it.
type book struct {
	side
	dir string
}

// some returns how often to repeat: full times, or few in a quick run.
func (m *measurement) some(full, few int) int {
	if m.quick {
		return few
	}
	return full
}

func (m *measurement) progress(format string, args ...any) {
	fmt.Fprintf(m.log, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// size does all work on books of n contacts.
func (m *measurement) size(ctx context.Context, n int) (err error) {
	list := people.Range(0, n)
	books, err := m.fill(ctx, list)
	defer func() {
		for _, b := range books {
			err = errors.Join(err, b.close(), os.RemoveAll(b.dir))
		}
	}()
	if err != nil {
		return err
	}
	for _, b := range books {
		if c, ok := b.side.(compacter); ok {
			if err := c.compact(); err != nil {
				return fmt.Errorf("compact %s: %w", b.name(), err)
			}
		}
	}
	next := n + afterLoad // people whom nobody has yet
	for _, step := range []func(context.Context, []book, []people.Person, *int) error{m.reads, m.creates, m.creators, m.reopens} {
		if err := step(ctx, books, list, &next); err != nil {
			return err
		}
	}
	return nil
}

// afterLoad is how many contacts are created right after a load.
const afterLoad = 25

// fill loads list into every side, several times if it is short, and returns
// the books of the last time.
func (m *measurement) fill(ctx context.Context, list []people.Person) (books []book, err error) {
	rounds := 1
	if len(list) <= 100_000 {
		rounds = m.some(3, 1)
	}
	loads := make(map[string][]time.Duration)
	for round := range rounds {
		for i := range m.sides {
			name := m.sides[(i+round)%len(m.sides)]
			if err := ctx.Err(); err != nil {
				return books, err
			}
			m.progress("%s: load %d", name, len(list))
			s, err := newSide(name)
			if err != nil {
				return books, err
			}
			b := book{s, filepath.Join(m.dir, fmt.Sprintf("%s-%d-%d", name, len(list), round))}
			took, err := m.fillOne(b, list)
			if err != nil {
				return books, fmt.Errorf("load %s: %w", name, err)
			}
			loads[name] = append(loads[name], took)
			if round == rounds-1 {
				books = append(books, b)
			} else if err := errors.Join(b.close(), os.RemoveAll(b.dir)); err != nil {
				return books, err
			}
		}
	}
	for name, times := range loads {
		m.set(workLoad, len(list), name, report.Micros(report.Median(times))/float64(len(list)))
	}
	return books, nil
}

// fillOne loads list into one new book, and looks at what that leaves behind.
func (m *measurement) fillOne(b book, list []people.Person) (time.Duration, error) {
	before := heap()
	if err := b.open(b.dir); err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := b.load(list); err != nil {
		return 0, errors.Join(err, b.close())
	}
	took := time.Since(begin)
	if b.name() == oursMem {
		m.set(workHeap, len(list), oursMem, float64(heap()-before)/float64(len(list)))
	}
	if s, ok := b.side.(settler); ok {
		if err := s.settle(); err != nil {
			return 0, err
		}
	}
	bytes, err := diskBytes(b.dir)
	if err != nil {
		return 0, err
	}
	if bytes > 0 {
		m.set(workFile, len(list), b.name(), float64(bytes)/float64(len(list)))
	}
	var times []time.Duration
	for _, p := range people.Range(len(list), len(list)+afterLoad) {
		begin := time.Now()
		if _, err := b.create(&p); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin))
	}
	m.set(workFirst, len(list), b.name(), report.Micros(times[0]))
	m.set(workAfter, len(list), b.name(), report.Micros(report.Median(times[1:])))
	return took, nil
}

// heap returns the bytes in use after a garbage collection.
func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func (m *measurement) set(work string, n int, side string, value float64) {
	m.results[key{work, n, side}] = value
}

// creates measures one creator, who waits for each contact to be durable.
func (m *measurement) creates(ctx context.Context, books []book, list []people.Person, next *int) error {
	if !m.works[workCreate] {
		return nil
	}
	m.progress("create")
	times := make(map[string][]time.Duration)
	rounds, each := m.some(20, 2), m.some(25, 5)
	for round := range rounds {
		fresh := people.Range(*next, *next+each)
		*next += each
		for i := range books {
			if err := ctx.Err(); err != nil {
				return err
			}
			b := books[(i+round)%len(books)]
			for k := range fresh {
				begin := time.Now()
				if _, err := b.create(&fresh[k]); err != nil {
					return fmt.Errorf("create on %s: %w", b.name(), err)
				}
				times[b.name()] = append(times[b.name()], time.Since(begin))
			}
		}
	}
	for name, t := range times {
		m.set(workCreate, len(list), name, report.Micros(report.Median(t)))
	}
	return nil
}

// manyCreators is how many goroutines create at once.
const manyCreators = 64

// creators measures many creators at once.
func (m *measurement) creators(ctx context.Context, books []book, list []people.Person, next *int) error {
	if !m.works[workCreators] {
		return nil
	}
	each := m.some(24, 2)
	take := func() []people.Person {
		fresh := people.Range(*next, *next+manyCreators*each)
		*next += len(fresh)
		return fresh
	}
	for _, b := range books {
		if t, ok := b.side.(tuner); ok {
			if err := m.tune(b, t, len(list), take); err != nil {
				return err
			}
		}
	}
	m.progress("%d creators", manyCreators)
	times := make(map[string][]time.Duration)
	for round := range m.some(5, 1) {
		fresh := take()
		for i := range books {
			if err := ctx.Err(); err != nil {
				return err
			}
			b := books[(i+round)%len(books)]
			took, err := together(b, fresh)
			if err != nil {
				return err
			}
			times[b.name()] = append(times[b.name()], took)
		}
	}
	for name, t := range times {
		m.set(workCreators, len(list), name, float64(manyCreators*each)/report.Median(t).Seconds())
	}
	return nil
}

// tune chooses the way of a side that serves many creators fastest.
func (m *measurement) tune(b book, t tuner, n int, take func() []people.Person) error {
	var best time.Duration
	var chosen int
	for way, name := range t.ways() {
		m.progress("%s: tune %d creators, %s", b.name(), manyCreators, name)
		t.use(way)
		var times []time.Duration
		for range m.some(3, 1) {
			took, err := together(b, take())
			if err != nil {
				return err
			}
			times = append(times, took)
		}
		if took := report.Median(times); best == 0 || took < best {
			best, chosen = took, way
		}
	}
	t.use(chosen)
	m.notes = append(m.notes, fmt.Sprintf("%s served %d creators at %d contacts fastest by: %s.", titles[b.name()], manyCreators, n, t.ways()[chosen]))
	return nil
}

// together has many goroutines create the people of list, and returns how long
// all of that took.
func together(b book, list []people.Person) (time.Duration, error) {
	var wg sync.WaitGroup
	failed := make([]error, manyCreators)
	begin := time.Now()
	for g := range manyCreators {
		wg.Go(func() {
			for i := g; i < len(list); i += manyCreators {
				if _, err := b.create(&list[i]); err != nil {
					failed[g] = fmt.Errorf("create on %s: %w", b.name(), err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(begin), errors.Join(failed...)
}
