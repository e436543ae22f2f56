package agentassist

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

// The calls of this file are a Handler's: the hosted service does not have them.

// Get returns one contact, in any status, with its Revision.
func (c *Client) Get(ctx context.Context, id string) (contacts.Contact, error) {
	contact, _, err := c.GetTag(ctx, id)
	return contact, err
}

// GetTag is Get with the ETag of the contact, for MergeRequest.Revisions.
func (c *Client) GetTag(ctx context.Context, id string) (contacts.Contact, string, error) {
	path, err := contactPath(id)
	if err != nil {
		return contacts.Contact{}, "", err
	}
	return c.one(ctx, request{method: "GET", path: path})
}

// one makes a call that is answered by one contact and its ETag.
func (c *Client) one(ctx context.Context, r request) (contacts.Contact, string, error) {
	var out contacts.Contact
	header, err := c.do(ctx, r, &out)
	if err != nil {
		return contacts.Contact{}, "", err
	}
	tag := header.Get("ETag")
	if at, err := revisionTag(tag); err == nil {
		out.Revision = at.Revision
	}
	return out, tag, nil
}

// Lookup says who has a number, in whatever notation a phone system hands it
// over. That nobody has it is no error: see Lookup.Kind.
func (c *Client) Lookup(ctx context.Context, number string, o *LookupOptions) (Lookup, error) {
	q := url.Values{"number": {number}}
	if o != nil {
		set(q, "region", o.Region)
		setNumber(q, "limit", o.Limit)
		setNumber(q, "suffix", o.Suffix)
	}
	var out Lookup
	_, err := c.call(ctx, "GET", "/contacts/lookup", q, nil, nil, &out)
	return out, err
}

// Search returns a page of the contacts that somebody who types may mean.
func (c *Client) Search(ctx context.Context, text string, o *SearchOptions) (SearchPage, error) {
	q := url.Values{"q": {text}}
	if o != nil {
		setNumber(q, "limit", o.Limit)
		set(q, "cursor", o.Cursor)
		if o.T9 {
			q.Set("t9", "true")
		}
	}
	var out SearchPage
	_, err := c.call(ctx, "GET", "/contacts/search", q, nil, nil, &out)
	return out, err
}

// Restore makes a deleted contact active again. Where another contact has one of
// its numbers by now the error finds contacts.ErrDuplicateNumber, and its
// HolderID names that contact.
func (c *Client) Restore(ctx context.Context, id string) (contacts.Contact, error) {
	path, err := contactPath(id)
	if err != nil {
		return contacts.Contact{}, err
	}
	out, _, err := c.one(ctx, request{method: "POST", path: path + "/restore", twice: true})
	return out, err
}

// Merge makes one contact out of several, in one step, and returns it.
func (c *Client) Merge(ctx context.Context, m MergeRequest) (contacts.Contact, error) {
	body, err := encode(m)
	if err != nil {
		return contacts.Contact{}, err
	}
	out, _, err := c.one(ctx, request{method: "POST", path: "/contacts/merge", body: body, twice: true})
	return out, err
}

// Duplicates yields every number that several active contacts have, page by page.
func (c *Client) Duplicates(ctx context.Context) iter.Seq2[SharedNumber, error] {
	return func(yield func(SharedNumber, error) bool) {
		q := url.Values{}
		for {
			var page DuplicatesPage
			if _, err := c.call(ctx, "GET", "/contacts/duplicates", q, nil, nil, &page); err != nil {
				yield(SharedNumber{}, err)
				return
			}
			for _, d := range page.Results {
				if !yield(d, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("cursor", page.Next)
		}
	}
}

// The formats of an export.
const (
	FormatJSONL = "jsonl" // a contact a line, as JSON
	FormatCSV   = "csv"   // the columns of an import
)

// Export returns all active contacts, in order of creation, as a stream that the
// caller reads to its end and closes. A stream that the server cuts, as it
// cannot go on, ends with an error, not with io.EOF: what was read until then is
// a part.
func (c *Client) Export(ctx context.Context, format string) (io.ReadCloser, error) {
	resp, err := c.open(ctx, "/contacts/export", url.Values{"format": {format}}, http.Header{"Accept": {"*/*"}})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// EventToken returns the present end of the feed. To have all contacts and then
// every change: take the token, read All, then Events from the token.
func (c *Client) EventToken(ctx context.Context) (string, error) {
	_, header, err := c.list(ctx, 0, 1)
	if err != nil {
		return "", err
	}
	tag := header.Get("ETag")
	if tag == "" { // nothing was written yet
		return eventID(contacts.Token{}), nil
	}
	at, err := revisionTag(tag)
	if err != nil {
		return "", errors.New("agentassist: the list has no ETag that is a token: is that a Handler?")
	}
	return eventID(at), nil
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setNumber(q url.Values, name string, n int) {
	if n != 0 {
		q.Set(name, strconv.Itoa(n))
	}
}

// Events yields every event after a token, once and in order, and then those that
// come; "" means those that come. Where the connection breaks or the server ends
// the stream it comes again, from where it was, for as long as it takes; only
// when the first connection fails, repeats included, that is an error.
//
// It ends with an error: the context's when that is done, one that
// contacts.ErrTrimmed is found in where events are gone (read All anew and go
// on from Problem.Restart), or whatever else the server refuses the call with.
// The loop may take its time.
func (c *Client) Events(ctx context.Context, after string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		begun := false
		for attempt := 0; ; attempt++ {
			if attempt > 0 && sleep(ctx, c.pauseAfter(outcome{}, attempt-1)) != nil {
				yield(Event{}, ctxError(ctx))
				return
			}
			header := http.Header{"Accept": {"text/event-stream"}}
			if after != "" {
				header.Set(HeaderLastEventID, after)
			}
			resp, err := c.open(ctx, "/contacts/events", nil, header)
			switch {
			case err != nil && ctx.Err() != nil:
				yield(Event{}, ctx.Err())
				return
			case err != nil && (!begun || final(err)):
				yield(Event{}, err)
				return
			case err != nil:
				continue
			}
			begun = true
			if !isEvents(resp.Header) {
				resp.Body.Close()
				yield(Event{}, errNotEvents)
				return
			}
			s := newEventReader(resp.Body, c.silence)
			for {
				e, err := s.next()
				if s.id != "" {
					after, attempt = s.id, 0 // the server is there
				}
				if final(err) {
					resp.Body.Close()
					yield(Event{}, err)
					return
				}
				if err != nil {
					break
				}
				if !yield(e, nil) {
					resp.Body.Close()
					return
				}
			}
			resp.Body.Close()
		}
	}
}

// ctxError is the context's error, or that its end is too near to wait for.
func ctxError(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.DeadlineExceeded
}

// final reports whether an error of a stream is one that comes again.
func final(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status < 500 && e.Status != http.StatusTooManyRequests && e.Status != http.StatusRequestTimeout ||
		errors.Is(err, errNotEvents)
}

var errNotEvents = errors.New("agentassist: the stream is not one of events: is the address right?")

// isEvents reports whether an answer is a stream of events.
func isEvents(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/event-stream")
}
