package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/bench/internal/report"
)

// Sizes of what is read.
const (
	pageSize   = 50
	prefixSize = 20
)

// question is one read: a person who is in the book.
type question struct {
	person *people.Person
	id     string // the person's on this side
	text   string // the beginning of the person's last name
}

// read is one kind of read. It returns what is wrong with the answer.
type read struct {
	work string
	each int // how often in one round
	ask  func(b book, q *question) ([]found, error)
	ok   func(q *question, list []found) bool
}

func one(f found, err error) ([]found, error) { return []found{f}, err }

// who accepts the very person.
func who(q *question, list []found) bool {
	return list[0].number == q.person.Number() && list[0].name == q.person.Full()
}

var readKinds = []read{
	{workGet, 200, func(b book, q *question) ([]found, error) { return one(b.get(q.id)) }, who},
	{workLookup, 200, func(b book, q *question) ([]found, error) { return one(b.lookup(q.person.Number())) }, who},
	{workDuplicate, 100, refuse, func(q *question, list []found) bool { return list[0].name == q.person.Full() }},
	{workPage, 50, func(b book, q *question) ([]found, error) { return b.page(q.person.Full(), pageSize) },
		func(q *question, list []found) bool { return len(list) > 0 && len(list) <= pageSize }},
	{workPrefix, 50, func(b book, q *question) ([]found, error) { return b.prefix(q.text, prefixSize) },
		func(q *question, list []found) bool { return len(list) > 0 && len(list) <= prefixSize }},
}

// refuse tries to create somebody with a number that is taken.
func refuse(b book, q *question) ([]found, error) {
	second := *q.person
	second.First = "Second"
	id, err := b.create(&second)
	var taken *takenError
	if errors.As(err, &taken) {
		return []found{{id: taken.id, name: taken.name}}, nil
	}
	if err == nil {
		err = fmt.Errorf("the number %s was given to a second contact, %s", second.Number(), id)
	}
	return nil, err
}

// reads measures what does not change the book.
func (m *measurement) reads(ctx context.Context, books []book, list []people.Person, _ *int) error {
	r := rand.New(rand.NewPCG(1, uint64(len(list))))
	times := make(map[key][]time.Duration)
	rounds := m.some(10, 1)
	if err := m.warmUp(ctx, books, list); err != nil {
		return err
	}
	m.progress("read")
	for round := -1; round < rounds; round++ { // the first round only warms up, too
		for _, kind := range readKinds {
			if !m.works[kind.work] {
				continue
			}
			chosen := make([]*people.Person, m.some(kind.each, kind.each/5))
			for i := range chosen {
				chosen[i] = &list[r.IntN(len(list))]
			}
			for i := range books {
				if err := ctx.Err(); err != nil {
					return err
				}
				b := books[(i+round+1)%len(books)]
				took, err := kind.measure(b, chosen)
				if err != nil {
					return fmt.Errorf("%s on %s: %w", kind.work, b.name(), err)
				}
				if round >= 0 {
					k := key{kind.work, len(list), b.name()}
					times[k] = append(times[k], took...)
				}
			}
		}
	}
	for k, t := range times {
		m.results[k] = report.Micros(report.Median(t))
	}
	return nil
}

// warmUp reads enough of every book to have been on all its pages of records,
// numbers and ids.
// A file that is mapped costs a fault at the first touch of each page.
func (m *measurement) warmUp(ctx context.Context, books []book, list []people.Person) error {
	m.progress("warm up")
	for _, b := range books {
		for i := 0; i < len(list); i += 8 {
			if i%8000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			f, err := b.lookup(list[i].Number())
			if err == nil {
				_, err = b.get(f.id)
			}
			if err != nil {
				return fmt.Errorf("warm up %s: %w", b.name(), err)
			}
		}
	}
	return nil
}

// measure asks b about everyone chosen and returns how long each answer took.
func (kind *read) measure(b book, chosen []*people.Person) ([]time.Duration, error) {
	questions := make([]question, len(chosen))
	for i, p := range chosen {
		questions[i] = question{person: p, text: beginning(p.Last, 3)}
		if kind.work == workGet {
			f, err := b.lookup(p.Number())
			if err != nil {
				return nil, err
			}
			questions[i].id = f.id
		}
	}
	times := make([]time.Duration, 0, len(chosen))
	for i := range questions {
		q := &questions[i]
		begin := time.Now()
		list, err := kind.ask(b, q)
		times = append(times, time.Since(begin))
		if err != nil {
			return nil, err
		}
		if len(list) == 0 || !kind.ok(q, list) {
			return nil, fmt.Errorf("a wrong answer about %s: %d found", q.person.Full(), len(list))
		}
	}
	return times, nil
}

// beginning returns the first n letters of s.
func beginning(s string, n int) string {
	at := 0
	for range n {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return s[:at]
}

// reopens measures how long it takes to open a book and read one contact.
func (m *measurement) reopens(ctx context.Context, books []book, list []people.Person, _ *int) error {
	if !m.works[workReopen] {
		return nil
	}
	m.progress("reopen")
	times := make(map[string][]time.Duration)
	for round := range m.some(5, 1) {
		for _, b := range books {
			if b.name() == oursMem {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			p := &list[(round+1)*len(list)/7]
			f, err := b.lookup(p.Number())
			if err != nil {
				return err
			}
			if err := b.close(); err != nil {
				return err
			}
			begin := time.Now()
			if err := b.open(b.dir); err != nil {
				return err
			}
			if _, err := b.get(f.id); err != nil {
				return err
			}
			times[b.name()] = append(times[b.name()], time.Since(begin))
		}
	}
	for name, t := range times {
		m.set(workReopen, len(list), name, report.Micros(report.Median(t))/1000)
	}
	return nil
}
