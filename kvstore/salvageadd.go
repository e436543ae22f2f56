package kvstore

import (
	"bytes"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// The kinds of what is known of a contact, in the order in which they are read.
const (
	traceRecord byte = iota // a value of tableRecord
	tracePast               // a value of tablePast
	traceEvent              // flags and the end of the batch
	traceID                 // the packed id
	traceName               // status and sort key
)

// noRevision is a number beyond all revisions that are believed.
const noRevision = 1 << 62

// sealedIn returns the table in which the checksum of an entry is right: the one
// that it was found in, if that has checksums, or another one, as what led to
// it may be damaged.
func (s *Salvager) sealedIn(table byte, rest, value []byte) (byte, bool) {
	if len(value) <= crcLen {
		return 0, false
	}
	s.key = append(append(s.key[:0], table), rest...)
	if sealed(table) {
		if _, ok := unseal(s.key, value); ok {
			return table, true
		}
	}
	for _, t := range [...]byte{tableRecord, tablePast, tableMeta, tableOp} {
		s.key[0] = t
		if _, ok := unseal(s.key, value); ok {
			return t, true
		}
	}
	return 0, false
}

// addSealed takes an entry whose checksum is right.
func (s *Salvager) addSealed(table byte, rest, value []byte, e Evidence) error {
	switch table {
	case tableMeta:
		s.meta.add(rest, value, e)
		return nil
	case tableRecord, tablePast:
	default:
		return nil // answers to batches do not come back
	}
	id, rest, ok := takeOrd(rest)
	seq, rest, ok2 := takeOrd(rest)
	revision, _, ok3 := record.Peek(value[crcLen:])
	kind := traceRecord
	if table == tablePast {
		kind = tracePast
		past, good := takeLastOrd(rest)
		ok = ok && good && past == revision
	} else {
		ok = ok && len(rest) == 0
	}
	if !ok || !ok2 || !ok3 || seq == 0 || revision < seq || revision >= noRevision {
		return nil
	}
	sc := s.meta.scope(id)
	sc.highest[e] = max(sc.highest[e], revision)
	if kind == traceRecord {
		sc.records[e] = true
	}
	return s.addTrace(id, seq, kind, revision, e, value)
}

// addPlain takes an entry that has no checksum.
func (s *Salvager) addPlain(table byte, rest, value []byte, e Evidence) error {
	if table == tableScope {
		name, ok := parseRegistryKey(append([]byte{tableScope}, rest...))
		id, ok2 := takeLastOrd(value)
		if ok && ok2 && prepare.Scope(name) == nil {
			s.meta.scope(id).register(name, checksum(append([]byte{tableScope}, rest...), value), e)
		}
		return nil
	}
	id, rest, ok := takeOrd(rest)
	if !ok {
		return nil
	}
	switch table {
	case tableFeed:
		f, ok := parseFeed(rest, value)
		if !ok || len(value) == 0 || f.seq == 0 || f.seq > f.revision || f.end >= noRevision {
			return nil
		}
		sc := s.meta.scope(id)
		sc.events[e] = max(sc.events[e], f.revision)
		s.value = append(s.value[:0], 0)
		if f.purged {
			s.value[0] = 1
		}
		s.value = appendUint64(s.value, f.end)
		return s.addTrace(id, f.seq, traceEvent, f.revision, e, s.value)
	case tableID:
		seq, ok := takeLastOrd(value)
		if _, good := record.IdentText(rest); !ok || !good || seq == 0 || seq >= noRevision {
			return nil
		}
		return s.addTrace(id, seq, traceID, 0, e, rest)
	case tableName:
		seq, name, ok := parseName(rest)
		if !ok || len(value) != 0 || seq == 0 || seq >= noRevision {
			return nil
		}
		return s.addTrace(id, seq, traceName, 0, e, name)
	}
	return nil
}

// parseName reads what in a key of tableName follows the scope.
func parseName(rest []byte) (seq uint64, name []byte, ok bool) {
	if len(rest) == 0 || rest[0] >= record.StatusPurged {
		return 0, nil, false
	}
	end := bytes.IndexByte(rest[1:], 0)
	if end < 0 {
		return 0, nil, false
	}
	seq, ok = takeLastOrd(rest[end+2:])
	return seq, rest[:end+1], ok
}

// formOf returns the table whose entries have the form of one without a checksum,
// 0 where there is none of use here. The forms of these three do not overlap with
// one another or those of other tables.
func formOf(rest, value []byte) byte {
	_, after, ok := takeOrd(rest)
	if !ok || len(after) == 0 {
		return 0
	}
	if f, ok := parseFeed(after, value); ok && len(value) > 0 && f.seq <= f.revision {
		return tableFeed
	}
	if len(value) == 0 {
		if _, _, ok := parseName(after); ok {
			return tableName
		}
		return 0
	}
	if text, ok := record.IdentText(after); ok && prepare.ValidID(text) {
		if _, ok := takeLastOrd(value); ok {
			return tableID
		}
	}
	return 0
}

// addTrace adds what is known of a contact.
func (s *Salvager) addTrace(id, seq uint64, kind byte, revision uint64, e Evidence, value []byte) error {
	s.key = append(appendUint64(appendUint64(s.key[:0], id), seq), kind)
	s.key = append(appendUint64(s.key, revision), byte(e))
	return s.traces.Add(s.key, value)
}

// salvageMeta is what was found beside contacts, which is kept in memory.
type salvageMeta struct {
	scopes   map[uint64]*foundScope
	accounts map[string]contacts.UniqueBy
	newer    uint64    // version of a header that this program does not know
	header   [3]header // by evidence, the latest
}

// foundScope is what was found of the scope of a short id. What is indexed by
// evidence has that of Present, Perhaps and Base apart.
type foundScope struct {
	id        uint64
	constants [3][]foundConstants
	states    [3][]state // the latest first, two at most of different revisions
	names     [3]map[contacts.Scope]uint32
	marked    [3]bool // a load into it has not ended
	records   [3]bool // there are some
	highest   [3]uint64
	events    [3]uint64

	st    *state // the one that is to be salvaged; nil: lost
	limit uint64 // what is beyond is of a commit that never ended
	doubt bool   // the state may not be the last one
}

// foundConstants are constants, and their checksum.
type foundConstants struct {
	constants
	crc uint32
}

// maxVariants bounds how many different entries of one key are kept.
const maxVariants = 16

func (m *salvageMeta) scope(id uint64) *foundScope {
	sc := m.scopes[id]
	if sc == nil {
		sc = &foundScope{id: id}
		m.scopes[id] = sc
	}
	return sc
}

func (sc *foundScope) register(name contacts.Scope, crc uint32, e Evidence) {
	if sc.names[e] == nil {
		sc.names[e] = make(map[contacts.Scope]uint32)
	}
	if len(sc.names[e]) < maxVariants {
		sc.names[e][name] = crc
	}
}

// add takes an entry of tableMeta, without that letter.
func (m *salvageMeta) add(rest, value []byte, e Evidence) {
	if len(rest) == 0 {
		return
	}
	what, body := rest[0], value[crcLen:]
	switch what {
	case metaHeader:
		var h header
		if len(rest) != 1 || !h.decode(body) {
			return
		}
		if h.version > formatVersion {
			m.newer = h.version
		}
		if h.next >= m.header[e].next {
			m.header[e] = h
		}
		return
	case metaAccount:
		var a account
		if a.decode(body) {
			m.accounts[string(rest[1:])] = a.uniqueBy
		}
		return
	}
	id, ok := takeLastOrd(rest[1:])
	if !ok {
		return
	}
	switch what {
	case metaConst:
		c := foundConstants{crc: sealedCRC(value)}
		if !c.decode(id, body) || prepare.Scope(c.scope) != nil || len(c.settings) > contacts.MaxSettings {
			return
		}
		sc := m.scope(id)
		same := func(o foundConstants) bool { return o.crc == c.crc }
		if len(sc.constants[e]) < maxVariants && !slices.ContainsFunc(sc.constants[e], same) {
			sc.constants[e] = append(sc.constants[e], c)
		}
	case metaState:
		var st state
		if st.decode(body) && st.first <= st.last && st.last < noRevision {
			sc := m.scope(id)
			sc.states[e] = withState(sc.states[e], st)
		}
	case metaLoad:
		m.scope(id).marked[e] = true
	}
}

// withState adds a state to the two latest, of different revisions.
func withState(list []state, st state) []state {
	for i := range list {
		switch o := &list[i]; {
		case st.last == o.last:
			if st.first > o.first || st.first == o.first && st.tally(tableOp).count >= o.tally(tableOp).count {
				*o = st
			}
			return list
		case st.last > o.last:
			list = slices.Insert(list, i, st)
			return list[:min(len(list), 2)]
		}
	}
	if len(list) < 2 {
		list = append(list, st)
	}
	return list
}
