package agentassist

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// Over HTTP/2, where a deadline is the stream's and not the connection's, events
// come after a silence that is longer than WriteTimeout, and an export that
// cannot go on is not taken for a whole one.
func TestStreamsOverHTTP2(t *testing.T) {
	store := &paged{Store: memstore.New()}
	l := newLive(t, store, Options{WriteTimeout: 20 * time.Millisecond})
	server := httptest.NewUnstartedServer(l.Handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	l.url = server.URL
	open := func(path string) *http.Response {
		t.Helper()
		resp, err := server.Client().Do(l.request(t.Context(), "GET", path, ""))
		if err != nil {
			t.Fatal(err)
		}
		if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", resp.Proto, resp.Status)
		}
		return resp
	}
	resp := open("/contacts/events?after=.0")
	defer resp.Body.Close()
	r := newEventReader(resp.Body, noSilence)
	for n := range 3 {
		id := l.add(t, numbered("N", n))[0].ID
		if e, err := r.next(); err != nil || e.ID != id {
			t.Fatalf("event %d: %+v, %v", n, e, err)
		}
		time.Sleep(2 * l.opt.WriteTimeout) // a silence, not a wait for anything
	}

	list := make([]contacts.Contact, 1200)
	for i := range list {
		list[i] = numbered("N", 100+i)
	}
	l.add(t, list...)
	store.failAt.Store(3)
	export := open("/contacts/export?format=jsonl")
	defer export.Body.Close()
	if n, err := drain(export.Body); err == nil || errors.Is(err, io.EOF) || n == 0 {
		t.Errorf("broken in the middle: %d bytes, %v", n, err)
	}
}
