package agentassist

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// serving is a handler that Serve serves.
type serving struct {
	url    string
	client *http.Client
	stop   context.CancelFunc
	ended  chan error // what Serve returned
}

// startServing serves until stop; the test ends when Serve has.
func startServing(t testing.TB, h *Handler, certFile, keyFile string) *serving {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ctx, stop := context.WithCancel(context.Background())
	s := &serving{url: "http://" + l.Addr().String(), client: &http.Client{Transport: &http.Transport{}}, stop: stop, ended: make(chan error, 1)}
	go func() {
		if certFile == "" {
			s.ended <- h.Serve(ctx, l)
		} else {
			s.ended <- h.ServeTLS(ctx, l, certFile, keyFile)
		}
		close(s.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-s.ended
		s.client.CloseIdleConnections()
	})
	return s
}

func (s *serving) do(method, path, body string) (*http.Response, error) {
	r := asCaller(method, s.url+path, body)
	r.RequestURI = ""
	return s.client.Do(r)
}

// slowStore waits in each write.
type slowStore struct {
	contacts.Store
	entered chan struct{} // gets one a write
	leave   chan struct{} // nil: until the context ends
}

func (s slowStore) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.entered <- struct{}{}
	select {
	case <-s.leave:
		return s.Store.Apply(ctx, scope, b)
	case <-ctx.Done():
		return contacts.Applied{}, ctx.Err()
	}
}

func newSlowHandler(t testing.TB, leave chan struct{}, o Options) (*Handler, chan struct{}) {
	t.Helper()
	store := slowStore{memstore.New(), make(chan struct{}, 1), leave}
	o.Apps = []App{testApp()}
	o.Book.Now = func() time.Time { return testNow }
	h, err := New(store, &o)
	ok(t, err)
	return h, store.entered
}

// A call under way when Serve is told to end is answered.
func TestServeFinishesCalls(t *testing.T) {
	leave := make(chan struct{})
	h, entered := newSlowHandler(t, leave, Options{})
	s := startServing(t, h, "", "")
	answer := make(chan answered, 1)
	go func() {
		resp, err := s.do("POST", "/agentassist/api/v1/public/st-1/contacts", ada)
		if err != nil {
			t.Error(err)
			close(answer)
			return
		}
		answer <- readAnswer(t, resp)
	}()
	<-entered
	s.stop()
	for { // no new connections
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		c.Close()
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-s.ended:
		t.Fatalf("Serve ended before the call: %v", err)
	default:
	}
	close(leave)
	if a := <-answer; a.Response == nil || a.StatusCode != 200 {
		t.Errorf("%v", a)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	noGoroutines(t)
}

// A call that takes longer than WriteTimeout is cut, and Serve waits for it to
// come back.
func TestServeCutsCalls(t *testing.T) {
	h, entered := newSlowHandler(t, nil, Options{WriteTimeout: 50 * time.Millisecond})
	s := startServing(t, h, "", "")
	failed := make(chan error, 1)
	go func() {
		resp, err := s.do("POST", listPath, ada)
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-entered
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the call was answered")
	}
	noGoroutines(t)
}

// Serve does not return before a call that does not heed its context: the host
// closes the store then.
func TestServeWaitsForCalls(t *testing.T) {
	leave, left := make(chan struct{}), make(chan struct{})
	h := newTestHandler(t, Options{WriteTimeout: 50 * time.Millisecond})
	h.store = deafStore{h.store, leave, left}
	s := startServing(t, h, "", "")
	go func() {
		if resp, err := s.do("POST", listPath, ada); err == nil {
			resp.Body.Close()
		}
	}()
	<-leave // the call is within
	s.stop()
	time.AfterFunc(200*time.Millisecond, func() { leave <- struct{}{} })
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	select {
	case <-left:
	default:
		t.Error("Serve returned before the call")
	}
}

// deafStore waits in each write until it is told to leave, whatever the context.
type deafStore struct {
	contacts.Store
	leave, left chan struct{}
}

func (s deafStore) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.leave <- struct{}{}
	<-s.leave
	close(s.left)
	return contacts.Applied{}, context.Canceled
}

