package agentassist_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
)

// loose is a service that lets numbers in twice, so that a blind repeat shows.
type loose struct {
	*fixed
	mu       sync.Mutex
	list     []contacts.Contact
	descends bool     // the list is newest first
	faults   []string // of the next POSTs: "before", "after", "500", "500 after", "504", "late", "half", "[]"
	lists    []string // of the next GETs: "500", "{}"
	noMore   bool     // "hasMore" is never true
	change   func(skip int, requests int32, p *agentassist.Page)
	largest  int           // page
	late     chan struct{} // a late commit waits for it
	posts    atomic.Int32
}

func newLoose(t *testing.T) *loose {
	s := &loose{largest: 1000, late: make(chan struct{})}
	s.fixed = serveFixed(t, s.serve)
	return s
}

func (s *loose) options() agentassist.ClientOptions {
	o := s.fixed.options()
	o.Pause = 200 * time.Microsecond
	return o
}

func next(list *[]string) (f string) {
	if len(*list) > 0 {
		f, *list = (*list)[0], (*list)[1:]
	}
	return f
}

func (s *loose) add(list []contacts.Contact, at time.Time) []contacts.Contact {
	for i := range list {
		c := &list[i]
		c.ID, c.CreatedAt, c.Status = fmt.Sprintf("id%d", len(s.list)+i), at, contacts.Active
		c.CellPhone.Number = c.CellPhone.CountryCode + c.CellPhone.Number
	}
	s.list = append(s.list, list...)
	return list
}

func (s *loose) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == "GET" {
		switch next(&s.lists) {
		case "500":
			w.WriteHeader(500)
			return
		case "{}":
			fmt.Fprint(w, "{}")
			return
		}
		var skip, limit int
		fmt.Sscan(r.FormValue("skip"), &skip)
		fmt.Sscan(r.FormValue("limit"), &limit)
		all := append([]contacts.Contact(nil), s.list...)
		if s.descends {
			for i := range all {
				all[i] = s.list[len(all)-1-i]
			}
		}
		limit = min(limit, s.largest)
		p := agentassist.Page{Results: []contacts.Contact{}, Skip: skip, Limit: limit, TotalResults: len(all), HasMore: skip+limit < len(all) && !s.noMore}
		if skip < len(all) {
			p.Results = all[skip:min(len(all), skip+limit)]
		}
		if s.change != nil {
			s.change(skip, s.n.Load(), &p)
		}
		json.NewEncoder(w).Encode(p)
		return
	}
	s.posts.Add(1)
	var rows []contacts.Contact
	json.NewDecoder(r.Body).Decode(&rows)
	f := next(&s.faults)
	switch f {
	case "before", "500", "504":
	case "half":
		s.add(rows[:len(rows)/2], time.Now())
	case "late":
		go func() {
			<-s.late
			s.mu.Lock()
			defer s.mu.Unlock()
			s.add(rows, time.Now())
		}()
	default:
		rows = s.add(rows, time.Now())
	}
	switch f {
	case "":
		json.NewEncoder(w).Encode(rows)
	case "500", "500 after", "half":
		w.WriteHeader(500)
	case "[]":
		fmt.Fprint(w, "[]")
	case "504", "late":
		w.WriteHeader(504)
	default:
		panic(http.ErrAbortHandler)
	}
}

func (s *loose) count(name string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.list {
		if c.FirstName == name {
			n++
		}
	}
	return n
}

