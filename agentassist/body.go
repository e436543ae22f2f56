package agentassist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"unicode/utf8"
)

// Bounds on JSON that encoding/json does not have.
const (
	maxDepth  = 32      // arrays and objects within one another
	maxNumber = 64      // bytes of a number
	minValues = 1 << 20 // values of any kind that a body may always have, see Options.maxValues
	rowValues = 64      // values for each row that a call may have
)

// maxValues bounds the values of a body: a million tiny ones take many times the
// memory that their text takes.
func (o *Options) maxValues() int { return max(minValues, rowValues*o.MaxRows) }

// readJSON reads the body, bounded and strict, into v. Beyond what
// encoding/json refuses these are refused: no body, invalid UTF-8, escapes of
// half a surrogate pair, a key twice in one object, more than maxDepth arrays
// and objects within one another, numbers of more than maxNumber bytes, and more
// than maxValues values. A byte order mark in front is passed over. In Strict the media type has to be
// application/json.
func (c *call) readJSON(v any) error {
	data, err := c.readBody()
	if err != nil {
		return err
	}
	if _, err := checkJSON(data, c.opt.maxValues()); err != nil {
		return err
	}
	return decodeJSON(data, v)
}

// readRows reads the body of a call about many: an array of at least one and at
// most MaxRows objects.
func (c *call) readRows() ([]json.RawMessage, error) {
	data, err := c.readBody()
	if err != nil {
		return nil, err
	}
	n, err := checkJSON(data, c.opt.maxValues())
	if err != nil {
		return nil, err
	}
	if kind(data) != '[' {
		return nil, problem(ReasonNotArray, "", "")
	}
	if err := c.checkRows(n); err != nil {
		return nil, err
	}
	var rows []json.RawMessage
	if err := decodeJSON(data, &rows); err != nil {
		return nil, err
	}
	var wrong Error
	for i, row := range rows {
		if kind(row) != '{' {
			wrong.Problems = append(wrong.Problems, notObject(i))
		}
	}
	if wrong.Problems != nil {
		return nil, &wrong
	}
	return rows, nil
}

func notObject(i int) Problem {
	return Problem{Msg: "an item must be an object", Reason: reasonType, Index: &i}
}

// checkRows judges the number of items of a call.
func (c *call) checkRows(n int) error {
	switch {
	case n == 0:
		return problem(ReasonNoRows, "", "")
	case n > c.opt.MaxRows:
		return problem(ReasonTooLarge, "", fmt.Sprintf("there are more than %d items: send them in parts", c.opt.MaxRows))
	}
	return nil
}

// kind returns the first byte of a JSON value.
func kind(data []byte) byte {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return 0
	}
	return data[0]
}

// body returns the body, bounded by MaxBody; what says that it is longer is
// refused unread.
func (c *call) body() (io.Reader, error) {
	if e := c.r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, problem(ReasonMediaType, "Content-Encoding", "the body is encoded: send it as it is")
	}
	if c.r.ContentLength > c.opt.MaxBody {
		c.w.Header().Set("Connection", "close")
		return nil, &http.MaxBytesError{Limit: c.opt.MaxBody}
	}
	return http.MaxBytesReader(c.w, c.r.Body, c.opt.MaxBody), nil
}

// readBody reads a body that is JSON, without a byte order mark.
func (c *call) readBody() ([]byte, error) {
	if c.opt.Strict {
		if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
			return nil, problem(ReasonMediaType, "Content-Type", "the body must be application/json")
		}
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, bodyError(err)
	}
	if len(data) > largeBody {
		if err := c.enter(); err != nil {
			return nil, err
		}
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// Calls with bodies of more than largeBody bytes take many times the memory of
// the body while they are carried out: largeAtOnce of them for each app are, and
// others wait, with their bodies read.
const (
	largeBody   = 64 << 10
	largeAtOnce = 4
)

// enter waits for a place among the large calls of the app.
func (c *call) enter() error {
	places := c.Handler.large[c.app.ID]
	select {
	case places <- struct{}{}:
		c.large = places
		return nil
	case <-c.ctx().Done():
		return c.ctx().Err()
	}
}

// leave gives the place back, where the call has one.
func (c *call) leave() {
	if c.large != nil {
		<-c.large
	}
}

// bodyError tells a body that broke off from errors that have a kind.
func bodyError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return problem(ReasonMalformed, "", "the body ended early: send as many bytes as Content-Length says")
	}
	return err
}

