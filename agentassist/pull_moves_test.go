package agentassist_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
)

func TestPullPassesNothingOver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for n := range 25 {
		s, b := hosted(t, 57, 10), mirror(t)
		all, at := ids(t, s.Book), 0
		p := pull(t, s.Client(), b, &agentassist.PullOptions{KeepDeleted: true, Progress: func(p agentassist.Pulled) {
			for range n { // of those that were read
				if at < p.Listed-1 {
					if _, err := s.Book.Delete(ctx, all[at]); err != nil {
						t.Error(err)
					}
					at++
				}
			}
		}})
		if p.Listed != 57 || p.Created != 57 {
			t.Errorf("%d a page: %s", n, summary(p))
		}
	}
}

func TestPullReadsTwice(t *testing.T) {
	t.Parallel()
	s, b := newLoose(t), mirror(t)
	s.add(people(0, 57), time.Now().Add(-time.Hour))
	s.largest = 10
	c := newClient(t, s.options())
	pull(t, c, b, nil)
	s.mu.Lock()
	s.list = s.list[:56] // one is to be deleted
	s.mu.Unlock()
	pages := 0
	short, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := &agentassist.PullOptions{Journal: filepath.Join(agentassist.TempDir(t), "j"), Progress: func(agentassist.Pulled) {
		switch pages++; pages {
		case 2:
			s.mu.Lock()
			moved := s.list[40]
			s.list = slices.Insert(slices.Delete(s.list, 40, 41), 0, moved)
			s.mu.Unlock()
		case 9: // of the second reading
			cancel()
		}
	}}
	if p, err := agentassist.Pull(short, c, b, o); err == nil || p.Deleted != 0 {
		t.Fatalf("not interrupted: %s", summary(p))
	}
	before := s.n.Load()
	o.Progress = nil
	p := pull(t, c, b, o)
	if n := s.n.Load() - before; p.Deleted != 1 || p.Listed != 56 || n > 6 {
		t.Errorf("%d requests, %s", n, summary(p))
	}
}

func TestPullFaults(t *testing.T) {
	t.Parallel()
	s, b := hosted(t, 300, 7), mirror(t)
	o := s.ClientOptions()
	o.Pause = 100 * time.Microsecond
	r := rand.New(rand.NewPCG(8, 1))
	p := pull(t, newClient(t, o), b, &agentassist.PullOptions{PageSize: 50, Progress: func(agentassist.Pulled) {
		for range r.IntN(3) {
			switch r.IntN(5) {
			case 0:
				s.CutBefore(1)
			case 1:
				s.CutAnswer(1)
			case 2:
				s.Fail(429, 1)
			case 3:
				s.Fail(503, 1)
			default:
				s.CutAfterCommit(1)
			}
		}
	}})
	if p.Created != 300 {
		t.Error(summary(p))
	}
	wantSame(t, s, b)
}

func TestPullWhileOthersWrite(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		ctx := t.Context()
		r := rand.New(rand.NewPCG(seed, 2))
		s, b := hosted(t, 120, 5+r.IntN(20)), mirror(t)
		c := s.Client()
		pull(t, c, b, nil)
		all := ids(t, s.Book)
		for _, i := range r.Perm(120)[:r.IntN(30)] {
			if _, err := s.Book.Delete(ctx, all[i]); err != nil {
				t.Fatal(err)
			}
		}
		always := map[string]bool{}
		for _, id := range ids(t, s.Book) {
			always[id] = true
		}
		never := map[string]bool{}
		for _, id := range all {
			never[id] = !always[id]
		}
		n := 5000
		o := &agentassist.PullOptions{Journal: filepath.Join(agentassist.TempDir(t), "j"), Progress: func(agentassist.Pulled) {
			for range r.IntN(8) {
				var err error
				id := all[r.IntN(len(all))]
				switch r.IntN(5) {
				case 0, 1:
					_, err = s.Book.Delete(ctx, id)
					always[id] = false
				case 2:
					_, err = s.Book.Undelete(ctx, id)
					never[id] = false
				case 3:
					_, err = s.Book.Edit(ctx, id, func(c *contacts.Contact) error { c.LastName += "x"; return nil })
				default:
					n++
					_, err = s.Book.Create(ctx, person(n))
				}
				if err != nil {
					t.Error(err)
				}
			}
		}}
		if _, err := agentassist.Pull(ctx, c, b, o); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for id, c := range active(t, b, false) {
			if never[id] {
				t.Errorf("seed %d: %s was never there: %s", seed, id, c)
			}
			delete(always, id)
		}
		for id, there := range always {
			if there {
				t.Errorf("seed %d: %s was there all the time", seed, id)
			}
		}
		o.Progress = nil
		pull(t, c, b, o)
		wantEqual(t, active(t, s.Book, false), active(t, b, false))
	}
}

