package agentassist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts"
)

// Handler serves the API. Mount it at "/", or at Base, /openapi.json and
// /healthz; it looks at the whole path. All of it may be used from many
// goroutines at once. It holds no goroutine and nothing to close: the store is
// the host's.
//
// The checks of a request come in this order: size of the headers, Host and
// Origin, token, rate, path and method, API scope, account, tenant, body. So
// who has no token learns nothing.
type Handler struct {
	store contacts.Store
	opt   Options
	apps  map[string]*App
	mux   *http.ServeMux

	mu    sync.RWMutex
	books map[contacts.Scope]*contacts.Book

	rates   rates
	streams streams
	large   map[string]chan struct{} // by app, full of calls with large bodies

	heartbeat time.Duration // of streams of events

	served  atomic.Bool   // Serve was called
	stopped chan struct{} // closed when Serve ends: streams end
	stop    func()
}

// New returns a handler that serves the contacts of store to the apps of the
// options.
func New(store contacts.Store, o *Options) (*Handler, error) {
	h := &Handler{store: store, books: map[contacts.Scope]*contacts.Book{}, stopped: make(chan struct{}), heartbeat: heartbeat}
	h.stop = sync.OnceFunc(func() { close(h.stopped) })
	if o != nil {
		h.opt = *o
	}
	if err := h.opt.settle(); err != nil {
		return nil, err
	}
	apps, err := checkApps(h.opt.Apps)
	if err != nil {
		return nil, err
	}
	h.large = make(map[string]chan struct{}, len(apps))
	for id := range apps {
		h.large[id] = make(chan struct{}, largeAtOnce)
	}
	h.apps, h.opt.Apps = apps, nil // nothing that prints a Handler shows a secret
	h.mux = http.NewServeMux()
	for _, r := range routes {
		h.mux.Handle(r.method+" "+Base+"{streamId}"+r.path, &routed{h, r})
	}
	return h, nil
}

// settle puts defaults in and judges the bounds.
func (o *Options) settle() error {
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.MaxRows == 0 {
		o.MaxRows = defaultMaxRows
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = defaultReadTimeout
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = defaultWriteTimeout
	}
	switch {
	case o.MaxBody < 0 || o.MaxBody > limitMaxBody:
		return fmt.Errorf("agentassist: MaxBody is %d, but must be 1 to %d bytes", o.MaxBody, limitMaxBody)
	case o.MaxRows < 0 || o.MaxRows > contacts.MaxWrites:
		return fmt.Errorf("agentassist: MaxRows is %d, but must be 1 to %d", o.MaxRows, contacts.MaxWrites)
	case o.ReadTimeout < 0 || o.WriteTimeout < 0 || o.RatePerMinute < 0:
		return errors.New("agentassist: a timeout or rate is negative")
	}
	o.Book.Rules = contacts.Rules{}
	return o.checkOrigins()
}

// route is one call of the API.
type route struct {
	method string
	path   string // after {streamId}
	serve  func(*call) error
}

// routes has every call.
var routes = []route{
	{"POST", "/contacts", (*call).create},
	{"POST", "/contacts/import-contacts", (*call).importFile},
	{"GET", "/contacts", (*call).list},
	{"PUT", "/contacts/{id}", (*call).update},
	{"PUT", "/contacts/bulk-update", (*call).bulkUpdate},
	{"DELETE", "/contacts/{id}", (*call).delete},
	{"DELETE", "/contacts/bulk-delete", (*call).bulkDelete},

	{"GET", "/contacts/{id}", (*call).get},
	{"GET", "/contacts/lookup", (*call).lookup},
	{"GET", "/contacts/search", (*call).search},
	{"POST", "/contacts/{id}/restore", (*call).restore},
	{"POST", "/contacts/merge", (*call).merge},
	{"GET", "/contacts/duplicates", (*call).duplicates},
	{"GET", "/contacts/export", (*call).export},
	{"GET", "/contacts/events", (*call).events},
}

// call is one request that has passed the checks before the body.
type call struct {
	*Handler
	w    http.ResponseWriter
	r    *http.Request
	app  *App
	book *contacts.Book // of the tenant, writing as the token's subject

	large chan struct{} // that the call has a place in, nil if none
}

func (c *call) ctx() context.Context { return c.r.Context() }

// id returns the contact's id in the path.
func (c *call) id() string { return c.r.PathValue("id") }

// bookOf returns the book of a scope.
func (h *Handler) bookOf(ctx context.Context, scope contacts.Scope) (*contacts.Book, error) {
	h.mu.RLock()
	b := h.books[scope]
	h.mu.RUnlock()
	if b != nil {
		return b, nil
	}
	o := h.opt.Book
	b, err := contacts.Open(ctx, h.store, scope, &o)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.books) >= maxBooks { // apps that may use any stream make up as many as they like
		clear(h.books)
	}
	h.books[scope] = b
	return b, nil
}

const maxBooks = 4096
