package agentassist

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts"
)

// Bounds on what a client reads and waits.
const (
	maxAnswer     = 64 << 20 // bytes of an answer's body
	maxErrorBody  = 8 << 20  // bytes of the body of an error; what is beyond is left
	maxPause      = time.Minute
	maxRetryAfter = 10 * time.Minute // a longer one is the caller's affair
	pauseAtLimit  = 10               // a 429 without Retry-After: so many times the pause
)

// request is one call, as often as it is sent.
type request struct {
	method string
	path   string // after the stream: "/contacts"
	query  url.Values
	header http.Header // beside those of every request
	body   []byte      // none where nil
	media  string      // of the body; default application/json
	twice  bool        // may be carried out twice, though a POST
	stream bool        // the answer is read by the caller
}

// call makes a call and reads its answer into a value, or leaves it where that is
// nil. Body, when not nil, is sent as JSON. It returns the header of the answer.
// A POST with an idempotency key in its header is repeated like a GET.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, header http.Header, body any, into any) (http.Header, error) {
	r := request{method: method, path: path, query: query, header: header}
	if body != nil {
		var err error
		if r.body, err = encode(body); err != nil {
			return nil, err
		}
	}
	return c.do(ctx, r, into)
}

// open makes a GET whose answer is a stream, which the caller closes. It is
// repeated until the stream begins.
func (c *Client) open(ctx context.Context, path string, query url.Values, header http.Header) (*http.Response, error) {
	var out *http.Response
	err := c.repeat(ctx, &request{method: "GET", path: path, query: query, header: header, stream: true}, func(resp *http.Response) error {
		out = resp
		return nil
	})
	return out, err
}

// do makes a call and reads its answer.
func (c *Client) do(ctx context.Context, r request, into any) (http.Header, error) {
	var header http.Header
	err := c.repeat(ctx, &r, func(resp *http.Response) error {
		defer resp.Body.Close()
		header = resp.Header
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		switch {
		case err != nil:
			return &brokenError{err}
		case len(data) > maxAnswer:
			return fmt.Errorf("the answer: %w: it has more than %d bytes", contacts.ErrTooLarge, maxAnswer)
		case into == nil:
			return nil
		case !modest(data):
			return errNoAnswer
		}
		if json.Unmarshal(data, into) != nil || !isAnswer(into) { // an error of json would show what stands there
			return errNoAnswer
		}
		return nil
	})
	return header, err
}

// brokenError is an answer that ended early.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

// repeat sends a request until there is an answer that counts. Take gets an
// answer of success; an error of it that is no *brokenError ends the call.
func (c *Client) repeat(ctx context.Context, r *request, take func(*http.Response) error) error {
	fresh := false   // the token was asked for again
	unknown := false // an earlier attempt may have been carried out
	for attempt := 0; ; attempt++ {
		o := c.attempt(ctx, r, take)
		if o.err == nil {
			return nil
		}
		unknown = unknown || o.unknown
		if e := (*Error)(nil); errors.As(o.err, &e) && e.Status == http.StatusUnauthorized && !fresh {
			fresh, attempt = true, attempt-1
			continue
		}
		if !o.again || attempt >= c.opt.Retries || o.unknown && !r.safe() || ctx.Err() != nil {
			return c.giveUp(r, o, unknown)
		}
		if o.after > maxRetryAfter || sleep(ctx, c.pauseAfter(o, attempt)) != nil {
			return c.giveUp(r, o, unknown)
		}
	}
}

// giveUp returns the error of a call.
func (c *Client) giveUp(r *request, o outcome, unknown bool) error {
	var e *Error
	err := o.err
	if !errors.As(err, &e) {
		err = fmt.Errorf("agentassist: %s %s: %w", r.method, r.route(), err)
	}
	keyed := r.header.Get(HeaderIdempotencyKey) != "" // what is refused with a key was not done before
	if r.method == "GET" || !o.unknown && (!unknown || keyed && o.judged) || errors.Is(err, contacts.ErrCommitUnknown) {
		return err
	}
	return &unknownError{cause: err, late: o.late}
}

// unknownError is a call that may have been carried out.
type unknownError struct {
	cause error
	late  bool // the server may be at it still
}

func (e *unknownError) Error() string {
	return e.cause.Error() + ": " + strings.TrimPrefix(contacts.ErrCommitUnknown.Error(), "contacts: ")
}

func (e *unknownError) Unwrap() error { return e.cause }

// Is makes errors.Is(err, contacts.ErrCommitUnknown) true.
func (e *unknownError) Is(target error) bool { return target == contacts.ErrCommitUnknown }

// safe reports whether a request may be sent again whose outcome is unknown.
func (r *request) safe() bool {
	return r.method != "POST" || r.twice || r.header.Get(HeaderIdempotencyKey) != ""
}

// route is the path for errors: without an id, which may be anything.
func (r *request) route() string {
	for _, t := range routes {
		if t.path == r.path {
			return r.path
		}
	}
	return "/contacts/.."
}

