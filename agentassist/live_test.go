package agentassist

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// live is a handler behind a real server.
type live struct {
	*Handler
	url   string
	book  *contacts.Book
	token string
}

const (
	liveAccount = "acme"
	liveStream  = "support"
	liveApp     = "cs-live"
	liveSecret  = "a secret of tests that has at least 32 bytes"
)

// newLive serves a store, or an empty one where that is nil.
func newLive(t *testing.T, store contacts.Store, o Options) *live {
	t.Helper()
	if store == nil {
		store = memstore.New()
	}
	o.Apps = []App{{ID: liveApp, Secrets: []string{liveSecret}, Accounts: []string{"*"}, Streams: []string{"*"}, Scopes: []string{ScopeConfiguration}}}
	h, err := New(store, &o)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Credentials{AppID: liveApp, Secret: liveSecret, Lifetime: time.Hour}.Token()
	if err != nil {
		t.Fatal(err)
	}
	o.Book.Rules = contacts.Rules{}
	book, err := contacts.Open(t.Context(), store, contacts.Scope{Account: liveAccount, Stream: liveStream}, &o.Book)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		h.stop()
		server.CloseClientConnections()
		server.Close()
		store.Close()
	})
	return &live{h, server.URL, book, token}
}

// request makes a request of the API. Header has names and values.
func (l *live) request(ctx context.Context, method, path, body string, header ...string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, l.url+Base+liveStream+path, strings.NewReader(body))
	if err != nil {
		panic(err) // a test that is wrong
	}
	r.Header.Set(HeaderToken, l.token)
	r.Header.Set(HeaderAccount, liveAccount)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// get opens a GET; the body is the caller's to close.
func (l *live) get(ctx context.Context, t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	resp, err := http.DefaultClient.Do(l.request(ctx, "GET", path, "", header...))
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// refusal reads the problems of an answer.
func refusal(t *testing.T, resp *http.Response) []Problem {
	t.Helper()
	defer resp.Body.Close()
	var e struct{ Errors []Problem }
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || len(e.Errors) == 0 {
		t.Fatalf("%s: no problems, %v", resp.Status, err)
	}
	return e.Errors
}

// client returns a client of the server.
func (l *live) client(t *testing.T) *Client {
	t.Helper()
	c, err := NewClient(&ClientOptions{BaseURL: l.url, Account: liveAccount, Stream: liveStream,
		Token: func() (string, error) { return l.token, nil }, IdempotencyKeys: true, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// numbered is a contact with a number of its own.
func numbered(first string, n int) contacts.Contact {
	return contacts.Contact{FirstName: first, LastName: "Doe", Salutation: "Mr",
		CellPhone: contacts.Phone{Number: fmt.Sprintf("98%08d", n), CountryCode: "+91", Extension: "+"}}
}

// add creates contacts.
func (l *live) add(t *testing.T, list ...contacts.Contact) []contacts.Contact {
	t.Helper()
	list, err := l.book.CreateAll(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// drain reads what is left.
func drain(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }
