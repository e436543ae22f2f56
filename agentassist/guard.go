package agentassist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// Paths outside Base. They need no token.
const (
	pathHealth  = "/healthz"
	pathOpenAPI = "/openapi.json"
)

// maxHeaderLines bounds the number of headers.
const maxHeaderLines = 100

// now returns the time, by the clock of the books.
func (h *Handler) now() time.Time {
	if h.opt.Book.Now != nil {
		return h.opt.Book.Now()
	}
	return time.Now()
}

// guard bounds what a request may cost, and refuses those that a web page sent
// which has no business here.
func (h *Handler) guard(w http.ResponseWriter, r *http.Request) error {
	h.setDeadlines(w, r)
	size, lines := len(r.RequestURI), 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
			lines++
		}
	}
	if size > maxHeader || lines > maxHeaderLines {
		return problem(ReasonTooLarge, "", fmt.Sprintf("the headers have %d bytes in %d lines, but may have at most %d in %d",
			size, lines, maxHeader, maxHeaderLines))
	}
	local := onLoopback(r)
	if local && !h.allowsHost(r.Host) {
		return problem(ReasonOrigin, "Host", "this address is of this machine only: call it as localhost, or allow the host by name")
	}
	if origin := r.Header.Get("Origin"); origin != "" && !sameOrigin(r, origin) && !h.allowsOrigin(origin) &&
		(local || r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return problem(ReasonOrigin, "Origin", "pages of this origin may not call: allow the origin by name")
	}
	return nil
}

// setDeadlines bounds how long the body may take to arrive, and the answer to
// be taken: see answer.begin for what is set when that begins. Package net/http
// takes the deadline of the body away when it has arrived, and that of the
// answer when the next request comes.
func (h *Handler) setDeadlines(w http.ResponseWriter, r *http.Request) {
	c, now := http.NewResponseController(w), time.Now()
	_ = c.SetWriteDeadline(now.Add(h.opt.ReadTimeout + h.opt.WriteTimeout))
	if r.Body != nil && r.Body != http.NoBody {
		_ = c.SetReadDeadline(now.Add(h.opt.ReadTimeout))
	}
}

// onLoopback reports whether a request came to a loopback address.
func onLoopback(r *http.Request) bool {
	switch a := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case net.Addr:
		host, _, err := net.SplitHostPort(a.String())
		ip := net.ParseIP(host)
		return err == nil && ip != nil && ip.IsLoopback()
	}
	return false
}

// allowsHost judges the header Host on a loopback address.
func (h *Handler) allowsHost(host string) bool {
	name := hostname(host)
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() || strings.EqualFold(name, "localhost") {
		return true
	}
	return slices.ContainsFunc(h.opt.AllowHosts, func(s string) bool {
		return strings.EqualFold(s, host) || strings.EqualFold(s, name)
	})
}

// hostname returns the name or address in a Host, "" if it has none.
func hostname(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

// sameOrigin reports whether an origin is the address that the request came to.
// Behind a proxy that ends TLS the scheme is not known; then either will do.
func sameOrigin(r *http.Request, origin string) bool {
	return strings.EqualFold(origin, "https://"+r.Host) || r.TLS == nil && strings.EqualFold(origin, "http://"+r.Host)
}

func (h *Handler) allowsOrigin(origin string) bool {
	return slices.ContainsFunc(h.opt.AllowOrigins, func(s string) bool { return s == anyOf || strings.EqualFold(s, origin) })
}

// checkOrigins judges Options.AllowOrigins and AllowHosts.
func (o *Options) checkOrigins() error {
	for _, s := range o.AllowOrigins {
		u, err := url.Parse(s)
		if s != anyOf && (err != nil || u.Scheme == "" || u.Host == "" || s != u.Scheme+"://"+u.Host) {
			return fmt.Errorf(`agentassist: AllowOrigins has %q, which is no origin: write it as "https://desk.example.com", or "*" for any`, s)
		}
	}
	for _, s := range o.AllowHosts {
		if hostname(s) == "" || strings.ContainsAny(s, "/ *") {
			return fmt.Errorf(`agentassist: AllowHosts has %q, which is no host: write it as "desk.example.com" or "desk.example.com:8080"`, s)
		}
	}
	return nil
}

// health answers /healthz: whether the store does.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.fail(w, r, h.unrouted(w, r))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if _, err := h.store.Scopes(ctx, contacts.Scope{}, 1); err != nil {
		h.fail(w, r, errors.Join(err, problem(ReasonUnavailable, "", ""))) // the log has both
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, `{"status":"ok"}`+"\n")
}

const healthTimeout = 5 * time.Second

// routes reports whether there is a call of the method and path of a request. The
// name of a call, such as bulk-update, is not the id of a contact.
func (h *Handler) routes(r *http.Request) bool {
	_, pattern := h.mux.Handler(r)
	return pattern != "" && !(strings.HasSuffix(pattern, "/contacts/{id}") && slices.ContainsFunc(routes, func(other route) bool {
		return other.path == "/contacts/"+path.Base(r.URL.Path)
	}))
}

// methods are those that the API has anywhere.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// unrouted returns the error for a method and path that there are not, and has
// the answer say which methods the path has.
func (h *Handler) unrouted(w http.ResponseWriter, r *http.Request) error {
	var allow []string
	switch {
	case r.URL.Path == pathHealth, r.URL.Path == pathOpenAPI:
		allow = methods[:2]
	case cleanPath(r):
		other := *r
		for _, m := range methods {
			other.Method = m
			if h.routes(&other) {
				allow = append(allow, m)
			}
		}
	}
	if len(allow) == 0 {
		return problem(ReasonNoRoute, "", "")
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return problem(ReasonMethod, "", "")
}

// cleanPath reports whether ServeMux would take the path as it is. Elsewhere it
// would redirect, which an API should not: who writes "//" gets a 404.
func cleanPath(r *http.Request) bool {
	p := r.URL.EscapedPath()
	return strings.HasPrefix(p, "/") && (path.Clean(p) == p || path.Clean(p)+"/" == p)
}
