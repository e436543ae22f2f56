package pgstore

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
)

// tuple is a row in the binary form of COPY.
type tuple []byte

// row begins a row of so many columns.
func (t *tuple) row(columns int) { *t = binary.BigEndian.AppendUint16((*t)[:0], uint16(columns)) }

func (t *tuple) size(n int) { *t = binary.BigEndian.AppendUint32(*t, uint32(n)) }

func (t *tuple) bigint(v int64) {
	t.size(8)
	*t = binary.BigEndian.AppendUint64(*t, uint64(v))
}

func (t *tuple) integer(v int32) {
	t.size(4)
	*t = binary.BigEndian.AppendUint32(*t, uint32(v))
}

func (t *tuple) smallint(v int16) {
	t.size(2)
	*t = binary.BigEndian.AppendUint16(*t, uint16(v))
}

func (t *tuple) boolean(v bool) {
	t.size(1)
	if v {
		*t = append(*t, 1)
	} else {
		*t = append(*t, 0)
	}
}

func (t *tuple) null() { t.size(-1) }

func (t *tuple) bytes(v []byte) {
	t.size(len(v))
	*t = append(*t, v...)
}

func (t *tuple) text(v string) {
	t.size(len(v))
	*t = append(*t, v...)
}

func (t *tuple) textOrNull(v *string) {
	if v == nil {
		t.null()
	} else {
		t.text(*v)
	}
}

// epochOfTimes is where the database counts microseconds from, 2000-01-01.
const epochOfTimes = 946_684_800_000_000

func (t *tuple) timeOrNull(v *time.Time) {
	if v == nil {
		t.null()
	} else {
		t.bigint(v.UnixMicro() - epochOfTimes)
	}
}

// copyRows has a COPY .. FROM STDIN BINARY take rows in. An error of the rows ends
// it and is returned.
func copyRows(ctx context.Context, tx pgx.Tx, sql string, rows iter.Seq2[tuple, error]) error {
	r := copyReader{}
	next, stop := iter.Pull(r.chunks(rows))
	defer stop()
	r.next = next
	_, err := tx.Conn().PgConn().CopyFrom(ctx, &r, sql)
	if r.err != nil {
		return r.err
	}
	return err
}

// copyReader reads rows as COPY has them.
type copyReader struct {
	next  func() ([]byte, bool)
	chunk []byte
	err   error // of the rows
}

var errRows = errors.New("the rows broke off") // what the database is told

// copyChunk is about how many bytes are taken from the rows at once.
const copyChunk = 64 << 10

// chunks yields the whole stream, in pieces that are valid until the next one.
func (r *copyReader) chunks(rows iter.Seq2[tuple, error]) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		b := make([]byte, 0, copyChunk+4096)
		b = append(b, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		for t, err := range rows {
			if err != nil {
				r.err = err
				return
			}
			if b = append(b, t...); len(b) >= copyChunk {
				if !yield(b) {
					return
				}
				b = b[:0]
			}
		}
		yield(append(b, 0xff, 0xff))
	}
}

func (r *copyReader) Read(p []byte) (int, error) {
	for len(r.chunk) == 0 {
		var ok bool
		if r.chunk, ok = r.next(); !ok {
			if r.err != nil {
				return 0, errRows
			}
			return 0, io.EOF
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}
