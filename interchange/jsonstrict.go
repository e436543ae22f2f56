package interchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// Bounds on JSON that encoding/json does not have.
const (
	maxDepth  = 32 // arrays and objects within one another
	maxNumber = 64 // bytes of a number
	maxValues = 10_000
)

// member is a key of an object and its value, as they stand in the text.
type member struct {
	key        string
	begin, end int // of key and value together
	value      []byte
}

// readObject takes an object apart, strictly: beyond what encoding/json
// refuses these are refused: text that is not UTF-8, escapes of half a surrogate
// pair, a key twice in one object, more than maxDepth arrays and objects
// within one another, numbers of more than maxNumber bytes, and more than
// maxValues values: many tiny ones take much memory. It returns nil and what is
// wrong, or the members.
func readObject(data []byte) ([]member, *Problem) {
	if !utf8.Valid(data) {
		return nil, &Problem{Reason: contacts.ReasonCharacter, Detail: "is not valid UTF-8: save the file as UTF-8"}
	}
	if !json.Valid(data) {
		return nil, &Problem{Reason: ReasonMalformed, Detail: notJSON(data)}
	}
	w := jsonWalk{data: data}
	w.space()
	if data[w.pos] != '{' {
		return nil, &Problem{Reason: ReasonMalformed, Detail: "is no JSON object: a contact stands in { }"}
	}
	var list []member
	if w.object(&list); w.wrong != nil {
		return nil, w.wrong
	}
	return list, nil
}

func notJSON(data []byte) string {
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && int(syntax.Offset) < len(data) {
		return fmt.Sprintf("is not JSON at byte %d (%s): write each contact as one JSON object on a line of its own", max(1, syntax.Offset), syntax)
	}
	return "is not JSON, it ends too early: write each contact as one JSON object on a line of its own"
}

// jsonWalk goes through a text that is valid JSON.
type jsonWalk struct {
	data  []byte
	pos   int
	path  []string // of what is walked
	count int      // of values
	wrong *Problem // the first
}

func (w *jsonWalk) fail(reason contacts.Reason, detail string) {
	if w.wrong == nil {
		w.wrong = &Problem{Field: clip(strings.TrimPrefix(strings.Join(w.path, ""), ".")), Reason: reason, Detail: detail}
	}
}

func (w *jsonWalk) space() {
	for w.pos < len(w.data) {
		switch w.data[w.pos] {
		case ' ', '\t', '\r', '\n':
			w.pos++
		default:
			return
		}
	}
}

// value passes over a value.
func (w *jsonWalk) value() {
	if w.count++; w.count > maxValues {
		w.fail(ReasonTooLarge, fmt.Sprintf("has more than %d values", maxValues))
		w.pos = len(w.data)
		return
	}
	switch w.data[w.pos] {
	case '{':
		w.object(nil)
	case '[':
		w.array()
	case '"':
		w.text()
	default:
		begin := w.pos
		for w.pos < len(w.data) && strings.IndexByte(",]} \t\r\n", w.data[w.pos]) < 0 {
			w.pos++
		}
		if w.pos-begin > maxNumber {
			w.fail(ReasonTooLarge, fmt.Sprintf("has a number of %d characters, at most %d are allowed", w.pos-begin, maxNumber))
		}
	}
}

// deeper reports whether one more array or object may begin.
func (w *jsonWalk) deeper() bool {
	if len(w.path) >= maxDepth {
		w.fail(ReasonTooLarge, fmt.Sprintf("has more than %d arrays and objects within one another", maxDepth))
		w.pos = len(w.data)
		return false
	}
	return true
}

func (w *jsonWalk) object(members *[]member) {
	if !w.deeper() {
		return
	}
	w.path = append(w.path, "")
	last := len(w.path) - 1
	seen := map[string]bool{}
	w.pos++ // {
	for w.space(); w.pos < len(w.data) && w.data[w.pos] != '}'; w.space() {
		if w.data[w.pos] == ',' {
			w.pos++
			continue
		}
		begin := w.pos
		key := w.text()
		w.path[last] = "." + key
		if seen[key] {
			w.fail(contacts.ReasonRepeated, "is there twice in the same object: leave one")
		}
		seen[key] = true
		w.space()
		w.pos++ // :
		w.space()
		from := w.pos
		w.value()
		if end := min(w.pos, len(w.data)); members != nil {
			*members = append(*members, member{key, begin, end, w.data[from:end]})
		}
	}
	w.pos++ // }
	w.path = w.path[:last]
}

func (w *jsonWalk) array() {
	if !w.deeper() {
		return
	}
	w.path = append(w.path, "")
	last, n := len(w.path)-1, 0
	w.pos++ // [
	for w.space(); w.pos < len(w.data) && w.data[w.pos] != ']'; w.space() {
		if w.data[w.pos] == ',' {
			w.pos++
			continue
		}
		w.path[last] = "[]"
		if n < contacts.MaxItems { // more make no contact
			w.path[last] = "[" + strconv.Itoa(n) + "]"
		}
		w.value()
		n++
	}
	w.pos++ // ]
	w.path = w.path[:last]
}

// text passes over a string and returns what it says.
func (w *jsonWalk) text() string {
	begin, escaped := w.pos, false
	for w.pos++; w.data[w.pos] != '"'; w.pos++ {
		if w.data[w.pos] != '\\' {
			continue
		}
		escaped = true
		switch half := w.escape(w.pos); {
		case half < 0xD800 || half > 0xDFFF:
			w.pos++ // past what is escaped; the digits have no backslash
		case half < 0xDC00 && w.escape(w.pos+6)&^0x3FF == 0xDC00:
			w.pos += 11
		default:
			w.fail(contacts.ReasonCharacter, "has an escape that is one half of a surrogate pair: write both, or the character itself")
			w.pos++
		}
	}
	w.pos++
	if !escaped {
		return string(w.data[begin+1 : w.pos-1])
	}
	var s string
	_ = json.Unmarshal(w.data[begin:w.pos], &s) // it is valid
	return s
}

// escape returns the number of an escape \uXXXX at a place, or -1.
func (w *jsonWalk) escape(at int) int {
	if len(w.data) < at+6 || w.data[at] != '\\' || w.data[at+1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(w.data[at+2:at+6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// clip shortens a text to 100 bytes, which keep no more of it in memory.
func clip(s string) string {
	if len(s) > 100 {
		s = strings.Clone(strings.ToValidUTF8(s[:100], ""))
	}
	return s
}
