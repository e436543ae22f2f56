package agentassist

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
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

// writeCert writes a certificate for 127.0.0.1 and its key.
func writeCert(t testing.TB, from, to time.Time) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: to,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ok(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	ok(t, err)
	dir := TempDir(t)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ok(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	ok(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	cert, err := x509.ParseCertificate(der)
	ok(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	return certFile, keyFile, pool
}

func TestServeTLS(t *testing.T) {
	certFile, keyFile, pool := writeCert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	h := newTestHandler(t, Options{ReadTimeout: 100 * time.Millisecond, Book: contacts.Options{Now: time.Now}})
	s := startServing(t, h, certFile, keyFile)
	s.url = strings.Replace(s.url, "http:", "https:", 1)
	for _, proto := range []int{1, 2} {
		s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: proto == 2}
		resp, err := s.do("GET", listPath, "")
		ok(t, err)
		if a := readAnswer(t, resp); a.StatusCode != 200 || a.ProtoMajor != proto || a.TLS == nil {
			t.Errorf("HTTP/%d: %s by %s", proto, a, a.Proto)
		}
		// A body that does not come.
		body, never := io.Pipe()
		r := asCaller("POST", s.url+listPath, "x")
		r.RequestURI, r.Body, r.ContentLength = "", body, 1000
		go func() { _, _ = never.Write([]byte("[")) }()
		resp, err = s.client.Do(r)
		ok(t, err)
		if a := readAnswer(t, resp); a.StatusCode != http.StatusRequestTimeout || a.problem.Reason != ReasonTimeout {
			t.Errorf("HTTP/%d, slow body: %s", proto, a)
		}
		never.Close()
		s.client.CloseIdleConnections()
	}
	old := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", strings.TrimPrefix(s.url, "https://"), old); err == nil {
		c.Close()
		t.Error("TLS 1.1 was taken")
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("ServeTLS: %v", err)
	}
	noGoroutines(t)
}

func TestServeTLSRefuses(t *testing.T) {
	from, to := testNow.Add(-time.Hour), testNow.Add(time.Hour)
	cert, key, _ := writeCert(t, from, to)
	_, otherKey, _ := writeCert(t, from, to)
	expired, expiredKey, _ := writeCert(t, from, testNow.Add(-time.Minute))
	early, earlyKey, _ := writeCert(t, testNow.Add(time.Minute), to)
	empty := filepath.Join(TempDir(t), "empty.pem")
	ok(t, os.WriteFile(empty, nil, 0o600))
	missing := filepath.Join(TempDir(t), "missing.pem")
	for name, c := range map[string]struct {
		cert, key string
		want      []string
	}{
		"no certificate":    {missing, key, []string{missing, "certificate"}},
		"no key":            {cert, missing, []string{missing, "key"}},
		"empty certificate": {empty, key, []string{empty}},
		"empty key":         {cert, empty, []string{empty}},
		"swapped":           {key, cert, []string{key, cert}},
		"another's key":     {cert, otherKey, []string{cert, otherKey}},
		"expired":           {expired, expiredKey, []string{expired, "expired at"}},
		"not yet":           {early, earlyKey, []string{early, "not valid before"}},
		"a directory":       {TempDir(t), key, []string{"certificate"}},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ok(t, err)
		err = newTestHandler(t, Options{}).ServeTLS(context.Background(), l, c.cert, c.key)
		if err == nil {
			t.Errorf("%s: served", name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v: want %s", name, err, w)
			}
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: the listener is open: %v", name, err)
		}
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
	for _, method := range []string{"POST", "GET"} {
		body := ""
		if method == "POST" {
			body = ada
		}
		resp, err := s.do(method, listPath, body)
		ok(t, err)
		if a := readAnswer(t, resp); a.StatusCode != 200 {
			t.Errorf("%s: %s", method, a)
		}
		time.Sleep(150 * time.Millisecond)
	}
}
