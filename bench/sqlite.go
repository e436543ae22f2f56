package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/callerbook/contacts/bench/internal/people"
)

// sqlite is the book in SQLite: one table with an index for each order, one
// table of words, WAL with synchronous=FULL, prepared statements, one
// connection that writes and a pool that reads. Both drivers run the same
// code.
type sqlite struct {
	driver  string
	connect func(path string) (*sql.DB, error)

	writer, reader *sql.DB

	insert, insertWord                    *sql.Stmt // of writer
	byID, byNumber, byName, byWord, owner *sql.Stmt // of reader
}

const schema = `
CREATE TABLE IF NOT EXISTS contacts (
	seq INTEGER PRIMARY KEY, -- creation
	revision INTEGER NOT NULL,
	id BLOB NOT NULL,
	number TEXT NOT NULL,
	reversed TEXT NOT NULL,
	sort TEXT NOT NULL,
	first TEXT NOT NULL, last TEXT NOT NULL, salutation TEXT NOT NULL, code TEXT NOT NULL, extension TEXT NOT NULL,
	created_by TEXT NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS contacts_id ON contacts (id);
CREATE UNIQUE INDEX IF NOT EXISTS contacts_number ON contacts (number);
CREATE UNIQUE INDEX IF NOT EXISTS contacts_feed ON contacts (revision);
CREATE INDEX IF NOT EXISTS contacts_reversed ON contacts (reversed);
CREATE INDEX IF NOT EXISTS contacts_name ON contacts (sort, seq);
CREATE TABLE IF NOT EXISTS words (word TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (word, seq)) WITHOUT ROWID;
`

const (
	columns   = `c.id, c.first, c.last, c.salutation, c.code, c.number, c.extension, c.created_by, c.status, c.created, c.updated, c.revision`
	sqlInsert = `INSERT INTO contacts (revision, id, number, reversed, sort, first, last, salutation, code, extension, created_by, status, created, updated) VALUES ((SELECT coalesce(max(revision), 0) + 1 FROM contacts), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlWord   = `INSERT OR IGNORE INTO words (word, seq) VALUES (?, ?)`
	sqlByID   = `SELECT ` + columns + ` FROM contacts c WHERE c.id = ?`
	sqlByNum  = `SELECT ` + columns + ` FROM contacts c WHERE c.number = ?`
	sqlByName = `SELECT ` + columns + ` FROM contacts c WHERE c.sort >= ? ORDER BY c.sort, c.seq LIMIT ?`
	sqlByWord = `SELECT ` + columns + ` FROM words w CROSS JOIN contacts c ON c.seq = w.seq WHERE w.word >= ? AND w.word < ? ORDER BY w.word, w.seq`
	sqlOwner  = `SELECT id, first, last FROM contacts WHERE number = ?`
)

func (s *sqlite) name() string { return s.driver }

func (s *sqlite) open(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "sqlite.db")
	if s.writer, err = s.connect(path); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if _, err = s.writer.Exec(schema); err != nil {
		return err
	}
	if s.reader, err = s.connect(path); err != nil {
		return err
	}
	for _, p := range []struct {
		db   *sql.DB
		stmt **sql.Stmt
		text string
	}{
		{s.writer, &s.insert, sqlInsert}, {s.writer, &s.insertWord, sqlWord},
		{s.reader, &s.byID, sqlByID}, {s.reader, &s.byNumber, sqlByNum}, {s.reader, &s.byName, sqlByName},
		{s.reader, &s.byWord, sqlByWord}, {s.reader, &s.owner, sqlOwner},
	} {
		if *p.stmt, err = p.db.Prepare(p.text); err != nil {
			return fmt.Errorf("%w in %s", err, p.text)
		}
	}
	return nil
}

// close closes the statements with their connections.
func (s *sqlite) close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// settle moves what is in the log into the file.
func (s *sqlite) settle() error {
	_, err := s.writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// load commits a thousand rows at a time.
func (s *sqlite) load(list []people.Person) error {
	const rows = 1000
	for len(list) > 0 {
		n := min(rows, len(list))
		err := s.inTx(func(insert, word *sql.Stmt) error {
			for i := range n {
				if _, err := insertPerson(insert, word, &list[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// inTx runs fn in a transaction of the writer.
func (s *sqlite) inTx(fn func(insert, word *sql.Stmt) error) error {
	ctx := context.Background()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx.StmtContext(ctx, s.insert), tx.StmtContext(ctx, s.insertWord)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func insertPerson(insert, word *sql.Stmt, p *people.Person) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	now, digits := time.Now().UnixMilli(), p.Digits()
	res, err := insert.Exec(id[:], digits, people.Reversed(digits), sortName(p),
		p.First, p.Last, p.Salutation, "+"+p.Code, "+", people.Author, "ACTIVE", now, now)
	if err != nil {
		return "", err
	}
	seq, err := res.LastInsertId()
	if err != nil {
		return "", err
	}
	for _, w := range searchWords(p) {
		if _, err := word.Exec(w, seq); err != nil {
			return "", err
		}
	}
	return id.String(), nil
}

// create looks before it writes, as a refusal then needs no transaction. The
// unique index is what guards the number.
func (s *sqlite) create(p *people.Person) (string, error) {
	if err := s.taken(p); err != nil {
		return "", err
	}
	var id string
	err := s.inTx(func(insert, word *sql.Stmt) (err error) {
		id, err = insertPerson(insert, word, p)
		return err
	})
	if err != nil {
		return "", errors.Join(s.taken(p), err) // somebody may have been faster
	}
	return id, nil
}

// taken returns a *takenError when somebody has the number of p.
func (s *sqlite) taken(p *people.Person) error {
	var id []byte
	var first, last string
	err := s.owner.QueryRow(p.Digits()).Scan(&id, &first, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	u, err := uuid.FromBytes(id)
	if err != nil {
		return err
	}
	return &takenError{u.String(), first + " " + last}
}

func (s *sqlite) get(id string) (found, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return found{}, err
	}
	r, err := scanRow(s.byID.QueryRow(u[:]))
	return r.found(), err
}

func (s *sqlite) lookup(number string) (found, error) {
	r, err := scanRow(s.byNumber.QueryRow(strings.TrimPrefix(number, "+")))
	return r.found(), err
}

func (s *sqlite) page(from string, n int) ([]found, error) {
	return foundRows(scanRows(n, s.byName, strings.ToLower(from), n))
}

func (s *sqlite) prefix(text string, n int) ([]found, error) {
	text = strings.ToLower(text)
	return foundRows(scanRows(n, s.byWord, text, text+"\U0010FFFF"))
}

// scanRow reads one record.
func scanRow(from interface{ Scan(...any) error }) (row, error) {
	var r row
	var raw []byte
	err := from.Scan(&raw, &r.first, &r.last, &r.salutation, &r.code, &r.number, &r.extension,
		&r.createdBy, &r.status, &r.created, &r.updated, &r.revision)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, errNotFound
	} else if err != nil {
		return row{}, err
	}
	u, err := uuid.FromBytes(raw)
	r.id = u.String()
	return r, err
}

// scanRows reads the first n records of a query, each once.
func scanRows(n int, query *sql.Stmt, args ...any) (list []row, err error) {
	rows, err := query.Query(args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	list = make([]row, 0, n)
	seen := make(map[string]bool, n)
	for len(list) < n && rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		if !seen[r.id] {
			seen[r.id] = true
			list = append(list, r)
		}
	}
	return list, rows.Err()
}
