package contacts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/callerbook/contacts/phone"
)

// The calls that judge each row on its own write large batches: enough to write
// pages once rather than many times, few enough to hold in memory.
const (
	chunk      = 50_000   // rows of a batch
	chunkBytes = 32 << 20 // bytes of long texts in them
)

// bulk is how an Import has batches made.
type bulk struct {
	kept  func(Refusal) // is told of numbers that were let in
	bytes int           // instead of chunkBytes
}

// A pass makes one batch of rows of such a call. A row that cannot go beside an
// earlier one of the batch is put off to the next pass, and those that have
// to do with it in turn: dependent rows are carried out in order, and all the
// others in few commits.
type pass struct {
	writes []Write
	rows   []int // of each write
	bytes  int
	most   int // bytes

	taken   matter // what the writes are about, where plan needs it
	putOff  []int
	waiting matter // what the rows put off are about
}

// matter is what rows are about: contacts and lines.
type matter struct {
	ids   map[string]bool
	lines map[phone.Line]bool
}

func (m *matter) add(lines []phone.Line, ids ...string) {
	if m.ids == nil {
		m.ids, m.lines = make(map[string]bool), make(map[phone.Line]bool)
	}
	for _, id := range ids {
		m.ids[id] = true
	}
	for _, l := range lines {
		m.lines[l] = true
	}
}

// has reports whether any of the contacts or lines is in m.
func (m *matter) has(lines []phone.Line, ids ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return m.ids[id] }) ||
		slices.ContainsFunc(lines, func(l phone.Line) bool { return m.lines[l] })
}

// full reports whether the pass takes no more rows: the batch is large, or so
// many rows were put off that it is better to write first.
func (p *pass) full() bool {
	return p.bytes > p.most || len(p.putOff) > 64+16*len(p.writes)
}

func (p *pass) add(row int, w Write) {
	p.writes, p.rows = append(p.writes, w), append(p.rows, row)
	p.bytes += longBytes(&w.Contact)
}

// replace is add for a write in place of old, which is in memory beside it.
func (p *pass) replace(row int, w Write, old *Contact) {
	p.add(row, w)
	p.bytes += longBytes(old)
}

// longBytes counts the bytes in the fields of a contact that may be long.
func longBytes(c *Contact) int {
	n := len(c.Notes)
	for k, v := range c.Custom {
		n += len(k) + len(v)
	}
	for _, list := range [][]json.RawMessage{c.Address, c.Twitter} {
		for _, m := range list {
			n += len(m)
		}
	}
	return n
}

func (p *pass) later(row int, lines []phone.Line, ids ...string) {
	p.putOff = append(p.putOff, row)
	p.waiting.add(lines, ids...)
}

// inPasses carries out the rows 0 to n-1 of a call that judges each on its own,
// in passes until all are done. Plan is handed the rows to be done, ascending.
// It settles a row, adds its write to the pass or puts it off, and returns how
// many it looked at. Settle gets what became of a write, and reports
// false when the row is to be tried again. With an error inPasses returns the
// rows that were not done.
func (b *Book) inPasses(ctx context.Context, n int, plan func(p *pass, todo []int) (int, error), settle func(row int, r Result) bool) ([]int, error) {
	var todo []int
	room := chunk // rows of a pass: few where passes end early, lest each of many goes through all
	for next := 0; ; {
		for ; next < n && len(todo) < room; next++ {
			todo = append(todo, next)
		}
		if len(todo) == 0 {
			break
		}
		p := pass{most: chunkBytes}
		if b.bulk.bytes > 0 {
			p.most = b.bulk.bytes
		}
		seen := 0
		err := ctx.Err()
		if err == nil {
			seen, err = plan(&p, todo)
		}
		var out []Result
		if err == nil {
			out, err = b.applyEach(ctx, p.writes, p.rows)
		}
		if room = min(chunk, 4*room); seen < len(todo) {
			room = min(room, 64+2*seen)
		}
		for len(todo) > seen && todo[len(todo)-1] == next-1 { // they come again
			todo, next = todo[:len(todo)-1], next-1
		}
		todo = append(p.putOff, todo[seen:]...)
		for k, row := range p.rows {
			if k >= len(out) || !settle(row, out[k]) {
				todo = append(todo, row)
			}
		}
		slices.Sort(todo)
		if err != nil {
			for ; next < n; next++ {
				todo = append(todo, next)
			}
			return todo, err
		}
	}
	if n >= chunk {
		return nil, tidy(ctx, b.store)
	}
	return nil, nil
}

// applyEach carries out writes, each on its own, in one commit, and returns the
// contacts as stored or why they are not. Errors count rows of the call: index
// has that of each write. A write that is too large by itself is refused like
// any other. With an error the outcomes are those of the first writes, which
// were done; usually there are none.
func (b *Book) applyEach(ctx context.Context, writes []Write, index []int) ([]Result, error) {
	if len(writes) == 0 {
		return nil, nil
	}
	a, err := b.apply(ctx, Batch{Each: true, Writes: writes})
	switch {
	case err == nil:
	case !errors.Is(err, ErrTooLarge):
		return nil, err
	case len(writes) == 1:
		return []Result{{writes[0].Contact, err}}, nil
	default: // it does not say which
		half := len(writes) / 2
		out, err := b.applyEach(ctx, writes[:half], index[:half])
		if err != nil {
			return out, err
		}
		more, err := b.applyEach(ctx, writes[half:], index[half:])
		return append(out, more...), err
	}
	out := make([]Result, len(writes))
	for i := range writes {
		out[i].Contact = writes[i].Contact
		out[i].Contact.Revision = a.Revisions[i]
	}
	for _, r := range a.Refused {
		out[r.Index].Err = reindexed(r.Err, index)
	}
	if b.bulk.kept != nil {
		for _, r := range a.Kept {
			b.bulk.kept(r.of(index))
		}
	}
	return out, nil
}

// reindexed turns the indexes of a refusal, which count writes, into those of
// the call.
func reindexed(err error, index []int) error {
	var dup *DuplicateNumberError
	if errors.As(err, &dup) {
		for i := range dup.Refusals {
			dup.Refusals[i] = dup.Refusals[i].of(index)
		}
	}
	var rev *RevisionError
	if errors.As(err, &rev) {
		for i := range rev.Conflicts {
			rev.Conflicts[i].Index = index[rev.Conflicts[i].Index]
		}
	}
	return err
}

// of is reindexed for one refusal.
func (r Refusal) of(index []int) Refusal {
	r.Index = index[r.Index]
	if r.Earlier >= 0 {
		r.Earlier = index[r.Earlier]
	}
	return r
}

// tidy gives a store the occasion to clean up after many writes.
func tidy(ctx context.Context, s Store) error {
	if t, ok := s.(interface{ Tidy(context.Context) error }); ok {
		return t.Tidy(ctx)
	}
	return nil
}
