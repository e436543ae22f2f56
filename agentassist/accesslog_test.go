package agentassist

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/leak"
	"github.com/callerbook/contacts/memstore"
)

// logBook keeps the lines that a handler logs.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// lines returns the lines with that message and forgets all.
func (l *logBook) lines(t testing.TB, msg string) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []map[string]any
	for s := bufio.NewScanner(&l.text); s.Scan(); {
		var m map[string]any
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		if m["msg"] == msg {
			list = append(list, m)
		}
	}
	l.text.Reset()
	return list
}

func TestAccessLog(t *testing.T) {
	var log logBook
	h := newTestHandler(t, Options{Log: log.logger()})
	for _, c := range []struct {
		r    *http.Request
		want map[string]any
	}{
		{asCaller("GET", listPath+"?skip=0&limit=5&q=Ada&x=9876543210", ""),
			map[string]any{"method": "GET", "route": Base + "{streamId}/contacts", "status": 200., "app": "cs-1", "account": "acc-1", "stream": "st-1", "query": "skip=0&limit=5", "level": "INFO"}},
		{asCaller("GET", listPath+"/lookup?number=%2B91+98765+43210&region=IN", ""),
			map[string]any{"route": Base + "{streamId}/contacts/lookup", "status": 200., "query": "region=IN&number=****3210"}},
		{asCaller("GET", listPath+"/search?q=Ada&t9=true&cursor=AAAA", ""), map[string]any{"query": "t9=true&cursor=***"}},
		{asCaller("GET", listPath+"?limit=9876543210&skip=98765&mode=Lovelace", ""), map[string]any{"query": "skip=***&limit=***&mode=***"}},
		{asCaller("GET", listPath+"?mode=Ada&format=Ada&after=Ada&t9=each", ""), map[string]any{"query": "mode=***&format=***&t9=each&after=***"}},
		{asCaller("GET", listPath+"/Lovelace-9876543210", ""), map[string]any{"route": Base + "{streamId}/contacts/{id}", "status": 400.}},
		{asCaller("GET", "/Lovelace/9876543210", ""), map[string]any{"route": "none", "status": 404., "app": "cs-1", "account": ""}},
		{asCaller("LOVELACE", listPath, ""), map[string]any{"method": "other", "route": "none", "status": 405.}},
		{asCaller("GET", Base+"9876543210/contacts", ""), map[string]any{"stream": "****3210", "status": 400.}},
		{asCaller("GET", Base+"Ada%20Lovelace/contacts", ""), map[string]any{"stream": "***", "status": 400.}},
		{httptest.NewRequest("GET", listPath, nil), map[string]any{"route": "none", "status": 401., "app": "", "account": "", "stream": ""}},
		{httptest.NewRequest("GET", pathHealth, nil), map[string]any{"route": pathHealth, "status": 200., "bytes": 16.}},
		{asCaller("POST", listPath, "{"), map[string]any{"method": "POST", "status": 400.}},
	} {
		a := serveOne(t, h, c.r)
		lines := log.lines(t, "request")
		if len(lines) != 1 {
			t.Fatalf("%s %s: %d lines", c.r.Method, c.r.URL, len(lines))
		}
		line := lines[0]
		for k, v := range c.want {
			if line[k] != v {
				t.Errorf("%s %s: %s is %v, want %v", c.r.Method, c.r.URL, k, line[k], v)
			}
		}
		if line["requestId"] != a.Header.Get(HeaderRequestID) || line["requestId"] == "" || line["bytes"] != float64(len(a.body)) || line["status"] != float64(a.StatusCode) {
			t.Errorf("%s %s: %v, but the answer was %s of %d bytes", c.r.Method, c.r.URL, line, a, len(a.body))
		}
		if d, ok := line["duration"].(float64); !ok || d < 0 {
			t.Errorf("duration %v", line["duration"])
		}
	}
	ok(t, h.store.Close())
	serveOne(t, h, httptest.NewRequest("GET", pathHealth, nil))
	if lines := log.lines(t, "request"); len(lines) != 1 || lines[0]["level"] != "ERROR" {
		t.Errorf("%v: want an error", lines)
	}
}

