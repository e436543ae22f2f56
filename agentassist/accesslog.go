package agentassist

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// entry is the line of the access log that a request is going to leave. It is in
// the request's context.
type entry struct {
	id     string
	app    string
	route  route
	scope  contacts.Scope
	caller caller
}

type entryKey struct{}

// entryOf returns the entry of a request; one that leads nowhere for a request
// that did not come through logged.
func entryOf(r *http.Request) *entry {
	if e, ok := r.Context().Value(entryKey{}).(*entry); ok {
		return e
	}
	return &entry{}
}

// withCaller has callerOf know who a request comes from.
func withCaller(r *http.Request, c caller) *http.Request {
	entryOf(r).caller = c
	return r
}

func callerOf(r *http.Request) caller { return entryOf(r).caller }

// logged serves a request and logs it. The answer names the request by an id: the
// caller's, or one made up. A panic is logged and answered; where the answer had
// begun, the connection is cut.
func (h *Handler) logged(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	begun := time.Now()
	e := &entry{id: requestID(r)}
	r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
	a := &answer{ResponseWriter: w, timeout: h.opt.WriteTimeout}
	w.Header().Set(HeaderRequestID, e.id)
	defer func() {
		v := recover()
		if v != nil && v != http.ErrAbortHandler {
			h.panicked(r, v)
			if a.status == 0 {
				w.Header().Del("Content-Disposition")
				h.fail(a, r, problem(ReasonInternal, "", ""))
			} else {
				v = http.ErrAbortHandler
			}
		}
		h.log(r, e, a, time.Since(begun))
		if v == http.ErrAbortHandler {
			panic(v) //contacts:panics net/http recovers it and cuts the connection
		}
	}()
	next(a, r)
}

// log writes the line of a request.
func (h *Handler) log(r *http.Request, e *entry, a *answer, took time.Duration) {
	if h.opt.Log == nil {
		return
	}
	level := slog.LevelInfo
	if a.code() >= 500 {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("method", method(r)), slog.String("route", e.routeOf(r)), slog.Int("status", a.code()),
		slog.Duration("duration", took), slog.Int64("bytes", a.bytes), slog.String("app", e.app),
		slog.String("account", maskScope(e.scope.Account)), slog.String("stream", maskScope(e.scope.Stream)),
		slog.String("requestId", e.id),
	}
	if q := maskQuery(r.URL.RawQuery); q != "" {
		attrs = append(attrs, slog.String("query", q))
	}
	h.opt.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// panicked logs a panic. What the panic said is logged only where it comes from
// the runtime: a store's may have a contact in it.
func (h *Handler) panicked(r *http.Request, v any) {
	if h.opt.Log == nil {
		return
	}
	what := fmt.Sprintf("%T", v)
	if err, ok := v.(runtime.Error); ok {
		what = err.Error()
	}
	h.opt.Log.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.String("requestId", entryOf(r).id), slog.String("panic", what), slog.String("stack", string(debug.Stack())))
}

// answer is a ResponseWriter that knows what went through it. An
// http.ResponseController finds the writer below.
type answer struct {
	http.ResponseWriter
	timeout time.Duration // for the answer to be taken, from its first byte
	status  int           // 0: nothing sent
	bytes   int64
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.begin(status)
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begin(http.StatusOK)
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (a *answer) Flush() { _ = a.FlushError() }

// FlushError is for http.ResponseController.
func (a *answer) FlushError() error {
	a.begin(http.StatusOK)
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// begin notes the status of an answer that begins.
func (a *answer) begin(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	// Writers that have no deadlines are the host's business.
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(a.timeout))
}

// code returns the status that the client sees.
func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// maxRequestID bounds the request id of a caller, in bytes.
const maxRequestID = 64

// requestID returns the id that the caller gave the request, or a new one where
// there is none, or one that should not stand in a log.
func requestID(r *http.Request) string {
	id := r.Header.Get(HeaderRequestID)
	if id == "" || len(id) > maxRequestID || likeNumber(id) || strings.ContainsFunc(id, notIDChar) {
		return rand.Text()
	}
	return id
}

func notIDChar(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
}

// likeNumber reports whether a text could be a telephone number: digits and what
// stands between them, five and more.
func likeNumber(s string) bool {
	digits := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case !strings.ContainsRune("+-._ ()/", c):
			return false
		}
	}
	return digits >= 5
}

// method returns the method of a request as it may stand in a log.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return r.Method
	}
	return "other"
}

// routeOf returns the pattern of the path: the path itself has ids of contacts,
// and whatever a caller takes for one.
func (e *entry) routeOf(r *http.Request) string {
	switch {
	case e.route.path != "":
		return Base + "{streamId}" + e.route.path
	case r.URL.Path == pathHealth, r.URL.Path == pathOpenAPI:
		return r.URL.Path
	}
	return "none"
}

// maskScope shows an account or stream, but nothing that cannot be one or
// could be a number.
func maskScope(s string) string {
	switch {
	case likeNumber(s):
		return maskDigits(s)
	case len(s) > contacts.MaxIDLen || strings.ContainsFunc(s, notIDChar):
		return hidden
	}
	return s
}

// maskDigits keeps the last four digits of eight and more.
func maskDigits(s string) string {
	d := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
	if len(d) < 8 {
		return "****"
	}
	return "****" + d[len(d)-4:]
}

// loggedParams are the query parameters of the API that may stand in a log.
var loggedParams = []string{"skip", "limit", "mode", "format", "t9", "region", "suffix", "number", "cursor", "after"}

// maskQuery returns what of a query may stand in a log: parameters that say how,
// the last digits of a number, and no more than the names of the others that
// the API has. What is searched for is left out, and what the API does not know.
func maskQuery(raw string) string {
	values, _ := url.ParseQuery(raw)
	var out []string
	for _, name := range loggedParams {
		v := values.Get(name)
		switch {
		case v == "":
			continue
		case name == "number":
			v = maskDigits(v)
		case !plainParam(v):
			v = hidden
		}
		out = append(out, name+"="+v)
	}
	return strings.Join(out, "&")
}

// plainParam reports whether a value is one of those that the API knows: a word
// of its own, a region, a small number.
func plainParam(v string) bool {
	switch v {
	case "each", "all", "jsonl", "csv", "true", "false":
		return true
	}
	digits, capitals := strings.Trim(v, "0123456789") == "", strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	return digits && len(v) < 5 || capitals && len(v) == 2
}