// A stream of events ends when Serve does, and lives longer than any timeout
// before.
func TestServeEndsStreams(t *testing.T) {
	h := newTestHandler(t, Options{ReadTimeout: 50 * time.Millisecond, WriteTimeout: 50 * time.Millisecond})
	s := startServing(t, h, "", "")
	resp, err := s.do("GET", listPath+"/events", "")
	ok(t, err)
	defer resp.Body.Close()
	time.Sleep(200 * time.Millisecond)
	created, err := s.do("POST", listPath, ada)
	ok(t, err)
	if a := readAnswer(t, created); a.StatusCode != 200 {
		t.Fatalf("%s", a)
	}
	lines := bufio.NewScanner(resp.Body)
	found := false
	for !found && lines.Scan() {
		found = strings.Contains(lines.Text(), "Lovelace")
	}
	if !found {
		t.Fatalf("the event did not come: %v", lines.Err())
	}
	s.stop()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	noGoroutines(t)
}

// noGoroutines waits for the goroutines of servers to be gone.
func noGoroutines(t *testing.T) {
	t.Helper()
	var text string
	for range 500 {
		buf := make([]byte, 1<<20)
		text = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(text, "net/http.(*conn).serve") && !strings.Contains(text, "net/http.(*Server)") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("goroutines are left:\n%s", text)
}

func TestServeOnce(t *testing.T) {
	h := newTestHandler(t, Options{})
	s := startServing(t, h, "", "")
	resp, err := s.do("GET", listPath, "")
	ok(t, err)
	if a := readAnswer(t, resp); a.StatusCode != 200 {
		t.Errorf("%s", a)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	if err := h.Serve(context.Background(), l); err == nil || !strings.Contains(err.Error(), "served once") {
		t.Errorf("a second time: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
	// A listener that fails ends Serve with its error.
	l, err = net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ok(t, l.Close())
	if err := newTestHandler(t, Options{}).Serve(context.Background(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed listener: %v", err)
	}
	// So does a context that has ended already, with none.
	l, err = net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := newTestHandler(t, Options{}).Serve(ctx, l); err != nil {
		t.Errorf("ended context: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

// A call may take longer than the body may take to arrive: the deadline of the
// one does not end the other, nor the next request of the connection.
func TestDeadlinesEnd(t *testing.T) {
	leave := make(chan struct{})
	h, entered := newSlowHandler(t, leave, Options{ReadTimeout: 50 * time.Millisecond, WriteTimeout: 50 * time.Millisecond})
	s := startServing(t, h, "", "")
	go func() {
		<-entered
		time.Sleep(75 * time.Millisecond)
		close(leave)
	}()
	s.client.Transport = &http.Transport{ExpectContinueTimeout: time.Minute, MaxConnsPerHost: 1}
	for i, body := range []string{ada, "", "["} {
		method := "POST"
		if body == "" {
			method = "GET"
		}
		r := asCaller(method, s.url+listPath, body)
		r.RequestURI = ""
		if body == "[" {
			r.Header.Set("Expect", "100-continue") // answered before the answer begins
		}
		resp, err := s.client.Do(r)
		ok(t, err)
		if a := readAnswer(t, resp); a.StatusCode != []int{200, 200, 400}[i] {
			t.Errorf("%s: %s", method, a)
		}
		time.Sleep(150 * time.Millisecond)
	}
}

// TestHostTimeouts: the timeouts of a host's own server, which are for all that
// it serves, do not end calls of the handler.
func TestHostTimeouts(t *testing.T) {
	h := newTestHandler(t, Options{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.logged(w, r, func(w http.ResponseWriter, r *http.Request) {
			if err := h.guard(w, r); err != nil {
				t.Error(err)
			}
			time.Sleep(150 * time.Millisecond)
			if err := r.Context().Err(); err != nil {
				t.Errorf("%s: %v", r.Proto, err)
			}
			_, _ = io.WriteString(w, "done")
		})
	}))
	srv.EnableHTTP2 = true
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	srv.StartTLS()
	defer srv.Close()
	for _, proto := range []int{1, 2} {
		transport := srv.Client().Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = proto == 2
		if proto == 1 {
			transport.TLSClientConfig.NextProtos = nil
		}
		resp, err := (&http.Client{Transport: transport}).Get(srv.URL)
		if err != nil {
			t.Errorf("HTTP/%d: %v", proto, err)
			continue
		}
		if a := readAnswer(t, resp); a.body != "done" || a.ProtoMajor != proto {
			t.Errorf("HTTP/%d: %s by %s", proto, a, a.Proto)
		}
		transport.CloseIdleConnections()
	}
}
