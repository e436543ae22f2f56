package agentassisttest

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"
)

// Faults switches faults on for some requests: see Server.On. Faults of one
// kind and another wait in the order in which they were set; a request has the
// first that is for it. Times is how many requests have it; -1 is all, until
// Heal.
type Faults struct {
	s            *Server
	method, path string
}

// On returns the faults of requests of that method to that path behind the
// stream, "/contacts" or "/contacts/*" (as in path.Match). "" is any.
func (s *Server) On(method, path string) Faults { return Faults{s, method, path} }

// Fail answers with a status, and does nothing. 429 and 503 have a Retry-After:
// see SetRetryAfter.
func (f Faults) Fail(status, times int) { f.add(fault{status: status}, times) }

// FailAfterCommit carries the request out, and then answers with a status all the
// same.
func (f Faults) FailAfterCommit(status, times int) { f.add(fault{status: status, commit: true}, times) }

// CutBefore breaks the connection, and does nothing.
func (f Faults) CutBefore(times int) { f.add(fault{}, times) }

// CutAfterCommit carries the request out, and then breaks the connection without
// an answer.
func (f Faults) CutAfterCommit(times int) { f.add(fault{commit: true}, times) }

// CutAnswer carries the request out, and breaks the connection in the middle of
// the answer.
func (f Faults) CutAnswer(times int) { f.add(fault{commit: true, half: true}, times) }

// Slow lets a request wait before anything is done, in addition to its fault if
// it has one. It is for all requests, until Heal; 0 ends it.
func (f Faults) Slow(d time.Duration) {
	fs := &f.s.faults
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.slow = append(fs.slow, slow{f.method, f.path, d})
}

// Fail is Faults.Fail for any request.
func (s *Server) Fail(status, times int) { s.On("", "").Fail(status, times) }

// FailAfterCommit is Faults.FailAfterCommit for any request.
func (s *Server) FailAfterCommit(status, times int) { s.On("", "").FailAfterCommit(status, times) }

// CutBefore is Faults.CutBefore for any request.
func (s *Server) CutBefore(times int) { s.On("", "").CutBefore(times) }

// CutAfterCommit is Faults.CutAfterCommit for any request.
func (s *Server) CutAfterCommit(times int) { s.On("", "").CutAfterCommit(times) }

// CutAnswer is Faults.CutAnswer for any request.
func (s *Server) CutAnswer(times int) { s.On("", "").CutAnswer(times) }

// Slow is Faults.Slow for any request.
func (s *Server) Slow(d time.Duration) { s.On("", "").Slow(d) }

// SetRetryAfter sets how many seconds the Retry-After of faults says; 1 until it
// is called, and 0 leaves the header out.
func (s *Server) SetRetryAfter(seconds int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.retryAfter = seconds
}

// Heal switches all faults off.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list, s.faults.slow = nil, nil
}

// Reset switches all faults off and forgets the requests. The contacts stay.
func (s *Server) Reset() {
	s.Heal()
	s.record.reset()
}

// fault is what one request has: a status, or a broken connection.
type fault struct {
	method, path string
	times        int
	status       int  // 0: the connection breaks
	commit       bool // after the request was carried out
	half         bool // and half of the answer was sent
}

type slow struct {
	method, path string
	d            time.Duration
}

// faults are the faults of a server.
type faults struct {
	mu         sync.Mutex
	list       []*fault
	slow       []slow
	retryAfter int
}

func (f Faults) add(t fault, times int) {
	if times == 0 {
		return
	}
	t.method, t.path, t.times = f.method, f.path, times
	fs := &f.s.faults
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append(fs.list, &t)
}

// take returns the fault that a request has, and for how long it waits.
func (fs *faults) take(r *http.Request, p string) (fault, bool, time.Duration) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var wait time.Duration
	for _, s := range fs.slow {
		if is(s.method, s.path, r, p) {
			wait = s.d // the last one that was set
		}
	}
	for _, f := range fs.list {
		if f.times == 0 || !is(f.method, f.path, r, p) {
			continue
		}
		if f.times > 0 {
			f.times--
		}
		return *f, true, wait
	}
	return fault{}, false, wait
}

func is(method, pattern string, r *http.Request, p string) bool {
	if method != "" && method != r.Method {
		return false
	}
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, p)
	return ok && err == nil
}

// serveFaulty serves a request with what is wrong with it.
func (s *Server) serveFaulty(w *writer, r *http.Request, p string) {
	f, has, wait := s.faults.take(r, p)
	if sleep(r.Context(), wait) != nil {
		panic(http.ErrAbortHandler) //contacts:panics the client is gone, and net/http recovers it
	}
	switch {
	case !has:
		s.handler.ServeHTTP(w, r)
		return
	case f.half:
		buf := &buffered{ResponseWriter: w, header: http.Header{}}
		s.handler.ServeHTTP(buf, r)
		buf.sendHalf()
	case f.commit:
		s.handler.ServeHTTP(&buffered{ResponseWriter: w, header: http.Header{}}, r)
	}
	if f.status == 0 {
		panic(http.ErrAbortHandler) //contacts:panics which breaks the connection, and is not logged
	}
	s.fail(w, f.status)
}

// fail answers with a status.
func (s *Server) fail(w http.ResponseWriter, status int) {
	type problem struct {
		Msg    string `json:"msg"`
		Code   int    `json:"code"`
		Reason string `json:"reason,omitempty"`
	}
	p := problem{Msg: "a fault that the test switched on", Code: status}
	if status == http.StatusTooManyRequests && !s.hosted {
		p.Reason = "rate"
	}
	s.faults.mu.Lock()
	after := s.faults.retryAfter
	s.faults.mu.Unlock()
	if after > 0 && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Errors []problem `json:"errors"`
	}{[]problem{p}})
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// buffered keeps an answer back. Deadlines and the like are those of the
// connection.
type buffered struct {
	http.ResponseWriter
	header http.Header
	status int
	body   []byte
}

func (b *buffered) Unwrap() http.ResponseWriter { return b.ResponseWriter }
func (b *buffered) Header() http.Header         { return b.header }
func (b *buffered) Flush()                      {}

func (b *buffered) WriteHeader(status int) {
	if b.status == 0 && status >= 200 {
		b.status = status
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	b.body = append(b.body, p...)
	return len(p), nil
}

// sendHalf sends the header and half of the body.
func (b *buffered) sendHalf() {
	for k, v := range b.header {
		b.ResponseWriter.Header()[k] = v
	}
	b.ResponseWriter.Header().Set("Content-Length", strconv.Itoa(len(b.body)))
	b.WriteHeader(http.StatusOK)
	b.ResponseWriter.WriteHeader(b.status)
	b.ResponseWriter.Write(b.body[:len(b.body)/2])
	http.NewResponseController(b.ResponseWriter).Flush()
}