func TestRequestID(t *testing.T) {
	h := newTestHandler(t, Options{})
	for id, taken := range map[string]bool{
		"a": true, "req-1.2_3": true, strings.Repeat("a", 64): true, "0194fdc2-fa2f-7cc0-81d3-ff12045b73c8": true, "1234": true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\"b": false, "ä": false, "<x>": false, "a/b": false, "a:b": false,
		"9876543210": false, "98765-43210": false, "+919876543210": false, "98.76.54": false,
	} {
		r := asCaller("GET", listPath, "")
		r.Header[HeaderRequestID] = []string{id}
		got := serveOne(t, h, r).Header.Get(HeaderRequestID)
		if (got == id) != taken || got == "" || len(got) > 64 {
			t.Errorf("%q: answered %q", id, got)
		}
	}
	a, b := serveOne(t, h, asCaller("GET", listPath, "")), serveOne(t, h, asCaller("GET", listPath, ""))
	if a.Header.Get(HeaderRequestID) == b.Header.Get(HeaderRequestID) {
		t.Error("two requests have one id")
	}
}

// logCalls has a request of each route; "ID" and "ID2" stand for contacts.
var logCalls = map[string]struct{ path, body, kind string }{
	"POST /contacts": {"/contacts?mode=each", `[{"firstName":"Wilhelmina","lastName":"Murray","salutation":"Mrs","cellPhone":{"phoneNumber":"9812345670","countryCode":"+91","extension":"+"}},
		{"firstName":"Zebulon","lastName":"Quixote","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"+91","extension":"+"}}]`, ""},
	"POST /contacts/import-contacts": {"/contacts/import-contacts", "--x\r\nContent-Disposition: form-data; name=\"result_file\"; filename=\"f.csv\"\r\n\r\n" +
		"firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension\r\nWilhelmina,Murray,Mrs,9812345671,+91,+\r\n--x--\r\n", "multipart/form-data; boundary=x"},
	"GET /contacts":                {"/contacts?skip=0&limit=3", "", ""},
	"PUT /contacts/{id}":           {"/contacts/ID", `{"firstName":"Wilhelmina"}`, ""},
	"PUT /contacts/bulk-update":    {"/contacts/bulk-update", `[{"id":"ID","lastName":"Murray"},{"id":"nobody","lastName":"Murray"}]`, ""},
	"DELETE /contacts/{id}":        {"/contacts/ID2", "", ""},
	"DELETE /contacts/bulk-delete": {"/contacts/bulk-delete", `{"ids":["ID2","nobody"]}`, ""},
	"GET /contacts/{id}":           {"/contacts/ID", "", ""},
	"GET /contacts/lookup":         {"/contacts/lookup?number=%2B919876543210", "", ""},
	"GET /contacts/search":         {"/contacts/search?q=Zebulon&t9=false", "", ""},
	"POST /contacts/{id}/restore":  {"/contacts/ID2/restore", "", ""},
	"POST /contacts/merge":         {"/contacts/merge", `{"keep":"ID","others":["ID2"]}`, ""},
	"GET /contacts/duplicates":     {"/contacts/duplicates", "", ""},
	"GET /contacts/export":         {"/contacts/export?format=csv", "", ""},
	"GET /contacts/events":         {"/contacts/events", "", ""},
}