// What the client makes of a POST that has no answer, at a service without keys.
func TestCreateUnknown(t *testing.T) {
	t.Parallel()
	recent := func(n int) func(*loose) {
		return func(s *loose) { s.add(people(100, n), time.Now().Add(-time.Second)) }
	}
	old := func(n int) func(*loose) {
		return func(s *loose) { s.add(people(100, n), time.Now().Add(-time.Hour)) }
	}
	for name, c := range map[string]struct {
		before func(*loose)
		faults string
		lists  string
		rows   int
		posts  int32
		there  int  // copies of each afterwards
		ok     bool // else ErrCommitUnknown
	}{
		"cut after":                       {faults: "after", rows: 2, posts: 1, there: 1, ok: true},
		"cut before":                      {faults: "before", rows: 2, posts: 2, there: 1, ok: true},
		"500":                             {faults: "500", rows: 1, posts: 2, there: 1, ok: true},
		"500 after":                       {faults: "500 after", rows: 1, posts: 1, there: 1, ok: true},
		"500, 500, cut after":             {faults: "500,500,after", rows: 1, posts: 3, there: 1, ok: true},
		"500 for ever":                    {faults: "500,500,500,500,500,500", rows: 1, posts: 5, there: 0},
		"the server is at it still":       {faults: "504", rows: 1, posts: 1, there: 0},
		"half of them":                    {faults: "half", rows: 4, posts: 1, there: -1},
		"the list fails, and comes back":  {faults: "after", lists: "500,500", rows: 1, posts: 1, there: 1, ok: true},
		"the list fails":                  {faults: "before", lists: strings.Repeat("500,", 20), rows: 1, posts: 1, there: 0},
		"the first look fails":            {faults: "before", lists: "500,500,500,500,500", rows: 1, posts: 1, there: 0},
		"other objects for lists":         {before: old(1), faults: "before", lists: strings.Repeat("{},", 20), rows: 1, posts: 1, there: 0},
		"an answer without them":          {faults: "[]", rows: 2, posts: 1, there: 1, ok: true},
		"never more":                      {before: func(s *loose) { old(300)(s); s.largest, s.noMore = 7, true }, faults: "after", rows: 3, posts: 1, there: 1, ok: true},
		"old contacts":                    {before: old(2500), faults: "after", rows: 3, posts: 1, there: 1, ok: true},
		"old contacts, cut before":        {before: old(2500), faults: "before", rows: 3, posts: 2, there: 1, ok: true},
		"small pages":                     {before: func(s *loose) { old(300)(s); s.largest = 7 }, faults: "before", rows: 3, posts: 2, there: 1, ok: true},
		"pages too small":                 {before: func(s *loose) { recent(300)(s); s.largest = 2 }, faults: "before", rows: 3, posts: 1, there: 0},
		"many new":                        {before: recent(1500), faults: "before", rows: 3, posts: 2, there: 1, ok: true},
		"newest first":                    {before: func(s *loose) { old(1500)(s); s.descends = true }, faults: "after", rows: 3, posts: 1, there: 1, ok: true},
		"newest first, cut before":        {before: func(s *loose) { old(1500)(s); s.descends = true }, faults: "before", rows: 3, posts: 2, there: 1, ok: true},
		"newest first, and too many":      {before: func(s *loose) { old(900)(s); s.descends, s.largest = true, 20 }, faults: "after", rows: 3, posts: 1, there: 1},
		"old ones of those names":         {before: func(s *loose) { s.add(people(0, 3), time.Now().Add(-time.Hour)) }, faults: "before", rows: 3, posts: 2, there: 2, ok: true},
		"without times, all there to see": {before: func(s *loose) { s.add(people(100, 30), time.Time{}) }, faults: "before", rows: 3, posts: 2, there: 1, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLoose(t)
			if c.before != nil {
				c.before(s)
			}
			s.faults, s.lists = strings.Split(c.faults, ","), strings.Split(c.lists, ",")
			if c.lists == "" {
				s.lists = nil
			}
			made, err := newClient(t, s.options()).Create(t.Context(), people(0, c.rows))
			if c.ok != (err == nil) || err != nil && !errors.Is(err, contacts.ErrCommitUnknown) {
				t.Errorf("%v", err)
			}
			if n := s.posts.Load(); n != c.posts {
				t.Errorf("%d POSTs, not %d", n, c.posts)
			}
			for i := range c.rows {
				if n := s.count(fmt.Sprint("Person", i)); c.there >= 0 && n != c.there {
					t.Errorf("%d of row %d, not %d", n, i, c.there)
				}
				if c.ok && made[i].FirstName != fmt.Sprint("Person", i) {
					t.Errorf("row %d is %s", i, made[i].FirstName)
				}
			}
		})
	}
}

