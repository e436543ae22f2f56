package pgstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/phone"
)

// judgeChunk is how many lines are looked up at once.
const judgeChunk = 1000

// claimed is a line and those of a load that claim it.
type claimed struct {
	text   string
	claims []prepare.LoadedClaim
}

// judge refuses the lines that an earlier record, or a contact of another stream,
// claims, or keeps them, and counts those with several claimers. It returns the
// slots that are taken, by line, where those of other streams count too.
func (l *loader) judge(ctx context.Context, tx pgx.Tx) (taken *extsort.Sorter, err error) {
	taken = extsort.New(&extsort.Options{Memory: 1 << 20})
	defer func() {
		if err != nil {
			_ = taken.Close()
		}
	}()
	l.duplicates = 0
	var j prepare.LineJudge
	var chunk []claimed
	flush := func() error {
		slots, err := l.slots(ctx, tx, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			c := &chunk[i]
			n := slots[c.text]
			j.Judge(c.claims, n > 0)
			if len(c.claims) > 1 {
				l.duplicates++
			}
			if n > 0 {
				if err := taken.Add([]byte(c.text), binary.AppendUvarint(nil, uint64(n))); err != nil {
					return err
				}
			}
		}
		chunk = chunk[:0]
		return l.goOn(ctx)
	}
	for c, err := range l.byLine() {
		if err != nil {
			return nil, err
		}
		if chunk = append(chunk, c); len(chunk) == judgeChunk {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	l.kept, err = j.Outcome()
	return taken, err
}

// byLine yields the claims of the load, those of one line together.
func (l *loader) byLine() iter.Seq2[claimed, error] {
	return func(yield func(claimed, error) bool) {
		var c claimed
		for e, err := range l.piles[pileClaims].Sorted() {
			if err != nil {
				yield(claimed{}, err)
				return
			}
			text, _ := cutKey(e.Key)
			if c.text != string(text) {
				if c.claims != nil && !yield(c, nil) {
					return
				}
				c = claimed{text: string(text)}
			}
			line, _ := strconv.ParseUint(c.text, 10, 64)
			index, n := binary.Uvarint(e.Value)
			nth, _ := binary.Uvarint(e.Value[n:])
			c.claims = append(c.claims, prepare.LoadedClaim{Line: phone.Line(line), Index: int(index), Nth: int(nth >> 1), Keep: nth&1 == 1})
		}
		if c.claims != nil {
			yield(c, nil)
		}
	}
}

const sqlSlots = `SELECT line, max(slot) + 1 FROM {claims} WHERE domain = $1 AND line = ANY($2::text[]) GROUP BY line`

// slots returns how many slots contacts of other streams take of lines.
func (l *loader) slots(ctx context.Context, tx pgx.Tx, lines []claimed) (map[string]int32, error) {
	if l.info.domain == l.info.id || len(lines) == 0 {
		return nil, nil
	}
	texts := make([]string, len(lines))
	for i := range lines {
		texts[i] = lines[i].text
	}
	rows, err := tx.Query(ctx, l.s.sql(sqlSlots), l.info.domain, texts)
	if err != nil {
		return nil, err
	}
	slots := make(map[string]int32)
	var line string
	var n int32
	_, err = pgx.ForEachRow(rows, []any{&line, &n}, func() error {
		slots[line] = n
		return nil
	})
	return slots, err
}

// claimRows yields the rows of claims: each line's claimers in order of creation,
// in the slots that follow those taken.
func (l *loader) claimRows(taken *extsort.Sorter) iter.Seq2[tuple, error] {
	return func(yield func(tuple, error) bool) {
		next, stop := iter.Pull2(taken.Sorted())
		defer stop()
		before, err, more := next()
		var line []byte
		var slot uint64
		for e, err2 := range l.piles[pileClaims].Sorted() {
			if err2 != nil || err != nil {
				yield(nil, cmp.Or(err, err2))
				return
			}
			text, seq := cutKey(e.Key)
			if string(text) == string(line) {
				slot++
			} else {
				line, slot = append(line[:0], text...), 0
				if more && string(before.Key) == string(text) {
					slot, _ = binary.Uvarint(before.Value)
					before, err, more = next()
				}
			}
			if slot > math.MaxInt32 {
				yield(nil, fmt.Errorf("%s: too many contacts with one number: %w", name, contacts.ErrTooLarge))
				return
			}
			t := &l.row
			t.row(5)
			t.bigint(l.info.domain)
			t.bytes(text)
			t.integer(int32(slot))
			t.bigint(l.info.id)
			t.bigint(int64(seq))
			if !yield(*t, nil) {
				return
			}
		}
	}
}
