package kvstore

import (
	"bytes"
	"fmt"
	"hash/crc32"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// A Verifier judges all entries of a store, as an engine reads them from a file
// before it trusts it: the checksum of each that carries one, and for every
// table of every scope the number of entries and the sum of their checksums. So
// it notices every entry that is lost, doubled, changed or out of date. It does
// not compare indexes with records, as Check does; it takes a tenth of the time.
//
// It is used by one goroutine at a time. Its memory grows with the number of
// scopes alone.
type Verifier struct {
	header   header
	headed   bool  // there is a header
	first    error // what was wrong before the header came, which may be of a newer version
	registry tally

	scopes     map[uint64]*verified
	accounts   map[string]*verifiedAccount
	unfinished map[uint64]bool // ids of loads that did not end

	// Of the entry before: its table, and that one's place; its scope.
	table byte
	place int
	id    uint64
	last  *verified
}

// verified is what was found of a scope.
type verified struct {
	off       [len(scopeTables)]tally // the entries that there are, less those that the state has
	scope     byte                    // which of the three entries below there are
	name      uint32                  // of the registry, without that of the constants
	constants uint32                  // checksum of the constants, without that which the state has
}

// The entries that every scope has.
const (
	hasRegistry = 1 << iota
	hasConstants
	hasState
	hasAll = hasRegistry | hasConstants | hasState
)

// verifiedAccount is how an account is unique, by its own entry and by its
// scopes'. Where each scope is its own domain, that is compared with the scope.
type verifiedAccount struct {
	entry, scopes       account
	hasEntry, hasScopes bool
}

// NewVerifier returns a Verifier that has seen nothing.
func NewVerifier() *Verifier {
	return &Verifier{place: -1, scopes: make(map[uint64]*verified), accounts: make(map[string]*verifiedAccount), unfinished: make(map[uint64]bool)}
}

// Add takes the next entry: every key once, in any order. It keeps neither
// slice. The error is one that no further entry can mend.
func (v *Verifier) Add(key, value []byte) error {
	err := v.add(key, value)
	if err != nil && !v.headed {
		if v.first == nil {
			v.first = err
		}
		return nil
	}
	return err
}

func (v *Verifier) add(key, value []byte) error {
	if len(key) == 0 {
		return &flaw{what: "a key of no bytes"}
	}
	table := key[0]
	if table != v.table {
		v.table, v.place = table, tableIndex(table)
	}
	i := v.place
	if i < 0 {
		switch table {
		case tableMeta:
			return v.meta(key, value)
		case tableScope:
			return v.scope(key, value)
		}
		return &flaw{table: table, what: "a table that is not known"}
	}
	id, rest, ok := takeOrd(key[1:])
	if ok && table == tableLine {
		id, ok = scopeOfLine(rest)
	}
	if !ok || !wholeKey(table, rest, value) {
		return &flaw{table: table, scope: id, what: "a key that cannot be read"}
	}
	crc := crc32.Checksum(key, castagnoli)
	switch {
	case !sealed(table):
		crc = crc32.Update(crc, castagnoli, value)
	case len(value) < crcLen || crc32.Update(crc, castagnoli, value[crcLen:]) != sealedCRC(value):
		f := &flaw{table: table, scope: id, what: "the checksum of an entry"}
		if table != tableOp {
			f.position, _, _ = takeOrd(rest)
		}
		return f
	default:
		crc = sealedCRC(value)
	}
	v.of(id).off[i].add(crc)
	return nil
}

// wholeKey reports whether rest, a key behind its scope, ends where it should.
// Where the value has no checksum of its own, that of the entry is the same wherever the
// key ends and the value begins.
func wholeKey(table byte, rest, value []byte) bool {
	ok := true
	switch table {
	case tableID:
		return record.WholeIdent(rest) && endsInOrd(value)
	case tableWord:
		end := bytes.IndexByte(rest, 0)
		return end >= 0 && endsInOrd(rest[end+1:])
	case tableName:
		_, _, ok = parseName(rest)
		return ok
	case tableDigits:
		_, rest, ok = takeReversed(rest)
		return ok && endsInOrd(rest)
	case tableFeed:
		return endsInOrd(rest)
	case tableEnded:
		if _, rest, ok = takeUint64(rest); ok {
			_, rest, ok = takeOrd(rest)
		}
		return ok && endsInOrd(rest)
	case tableDup:
		return len(rest) == 8
	}
	return true
}

func endsInOrd(b []byte) bool {
	_, ok := takeLastOrd(b)
	return ok
}

// of returns what was found of a scope.
func (v *Verifier) of(id uint64) *verified {
	if v.last == nil || id != v.id {
		sc := v.scopes[id]
		if sc == nil {
			sc = &verified{}
			v.scopes[id] = sc
		}
		v.id, v.last = id, sc
	}
	return v.last
}

// scope takes an entry of the registry.
func (v *Verifier) scope(key, value []byte) error {
	v.registry.add(entryCRC(key, value))
	name, ok := parseRegistryKey(key)
	id, ok2 := takeLastOrd(value)
	if !ok || !ok2 || v.of(id).scope&hasRegistry != 0 {
		return &flaw{table: tableScope, scope: id, what: "an entry of the registry"}
	}
	sc := v.of(id)
	sc.scope |= hasRegistry
	sc.name ^= checksum(registryKey(nil, name), nil)
	return nil
}

// meta takes an entry of tableMeta.
func (v *Verifier) meta(key, value []byte) error {
	body, ok := unseal(key, value)
	if !ok || len(key) < 2 {
		return &flaw{table: tableMeta, what: "the checksum of an entry"}
	}
	rest := key[2:]
	switch what := key[1]; what {
	case metaHeader:
		if len(rest) == 0 {
			return v.head(body)
		}
	case metaAccount:
		var a account
		if ok = a.decode(body); ok {
			to := v.account(string(rest))
			to.entry, to.hasEntry = a, true
			return nil
		}
	case metaConst, metaState, metaLoad:
		id, ok := takeLastOrd(rest)
		if ok {
			switch what {
			case metaConst:
				ok = v.constants(id, body, sealedCRC(value))
			case metaState:
				ok = v.state(id, body)
			default:
				ok = (&loadMark{}).decode(body)
				v.unfinished[id] = true
			}
		}
		if ok {
			return nil
		}
		return &flaw{table: tableMeta, scope: id, what: "an entry that cannot be read"}
	}
	return &flaw{table: tableMeta, what: "an entry that cannot be read"}
}

// head takes the header.
func (v *Verifier) head(body []byte) error {
	v.headed = true
	if err := v.header.judge(body); err != nil {
		return err
	}
	return v.first
}

// constants takes what of a scope seldom changes.
func (v *Verifier) constants(id uint64, body []byte, crc uint32) bool {
	var c constants
	if !c.decode(id, body) {
		return false
	}
	sc := v.of(id)
	sc.scope |= hasConstants
	sc.constants ^= crc
	sc.name ^= checksum(registryKey(nil, c.scope), nil)
	a := account{uniqueBy: c.info.uniqueBy, domain: c.info.domain}
	if a.uniqueBy == contacts.UniqueByStream {
		if a.domain != id {
			return false
		}
		a.domain = 0
	}
	to := v.account(c.scope.Account)
	if to.hasScopes && to.scopes != a {
		return false
	}
	to.scopes, to.hasScopes = a, true
	return true
}

func (v *Verifier) account(name string) *verifiedAccount {
	a := v.accounts[name]
	if a == nil {
		a = &verifiedAccount{}
		v.accounts[name] = a
	}
	return a
}

// state takes what of a scope changes with every commit.
func (v *Verifier) state(id uint64, body []byte) bool {
	var st state
	if !st.decode(body) || st.first > st.last {
		return false
	}
	sc := v.of(id)
	sc.scope |= hasState
	sc.constants ^= st.constCRC
	for i, t := range st.tallies {
		sc.off[i] = sc.off[i].less(t)
	}
	return true
}

// Finish says whether all that was added is a whole, sound store. Its errors,
// like Add's, wrap contacts.ErrDamaged, or contacts.ErrNewer, and name a table
// and a position, and nothing that a contact holds.
func (v *Verifier) Finish() error {
	switch {
	case v.first != nil:
		return v.first
	case !v.headed && len(v.scopes)+len(v.accounts)+len(v.unfinished) == 0:
		return nil // nothing was ever written
	case !v.headed:
		return &flaw{table: tableMeta, what: "the header is missing"}
	case v.registry != v.header.scopes:
		return &flaw{table: tableScope, what: v.registry.less(v.header.scopes).off()}
	}
	for _, a := range v.accounts {
		if a.hasEntry != a.hasScopes || a.entry != a.scopes {
			return &flaw{table: tableMeta, what: "an account and its scopes"}
		}
	}
	for id, sc := range v.scopes {
		if err := v.finishScope(id, sc); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verifier) finishScope(id uint64, sc *verified) error {
	if sc.scope == 0 && v.unfinished[id] {
		return nil
	}
	for i := range scopeTables {
		if sc.scope == 0 && sc.off[i].count > 0 {
			return &flaw{table: scopeTables[i], scope: id, what: "entries of a scope that does not exist"}
		}
	}
	if sc.scope != hasAll || v.unfinished[id] || sc.name != 0 || sc.constants != 0 || id == 0 || id >= v.header.next {
		return &flaw{table: tableMeta, scope: id, what: "state and constants of the scope"}
	}
	for i := range scopeTables {
		if sc.off[i] != (tally{}) {
			return &flaw{table: scopeTables[i], scope: id, what: sc.off[i].off()}
		}
	}
	return nil
}

// off says what is wrong where t, the tally of the entries that there are less
// that of those which should be there, is not zero.
func (t tally) off() string {
	switch n := int64(t.count); {
	case n < 0:
		return fmt.Sprintf("%d entries are missing", -n)
	case n > 0:
		return fmt.Sprintf("%d entries are too many", n)
	}
	return "an entry is not as it was written"
}

// A flaw is an entry, or a table, that is not as kvstore wrote it. It quotes
// nothing of what a contact holds.
type flaw struct {
	table           byte
	scope, position uint64
	what            string
}

// tableTitles says what the tables are, for people.
var tableTitles = map[byte]string{
	tableMeta: "settings", tableScope: "list of scopes", tableRecord: "contacts", tablePast: "history", tableID: "index of ids",
	tableLine: "index of numbers", tableWord: "index of words", tableDigits: "index of last digits", tableName: "order by name",
	tableFeed: "feed", tableEnded: "history of numbers", tableDup: "list of duplicates", tableOp: "answers to batches",
}

func (f *flaw) Error() string {
	title := tableTitles[f.table]
	if title == "" {
		title = "unknown"
	}
	return fmt.Sprintf("%s, table %q, scope %d, position %d: %s", title, f.table, f.scope, f.position, f.what)
}

func (f *flaw) Unwrap() error { return contacts.ErrDamaged }
