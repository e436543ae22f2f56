package agentassist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// noSilence is longer than any test.
const noSilence = time.Hour

// watcher follows the events of a server over one connection after another.
type watcher struct {
	*live
	id   string
	seen []Event
}

// follow reads at most n events and drops the connection. It reports false when
// it has seen the end.
func (w *watcher) follow(ctx context.Context, n int, asParameter bool) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	path, header := "/contacts/events", []string{HeaderLastEventID, w.id}
	if asParameter {
		path, header = path+"?after="+w.id, nil
	}
	resp, err := http.DefaultClient.Do(w.request(ctx, "GET", path, "", header...))
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s", resp.Status)
	}
	r := newEventReader(resp.Body, noSilence)
	for range n {
		e, err := r.next()
		if err != nil {
			return false, err
		}
		w.id, w.seen = e.Token, append(w.seen, e)
		if e.Contact != nil && e.Contact.FirstName == "the end" {
			return false, nil
		}
	}
	return true, nil
}

// Twenty watchers drop their connections at random while writers write, and each
// sees every event once, in order, whatever contact it is about.
func TestEventsAcrossDrops(t *testing.T) {
	l := newLive(t, nil, Options{})
	first := l.add(t, numbered("first", 0))[0]
	start, err := l.book.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const watchers, writers, calls = 20, 4, 100
	var writing, watching sync.WaitGroup
	for n := range writers {
		writing.Go(func() {
			var ids []string
			for i := range calls {
				var err error
				var c contacts.Contact
				switch {
				case i%10 == 3:
					_, err = l.book.Delete(t.Context(), ids[0])
				case i%10 == 4:
					_, err = l.book.Undelete(t.Context(), ids[0])
				case i%10 == 6:
					_, err = l.book.Edit(t.Context(), ids[1], func(c *contacts.Contact) error { c.LastName = fmt.Sprint("Doe", i); return nil })
				case i%10 == 8:
					_, err = l.book.Merge(t.Context(), ids[0], ids[1:2], nil)
				case i%10 == 9:
					err = l.book.Purge(t.Context(), ids[0])
					ids = nil
				default:
					c, err = l.book.Create(t.Context(), numbered("N", 1+n*calls+i))
					ids = append(ids, c.ID)
				}
				if err != nil {
					t.Errorf("writer %d, call %d: %v", n, i, err)
					return
				}
			}
		})
	}
	all := make([]*watcher, watchers)
	for n := range all {
		w := &watcher{live: l, id: start.String()}
		all[n] = w
		watching.Go(func() {
			chance := rand.New(rand.NewPCG(1, uint64(n)))
			for more := true; more; {
				var err error
				if more, err = w.follow(t.Context(), 1+chance.IntN(60), chance.IntN(2) == 0); err != nil {
					t.Errorf("watcher %d after %d events: %v", n, len(w.seen), err)
					return
				}
			}
		})
	}
	writing.Wait()
	last := l.add(t, numbered("the end", writers*calls+1))[0]
	watching.Wait()

	want := map[string]string{first.ID: "ACTIVE"} // first was there before the start
	for c, err := range l.book.All(t.Context(), &contacts.ListOptions{Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}}) {
		if err != nil {
			t.Fatal(err)
		}
		want[c.ID] = string(c.Status) + " " + c.FullName
	}
	delete(want, first.ID)
	for n, w := range all {
		have := map[string]string{}
		kinds := map[EventKind]int{}
		for i, e := range w.seen {
			if e.Revision != start.Revision+1+uint64(i) {
				t.Fatalf("watcher %d: event %d has revision %d, want %d", n, i, e.Revision, start.Revision+1+uint64(i))
			}
			kinds[e.Kind]++
			if (e.Kind == EventPurged) != (e.Contact == nil) {
				t.Errorf("watcher %d: %s with contact %v", n, e.Kind, e.Contact)
			}
			if e.Contact == nil {
				delete(have, e.ID)
			} else if have[e.ID] = string(e.Contact.Status) + " " + e.Contact.FullName; e.Contact.AccountID != liveAccount || e.Contact.ID != e.ID {
				t.Errorf("watcher %d: %+v", n, e.Contact)
			}
		}
		if got := w.seen[len(w.seen)-1]; got.ID != last.ID || got.Revision != last.Revision {
			t.Errorf("watcher %d ends with %s at %d, want %s at %d", n, got.ID, got.Revision, last.ID, last.Revision)
		}
		if !maps.Equal(have, want) {
			t.Errorf("watcher %d knows %d contacts, there are %d", n, len(have), len(want))
		}
		if kinds[EventCreated] == 0 || kinds[EventPurged] == 0 {
			t.Errorf("watcher %d: kinds %v", n, kinds)
		}
	}
}