// outcome is what became of one attempt.
type outcome struct {
	err     error
	again   bool          // it may be sent again, if the call may be done twice
	unknown bool          // it may have been carried out
	late    bool          // and may be still
	after   time.Duration // Retry-After
	limited bool          // 429
	judged  bool          // the server looked at what was asked for, and refused it
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, r *request, take func(*http.Response) error) outcome {
	if err := c.pace.wait(ctx); err != nil {
		return outcome{err: err}
	}
	token, err := c.opt.Token()
	if err != nil {
		return outcome{err: fmt.Errorf("the token: %w", err)}
	}
	inTime, cancel := context.WithCancelCause(ctx)
	//contacts:owner done stops it
	timer := time.AfterFunc(c.opt.Timeout, func() { cancel(errTimeout) })
	done := func() { timer.Stop(); cancel(nil) }

	var sent atomic.Bool // on a connection
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}
	req, err := c.newRequest(httptrace.WithClientTrace(inTime, trace), r, token)
	if err != nil {
		done()
		return outcome{err: err}
	}
	resp, err := c.http.Do(req)
	broken := func(err error) outcome {
		late := context.Cause(inTime) == errTimeout
		done()
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL
		}
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case late:
			err = errTimeout
		}
		return outcome{err: err, again: true, unknown: sent.Load(), late: late}
	}
	if err != nil {
		return broken(err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer done()
		defer resp.Body.Close()
		return refused(resp)
	}
	if r.stream {
		if !timer.Stop() {
			resp.Body.Close()
			return broken(errTimeout)
		}
		resp.Body = &streamBody{resp.Body, done}
	}
	err = take(resp)
	var cut *brokenError
	if errors.As(err, &cut) {
		return broken(cut.error)
	}
	if !r.stream {
		done()
	}
	return outcome{err: err, unknown: err != nil}
}

var errTimeout = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)

// streamBody ends the request's context when it is closed.
type streamBody struct {
	io.ReadCloser
	done func()
}

func (b *streamBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

func (c *Client) newRequest(ctx context.Context, r *request, token string) (*http.Request, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, errors.New("the request cannot be made") // its error would show the query
	}
	for k, v := range r.header {
		if k == HeaderIdempotencyKey {
			k = strings.ToLower(k) // else net/http repeats the request by itself, and nobody hears of it
		}
		req.Header[k] = v
	}
	req.Header[HeaderToken] = []string{token} // spelled as the API has it, for servers that look at that
	req.Header[HeaderAccount] = []string{c.opt.Account}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", mediaJSON)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", r.media)
		if r.media == "" {
			req.Header.Set("Content-Type", mediaJSON)
		}
	}
	return req, nil
}

const mediaJSON = "application/json"

// sameHost follows redirects within a host only, and none that would change the
// method; what is not followed is the answer.
func sameHost(also func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		first := via[0]
		if req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host || req.Method != first.Method || len(via) > 3 {
			return http.ErrUseLastResponse
		}
		if also != nil {
			return also(req, via)
		}
		return nil
	}
}

// refused says what an answer means that is no success.
func refused(resp *http.Response) outcome {
	e := readError(resp)
	o := outcome{err: e, after: e.RetryAfter}
	reason := Reason("")
	if len(e.Problems) > 0 {
		reason = e.Problems[0].Reason
	}
	switch s := e.Status; {
	case s == http.StatusTooManyRequests:
		o.again, o.limited = true, true
	case reason == ReasonTimeout || reason == ReasonUnavailable: // of a Handler, which did nothing
		o.again = true
	case s == http.StatusRequestTimeout || s == http.StatusGatewayTimeout || s == 524:
		o.again, o.unknown, o.late = true, true, true
	case s == http.StatusNotImplemented || s == http.StatusHTTPVersionNotSupported:
	case s >= 500:
		o.again, o.unknown = true, true
	default:
		o.judged = s >= 400 && s != http.StatusUnauthorized && s != http.StatusForbidden
	}
	return o
}

// pauseAfter returns how long to wait before an attempt is repeated.
func (c *Client) pauseAfter(o outcome, attempt int) time.Duration {
	if o.after > 0 {
		return o.after
	}
	d := c.opt.Pause
	if o.limited {
		d *= pauseAtLimit
	}
	for range attempt {
		if d *= 2; d > maxPause {
			break
		}
	}
	d = min(d, maxPause)
	return d - time.Duration(mathrand.Int64N(int64(d/2)+1))
}

// sleep waits, or returns the error of the context: at once where it would end
// before.
func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return context.DeadlineExceeded
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

// retryAfter reads Retry-After: seconds, or a date, by the clock of the server
// where it tells that.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now))
}

// newKey returns an idempotency key.
func newKey() string {
	var b [16]byte
	rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// encode is json.Marshal without the escaping for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("agentassist: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
