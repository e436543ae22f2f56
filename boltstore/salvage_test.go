package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
				if err := l.salvage(image, nil, &counts[i]); err != nil {
					t.Errorf("book %d, image %d of class %q: %v", n, k, class.name, err)
				}
			}
		}
	}
	judgeLost(t, counts)
}

// judgeLost prints what came of the images, and holds it to what is promised.
func judgeLost(t *testing.T, counts []lostCounts) {
	t.Helper()
	var all lostCounts
	for i, c := range counts {
		logLost(t, lostClasses[i].name, &c)
		// Few images are no measure: one of them may have lost a page that counts.
		if c.resurrected+c.invented > 0 || c.images >= 100 && float64(c.back) < 0.994*float64(c.sound) {
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
	if float64(all.back) < 0.994*float64(all.sound) {
		t.Error("too few are back")
	}
}

// TestSalvageOnSnapshot does the same on top of a sound snapshot. What did not
// change since comes back from that, also where its page is damaged.
func TestSalvageOnSnapshot(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 8))
	books := 1
	if *long {
		books = 20
	}
	dir := tempDir(t)
	counts := make([]lostCounts, len(lostClasses))
	without := make([]lostCounts, len(lostClasses))
	for n := range books {
		l := makeLostBook(t, r, dir)
		for i, class := range lostClasses {
			image := class.harm(r, l, bytes.Clone(l.image))
			base := l.older[r.IntN(len(l.older))]
			if err := errors.Join(l.salvage(image, base, &counts[i]), l.salvage(image, nil, &without[i])); err != nil {
				t.Errorf("book %d, class %q: %v", n, class.name, err)
			}
			if counts[i].more < without[i].more {
				t.Errorf("book %d, class %q: fewer are back with a snapshot", n, class.name)
			}
		}
	}
	judgeLost(t, counts)
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

// salvage salvages an image of the book, on top of an earlier state where base is
// not nil, and counts what came back.
func (l *lostBook) salvage(image, base []byte, n *lostCounts) error {
	ctx := context.Background()
	s := kvstore.NewSalvager(nil)
	defer s.Close()
	if _, err := salvage(ctx, bytes.NewReader(image), int64(len(image)), s); err != nil {
		return err
	}
	if base != nil {
		if err := salvageBase(ctx, bytes.NewReader(base), int64(len(base)), s); err != nil {
			return err
		}
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
			}
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
