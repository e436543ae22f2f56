package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
	"github.com/callerbook/contacts/memstore"
)

// lostCounts counts what came of the images of one class.
type lostCounts struct {
	images, sound, back, more, left, exact, resurrected, invented int
	missing                                                       int

	// Of the contacts that the last commit changed, those that are back as
	// they were before it, where its meta page was damaged and nothing else
	// tells that it ended.
	behind int
}

// TestSalvage damages books of random work, one to four pages of each image, in
// every class of damage, and salvages them. Of the contacts whose record is on
// an undamaged page at least 99.4 % come back exactly, none that was deleted as
// if it were not, none that was purged, and none in a state that was not its
// last one.
func TestSalvage(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 7))
	books, each := 3, 1
	if *long {
		books, each = 40, 3
	}
	dir := tempDir(t)
	counts := make([]lostCounts, len(lostClasses))
	for n := range books {
		l := makeLostBook(t, r, dir)
		for i, class := range lostClasses {
			for k := range each {
				image := class.harm(r, l, bytes.Clone(l.image))
				if err := l.salvage(image, &counts[i]); err != nil {
					t.Errorf("book %d, image %d of class %q: %v", n, k, class.name, err)
				}
			}
		}
	}
	var all lostCounts
	for i, c := range counts {
		logLost(t, lostClasses[i].name, &c)
		if float64(c.back) < 0.994*float64(c.sound) || c.resurrected+c.invented > 0 {
			t.Errorf("class %q: too few are back, or too many", lostClasses[i].name)
		}
		all.images += c.images
		all.sound += c.sound
		all.back += c.back
		all.more += c.more
		all.left += c.left
		all.missing += c.missing
		all.behind += c.behind
		all.exact += c.exact
		all.resurrected += c.resurrected
		all.invented += c.invented
	}
	logLost(t, "all", &all)
}

func logLost(t *testing.T, name string, c *lostCounts) {
	t.Logf("%-36s %5d images %4d exact; on undamaged pages %8d, back %8d (%.3f %%); others back %6d; left %5d, missing %6d; resurrected %d, invented %d, behind %d",
		name, c.images, c.exact, c.sound, c.back, 100*float64(c.back)/float64(max(c.sound, 1)), c.more, c.left, c.missing, c.resurrected, c.invented, c.behind)
}

// nameOf returns the scope of the book whose contacts one has whose name was lost.
func (l *lostBook) nameOf(s contacts.Store, scope contacts.Scope) (name contacts.Scope) {
	_ = allContacts(s, scope, func(h contacts.Hit) {
		for n, last := range l.last {
			if _, ok := last[h.Contact.ID]; ok {
				name = n
			}
		}
	})
	return name
}

// salvage salvages an image of the book and counts what came back.
func (l *lostBook) salvage(image []byte, n *lostCounts) error {
	ctx := context.Background()
	s := kvstore.NewSalvager(nil)
	defer s.Close()
	if _, err := salvage(ctx, bytes.NewReader(image), int64(len(image)), s); err != nil {
		return err
	}
	store := memstore.New()
	defer store.Close()
	done, err := s.Restore(ctx, store.Store)
	if err != nil {
		return err
	}
	if err := store.Check(ctx); err != nil {
		return err
	}
	n.images++
	bb, ss := n.back, n.sound
	damaged := func(page uint64) bool {
		at := page * pageSize
		return at+pageSize > uint64(len(image)) || !bytes.Equal(image[at:at+pageSize], l.image[at:at+pageSize])
	}
	var errs []error
	seen := map[contacts.Scope]bool{}
	exact := len(done) == len(l.last)
	for _, d := range done {
		exact = exact && d.Exact
		n.missing += int(d.Missing)
		scope := d.Scope
		if d.Unnamed {
			d.Scope = l.nameOf(store, d.Scope)
		}
		last, ok := l.last[d.Scope]
		if !ok {
			errs = append(errs, fmt.Errorf("scope %v is none of the book's (%d contacts)", d.Scope, d.Counts.Active))
			n.invented += int(d.Counts.Active + d.Counts.Inactive + d.Counts.Merged)
			continue
		}
		seen[d.Scope] = true
		n.left += len(d.Left)
		for _, c := range d.Left {
			if l.purged[d.Scope][c.ID] {
				errs = append(errs, fmt.Errorf("left: %s was purged", c.ID))
				n.resurrected++
			}
		}
		back := map[string]bool{}
		err := allContacts(store, scope, func(h contacts.Hit) {
			was, ok := last[h.Contact.ID]
			switch {
			case ok && reflect.DeepEqual(was.Contact, h.Contact) && was.Created == h.Created:
				back[h.Contact.ID] = true
				return
			case damaged(l.newest()) && (h.Contact.Revision <= l.before[d.Scope] && (was.Contact.Revision > l.before[d.Scope] || l.purged[d.Scope][h.Contact.ID])):
				n.behind++
				return
			case l.purged[d.Scope][h.Contact.ID] || ok && was.Contact.Status != contacts.Active && h.Contact.Status == contacts.Active:
				n.resurrected++
			default:
				n.invented++
			}
			errs = append(errs, fmt.Errorf("%s is back at revision %d, %s; was at %d, %s (page %v)", h.Contact.ID, h.Contact.Revision, h.Contact.Status,
				was.Contact.Revision, was.Contact.Status, l.on[fmt.Sprint(d.Scope, h.Created)]))
		})
		if err != nil {
			return err
		}
		for id, was := range last {
			whole := true
			for _, page := range l.on[fmt.Sprint(d.Scope, was.Created)] {
				whole = whole && !damaged(page)
			}
			if !whole {
				if back[id] {
					n.more++
				}
				continue
			}
			n.sound++
			if back[id] {
				n.back++
			} else if os.Getenv("DBG") != "" {
				fmt.Printf("NOT BACK %v seq %d rev %d %s page %v", d.Scope, was.Created, was.Contact.Revision, was.Contact.Status, l.on[fmt.Sprint(d.Scope, was.Created)])
				for _, c := range d.Left {
					if c.ID == id {
						fmt.Printf(" left at %d %s", c.Revision, c.Status)
					}
				}
				fmt.Println()
			}
		}
	}
	if os.Getenv("DBG") != "" && n.back < n.sound && n.back-bb < (n.sound-ss) {
		fmt.Printf("LOW %d of %d\n", n.back-bb, n.sound-ss)
		for i, p := range l.page {
			if damaged(uint64(i)) {
				fmt.Printf("  page %d %+v table %c\n", i, p, p.table)
			}
		}
		for _, d := range done {
			fmt.Printf("  %v exact %v missing %d left %d\n", d.Scope, d.Exact, d.Missing, len(d.Left))
		}
	}
	for scope, last := range l.last {
		if !seen[scope] && len(last) > 0 {
			errs = append(errs, fmt.Errorf("scope %v is gone", scope))
			n.sound += len(last)
		}
	}
	if exact {
		n.exact++
	}
	return errors.Join(errs...)
}
