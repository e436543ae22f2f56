package agentassist

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// Where events are trimmed that a stream has yet to send, it says so and ends.
func TestEventsGoneInTheStream(t *testing.T) {
	l := newLive(t, nil, Options{Extended: true})
	resp := stalled(t, l)
	defer resp.Body.Close()
	if err := contacts.Trim(t.Context(), l.store, l.book.Scope(), 990); err != nil {
		t.Fatal(err)
	}
	r := newEventReader(resp.Body, noSilence)
	n := 0
	var err error
	for err == nil {
		if _, err = r.next(); err == nil {
			n++
		}
	}
	var gone *Error
	if !errors.As(err, &gone) || !errors.Is(err, contacts.ErrTrimmed) || n >= 990 {
		t.Fatalf("after %d events: %v", n, err)
	}
	p := gone.Problems[0]
	if end, err := l.book.Token(t.Context()); err != nil || p.Restart != end.String() || p.Reason != ReasonGone || p.Code != http.StatusGone {
		t.Errorf("%+v, want a restart at %s, %v", p, end, err)
	}
	if _, err := r.next(); err != io.EOF {
		t.Errorf("behind gone: %v", err)
	}
	again := l.get(t.Context(), t, "/contacts/events", HeaderLastEventID, r.id)
	if p := refusal(t, again)[0]; again.StatusCode != http.StatusGone || p.Restart == "" {
		t.Errorf("who comes again: %s, %+v", again.Status, p)
	}
}

// Streams end when Serve does.
func TestStreamsEndWithServe(t *testing.T) {
	l := newLive(t, nil, Options{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx, listener) }()
	l.url = "http://" + listener.Addr().String()
	resp := l.get(t.Context(), t, "/contacts/events?after=.0")
	defer resp.Body.Close()
	id := l.add(t, numbered("A", 1))[0].ID
	r := newEventReader(resp.Body, noSilence)
	if e, err := r.next(); err != nil || e.ID != id {
		t.Fatalf("%+v, %v", e, err)
	}
	stop()
	if _, err := r.next(); err != io.EOF {
		t.Errorf("the stream ends with %v, want EOF", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A stream ends when its token does.
func TestStreamEndsWithTheToken(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	late := now.Add(time.Hour + leeway - 50*time.Millisecond) // what is left of the token
	l := newLive(t, nil, Options{Book: contacts.Options{Now: func() time.Time { return late }}})
	token, err := Credentials{AppID: liveApp, Secret: liveSecret, Lifetime: time.Hour, now: func() time.Time { return now }}.Token()
	if err != nil {
		t.Fatal(err)
	}
	resp := l.get(t.Context(), t, "/contacts/events", HeaderToken, token)
	defer resp.Body.Close()
	if n, err := drain(resp.Body); resp.StatusCode != http.StatusOK || err != nil || n == 0 {
		t.Errorf("%s, %d bytes, %v", resp.Status, n, err)
	}
}

// An app has so many streams and no more, until it closes one.
func TestStreamsOfAnApp(t *testing.T) {
	l := newLive(t, nil, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	for range maxStreams {
		resp := l.get(ctx, t, "/contacts/events")
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status)
		}
	}
	resp := l.get(t.Context(), t, "/contacts/events")
	if p := refusal(t, resp)[0]; resp.StatusCode != http.StatusTooManyRequests || p.Reason != ReasonRate || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s, Retry-After %q, %+v", resp.Status, resp.Header.Get("Retry-After"), p)
	}
	cancel()
	for len(l.openStreams()) > 0 {
		time.Sleep(time.Millisecond)
	}
	resp = l.get(t.Context(), t, "/contacts/events")
	if resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
}

// Events of one tenant do not show at another, and neither does its feed.
func TestEventsOfATenant(t *testing.T) {
	l := newLive(t, nil, Options{})
	other, err := contacts.Open(t.Context(), l.store, contacts.Scope{Account: liveAccount, Stream: "sales"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Create(t.Context(), numbered("Other", 1)); err != nil {
		t.Fatal(err)
	}
	theirs, err := other.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mine := l.add(t, numbered("Mine", 2))[0].ID
	w := watcher{live: l, id: ".0"}
	if _, err := w.follow(t.Context(), 1, true); err != nil || w.seen[0].ID != mine {
		t.Errorf("%+v, %v", w.seen, err)
	}
	resp := l.get(t.Context(), t, "/contacts/events", HeaderLastEventID, theirs.String())
	if p := refusal(t, resp)[0]; p.Reason != ReasonGone || strings.Contains(p.Msg+p.Restart, theirs.Epoch) {
		t.Errorf("%s: %+v", resp.Status, p)
	}
}

func TestHeadOfStreams(t *testing.T) {
	l := newLive(t, nil, Options{})
	for path, kind := range map[string]string{"/contacts/events": "text/event-stream", "/contacts/export?format=csv": "text/csv"} {
		resp, err := http.DefaultClient.Do(l.request(t.Context(), "HEAD", path, ""))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := drain(resp.Body); n != 0 || err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) {
			t.Errorf("HEAD %s: %s, %s, %d bytes, %v", path, resp.Status, resp.Header.Get("Content-Type"), n, err)
		}
		resp.Body.Close()
	}
}
