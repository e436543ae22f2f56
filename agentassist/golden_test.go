package agentassist

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

var update = flag.Bool("update", false, "write what the handler answers into testdata/golden")

// goldenHeaders are those of an answer that a golden file has.
var goldenHeaders = []string{"Content-Type", "Allow", "Cache-Control", "Content-Disposition", "ETag", "Location", "Retry-After",
	"WWW-Authenticate", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Vary"}

// TestGolden plays the files testdata/golden/NAME.http against a handler each,
// and holds the answers to what stands there. A file is a list of exchanges with
// a line "###" between them: lines of comment, a request and the answer to it, as
// on the wire. A line of comment may begin with "# options:" and have of these:
// strict, extended, readonly, rows=2, body=300, rate=1, origin, late (bodies do
// not arrive), and fails=closed, unknown, conflict or internal (writes end so).
//
// {{seconds}} stands for how long a Retry-After of the rate is. In a request {{token}} is a token of the app, {{noscope}} one of an app without
// API scopes, {{epoch}} the epoch of the book, in an answer too. Line ends of a
// multipart body are CRLF.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(data), "\r\n", "\n")
			got := playGolden(t, text)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != text {
				t.Errorf("the answers differ from %s (-update writes them):\n%s", file, firstDifference(got, text))
			}
		})
	}
}

// TestGoldenReasons: no reason is without an answer in a golden file.
func TestGoldenReasons(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.http")
	ok(t, err)
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		ok(t, err)
		all.Write(data)
	}
	for reason := range kinds {
		if !strings.Contains(all.String(), `"reason":"`+string(reason)+`"`) {
			t.Errorf("no golden file has the reason %s", reason)
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d\ngot  %s\nwant %s", i+1, g[i], strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
		}
	}
	return fmt.Sprintf("line %d is missing", len(g)+1)
}

// playGolden plays the exchanges of a file and returns it with the answers that
// came.
func playGolden(t *testing.T, text string) string {
	var o Options
	var fails error
	late := false
	for line := range strings.Lines(text) {
		if words, ok := strings.CutPrefix(line, "# options:"); ok {
			for _, word := range strings.Fields(words) {
				name, value, _ := strings.Cut(word, "=")
				n, _ := strconv.Atoi(value)
				switch name {
				case "strict":
					o.Strict = true
				case "extended":
					o.Extended = true
				case "readonly":
					o.Book.ReadOnly = true
				case "rows":
					o.MaxRows = n
				case "body":
					o.MaxBody = int64(n)
				case "rate":
					o.RatePerMinute = n
				case "late":
					late = true
				case "fails":
					if fails = goldenFaults[value]; fails == nil {
						t.Fatalf("no fault %q", value)
					}
				case "origin":
					o.AllowOrigins = []string{"https://desk.example.com"}
				default:
					t.Fatalf("no option %q", word)
				}
			}
		}
	}
	h := newFixed(t, &o)
	h.late = late
	if fails != nil {
		h.Handler.store = unwritable{h.store, fails}
	}
	var out []string
	for _, exchange := range strings.Split(text, "###\n") {
		request, _, _ := strings.Cut(exchange, "\nHTTP/1.1 ")
		request = strings.TrimRight(request, "\n") + "\n"
		answer := h.exchange(t, request)
		out = append(out, request+"\n"+answer+"\n")
	}
	return strings.Join(out, "\n###\n")
}

// goldenFaults are the faults of stores by the names that files have for them.
var goldenFaults = map[string]error{
	"closed": contacts.ErrClosed, "unknown": contacts.ErrCommitUnknown, "conflict": contacts.ErrConflict, "internal": errors.New("the disk is on fire"),
}

// unwritable is a store whose writes end in an error.
type unwritable struct {
	contacts.Store
	err error
}

func (u unwritable) Apply(context.Context, contacts.Scope, contacts.Batch) (contacts.Applied, error) {
	return contacts.Applied{}, u.err
}

// lateBody is a body that does not arrive in time.
type lateBody struct{}

func (lateBody) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// fixed is a handler with a clock, ids and an app that are always the same.
type fixed struct {
	*Handler
	store          contacts.Store
	token, noScope string
	seconds        atomic.Int64 // of the clock, after fixedNow
	late           bool         // bodies do not arrive
}

