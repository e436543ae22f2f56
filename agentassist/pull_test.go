package agentassist_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
	"github.com/callerbook/contacts/memstore"
)

// hosted returns a server as the hosted service with n contacts, in pages of
// size.
func hosted(t *testing.T, n, size int) *agentassisttest.Server {
	t.Helper()
	s := unbound(t, agentassisttest.Options{Hosted: true, MaxPage: size})
	s.SetRetryAfter(0)
	fill(t, s, 0, n)
	return s
}

func fill(t *testing.T, s *agentassisttest.Server, from, n int) {
	t.Helper()
	results, err := s.Book.As(contacts.Actor{ID: "somebody"}).CreateEach(t.Context(), people(from, n))
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func mirror(t *testing.T) *contacts.Book {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	b, err := contacts.Open(t.Context(), store, contacts.Scope{Account: "local", Stream: "mirror"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pull(t *testing.T, c *agentassist.Client, b *contacts.Book, o *agentassist.PullOptions) agentassist.Pulled {
	t.Helper()
	p, err := agentassist.Pull(t.Context(), c, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// active returns the active contacts of a book in the API's form, by id, without
// what is the scope's, and, where it does not count, who changed them when.
func active(t *testing.T, b *contacts.Book, changed bool) map[string]string {
	t.Helper()
	list := map[string]string{}
	for c, err := range b.All(t.Context(), &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err != nil {
			t.Fatal(err)
		}
		c.OrgID, c.AccountID, c.StreamID = "", "", ""
		if !changed {
			c.UpdatedAt, c.UpdatedBy, c.UpdatedByAID = time.Time{}, "", ""
		}
		list[c.ID] = string(c.AppendJSON(nil))
	}
	return list
}

func wantSame(t *testing.T, s *agentassisttest.Server, b *contacts.Book) {
	t.Helper()
	wantEqual(t, active(t, s.Book, true), active(t, b, true))
}

func wantEqual(t *testing.T, theirs, ours map[string]string) {
	t.Helper()
	for id, c := range theirs {
		if ours[id] != c {
			t.Errorf("contact %s\n  there %s\n  here  %s", id, c, ours[id])
		}
	}
	for id := range ours {
		if theirs[id] == "" {
			t.Errorf("contact %s is not there", id)
		}
	}
}

func ids(t *testing.T, b *contacts.Book) (list []string) {
	t.Helper()
	for c, err := range b.All(t.Context(), &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c.ID)
	}
	return list
}

func summary(p agentassist.Pulled) string {
	return fmt.Sprintf("%d of %d: %d new, %d changed, %d same, %d deleted, %d refused, %d twice, resumed %v",
		p.Listed, p.Total, p.Created, p.Updated, p.Same, p.Deleted, len(p.Refused), len(p.Duplicate), p.Resumed)
}

func TestPull(t *testing.T) {
	t.Parallel()
	s, b := hosted(t, 250, 20), mirror(t)
	c := s.Client()
	want := func(want string) {
		t.Helper()
		if got := summary(pull(t, c, b, nil)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		wantSame(t, s, b)
	}
	want("250 of 250: 250 new, 0 changed, 0 same, 0 deleted, 0 refused, 0 twice, resumed false")
	before, err := b.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want("250 of 250: 0 new, 0 changed, 250 same, 0 deleted, 0 refused, 0 twice, resumed false")
	if after, err := b.Token(t.Context()); err != nil || after != before {
		t.Errorf("an unchanged tenant wrote %v after %v, %v", after, before, err)
	}
	if n := len(s.Requests()); n > 2*14 {
		t.Errorf("%d requests for two times 250 contacts by 20", n)
	}

	all := ids(t, s.Book)
	if !slices.Equal(ids(t, b), all) {
		t.Error("in another order")
	}
	for i, id := range all {
		switch i % 50 {
		case 1:
			_, err = s.Book.Edit(t.Context(), id, func(c *contacts.Contact) error { c.LastName = "Changed"; return nil })
		case 2:
			_, err = s.Book.Delete(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, 1000, 7)
	want("252 of 252: 7 new, 5 changed, 240 same, 5 deleted, 0 refused, 0 twice, resumed false")
	gone, err := b.Get(t.Context(), all[2])
	if err != nil || gone.Status != contacts.Inactive {
		t.Errorf("%v, %v", gone.Status, err)
	}
	if _, err := s.Book.Undelete(t.Context(), all[2]); err != nil {
		t.Fatal(err)
	}
	want("253 of 253: 0 new, 1 changed, 252 same, 0 deleted, 0 refused, 0 twice, resumed false")
}

// What the book cannot have is reported, and what it should not have is kept.
func TestPullReports(t *testing.T) {
	t.Parallel()
	s, b := hosted(t, 10, 4), mirror(t)
	keep := s.Book.With(contacts.Rules{KeepDuplicates: true})
	twin := person(3)
	twin.FirstName = "Twin"
	if _, err := keep.Create(t.Context(), twin); err != nil {
		t.Fatal(err)
	}
	p := pull(t, s.Client(), b, nil)
	all := ids(t, s.Book)
	if len(p.Duplicate) != 1 || len(p.Duplicate[0].Contacts) != 2 || p.Duplicate[0].Contacts[1].ID != all[10] || p.Created != 11 {
		t.Errorf("%s, %v", summary(p), p.Duplicate)
	}
	wantSame(t, s, b)

	// Purged and merged here, and of a number that cannot be at all.
	if err := b.Purge(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Merge(t.Context(), all[1], []string{all[2]}, nil); err != nil {
		t.Fatal(err)
	}
	p = pull(t, s.Client(), b, nil)
	var purged *contacts.PurgedError
	if len(p.Refused) != 2 || !errors.As(p.Refused[0].Err, &purged) || p.Refused[0].Contact.ID != all[0] || !errors.Is(p.Refused[1].Err, contacts.ErrMerged) {
		t.Errorf("%s, %v", summary(p), p.Refused)
	}
	odd := newLoose(t)
	odd.add(people(0, 3), time.Now())
	odd.list[1].CellPhone = contacts.Phone{Number: "Zebulon"}
	odd.list[2].ID = ""
	b = mirror(t)
	p = pull(t, newClient(t, odd.options()), b, nil)
	if len(p.Refused) != 2 || p.Created != 1 || !errors.Is(p.Refused[0].Err, contacts.ErrInvalid) || !errors.Is(p.Refused[1].Err, contacts.ErrInvalid) {
		t.Errorf("%s, %v", summary(p), p.Refused)
	}
}

// Fields that the API does not have.
func TestPullOwnFields(t *testing.T) {
	t.Parallel()
	s, b := unbound(t, agentassisttest.Options{Handler: agentassist.Options{Extended: true}}), mirror(t)
	fill(t, s, 0, 2)
	pull(t, s.Client(), b, nil)
	all := ids(t, b)
	note := func(b *contacts.Book, notes, tag string) {
		t.Helper()
		_, err := b.With(contacts.RelaxedRules()).Edit(t.Context(), all[0], func(c *contacts.Contact) error { c.Notes, c.Tags = notes, []string{tag}; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	note(b, "ours", "here")
	note(s.Book, "theirs", "there")
	if p := pull(t, s.Client(), b, nil); p.Same != 2 {
		t.Error(summary(p))
	}
	if c, err := b.Get(t.Context(), all[0]); err != nil || c.Notes != "ours" || c.Tags[0] != "here" {
		t.Errorf("%v, %v", c.Notes, err)
	}
	if p := pull(t, s.Client(), b, &agentassist.PullOptions{Extended: true}); p.Updated != 1 {
		t.Error(summary(p))
	}
	wantSame(t, s, b)
}

// Nothing is deleted where that is likely a mistake, or not wanted.
func TestPullDeletes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, b := hosted(t, 60, 100), mirror(t)
	pull(t, s.Client(), b, nil)
	all := ids(t, s.Book)
	if _, err := s.Book.DeleteEach(ctx, all[:31]); err != nil {
		t.Fatal(err)
	}
	if p := pull(t, s.Client(), b, &agentassist.PullOptions{KeepDeleted: true}); p.Deleted != 0 || len(ids(t, b)) != 60 {
		t.Error(summary(p))
	}
	if p, err := agentassist.Pull(ctx, s.Client(), b, nil); !errors.Is(err, agentassist.ErrMostGone) || p.Deleted != 0 || p.Same != 29 || len(ids(t, b)) != 60 {
		t.Errorf("%s, %v", summary(p), err)
	}
	// One that somebody changed here since, and one that is only here.
	own, err := b.With(contacts.RelaxedRules()).Create(ctx, contacts.Contact{FirstName: "Own"})
	if err != nil {
		t.Fatal(err)
	}
	changed := false
	p := pull(t, s.Client(), b, &agentassist.PullOptions{DeleteMost: true, Progress: func(agentassist.Pulled) {
		if !changed {
			changed = true
			if _, err := b.With(contacts.RelaxedRules()).Edit(ctx, all[0], func(c *contacts.Contact) error { c.Notes = "mine"; return nil }); err != nil {
				t.Error(err)
			}
		}
	}})
	if c, err := b.Get(ctx, own.ID); p.Deleted != 31 || err != nil || c.Status != contacts.Inactive {
		t.Errorf("%s, %v, %v", summary(p), c.Status, err)
	}
	if c, err := b.Get(ctx, all[0]); err != nil || c.Status != contacts.Active {
		t.Errorf("changed here meanwhile: %v, %v", c.Status, err)
	}
	pull(t, s.Client(), b, nil)
	wantSame(t, s, b)

	if _, err := s.Book.DeleteEach(ctx, all[31:]); err != nil {
		t.Fatal(err)
	}
	if _, err := agentassist.Pull(ctx, s.Client(), b, nil); !errors.Is(err, agentassist.ErrMostGone) || len(ids(t, b)) != 29 {
		t.Errorf("a service that lists none: %v", err)
	}
	pull(t, s.Client(), b, &agentassist.PullOptions{DeleteMost: true})
	wantSame(t, s, b)

	// Few are deleted without being told, but not all.
	s, b = hosted(t, 10, 100), mirror(t)
	pull(t, s.Client(), b, nil)
	all = ids(t, s.Book)
	if _, err := s.Book.DeleteEach(ctx, all[:9]); err != nil {
		t.Fatal(err)
	}
	if p := pull(t, s.Client(), b, nil); p.Deleted != 9 {
		t.Error(summary(p))
	}
	if _, err := s.Book.Delete(ctx, all[9]); err != nil {
		t.Fatal(err)
	}
	if _, err := agentassist.Pull(ctx, s.Client(), b, nil); !errors.Is(err, agentassist.ErrMostGone) || len(ids(t, b)) != 1 {
		t.Errorf("a service that lists none: %v", err)
	}
}

// A pull that is interrupted at any page, in any way, goes on there.
func TestPullResumes(t *testing.T) {
	t.Parallel()
	const n, size = 57, 10
	s := hosted(t, n, size)
	for stop := range 9 {
		for _, how := range []string{"cut", "500", "context", "twice"} {
			b := mirror(t)
			o := s.ClientOptions()
			o.Retries = -1
			c := newClient(t, o)
			s.Reset()
			ctx, cancel := context.WithCancel(t.Context())
			pages := 0
			trouble := func() {
				switch how {
				case "cut":
					s.CutBefore(-1)
				case "500", "twice":
					s.Fail(500, 1)
				default:
					cancel()
				}
			}
			if stop == 0 {
				trouble()
			}
			opts := &agentassist.PullOptions{Journal: filepath.Join(agentassist.TempDir(t), "pull.journal"), Progress: func(agentassist.Pulled) {
				if pages++; pages == stop {
					trouble()
				}
			}}
			p, err := agentassist.Pull(ctx, c, b, opts)
			cancel()
			interrupted := stop < 7 || stop == 7 && how == "context" // after the last page
			if interrupted != (err != nil) {
				t.Fatalf("stopped at %d, %s: %s, %v", stop, how, summary(p), err)
			}
			if _, err := os.Stat(opts.Journal); (err == nil) != (interrupted && stop > 0) {
				t.Errorf("stopped at %d, %s: journal: %v", stop, how, err)
			}
			if how == "twice" && stop > 0 && interrupted { // again, a page later
				pages = stop - 1
				if _, err := agentassist.Pull(t.Context(), c, b, opts); err == nil && stop < 6 {
					t.Errorf("stopped at %d a second time: no error", stop)
				}
			}
			s.Heal()
			if !interrupted {
				continue
			}
			p = pull(t, c, b, opts)
			wantSame(t, s, b)
			if p.Listed != n || p.Created+p.Same != n || how != "twice" && (p.Created != n || p.Resumed != (stop > 0)) {
				t.Errorf("stopped at %d, %s: then %s", stop, how, summary(p))
			}
			if got := len(s.Requests()); how != "twice" && got > 7+2 {
				t.Errorf("stopped at %d, %s: %d requests for 7 pages", stop, how, got)
			}
			if _, err := os.Stat(opts.Journal); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the journal is still there: %v", err)
			}
		}
	}
}

// Deletions are found by a pull that was interrupted, too; and what was in its
// first part and went away meanwhile, by the next one.
func TestPullResumesAndDeletes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, b := hosted(t, 57, 10), mirror(t)
	c := s.Client()
	pull(t, c, b, nil)
	all := ids(t, s.Book)
	remove := func(at ...int) {
		t.Helper()
		for _, i := range at {
			if _, err := s.Book.Delete(ctx, all[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove(1, 2, 50)
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	o := &agentassist.PullOptions{Journal: filepath.Join(agentassist.TempDir(t), "j"), Progress: func(p agentassist.Pulled) {
		if p.Listed >= 28 {
			cancel()
		}
	}}
	if _, err := agentassist.Pull(short, c, b, o); err == nil {
		t.Fatal("not interrupted")
	}
	remove(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 51) // the list moves by more than a page
	fill(t, s, 2000, 3)
	if _, err := b.With(contacts.RelaxedRules()).Edit(ctx, all[50], func(c *contacts.Contact) error { c.Notes = "mine"; return nil }); err != nil {
		t.Fatal(err)
	}
	o.Progress = nil
	p := pull(t, c, b, o)
	if !p.Resumed || p.Deleted != 3 || p.Created != 3 {
		t.Error(summary(p))
	}
	for _, id := range ids(t, s.Book) {
		if c, err := b.Get(ctx, id); err != nil || c.Status != contacts.Active {
			t.Errorf("%s: %v, %v", id, c.Status, err)
		}
	}
	if p := pull(t, c, b, o); p.Resumed || p.Deleted != 12 {
		t.Error(summary(p))
	}
	wantSame(t, s, b)
}

// The list moves while it is read: nothing is passed over, in one reading.
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

// A list that is not in order of creation: what moves from what is to be read to
// what was read is found by a second reading, which is not begun again either.
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
	o := &agentassist.PullOptions{Journal: filepath.Join(t.TempDir(), "j"), Progress: func(agentassist.Pulled) {
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

// Faults of all kinds do not change the outcome.
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

// Others create, change, delete and undelete while it reads. Nothing that is
// there all the time is lost, and when they rest the next pull has it all.
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

// A service that refuses large pages, one that gives single contacts, and one
// whose list is newest first.
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

// Whose journal is gone on with, and what becomes of other files.
func TestPullJournal(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := hosted(t, 57, 10)
	// begun leaves a book that is half pulled, and its journal.
	begun := func(t *testing.T) (*contacts.Book, string) {
		t.Helper()
		b, path := mirror(t), filepath.Join(agentassist.TempDir(t), "j")
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		_, err := agentassist.Pull(short, s.Client(), b, &agentassist.PullOptions{Journal: path, Progress: func(p agentassist.Pulled) {
			if p.Listed > 30 {
				cancel()
			}
		}})
		if err == nil {
			t.Fatal("not interrupted")
		}
		return b, path
	}
	other := hosted(t, 3, 10)
	for name, c := range map[string]struct {
		change  func(t *testing.T, path string, data []byte)
		client  *agentassist.Client
		book    *contacts.Book
		refused bool
		resumed bool
	}{
		"as it is": {resumed: true},
		"a torn last line": {change: func(t *testing.T, path string, data []byte) {
			rewrite(t, path, append(data, `{"at":40,"ids":["x`...))
		}, resumed: true},
		"torn in the last line": {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, data[:len(data)-20]) }, resumed: true},
		"torn in the first":     {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, data[:20]) }},
		"empty":                 {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, nil) }},
		"damaged in the middle": {change: func(t *testing.T, path string, data []byte) {
			rewrite(t, path, bytes.Replace(data, []byte(`"at":19`), []byte(`"at";19`), 1))
		}, resumed: true},
		"old": {change: func(t *testing.T, path string, data []byte) {
			head, rest, _ := strings.Cut(string(data), "\n")
			year := time.Now().UTC().Format("2006-")
			rewrite(t, path, []byte(strings.Replace(head, `"began":"`+year, `"began":"2001-`, 1)+"\n"+rest))
		}},
		"of another service":  {client: other.Client(), refused: true},
		"of another book":     {book: mirrorOf(t, "another"), refused: true},
		"of a book of before": {book: mirror(t)},
		"of something else":   {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, []byte("Dear diary\n")) }, refused: true},
		"other JSON":          {change: func(t *testing.T, path string, data []byte) { rewrite(t, path, []byte("{\"a\":1}\n")) }, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			b, path := begun(t)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "Person") || strings.Contains(string(data), "98765") || strings.Contains(string(data), s.Token) {
				t.Errorf("the journal tells of people:\n%s", data)
			}
			if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if c.change != nil {
				c.change(t, path, data)
			}
			client := s.Client()
			if c.client != nil {
				client = c.client
			}
			if c.book != nil {
				b = c.book
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := agentassist.Pull(ctx, client, b, &agentassist.PullOptions{Journal: path})
			if c.refused {
				after, _ := os.ReadFile(path)
				if err == nil || !bytes.Equal(before, after) {
					t.Errorf("%s, %v", summary(p), err)
				}
				return
			}
			if err != nil || p.Resumed != c.resumed || p.Listed != 57 {
				t.Errorf("%s, %v", summary(p), err)
			}
			wantSame(t, s, b)
		})
	}
	if _, err := agentassist.Pull(ctx, s.Client(), mirror(t), &agentassist.PullOptions{Journal: agentassist.TempDir(t)}); err == nil {
		t.Error("a folder as the journal: no error")
	}
}

func mirrorOf(t *testing.T, stream string) *contacts.Book {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	b, err := contacts.Open(t.Context(), store, contacts.Scope{Account: "local", Stream: stream}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rewrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzJournal(f *testing.F) {
	head := `{"pull":1,"began":"2026-01-01T00:00:00Z","service":"s","account":"a","book":{"Account":"","Stream":""},"epoch":"e","start":1}` + "\n"
	for _, s := range []string{"", head, head[:30], head + `{"at":2,"ids":["a","b"]}` + "\n", head + `{"pass":2}` + "\n" + `{"at":`, "x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, lines, size, err := agentassist.ReadJournal(bytes.NewReader(data))
		if err != nil {
			return
		}
		if size < 0 || size > int64(len(data)) || size > 0 && data[size-1] != '\n' || bytes.Count(data[:size], []byte("\n")) != len(lines)+min(1, int(size)) {
			t.Errorf("%d lines in %d of %d bytes", len(lines), size, len(data))
		}
		_, again, same, err := agentassist.ReadJournal(bytes.NewReader(data[:size]))
		if err != nil || same != size || len(again) != len(lines) {
			t.Errorf("what is whole reads as %d lines, %d bytes, %v", len(again), same, err)
		}
	})
}
