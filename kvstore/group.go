package kvstore

import (
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/queue"
	"github.com/callerbook/contacts/phone"
)

// A group is the set of batches that one commit makes true. Its leader judges
// them one after the other; what a batch sees is the snapshot plus what the
// batches before it changed: states of scopes and claimers of lines, kept in
// maps here. A batch that would have to see more, a contact or an op that the
// group has written, waits for the next group.
type group struct {
	s   *Store
	sn  Snapshot       // while batches are judged
	age uint64         // of the scope cache when sn was taken
	own *queue.Request // the leader's

	held     []*queue.Request // answered when the commit is done
	deferred []*queue.Request // left to the next group
	count    int              // of requests taken
	writes   int
	built    bool // there is something to commit
	closed   bool // no further batch fits in

	b     builder
	key   []byte // scratch
	value []byte // scratch

	recordKey []byte // scratch
	header    header
	hasHead   bool // header was read
	newHead   bool // header is to be written
	scopes    map[contacts.Scope]*scopeState
	accounts  map[string]account // made by this group
	lines     map[lineRef]*judge.Line
	touched   map[contactRef]struct{}
	ops       map[opRef]struct{}
	dups      map[dupRef]*dupCount
	serial    uint64 // of the batch that is judged
	plans     []plan
}

type (
	lineRef struct {
		domain uint64
		line   phone.Line
	}
	contactRef struct {
		scope contacts.Scope
		id    string
	}
	opRef struct {
		scope contacts.Scope
		op    string
	}
	dupRef struct {
		scope *scopeState
		line  phone.Line
	}
	// dupCount has the number of claimers as stored and as it will be, 0
	// where there are less than two.
	dupCount struct{ old, new uint64 }
)

// scopeState is a scope as it is after the batches judged so far.
type scopeState struct {
	name contacts.Scope
	info *scopeInfo
	state
	settings   []byte // where newConsts is set
	newConsts  bool   // constants are to be written
	newScope   bool   // the scope comes into being with this group
	newAccount bool   // so does its account
	changed    bool   // there is something to write
	news       bool   // there are new events
	newIndex   bool   // what it is indexed by is another
}

// maxKept bounds the entries of a map that a group leaves for the next.
const maxKept = 1 << 10

// reset makes g ready for the next group.
func (g *group) reset() {
	g.held, g.deferred = g.held[:0], g.deferred[:0]
	g.count, g.writes, g.built, g.closed = 0, 0, false, false
	g.hasHead, g.newHead, g.header = false, false, header{}
	g.sn, g.own = nil, nil
	g.b.reset()
	g.scopes = emptied(g.scopes)
	g.accounts = emptied(g.accounts)
	g.lines = emptied(g.lines)
	g.touched = emptied(g.touched)
	g.ops = emptied(g.ops)
	g.dups = emptied(g.dups)
	if cap(g.plans) > maxKept {
		g.plans = nil
	}
	clear(g.plans)
}

func emptied[K comparable, V any](m map[K]V) map[K]V {
	if m == nil || len(m) > maxKept {
		return make(map[K]V)
	}
	clear(m)
	return m
}

// runGroup judges own and what else waits, commits, and answers.
func (s *Store) runGroup(own *queue.Request) {
	g := &s.group
	g.reset()
	g.s, g.own = s, own
	g.held = append(g.held, own) // answered whatever happens, also where there is no snapshot
	answered := false
	defer func() {
		if answered {
			g.reset() // keeps nothing of the engine's alive
			return
		}
		// The engine panicked: the others must not wait for ever.
		g.doubt()
		for _, r := range g.held {
			if r != own {
				r.Finish(own, contacts.Applied{}, fmt.Errorf("%s: the engine panicked: %w", s.name, contacts.ErrCommitUnknown))
			}
		}
		s.queue.PutBack(g.deferred)
	}()

	err := s.snapshot(func(v view) error {
		g.sn, g.age = v.Snapshot, v.age
		defer func() { g.sn = nil }()
		g.evaluate(own)
		for r := g.next(); r != nil; r = g.next() {
			g.held = append(g.held, r)
			g.evaluate(r)
		}
		g.finishScopes()
		return nil
	})
	s.queue.PutBack(g.deferred)
	s.queue.Note(len(g.held))
	g.deferred = g.deferred[:0]
	if err == nil && g.built {
		for _, sc := range g.scopes {
			if sc != nil && sc.newIndex {
				s.scopes.doubtIndex()
			}
		}
		err = s.commit(&Batch{Ops: g.b.ops()})
	}
	if err == nil {
		g.publish()
	} else {
		g.doubt()
	}
	for _, r := range g.held {
		if err != nil {
			r.Finish(own, contacts.Applied{}, err)
		} else {
			r.Finish(own, r.Applied, r.Err)
		}
	}
	answered = true
}

// next takes another request into the group, if one waits and it has room.
func (g *group) next() *queue.Request {
	if g.closed || g.count >= queue.GroupRequests || g.writes >= queue.GroupWrites || g.b.size() >= queue.GroupBytes {
		return nil
	}
	return g.s.queue.Take()
}