// TestLogShowsNobody makes all calls, with sense and with nonsense, on stores
// that work and stores that fail, and looks for personal data in the log.
func TestLogShowsNobody(t *testing.T) {
	var log logBook
	mem := memstore.New()
	people := []contacts.Contact{
		{FirstName: "Zebulon", LastName: "Quixote", Salutation: "Mr", CellPhone: contacts.Phone{Number: "9876543210", CountryCode: "+91", Extension: "+"}},
		{FirstName: "Philippa", LastName: "Haverford", Salutation: "Mrs", CellPhone: contacts.Phone{Number: "9811122233", CountryCode: "+91", Extension: "+"}},
	}
	var known leak.Finder
	for _, c := range append(people, contacts.Contact{FirstName: "Wilhelmina", LastName: "Murray"}) {
		known.Contact(c)
	}
	known.Number("9812345670")
	known.Number("9812345671")
	book, err := contacts.Open(context.Background(), mem, contacts.Scope{Account: "acc-1", Stream: "st-1"}, nil)
	ok(t, err)
	ids := make([]string, len(people))
	for i, c := range people {
		c, err := book.Create(context.Background(), c)
		ok(t, err)
		ids[i] = c.ID
	}
	apps := twoApps()
	seen := map[float64]bool{}
	for _, store := range []contacts.Store{mem, failing{mem, errors.New("the disk is on fire")}, failing{mem, nil}} {
		h, err := New(store, &Options{Apps: apps, Log: log.logger(), WriteTimeout: time.Second})
		ok(t, err)
		for _, route := range routes {
			call, found := logCalls[route.method+" "+route.path]
			if !found {
				t.Fatalf("no request for %s %s", route.method, route.path)
			}
			fill := strings.NewReplacer("ID2", ids[1], "ID", ids[0]).Replace
			for _, mend := range []func(*http.Request){
				func(*http.Request) {},
				func(r *http.Request) { r.Header.Set(HeaderToken, "Bearer "+r.Header.Get(HeaderToken)) },
				func(r *http.Request) { r.Header.Set(HeaderToken, sign(goodHead, goodClaims, testSecret2)) },
				func(r *http.Request) { r.Header.Set(HeaderAccount, "Zebulon 9876543210") },
				func(r *http.Request) { r.Header.Set(HeaderRequestID, "9876543210") },
				func(r *http.Request) {
					r.Header.Set("Idempotency-Key", "9876543210")
					r.Header.Set("If-Match", `"9876543210"`)
				},
				func(r *http.Request) { r.URL.Path += "/Zebulon/+919876543210" },
				func(r *http.Request) {
					r.URL.RawQuery += "&number=Zebulon&limit=9876543210&cursor=Quixote&9876543210=Zebulon"
				},
				func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`[{"Zebulon":"9876543210"`)) },
				func(r *http.Request) { r.Method = "ZEBULON" },
			} {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond) // which ends a stream
				r := asCaller(route.method, Base+"st-1"+fill(call.path), fill(call.body)).WithContext(ctx)
				if route.path == "/contacts/events" {
					r = r.WithContext(ctx)
				} else {
					r = r.WithContext(context.Background())
				}
				if call.kind != "" {
					r.Header.Set("Content-Type", call.kind)
				}
				mend(r)
				func() {
					defer func() { _ = recover() }() // answers that were cut
					serveOne(t, h, r)
				}()
				cancel()
				token := good(goodClaims)
				text := log.text.String()
				if text == "" {
					t.Fatalf("%s %s: nothing was logged", r.Method, r.URL)
				}
				if s := known.In(measured.ReplaceAllString(text, "")); s != "" {
					t.Errorf("%s %s: the log shows %q:\n%s", r.Method, r.URL, s, text)
				}
				if strings.Contains(text, token[:20]) || strings.Contains(text, testSecret) || strings.Contains(text, token[len(token)-20:]) {
					t.Errorf("%s %s: the log shows a token:\n%s", r.Method, r.URL, text)
				}
				for _, line := range log.lines(t, "request") {
					seen[line["status"].(float64)] = true
				}
			}
		}
	}
	for _, status := range []float64{200, 400, 401, 404, 405, 412, 500} {
		if !seen[status] {
			t.Errorf("no call was answered with %v: %v", status, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// measured are the parts of a log that are digits by chance: times, request ids
// that were made, and the addresses in the stacks of panics.
var measured = regexp.MustCompile(`"time":"[^"]*"|"duration":\d+|"requestId":"[A-Z2-7]{26}"|"stack":"[^"]*"`)

// failing is a store whose reads fail with an error or, if it is nil, panic with
// somebody's name.
type failing struct {
	contacts.Store
	err error
}

func (f failing) fail() error {
	if f.err == nil {
		panic("Zebulon Quixote, 9876543210")
	}
	return f.err
}

func (f failing) Get(context.Context, contacts.Scope, string) (contacts.Contact, error) {
	return contacts.Contact{}, f.fail()
}

func (f failing) Find(context.Context, contacts.Scope, contacts.Query) (contacts.Page, error) {
	return contacts.Page{}, f.fail()
}

func (f failing) Apply(context.Context, contacts.Scope, contacts.Batch) (contacts.Applied, error) {
	return contacts.Applied{}, f.fail()
}

func TestPanic(t *testing.T) {
	var log logBook
	h, err := New(failing{memstore.New(), nil}, &Options{Apps: []App{testApp()}, Log: log.logger()})
	ok(t, err)
	a := serveOne(t, h, asCaller("GET", listPath+"/somebody", ""))
	if a.StatusCode != 500 || a.problem.Reason != ReasonInternal || strings.Contains(a.body, "Zebulon") {
		t.Errorf("%s", a)
	}
	text := log.text.String()
	if !strings.Contains(text, `"panic":"string"`) || !strings.Contains(text, "accesslog_test.go") || !strings.Contains(text, `"status":500`) ||
		strings.Count(text, a.Header.Get(HeaderRequestID)) < 2 {
		t.Errorf("the log does not have it:\n%s", text)
	}

	next := func(f http.HandlerFunc) (a answered, cut any) {
		defer func() { cut = recover() }()
		return serveOne(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.logged(w, r, f) }), asCaller("GET", "/", "")), nil
	}
	log.lines(t, "")
	a, cut := next(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "3")
		w.Header().Set("Content-Disposition", "attachment")
		var list []int
		_ = list[len(log.lines(t, ""))]
	})
	if a.StatusCode != 500 || cut != nil || a.Header.Get("Content-Length") == "3" || a.Header.Get("Content-Disposition") != "" {
		t.Errorf("out of range: %s, %v", a, cut)
	}
	if lines := log.lines(t, "panic"); len(lines) != 1 || !strings.Contains(lines[0]["panic"].(string), "out of range") {
		t.Errorf("out of range: %v", lines)
	}
	if _, cut = next(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }); cut != http.ErrAbortHandler {
		t.Errorf("ErrAbortHandler: %v", cut)
	}
	if lines := log.lines(t, "panic"); len(lines) != 0 {
		t.Errorf("ErrAbortHandler was logged: %v", lines)
	}
	// An answer that had begun cannot become another.
	_, cut = next(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x"); panic("late") })
	if lines := log.lines(t, "request"); cut != http.ErrAbortHandler || len(lines) != 1 || lines[0]["bytes"] != 1. {
		t.Errorf("late: %v, %v", cut, lines)
	}
}

// TestAnswer: what a handler below may ask of its writer still works.
func TestAnswer(t *testing.T) {
	h := newTestHandler(t, Options{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.logged(w, r, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
			w.(http.Flusher).Flush()
			c := http.NewResponseController(w)
			if c.Flush() != nil || c.SetReadDeadline(time.Now().Add(time.Hour)) != nil || c.SetWriteDeadline(time.Now().Add(time.Hour)) != nil {
				t.Error("the controller does not find the connection")
			}
			if a := w.(*answer); a.status != http.StatusAccepted {
				t.Errorf("status %d", a.status)
			}
			_, _ = io.WriteString(w, "done")
		})
	}))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	ok(t, err)
	if a := readAnswer(t, resp); a.StatusCode != http.StatusAccepted || a.body != "done" {
		t.Errorf("%s", a)
	}
}
