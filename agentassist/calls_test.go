package agentassist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// watched is a store that a test looks into and makes fail.
type watched struct {
	contacts.Store
	applies, finds int
	fail           func(n int) error // of the n-th Apply
}

func (s *watched) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.applies++
	if s.fail != nil {
		if err := s.fail(s.applies); err != nil {
			return contacts.Applied{}, err
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

func (s *watched) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	s.finds++
	return s.Store.Find(ctx, scope, q)
}

// newWatched is newFixed over a watched store.
func newWatched(t *testing.T, o *Options) (*fixed, *watched) {
	f := newFixed(t, o)
	s := &watched{Store: f.store}
	f.Handler.store = s
	return f, s
}

// Beyond the end nothing is read, as a walk there costs as much as the book is
// long.
func TestListBeyondTheEnd(t *testing.T) {
	f, s := newWatched(t, &Options{})
	f.do(t, "POST", "/contacts", "["+john(1)+"]")
	s.finds = 0
	if a := f.do(t, "GET", "/contacts?skip=1", ""); a.StatusCode != 200 || !strings.Contains(a.body, `"totalResults":1`) || s.finds != 0 {
		t.Errorf("%v; %d reads", a, s.finds)
	}
	if a := f.do(t, "GET", "/contacts?skip=0", ""); a.StatusCode != 200 || s.finds != 1 {
		t.Errorf("%v; %d reads", a, s.finds)
	}
	a := f.do(t, "GET", "/contacts", "")
	if a = f.do(t, "GET", "/contacts", "", "If-None-Match", a.Header.Get("ETag")); a.StatusCode != 304 || s.finds != 2 {
		t.Errorf("%v; %d reads", a, s.finds)
	}
}

// Where a bulk call cannot go on, what was done is told apart from what was not.
// Where nothing was, the call has failed as a whole.
func TestBulkEndsEarly(t *testing.T) {
	var log bytes.Buffer
	f, s := newWatched(t, &Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	f.do(t, "POST", "/contacts", "["+john(1)+"]")
	const id = "63c7c8b1a1b2c3d4e5f61001"
	rows := fmt.Sprintf(`[{"id":%q,"firstName":"One"},{"id":%[1]q,"firstName":"Two"},{"id":%[1]q,"firstName":"Three"},{"id":"nobody"}]`, id)
	broken := errors.New("the disk is gone")
	for done, want := range map[int]string{
		0: `"code":500,"reason":"internal"`,
		1: `"successful":1,"failed":3`,
	} {
		s.applies, s.fail = 0, func(n int) error {
			if n > done {
				return broken
			}
			return nil
		}
		log.Reset()
		a := f.do(t, "PUT", "/contacts/bulk-update", rows)
		if !strings.Contains(a.body, want) || strings.Contains(a.body, broken.Error()) || (a.StatusCode == 500) != (done == 0) {
			t.Errorf("%d done: %v", done, a)
		}
		if n := strings.Count(log.String(), broken.Error()); n != 1 {
			t.Errorf("%d done: logged %d times:\n%s", done, n, log.String())
		}
	}
	if a := f.do(t, "GET", "/contacts/"+id, ""); !strings.Contains(a.body, `"firstName":"One"`) {
		t.Error(a)
	}
}

// An outcome that is not known is told as such, and the same key settles it.
func TestUnknownOutcome(t *testing.T) {
	f, s := newWatched(t, &Options{})
	s.fail = func(n int) error { return contacts.ErrCommitUnknown }
	key := []string{HeaderIdempotencyKey, "key"}
	if a := f.do(t, "POST", "/contacts", "["+john(1)+"]", key...); a.StatusCode != 503 || a.problem.Reason != ReasonUnknownOutcome {
		t.Error(a)
	}
	s.fail = nil
	for range 2 {
		if a := f.do(t, "POST", "/contacts", "["+john(1)+"]", key...); a.StatusCode != 200 {
			t.Error(a)
		}
	}
}

// An update ends when the caller goes away, however often it loses the race.
func TestUpdateEndsWithTheRequest(t *testing.T) {
	f, s := newWatched(t, &Options{})
	f.do(t, "POST", "/contacts", "["+john(1)+"]")
	ctx, cancel := context.WithCancel(t.Context())
	s.fail = func(n int) error {
		if n == 10 {
			cancel()
		}
		return &contacts.RevisionError{Conflicts: []contacts.RevisionConflict{{Read: 1, Present: 2}}}
	}
	r := asCaller("PUT", Base+fixedStream+"/contacts/63c7c8b1a1b2c3d4e5f61001", `{"firstName":"X"}`)
	r.Header.Set(HeaderToken, f.token)
	r.Header.Set(HeaderAccount, fixedAccount)
	s.applies = 0
	if a := serveOne(t, f, r.WithContext(ctx)); a.StatusCode != 409 || s.applies != 10 {
		t.Errorf("%v after %d tries", a, s.applies)
	}
}
