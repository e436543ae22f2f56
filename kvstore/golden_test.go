package kvstore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestGoldenKeys holds still the keys and values of all tables, but for what
// is random (tableMeta) or held still elsewhere (records).
func TestGoldenKeys(t *testing.T) {
	s, e := newStore(t)
	c, k := sampleContact()
	k.Shared = []phone.Line{4930123456}
	mustApply(t, s, contacts.Batch{Writes: []contacts.Write{{Contact: c, Keys: k}}})
	other := person("c2", "Bo", 919876543210)
	other.KeepDuplicates = true
	b := batchOf(at(1, contacts.Write{Contact: c, Keys: contacts.Keys{Claims: k.Claims}}), other)
	b.Op = "op"
	mustApply(t, s, b)
	merged := func(id string) contacts.Write { // of two that are merged into c2 one is purged
		w := person(id, "")
		w.Contact.Status, w.Contact.MergedInto = contacts.Merged, "c2"
		return w
	}
	mustApply(t, s, batchOf(person("c3", "", 55), person("c4", "", 66)))
	mustApply(t, s, batchOf(at(4, merged("c3")), at(5, merged("c4"))))
	mustApply(t, s, batchOf(contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "c4", MergedInto: "c2"}, Revision: 7}))
	mustCheck(t, s)

	var got []string
	for _, key := range slices.Sorted(keysOf(e)) {
		if table := key[0]; table == tableMeta {
			continue
		} else if sealed(table) {
			got = append(got, fmt.Sprintf("%c %x", table, key[1:]))
		} else {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%c %x %x", table, key[1:], e.data[key])))
		}
	}
	if text := "\n" + strings.Join(got, "\n") + "\n"; text != goldenKeys {
		t.Errorf("the keys are%swant%s", text, goldenKeys)
	}
}

func keysOf(e *plainEngine) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range e.data {
			if !yield(k) {
				return
			}
		}
	}
}

// goldenKeys has table, rest of the key and value.
const goldenKeys = `
d 01123456789a2a0001
d 01123456789a2a0003
f 0102 060101
f 0104 0401
f 0106 060401
f 0107 0205
f 0108 0305
h 010101
h 010404
h 010505
h 010507
i 01006332 03
i 01006333 04
i 01006334 05
i 0101018f2b5c7c1e7abc8def0123456789ab 01
l 01000000d62cea22ea000101
l 01000000d62cea22ea000103
n 01000001
n 0100626f0003
n 01020004
o 016f70000100
q 01000000d62cea22ea 02
r 0101
r 0103
r 0104
r 0105
s 61636d650001737570706f7274 01
w 01626f0003 010000400000020000
x 0100000000000000370604 04
x 010000000125dbb6c00201 01
`
