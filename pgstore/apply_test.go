package pgstore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

func batchOf(writes ...contacts.Write) contacts.Batch { return contacts.Batch{Writes: writes} }

// TestApplyAtOnce: many callers of one scope get revisions without a gap, each its
// own.
func TestApplyAtOnce(t *testing.T) {
	s := tempStore(t)
	const callers, each = 16, 20
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]bool{}
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				a, err := s.Apply(t.Context(), home, batchOf(person(fmt.Sprintf("c%d-%d", c, i), "ann", phone.Line(1000+c*each+i))))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[a.Revisions[0]] {
					t.Errorf("revision %d was given twice", a.Revisions[0])
				}
				seen[a.Revisions[0]] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for rev := range uint64(callers * each) {
		if !seen[rev+1] {
			t.Errorf("nobody got revision %d", rev+1)
		}
	}
	if n := len(s.lanes.scopes); n != 0 {
		t.Errorf("%d lanes are left", n)
	}
}
