package agentassist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/callerbook/contacts"
)

const (
	maxStreams   = 100              // streams of events of an app, at once
	heartbeat    = 15 * time.Second // between comments on a stream without events, see Handler.heartbeat
	eventsAtOnce = 64
)

// HeaderLastEventID is where a stream of events goes on.
const HeaderLastEventID = "Last-Event-ID"

// events streams what changes, as server-sent events: from now on, or behind the
// event that Last-Event-ID or, where that header is not there, the parameter
// "after" names. Every event comes once and in order; the id of each is where
// to go on from.
//
// The stream ends when the caller goes, when Serve stops, and when the token
// expires: the caller comes again with a new one and loses nothing.
func (c *call) events() error {
	after, err := c.after()
	if err != nil {
		return err
	}
	if !c.streams.enter(c.app.ID) {
		return &Error{RetryAfter: heartbeat, Problems: []Problem{{Reason: ReasonRate,
			Msg: "the app has " + strconv.Itoa(maxStreams) + " streams of events open: close one"}}}
	}
	defer c.streams.leave(c.app.ID)

	first, err := c.book.Events(c.ctx(), after, eventsAtOnce)
	if err != nil {
		return gone(err)
	}
	header := c.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // of proxies that would keep events to themselves
	header.Set("X-Content-Type-Options", "nosniff")
	if c.r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := c.lifetime()
	defer cancel()
	out := &parts{call: c, rc: http.NewResponseController(c.w), idle: true}
	defer out.hurried()
	s := stream{call: c, ctx: ctx, out: out, after: after}
	s.run(first)
	return nil
}

// after returns where a stream begins.
func (c *call) after() (contacts.Token, error) {
	name, text := HeaderLastEventID, c.r.Header.Get(HeaderLastEventID)
	if text == "" {
		p := c.params()
		name = "after"
		text, _ = p.text(name)
		if p.err != nil {
			return contacts.Token{}, p.err
		}
	}
	if text == "" {
		return c.book.Token(c.ctx())
	}
	return parseEventID(name, text)
}

// parseEventID reads the id of an event.
func parseEventID(name, text string) (contacts.Token, error) {
	t, err := contacts.ParseToken(text)
	if err != nil || eventID(t) != text {
		return contacts.Token{}, problem(ReasonParameter, name, name+" is not the id of an event: send the last one that came, or leave it out")
	}
	return t, nil
}

// eventID returns a token as the id of an event. It is not empty, as the zero
// Token is: who saw the beginning of an empty book goes on there.
func eventID(t contacts.Token) string {
	return t.Epoch + "." + strconv.FormatUint(t.Revision, 10)
}

// lifetime returns a context that ends with the stream.
func (c *call) lifetime() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(c.ctx())
	if end := callerOf(c.r).expires; !end.IsZero() {
		timed, stop := context.WithTimeout(ctx, end.Sub(c.now()))
		whole := cancel
		ctx, cancel = timed, func() { stop(); whole() }
	}
	//contacts:owner the caller, by cancel
	go func() {
		select {
		case <-c.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// stream is one stream of events. It holds no event but those of its page, and
// nobody waits for it.
type stream struct {
	*call
	ctx   context.Context
	out   *parts
	after contacts.Token
	buf   bytes.Buffer
}

// run sends events until the end.
func (s *stream) run(list []contacts.Event) {
	s.buf.WriteString("retry: 2000\nid: " + eventID(s.after) + "\n\n") // no event, but the id counts from now on
	for {
		for i := range list {
			if err := s.put(&list[i]); err != nil {
				s.end(err)
				return
			}
			if s.buf.Len() >= exportPart && s.send() != nil {
				return
			}
		}
		if s.send() != nil {
			return
		}
		var err error
		if list, err = s.next(); err != nil {
			s.end(err)
			return
		}
	}
}

// send sends what was put; an error says that the caller went away.
func (s *stream) send() error {
	if s.buf.Len() == 0 {
		return nil
	}
	_, err := s.out.Write(s.buf.Bytes())
	s.buf.Reset()
	return err
}

// next waits for events, and returns none when it is time for a heartbeat.
func (s *stream) next() ([]contacts.Event, error) {
	list, err := s.book.Events(s.ctx, s.after, eventsAtOnce)
	if err != nil || len(list) > 0 {
		return list, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.heartbeat)
	defer cancel()
	err = contacts.Wait(ctx, s.store, s.book.Scope(), s.after.Revision)
	if err == nil {
		return s.book.Events(s.ctx, s.after, eventsAtOnce)
	}
	if s.ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		s.buf.WriteString(":\n\n")
		return nil, nil
	}
	return nil, err
}

// end tells the caller, where its events are gone, and nothing else.
func (s *stream) end(err error) {
	var refusal *Error
	if !errors.As(gone(err), &refusal) {
		_ = s.send()
		if s.ctx.Err() == nil && !errors.Is(err, contacts.ErrClosed) {
			s.report(s.r, err)
		}
		return
	}
	data, err := json.Marshal(struct {
		Errors []Problem `json:"errors"`
	}{s.explain(s.r, refusal).Problems})
	if err != nil {
		return
	}
	s.buf.WriteString("event: gone\ndata: ")
	s.buf.Write(data)
	s.buf.WriteString("\n\n") // without an id: who comes again as before is answered by 410
	_ = s.send()
}

// gone returns the refusal that says where to begin anew, where err is that
// events are gone.
func gone(err error) error {
	var trimmed *contacts.TrimmedError
	if !errors.As(err, &trimmed) {
		return err
	}
	return &Error{Problems: []Problem{{Reason: ReasonGone, Msg: plain(trimmed), Restart: eventID(trimmed.Restart)}}}
}

// put appends an event to the buffer.
func (s *stream) put(e *contacts.Event) error {
	kind, err := s.kind(e)
	if err != nil {
		return err
	}
	s.after = e.Token()
	s.buf.WriteString("id: " + eventID(s.after) + "\nevent: contact\ndata: ")
	b := s.buf.AvailableBuffer()
	b = append(b, `{"id":"`+e.ID+`","revision":`...)
	b = strconv.AppendUint(b, e.Revision, 10)
	b = append(b, `,"kind":"`+string(kind)+`","contact":`...)
	if e.Blank {
		b = append(b, "null"...)
	} else {
		b = s.shown(e.Contact).AppendJSON(b)
	}
	s.buf.Write(append(b, "}\n\n"...))
	return nil
}

// kind says what became of a contact.
func (s *stream) kind(e *contacts.Event) (EventKind, error) {
	switch {
	case e.Blank || e.Purged:
		return EventPurged, nil
	case e.Revision == e.Created:
		return EventCreated, nil
	}
	before, err := s.store.History(s.ctx, s.book.Scope(), contacts.HistoryQuery{ID: e.ID, Before: e.Revision, Reverse: true, Limit: 1})
	if err != nil {
		return "", err
	}
	was := contacts.Active // where that was trimmed
	if len(before) > 0 && !before[0].Blank {
		was = before[0].Contact.Status
	}
	switch now := e.Contact.Status; {
	case now == was:
		return EventUpdated, nil
	case now == contacts.Active:
		return EventRestored, nil
	case now == contacts.Merged:
		return EventMerged, nil
	}
	return EventDeleted, nil
}

// streams counts the streams of events of each app.
type streams struct {
	mu   sync.Mutex
	open map[string]int
}

// enter counts one more, unless there are enough.
func (s *streams) enter(app string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[app] >= maxStreams {
		return false
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.open[app]++
	return true
}

func (s *streams) leave(app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[app]--; s.open[app] == 0 {
		delete(s.open, app)
	}
}