// A commit that comes after the answer 504 is not doubled.
func TestCreateLate(t *testing.T) {
	t.Parallel()
	s := newLoose(t)
	s.faults = []string{"late"}
	_, err := newClient(t, s.options()).Create(t.Context(), people(0, 2))
	close(s.late)
	for s.count("Person0") == 0 {
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(err, contacts.ErrCommitUnknown) || s.posts.Load() != 1 || s.count("Person0") != 1 {
		t.Errorf("%d POSTs, %d contacts, %v", s.posts.Load(), s.count("Person0"), err)
	}
}

// Random faults, with others creating and deleting meanwhile: what was created
// is there once, and what the client says is so.
func TestCreateRandom(t *testing.T) {
	t.Parallel()
	kinds := []string{"before", "after", "500", "500 after", "504", "half", ""}
	s := newLoose(t)
	s.add(people(90_000, 120), time.Now().Add(-time.Hour))
	c := newClient(t, s.options())
	r := rand.New(rand.NewPCG(11, 5))
	outcomes := map[string]int{}
	for round := range 200 {
		s.mu.Lock()
		s.faults, s.lists = nil, nil
		for range r.IntN(4) {
			s.faults = append(s.faults, kinds[r.IntN(len(kinds))])
		}
		for range r.IntN(3) {
			s.lists = append(s.lists, []string{"500", ""}[r.IntN(2)])
		}
		s.list = s.list[r.IntN(3):]                           // somebody deletes
		s.add(people(50_000+10*round, r.IntN(3)), time.Now()) // somebody creates
		s.largest = []int{1000, 200, 50}[r.IntN(3)]
		s.mu.Unlock()
		rows := people(10*round, 1+r.IntN(4))
		made, err := c.Create(t.Context(), rows)
		for i := range rows {
			n := s.count(rows[i].FirstName)
			switch {
			case n > 1:
				t.Fatalf("round %d: row %d is there %d times", round, i, n)
			case err == nil && (n != 1 || made[i].FirstName != rows[i].FirstName):
				t.Fatalf("round %d: row %d is there %d times, and the answer has %v", round, i, n, made[i].FirstName)
			case err != nil && !errors.Is(err, contacts.ErrCommitUnknown):
				t.Fatalf("round %d: %v", round, err)
			}
		}
		outcomes[fmt.Sprint(err == nil)]++
	}
	if outcomes["true"] < 60 || outcomes["false"] < 20 {
		t.Errorf("too much of one kind: %v", outcomes)
	}
}

// The same at the server of tests, with keys and without: all or none of a call,
// each once, by create, import and one by one.
func TestCreateRandomServer(t *testing.T) {
	t.Parallel()
	for _, hosted := range []bool{false, true} {
		t.Run(fmt.Sprint("hosted ", hosted), func(t *testing.T) {
			t.Parallel()
			s := unbound(t, agentassisttest.Options{Hosted: hosted})
			s.SetRetryAfter(0)
			o := s.ClientOptions()
			o.Pause = 100 * time.Microsecond
			c := newClient(t, o)
			r := rand.New(rand.NewPCG(3, 9))
			done := 0
			for round := range 200 {
				s.Reset()
				post := s.On("POST", "")
				for range r.IntN(3) {
					switch r.IntN(6) {
					case 0:
						post.CutAfterCommit(1)
					case 1:
						post.CutBefore(1)
					case 2:
						post.FailAfterCommit([]int{500, 502, 503}[r.IntN(3)], 1)
					case 3:
						post.Fail([]int{500, 502, 503}[r.IntN(3)], 1)
					case 4:
						post.CutAnswer(1)
					default:
						post.Fail(429, 1)
					}
				}
				if r.IntN(3) == 0 {
					s.On("GET", "").Fail(503, 1+r.IntN(2))
				}
				rows := people(10*round, 1+r.IntN(4))
				var made []contacts.Contact
				var err error
				switch call := r.IntN(3); {
				case call == 0:
					var file strings.Builder
					fmt.Fprintln(&file, "firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension")
					for _, p := range rows {
						fmt.Fprintf(&file, "%s,%s,%s,%s,%s,+\n", p.FirstName, p.LastName, p.Salutation, p.CellPhone.Number, p.CellPhone.CountryCode)
					}
					made, err = c.Import(t.Context(), strings.NewReader(file.String()))
				case call == 1 && !hosted:
					var b agentassist.Bulk
					b, err = c.CreateEach(t.Context(), rows)
					for _, d := range b.SuccessfulRecords {
						made = append(made, *d.Contact)
					}
					if err == nil && (b.Failed != 0 || b.Successful != len(rows)) {
						t.Fatalf("round %d: %+v", round, b)
					}
				default:
					made, err = c.Create(t.Context(), rows)
				}
				if err == nil {
					done++
				}
				for i, p := range rows {
					m, lost := s.Book.Lookup(t.Context(), "+91"+p.CellPhone.Number, nil)
					switch {
					case lost != nil:
						t.Fatal(lost)
					case err == nil && (m.Contact.FirstName != p.FirstName || made[i].ID != m.Contact.ID):
						t.Fatalf("round %d: row %d is %v", round, i, m.Contact.FirstName)
					case err != nil && !errors.Is(err, contacts.ErrCommitUnknown):
						t.Fatalf("round %d: %v", round, err)
					}
				}
			}
			if done < 120 {
				t.Errorf("%d of 200 settled", done)
			}
		})
	}
}
