package agentassisttest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/callerbook/contacts/agentassist"
)

// Request is a request that came.
type Request struct {
	Method string
	Path   string      // with the query: "/agentassist/api/v1/public/st-test/contacts?limit=2"
	Header http.Header // the token is masked
	Body   string      // as far as it was read
	Status int         // of the answer; 0 while there is none, and where the connection was cut before it
	Done   bool        // it has been answered or cut
}

// Requests returns what came since the start or Reset, in order of arrival.
func (s *Server) Requests() []Request {
	list, _ := s.record.requests()
	return list
}

// Await waits until n requests, of all since the start or Reset, have been
// answered or cut, and returns those that came so far; or the context's error.
func (s *Server) Await(ctx context.Context, n int) ([]Request, error) {
	for {
		list, news := s.record.requests()
		done := 0
		for _, r := range list {
			if r.Done {
				done++
			}
		}
		if done >= n {
			return list, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return list, ctx.Err()
		}
	}
}

// recorder keeps what came.
type recorder struct {
	mu   sync.Mutex
	list []*recorded
	news chan struct{} // closed when one is done
}

type recorded struct {
	Request
	body *body
}

// body keeps what is read.
type body struct {
	io.ReadCloser
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p[:n])
	return n, err
}

func (b *body) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// begin records a request and has its body recorded as it is read.
func (c *recorder) begin(r *http.Request) *recorded {
	rec := &recorded{body: &body{ReadCloser: r.Body}}
	r.Body = rec.body
	rec.Method, rec.Path, rec.Header = r.Method, r.URL.RequestURI(), r.Header.Clone()
	if rec.Header.Get(agentassist.HeaderToken) != "" {
		rec.Header.Set(agentassist.HeaderToken, "***")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, rec)
	return rec
}

func (c *recorder) end(rec *recorded, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec.Status, rec.Done = status, true
	close(c.news)
	c.news = make(chan struct{})
}

func (c *recorder) requests() ([]Request, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Request, len(c.list))
	for i, rec := range c.list {
		list[i] = rec.Request
		list[i].Header = rec.Header.Clone()
		list[i].Body = rec.body.String()
	}
	return list, c.news
}

func (c *recorder) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = nil
}

// writer notes the status of an answer.
type writer struct {
	http.ResponseWriter
	status int
}

func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) Flush() { http.NewResponseController(w.ResponseWriter).Flush() }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}
