package pgstore

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
)

// pageBytes bounds the records that a page or a read of the feed returns; one
// is returned whatever its size. The statements name it too.
const pageBytes = 4 << 20

// each runs one statement and calls row after each of its rows is in columns.
func (s *Store) each(ctx context.Context, text string, args, columns []any, row func() error) error {
	rows, err := s.pool.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, columns, row)
	return err
}

// reversible is a statement whose order can be turned round: {>} is the
// comparison with a position, {asc} the direction.
type reversible string

// ordered returns a statement in one of its two directions.
func (s *Store) ordered(template reversible, reverse bool) string {
	type turned reversible
	key, from, asc := any(template), ">", "ASC"
	if reverse {
		key, from, asc = turned(template), "<", "DESC"
	}
	if text, ok := s.texts.Load(key); ok {
		return text.(string)
	}
	text := s.expand(strings.NewReplacer("{>}", from, "{asc}", asc).Replace(string(template)))
	s.texts.Store(key, text)
	return text
}

// damaged says that rows of a contact do not fit together.
func damaged(seq int64, what string) error {
	return fmt.Errorf("contact %d: %s: %w", seq, what, contacts.ErrDamaged)
}

// signed is a revision or position as the database has it.
func signed(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// storable reports whether a text can be in the database at all.
func storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}
