package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/pgstore"
)

// side is one way to keep the book. Both have the tables and indexes of pgstore,
// each in a schema of its own, refuse a number that somebody has, and have a
// create on disk when it returns.
type side interface {
	name() string

	// load fills the book, which is empty.
	load(ctx context.Context, list []people.Person) error

	// create adds one person to a scope, 0 being the one that is loaded, and
	// there are as many others as creators. A number that is taken is an error.
	// Many goroutines may call it at once.
	create(ctx context.Context, scope int, p *people.Person) error

	// lookup finds who has a number in E.164.
	lookup(ctx context.Context, number string) (found, error)

	// lookupAll finds who has each of several, at most 1,000.
	lookupAll(ctx context.Context, digits []string) ([]found, error)

	// search returns the first n people who have a word that begins with each of
	// the texts, one or two.
	search(ctx context.Context, texts []string, n int) ([]found, error)

	// page returns n people in order of name, beginning with the first whose
	// name is not before from.
	page(ctx context.Context, from string, n int) ([]found, error)

	close()
}

// found is what the measurement looks at of a contact. Each side reads all of it.
type found struct{ number, name string }

const (
	ours  = "ours"
	plain = "plain"
)

func schemaOf(side string) string { return "bench_" + side }

// openSide makes the tables of a side and opens its book.
func (m *measurement) openSide(ctx context.Context, side, dsn string) (_ side, err error) {
	if _, err := m.admin.Exec(ctx, "DROP SCHEMA IF EXISTS "+schemaOf(side)+" CASCADE"); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(m.conns)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	store, err := pgstore.New(ctx, pool, &pgstore.Options{Schema: schemaOf(side)})
	if err != nil {
		pool.Close()
		return nil, err
	}
	switch side {
	case ours:
		return newOurs(ctx, pool, store)
	case plain:
		return newPlain(ctx, pool, store)
	}
	return nil, fmt.Errorf("there is no side %q", side)
}