// malformed is what is wrong with a body at a byte of it, counted from 0.
func malformed(at int64, what string) error {
	return problem(ReasonMalformed, "", "the body is refused at byte "+strconv.FormatInt(at, 10)+": "+what)
}

// checkJSON judges a body of at most so many values, and returns the number of
// items if it is an array.
func checkJSON(data []byte, most int) (items int, err error) {
	if len(bytes.TrimLeft(data, " \t\r\n")) == 0 {
		return 0, problem(ReasonMalformed, "", "the body is empty: send JSON")
	}
	if at := invalidUTF8(data); at >= 0 {
		return 0, malformed(int64(at), "it is not valid UTF-8: send the text as UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return 0, syntax(err)
	}
	if at := loneSurrogate(data); at >= 0 {
		return 0, malformed(int64(at), "an escape is one half of a surrogate pair: send both, or the character itself")
	}
	return checkTokens(data, most)
}

// syntax returns an error of encoding/json about a body that is not JSON.
func syntax(err error) error {
	var s *json.SyntaxError
	if errors.As(err, &s) {
		return malformed(max(0, s.Offset-1), "it is not JSON: "+s.Error())
	}
	return problem(ReasonMalformed, "", "the body is not JSON")
}

// checkTokens judges depth, keys, numbers and how many values there are of what
// is valid JSON.
func checkTokens(data []byte, most int) (items int, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	type level struct {
		keys map[string]bool // of an object; nil in an array
		key  bool            // a key comes next
	}
	var levels []level
	for {
		at := dec.InputOffset()
		at += int64(len(data[at:]) - len(bytes.TrimLeft(data[at:], " \t\r\n,:"))) // where the token begins
		token, err := dec.Token()
		if err == io.EOF {
			return items, nil
		}
		if err != nil {
			return 0, syntax(err)
		}
		depth := len(levels)
		if depth == 1 && levels[0].keys == nil && token != json.Delim(']') {
			items++
		}
		if depth > 0 && levels[depth-1].key {
			if key, ok := token.(string); ok {
				top := &levels[depth-1]
				if top.keys[key] {
					return 0, malformed(at, "a key of the object is there twice: send it once")
				}
				top.keys[key], top.key = true, false
				continue
			}
		}
		if token != json.Delim(']') && token != json.Delim('}') {
			if most--; most < 0 {
				return 0, problem(ReasonTooLarge, "", "the body has too many values: send it in parts")
			}
		}
		switch token := token.(type) {
		case json.Number:
			if len(token) > maxNumber {
				return 0, malformed(at, fmt.Sprintf("a number has %d characters, at most %d are allowed: send it as a string", len(token), maxNumber))
			}
		case json.Delim:
			switch token {
			case '{', '[':
				if depth == maxDepth {
					return 0, malformed(at, fmt.Sprintf("more than %d arrays and objects are within one another: send it flatter", maxDepth))
				}
				if token == '{' {
					levels = append(levels, level{map[string]bool{}, true})
				} else {
					levels = append(levels, level{})
				}
				continue
			default:
				levels = levels[:depth-1]
			}
		}
		if n := len(levels); n > 0 && levels[n-1].keys != nil {
			levels[n-1].key = true
		}
	}
}

// decodeJSON puts a body that checkJSON let pass into v.
func decodeJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := wrong.Field
		msg := "the body must not be " + article(wrong.Value)
		if field != "" {
			msg = field + " must not be " + article(wrong.Value)
		}
		return problem(reasonType, field, msg)
	}
	return err
}

// article names a kind of JSON value as encoding/json does.
func article(value string) string {
	switch value {
	case "array", "object":
		return "an " + value
	case "bool":
		return "true or false"
	}
	return "a " + value
}

// invalidUTF8 returns where data is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// loneSurrogate returns where an escape in valid JSON is one half of a surrogate
// pair without the other, or -1.
func loneSurrogate(data []byte) int {
	for i := 0; ; i++ {
		next := bytes.IndexByte(data[i:], '\\')
		if next < 0 {
			return -1
		}
		i += next
		switch half := escaped(data[i:]); {
		case half < 0xD800 || half > 0xDFFF:
			i++ // past what is escaped; the digits have no backslash
		case half < 0xDC00 && escaped(data[i+6:])&^0x3FF == 0xDC00:
			i += 11
		default:
			return i
		}
	}
}

// escaped returns the number of an escape \uXXXX that data begins with, or -1.
func escaped(data []byte) int {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