func TestPullOddServices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		largest  int
		descends bool
		refuse   int // a limit above it is 400
	}{
		"single contacts":  {largest: 1},
		"pairs":            {largest: 2},
		"newest first":     {largest: 20, descends: true},
		"refuses 100":      {largest: 1000, refuse: 99},
		"refuses all much": {largest: 1000, refuse: 10},
	} {
		s := newLoose(t)
		s.add(people(0, 45), time.Now().Add(-time.Hour))
		s.add(people(100, 45), time.Now())
		s.largest, s.descends = c.largest, c.descends
		inner := s.Config.Handler
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit := 0
			if fmt.Sscan(r.FormValue("limit"), &limit); c.refuse > 0 && limit > c.refuse {
				w.WriteHeader(400)
				return
			}
			inner.ServeHTTP(w, r)
		})
		b := mirror(t)
		if p := pull(t, newClient(t, s.options()), b, nil); p.Created != 90 || p.Listed != 90 || p.Total != 90 {
			t.Errorf("%s: %s", name, summary(p))
		}
		s.mu.Lock()
		s.list = append(s.list[:5], s.list[9:]...)
		s.mu.Unlock()
		if p := pull(t, newClient(t, s.options()), b, nil); p.Same != 86 || p.Deleted != 4 {
			t.Errorf("%s: %s", name, summary(p))
		}
	}
	// A list in no order at all ends.
	s := newLoose(t)
	s.add(people(0, 45), time.Now())
	s.largest = 5
	n := 0
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n++
		rand.Shuffle(len(s.list), func(i, j int) { s.list[i], s.list[j] = s.list[j], s.list[i] })
		s.mu.Unlock()
		s.serve(w, r)
	})
	b := mirror(t)
	p, err := agentassist.Pull(t.Context(), newClient(t, s.options()), b, nil)
	if n > 1000 || p.Deleted > 0 {
		t.Errorf("%d requests, %s, %v", n, summary(p), err)
	}
	if _, err := agentassist.Pull(t.Context(), s.client(t), b, &agentassist.PullOptions{PageSize: -1}); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("a page of -1: %v", err)
	}
}

func (s *loose) client(t *testing.T) *agentassist.Client { return newClient(t, s.options()) }

// A service that loses part of its list, in the middle of a pull or before, and
// one that says that it has more than it lists: nothing is deleted for it.
func TestPullShortList(t *testing.T) {
	t.Parallel()
	const n = 100
	for name, change := range map[string]func(skip int, requests int32, p *agentassist.Page){
		"empty after a while": func(_ int, requests int32, p *agentassist.Page) {
			if requests > 7 {
				*p = agentassist.Page{Results: p.Results[:0]}
			}
		},
		"empty in the second reading": func(_ int, requests int32, p *agentassist.Page) {
			p.TotalResults += int(requests % 2)
			if requests > 9 {
				*p = agentassist.Page{Results: p.Results[:0]}
			}
		},
		"ends early": func(skip int, _ int32, p *agentassist.Page) {
			if skip+len(p.Results) > 60 {
				p.Results, p.HasMore = p.Results[:max(0, 60-skip)], false
			}
		},
	} {
		for _, most := range []bool{false, true} {
			b := mirror(t)
			s := newLoose(t)
			s.add(people(0, n), time.Now().Add(-time.Hour))
			s.largest = 10
			pull(t, newClient(t, s.options()), b, nil)
			s.n.Store(0)
			s.mu.Lock()
			s.list = s.list[:n-1] // one is to be deleted
			s.change = change
			s.mu.Unlock()
			p, err := agentassist.Pull(t.Context(), newClient(t, s.options()), b, &agentassist.PullOptions{DeleteMost: most})
			if most { // for those who know better
				if err != nil || p.Deleted == 0 {
					t.Errorf("%s: %s, %v", name, summary(p), err)
				}
				continue
			}
			if !errors.Is(err, agentassist.ErrMostGone) || p.Deleted != 0 || len(ids(t, b)) != n {
				t.Errorf("%s: %s, %v, %d left", name, summary(p), err, len(ids(t, b)))
			}
		}
	}
}
