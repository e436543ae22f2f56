package agentassist_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
)

// What a fault costs: how many requests go out, and what the call returns.
func TestClientRetries(t *testing.T) {
	t.Parallel()
	type call func(context.Context, *agentassist.Client, string) error
	list := call(func(ctx context.Context, c *agentassist.Client, _ string) error {
		_, err := c.List(ctx, 0, 0)
		return err
	})
	create := call(func(ctx context.Context, c *agentassist.Client, _ string) error {
		_, err := c.Create(ctx, people(10, 1))
		return err
	})
	change := call(func(ctx context.Context, c *agentassist.Client, id string) error {
		_, err := c.Update(ctx, contacts.Contact{ID: id, LastName: "Roe"})
		return err
	})
	remove := call(func(ctx context.Context, c *agentassist.Client, id string) error {
		_, err := c.Delete(ctx, id)
		return err
	})
	type server = agentassisttest.Server
	unknown := contacts.ErrCommitUnknown
	for name, c := range map[string]struct {
		call  call
		fault func(*server)
		sent  int   // requests of the call's own method
		want  error // nil; ErrCommitUnknown; any: an *Error of that status
	}{
		"list, 429":                   {list, func(s *server) { s.Fail(429, 2) }, 3, nil},
		"list, 500":                   {list, func(s *server) { s.Fail(500, 2) }, 3, nil},
		"list, 503":                   {list, func(s *server) { s.Fail(503, 2) }, 3, nil},
		"list, cut":                   {list, func(s *server) { s.CutBefore(2) }, 3, nil},
		"list, cut answer":            {list, func(s *server) { s.CutAnswer(2) }, 3, nil},
		"list, all at once":           {list, func(s *server) { s.Fail(429, 1); s.CutAnswer(1); s.Fail(502, 1); s.CutBefore(1) }, 5, nil},
		"list, 500 for ever":          {list, func(s *server) { s.Fail(500, -1) }, 5, status(500)},
		"list, 429 for ever":          {list, func(s *server) { s.Fail(429, -1) }, 5, status(429)},
		"list, 501":                   {list, func(s *server) { s.Fail(501, -1) }, 1, status(501)},
		"list, 403":                   {list, func(s *server) { s.Fail(403, -1) }, 1, status(403)},
		"list, 401":                   {list, func(s *server) { s.Fail(401, -1) }, 2, status(401)},
		"list, 401 once":              {list, func(s *server) { s.Fail(401, 1) }, 2, nil},
		"update, cut after commit":    {change, func(s *server) { s.CutAfterCommit(1) }, 2, nil},
		"update, 500 for ever":        {change, func(s *server) { s.Fail(500, -1) }, 5, unknown},
		"update, 429 for ever":        {change, func(s *server) { s.Fail(429, -1) }, 5, status(429)},
		"update, cut, then refused":   {change, func(s *server) { s.CutAfterCommit(1); s.Fail(412, 1) }, 2, unknown},
		"update, refused":             {change, func(s *server) { s.Fail(412, 1) }, 1, status(412)},
		"delete, cut after commit":    {remove, func(s *server) { s.CutAfterCommit(1) }, 2, nil},
		"create, 429":                 {create, func(s *server) { s.Fail(429, 2) }, 3, nil},
		"create, 429 for ever":        {create, func(s *server) { s.Fail(429, -1) }, 5, status(429)},
		"create, cut after commit":    {create, func(s *server) { s.CutAfterCommit(3) }, 4, nil},
		"create, 500 after commit":    {create, func(s *server) { s.FailAfterCommit(500, 3) }, 4, nil},
		"create, 500 for ever":        {create, func(s *server) { s.Fail(500, -1) }, 5, unknown},
		"create, cut, 429 for ever":   {create, func(s *server) { s.CutAfterCommit(1); s.Fail(429, -1) }, 5, unknown},
		"create, cut, then refused":   {create, func(s *server) { s.CutBefore(1); s.Fail(412, 1) }, 2, status(412)},
		"create, cut in the answer":   {create, func(s *server) { s.CutAnswer(2) }, 3, nil},
		"create, refused":             {create, func(s *server) { s.Fail(409, 1) }, 1, status(409)},
		"create, gone while it asked": {create, func(s *server) { s.Fail(401, 1); s.CutAfterCommit(1) }, 3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := unbound(t, agentassisttest.Options{})
			s.SetRetryAfter(0)
			made, err := s.Client().Create(t.Context(), people(0, 1))
			if err != nil {
				t.Fatal(err)
			}
			s.Reset()
			c.fault(s)
			o := s.ClientOptions()
			o.Pause = time.Microsecond
			err = c.call(t.Context(), newClient(t, o), made[0].ID)
			if n := len(s.Requests()); n < c.sent || n > c.sent+1 && !errors.Is(c.want, unknown) {
				t.Errorf("%d requests, not %d", n, c.sent)
			}
			if keys := keysOf(s.Requests()); len(keys) > 1 {
				t.Errorf("keys %v", keys)
			}
			switch want := c.want.(type) {
			case nil:
				if err != nil {
					t.Error(err)
				}
			case status:
				var e *agentassist.Error
				if !errors.As(err, &e) || e.Status != int(want) || errors.Is(err, unknown) {
					t.Errorf("%v", err)
				}
			default:
				if !errors.Is(err, want) {
					t.Errorf("%v", err)
				}
			}
			if n, err := s.Book.Count(t.Context()); err != nil || n.Active+n.Inactive > 2 {
				t.Errorf("%+v, %v", n, err)
			}
		})
	}
}

