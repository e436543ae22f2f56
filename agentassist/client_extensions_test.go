package agentassist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

func TestClientOfExtensions(t *testing.T) {
	l := newLive(t, nil, Options{Extended: true, Strict: true})
	c := l.client(t)
	ctx := t.Context()
	john, jane := numbered("John", 1), numbered("Jane", 2)
	jane.LastName, jane.Emails = "Roe", []contacts.Email{{Address: "jane@example.com"}}
	list := l.add(t, john, jane)
	a, b := list[0].ID, list[1].ID

	got, tag, err := c.GetTag(ctx, a)
	if err != nil || !got.Equal(list[0]) || got.Revision != 1 || tag == "" {
		t.Errorf("Get: %+v, %s, %v", got, tag, err)
	}
	for _, id := range []string{"nobody", "", "../x", "lookup"} {
		if _, err := c.Get(ctx, id); !errors.Is(err, contacts.ErrNotFound) {
			t.Errorf("Get %q: %v", id, err)
		}
	}

	found, err := c.Lookup(ctx, "+91 98000 00001", nil)
	if err != nil || found.Kind != contacts.MatchExact.String() || found.Contact == nil || found.Contact.ID != a || found.Number.E164 != "+919800000001" {
		t.Errorf("Lookup: %+v, %v", found, err)
	}
	found, err = c.Lookup(ctx, "09800000002", &LookupOptions{Region: "in", Limit: 3})
	if err != nil || found.Contact == nil || found.Contact.ID != b {
		t.Errorf("Lookup in a region: %+v, %v", found, err)
	}
	found, err = c.Lookup(ctx, "withheld & #2", nil)
	if err != nil || found.Contact != nil || found.Refusal == "" {
		t.Errorf("Lookup of no number: %+v, %v", found, err)
	}
	if _, err = c.Lookup(ctx, "1", &LookupOptions{Suffix: 3}); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("Lookup by 3 digits: %v", err)
	}

	page, err := c.Search(ctx, "jane@example", nil)
	if err != nil || len(page.Results) != 1 || page.Results[0].Contact.ID != b || page.Results[0].Highlights[1].Field != "emails[0].address" {
		t.Errorf("Search: %+v, %v", page, err)
	}
	var names []string
	for o := (SearchOptions{Limit: 1}); ; o.Cursor = page.Next {
		if page, err = c.Search(ctx, "j", &o); err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Results {
			names = append(names, h.Contact.FirstName)
		}
		if page.HasMore != (page.Next != "") {
			t.Errorf("%+v", page)
		}
		if !page.HasMore {
			break
		}
	}
	if strings.Join(names, " ") != "Jane John" {
		t.Errorf("Search, page by page: %v", names)
	}
	if page, err = c.Search(ctx, "564", &SearchOptions{T9: true}); err != nil || len(page.Results) != 1 {
		t.Errorf("Search by keys: %+v, %v", page, err)
	}

	if _, err := l.book.Delete(ctx, a); err != nil {
		t.Fatal(err)
	}
	if got, err = c.Restore(ctx, a); err != nil || got.Status != contacts.Active || got.Revision != 4 {
		t.Errorf("Restore: %+v, %v", got, err)
	}
	if _, err := l.book.Delete(ctx, a); err != nil {
		t.Fatal(err)
	}
	other := l.add(t, numbered("Jim", 1))[0].ID
	_, err = c.Restore(ctx, a)
	var refused *Error
	if !errors.Is(err, contacts.ErrDuplicateNumber) || !errors.As(err, &refused) || refused.Problems[0].HolderID != other {
		t.Errorf("Restore with a number that is taken: %v", err)
	}

	_, tag, err = c.GetTag(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	m := MergeRequest{Keep: b, Others: []string{other}, Take: map[string]string{"firstName": other}, Revisions: map[string]string{b: tag}}
	for range 2 { // to repeat it does nothing more
		if got, err = c.Merge(ctx, m); err != nil || got.FirstName != "Jim" || got.LastName != "Roe" || len(got.MergedFrom) != 1 || got.ID != b {
			t.Errorf("Merge: %+v, %v", got, err)
		}
	}
	if got, err = c.Get(ctx, other); err != nil || got.Status != contacts.Merged || got.MergedInto != b {
		t.Errorf("Get of the merged: %+v, %v", got, err)
	}
	m.Others = []string{a}
	m.Take = nil
	if _, err = c.Merge(ctx, m); !errors.Is(err, contacts.ErrConflict) && !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("Merge of the deleted: %v", err)
	}

	export, err := c.Export(ctx, FormatCSV)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(export)
	export.Close()
	if want := importColumns + "\nJim,Roe,Mr,9800000002,+91,+\n"; err != nil || string(text) != want {
		t.Errorf("Export: %q, %v, want %q", text, err, want)
	}
	if _, err = c.Export(ctx, "xlsx"); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("Export in no format: %v", err)
	}
}

