package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/bench/internal/report"
)

// measurement is one run: both sides do the same work on the same people, in
// turns, so that what else happens on the machine meets both.
type measurement struct {
	log   io.Writer
	n     int
	conns int
	quick bool
	admin *pgxpool.Pool

	results map[key]float64
}

// key says what a result is of.
type key struct{ work, side string }

// Sizes of the work.
const (
	creators   = 64 // goroutines, also of readers
	many       = 1000
	pageSize   = 50
	searchSize = 20
)

func (m *measurement) progress(format string, args ...any) {
	fmt.Fprintf(m.log, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

// some returns how often to repeat: full times, or few in a quick run.
func (m *measurement) some(full, few int) int {
	if m.quick {
		return few
	}
	return full
}

// all does all work.
func (m *measurement) all(ctx context.Context, dsn string) error {
	var sides []side
	defer func() {
		for _, s := range sides {
			s.close()
		}
	}()
	list := people.Range(0, m.n)
	for _, name := range []string{plain, ours} {
		s, err := m.openSide(ctx, name, dsn)
		if err != nil {
			return err
		}
		sides = append(sides, s)
		if err := m.fill(ctx, s, list); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	next := m.n
	for _, step := range []func(context.Context, []side, []people.Person, *int) error{m.reads, m.readers, m.creates} {
		if err := step(ctx, sides, list, &next); err != nil {
			return err
		}
	}
	return nil
}

// fill loads a side's book, and has the server know what is in it.
func (m *measurement) fill(ctx context.Context, s side, list []people.Person) error {
	m.progress("%s: load %d", s.name(), len(list))
	if _, err := m.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	begin := time.Now()
	if err := s.load(ctx, list); err != nil {
		return err
	}
	m.results[key{workLoad, s.name()}] = report.Micros(time.Since(begin)) / float64(len(list))
	m.progress("%s: vacuum", s.name())
	rows, err := m.admin.Query(ctx, `SELECT format('VACUUM ANALYZE %I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = $1`, schemaOf(s.name()))
	if err != nil {
		return err
	}
	var statements []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		statements = append(statements, text)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, text := range statements {
		if _, err := m.admin.Exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// read is one kind of read.
type read struct {
	work string
	each int // how often in one round
	ask  func(ctx context.Context, s side, p *people.Person, list []people.Person) ([]found, error)
	ok   func(p *people.Person, list []found) bool
}

var readKinds = []read{
	{workLookup, 200, func(ctx context.Context, s side, p *people.Person, _ []people.Person) ([]found, error) {
		f, err := s.lookup(ctx, p.Number())
		return []found{f}, err
	}, func(p *people.Person, list []found) bool { return list[0] == found{p.Number(), p.Full()} }},
	{workLookupAll, 5, func(ctx context.Context, s side, p *people.Person, list []people.Person) ([]found, error) {
		digits := make([]string, many)
		for i := range digits {
			digits[i] = list[(int(p.National[len(p.National)-1])+i*(len(list)/many))%len(list)].Digits()
		}
		return s.lookupAll(ctx, digits)
	}, func(_ *people.Person, list []found) bool { return len(list) == many }},
	{workSearch, 50, func(ctx context.Context, s side, p *people.Person, _ []people.Person) ([]found, error) {
		return s.search(ctx, []string{begins(p.Last)}, searchSize)
	}, func(_ *people.Person, list []found) bool { return len(list) > 0 && len(list) <= searchSize }},
	{workSearchTwo, 50, func(ctx context.Context, s side, p *people.Person, _ []people.Person) ([]found, error) {
		return s.search(ctx, []string{begins(p.Last), begins(p.First)}, searchSize)
	}, func(_ *people.Person, list []found) bool { return len(list) > 0 && len(list) <= searchSize }},
	{workPage, 50, func(ctx context.Context, s side, p *people.Person, _ []people.Person) ([]found, error) {
		return s.page(ctx, p.Full(), pageSize)
	}, func(_ *people.Person, list []found) bool { return len(list) > 0 && len(list) <= pageSize }},
	{workPageMany, 10, func(ctx context.Context, s side, p *people.Person, _ []people.Person) ([]found, error) {
		return s.page(ctx, p.Full(), many)
	}, func(_ *people.Person, list []found) bool { return len(list) > 0 && len(list) <= many }},
}

// begins returns what somebody has typed of a name: its first three letters, or
// two of a script with longer ones, folded alike on both sides.
func begins(name string) string {
	n := 0
	for i, r := range name {
		if n++; n > 3 || r > 0x2000 && n > 1 {
			return name[:i]
		}
	}
	return name
}

// reads measures what does not change the book.
func (m *measurement) reads(ctx context.Context, sides []side, list []people.Person, _ *int) error {
	m.progress("read")
	r := rand.New(rand.NewPCG(1, uint64(len(list))))
	times := map[key][]time.Duration{}
	for round := -1; round < m.some(10, 1); round++ { // the first only warms up
		for _, kind := range readKinds {
			chosen := make([]*people.Person, m.some(kind.each, 5))
			for i := range chosen {
				for chosen[i] == nil || !ascii(chosen[i]) { // others are folded in more than one way
					chosen[i] = &list[r.IntN(len(list))]
				}
			}
			for i := range sides {
				s := sides[(i+round+1)%len(sides)]
				for _, p := range chosen {
					begin := time.Now()
					got, err := kind.ask(ctx, s, p, list)
					took := time.Since(begin)
					if err == nil && !kind.ok(p, got) {
						err = fmt.Errorf("a wrong answer for %s: %d found", p.Full(), len(got))
					}
					if err != nil {
						return fmt.Errorf("%s on %s: %w", kind.work, s.name(), err)
					}
					if round >= 0 {
						k := key{kind.work, s.name()}
						times[k] = append(times[k], took)
					}
				}
			}
		}
	}
	for k, t := range times {
		m.results[k] = report.Micros(report.Median(t))
	}
	return nil
}

func ascii(p *people.Person) bool {
	full := p.Full()
	return utf8.RuneCountInString(full) == len(full)
}

// creates measures creators, first beside the same SQL by hand.
func (m *measurement) creates(ctx context.Context, sides []side, _ []people.Person, next *int) error {
	for _, blindly := range []bool{false, true} {
		against, names := sides, sameCreates
		if blindly {
			against, names = []side{blind{sides[0].(*hand)}, sides[1]}, blindCreates
		}
		if err := m.oneCreator(ctx, against, names, next); err != nil {
			return err
		}
		m.progress("%d creators on one scope", creators)
		err := m.crowd(against, names.creators, m.some(32, 2), next, func(s side, _ int, p *people.Person) error { return s.create(ctx, 0, p) })
		if err != nil {
			return err
		}
		m.progress("%d creators on as many scopes", creators)
		err = m.crowd(against, names.scopes, m.some(32, 2), next, func(s side, g int, p *people.Person) error { return s.create(ctx, 1+g, p) })
		if err != nil {
			return err
		}
	}
	return nil
}

// createWorks are the works of one way to create by hand.
type createWorks struct {
	create, creators, scopes string
	wal                      string // empty: not taken
}

var (
	sameCreates  = createWorks{workCreate, workCreators, workScopes, workWAL}
	blindCreates = createWorks{workCreateBlind, workCreatorsBlind, workScopesBlind, ""}
)

// oneCreator measures one creator, who waits for each contact to be durable.
func (m *measurement) oneCreator(ctx context.Context, sides []side, names createWorks, next *int) error {
	m.progress("create")
	// From here on the first change of a page writes all of it to the log, on both sides.
	if _, err := m.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	times, wal := map[string][]time.Duration{}, map[string]int64{}
	rounds, each := m.some(20, 2), m.some(50, 5)
	for round := range rounds {
		fresh := people.Range(*next, *next+each)
		*next += each
		for i := range sides {
			s := sides[(i+round)%len(sides)]
			before, err := m.written(ctx)
			if err != nil {
				return err
			}
			for k := range fresh {
				begin := time.Now()
				if err := s.create(ctx, 0, &fresh[k]); err != nil {
					return fmt.Errorf("create on %s: %w", s.name(), err)
				}
				times[s.name()] = append(times[s.name()], time.Since(begin))
			}
			after, err := m.written(ctx)
			if err != nil {
				return err
			}
			wal[s.name()] += after - before
			if err := s.create(ctx, 0, &fresh[0]); err == nil {
				return fmt.Errorf("%s gave a number to a second contact", s.name())
			}
		}
	}
	for name, t := range times {
		if names.wal != "" {
			m.results[key{names.wal, name}] = float64(wal[name]) / float64(len(t))
		}
		m.results[key{names.create, name}] = report.Micros(report.Median(t))
	}
	return nil
}

// written returns how much write-ahead log there has been.
func (m *measurement) written(ctx context.Context) (bytes int64, err error) {
	err = m.admin.QueryRow(ctx, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint").Scan(&bytes)
	return bytes, err
}

// readers measures many look-ups at once.
func (m *measurement) readers(ctx context.Context, sides []side, list []people.Person, _ *int) error {
	m.progress("%d readers", creators)
	var first int
	return m.crowd(sides, workReaders, m.some(200, 4), &first, func(s side, _ int, p *people.Person) error {
		_, err := s.lookup(ctx, p.Number())
		return err
	})
}

// crowd has as many goroutines as there are creators call fn, each time with the
// next person, and takes the calls a second.
func (m *measurement) crowd(sides []side, work string, each int, next *int, fn func(s side, goroutine int, p *people.Person) error) error {
	times := map[string][]time.Duration{}
	for round := range m.some(5, 1) {
		chosen := people.Range(*next, *next+creators*each)
		*next += len(chosen)
		for i := range sides {
			s := sides[(i+round)%len(sides)]
			took, err := together(chosen, func(g int, p *people.Person) error { return fn(s, g, p) })
			if err != nil {
				return fmt.Errorf("%s on %s: %w", work, s.name(), err)
			}
			times[s.name()] = append(times[s.name()], took)
		}
	}
	for name, t := range times {
		m.results[key{work, name}] = float64(creators*each) / report.Median(t).Seconds()
	}
	return nil
}

// together calls fn for each person, on as many goroutines as there are creators.
func together(list []people.Person, fn func(goroutine int, p *people.Person) error) (time.Duration, error) {
	var wait sync.WaitGroup
	var at atomic.Int64
	errs := make([]error, creators)
	begin := time.Now()
	for g := range creators {
		wait.Go(func() {
			for errs[g] == nil {
				i := int(at.Add(1)) - 1
				if i >= len(list) {
					return
				}
				errs[g] = fn(g, &list[i])
			}
		})
	}
	wait.Wait()
	return time.Since(begin), errors.Join(errs...)
}