// Each kind of event.
func TestEventKinds(t *testing.T) {
	l := newLive(t, nil, Options{Extended: true})
	list := l.add(t, numbered("A", 1), numbered("B", 2))
	a, b := list[0].ID, list[1].ID
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(l.book.Edit(t.Context(), a, func(c *contacts.Contact) error { c.FirstName = "Anna"; return nil }))
	do(l.book.Delete(t.Context(), a))
	do(l.book.Edit(t.Context(), a, func(c *contacts.Contact) error { c.FirstName = "Ann"; return nil }))
	do(l.book.Undelete(t.Context(), a))
	do(l.book.Merge(t.Context(), a, []string{b}, nil))
	do(l.book.Unmerge(t.Context(), a))
	want := []string{a + " created", b + " created", a + " updated", a + " deleted", a + " updated", a + " restored",
		b + " merged", a + " updated"}
	resp := l.get(t.Context(), t, "/contacts/events?after=.0")
	defer resp.Body.Close()
	r := newEventReader(resp.Body, noSilence)
	var got []string
	for range len(want) + 2 {
		e, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.ID+" "+string(e.Kind))
		if e.Kind == EventMerged && (e.Contact.Status != contacts.Merged || e.Contact.MergedInto != a) {
			t.Errorf("merged: %+v", e.Contact)
		}
	}
	if unmerged := got[len(want):]; !slices.Contains(unmerged, b+" restored") || !slices.Contains(unmerged, a+" updated") {
		t.Errorf("unmerged: %v", unmerged)
	}
	if got = got[:len(want)]; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Of a purged contact nothing is told but its id, whenever it was purged.
