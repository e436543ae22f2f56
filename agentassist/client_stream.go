package agentassist

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// maxEvent bounds an event, in bytes: a contact with its escapes.
const maxEvent = 4 << 20

// eventReader reads a stream of server-sent events.
type eventReader struct {
	body    io.ReadCloser
	r       *bufio.Reader
	silence time.Duration // without a byte for so long the stream is dead
	timer   *time.Timer
	id      string // of the last event
}

func newEventReader(body io.ReadCloser, silence time.Duration) *eventReader {
	e := &eventReader{body: body, silence: silence}
	//contacts:owner Read stops it; it is set only within Read
	e.timer = time.AfterFunc(silence, func() { _ = body.Close() })
	e.timer.Stop()
	e.r = bufio.NewReader(e)
	return e
}

// Read reads the stream, unless it is silent for too long. Only the
// eventReader itself calls it.
func (e *eventReader) Read(p []byte) (int, error) {
	e.timer.Reset(e.silence)
	defer e.timer.Stop() // who reads the events may take any time
	return e.body.Read(p)
}

// next returns the next event of a contact. The error is an *Error where the
// server says that events are gone, and errNotEvents where it sends what it
// should not.
func (e *eventReader) next() (Event, error) {
	var kind, id string
	var data []byte
	for {
		line, err := e.line()
		if err != nil {
			return Event{}, err // what has no end is no event
		}
		if len(line) == 0 {
			if id != "" {
				e.id = id
			}
			switch {
			case kind == "contact" && data != nil:
				var event Event
				if json.Unmarshal(data, &event) != nil || id == "" {
					return Event{}, errNotEvents
				}
				event.Token = id
				return event, nil
			case kind == "gone":
				return Event{}, &Error{Status: http.StatusGone, Problems: goneProblems(data)}
			}
			kind, data = "", nil
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			kind = string(value)
		case "id":
			id = string(value)
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
			if len(data) > maxEvent {
				return Event{}, errNotEvents
			}
		}
	}
}

// line reads a line, without its end. It is valid until the next call.
func (e *eventReader) line() ([]byte, error) {
	line, err := e.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		long := bytes.Clone(line)
		for err == bufio.ErrBufferFull && len(long) <= maxEvent {
			line, err = e.r.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
		if err == bufio.ErrBufferFull {
			err = errNotEvents
		}
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func goneProblems(data []byte) []Problem {
	list := readProblems(data)
	for i := range list {
		list[i].Msg = tame(list[i].Msg)
	}
	if list == nil {
		list = []Problem{{Reason: ReasonGone}}
	}
	return list
}
