package boltstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// lostBook is a book that is to be damaged, and what is known of it.
type lostBook struct {
	image  []byte
	older  [][]byte // what the file was before
	last   map[contacts.Scope]map[string]contacts.Hit
	purged map[contacts.Scope]map[string]bool
	before map[contacts.Scope]uint64 // the last revision before the last commit
	page   []pageUse                 // by page
	on     map[string][]uint64       // pages of a contact's record, by scope and position
}

var everyStatus = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}

// allContacts reads a scope.
func allContacts(s contacts.Store, scope contacts.Scope, each func(contacts.Hit)) error {
	q := contacts.Query{Order: contacts.ByCreation, Status: everyStatus, Limit: contacts.MaxLimit}
	for {
		p, err := s.Find(context.Background(), scope, q)
		if err != nil {
			return err
		}
		for _, h := range p.Hits {
			each(h)
		}
		if p.Next == "" {
			return nil
		}
		q.Cursor = p.Next
	}
}

// salvageScopes are the scopes of the books: of the last two numbers are unique
// together.
var salvageScopes = []contacts.Scope{{Account: "acme", Stream: "support"}, {}, {Account: "globex", Stream: "a"}, {Account: "globex", Stream: "b"}}

// makeLostBook does random work on a new book.
func makeLostBook(t testing.TB, r *rand.Rand, dir string) *lostBook {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(dir, fmt.Sprintf("lost%d.db", r.Uint64()))
	s, err := Open(path, &Options{NoAutoCompact: r.IntN(2) == 0})
	must(t, err)
	defer s.Close()
	l := &lostBook{last: map[contacts.Scope]map[string]contacts.Hit{}, purged: map[contacts.Scope]map[string]bool{}, before: map[contacts.Scope]uint64{}}
	scopes := salvageScopes[:1+r.IntN(len(salvageScopes))]
	books := make([]*contacts.Book, len(scopes))
	ids := make([][]string, len(scopes))
	number := 0
	draw := func() contacts.Contact {
		number++
		c := contacts.Contact{FirstName: fmt.Sprintf("F%c%d", 'a'+r.IntN(26), r.IntN(50)), LastName: fmt.Sprintf("L%d", r.IntN(200)),
			CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", number)}, Organization: fmt.Sprintf("Org %d", r.IntN(9))}
		if r.IntN(5) == 0 {
			c.Emails = []contacts.Email{{Address: fmt.Sprintf("m%d@example.com", number)}}
			c.Phones = []contacts.Phone{{Number: "+12025550123", Shared: true}}
		}
		if r.IntN(60) == 0 {
			c.Notes = strings.Repeat("long ", 200+r.IntN(1800))
		}
		return c
	}
	for i, scope := range scopes {
		o := &contacts.Options{Rules: contacts.RelaxedRules(), Actor: contacts.Actor{ID: "u1"}}
		if scope.Account == "globex" {
			o.UniqueBy = contacts.UniqueByAccount
		}
		books[i], err = contacts.Open(ctx, s, scope, o)
		must(t, err)
		l.purged[scope], l.last[scope] = map[string]bool{}, map[string]contacts.Hit{}
		for range 1 + r.IntN(3) {
			list := make([]contacts.Contact, 20+r.IntN(160))
			for j := range list {
				list[j] = draw()
			}
			results, err := books[i].CreateEach(ctx, list)
			must(t, err)
			for _, res := range results {
				must(t, res.Err)
				ids[i] = append(ids[i], res.Contact.ID)
			}
		}
	}
	snap := func() {
		b, err := os.ReadFile(path)
		must(t, err)
		l.older = append(l.older, b)
	}
	ops := 60 + r.IntN(240)
	for n := range ops {
		if n == ops/2 || n == ops-12 || n == ops-3 {
			snap()
		}
		if n == ops-1 {
			for _, scope := range scopes {
				st, err := s.Stat(ctx, scope)
				must(t, err)
				l.before[scope] = st.Last
			}
		}
		if n == ops/3 && r.IntN(3) == 0 {
			must(t, s.Compact(ctx))
		}
		i := r.IntN(len(scopes))
		b := books[i]
		id := ids[i][r.IntN(len(ids[i]))]
		var err error
		switch k := r.IntN(100); {
		case k < 25:
			var c contacts.Contact
			if c, err = b.Create(ctx, draw()); err == nil {
				ids[i] = append(ids[i], c.ID)
			}
		case k < 60:
			_, err = b.Edit(ctx, id, func(c *contacts.Contact) error {
				switch r.IntN(3) {
				case 0:
					c.LastName = fmt.Sprintf("L%d", r.IntN(200))
				case 1:
					c.Notes = fmt.Sprintf("note %d", n)
				default:
					c.CellPhone = draw().CellPhone
				}
				return nil
			})
		case k < 76:
			_, err = b.Delete(ctx, id)
		case k < 82:
			_, err = b.Undelete(ctx, id)
		case k < 88:
			_, err = b.Merge(ctx, id, []string{ids[i][r.IntN(len(ids[i]))]}, nil)
		case k < 93:
			if err = b.Purge(ctx, id); err == nil {
				l.purged[b.Scope()][id] = true
			}
		case k < 97:
			some := make([]string, 0, 20)
			for range 20 {
				some = append(some, ids[i][r.IntN(len(ids[i]))])
			}
			_, err = b.EditEach(ctx, distinct(some), func(_ int, c *contacts.Contact) error { c.Title = fmt.Sprint("T", n); return nil })
		case k == 97 && r.IntN(3) == 0:
			st, err := s.Stat(ctx, b.Scope())
			must(t, err)
			must(t, s.Trim(ctx, b.Scope(), st.First+(st.Last-st.First)/2))
		}
		if err != nil && !declined(err) {
			t.Fatal(err)
		}
	}
	for _, scope := range scopes {
		must(t, allContacts(s, scope, func(h contacts.Hit) { l.last[scope][h.Contact.ID] = h }))
	}
	must(t, s.Check(ctx))
	must(t, s.Close())
	l.image, err = os.ReadFile(path)
	must(t, err)
	must(t, os.Remove(path))
	l.survey(t)
	return l
}

// declined reports whether random work was refused, as some of it is.
func declined(err error) bool {
	for _, e := range []error{contacts.ErrNotFound, contacts.ErrInvalid, contacts.ErrDuplicateNumber, contacts.ErrMerged, contacts.ErrTooLarge} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func distinct(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// pageUse is what a page of a sound file is for.
type pageUse struct {
	table  byte // 0: of none
	branch bool
	leaf   bool
	free   bool
	other  bool // the root, or the list of free pages
}

// survey finds what each page is for. The file is sound.
func (l *lostBook) survey(t testing.TB) {
	l.page = make([]pageUse, len(l.image)/pageSize)
	l.on = map[string][]uint64{}
	meta := l.image[16:]
	if other := l.image[pageSize+16:]; binary.NativeEndian.Uint64(other[48:]) > binary.NativeEndian.Uint64(meta[48:]) {
		meta = other
	}
	root, list := binary.NativeEndian.Uint64(meta[16:]), binary.NativeEndian.Uint64(meta[32:])
	l.page[0].other, l.page[1].other, l.page[root].other, l.page[list].other = true, true, true, true
	names := map[uint64]contacts.Scope{}
	type entry struct {
		page       uint64
		key, value []byte
	}
	var records []entry
	put := func(page uint64, table byte, key, value []byte) {
		if key[0] == 0 {
			key = key[1:]
		}
		switch table {
		case 's':
			account, stream, _ := strings.Cut(string(key), "\x00\x01")
			id, _ := testOrd(value)
			names[id] = contacts.Scope{Account: account, Stream: stream}
		case 'r':
			records = append(records, entry{page, key, value})
		}
	}
	var walk func(id uint64, table byte)
	var elements func(id uint64, page []byte, table byte)
	elements = func(id uint64, page []byte, table byte) {
		for i := range int(binary.NativeEndian.Uint16(page[10:])) {
			e := page[16+16*i:]
			at := binary.NativeEndian.Uint32(e[4:])
			k := binary.NativeEndian.Uint32(e[8:])
			key, value := e[at:at+k], e[at+k:at+k+binary.NativeEndian.Uint32(e[12:])]
			switch {
			case binary.NativeEndian.Uint32(e) == 0:
				put(id, table, key, value)
			case binary.NativeEndian.Uint64(value) != 0:
				walk(binary.NativeEndian.Uint64(value), key[0])
			default:
				elements(id, value[16:], key[0])
			}
		}
	}
	walk = func(id uint64, table byte) {
		page := l.image[id*pageSize:]
		if binary.NativeEndian.Uint16(page[8:]) == 2 {
			for i := range 1 + binary.NativeEndian.Uint32(page[12:]) {
				l.page[id+uint64(i)].leaf, l.page[id+uint64(i)].table = true, table
			}
			elements(id, page, table)
			return
		}
		l.page[id].branch, l.page[id].table = true, table
		for i := range int(binary.NativeEndian.Uint16(page[10:])) {
			walk(binary.NativeEndian.Uint64(page[16+16*i+8:]), table)
		}
	}
	walk(root, 0)
	for _, e := range records {
		id, rest := testOrd(e.key)
		seq, _ := testOrd(rest)
		pages := []uint64{e.page}
		for i := range binary.NativeEndian.Uint32(l.image[e.page*pageSize+12:]) {
			pages = append(pages, e.page+1+uint64(i))
		}
		l.on[fmt.Sprint(names[id], seq)] = pages
	}
	for i := range l.page {
		p := &l.page[i]
		p.free = !p.leaf && !p.branch && !p.other
	}
}

// testOrd reads a number as kvstore writes it in keys.
func testOrd(b []byte) (v uint64, rest []byte) {
	if b[0] <= 247 {
		return uint64(b[0]), b[1:]
	}
	n := int(b[0]) - 247
	for _, c := range b[1 : 1+n] {
		v = v<<8 | uint64(c)
	}
	return v, b[1+n:]
}
