package kvstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
	"github.com/callerbook/contacts/internal/record"
)

// survey has what the found entries of a scope come to: first those that are
// Present, then all, as far as they can be of one state.
type survey struct {
	records, past, events [2]tally
	later                 uint64 // revisions of a later state
	same, other           int    // contacts that are one in Base and in what was found, or not
}

// surveyor reads all traces once, before any is judged.
type surveyor struct {
	s       *Salvager
	marks   *extsort.Sorter // revisions and ids, and whose they are
	surveys map[uint64]*survey
	key     []byte // scratch
	value   []byte // scratch
	list    []mark // scratch
}

// mark says that a revision is a contact's.
type mark struct {
	revision uint64
	loads    bool // a record may come back under it
	strong   bool // there is good evidence
	base     bool
}

// The kinds of entries among marks.
const (
	markRevision byte = iota
	markID
)

// survey reads all traces. The marks of the surveyor are the caller's to close.
func (s *Salvager) survey(ctx context.Context, doubt bool) (*surveyor, error) {
	for _, sc := range s.meta.scopes {
		sc.choose(doubt)
	}
	v := &surveyor{s: s, marks: s.sorter(), surveys: make(map[uint64]*survey)}
	n := 0
	for t, err := range traces(s.traces.Sorted()) {
		if n++; err == nil && n%1024 == 0 {
			err = ctx.Err()
		}
		if err == nil {
			err = v.take(t)
		}
		if err != nil {
			_ = v.marks.Close()
			return nil, err
		}
	}
	return v, nil
}

// behind reports whether there is a later state than the one that is Present,
// which is more than what a commit left that never ended: there are several, or
// all that it wrote is there.
func (v *surveyor) behind() bool {
	for id, sc := range v.s.meta.scopes {
		st, several := sc.later()
		if sv := v.surveys[id]; several || st != nil && sv != nil && sv.later == st.last-sc.st.last {
			return true
		}
	}
	return false
}

// between counts the states that were found of revisions after one, up to another.
func (t *trace) between(after, upTo uint64) (n uint64) {
	for _, list := range [][]stored{t.past, t.records} {
		for i, r := range list {
			twice := i > 0 && list[i-1].revision == r.revision
			if r.evidence != Base && after < r.revision && r.revision <= upTo && !twice {
				n++
			}
		}
	}
	return n
}

// take adds a trace to the survey of its scope.
func (v *surveyor) take(t *trace) error {
	sc := v.s.meta.scopes[t.scope]
	if sc == nil {
		return nil
	}
	sv := v.surveys[t.scope]
	if sv == nil {
		sv = &survey{}
		v.surveys[t.scope] = sv
	}
	if st, _ := sc.later(); st != nil {
		sv.later += t.between(sc.st.last, st.last)
	}
	t.believe(&unit{found: true, base: true, limit: sc.limit})
	found, base := t.latest(true), t.ofBase()
	if r := t.latest(false); r != nil {
		sv.records[0].add(sealedCRC(r.value))
	}
	if found != nil {
		sv.records[1].add(sealedCRC(found.value))
	}
	for _, r := range t.records {
		if base != nil && r.evidence != Base && r.revision == base.revision {
			if string(record.IdentOf(r.body())) == string(record.IdentOf(base.body())) {
				sv.same++
			} else {
				sv.other++
			}
			break
		}
	}
	v.past(t, sc, sv)
	v.events(t, sc, sv)
	return v.mark(t, found, base)
}

// past adds the superseded states. Those of before the scope's first revision
// are only there where a Trim has not ended.
func (v *surveyor) past(t *trace, sc *foundScope, sv *survey) {
	for _, r := range t.states(false) {
		if r.evidence == Present {
			sv.past[0].add(sealedCRC(r.value))
		}
	}
	for _, r := range t.states(true) {
		if r.evidence == Present || r.evidence == Perhaps && r.revision > sc.first() {
			sv.past[1].add(sealedCRC(r.value))
		}
	}
}

// events adds the feed. Of before the scope's first revision it has no more than
// the events that contacts are at.
func (v *surveyor) events(t *trace, sc *foundScope, sv *survey) {
	for i, h := range t.events {
		if h.evidence == Base || i > 0 && t.events[i-1].revision == h.revision && t.events[i-1].evidence != Base {
			continue
		}
		v.key = appendFeedKey(v.key[:0], t.scope, h.revision)
		v.value = appendFeedValue(v.value[:0], feedEntry{revision: h.revision, seq: t.seq, end: h.end, purged: h.purged})
		crc := checksum(v.key, v.value)
		if h.evidence == Present {
			sv.events[0].add(crc)
		}
		if h.evidence == Present || h.revision > sc.first() || i == len(t.events)-1 {
			sv.events[1].add(crc)
		}
	}
}

