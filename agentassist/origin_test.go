package agentassist

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts/memstore"
)

// onAddr has a request come to a local address.
func onAddr(addr string) func(*http.Request) {
	return func(r *http.Request) {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			panic(err)
		}
		*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(a)))
	}
}

func TestHosts(t *testing.T) {
	h := newTestHandler(t, Options{AllowHosts: []string{"desk.example", "other.example:8080"}})
	for _, c := range []struct {
		addr, host string
		good       bool
	}{
		{"127.0.0.1:8080", "localhost", true}, {"127.0.0.1:8080", "localhost:8080", true}, {"127.0.0.1:8080", "LOCALHOST:1", true},
		{"127.0.0.1:8080", "127.0.0.1", true}, {"127.0.0.1:8080", "127.0.0.1:8080", true}, {"127.9.9.9:8080", "127.9.9.9:8080", true},
		{"[::1]:8080", "[::1]", true}, {"[::1]:8080", "[::1]:8080", true}, {"[::1]:8080", "localhost", true},
		{"127.0.0.1:8080", "desk.example", true}, {"127.0.0.1:8080", "Desk.Example:99", true}, {"127.0.0.1:8080", "other.example:8080", true},
		{"127.0.0.1:8080", "other.example:8081", false}, {"127.0.0.1:8080", "other.example", false},
		{"127.0.0.1:8080", "", false}, {"127.0.0.1:8080", "evil.example", false}, {"127.0.0.1:8080", "evil.example:8080", false}, {"[::1]:8080", "evil.example", false},
		{"127.0.0.1:8080", "localhost.evil.example", false}, {"127.0.0.1:8080", "127.0.0.1.nip.io", false}, {"127.0.0.1:8080", "evil.localhost", false},
		{"127.0.0.1:8080", "0.0.0.0:8080", false}, {"127.0.0.1:8080", "192.168.1.7", false}, {"127.0.0.1:8080", "[::]", false}, {"127.0.0.1:8080", "127.1", false},
		{"127.0.0.1:8080", "localhost:80:80", false}, {"127.0.0.1:8080", "2130706433", false}, {"127.0.0.1:8080", "desk.example.evil", false},
		{"192.168.1.7:8080", "evil.example", true}, {"[2001:db8::1]:80", "book.example", true},
	} {
		for _, path := range []string{listPath, pathHealth} {
			r := asCaller("GET", path, "", onAddr(c.addr))
			r.Host = c.host
			a := serveOne(t, h, r)
			if c.good && a.StatusCode != 200 || !c.good && (a.StatusCode != 403 || a.problem.Reason != ReasonOrigin || a.problem.Field != "Host") {
				t.Errorf("%s as %q: %s", c.addr, c.host, a)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	closed := newTestHandler(t, Options{})
	open := newTestHandler(t, Options{AllowOrigins: []string{"https://desk.example", "http://localhost:3000"}})
	any := newTestHandler(t, Options{AllowOrigins: []string{anyOf}})
	for _, c := range []struct {
		name         string
		h            *Handler
		addr, method string
		origin       string
		status       int
		allow        string // Access-Control-Allow-Origin
	}{
		{"no page", closed, "127.0.0.1:80", "POST", "", 200, ""},
		{"same origin", closed, "127.0.0.1:80", "POST", "http://localhost", 200, ""},
		{"same origin behind TLS", closed, "127.0.0.1:80", "POST", "https://localhost", 200, ""},
		{"another port", closed, "127.0.0.1:80", "GET", "http://localhost:3000", 403, ""},
		{"another scheme", closed, "127.0.0.1:80", "GET", "ftp://localhost", 403, ""},
		{"another page", closed, "127.0.0.1:80", "GET", "https://evil.example", 403, ""},
		{"another page writes", closed, "127.0.0.1:80", "POST", "https://evil.example", 403, ""},
		{"a page of a file", closed, "127.0.0.1:80", "GET", "null", 403, ""},
		{"a page within it", closed, "127.0.0.1:80", "GET", "http://localhost.evil.example", 403, ""},
		{"from afar, reads", closed, "192.0.2.1:80", "GET", "https://evil.example", 200, ""},
		{"from afar, writes", closed, "192.0.2.1:80", "POST", "https://evil.example", 403, ""},
		{"from afar, deletes", closed, "192.0.2.1:80", "DELETE", "https://evil.example", 403, ""},
		{"from afar, asks", closed, "192.0.2.1:80", "OPTIONS", "https://evil.example", 403, ""},
		{"from afar, no page", closed, "192.0.2.1:80", "POST", "", 200, ""},
		{"allowed", open, "127.0.0.1:80", "POST", "https://desk.example", 200, "https://desk.example"},
		{"allowed, in capitals", open, "127.0.0.1:80", "POST", "https://DESK.example", 200, "https://DESK.example"},
		{"allowed, second", open, "127.0.0.1:80", "GET", "http://localhost:3000", 200, "http://localhost:3000"},
		{"allowed from afar", open, "192.0.2.1:80", "POST", "https://desk.example", 200, "https://desk.example"},
		{"not that one", open, "127.0.0.1:80", "GET", "https://evil.example", 403, ""},
		{"not that one from afar", open, "192.0.2.1:80", "POST", "https://evil.example", 403, ""},
		{"not that scheme", open, "127.0.0.1:80", "GET", "http://desk.example", 403, ""},
		{"not that port", open, "127.0.0.1:80", "GET", "https://desk.example:8443", 403, ""},
		{"reads, no headers", open, "192.0.2.1:80", "GET", "https://evil.example", 200, ""},
		{"any", any, "127.0.0.1:80", "POST", "https://evil.example", 200, "https://evil.example"},
		{"any file", any, "127.0.0.1:80", "POST", "null", 200, "null"},
	} {
		body := ""
		if c.method == "POST" {
			body = ada
			c.h.store = memstore.New()
			clear(c.h.books)
		}
		r := asCaller(c.method, listPath, body, onAddr(c.addr))
		r.Host = "localhost"
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		a := serveOne(t, c.h, r)
		if a.StatusCode != c.status || a.Header.Get("Access-Control-Allow-Origin") != c.allow || c.status == 403 && a.problem.Reason != ReasonOrigin {
			t.Errorf("%s: %s %v, want %d %q", c.name, a, a.Header, c.status, c.allow)
		}
		if (c.allow != "") != (a.Header.Get("Access-Control-Expose-Headers") != "") {
			t.Errorf("%s: exposes %q", c.name, a.Header.Get("Access-Control-Expose-Headers"))
		}
		if c.h != closed && c.status != 403 && !slices.Contains(a.Header.Values("Vary"), "Origin") {
			t.Errorf("%s: Vary is %q", c.name, a.Header.Values("Vary"))
		}
		if a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: allows cookies", c.name)
		}
	}
}

// With TLS only https is the same origin.
func TestSameOriginTLS(t *testing.T) {
	h := newTestHandler(t, Options{})
	for origin, status := range map[string]int{"https://localhost": 200, "http://localhost": 403} {
		r := asCaller("GET", listPath, "", onAddr("127.0.0.1:443"), withHeader("Origin", origin))
		r.Host, r.TLS = "localhost", &tls.ConnectionState{}
		if a := serveOne(t, h, r); a.StatusCode != status {
			t.Errorf("%s: %s", origin, a)
		}
	}
}

func TestPreflight(t *testing.T) {
	o := Options{AllowOrigins: []string{"https://desk.example"}}
	for _, path := range []string{listPath, Base + "st-1/contacts/x", pathOpenAPI} {
		r := httptest.NewRequest("OPTIONS", path, nil) // a preflight has no token
		r.Header.Set("Origin", "https://desk.example")
		r.Header.Set("Access-Control-Request-Method", "PUT")
		a := serveOne(t, newTestHandler(t, o), r)
		if a.StatusCode != 204 || a.body != "" || a.Header.Get("Access-Control-Allow-Origin") != "https://desk.example" || a.Header.Get("Access-Control-Max-Age") != corsMaxAge {
			t.Errorf("%s: %s %v", path, a, a.Header)
		}
		for name, want := range map[string][]string{
			"Access-Control-Allow-Methods": {"GET", "POST", "PUT", "DELETE"},
			"Access-Control-Allow-Headers": {"auth", "accountId", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id"},
		} {
			have := strings.Split(a.Header.Get(name), ", ")
			for _, w := range want {
				if !slices.Contains(have, w) {
					t.Errorf("%s lacks %s: %v", name, w, have)
				}
			}
		}
		if a = serveOne(t, newTestHandler(t, Options{}), r); a.StatusCode != 403 || a.Header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s without the option: %s", path, a)
		}
	}
	r := asCaller("OPTIONS", listPath, "", withHeader("Origin", "https://desk.example")) // no preflight
	if a := serveOne(t, newTestHandler(t, o), r); a.StatusCode != 405 || a.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("OPTIONS: %s %v", a, a.Header)
	}
}

func TestOriginOptions(t *testing.T) {
	for _, s := range []string{"", "desk.example", "https://desk.example/", "https://desk.example/x", "https://*.example?", "https://", "null", "https://a b"} {
		if _, err := New(memstore.New(), &Options{Apps: []App{testApp()}, AllowOrigins: []string{s}}); err == nil {
			t.Errorf("AllowOrigins %q passed", s)
		}
	}
	for _, s := range []string{"", "*", "http://desk.example", "desk.example/x", "a b"} {
		if _, err := New(memstore.New(), &Options{Apps: []App{testApp()}, AllowHosts: []string{s}}); err == nil {
			t.Errorf("AllowHosts %q passed", s)
		}
	}
}
