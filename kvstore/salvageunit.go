package kvstore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// unit is one scope that is to be restored.
type unit struct {
	id          uint64
	found, base bool // what counts: what was found, Base, or both
	scope       contacts.Scope
	unnamed     bool
	settings    []byte
	index       contacts.IndexVersion
	st          *state // of what was found, or where that does not count, of Base; nil: lost
	last        uint64 // the highest revision that there is a trace of
	limit       uint64 // what was found beyond is not believed
	doubt       bool   // the state may not be the last one
	behind      bool   // what was found does not count, as it is of another feed than Base

	records, past, events [2]bool // all there, as survey has them

	next uint64 // revision that is to be covered
	gap  uint64 // the last revision of which nothing is known

	trimmed uint64 // Stat.First of an earlier state
}

// first returns up to where the scope was trimmed at least.
func (u *unit) first() uint64 {
	if u.st == nil {
		return u.trimmed
	}
	return u.st.first
}

// choose finds the state of what was found of a scope: the one that its tables
// are compared with. In doubt it is the latest that there is.
func (sc *foundScope) choose(doubt bool) {
	present, others := sc.states[Present], sc.states[Perhaps]
	highest := max(sc.highest[Present], sc.events[Present])
	if doubt || len(present) == 0 {
		highest = max(highest, sc.highest[Perhaps], sc.events[Perhaps])
	}
	sc.st, sc.limit, sc.doubt = nil, noRevision, doubt
	for _, list := range [][]state{present, others} {
		for i := range list {
			st := &list[i]
			if st.last >= highest && (sc.st == nil || doubt && st.last > sc.st.last) {
				sc.st = st
			}
		}
	}
	if sc.st != nil && !doubt {
		sc.limit = sc.st.last
	}
}

// later returns a state beyond the one that was chosen, nil where there is none.
// Where there are several, they cannot be what one commit left that never ended.
func (sc *foundScope) later() (st *state, several bool) {
	others := sc.states[Perhaps]
	if sc.st == nil || sc.doubt || len(others) == 0 || others[0].last <= sc.st.last {
		return nil, false
	}
	return &others[0], len(others) > 1 && others[1].last > sc.st.last
}

// first returns up to where the scope was trimmed, at least.
func (sc *foundScope) first() (first uint64) {
	if sc.st != nil {
		return sc.st.first
	}
	for e := range sc.states {
		for i := range sc.states[e] {
			first = max(first, sc.states[e][i].first)
		}
	}
	return first
}

// constant returns the constants that belong to a state, or else any there are.
func (sc *foundScope) constant(st *state, from ...Evidence) *foundConstants {
	var any *foundConstants
	for _, e := range from {
		for i := range sc.constants[e] {
			c := &sc.constants[e][i]
			if st != nil && c.crc == st.constCRC {
				return c
			}
			if any == nil {
				any = c
			}
		}
	}
	return any
}

// name returns the name that the registry has for the scope.
func (sc *foundScope) name(from ...Evidence) (contacts.Scope, bool) {
	for _, e := range from {
		for name := range sc.names[e] {
			return name, true
		}
	}
	return contacts.Scope{}, false
}

// registered returns of which evidence what was found of the registry is all that
// there was, nil where none is.
func (m *salvageMeta) registered() []Evidence {
	for _, from := range [][]Evidence{{Present}, {Present, Perhaps}} {
		var h header
		var found tally
		for _, e := range from {
			if m.header[e].next > h.next {
				h = m.header[e]
			}
			for _, sc := range m.scopes {
				for _, crc := range sc.names[e] {
					if e != Perhaps || len(sc.names[Present]) == 0 {
						found.add(crc)
					}
				}
			}
		}
		if h.version != 0 && h.scopes == found {
			return from
		}
	}
	return nil
}

// has reports whether there is anything of a scope with that evidence.
func (sc *foundScope) has(e Evidence) bool {
	return sc.records[e] || len(sc.constants[e])+len(sc.states[e])+len(sc.names[e]) > 0
}

// there reports whether a scope was there in what was found: registry is as of
// registered, and doubt says that what is Present may not be all.
func (sc *foundScope) there(registry []Evidence, doubt bool) bool {
	if sc.marked[Present] {
		return false // a load that did not end
	}
	if registry != nil {
		_, ok := sc.name(registry...)
		return ok
	}
	return sc.has(Present) || doubt && sc.has(Perhaps)
}