const (
	fixedAccount = "63c7c8b1a1b2c3d4e5f60001"
	fixedStream  = "st-5c0ffee0-1111-5222-8333-444455556666"
	fixedApp     = "cs-5c0ffee0-aaaa-5bbb-8ccc-ddddeeee0001"
	fixedNoScope = "cs-5c0ffee0-aaaa-5bbb-8ccc-ddddeeee0002"
	fixedUser    = "u-5c0ffee0-9999-5aaa-8bbb-ccccddddeeee"
	fixedSecret  = "a secret of tests that has at least 32 bytes, of the app "
)

var fixedNow = time.Date(2023, 1, 18, 10, 21, 5, 318e6, time.UTC)

// newFixed returns a handler over an empty book in memory.
func newFixed(t testing.TB, o *Options) *fixed {
	t.Helper()
	f := &fixed{store: memstore.New()}
	t.Cleanup(func() { _ = f.store.Close() })
	opt := *o
	app := App{ID: fixedApp, Secrets: []string{fixedSecret + fixedApp}, Accounts: []string{fixedAccount},
		Streams: []string{fixedStream}, Scopes: []string{ScopeConfiguration}}
	noScope := app
	noScope.ID, noScope.Secrets, noScope.Scopes = fixedNoScope, []string{fixedSecret + fixedNoScope}, []string{"Reports"}
	opt.Apps = append([]App{app, noScope}, opt.Apps...)
	var ids atomic.Int64
	opt.Book.NewID = func() string { return fmt.Sprintf("63c7c8b1a1b2c3d4e5f6%04x", 0x1000+ids.Add(1)) }
	opt.Book.Now = func() time.Time { return fixedNow.Add(time.Duration(f.seconds.Load()) * time.Second) }
	h, err := New(f.store, &opt)
	if err != nil {
		t.Fatal(err)
	}
	f.Handler, f.token, f.noScope = h, mint(t, fixedApp), mint(t, fixedNoScope)
	return f
}

// mint returns a token of a fixed app, for a day from fixedNow on.
func mint(t testing.TB, app string) string {
	t.Helper()
	token, err := Credentials{AppID: app, Secret: fixedSecret + app, Subject: fixedUser, Lifetime: 24 * time.Hour,
		now: func() time.Time { return fixedNow }}.Token()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// exchange sends a request of a golden file and returns the answer as text. The
// clock goes on by a second.
func (f *fixed) exchange(t testing.TB, text string) string {
	t.Helper()
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	epoch := "none"
	if st, err := f.store.Stat(t.Context(), contacts.Scope{Account: fixedAccount, Stream: fixedStream}); err == nil && st.Epoch != "" {
		epoch = st.Epoch
	}
	text = strings.NewReplacer("{{token}}", f.token, "{{noscope}}", f.noScope, "{{epoch}}", epoch).Replace(text)
	head, body, _ := strings.Cut(text, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(strings.TrimRight(head, "\n"), "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatalf("request %q: %v", head, err)
	}
	if strings.HasPrefix(body, "--") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	} else {
		body = strings.TrimSuffix(body, "\n")
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	if f.late {
		r.Body = io.NopCloser(lateBody{})
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r.WithContext(t.Context()))
	if st, err := f.store.Stat(t.Context(), contacts.Scope{Account: fixedAccount, Stream: fixedStream}); err == nil && st.Epoch != "" {
		epoch = st.Epoch
	}
	f.seconds.Add(1)
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range goldenHeaders {
		for _, value := range slices.Sorted(slices.Values(w.Result().Header.Values(name))) {
			if n, err := strconv.Atoi(value); name == "Retry-After" && w.Code == http.StatusTooManyRequests && err == nil && n >= 1 && n <= 60 {
				value = "{{seconds}}"
			}
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	if w.Body.Len() > 0 {
		fmt.Fprintf(&out, "\n%s", strings.TrimRight(w.Body.String(), "\n"))
	}
	return strings.TrimRight(strings.ReplaceAll(out.String(), epoch, "{{epoch}}"), "\n")
}

// do sends a request of the fixed app and returns the answer. Headers are names
// and values in turn.
func (f *fixed) do(t testing.TB, method, path, body string, headers ...string) answered {
	t.Helper()
	r := httptest.NewRequest(method, Base+fixedStream+path, strings.NewReader(body))
	r.Header.Set(HeaderToken, f.token)
	r.Header.Set(HeaderAccount, fixedAccount)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return serveOne(t, f, r)
}

// john returns a contact of the API whose number is the n-th.
func john(n int) string {
	return fmt.Sprintf(`{"firstName":"John","lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":"98%08d","countryCode":"+91","extension":"+"}}`, n)
}
