// Package agentassisttest has an Agent Assist contacts API for tests: a real
// HTTP server on 127.0.0.1 over a book in memory, with a token, faults to switch
// on, and a record of what was called. No network, no account.
//
// The server is that of package agentassist. It keeps to what is written about
// the hosted service, the 60 calls a minute included; with Options.Hosted it
// leaves out what only the Handler has.
package agentassisttest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/memstore"
)

// Options of a Server. Nil is fine.
type Options struct {
	// Handler has options of the handler; Apps are added to the server's own.
	// Its RatePerMinute is 60 unless set; -1 is no bound. Its Book.NewID is
	// agentassist.NewObjectID unless set.
	Handler agentassist.Options

	Account string         // default "acc-test"
	Stream  string         // default "st-test"
	Store   contacts.Store // default: a new memstore; one that is given is the test's to close

	// Hosted leaves out what the hosted service does not have: the calls that
	// package agentassist adds to the API, idempotency keys, conditions
	// (If-Match) and mode=each.
	Hosted bool

	// MaxPage is the largest page that the server gives, whatever a call asks
	// for. Default agentassist.MaxPage, and 100 when Hosted.
	MaxPage int
}

// Server is a running server. Its methods may be called from many goroutines at
// once, also while it serves.
type Server struct {
	URL     string // scheme and host, for ClientOptions.BaseURL
	Token   string // valid for a day
	Account string
	Stream  string
	Book    *contacts.Book // what it serves
	AppID   string
	Secret  string

	hosted  bool
	maxPage int
	handler http.Handler
	client  *http.Client
	faults  faults
	record  recorder
}

// NewServer starts a server that is closed when the test ends. Tests that run
// in parallel each have their own.
func NewServer(t testing.TB, o *Options) *Server {
	t.Helper()
	if o == nil {
		o = &Options{}
	}
	s := &Server{Account: o.Account, Stream: o.Stream, AppID: "app-test", Secret: secret, hosted: o.Hosted, maxPage: o.MaxPage}
	if s.Account == "" {
		s.Account = "acc-test"
	}
	if s.Stream == "" {
		s.Stream = "st-test"
	}
	if s.maxPage == 0 {
		s.maxPage = agentassist.MaxPage
		if s.hosted {
			s.maxPage = 100
		}
	}
	s.record.news = make(chan struct{})
	s.faults.retryAfter = 1
	store := o.Store
	if store == nil {
		store = memstore.New()
		t.Cleanup(func() { store.Close() })
	}
	h := o.Handler
	h.Apps = append([]agentassist.App{{ID: s.AppID, Secrets: []string{s.Secret}, Accounts: []string{s.Account},
		Streams: []string{s.Stream}, Scopes: []string{agentassist.ScopeConfiguration}}}, h.Apps...)
	switch h.RatePerMinute {
	case 0:
		h.RatePerMinute = 60
	case -1:
		h.RatePerMinute = 0
	}
	if h.Book.NewID == nil {
		h.Book.NewID = agentassist.NewObjectID
	}
	fatal := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatalf("agentassisttest: %v", err)
		}
	}
	var err error
	s.handler, err = agentassist.New(store, &h)
	fatal(err)
	h.Book.Rules = contacts.Rules{}
	s.Book, err = contacts.Open(context.Background(), store, contacts.Scope{Account: s.Account, Stream: s.Stream}, &h.Book)
	fatal(err)
	s.Token, err = agentassist.Credentials{AppID: s.AppID, Secret: s.Secret, Lifetime: 24 * time.Hour}.Token()
	fatal(err)

	server := httptest.NewServer(http.HandlerFunc(s.serve))
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	s.URL, s.client = server.URL, &http.Client{Transport: transport}
	t.Cleanup(func() {
		s.Heal()
		transport.CloseIdleConnections()
		server.CloseClientConnections() // streams of events end
		server.Close()
	})
	return s
}

// secret signs the tokens of test servers, which nobody else reaches.
const secret = "agentassisttest-secret-0123456789abcdef"

// Client returns a client of the server. Its pauses are short. It sends
// idempotency keys, unless the server is Hosted.
func (s *Server) Client() *agentassist.Client {
	o := s.ClientOptions()
	c, err := agentassist.NewClient(&o)
	if err != nil { // the options are complete
		return nil
	}
	return c
}

// ClientOptions returns the options of Client, to be changed.
func (s *Server) ClientOptions() agentassist.ClientOptions {
	return agentassist.ClientOptions{
		BaseURL: s.URL, Account: s.Account, Stream: s.Stream,
		Token:           func() (string, error) { return s.Token, nil },
		HTTP:            s.client,
		IdempotencyKeys: !s.hosted,
		Pause:           5 * time.Millisecond,
		RatePerMinute:   -1, // the server says when it is too much
	}
}

// serve records a request and serves it, with its faults.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	rec := s.record.begin(r)
	out := &writer{ResponseWriter: w}
	defer func() { s.record.end(rec, out.status) }()
	path, _ := strings.CutPrefix(r.URL.Path, agentassist.Base+s.Stream)
	q, changed := r.URL.Query(), false
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > s.maxPage && path == "/contacts" {
		q.Set("limit", strconv.Itoa(s.maxPage))
		changed = true
	}
	if s.hosted {
		if q.Has("mode") {
			q.Del("mode")
			changed = true
		}
		for _, k := range []string{agentassist.HeaderIdempotencyKey, "If-Match", "If-None-Match"} {
			r.Header.Del(k)
		}
		if !hostedHas(r.Method, path) {
			r.URL.Path = "/" // where nothing is
		}
	}
	if changed {
		r.URL.RawQuery = q.Encode()
	}
	s.serveFaulty(out, r, path)
}

// hostedHas reports whether the hosted service has a call.
func hostedHas(method, path string) bool {
	switch method + " " + path {
	case "POST /contacts", "POST /contacts/import-contacts", "GET /contacts", "PUT /contacts/bulk-update", "DELETE /contacts/bulk-delete":
		return true
	}
	rest, ok := strings.CutPrefix(path, "/contacts/")
	return ok && !strings.Contains(rest, "/") && (method == "PUT" || method == "DELETE")
}
