package contacts_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestSearchModel compares what searches find in random books with a look at
// every contact.
func TestSearchModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	syllables := []string{"an", "na", "jo", "hn", "mar", "ia", "lee", "son", "o", "ber", "ta"}
	word := func() string {
		w := ""
		for range 1 + r.IntN(3) {
			w += syllables[r.IntN(len(syllables))]
		}
		return strings.ToUpper(w[:1]) + w[1:]
	}
	b := relaxed(t)
	var all []contacts.Contact
	var fields [][]string // the words of each, in lower case
	for i := range 300 {
		c := contacts.Contact{FirstName: word(), LastName: word(), CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", r.IntN(1e8))}}
		if r.IntN(3) == 0 {
			c.Organization = word() + " " + word()
		}
		if r.IntN(4) == 0 {
			c.Tags = []string{word()}
		}
		if i%2 == 0 {
			c.CellPhone.Number = fmt.Sprintf("+44740%07d", r.IntN(1e7))
		}
		c, err := b.Create(ctx, c)
		if err != nil {
			continue // the number is taken
		}
		all = append(all, c)
		fields = append(fields, strings.Fields(strings.ToLower(strings.Join(append(c.Tags, c.FirstName, c.LastName, c.Organization), " "))))
	}
	matches := func(i int, terms []string, whole bool) bool {
		for _, term := range terms {
			if !slices.ContainsFunc(fields[i], func(w string) bool { return w == term || !whole && strings.HasPrefix(w, term) }) {
				return false
			}
		}
		return true
	}
	has := func(i int, digits string) bool {
		d := all[i].CellPhone.Number[1:]
		national := strings.TrimPrefix(strings.TrimPrefix(d, "91"), "44")
		return strings.HasPrefix(d, digits) || strings.HasPrefix(national, digits) && (len(digits) > 2 || strings.HasPrefix(d, "91")) ||
			len(digits) > 1 && strings.HasSuffix(d, digits)
	}
	for range 2000 {
		var terms []string
		for range r.IntN(3) {
			w := strings.ToLower(word())
			if w = w[:1+r.IntN(len(w))]; !slices.Contains(terms, w) {
				terms = append(terms, w)
			}
		}
		digits := ""
		if len(terms) == 0 || r.IntN(4) == 0 {
			d := all[r.IntN(len(all))].CellPhone.Number[1:]
			if digits = d[:1+r.IntN(5)]; r.IntN(2) == 0 {
				digits = d[len(d)-1-r.IntN(4):]
			}
			if strings.HasPrefix(digits, "0") || strings.HasPrefix(digits, "440") || strings.HasPrefix(digits, "910") {
				continue // a trunk zero, or an international prefix
			}
		}
		text := strings.TrimSpace(strings.Join(terms, " ") + " " + digits)
		var want, exact []string
		for i, c := range all {
			if matches(i, terms, false) && (digits == "" || has(i, digits)) {
				want = append(want, c.ID)
				if matches(i, terms, true) && digits == "" {
					exact = append(exact, c.ID)
				}
			}
		}
		got := must(b.Search(ctx, text, &contacts.SearchOptions{Limit: 1000}))(t)
		var ids []string
		typo := false
		for _, f := range got.Hits {
			ids = append(ids, f.Contact.ID)
			typo = typo || slices.ContainsFunc(f.Highlights, func(h contacts.Highlight) bool { return h.Kind == contacts.HighlightTypo })
		}
		if len(want) == 0 && typo {
			continue
		}
		if !slices.Equal(ids[:min(len(ids), len(exact))], exact) {
			t.Fatalf("%q: whole words first: got %v, want %v at the front", text, ids, exact)
		}
		slices.Sort(ids)
		slices.Sort(want)
		if !slices.Equal(ids, want) || got.Partial {
			t.Fatalf("%q: got %d %.200v\nwant %d %.200v", text, len(ids), ids, len(want), want)
		}
		for _, f := range got.Hits {
			for i, h := range f.Highlights {
				part := strings.ToLower(h.Text[h.Start:h.End])
				if i < len(terms) && part != terms[i] || i == len(terms) && !strings.HasSuffix(digits, part) && !strings.HasSuffix(part, digits) {
					t.Fatalf("%q: highlight %d is %+v", text, i, h)
				}
			}
		}
	}
}

// tired is a store whose pages end after one hit, by the bound on its work.
type tired struct{ contacts.Store }

func (s tired) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	limit := q.Limit
	q.Limit = 1
	p, err := s.Store.Find(ctx, scope, q)
	p.Work = 1
	p.Partial = p.Next != "" && limit > 1
	return p, err
}

// TestSearchPartial: the work of a call has a bound, says so, and goes on from
// there.
func TestSearchPartial(t *testing.T) {
	s := newStore(t)
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	for i := range 10 {
		must(b.Create(ctx, contacts.Contact{FirstName: fmt.Sprint("Ann", string(rune('a'+i))), LastName: "Lee"}))(t)
	}
	slow := openBook(t, tired{s}, &contacts.Options{Rules: contacts.RelaxedRules()})
	for _, text := range []string{"ann", "lee", "ann lee", "ann zed", "annxa", "annxa lee", "annxx"} {
		want := must(b.Search(ctx, text, nil))(t)
		var got contacts.Results
		calls := 0
		for o := (contacts.SearchOptions{}); ; calls++ {
			r := must(slow.Search(ctx, text, &o))(t)
			if len(r.Hits) > 4 {
				t.Errorf("%q: %d hits of one call", text, len(r.Hits))
			}
			if r.Partial != (r.Next != "") {
				t.Errorf("%q: partial %v, next %q", text, r.Partial, r.Next)
			}
			got.Hits = append(got.Hits, r.Hits...)
			if o.Cursor = r.Next; r.Next == "" {
				break
			}
		}
		if found(got) != found(want) {
			t.Errorf("%q in %d calls:\n got %s\nwant %s", text, calls, found(got), found(want))
		}
		if len(want.Hits) > 4 && calls < 2 {
			t.Errorf("%q: all in %d calls", text, calls)
		}
	}
}

// FuzzSearch: no text makes a search fail, and what is highlighted are whole
// characters of the field.
func FuzzSearch(f *testing.F) {
	f.Add("ann", "Anna", "O'Neil", "a@b.example")
	f.Add("किर ३", "किरण", "शर्मा", "x")
	f.Add("ﬁ st", "ﬁrst", "İstanbul Straße", "Ａ＠ｂ")
	f.Add("९८७ ٩٨", "5️⃣", "9\u0941", "a@b.example")
	f.Add("54 +1", "각 가", "é̂ʼx", "-")
	f.Fuzz(func(t *testing.T, text, first, last, mail string) {
		b := relaxed(t)
		c, err := b.Create(ctx, contacts.Contact{FirstName: first, LastName: last, Tags: []string{"t"},
			Emails: []contacts.Email{{Address: mail}}, CellPhone: contacts.Phone{Number: "+919876543210"}})
		if err != nil {
			return // not a contact by the rules
		}
		for _, text := range []string{text, first, last, first + " " + last, mail} {
			for _, t9 := range []bool{false, true} {
				r, err := b.Search(ctx, text, &contacts.SearchOptions{T9: t9, Site: &phone.Site{Region: "IN"}})
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				for _, found := range r.Hits {
					if found.Contact.ID != c.ID || len(found.Highlights) == 0 {
						t.Fatalf("%q: %+v", text, found)
					}
					for _, h := range found.Highlights {
						if h.Start < 0 || h.Start > h.End || h.End > len(h.Text) ||
							!utf8.ValidString(h.Text[:h.Start]) || !utf8.ValidString(h.Text[h.Start:h.End]) {
							t.Fatalf("%q: highlight %+v", text, h)
						}
					}
				}
			}
		}
	})
}
