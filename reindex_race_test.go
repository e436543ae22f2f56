package contacts_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/older"
	"github.com/callerbook/contacts/phone"
)

// While a book is re-indexed, callers create, change, delete and look up
// contacts by numbers that others hold under old keys. At no point of the
// feed does a number have two claimers, but for those that were there before.
func TestReindexWhileOthersWrite(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		const people = 1600
		spellings := make([][]string, people) // of the number of each, by the present rules
		for i := range spellings {
			n := 10000000 + i
			switch i % 3 {
			case 0: // has another line by the old rules
				spellings[i] = []string{fmt.Sprint("+9180", n)}
			case 1: // is a line of its own by the old rules
				spellings[i] = []string{fmt.Sprint("+52155", n), fmt.Sprint("+5255", n)}
			default:
				spellings[i] = []string{fmt.Sprint("+9198", n)}
			}
		}
		for i := 100; i < people; i += 100 { // collisions
			spellings[i] = []string{strings.Replace(spellings[i/3*3-2][0], "+52155", "+5255", 1)}
		}
		var writes []contacts.Write
		before := map[phone.Line][]string{} // claimers by the present rules
		for i, n := range spellings {
			c := older.Contact(fmt.Sprint("c", i), "Zoë", fmt.Sprint("Ærø ", i), n[0])
			writes = append(writes, lib.Put(c, 0))
			before[lineOf(n[0])] = append(before[lineOf(n[0])], c.ID)
		}
		write(t, s, writes...)
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})

		var calls atomic.Uint64
		begun, stop := make(chan bool), make(chan bool)
		// From the first quarter of the people nobody takes anything away.
		worker := func(seed uint64) {
			r := rand.New(rand.NewPCG(seed, 1))
			<-begun
			for {
				select {
				case <-stop:
					return
				default:
				}
				i := r.IntN(people)
				number := spellings[i][r.IntN(len(spellings[i]))]
				id := fmt.Sprint("c", people/4+r.IntN(people*3/4))
				var err error
				switch r.IntN(8) {
				case 0, 1:
					_, err = b.Create(ctx, typed("New", number))
				case 2:
					_, err = b.Edit(ctx, id, func(c *contacts.Contact) error { c.CellPhone = contacts.Phone{Number: number}; return nil })
				case 3:
					_, err = b.Delete(ctx, id)
				case 4:
					_, err = b.Undelete(ctx, id)
				case 5:
					_, err = b.Upsert(ctx, typed("Given", number), nil)
				case 6:
					if i >= people/4 {
						_, err = b.Reassign(ctx, number, id)
					}
				default:
					var results []contacts.Result
					results, err = b.CreateEach(ctx, []contacts.Contact{typed("Each", number), typed("Each", number)})
					if err == nil && results[0].Err == nil && results[1].Err == nil {
						err = errors.New("one call gave a number to two")
					}
				}
				if err != nil && !errors.Is(err, contacts.ErrDuplicateNumber) && !errors.Is(err, contacts.ErrAmbiguous) && !errors.Is(err, contacts.ErrInvalid) {
					t.Errorf("with number %s and contact %s: %v", number, id, err)
				}
				i = r.IntN(people / 4)
				if owner := before[lineOf(spellings[i][0])]; len(owner) == 1 {
					m, err := b.Lookup(ctx, spellings[i][r.IntN(len(spellings[i]))], nil)
					if err != nil || m.Contact.ID != owner[0] {
						t.Errorf("look-up of the number of %s: %v of %q, %v", owner[0], m.Kind, m.Contact.ID, err)
					}
				}
				calls.Add(1)
			}
		}
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() { worker(uint64(w)) })
		}
		start := sync.OnceFunc(func() { close(begun) })
		r := must(b.Reindex(ctx, &contacts.ReindexOptions{Progress: func(done, total uint64) {
			start()
			if done > total {
				t.Errorf("progress %d of %d", done, total)
			}
			for until := calls.Load() + 60; calls.Load() < until; {
				runtime.Gosched()
			}
		}}))(t)
		close(stop)
		wg.Wait()
		if st := must(s.Stat(ctx, acme))(t); st.Reindexing || r.Contacts != people {
			t.Errorf("%+v, %d contacts", st, r.Contacts)
		}
		replay(t, s, before)
	})
}

func lineOf(number string) phone.Line {
	n, err := phone.ParseE164(number)
	if err != nil {
		panic(err)
	}
	return n.Line(nil)
}

// replay follows the feed and looks for lines with several claimers beside
// those that are allowed.
func replay(t *testing.T, s contacts.Store, allowed map[phone.Line][]string) {
	t.Helper()
	claimers := map[phone.Line]map[string]bool{}
	claimed := map[string][]phone.Line{}
	var changed []string // in the batch
	after := uint64(0)
	for {
		list := must(s.Events(ctx, acme, after, 1000))(t)
		if len(list) == 0 {
			break
		}
		for _, e := range list {
			after = e.Revision
			for _, l := range claimed[e.ID] {
				delete(claimers[l], e.ID)
			}
			claimed[e.ID] = nil
			if e.Contact.Status == contacts.Active {
				for _, p := range append([]contacts.Phone{e.Contact.CellPhone}, e.Contact.Phones...) {
					if p.Number != "" && !p.Shared {
						claimed[e.ID] = append(claimed[e.ID], lineOf(p.Number))
					}
				}
			}
			for _, l := range claimed[e.ID] {
				if claimers[l] == nil {
					claimers[l] = map[string]bool{}
				}
				claimers[l][e.ID] = true
			}
			if changed = append(changed, e.ID); e.Revision != e.BatchEnd {
				continue // the batch is one change
			}
			for _, id := range changed {
				for _, l := range claimed[id] {
					if len(claimers[l]) > 1 && !subset(claimers[l], allowed[l]) {
						t.Fatalf("at revision %d line %s has the claimers %v; before the re-index it had %v", e.Revision, l, claimers[l], allowed[l])
					}
				}
			}
			changed = nil
		}
	}
	left := uint64(0)
	for _, ids := range claimers {
		if len(ids) > 1 {
			left++
		}
	}
	if st := must(s.Stat(ctx, acme))(t); st.Duplicates != left {
		t.Errorf("the store counts %d duplicates, there are %d", st.Duplicates, left)
	}
}

func subset(of map[string]bool, list []string) bool {
	for id := range of {
		if !slices.Contains(list, id) {
			return false
		}
	}
	return true
}
