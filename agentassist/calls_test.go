package agentassist

import (
	"bytes"
	"context"
	"encoding/json"
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
	for done, want := range []string{ // in this order: then the first row changes the contact
		`"code":500,"reason":"internal"`,
		`"successful":1,"failed":3`,
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

// An answer about many has a bound of its own: short rows may be about large
// contacts, or all about the same one.
func TestBulkAnswerIsBounded(t *testing.T) {
	f := newFixed(t, &Options{})
	opaque := `["` + strings.Repeat("x", 16<<10-10) + `"]`
	a := f.do(t, "POST", "/contacts", "["+strings.TrimSuffix(john(1), "}")+`,"address":`+opaque+`,"twitterDetails":`+opaque+"}]")
	if a.StatusCode != 200 {
		t.Fatal(a)
	}
	row := `{"id":"63c7c8b1a1b2c3d4e5f61001"}`
	const n = minAnswer/(32<<10) + 10
	a = f.do(t, "PUT", "/contacts/bulk-update", "["+row+strings.Repeat(","+row, n-1)+"]")
	var b Bulk
	if err := json.Unmarshal([]byte(a.body), &b); err != nil || a.StatusCode != 200 {
		t.Fatal(a.StatusCode, err)
	}
	if b.TotalRequested != n || b.Successful+b.Failed != n || b.Successful < n/2 || b.Failed < 10 || len(a.body) > minAnswer+minAnswer/8 {
		t.Errorf("%d of %d done, %d bytes", b.Successful, n, len(a.body))
	}
	if p := b.FailedRecords[0]; p.Index != b.Successful || p.Errors[0].Reason != ReasonTooLarge {
		t.Errorf("%+v", p)
	}
}

// parked is a store that keeps batches of more than one write until it is told.
type parked struct {
	contacts.Store
	in, out chan struct{}
}

func (s *parked) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if len(b.Writes) > 1 {
		s.in <- struct{}{}
		<-s.out
	}
	return s.Store.Apply(ctx, scope, b)
}

// Only so many large calls of an app are carried out at once; others wait for as
// long as the caller does, and small calls and other apps do not.
func TestLargeCallsWait(t *testing.T) {
	f := newFixed(t, &Options{Apps: []App{{ID: "cs-other", Secrets: []string{fixedSecret + "cs-other"}, Accounts: []string{anyOf}, Streams: []string{anyOf},
		Scopes: []string{ScopeConfiguration}}}})
	s := &parked{f.store, make(chan struct{}), make(chan struct{})}
	f.Handler.store = s
	large := func(n int) string { return "[" + john(2*n) + strings.Repeat(" ", largeBody) + "," + john(2*n+1) + "]" }
	answers := make(chan answered)
	send := func(n int, headers ...string) { answers <- f.do(t, "POST", "/contacts", large(n), headers...) }
	for n := range largeAtOnce {
		go send(n)
		<-s.in
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := asCaller("POST", Base+fixedStream+"/contacts", large(100))
	r.Header.Set(HeaderToken, f.token)
	r.Header.Set(HeaderAccount, fixedAccount)
	if a := serveOne(t, f, r.WithContext(ctx)); a.StatusCode != 503 {
		t.Errorf("who does not wait: %v", a)
	}
	if a := f.do(t, "POST", "/contacts", "["+john(1000)+"]"); a.StatusCode != 200 {
		t.Errorf("a small call: %v", a)
	}
	go send(200, HeaderToken, mint(t, "cs-other"))
	<-s.in
	go send(300) // waits, or is late: then there is a place
	go func() {
		for range largeAtOnce + 1 {
			s.out <- struct{}{}
		}
		<-s.in
		s.out <- struct{}{}
	}()
	for range largeAtOnce + 2 {
		if a := <-answers; a.StatusCode != 200 {
			t.Error(a)
		}
	}
	if n := len(f.Handler.large[fixedApp]); n != 0 {
		t.Errorf("%d places are kept", n)
	}
}

// A deletion of many goes in parts, and tells what was done before it ended.
func TestBulkDeleteInParts(t *testing.T) {
	const many = 2*deletedAtOnce + 1
	var rows, ids []string
	for i := range many {
		rows, ids = append(rows, john(i)), append(ids, fmt.Sprintf("%q", fmt.Sprintf("63c7c8b1a1b2c3d4e5f6%04x", 0x1001+i)))
	}
	for done, want := range map[int]string{
		0: `"code":500,"reason":"internal"`,
		1: fmt.Sprintf(`"totalRequested":%d,"successful":%d,"failed":%d,`, many, deletedAtOnce, many-deletedAtOnce),
		3: fmt.Sprintf(`"totalRequested":%d,"successful":%[1]d,"failed":0,`, many),
	} {
		f, s := newWatched(t, &Options{})
		if a := f.do(t, "POST", "/contacts", "["+strings.Join(rows, ",")+"]"); a.StatusCode != 200 {
			t.Fatal(a)
		}
		s.applies, s.fail = 0, func(n int) error {
			if n > done {
				return errors.New("the disk is gone")
			}
			return nil
		}
		a := f.do(t, "DELETE", "/contacts/bulk-delete", `{"ids":[`+strings.Join(ids, ",")+"]}")
		if !strings.Contains(a.body, want) || (a.StatusCode == 500) != (done == 0) {
			t.Errorf("%d done: %.300s", done, a.body)
		}
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
