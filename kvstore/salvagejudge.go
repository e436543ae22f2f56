package kvstore

import (
	"bytes"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// A verdict says what becomes of a contact: the state that comes back; or that it
// was purged at a revision; or, if neither, that it is left out, with the state
// that it is left out with, nil where none may be shown.
type verdict struct {
	state  *stored
	purged uint64
	left   *stored
}

// judge judges what is known of a contact.
func (u *unit) judge(t *trace) verdict {
	base := t.ofBase()
	if !u.found {
		return verdict{state: base}
	}
	v := u.judgeFound(t)
	switch {
	case base == nil, v.purged != 0, v.state != nil && v.state.revision >= base.revision:
		return v
	case v.state != nil || base.blank():
		return verdict{state: base}
	}
	top, past, _, wiped := t.later(false)
	found := t.latest(true)
	switch {
	case wiped:
		return verdict{}
	case top > base.revision, past >= base.revision, found != nil && found.revision > base.revision, t.named(base, u.doubt) == denies:
		if v.left == nil || v.left.revision < base.revision {
			v.left = base
		}
		return v
	}
	return verdict{state: base}
}

// judgeFound judges without Base.
func (u *unit) judgeFound(t *trace) verdict {
	best := t.latest(!u.records[0] || u.doubt)
	top, past, purged, wiped := t.later(u.events[0] && !u.doubt)
	superseded := best != nil && (past >= best.revision || top > best.revision)
	switch {
	case (u.records[0] || u.records[1]) && !(u.doubt && superseded), best != nil && best.blank():
		return verdict{state: best}
	case best == nil && purged == 0 && !wiped:
		return verdict{left: t.newest()}
	case best == nil || wiped:
		return verdict{purged: purged}
	}
	counts := best.evidence == Present && !superseded && t.named(best, u.doubt) != denies
	switch {
	case u.doubt && superseded:
	case u.events[0] || u.events[1]:
		counts = top == best.revision || top < best.revision && best.revision == t.seq
	case u.past[0] && best.revision > u.first():
		counts = !t.has(best.revision, false)
	case u.past[1] && best.revision > u.first():
		counts = !t.has(best.revision, true)
	case best.revision > u.gap:
		counts = !superseded
	}
	if best.evidence == Perhaps && (t.named(best, u.doubt) == denies || t.identified(best, u.doubt) == denies) {
		counts = false
	}
	switch {
	case counts:
		return verdict{state: best}
	case purged > best.revision:
		return verdict{purged: purged}
	}
	return verdict{left: t.newest()}
}

// later returns the last event and the last superseded state that were found, when
// the contact was purged, and whether a state shows that it was. With sure, only
// events that are Present count.
func (t *trace) later(sure bool) (top, past, purged uint64, wiped bool) {
	for _, h := range t.events {
		if h.evidence == Present || h.evidence == Perhaps && !sure {
			top = max(top, h.revision)
			if h.purged {
				purged = h.revision
			}
		}
	}
	for _, r := range t.past {
		if r.evidence != Base {
			past = max(past, r.revision)
			wiped = wiped || r.blank()
		}
	}
	return top, past, purged, wiped
}

// has reports whether a revision, or a later one, is among those superseded.
func (t *trace) has(revision uint64, others bool) bool {
	for _, r := range t.past {
		if r.revision >= revision && (r.evidence == Present || others && r.evidence == Perhaps) {
			return true
		}
	}
	return false
}

// newest returns the latest state that was found, superseded or not.
func (t *trace) newest() *stored {
	best := t.latest(true)
	for i := range t.past {
		if r := &t.past[i]; !r.blank() && (best == nil || r.revision > best.revision) {
			best = r
		}
	}
	return best
}

// support is what an index says of a record.
type support int

const (
	silent support = iota
	denies
	confirms
)

// named asks the order of names: what of it is Present, or with others all of it.
func (t *trace) named(r *stored, others bool) support {
	var h record.Held
	_, status, _ := record.Peek(r.body())
	if !record.DecodeHeld(r.body(), &h) {
		return denies
	}
	return asked(t.names, others, append([]byte{status}, h.Sort...))
}

// identified asks the index of ids.
func (t *trace) identified(r *stored, others bool) support {
	return asked(t.ids, others, record.IdentOf(r.body()))
}

func asked(list []told, others bool, want []byte) support {
	s := silent
	for _, o := range list {
		if o.evidence == Base || o.evidence == Perhaps && !others {
			continue
		}
		if bytes.Equal(o.value, want) {
			return confirms
		}
		s = denies
	}
	return s
}

// record returns what Load takes for a contact, and whether it would.
func (u *unit) record(t *trace, v verdict, lost map[claim]bool) (r contacts.LoadRecord, ok bool) {
	r = contacts.LoadRecord{Created: t.seq, KeepDuplicates: true}
	if v.state == nil {
		r.Purged = true
		r.Contact, ok = t.purged(v.purged)
	} else {
		ok = decodeLoad(v.state.body(), &r) && r.Contact.Revision == v.state.revision
	}
	c := &r.Contact
	ok = ok && t.seq <= c.Revision && c.Revision <= u.last && loads(c, &r.Keys, r.Purged)
	for _, revision := range [...]uint64{0, t.seq, c.Revision} {
		ok = ok && !lost[claim{u, t.seq, revision}]
	}
	if !ok {
		return r, false
	}
	for _, p := range t.states(true) {
		h := t.event(p.revision)
		switch {
		case p.revision >= c.Revision || lost[claim{u, t.seq, p.revision}]:
			continue
		case p.evidence == Perhaps && (p.revision <= u.first() || !u.past[1] && h == nil && p.revision != t.seq):
			continue
		}
		e := contacts.Event{Revision: p.revision, BatchEnd: p.revision, Blank: p.blank()}
		if h != nil {
			e.BatchEnd = h.end
		}
		var past contacts.LoadRecord
		if !e.Blank {
			if !decodeLoad(p.body(), &past) || !loads(&past.Contact, &past.Keys, false) {
				continue
			}
			e.Contact, e.Lines = past.Contact, append(past.Keys.Claims, past.Keys.Shared...)
			e.Contact.ID = c.ID
		}
		r.Past = append(r.Past, e)
	}
	return r, true
}

// purged returns what is left of a contact of which only the event of its purge
// was found.
func (t *trace) purged(revision uint64) (c contacts.Contact, ok bool) {
	c.Revision = revision
	ident := []byte(nil)
	for _, o := range t.ids {
		if ident == nil || o.evidence == Present {
			ident = o.value
		}
	}
	for _, list := range [][]stored{t.records, t.past} {
		for i := range list {
			ident = record.IdentOf(list[i].body()) // under its checksum
		}
	}
	c.ID, ok = record.IdentText(ident)
	return c, ok && revision != 0
}

// decodeLoad reads a record into what Load takes.
func decodeLoad(body []byte, r *contacts.LoadRecord) bool {
	var h record.Held
	_, status, ok := record.Peek(body)
	if !ok || !record.Decode(body, &r.Contact) || !record.DecodeHeld(body, &h) {
		return false
	}
	r.Purged = status == record.StatusPurged
	r.Keys = contacts.Keys{Claims: h.Claims, Shared: h.Shared, Sort: string(h.Sort)}
	for _, w := range h.Words {
		r.Keys.Words = append(r.Keys.Words, contacts.Word{Text: string(record.WordText(w)), Fields: contacts.Fields(w[0])})
	}
	return true
}

// loads reports whether Load would take a contact, and Check find it sound.
func loads(c *contacts.Contact, k *contacts.Keys, purged bool) bool {
	w := prepare.Write{Kind: contacts.Put, ID: c.ID, Contact: c}
	if purged {
		w.Kind = contacts.Purge
	}
	if len(k.Claims)+len(k.Shared) > contacts.MaxLines {
		k = &contacts.Keys{Claims: append(append([]phone.Line(nil), k.Claims...), k.Shared...)} // as one of the past is loaded
	}
	_, err := w.Encode(nil, k)
	return err == nil && utf8.ValidString(c.FullName)
}
