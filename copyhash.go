package contacts

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
)

// digest is what the contacts and events of a scope come to, in whatever order
// they are added: counts, and sums of checksums. Equal scopes have the same.
type digest struct {
	active, inactive, merged uint64

	contacts, events tally
}

// tally counts states and adds up their checksums, a lane of 8 bytes at a time.
type tally struct {
	count uint64
	sum   [sha256.Size / 8]uint64
}

func (t *tally) add(h [sha256.Size]byte) {
	t.count++
	for i := range t.sum {
		t.sum[i] += binary.BigEndian.Uint64(h[8*i:])
	}
}

// String says how much there is, and enough of the sums to tell two apart.
func (d *digest) String() string {
	return fmt.Sprintf("contacts: %d (%08x), events: %d (%08x)",
		d.contacts.count, uint32(d.contacts.sum[0]), d.events.count, uint32(d.events.sum[0]))
}

func (d *digest) count(s Status) {
	switch s {
	case Active:
		d.active++
	case Inactive:
		d.inactive++
	case Merged:
		d.merged++
	}
}

// record adds what a scope has of a record whose feed begins after first: a
// contact, and the events of its states.
func (d *digest) record(r *LoadRecord, first uint64) {
	for i := range r.Past {
		e := &r.Past[i]
		d.event(&Event{ID: r.Contact.ID, Revision: e.Revision, Created: r.Created, Contact: e.Contact, Blank: e.Blank})
	}
	if r.Purged {
		d.event(&Event{ID: r.Contact.ID, Revision: r.Contact.Revision, Created: r.Created, Contact: r.Contact, Purged: true, Blank: true})
		return
	}
	h, _ := hashState(&r.Contact, r.Created, whole)
	if r.Contact.Revision > first {
		d.events.add(h)
	}
	d.contacts.add(h)
	d.count(r.Contact.Status)
}

// contact adds a contact and returns about how many bytes it has. Without its
// position in the order of creation (0), its revision does not count either:
// both are another store's.
func (d *digest) contact(c *Contact, created uint64) (size int) {
	state := *c
	if created == 0 {
		state.Revision = 0
	}
	h, size := hashState(&state, created, whole)
	d.contacts.add(h)
	d.count(c.Status)
	return size
}

// event adds an event. Lines and BatchEnd do not count: they follow from keys
// and from how the copy was loaded.
func (d *digest) event(e *Event) {
	state, kind := e.Contact, whole
	switch {
	case e.Purged:
		c := e.Contact
		state = Contact{UpdatedAt: c.UpdatedAt, UpdatedBy: c.UpdatedBy, UpdatedByAID: c.UpdatedByAID, MergedInto: c.MergedInto}
		kind = purged
	case e.Blank:
		state, kind = Contact{}, blank
	}
	state.ID, state.Revision = e.ID, e.Revision
	h, _ := hashState(&state, e.Created, kind)
	d.events.add(h)
}

// What there is of a state.
const (
	whole byte = iota
	blank
	purged
)

// hashState returns the checksum of all that a store keeps of a contact: of
// its JSON without what is the scope's and the book's, and of what JSON leaves
// out. It also returns how many bytes that has.
func hashState(c *Contact, created uint64, kind byte) (h [sha256.Size]byte, size int) {
	state := *c
	state.AccountID, state.StreamID, state.OrgID = "", "", ""
	b := make([]byte, 0, 1024)
	b = append(state.AppendJSON(append(b, kind)), ' ')
	b = append(strconv.AppendUint(b, c.Revision, 10), ' ')
	b = append(strconv.AppendUint(b, created, 10), ' ')
	b = strconv.AppendBool(b, c.CellPhone.Shared) // of a cell phone JSON has neither
	b = append(b, c.CellPhone.Label...)
	return sha256.Sum256(b), len(b)
}
