package agentassist

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// readError makes an *Error of an answer that is no success.
func readError(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode, RequestID: resp.Header.Get(HeaderRequestID)}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		e.RetryAfter = retryAfter(resp.Header, time.Now())
	}
	if len(e.RequestID) > 128 || strings.ContainsFunc(e.RequestID, unicode.IsControl) {
		e.RequestID = ""
	}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // the status counts, whatever comes
	e.Problems = readProblems(data)
	if e.Status/100 == 3 && len(e.Problems) == 0 {
		e.Problems = []Problem{{Msg: "the server names another address, which is not followed: check BaseURL"}}
	}
	for i := range e.Problems {
		p := &e.Problems[i]
		p.Msg = tame(p.Msg)
		if p.Reason == "" {
			p.Reason = reasonOf(e.Status, p.Msg)
		}
	}
	return e
}

// readProblems reads the body of an error: of the API's form, or whatever else it
// may be. It returns none where it tells nothing.
func readProblems(data []byte) []Problem {
	var body struct {
		Errors  json.RawMessage
		Error   json.RawMessage
		Message json.RawMessage
		Msg     json.RawMessage
	}
	if json.Unmarshal(data, &body) != nil {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(body.Errors, &list) != nil {
		list = nil
		for _, raw := range []json.RawMessage{body.Errors, body.Error} {
			if _, ok := readProblem(raw); ok {
				list = append(list, raw)
			}
		}
		if list == nil && (body.Message != nil || body.Msg != nil) {
			list = []json.RawMessage{data}
		}
	}
	var out []Problem
	for _, raw := range list[:min(len(list), maxProblems)] {
		if p, ok := readProblem(raw); ok {
			out = append(out, p)
		}
	}
	return out
}

// readProblem reads one problem: an object, or a text.
func readProblem(raw json.RawMessage) (Problem, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return Problem{Msg: text}, text != ""
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(raw, &keys) != nil {
		return Problem{}, false
	}
	var p Problem
	for _, k := range []string{"msg", "message", "error", "description"} {
		if p.Msg == "" {
			json.Unmarshal(keys[k], &p.Msg) // of another type it tells nothing
		}
	}
	p.Code = looseNumber(keys["code"])
	json.Unmarshal(keys["reason"], &p.Reason)
	json.Unmarshal(keys["field"], &p.Field)
	json.Unmarshal(keys["holderId"], &p.HolderID)
	json.Unmarshal(keys["restart"], &p.Restart)
	p.Index, p.Earlier = looseIndex(keys["index"]), looseIndex(keys["earlier"])
	return p, p.Msg != "" || p.Code != 0 || p.Reason != ""
}

// looseNumber reads a number that may stand in quotes.
func looseNumber(raw json.RawMessage) int {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil {
		return 0
	}
	return n
}

func looseIndex(raw json.RawMessage) *int {
	var n *int
	if json.Unmarshal(raw, &n) != nil || n == nil || *n < 0 {
		return nil
	}
	return n
}

// reasonOf is the reason of a problem that has none: what the status alone says.
func reasonOf(status int, msg string) Reason {
	switch status {
	case http.StatusUnauthorized:
		for _, r := range []Reason{ReasonCredentials, ReasonScope} {
			if strings.EqualFold(msg, kinds[r].msg) {
				return r
			}
		}
		return ReasonToken
	case http.StatusTooManyRequests:
		return ReasonRate
	case http.StatusRequestEntityTooLarge:
		return ReasonTooLarge
	case http.StatusMethodNotAllowed:
		return ReasonMethod
	case http.StatusUnsupportedMediaType:
		return ReasonMediaType
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return "" // not that nothing was done
	}
	return ""
}

// tame makes a message that came from a server fit for an error's text: short,
// without control characters, e-mail addresses, tokens and whole numbers.
func tame(msg string) string {
	const most = 300
	if len(msg) > most {
		msg = msg[:most]
	}
	words := strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(msg, "")))
	for i, w := range words {
		if strings.Contains(w, "@") || len(w) > 64 {
			words[i] = "…"
		}
	}
	return maskNumbers(strings.Join(words, " "))
}

// maskNumbers hides all but the last four digits of what may be a number: seven
// digits and more, with what people put between them, that are no part of a word.
func maskNumbers(s string) string {
	r := []rune(s)
	inWord := func(i int) bool {
		return i < len(r) && (unicode.IsLetter(r[i]) || unicode.IsDigit(r[i]) || r[i] == '_')
	}
	for i := 0; i < len(r); {
		end, digits := i, 0
		for j := i; j < len(r) && (unicode.IsDigit(r[j]) || digits > 0 && strings.ContainsRune(" -.()/", r[j])); j++ {
			if unicode.IsDigit(r[j]) {
				end, digits = j+1, digits+1
			}
		}
		if digits >= 7 && !inWord(end) {
			for j, hide := i, digits-4; hide > 0; j++ {
				if unicode.IsDigit(r[j]) {
					r[j], hide = '*', hide-1
				}
			}
		}
		for i = end; inWord(i); i++ {
		}
		if i < len(r) && i == end {
			i++
		}
	}
	return string(r)
}
