package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cli"
	"github.com/callerbook/contacts/pgstore"
)

// patience bounds how long a command waits for a database that does not answer.
const patience = 15 * time.Second

// open opens the books at a location.
func open(ctx context.Context, location string, mode cli.Mode) (contacts.Store, error) {
	dsn, o, err := parse(location)
	if err != nil {
		return nil, err
	}
	if err := answers(ctx, dsn); err != nil {
		return nil, err
	}
	o.ReadOnly = mode == cli.Read
	o.MustExist = mode != cli.Create
	store, err := pgstore.Open(ctx, dsn, &o)
	if err != nil {
		return nil, advise(err) // not the nil *Store in an interface
	}
	return store, nil
}

// parse takes a location apart: what is for pgx, and what is for the store.
func parse(location string) (dsn string, o pgstore.Options, err error) {
	if scheme, _, _ := strings.Cut(location, "://"); scheme != "postgres" && scheme != "postgresql" {
		return "", o, fmt.Errorf("this program knows no location %s://..: give postgres://user@host/database", scheme)
	}
	dsn, query, _ := strings.Cut(location, "?")
	var rest []string // as they came: pgx reads escapes its own way
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "schema" && name != "prefix" {
			rest = append(rest, pair)
			continue
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			return "", o, fmt.Errorf("the %s of the location cannot be read: %w", name, err)
		}
		if name == "schema" {
			o.Schema = value
		} else {
			o.Prefix = value
		}
	}
	if query = strings.Join(rest, "&"); query != "" {
		dsn += "?" + query
	}
	return dsn, o, nil
}

// answers reports why a database is not to be reached, sooner than a Store gives up,
// which waits for one that fails over.
func answers(ctx context.Context, dsn string) error {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return err // which has the password masked
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(waiting, config.ConnConfig)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return advise(err)
	}
	return conn.Close(ctx)
}

// advise says in plain words what the database refused, and what to do about it.
func advise(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	advice := map[string]string{
		"3D000": "make the database first, by createdb",                                         // invalid_catalog_name
		"28P01": "set PGUSER and PGPASSWORD, or ~/.pgpass",                                      // invalid_password
		"28000": "set PGUSER and PGPASSWORD, or ~/.pgpass",                                      // invalid_authorization_specification
		"42501": "this role may not do that; pgstore/ENGINES.md has the grants that roles need", // insufficient_privilege
	}[pg.Code]
	if advice == "" {
		return err
	}
	return fmt.Errorf("%s (SQLSTATE %s): %s", pg.Message, pg.Code, advice)
}
