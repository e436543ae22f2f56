package main

import (
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

// fts is a table in SQLite with an FTS5 index over its words and ordinary
// indexes over its numbers. Both drivers run the same code.
type fts struct {
	driver  string
	connect func(path string) (*sql.DB, error)

	db *sql.DB

	words, front, frontAbroad, last *sql.Stmt
}

// The index keeps no copy of the table. Marks are letters to it, as otherwise
// the vowel signs of Devanagari would cut its words.
const ftsSchema = `
CREATE TABLE contacts (
	seq INTEGER PRIMARY KEY, -- creation
	id BLOB NOT NULL,
	first TEXT NOT NULL, last TEXT NOT NULL, salutation TEXT NOT NULL, org TEXT NOT NULL, email TEXT NOT NULL,
	number TEXT NOT NULL, national TEXT NOT NULL, reversed TEXT NOT NULL, code TEXT NOT NULL, extension TEXT NOT NULL,
	created_by TEXT NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL
);
CREATE UNIQUE INDEX contacts_id ON contacts (id);
CREATE UNIQUE INDEX contacts_number ON contacts (number);
CREATE INDEX contacts_national ON contacts (national);
CREATE INDEX contacts_reversed ON contacts (reversed);
CREATE VIRTUAL TABLE words USING fts5(first, last, org, email, content = 'contacts', content_rowid = 'seq',
	prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'");
`

const (
	ftsColumns = `c.id, c.first, c.last, c.salutation, c.org, c.email, c.number, c.code, c.extension, c.created_by, c.status, c.created, c.updated`
	ftsInsert  = `INSERT INTO contacts (id, first, last, salutation, org, email, number, national, reversed, code, extension, created_by, status, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	ftsIndex   = `INSERT INTO words (rowid, first, last, org, email) VALUES (?, ?, ?, ?, ?)`

	ftsWords = `SELECT ` + ftsColumns + ` FROM words JOIN contacts c ON c.seq = words.rowid WHERE words MATCH ? ORDER BY words.rowid LIMIT ?`
	ftsFront = `SELECT ` + ftsColumns + ` FROM contacts c WHERE c.number >= ?1 AND c.number < ?2 LIMIT ?3`
	ftsLast  = `SELECT ` + ftsColumns + ` FROM contacts c WHERE c.reversed >= ?1 AND c.reversed < ?2 LIMIT ?3`
	// Digits that may be a calling code or not.
	ftsFrontAbroad = `SELECT ` + ftsColumns + ` FROM contacts c WHERE c.number >= ?1 AND c.number < ?2
UNION ALL SELECT ` + ftsColumns + ` FROM contacts c WHERE c.national >= ?1 AND c.national < ?2 AND NOT (c.number >= ?1 AND c.number < ?2) LIMIT ?3`
)

func (s *fts) name() string { return s.driver }

func (s *fts) can(k kind) bool { return k == kindWords || k == kindFront || k == kindLast }

func (s *fts) open(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return err
	}
	if s.db, err = s.connect(filepath.Join(dir, "fts.db")); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1) // the cache is a connection's
	if _, err = s.db.Exec(ftsSchema); err != nil {
		return err
	}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{{&s.words, ftsWords}, {&s.front, ftsFront}, {&s.frontAbroad, ftsFrontAbroad}, {&s.last, ftsLast}} {
		if *p.stmt, err = s.db.Prepare(p.text); err != nil {
			return fmt.Errorf("%w in %s", err, p.text)
		}
	}
	return nil
}

// close closes the statements with their connection.
func (s *fts) close() error { return s.db.Close() }

// load commits ten thousand rows at a time, and merges the index to one tree.
func (s *fts) load(list []contact) error {
	const rows = 10_000
	for len(list) > 0 {
		n := min(rows, len(list))
		if err := s.insert(list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	for _, after := range []string{"INSERT INTO words(words) VALUES('optimize')", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := s.db.Exec(after); err != nil {
			return err
		}
	}
	return nil
}

func (s *fts) insert(list []contact) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	err = insertAll(tx, list)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func insertAll(tx *sql.Tx, list []contact) error {
	insert, err := tx.Prepare(ftsInsert)
	if err != nil {
		return err
	}
	index, err := tx.Prepare(ftsIndex)
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		now := time.Now().UnixMilli()
		res, err := insert.Exec(id[:], c.First, c.Last, c.Salutation, c.org, c.email, c.Digits(), c.National, people.Reversed(c.Digits()),
			"+"+c.Code, "+", people.Author, "ACTIVE", now, now)
		if err != nil {
			return err
		}
		seq, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := index.Exec(seq, c.First, c.Last, c.org, c.email); err != nil {
			return err
		}
	}
	return nil
}

// ask takes the first rows in order of rowid: a ranking would have to look at
// every row that matches.
func (s *fts) ask(q *query) (answer, error) {
	switch q.kind {
	case kindWords:
		return scanRows(s.words, ftsMatch(q.text), limit)
	case kindFront:
		digits, plus := frontDigits(q.text)
		if plus {
			return scanRows(s.front, digits, digits+":", limit)
		}
		return scanRows(s.frontAbroad, digits, digits+":", limit)
	case kindLast:
		digits := people.Reversed(q.text)
		return scanRows(s.last, digits, digits+":", limit)
	}
	return answer{}, errKind
}

// errKind is returned for queries that a side cannot answer.
var errKind = errors.New("no query for this side")

// ftsMatch wants all words of text as beginnings.
func ftsMatch(text string) string {
	var b strings.Builder
	for i, w := range strings.Fields(text) {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(`"` + strings.ReplaceAll(w, `"`, `""`) + `" *`)
	}
	return b.String()
}

// frontDigits reads the first digits of a number as a program would that looks
// for them in a text column: without the plus, which says that a calling code
// leads, and without a trunk zero.
func frontDigits(text string) (digits string, plus bool) {
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		return rest, true
	}
	return strings.TrimPrefix(text, "0"), false
}

// scanRows reads whole rows.
func scanRows(query *sql.Stmt, args ...any) (a answer, err error) {
	rows, err := query.Query(args...)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	a.numbers = make([]string, 0, limit)
	for rows.Next() {
		var id []byte
		var first, last, salutation, org, email, number, code, extension, by, status string
		var created, updated int64
		if err := rows.Scan(&id, &first, &last, &salutation, &org, &email, &number, &code, &extension, &by, &status, &created, &updated); err != nil {
			return a, err
		}
		a.numbers = append(a.numbers, "+"+number)
	}
	return a, rows.Err()
}