func TestClientDuplicates(t *testing.T) {
	l := newLive(t, nil, Options{})
	keep := l.book.With(contacts.Rules{KeepDuplicates: true})
	const numbers = 120 // more than a page
	for i := range numbers {
		for range 2 + i%2 {
			if _, err := keep.Create(t.Context(), numbered("Twin", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := 0
	for d, err := range l.client(t).Duplicates(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Number != fmt.Sprintf("+9198%08d", n) || len(d.Contacts) != 2+n%2 || d.Contacts[0].CellPhone.Number != d.Number {
			t.Errorf("number %d: %s with %d contacts", n, d.Number, len(d.Contacts))
		}
		n++
	}
	if n != numbers {
		t.Errorf("%d numbers, want %d", n, numbers)
	}
}

// cutter is a proxy that cuts its connections after so many bytes of answers.
type cutter struct {
	net.Listener
	to    string
	after int64
	wg    sync.WaitGroup
}

func newCutter(t *testing.T, to string, after int64) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &cutter{Listener: listener, to: strings.TrimPrefix(to, "http://"), after: after}
	p.wg.Go(p.serve)
	t.Cleanup(func() { listener.Close(); p.wg.Wait() })
	return p
}

func (p *cutter) serve() {
	for {
		near, err := p.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.to)
		if err != nil {
			near.Close()
			continue
		}
		p.wg.Go(func() { _, _ = io.Copy(far, near); far.Close() })
		p.wg.Go(func() { _, _ = io.CopyN(near, far, p.after); near.Close(); far.Close() })
	}
}

// A client goes on with events from one broken connection to the next, without
// loss and without seeing one twice.
func TestClientEvents(t *testing.T) {
	l := newLive(t, nil, Options{})
	l.add(t, numbered("before", 0))
	direct := l.client(t)
	token, err := direct.EventToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCutter(t, l.url, 3000) // a few events
	through := &live{Handler: l.Handler, url: "http://" + proxy.Addr().String(), token: l.token}
	c := through.client(t)
	const events = 100
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range events {
			if _, err := l.book.Create(t.Context(), numbered("N", i+1)); err != nil {
				t.Error(err)
			}
		}
	})
	n := uint64(0)
	for e, err := range c.Events(t.Context(), token) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if e.Revision != n+1 || e.Kind != EventCreated || e.Contact.FirstName != "N" || e.Token == "" {
			t.Fatalf("event %d: %+v", n, e)
		}
		if n == events {
			break
		}
	}
	writing.Wait()
}

func TestClientEventsEnd(t *testing.T) {
	l := newLive(t, nil, Options{})
	c := l.client(t)
	token, err := c.EventToken(t.Context())
	if err != nil || token != ".0" {
		t.Errorf("of a book with nothing in it: %q, %v", token, err)
	}
	l.add(t, numbered("A", 1))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for e, err := range c.Events(ctx, token) {
		if last = err; err == nil {
			n++
			if e.Contact.FirstName != "A" {
				t.Errorf("%+v", e)
			}
			cancel()
		}
	}
	if n != 1 || !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled: %d events, %v", n, last)
	}

	for _, err := range c.Events(t.Context(), "another.1") {
		var gone *Error
		if last = err; !errors.As(err, &gone) || !errors.Is(err, contacts.ErrTrimmed) || gone.Problems[0].Restart == "" {
			t.Errorf("of another book: %v", err)
		}
	}
	bad := *c
	bad.opt.Token = func() (string, error) { return "no token", nil }
	for _, err := range bad.Events(t.Context(), "") {
		var refused *Error
		if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
			t.Errorf("without a token: %v", err)
		}
	}
	for e, err := range c.Events(t.Context(), ".0") { // a loop that ends itself
		if err != nil || e.Contact.FirstName != "A" {
			t.Errorf("%+v, %v", e, err)
		}
		break
	}
}

// A stream that is silent, heartbeats and all, is given up, and begun again.
func TestClientEventsSilence(t *testing.T) {
	l := newLive(t, nil, Options{})
	l.heartbeat = time.Hour
	c := l.client(t)
	c.silence = 5 * time.Millisecond
	opened := make(chan struct{}, 100)
	c.http.Transport = counting{c.http.Transport, opened}
	l.add(t, numbered("A", 1))
	ctx, cancel := context.WithCancel(t.Context())
	var seen []string
	go func() {
		for range 5 {
			<-opened
		}
		if _, err := l.book.Create(ctx, numbered("B", 2)); err != nil {
			t.Error(err)
		}
	}()
	for e, err := range c.Events(ctx, ".0") {
		if err != nil {
			break
		}
		if seen = append(seen, e.Contact.FirstName); e.Contact.FirstName == "B" {
			cancel()
		}
	}
	cancel()
	if strings.Join(seen, " ") != "A B" {
		t.Errorf("%v", seen)
	}
}

// counting tells of each request.
type counting struct {
	http.RoundTripper
	opened chan<- struct{}
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case c.opened <- struct{}{}:
	default:
	}
	if c.RoundTripper == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return c.RoundTripper.RoundTrip(r)
}

// An export that the server cuts does not end as a whole one does.
func TestClientExportThatBreaks(t *testing.T) {
	l := newLive(t, nil, Options{})
	for i := range 100 {
		l.add(t, numbered("N", i))
	}
	proxy := newCutter(t, l.url, 20_000)
	through := &live{Handler: l.Handler, url: "http://" + proxy.Addr().String(), token: l.token}
	r, err := through.client(t).Export(t.Context(), FormatJSONL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := drain(r); !errors.Is(err, io.ErrUnexpectedEOF) || n == 0 {
		t.Errorf("%d bytes, %v, want an unexpected EOF", n, err)
	}
}
