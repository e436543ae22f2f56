package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
)

// The migrations, in order: NNNN_what.sql brings the tables from version NNNN-1
// to NNNN. One that has been released is never changed.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// migrations returns the texts of the migrations.
func migrations() ([]string, error) {
	entries, err := schemaFiles.ReadDir("schema")
	if err != nil {
		return nil, err
	}
	list := make([]string, len(entries))
	for i, e := range entries { // by name
		text, err := schemaFiles.ReadFile("schema/" + e.Name())
		if err != nil {
			return nil, err
		}
		list[i] = string(text)
	}
	return list, nil
}

// migrate makes the tables what this version of the package needs, if the options
// let it, and otherwise sees whether they are that.
func (s *Store) migrate(ctx context.Context) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	return s.try(ctx, func() error {
		version, err := s.version(ctx)
		switch {
		case err != nil:
			return err
		case version > len(list):
			return fmt.Errorf("the tables in schema %s have version %d, this program knows %d: update it: %w",
				s.o.Schema, version, len(list), contacts.ErrNewer)
		case version == len(list):
			return nil
		case version == 0 && (s.o.ReadOnly || s.o.NoMigrate || s.o.MustExist):
			return fmt.Errorf("schema %s has no tables of contact books: %w: %w", s.o.Schema, ErrNotMigrated, fs.ErrNotExist)
		case s.o.ReadOnly || s.o.NoMigrate:
			return fmt.Errorf("schema %s: version %d, needed %d: %w", s.o.Schema, version, len(list), ErrNotMigrated)
		}
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.bringUp(ctx, tx, list) })
	})
}

// version reads the version of the tables, 0 where there are none, and which
// database it is.
func (s *Store) version(ctx context.Context) (version int, err error) {
	var says string
	if err := s.pool.QueryRow(ctx, "SELECT version()").Scan(&says); err != nil {
		return 0, err
	}
	s.dialect = dialectOf(says)
	err = s.pool.QueryRow(ctx, s.expand("SELECT v.version FROM {version} v")).Scan(&version)
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, nil
	case !errors.As(err, &pg):
		return version, err
	case pg.Code == stateUndefined, pg.Code == stateNoSchema:
		return 0, nil
	case pg.Code == stateNoColumn:
		return 0, s.foreign("version")
	}
	return 0, err
}

// foreign is the error for a table that this package has not made.
func (s *Store) foreign(table string) error {
	return fmt.Errorf("there is another table %s already: choose another schema or a prefix: %w",
		s.expand("{"+table+"}"), contacts.ErrNotBook)
}

// bringUp carries out the migrations that are missing. Two that begin at once
// meet at the row of the version: one waits for the other, and finds nothing
// left to do.
func (s *Store) bringUp(ctx context.Context, tx pgx.Tx, list []string) error {
	if has := tx.Conn().PgConn().ParameterStatus("server_encoding"); has != "UTF8" && has != "" { // where a pooler does not say
		return fmt.Errorf("the database has the encoding %s, contacts need UTF8: make one by createdb --encoding=UTF8 --template=template0: %w",
			has, contacts.ErrInvalid)
	}
	var there bool
	if err := tx.QueryRow(ctx, "SELECT count(*) > 0 FROM information_schema.schemata WHERE schema_name = $1", s.o.Schema).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+s.o.Schema); err != nil {
			return err
		}
	}
	for _, text := range []string{
		"CREATE TABLE IF NOT EXISTS {version} (one boolean NOT NULL PRIMARY KEY, version integer NOT NULL)",
		"INSERT INTO {version} (one, version) VALUES (true, 0) ON CONFLICT (one) DO NOTHING",
	} {
		if _, err := tx.Exec(ctx, s.expand(text)); err != nil {
			return err
		}
	}
	var version int
	if err := tx.QueryRow(ctx, s.expand("SELECT v.version FROM {version} v FOR UPDATE")).Scan(&version); err != nil {
		return err
	}
	for ; version < len(list); version++ {
		for _, statement := range statements(list[version]) {
			_, err := tx.Exec(ctx, s.expand(statement))
			var pg *pgconn.PgError
			if errors.As(err, &pg) && pg.Code == stateTwice {
				table, _, _ := strings.Cut(strings.TrimPrefix(statement, "CREATE TABLE {"), "}")
				return s.foreign(table)
			}
			if err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
		}
	}
	_, err := tx.Exec(ctx, s.expand("UPDATE {version} SET version = $1"), version)
	return err
}

// statements splits a migration, whose texts have no semicolon but at the end
// of a statement and in comments, which are left out.
func statements(text string) []string {
	var code strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "--")
		code.WriteString(line + "\n")
	}
	var list []string
	for part := range strings.SplitSeq(code.String(), ";") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
