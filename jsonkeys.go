package contacts

import (
	"encoding/json"
	"unicode/utf8"
)

// objectKeys is json.Unmarshal into a map of raw values, in less time. The values
// are parts of data.
func objectKeys(data []byte) (map[string]json.RawMessage, error) {
	i := skipSpace(data, 0)
	if i == len(data) || data[i] != '{' || !json.Valid(data) {
		var keys map[string]json.RawMessage
		err := json.Unmarshal(data, &keys) // which says what is wrong
		return keys, err
	}
	keys := make(map[string]json.RawMessage, min(24, len(data)/24))
	for i = skipSpace(data, i+1); data[i] != '}'; i = skipSpace(data, i) {
		if data[i] == ',' {
			i++
			continue
		}
		end := stringEnd(data, i)
		var key string
		if err := unquote(data[i:end], &key); err != nil {
			return nil, err
		}
		i = skipSpace(data, skipSpace(data, end)+1) // past the colon
		end = valueEnd(data, i)
		keys[key] = data[i:end:end]
		i = end
	}
	return keys, nil
}

// skipSpace returns where white space at a place of valid JSON ends.
func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n') {
		i++
	}
	return i
}

// stringEnd returns where the string at a place of valid JSON ends.
func stringEnd(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd returns where the value at a place of valid JSON ends.
func valueEnd(data []byte, i int) int {
	for depth := 0; ; {
		switch data[i] {
		case '"':
			i = stringEnd(data, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		default:
			i++
			if i < len(data) && depth == 0 && !endsValue(data[i]) {
				continue // a number, true, false or null
			}
		}
		if depth == 0 {
			return i
		}
	}
}

func endsValue(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// unquote is json.Unmarshal for a string. Most have no escapes.
func unquote(raw []byte, to *string) error {
	n := len(raw) - 1
	if n < 1 || raw[0] != '"' || raw[n] != '"' {
		return json.Unmarshal(raw, to)
	}
	for _, c := range raw[1:n] {
		if c < ' ' || c == '\\' || c == '"' || c >= utf8.RuneSelf {
			return json.Unmarshal(raw, to)
		}
	}
	*to = string(raw[1:n])
	return nil
}