// outcome says when a batch is answered.
type outcome byte

const (
	atOnce      outcome = iota // nothing was changed on its account
	afterCommit                // it is part of the group
	later                      // it is left to the next group
)

// evaluate judges one request, the last of those held.
func (g *group) evaluate(r *queue.Request) {
	g.count++
	letGo := func() { g.held = g.held[:len(g.held)-1] }
	if err := r.Ctx.Err(); err != nil {
		letGo()
		r.Finish(g.own, contacts.Applied{}, err)
		return
	}
	relied := g.built // on what is not committed yet
	a, when, err := g.apply(r.Batch)
	switch {
	case when == later:
		letGo()
		g.deferred = append(g.deferred, r)
	case when == atOnce && !relied:
		letGo()
		r.Finish(g.own, a, err)
	default:
		r.Applied, r.Err = a, err
	}
}

// doubt is for a commit that failed, or of which nobody knows: what is cached
// may be wrong, and there may be news.
func (g *group) doubt() {
	g.s.scopes.drop()
	g.s.news.WakeAll()
}

// publish makes known what was committed.
func (g *group) publish() {
	for name, sc := range g.scopes {
		if sc == nil {
			continue
		}
		if sc.newScope {
			_, age := g.s.scopes.get(name)
			g.s.scopes.put(name, sc.info, age)
		}
		if sc.newIndex {
			g.s.scopes.drop()
		}
		if sc.news {
			g.s.news.Wake(name)
		}
	}
}

// scope returns the state of a scope, nil where it does not exist.
func (g *group) scope(name contacts.Scope) (*scopeState, error) {
	if sc, ok := g.scopes[name]; ok {
		return sc, nil
	}
	info, err := g.s.find(view{g.sn, g.age}, name)
	if err != nil {
		return nil, err
	}
	if info == nil {
		g.scopes[name] = nil
		return nil, nil
	}
	sc := &scopeState{name: name, info: info}
	ok, err := g.s.readState(g.sn, info.id, &sc.state)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, g.s.damaged(tableMeta, info.id, 0, "the state of the scope is missing")
	}
	g.scopes[name] = sc
	return sc, nil
}

// account returns how an account's numbers are unique, and whether it exists.
func (g *group) account(name string) (account, bool, error) {
	if a, ok := g.accounts[name]; ok {
		return a, true, nil
	}
	body, ok, err := g.s.getMeta(g.sn, accountKey(nil, name), 0)
	if err != nil || !ok {
		return account{}, false, err
	}
	var a account
	if !a.decode(body) {
		return a, false, g.s.damaged(tableMeta, 0, 0, "an account")
	}
	return a, true, nil
}

// insert adds an entry that is not there.
func (g *group) insert(st *state, key, value []byte) {
	g.b.put(key, value)
	st.tally(key[0]).add(entryCRC(key, value))
}

// replace puts another value under a key whose entry has that checksum.
func (g *group) replace(st *state, key []byte, oldCRC uint32, value []byte) {
	g.b.put(key, value)
	t := st.tally(key[0])
	t.sub(oldCRC)
	t.add(entryCRC(key, value))
}

// remove takes out an entry that has that checksum.
func (g *group) remove(st *state, key []byte, crc uint32) {
	g.b.del(key)
	st.tally(key[0]).sub(crc)
}

// finishScopes adds to the commit what the batches together come to: numbers of
// claimers, states of scopes, and the registry.
func (g *group) finishScopes() {
	for ref, n := range g.dups {
		key := appendDupKey(nil, ref.scope.info.id, ref.line)
		st := &ref.scope.state
		switch {
		case n.old == n.new:
		case n.new == 0:
			g.remove(st, key, entryCRC(key, appendOrd(nil, n.old)))
		case n.old == 0:
			g.insert(st, key, appendOrd(nil, n.new))
		default:
			g.replace(st, key, entryCRC(key, appendOrd(nil, n.old)), appendOrd(nil, n.new))
		}
	}
	for name, sc := range g.scopes {
		if sc == nil || !sc.changed {
			continue
		}
		if sc.newConsts {
			c := constants{scope: name, info: *sc.info, settings: sc.settings}
			key := scopeMetaKey(nil, metaConst, sc.info.id)
			v := seal(key, c.encode())
			sc.constCRC = sealedCRC(v)
			g.b.put(key, v)
		}
		if sc.newScope {
			key, v := registryKey(nil, name), appendOrd(nil, sc.info.id)
			g.b.put(key, v)
			g.header.scopes.add(entryCRC(key, v))
		}
		if sc.newAccount {
			a := g.accounts[name.Account]
			key := accountKey(nil, name.Account)
			g.b.put(key, seal(key, a.encode()))
		}
		g.key = scopeMetaKey(g.key[:0], metaState, sc.info.id)
		g.value = sc.state.encode(g.value[:0])
		g.b.put(g.key, seal(g.key, g.value))
	}
	if g.newHead {
		key := headerKey(nil)
		g.b.put(key, seal(key, g.header.encode()))
	}
}
