package interchange

import (
	"encoding/binary"
	"errors"
)

// beside keeps what an import has to know of every row once its outcome is
// known, and what does not fit in memory: its line, its text for the rejects,
// and what was left out. Rows are added once, in order.
type beside struct {
	recent  []rowEntry // of the rows since the last full block
	blocks  []blockEntry
	packed  spool // the entries of full blocks
	blobs   spool
	buf     []byte
	one     entryBlock // last looked up for a row
	earlier entryBlock // last looked up for an earlier one
}

// entriesPerBlock is how many rows are looked up at once.
const entriesPerBlock = 256

// rowEntry is what is known of a row without its blob.
type rowEntry struct {
	line    int
	blob    int64 // where it begins in blobs
	raw     int   // bytes of text in the blob
	leftOut int   // bytes of what was left out, behind that
}

// blockEntry says where a block of entries begins.
type blockEntry struct{ packed, blob, line int64 }

// entryBlock is a block of entries as it was read.
type entryBlock struct {
	number  int // from 1; 0 for none
	entries []rowEntry
}

// rows returns how many there are.
func (b *beside) rows() int { return len(b.blocks)*entriesPerBlock + len(b.recent) }

// add keeps a row, with its text if that is wanted.
func (b *beside) add(r *row, withRaw bool) error {
	e := rowEntry{line: r.line, blob: b.blobs.size()}
	if withRaw {
		e.raw = len(r.raw)
		if _, err := b.blobs.Write(r.raw); err != nil {
			return err
		}
	}
	if len(r.leftOut) > 0 {
		b.buf = appendLeftOut(b.buf[:0], r.leftOut)
		e.leftOut = len(b.buf)
		if _, err := b.blobs.Write(b.buf); err != nil {
			return err
		}
	}
	b.recent = append(b.recent, e)
	if len(b.recent) < entriesPerBlock {
		return nil
	}
	first := b.recent[0]
	b.blocks = append(b.blocks, blockEntry{b.packed.size(), first.blob, int64(first.line)})
	b.buf = b.buf[:0]
	line := first.line
	for _, e := range b.recent {
		b.buf = binary.AppendVarint(b.buf, int64(e.line-line))
		b.buf = binary.AppendUvarint(b.buf, uint64(e.raw))
		b.buf = binary.AppendUvarint(b.buf, uint64(e.leftOut))
		line = e.line
	}
	b.recent = b.recent[:0]
	_, err := b.packed.Write(b.buf)
	return err
}

var errBeside = errors.New("interchange: a temporary file has changed under the import")

// entry returns what is known of a row.
func (b *beside) entry(index int, cache *entryBlock) (rowEntry, error) {
	n := index / entriesPerBlock
	switch {
	case index < 0 || index >= b.rows():
		return rowEntry{}, nil
	case n == len(b.blocks):
		return b.recent[index%entriesPerBlock], nil
	case cache.number != n+1:
		if err := b.read(n, cache); err != nil {
			return rowEntry{}, err
		}
	}
	return cache.entries[index%entriesPerBlock], nil
}

func (b *beside) read(n int, to *entryBlock) error {
	from, end := b.blocks[n], b.packed.size()
	if n+1 < len(b.blocks) {
		end = b.blocks[n+1].packed
	}
	data := make([]byte, end-from.packed)
	if _, err := b.packed.ReadAt(data, from.packed); err != nil {
		return err
	}
	to.number, to.entries = 0, to.entries[:0]
	line, blob := from.line, from.blob
	for range entriesPerBlock {
		delta, a := binary.Varint(data)
		raw, c := binary.Uvarint(data[max(0, a):])
		left, d := binary.Uvarint(data[max(0, a)+max(0, c):])
		if a <= 0 || c <= 0 || d <= 0 {
			return errBeside
		}
		data = data[a+c+d:]
		line += delta
		to.entries = append(to.entries, rowEntry{int(line), blob, int(raw), int(left)})
		blob += int64(raw + left)
	}
	to.number = n + 1
	return nil
}

// raw returns the text of a row.
func (b *beside) raw(e rowEntry) ([]byte, error) {
	data := make([]byte, e.raw)
	_, err := b.blobs.ReadAt(data, e.blob)
	return data, err
}

// leftOut returns what was left out of a row.
func (b *beside) leftOut(e rowEntry) ([]LeftOut, error) {
	if e.leftOut == 0 {
		return nil, nil
	}
	data := make([]byte, e.leftOut)
	if _, err := b.blobs.ReadAt(data, e.blob+int64(e.raw)); err != nil {
		return nil, err
	}
	return readLeftOut(data)
}

func (b *beside) close() error { return errors.Join(b.packed.close(), b.blobs.close()) }

func appendLeftOut(b []byte, list []LeftOut) []byte {
	for _, l := range list {
		b = binary.AppendUvarint(b, uint64(len(l.Name)))
		b = append(b, l.Name...)
		b = binary.AppendUvarint(b, uint64(len(l.Detail)))
		b = append(b, l.Detail...)
		b = binary.AppendUvarint(b, uint64(l.Bytes))
	}
	return b
}

func readLeftOut(data []byte) (list []LeftOut, err error) {
	text := func() string {
		n, w := binary.Uvarint(data)
		if w <= 0 || n > uint64(len(data)-w) {
			err, data = errBeside, nil
			return ""
		}
		s := string(data[w : w+int(n)])
		data = data[w+int(n):]
		return s
	}
	for len(data) > 0 && err == nil {
		l := LeftOut{Name: text(), Detail: text()}
		n, w := binary.Uvarint(data)
		if w <= 0 {
			return nil, errBeside
		}
		l.Bytes, data = int(n), data[w:]
		list = append(list, l)
	}
	return list, err
}