func TestEventsOfThePurged(t *testing.T) {
	l := newLive(t, nil, Options{Extended: true})
	c := numbered("Secretive", 7)
	c.Notes = "whisper"
	id := l.add(t, c)[0].ID
	if err := l.book.Purge(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	resp := l.get(t.Context(), t, "/contacts/events?after=.0")
	defer resp.Body.Close()
	var raw bytes.Buffer
	r := newEventReader(struct {
		io.Reader
		io.Closer
	}{io.TeeReader(resp.Body, &raw), resp.Body}, noSilence)
	for i := range 2 {
		e, err := r.next()
		if err != nil || e.ID != id || e.Kind != EventPurged || e.Contact != nil || e.Revision != uint64(i+1) {
			t.Errorf("event %d: %+v, %v", i, e, err)
		}
	}
	for _, secret := range []string{"Secretive", "whisper", "98000000"} {
		if strings.Contains(raw.String(), secret) {
			t.Errorf("the stream has %q:\n%s", secret, raw.String())
		}
	}
}

// A watcher that has seen nothing of an empty book goes on at its beginning.
func TestEventsOfAnEmptyBook(t *testing.T) {
	l := newLive(t, nil, Options{})
	l.heartbeat = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	resp := l.get(ctx, t, "/contacts/events")
	var text []byte
	for !bytes.Contains(text, []byte("\n\n:\n\n")) { // until a heartbeat
		part := make([]byte, 100)
		n, err := resp.Body.Read(part)
		if text = append(text, part[:n]...); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	resp.Body.Close()
	if want := "retry: 2000\nid: .0\n\n"; !bytes.HasPrefix(text, []byte(want)) {
		t.Fatalf("the stream begins %q, want %q", text, want)
	}
	id := l.add(t, numbered("A", 1))[0].ID
	w := watcher{live: l, id: ".0"}
	if _, err := w.follow(t.Context(), 1, false); err != nil || w.seen[0].ID != id {
		t.Errorf("%+v, %v", w.seen, err)
	}
}

// bigContact is a contact whose events fill the buffers of a connection soon.
func bigContact(n int) contacts.Contact {
	c := numbered("Big", n)
	c.Notes = strings.Repeat("x", contacts.MaxNotes)
	return c
}

// stalled opens a stream from the beginning, reads nothing, and writes more than
// a connection holds. That the writes return is the test that nobody waits.
func stalled(t *testing.T, l *live) *http.Response {
	t.Helper()
	resp := l.get(t.Context(), t, "/contacts/events?after=.0")
	for i := range 10 {
		list := make([]contacts.Contact, 100)
		for j := range list {
			list[j] = bigContact(i*100 + j)
		}
		l.add(t, list...)
	}
	return resp
}

func TestStalledWatcher(t *testing.T) {
	l := newLive(t, nil, Options{Extended: true})
	resp := stalled(t, l)
	defer resp.Body.Close()
	r := newEventReader(resp.Body, noSilence)
	for i := range 1000 {
		if e, err := r.next(); err != nil || e.Revision != uint64(i+1) {
			t.Fatalf("event %d: revision %d, %v", i, e.Revision, err)
		}
	}
}

// Who does not read for WriteTimeout is let go, and comes again without loss.
func TestWatcherThatIsLetGo(t *testing.T) {
	l := newLive(t, nil, Options{Extended: true, WriteTimeout: 50 * time.Millisecond})
	resp := stalled(t, l)
	for len(l.openStreams()) > 0 {
		time.Sleep(time.Millisecond)
	}
	r := newEventReader(resp.Body, noSilence)
	w := &watcher{live: l, id: ".0"}
	for {
		e, err := r.next()
		if err != nil {
			break
		}
		w.id, w.seen = e.Token, append(w.seen, e)
	}
	resp.Body.Close()
	if len(w.seen) >= 1000 {
		t.Fatalf("%d events came: the stream was not ended", len(w.seen))
	}
	for len(w.seen) < 1000 { // it may be let go again
		before := len(w.seen)
		if _, err := w.follow(t.Context(), 1000-before, false); err != nil && len(w.seen) == before {
			t.Fatalf("after %d events: %v", before, err)
		}
	}
	for i, e := range w.seen {
		if e.Revision != uint64(i+1) {
			t.Fatalf("event %d has revision %d", i, e.Revision)
		}
	}
}

func (h *Handler) openStreams() map[string]int {
	h.streams.mu.Lock()
	defer h.streams.mu.Unlock()
	return maps.Clone(h.streams.open)
}

// Whatever comes as the id of an event is one, in the one form that it has, or
// is refused.
func FuzzEventID(f *testing.F) {
	for _, s := range []string{"", ".0", "a.1", "a.01", "a.+1", "a.-1", "a.18446744073709551616", "a.1.2", "\x00.1", "é.1", strings.Repeat("a", 65) + ".1", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token, err := parseEventID("after", s)
		var refused *Error
		switch {
		case err == nil && eventID(token) != s:
			t.Errorf("%q is %q", s, eventID(token))
		case err != nil && (!errors.As(err, &refused) || refused.Problems[0].Reason != ReasonParameter):
			t.Errorf("%q: %v", s, err)
		case err != nil && s != "" && strings.Contains(refused.Problems[0].Msg, s) && len(s) > 8:
			t.Errorf("the refusal of %q shows it", s)
		}
	})
}

// A stream of whatever bytes is read to its end, and what is read is what its
// lines say.
func FuzzEventReader(f *testing.F) {
	f.Add([]byte("id: a.1\nevent: contact\ndata: {\"id\":\"x\",\"revision\":1,\"kind\":\"purged\",\"contact\":null}\n\n"))
	f.Add([]byte(":\n\nevent: gone\ndata: {\"errors\":[{\"msg\":\"m\",\"restart\":\"a.2\"}]}\n\n"))
	f.Add([]byte("id:a.1\r\nevent:contact\r\ndata:{\r\ndata:}\r\n\r\n"))
	f.Add([]byte("data\n\ndata: x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newEventReader(io.NopCloser(bytes.NewReader(data)), noSilence)
		for range len(data) + 1 {
			e, err := r.next()
			if err != nil {
				return
			}
			if e.Token == "" || !bytes.Contains(data, []byte(e.Token)) {
				t.Fatalf("event with token %q", e.Token)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Fatal(err)
			}
		}
		t.Fatal("the stream does not end")
	})
}