// status is an error of a status.
type status int

func (s status) Error() string { return fmt.Sprint(int(s)) }

// keysOf returns the idempotency keys that requests have.
func keysOf(list []agentassisttest.Request) map[string]bool {
	keys := map[string]bool{}
	for _, r := range list {
		if k := r.Header.Get("Idempotency-Key"); k != "" {
			keys[k] = true
		}
	}
	return keys
}

// Each call has a key of its own, and one that is repeated the same again.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	s := unbound(t, agentassisttest.Options{})
	c := s.Client()
	for i := range 5 {
		s.CutAfterCommit(1)
		if _, err := c.Create(t.Context(), people(i, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if keys := keysOf(s.Requests()); len(keys) != 5 {
		t.Errorf("%d keys", len(keys))
	}
}

func TestClientToken(t *testing.T) {
	t.Parallel()
	s := unbound(t, agentassisttest.Options{})
	o := s.ClientOptions()
	var asked atomic.Int32
	o.Token = func() (string, error) {
		if asked.Add(1) == 1 {
			return "expired", nil
		}
		return s.Token, nil
	}
	if _, err := newClient(t, o).Create(t.Context(), people(0, 1)); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	o.Token = func() (string, error) { asked.Add(1); return "hunter2", nil }
	asked.Store(0)
	_, err := newClient(t, o).Create(t.Context(), people(1, 1))
	var e *agentassist.Error
	if !errors.As(err, &e) || e.Status != 401 || asked.Load() != 2 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	none := errors.New("no more tokens")
	o.Token = func() (string, error) { return "", none }
	n := len(s.Requests())
	if _, err := newClient(t, o).List(t.Context(), 0, 0); !errors.Is(err, none) || len(s.Requests()) != n {
		t.Errorf("%v", err)
	}
}

// fixed serves what it is told to, and counts the requests.
type fixed struct {
	*httptest.Server
	n atomic.Int32
}

func serveFixed(t *testing.T, f func(w http.ResponseWriter, r *http.Request)) *fixed {
	s := &fixed{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.n.Add(1); f(w, r) }))
	t.Cleanup(s.Close)
	return s
}

func (s *fixed) options() agentassist.ClientOptions {
	return agentassist.ClientOptions{BaseURL: s.URL, Account: "a", Stream: "s", Pause: time.Microsecond, RatePerMinute: -1,
		Token: func() (string, error) { return "hunter2", nil }}
}

func TestClientRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := serveFixed(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"results":[]}`) })
	for name, c := range map[string]struct {
		method string
		code   int
		to     func(*fixed) string
		n      int32 // requests that come
		ok     bool
	}{
		"elsewhere":              {"GET", 302, func(*fixed) string { return elsewhere.URL + "/x" }, 1, false},
		"elsewhere, method kept": {"POST", 307, func(*fixed) string { return elsewhere.URL + "/x" }, 1, false},
		"another port":           {"GET", 308, func(s *fixed) string { return "http://127.0.0.1:1/x" }, 1, false},
		"another scheme":         {"GET", 301, func(s *fixed) string { return strings.Replace(s.URL, "http", "https", 1) + "/x" }, 1, false},
		"the same host":          {"GET", 302, func(s *fixed) string { return s.URL + "/x" }, 2, true},
		"a POST as a GET":        {"POST", 302, func(s *fixed) string { return s.URL + "/x" }, 1, false},
		"a POST as a POST":       {"POST", 307, func(s *fixed) string { return s.URL + "/x" }, 2, true},
	} {
		var s *fixed
		s = serveFixed(t, func(w http.ResponseWriter, r *http.Request) {
			switch body, _ := io.ReadAll(r.Body); {
			case r.URL.Path != "/x":
				http.Redirect(w, r, c.to(s), c.code)
			case r.Method == "GET" && c.method == "GET":
				io.WriteString(w, `{"results":[]}`)
			case strings.HasPrefix(string(body), "[{"):
				io.WriteString(w, `[{"id":"a"}]`)
			default:
				w.WriteHeader(500)
			}
		})
		client := newClient(t, s.options())
		var err error
		if c.method == "GET" {
			_, err = client.List(t.Context(), 0, 0)
		} else {
			_, err = client.Create(t.Context(), people(0, 1))
		}
		if c.ok != (err == nil) || s.n.Load() != c.n {
			t.Errorf("%s: %d requests, %v", name, s.n.Load(), err)
		}
		var e *agentassist.Error
		if !c.ok && (!errors.As(err, &e) || e.Status != c.code || errors.Is(err, contacts.ErrCommitUnknown)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := elsewhere.n.Load(); n != 0 {
		t.Errorf("%d requests, and tokens, went elsewhere", n)
	}
}

// Answers that are none.
func TestClientGarbage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		n      int32 // requests of a list
	}{
		"a page for people": {func(w http.ResponseWriter) { io.WriteString(w, "<html>Sign in, +919876543210</html>") }, 1},
		"nothing":           {func(http.ResponseWriter) {}, 1},
		"an array":          {func(w http.ResponseWriter) { io.WriteString(w, "[1]") }, 1},
		"wrong types":       {func(w http.ResponseWriter) { io.WriteString(w, `{"results":{"a":1},"skip":"x"}`) }, 1},
		"another object":    {func(w http.ResponseWriter) { io.WriteString(w, `{"status":"error","message":"try later"}`) }, 1},
		"null":              {func(w http.ResponseWriter) { io.WriteString(w, "null") }, 1},
		"many objects":      {func(w http.ResponseWriter) { zipped(w, `{"results":[{}`, ",{}", 20_000_000) }, 1},
		"many items":        {func(w http.ResponseWriter) { zipped(w, `{"results":[{"id":"a","address":[0`, ",0", 30_000_000) }, 1},
		"torn": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "99")
			io.WriteString(w, `{"results":[`)
		}, 5},
		"for ever": {func(w http.ResponseWriter) {
			for spaces := strings.Repeat(" ", 1<<20); ; {
				if _, err := io.WriteString(w, spaces); err != nil {
					return
				}
			}
		}, 1},
		"an error for ever": {func(w http.ResponseWriter) {
			w.WriteHeader(400)
			for i := 0; ; i++ {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<20)); err != nil {
					return
				}
			}
		}, 1},
		"an odd status": {func(w http.ResponseWriter) { w.WriteHeader(999) }, 5},
	} {
		s := serveFixed(t, func(w http.ResponseWriter, r *http.Request) { c.answer(w) })
		_, err := newClient(t, s.options()).List(t.Context(), 0, 0)
		if err == nil || s.n.Load() != c.n || strings.Contains(err.Error(), "9876543210") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %d requests, %v", name, s.n.Load(), err)
		}
	}
}

// zipped answers with few bytes that are many.
func zipped(w http.ResponseWriter, begin, part string, n int) {
	const at = 1 << 16
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	defer z.Close()
	io.WriteString(z, begin)
	for parts := strings.Repeat(part, at); n > 0; n -= at {
		io.WriteString(z, parts)
	}
	end := "]}"
	if strings.Contains(begin, "address") {
		end = "]}]}"
	}
	io.WriteString(z, end)
}

// An answer is measured by its structure, not by what stands in its texts.
func TestModest(t *testing.T) {
	for text, ok := range map[string]bool{
		strings.Repeat("{", 1<<19):                  true,
		strings.Repeat("{", 1<<19+1):                false,
		strings.Repeat(",", 1<<22+1):                false,
		`"` + strings.Repeat(`{,\"\\`, 1<<22) + `"`: true,
		`"\\"` + strings.Repeat("{", 1<<19+1):       false,
	} {
		if agentassist.Modest([]byte(text)) != ok {
			t.Errorf("%.10s.., %d bytes: %v", text, len(text), !ok)
		}
	}
}

// JSON of another kind is no success, and what became of the call is not known.
func TestClientOtherJSON(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, answer := range []string{"{}", "null", "[]", "[{}]", `{"message":"try later"}`, `[{"id":"a"},{"id":"b"}]`} {
		for name, call := range map[string]func(c *agentassist.Client) error{
			"create": func(c *agentassist.Client) error { _, err := c.Create(ctx, people(0, 1)); return err },
			"update": func(c *agentassist.Client) error {
				_, err := c.Update(ctx, contacts.Contact{ID: "a", FirstName: "A"})
				return err
			},
			"delete": func(c *agentassist.Client) error { _, err := c.Delete(ctx, "a"); return err },
			"bulk":   func(c *agentassist.Client) error { _, err := c.BulkDelete(ctx, []string{"a"}); return err },
		} {
			var writes atomic.Int32
			s := serveFixed(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "GET" {
					writes.Add(1)
				}
				io.WriteString(w, answer)
			})
			if err := call(newClient(t, s.options())); !errors.Is(err, contacts.ErrCommitUnknown) || writes.Load() != 1 {
				t.Errorf("%s, answered %s: sent %d times, %v", name, answer, writes.Load(), err)
			}
		}
	}
}

// An import may be answered by fewer contacts than the file has rows, but not by
// none.
func TestClientImportAnswer(t *testing.T) {
	t.Parallel()
	const file = "firstName,lastName,cellPhoneNumber,cellPhoneCountryCode\nA,B,9876543210,+91\nC,D,9876543211,+91\n"
	for answer, n := range map[string]int{`[{"id":"a"},{"id":"b"}]`: 2, `[{"id":"a"}]`: 1, `[]`: 0} {
		s := serveFixed(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, answer) })
		made, err := newClient(t, s.options()).Import(t.Context(), strings.NewReader(file))
		if len(made) != n || n == 0 != errors.Is(err, contacts.ErrCommitUnknown) {
			t.Errorf("%s: %v, %v", answer, made, err)
		}
	}
}

// Nobody there: nothing was sent, so that a POST is as safe as any call.
func TestClientNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	o := (&fixed{Server: &httptest.Server{URL: "http://" + l.Addr().String()}}).options()
	asked := 0
	o.Token = func() (string, error) { asked++; return "t", nil }
	if _, err := newClient(t, o).Create(t.Context(), people(0, 1)); err == nil || errors.Is(err, contacts.ErrCommitUnknown) || asked != 5 {
		t.Errorf("%d attempts, %v", asked, err)
	}
}

// A context ends a call: in its pause, beside a server that says nothing, and at
// once where Retry-After is longer than it has.
func TestClientContext(t *testing.T) {
	t.Parallel()
	busy := serveFixed(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	})
	hour, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var e *agentassist.Error
	if _, err := newClient(t, busy.options()).List(hour, 0, 0); !errors.As(err, &e) || e.RetryAfter != time.Hour || busy.n.Load() != 1 {
		t.Errorf("%d requests, %v", busy.n.Load(), err)
	}
	soon := serveFixed(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "300")
		w.WriteHeader(429)
	})
	short, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := newClient(t, soon.options()).List(short, 0, 0); !errors.As(err, &e) || soon.n.Load() != 1 {
		t.Errorf("%d requests, %v", soon.n.Load(), err)
	}

	stop := make(chan struct{})
	silent := serveFixed(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	defer close(stop)
	for name, write := range map[string]bool{"list": false, "create": true} {
		ctx, cancel := context.WithCancel(t.Context())
		before := silent.n.Load()
		go func() {
			for silent.n.Load() == before {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		c := newClient(t, silent.options())
		var err error
		if write {
			_, err = c.Create(ctx, people(0, 1))
		} else {
			_, err = c.List(ctx, 0, 0)
		}
		if !errors.Is(err, context.Canceled) || errors.Is(err, contacts.ErrCommitUnknown) != write {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := silent.options()
	o.Timeout, o.Retries = 20*time.Millisecond, 1
	before := silent.n.Load()
	if _, err := newClient(t, o).List(t.Context(), 0, 0); !errors.Is(err, context.DeadlineExceeded) || silent.n.Load() != before+2 {
		t.Errorf("a server that is silent: %d requests, %v", silent.n.Load()-before, err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	before = silent.n.Load()
	if _, err := newClient(t, o).Create(done, people(0, 1)); !errors.Is(err, context.Canceled) || errors.Is(err, contacts.ErrCommitUnknown) || silent.n.Load() != before {
		t.Errorf("without time: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "1.5": 0, "soon": 0, "99999999999999": 0,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := agentassist.RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	h := http.Header{"Retry-After": {now.Add(time.Minute).Format(http.TimeFormat)}, "Date": {now.Add(50 * time.Second).Format(http.TimeFormat)}}
	if got := agentassist.RetryAfter(h, now); got != 10*time.Second {
		t.Errorf("by the server's clock: %v", got)
	}
}

// A client spaces its requests out, those of all goroutines.
func TestClientRate(t *testing.T) {
	t.Parallel()
	s := unbound(t, agentassisttest.Options{})
	o := s.ClientOptions()
	o.RatePerMinute = 1
	c := newClient(t, o)
	if _, err := c.List(t.Context(), 0, 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // the next turn comes later
	defer cancel()
	if _, err := c.List(ctx, 0, 0); !errors.Is(err, context.DeadlineExceeded) || len(s.Requests()) != 1 {
		t.Errorf("%d requests, %v", len(s.Requests()), err)
	}
}