// mark notes whose the revisions and ids are that a trace tells of.
func (v *surveyor) mark(t *trace, found, base *stored) error {
	list := append(v.list[:0], mark{revision: t.seq, loads: true, strong: t.sure()})
	for _, r := range t.past {
		list = append(list, mark{r.revision, true, r.evidence != Perhaps, r.evidence == Base})
	}
	for _, h := range t.events {
		list = append(list, mark{h.revision, false, h.evidence != Perhaps, h.evidence == Base})
	}
	for _, r := range []*stored{found, base} {
		if r == nil {
			continue
		}
		list = append(list, mark{r.revision, true, r.evidence != Perhaps, r.evidence == Base})
		v.key = append(append(appendUint64(v.key[:0], t.scope), markID), record.IdentOf(r.body())...)
		if err := v.add(t.seq, mark{0, true, r.evidence != Perhaps, r.evidence == Base}); err != nil {
			return err
		}
	}
	v.list = list
	slices.SortFunc(list, func(a, b mark) int { return cmp.Compare(a.revision, b.revision) })
	for i, m := range list {
		if i > 0 && m == list[i-1] {
			continue
		}
		v.key = append(appendUint64(v.key[:0], t.scope), markRevision)
		v.key = appendUint64(v.key, m.revision)
		if err := v.add(t.seq, m); err != nil {
			return err
		}
	}
	return nil
}

// sure reports whether anything of a trace is of the state that was found.
func (t *trace) sure() bool {
	present := func(r stored) bool { return r.evidence == Present }
	return slices.ContainsFunc(t.records, present) || slices.ContainsFunc(t.past, present) ||
		slices.ContainsFunc(t.ids, func(o told) bool { return o.evidence == Present })
}

func (v *surveyor) add(seq uint64, m mark) error {
	var flags byte
	for i, is := range [...]bool{m.loads, m.strong, m.base} {
		if is {
			flags |= 1 << i
		}
	}
	v.value = append(appendUint64(v.value[:0], seq), flags)
	return v.marks.Add(v.key, v.value)
}

// claim names what of a contact may not come back, as it is another one's: its
// revision, or where that is 0, its id.
type claim struct {
	unit     *unit
	seq      uint64
	revision uint64
}

// maxClaims bounds how many there are before nothing is believed.
const maxClaims = 1 << 16

// settle finds for each unit the last revision that nothing is known of, and
// what contradicts itself: a revision or an id of two contacts.
func (v *surveyor) settle(ctx context.Context, units []*unit) (map[claim]bool, error) {
	lost := make(map[claim]bool)
	of := make(map[uint64][]*unit)
	for _, u := range units {
		of[u.id] = append(of[u.id], u)
		u.next = u.first() + 1
	}
	type holder struct {
		mark
		seq uint64
	}
	var last []byte
	held := make(map[*unit]holder)
	n := 0
	for e, err := range v.marks.Sorted() {
		if n++; err == nil && n%4096 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		id, rest, _ := takeUint64(e.Key)
		kind, rest := rest[0], rest[1:]
		seq, flags, _ := takeUint64(e.Value)
		m := mark{loads: flags[0]&1 != 0, strong: flags[0]&2 != 0, base: flags[0]&4 != 0}
		if kind == markRevision {
			m.revision, _, _ = takeUint64(rest)
		}
		if string(last) != string(e.Key) {
			last = append(last[:0], e.Key...)
			clear(held)
		}
		for _, u := range of[id] {
			if m.base && !u.base || !m.base && !u.found {
				continue
			}
			if kind == markRevision {
				u.cover(m.revision)
			}
			if !m.loads {
				continue
			}
			h, taken := held[u]
			if !taken {
				held[u] = holder{m, seq}
				continue
			}
			if h.seq == seq {
				continue
			}
			if m.strong && !h.strong {
				held[u] = holder{m, seq}
				seq = h.seq
			}
			if len(lost) >= maxClaims {
				return nil, fmt.Errorf("kvstore: what was found contradicts itself throughout: %w", contacts.ErrDamaged)
			}
			lost[claim{u, seq, m.revision}] = true
		}
	}
	for _, u := range units {
		if u.st != nil && u.next <= u.st.last {
			u.gap = u.st.last
		}
	}
	return lost, nil
}

// cover notes a revision that is known; they come in order.
func (u *unit) cover(revision uint64) {
	if revision > u.next {
		u.gap = revision - 1
	}
	u.next = max(u.next, revision+1)
}