// units plans what is to be restored, in order of short id.
func (m *salvageMeta) units(surveys map[uint64]*survey) []*unit {
	registry, doubt := m.registered(), true
	for _, sc := range m.scopes {
		doubt = doubt && (sc.doubt || !sc.has(Present))
	}
	var units []*unit
	taken := make(map[contacts.Scope]bool)
	for _, id := range slices.Sorted(maps.Keys(m.scopes)) {
		sc := m.scopes[id]
		if len(sc.constants[Base]) > 0 {
			u := m.ofBase(sc, surveys[id])
			taken[u.scope] = true
			units = append(units, u)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.scopes)) {
		sc := m.scopes[id]
		if !sc.there(registry, doubt) {
			continue
		}
		if i := slices.IndexFunc(units, func(u *unit) bool { return u.id == id && u.base }); i >= 0 && units[i].found {
			continue
		}
		u := &unit{id: id, found: true}
		m.fill(u, sc)
		if c := sc.constant(sc.st, Present, Perhaps); c != nil {
			u.scope = c.scope
		} else if name, ok := sc.name(Present, Perhaps); ok {
			u.scope = name
		} else {
			u.unnamed = true
		}
		if !u.unnamed && taken[u.scope] {
			if slices.ContainsFunc(units, func(o *unit) bool { return o.base && o.scope == u.scope }) || !sc.records[Present] {
				continue // Base counts alone, or what was there before a load
			}
			u.unnamed = true
		}
		for n := id; u.unnamed && (u.scope == contacts.Scope{} || taken[u.scope]); n++ {
			u.scope = contacts.Scope{Account: u.scope.Account, Stream: fmt.Sprintf("recovered-%d", n)}
		}
		taken[u.scope] = true
		units = append(units, u)
	}
	slices.SortStableFunc(units, func(a, b *unit) int { return cmp.Compare(a.id, b.id) })
	for _, u := range units {
		u.prove(surveys[u.id])
	}
	return units
}

// ofBase plans a scope that Base has.
func (m *salvageMeta) ofBase(sc *foundScope, sv *survey) *unit {
	u := &unit{id: sc.id, base: true}
	base := &sc.constants[Base][0]
	u.scope = base.scope
	same := sv != nil && sv.same > 0 && sv.other == 0
	if c := sc.constant(sc.st, Present, Perhaps); c != nil {
		same = c.info.epoch == base.info.epoch && c.scope == base.scope
	}
	if u.found = same; same {
		m.fill(u, sc)
	} else {
		u.behind = sc.has(Present) || sc.has(Perhaps)
	}
	if len(sc.states[Base]) > 0 {
		st := &sc.states[Base][0]
		if !u.found {
			u.st = st
		}
		if u.st == nil || !u.found {
			u.index = indexOfState(st)
		}
		u.last = max(u.last, st.last)
	}
	if u.settings == nil {
		u.settings = base.settings
	}
	return u
}

// fill takes over what was found of a scope.
func (m *salvageMeta) fill(u *unit, sc *foundScope) {
	u.st, u.limit, u.doubt = sc.st, sc.limit, sc.doubt
	if c := sc.constant(sc.st, Present, Perhaps); c != nil {
		u.settings = c.settings
	}
	if sc.st != nil {
		u.index, u.last = indexOfState(sc.st), sc.st.last
		return
	}
	u.last, u.trimmed = max(sc.highest[Present], sc.highest[Perhaps]), sc.first()
	for _, o := range slices.Sorted(maps.Keys(m.scopes)) {
		if st := m.scopes[o].st; st != nil { // what wrote one has probably written all
			u.index = indexOfState(st)
			return
		}
	}
}

// indexOfState returns what a scope is to be loaded as indexed by: where it was
// just being brought to another version, by none, so that this begins anew.
func indexOfState(st *state) contacts.IndexVersion {
	if st.reindexing {
		return contacts.IndexVersion{}
	}
	return st.index
}

// prove compares what was found with the tallies of the state.
func (u *unit) prove(sv *survey) {
	if sv == nil {
		sv = &survey{}
	}
	if u.st == nil || !u.found {
		return
	}
	for i := range 2 {
		u.records[i] = sv.records[i] == *u.st.tally(tableRecord)
		u.past[i] = sv.past[i] == *u.st.tally(tablePast)
		u.events[i] = sv.events[i] == *u.st.tally(tableFeed)
	}
}

// compareScopes orders scopes as Store.Scopes does.
func compareScopes(a, b contacts.Scope) int {
	return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Stream, b.Stream))
}
