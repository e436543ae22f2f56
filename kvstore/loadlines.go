package kvstore

import (
	"encoding/binary"

	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/phone"
)

// loadLine is an entry of tableLine to be. In the pile it has the key that it
// will have, but for the domain, which is known at the end; its value has more,
// by which claims are judged.
type loadLine struct {
	prepare.LoadedClaim
	kind       byte
	seq, since uint64
}

func (c *loadLine) appendKey(b []byte, scope uint64) []byte {
	return appendOrd(appendOrd(append(appendUint64(b, uint64(c.Line)), c.kind), scope), c.seq)
}

func (c *loadLine) appendValue(b []byte) []byte {
	b = appendSince(append(b, 0), c.since, c.seq)
	b[0] = byte(len(b) - 1)
	if c.kind == kindShared {
		return b
	}
	nth := uint64(c.Nth) << 1
	if c.Keep {
		nth |= 1
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(c.Index)), nth)
}

// loadedSince returns what of such a value the table will have.
func loadedSince(value []byte) []byte { return value[1 : 1+value[0]] }

// read reads what the pile has of a claim.
func (c *loadLine) read(key, value []byte) {
	line, rest, _ := takeUint64(key)
	c.Line, c.kind = phone.Line(line), rest[0]
	index, n := binary.Uvarint(value[1+value[0]:])
	nth, _ := binary.Uvarint(value[int(1+value[0])+n:])
	c.Index, c.Nth, c.Keep = int(index), int(nth>>1), nth&1 == 1
}

// judge refuses the lines that an earlier record, or a contact of another
// stream, claims, or keeps them, and counts the claimers of each.
func (l *loader) judge() error {
	var j prepare.LineJudge
	err := l.s.snapshot(func(v view) error {
		prefix := appendTable(nil, tableLine, l.info.domain)
		tally := l.st.tally(tableLine)
		var claims []prepare.LoadedClaim // of one line
		n := 0
		for e, err := range l.pile.sorted(tableLine) {
			if n++; err == nil && n%4096 == 0 {
				err = l.goOn()
			}
			if err != nil {
				return err
			}
			l.key = append(append(l.key[:0], prefix...), e.Key...)
			tally.add(entryCRC(l.key, loadedSince(e.Value)))
			var c loadLine
			if c.read(e.Key, e.Value); c.kind == kindShared {
				continue
			}
			if len(claims) > 0 && claims[0].Line != c.Line {
				if err := l.judgeLine(&j, v.Snapshot, claims); err != nil {
					return err
				}
				claims = claims[:0]
			}
			claims = append(claims, c.LoadedClaim)
		}
		return l.judgeLine(&j, v.Snapshot, claims)
	})
	if err == nil {
		err = l.err
	}
	if err != nil {
		return err
	}
	l.kept, err = j.Outcome()
	return err
}

// judgeLine judges those that claim one line.
func (l *loader) judgeLine(j *prepare.LineJudge, sn Snapshot, claims []prepare.LoadedClaim) error {
	if len(claims) == 0 {
		return nil
	}
	other, err := l.elsewhere(sn, claims[0].Line)
	if err != nil {
		return err
	}
	j.Judge(claims, other)
	if len(claims) > 1 {
		l.key = appendDupKey(l.key[:0], l.mark.id, claims[0].Line)
		l.value = appendOrd(l.value[:0], uint64(len(claims)))
		l.insert(l.key, l.value)
		l.st.duplicates++
	}
	return nil
}

// elsewhere reports whether a contact of another stream claims a line.
func (l *loader) elsewhere(sn Snapshot, line phone.Line) (bool, error) {
	if l.info.domain == l.mark.id {
		return false, nil
	}
	found := false
	from := appendHoldersKey(nil, l.info.domain, line, kindClaim)
	err := sn.Scan(from, prefixEnd(nil, from), false, func(_, _ []byte) bool {
		found = true
		return false
	})
	return found, err
}
