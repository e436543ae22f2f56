package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/callerbook/contacts"
)

// A history is the work of 4 to 6 clients with 5 to 8 calls each, after two
// contacts were created.
type history struct {
	book    *contacts.Book
	numbers string       // that clients fight for
	clock   atomic.Int64 // counts beginnings and ends of calls

	mu  sync.Mutex
	ids []string // of contacts that somebody heard of
	ops []porcupine.Operation
}

// client is one of those who call at once.
type client struct {
	h    *history
	n    int
	rand *rand.Rand
	seen map[string]record // contacts as the client last saw them
}

// play carries out one history in a new scope of the store. The error says that
// it does not end: after that time its calls are cancelled.
func play(t *testing.T, store contacts.Store, seed uint64, number int, limit time.Duration) (*history, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var made atomic.Int64
	scope := contacts.Scope{Account: "linear", Stream: fmt.Sprint(number)}
	book, err := contacts.Open(ctx, restless{store}, scope, &contacts.Options{
		Rules: contacts.RelaxedRules(),
		NewID: func() string { return fmt.Sprint("c", made.Add(1)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, uint64(number)<<8))
	h := &history{book: book, numbers: "abc"[:1+r.IntN(3)]}
	newClient := func(n int) *client {
		return &client{h, n, rand.New(rand.NewPCG(seed, uint64(number)<<8|uint64(n+1))), map[string]record{}}
	}
	first := newClient(0)
	for range 2 {
		first.do(ctx, call{name: "Create", want: []want{first.contact("")}})
	}
	calls := 5 + r.IntN(4)
	var wg sync.WaitGroup
	for n := range 4 + r.IntN(3) {
		c := newClient(n + 1)
		wg.Go(func() {
			for range calls {
				c.do(ctx, c.next())
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return h, fmt.Errorf("not done within %v\n%s", limit, describe(h.ops))
	}
	return h, nil
}

// next makes up a call.
func (c *client) next() call {
	id := c.pick()
	switch c.rand.IntN(24) {
	case 0, 1, 2, 3:
		return call{name: "Create", want: []want{c.contact("")}}
	case 4, 5, 6:
		return call{name: "Update", want: []want{c.contact(id)}}
	case 7, 8:
		return c.swap(id)
	case 9, 10, 11:
		return call{name: "Delete", id: id, at: c.sometimes(id)}
	case 12, 13:
		return call{name: "Undelete", id: id, at: c.sometimes(id)}
	case 14:
		return call{name: "Purge", id: id, at: c.sometimes(id)}
	case 15, 16:
		return call{name: "Reassign", id: id, n: c.number()}
	case 17:
		return call{name: "Upsert", want: []want{c.contact("")}}
	case 18:
		return call{name: "Edit", id: id}
	case 19:
		return call{name: "Get", id: id}
	case 20:
		return call{name: "List"}
	case 21:
		return call{name: "Count"}
	}
	return call{name: "Lookup", n: c.number()}
}

// swap gives two contacts what the client believes the other one has.
func (c *client) swap(id string) call {
	a, b := c.contact(id), c.contact(c.pick())
	if a.id == b.id {
		return call{name: "Update", want: []want{a}}
	}
	a.numbers, b.numbers = c.believed(b.id), c.believed(a.id)
	if strings.ContainsAny(strings.Trim(a.numbers, "-"), b.numbers) { // out of date: both cannot be
		b.numbers = "-"
	}
	if a.at == 0 || b.at == 0 {
		a.at, b.at = 0, 0
	}
	return call{name: "UpdateAll", want: []want{a, b}}
}

// believed is the numbers of a contact as the client last saw it.
func (c *client) believed(id string) string {
	if r, ok := c.seen[id]; ok {
		return r.numbers
	}
	return "-"
}

// pick returns a contact that somebody created.
func (c *client) pick() string {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if len(c.h.ids) == 0 {
		return "nobody"
	}
	return c.h.ids[c.rand.IntN(len(c.h.ids))]
}

func (c *client) number() byte { return c.h.numbers[c.rand.IntN(len(c.h.numbers))] }

// sometimes returns the revision at which the client last saw a contact.
func (c *client) sometimes(id string) uint64 {
	if c.rand.IntN(2) == 0 {
		return 0
	}
	return c.seen[id].revision
}

// contact makes up a contact: mostly with one number, or with several or none.
func (c *client) contact(id string) want {
	w := want{id: id, at: c.sometimes(id), name: string(rune('A' + c.rand.IntN(26))), numbers: "-"}
	if c.rand.IntN(10) == 0 {
		return w
	}
	some := []byte(c.h.numbers)
	c.rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	n := 1
	if c.rand.IntN(2) == 0 {
		n += c.rand.IntN(len(some))
	}
	w.numbers = string(some[:n])
	return w
}

// do carries out a call and notes when it began and ended, and what it was told.
func (c *client) do(ctx context.Context, in call) {
	if c.rand.IntN(8) == 0 { // somebody loses patience
		var cancel func()
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		turns := c.rand.IntN(4)
		go func() {
			for range turns {
				runtime.Gosched()
			}
			cancel()
		}()
	}
	begin := c.h.clock.Add(1)
	out := in.carryOut(ctx, c.h.book)
	end := c.h.clock.Add(1)
	for _, r := range out.found {
		c.seen[r.id] = r
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	for _, r := range out.found {
		if !slices.Contains(c.h.ids, r.id) {
			c.h.ids = append(c.h.ids, r.id)
		}
	}
	c.h.ops = append(c.h.ops, porcupine.Operation{ClientId: c.n, Input: in, Call: begin, Output: out, Return: end})
}

// carryOut calls the book.
func (in call) carryOut(ctx context.Context, b *contacts.Book) answer {
	var list []contacts.Contact
	for _, w := range in.want {
		list = append(list, w.contact())
	}
	var c contacts.Contact
	var err error
	switch b := b.At(in.at); in.name {
	case "Create":
		c, err = b.Create(ctx, list[0])
	case "Upsert":
		var u contacts.Upserted
		u, err = b.Upsert(ctx, list[0], nil)
		c = u.Contact
	case "Update":
		c, err = b.Update(ctx, list[0])
	case "UpdateAll":
		list, err = b.UpdateAll(ctx, list)
		return told(ctx, in, list, err)
	case "Edit":
		c, err = b.Edit(ctx, in.id, func(c *contacts.Contact) error {
			c.FirstName += "x"
			return nil
		})
	case "Delete":
		c, err = b.Delete(ctx, in.id)
	case "Undelete":
		c, err = b.Undelete(ctx, in.id)
	case "Purge":
		return told(ctx, in, nil, b.Purge(ctx, in.id))
	case "Reassign":
		c, err = b.Reassign(ctx, e164(in.n), in.id)
	case "Get":
		c, err = b.Get(ctx, in.id)
	case "Lookup":
		var m contacts.Match
		m, err = b.Lookup(ctx, e164(in.n), nil)
		switch {
		case err != nil:
		case m.Kind == contacts.MatchNone:
			return answer{}
		case m.Kind != contacts.MatchExact || len(m.Candidates) > 0:
			return answer{other: fmt.Sprintf("%v with %d candidates", m.Kind, len(m.Candidates))}
		}
		c = m.Contact
	case "List":
		var page contacts.List
		page, err = b.List(ctx, &contacts.ListOptions{Order: contacts.ByCreation,
			Status: []contacts.Status{contacts.Active, contacts.Inactive}, Limit: contacts.MaxLimit})
		return told(ctx, in, page.Contacts, err)
	case "Count":
		n, err := b.Count(ctx)
		a := told(ctx, in, nil, err)
		a.count = n
		return a
	}
	return told(ctx, in, []contacts.Contact{c}, err)
}

// contact is what is given to the book.
func (w want) contact() contacts.Contact {
	c := contacts.Contact{ID: w.id, Revision: w.at, FirstName: w.name}
	for i, n := range []byte(w.numbers) {
		switch {
		case n == '-':
		case i == 0:
			c.CellPhone.Number = e164(n)
		default:
			c.Phones = append(c.Phones, contacts.Phone{Number: e164(n)})
		}
	}
	return c
}

// told turns what the book returned into an answer.
func told(ctx context.Context, in call, list []contacts.Contact, err error) answer {
	var a answer
	if err == nil {
		for _, c := range list {
			a.found = append(a.found, recordOf(c))
		}
		return a
	}
	var dup *contacts.DuplicateNumberError
	var ambiguous *contacts.AmbiguousError
	var rev *contacts.RevisionError
	if errors.As(err, &dup) {
		for _, r := range dup.Refusals {
			a.refused = append(a.refused, holding{r.Index, letter(r.Number), r.HolderID})
		}
	}
	if errors.As(err, &rev) {
		for _, r := range rev.Conflicts {
			a.conflicts = append(a.conflicts, conflict{r.ID, r.Present})
		}
	}
	switch {
	case errors.Is(err, contacts.ErrCommitUnknown):
		a.other = err.Error()
	case ctx.Err() != nil:
		return answer{other: gaveUp} // also in place of another try
	case errors.As(err, &ambiguous):
		for _, h := range ambiguous.Holders {
			a.refused = append(a.refused, holding{0, letter(h.Number), h.ID})
		}
		a.other = "ambiguous"
	case a.refused != nil || a.conflicts != nil:
	case errors.Is(err, contacts.ErrNotFound):
		a.conflicts = []conflict{{in.id, 0}}
	case errors.Is(err, contacts.ErrInvalid) && in.name == "Reassign":
		a.other = "not active"
	default:
		a.other = err.Error()
	}
	return a
}

func recordOf(c contacts.Contact) record {
	r := record{id: c.ID, name: c.FirstName, numbers: "-", status: c.Status, revision: c.Revision}
	if c.CellPhone.Number != "" {
		r.numbers = string(letter(c.CellPhone.Number))
	}
	for _, p := range c.Phones {
		r.numbers += string(letter(p.Number))
	}
	return r
}

// letter is the opposite of e164.
func letter(number string) byte {
	for n := byte('a'); n <= 'c'; n++ {
		if e164(n) == number {
			return n
		}
	}
	return '?'
}

// pair is two stores on the same tables: each call goes to one of them by
// chance.
type pair [2]contacts.Store

func (p pair) one() contacts.Store { return p[rand.IntN(2)] }

func (p pair) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	return p.one().Apply(ctx, scope, b)
}

func (p pair) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	return p.one().Get(ctx, scope, id)
}

func (p pair) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	return p.one().Find(ctx, scope, q)
}

func (p pair) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	return p.one().Events(ctx, scope, after, limit)
}

func (p pair) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	return p.one().History(ctx, scope, q)
}

func (p pair) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	return p.one().Stat(ctx, scope)
}

func (p pair) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	return p.one().Scopes(ctx, from, limit)
}

func (p pair) Check(ctx context.Context) error { return contacts.Check(ctx, p[0]) }

func (p pair) Close() error { return errors.Join(p[0].Close(), p[1].Close()) }

// restless lets others have a turn before and after each read and write, so
// that calls which consist of several mix with one another.
type restless struct{ contacts.Store }

func (s restless) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	runtime.Gosched()
	defer runtime.Gosched()
	return s.Store.Apply(ctx, scope, b)
}

func (s restless) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	runtime.Gosched()
	defer runtime.Gosched()
	return s.Store.Get(ctx, scope, id)
}

func (s restless) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	runtime.Gosched()
	defer runtime.Gosched()
	return s.Store.Find(ctx, scope, q)
}
