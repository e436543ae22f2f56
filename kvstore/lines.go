package kvstore

import (
	"bytes"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/match"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// lineEntry is what a key of tableLine says behind its line.
type lineEntry struct {
	kind  byte
	scope uint64
	seq   uint64
}

func parseLineTail(b []byte) (e lineEntry, ok bool) {
	if len(b) == 0 || b[0] > kindShared {
		return e, false
	}
	e.kind = b[0]
	if e.scope, b, ok = takeOrd(b[1:]); !ok {
		return e, false
	}
	e.seq, ok = takeLastOrd(b)
	return e, ok
}

// byLines finds the holders of lines. A position is the index of the line in
// the query, the hits that the line has had, and kind and seq of the holder.
func (f *finder) byLines() error {
	var at struct{ index, hits uint64 }
	var behind []byte // kind and seq
	if len(f.at) > 0 {
		var ok, ok2 bool
		at.index, behind, ok = takeOrd(f.at)
		if ok {
			at.hits, behind, ok2 = takeOrd(behind)
		}
		if !ok || !ok2 || len(behind) < 2 {
			return f.s.cursorError()
		}
		behind = bytes.Clone(behind)
	}
	for i := at.index; i < uint64(len(f.q.Lines)); i++ {
		full, err := f.holders(f.q.Lines[i], i, at.hits, behind)
		if err != nil || full || f.more {
			return err
		}
		at.hits, behind = 0, nil
	}
	return nil
}

// holders finds the holders of one line that come behind a position.
func (f *finder) holders(line phone.Line, index, hits uint64, behind []byte) (full bool, err error) {
	f.work++
	f.used = 0
	var room [1 + 8 + 3*maxOrdLen]byte
	prefix := f.join(appendUint64(appendTable(room[:0], tableLine, f.info.domain), uint64(line)))
	scope := appendOrd(room[len(prefix):len(prefix)], f.info.id)
	visit := func(tail, _ []byte) (bool, error) {
		e, ok := parseLineTail(tail)
		if !ok || e.scope != f.info.id {
			return false, f.s.damaged(tableLine, f.info.id, 0, "a key that cannot be read")
		}
		f.moved = true
		f.at = appendOrd(append(appendOrd(appendOrd(f.at[:0], index), hits), e.kind), e.seq)
		if f.q.PerLine > 0 && hits >= uint64(f.q.PerLine) {
			return false, nil
		}
		body, err := f.record(e.seq)
		if err != nil {
			return false, err
		}
		if !f.confirm(body, line, e.kind) {
			return false, f.astray(tableLine, e.seq)
		}
		before := len(f.page.Hits)
		goOn, err := f.offer(e.seq, body, func(h *contacts.Hit) {
			h.Line, h.Shared = line, e.kind == kindShared
		})
		if len(f.page.Hits) > before {
			hits++
			f.hit = appendOrd(append(appendOrd(appendOrd(f.hit[:0], index), hits), e.kind), e.seq)
			f.at = append(f.at[:0], f.hit...)
		}
		full = !goOn
		return goOn, err
	}
	for kind := byte(kindClaim); kind <= kindShared; kind++ {
		own := f.join(prefix, []byte{kind}, scope)
		from := own
		both := f.info.domain == f.info.id && behind == nil
		var to []byte
		if both { // nobody else's lines are here: both kinds in one go
			to = f.join(prefix, []byte{kindShared + 1})
		} else {
			to = prefixEnd(nil, own)
		}
		if behind != nil {
			if kind < behind[0] {
				continue
			}
			if kind == behind[0] {
				from = f.join(own, behind[1:], []byte{0})
			}
		}
		if err := f.scan(prefix, from, to, false, visit); err != nil || full || f.more {
			return full, err
		}
		if both || f.q.PerLine > 0 && hits >= uint64(f.q.PerLine) {
			return false, nil
		}
	}
	return false, nil
}

// confirm reports whether a record holds a line in that way.
func (f *finder) confirm(body []byte, line phone.Line, kind byte) bool {
	switch record.Holds(body, line) {
	case record.HoldsClaim:
		return kind == kindClaim
	case record.HoldsShared:
		return kind == kindShared
	}
	return false
}

// byPrefixes finds lines by their first digits. It jumps from range to range,
// over those in which the last jump has shown that there are no lines. A
// position is what in a key follows the domain.
func (f *finder) byPrefixes() error {
	return f.prefixes(func(seq uint64, line phone.Line, kind byte) (bool, error) {
		return f.offerLine(tableLine, seq, line, kind)
	})
}

func (f *finder) prefixes(visit func(seq uint64, line phone.Line, kind byte) (bool, error)) error {
	ranges := match.Ranges(f.q.Prefixes)
	if len(ranges) == 0 {
		return nil
	}
	prefix := appendTable(nil, tableLine, f.info.domain)
	from := appendUint64(bytes.Clone(prefix), ranges[0].Lo)
	to := prefixEnd(nil, appendUint64(bytes.Clone(prefix), ranges[len(ranges)-1].Hi))
	if len(f.at) > 0 {
		behind := append(append(bytes.Clone(prefix), f.at...), 0)
		if string(from) < string(behind) {
			from = behind
		}
	}
	for jump := true; jump; {
		jump = false
		f.work += seekCost
		err := f.scan(prefix, from, to, false, func(tail, _ []byte) (bool, error) {
			f.moveTo(tail)
			line, rest, ok := takeUint64(tail)
			e, ok2 := parseLineTail(rest)
			if !ok || !ok2 {
				return false, f.s.damaged(tableLine, f.info.domain, 0, "a key that cannot be read")
			}
			for len(ranges) > 0 && ranges[0].Hi < line {
				ranges = ranges[1:]
			}
			switch {
			case len(ranges) == 0:
				return false, nil
			case line < ranges[0].Lo:
				from, jump = appendUint64(from[:len(prefix)], ranges[0].Lo), true
				return false, nil
			case e.scope != f.info.id:
				return true, nil
			}
			return visit(e.seq, phone.Line(line), e.kind)
		})
		if err != nil || f.more {
			return err
		}
	}
	return nil
}

// bySuffix finds lines by their last digits. A position is what in a key of
// tableDigits follows the scope.
func (f *finder) bySuffix() error {
	return f.suffixes(func(seq uint64, line phone.Line, kind byte) (bool, error) {
		return f.offerLine(tableDigits, seq, line, kind)
	})
}

func (f *finder) suffixes(visit func(seq uint64, line phone.Line, kind byte) (bool, error)) error {
	prefix := appendTable(nil, tableDigits, f.info.id)
	from := bytes.Clone(prefix)
	digits := f.q.Suffix
	for i := len(digits) - 1; i >= 0; i -= 2 {
		b := (digits[i] - '0' + 1) << 4
		if i > 0 {
			b |= digits[i-1] - '0' + 1
		}
		from = append(from, b)
	}
	to := prefixEnd(nil, from)
	if len(digits)%2 == 1 { // the last byte is half open
		to = bytes.Clone(from)
		to[len(to)-1] += 1 << 4
	}
	if len(f.at) > 0 {
		from = append(append(bytes.Clone(prefix), f.at...), 0)
	}
	return f.scan(prefix, from, to, false, func(tail, _ []byte) (bool, error) {
		f.moveTo(tail)
		line, rest, ok := takeReversed(tail)
		seq, ok2 := takeLastOrd(rest)
		if !ok || !ok2 {
			return false, f.s.damaged(tableDigits, f.info.id, 0, "a key that cannot be read")
		}
		return visit(seq, line, anyKind)
	})
}

const anyKind = 0xFF

// offerLine adds the holder of a line that an index led to.
func (f *finder) offerLine(table byte, seq uint64, line phone.Line, kind byte) (bool, error) {
	body, err := f.record(seq)
	if err != nil {
		return false, err
	}
	state := record.Holds(body, line)
	if state == record.HoldsNot || kind != anyKind && kindOf(state) != kind {
		return false, f.astray(table, seq)
	}
	return f.offer(seq, body, func(h *contacts.Hit) {
		h.Line, h.Shared = line, state == record.HoldsShared
	})
}

// byDuplicates finds the claimers of the lines that have more than one. A
// position is line and seq.
func (f *finder) byDuplicates() error {
	prefix := appendTable(nil, tableDup, f.info.id)
	from, to := prefix, prefixEnd(nil, prefix)
	var resumed uint64
	var behind []byte
	if len(f.at) > 0 {
		var ok bool
		if resumed, behind, ok = takeUint64(f.at); !ok || len(behind) == 0 {
			return f.s.cursorError()
		}
		behind = bytes.Clone(behind)
		from = appendUint64(bytes.Clone(prefix), resumed)
	}
	return f.scan(prefix, from, to, false, func(tail, _ []byte) (bool, error) {
		line, rest, ok := takeUint64(tail)
		if !ok || len(rest) > 0 {
			return false, f.s.damaged(tableDup, f.info.id, 0, "a key that cannot be read")
		}
		after := behind
		if line != resumed {
			after = nil
		}
		return f.claimers(phone.Line(line), after)
	})
}

// claimers finds the claimers of one line in the scope, behind a seq.
func (f *finder) claimers(line phone.Line, behind []byte) (bool, error) {
	prefix := appendOrd(appendHoldersKey(nil, f.info.domain, line, kindClaim), f.info.id)
	from := prefix
	if behind != nil {
		from = append(append(bytes.Clone(prefix), behind...), 0)
	}
	full := false
	err := f.scan(prefix, from, prefixEnd(nil, prefix), false, func(tail, _ []byte) (bool, error) {
		f.moved = true
		f.at = append(appendUint64(f.at[:0], uint64(line)), tail...)
		seq, ok := takeLastOrd(tail)
		if !ok {
			return false, f.s.damaged(tableLine, f.info.id, 0, "a key that cannot be read")
		}
		goOn, err := f.offerLine(tableLine, seq, line, kindClaim)
		full = !goOn
		return goOn, err
	})
	return !full && !f.more, err
}
