package agentassist

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

func TestCheckJSON(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	keys := func(n int, last string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":0,`, i)
		}
		return "{" + b.String() + last + "}"
	}
	million := keys(1_000_000, `"k0":1`)
	tests := []struct {
		name, text string
		at         int // byte that the error names, -1: no error
		items      int
	}{
		{"array", ` [ {"a":1} , 2,[3,4],"x" ] `, -1, 4},
		{"empty array", "[]", -1, 0},
		{"object", `{"a":[1,2]}`, -1, 0},
		{"text", `"a"`, -1, 0},
		{"same key in two objects", `[{"a":1},{"a":{"a":2}}]`, -1, 2},
		{"same text as key and value", `{"a":"a","b":"a"}`, -1, 0},
		{"twice", `{"a":1,"a":2}`, 7, 0},
		{"twice, escaped", `{"a":1, "\u0061":2}`, 8, 0},
		{"twice, within", `[{"x":{"b":[],"c":{},"b":1}}]`, 21, 0},
		{"twice, empty", `{"":1,"":2}`, 6, 0},
		{"twice, after an object", `{"a":{"b":1},"a":2}`, 13, 0},
		{"twice among a million", million, strings.LastIndex(million, `"k0"`), 0},
		{"case differs", `{"a":1,"A":2}`, -1, 0},
		{"as deep as allowed", deep(maxDepth), -1, 1},
		{"deeper", deep(maxDepth + 1), maxDepth, 0},
		{"objects as deep as allowed", objects(maxDepth), -1, 0},
		{"objects deeper", objects(maxDepth + 1), 5 * maxDepth, 0},
		{"a million deep", deep(1_000_000), 10_000, 0}, // where encoding/json stops
		{"wide, not deep", "[" + strings.Repeat("[],", 100) + "[]]", -1, 101},
		{"number as long as allowed", "[" + strings.Repeat("1", maxNumber) + "]", -1, 1},
		{"longer number", "[0, " + strings.Repeat("1", maxNumber+1) + "]", 4, 0},
		{"huge exponent", "[1e999999999]", -1, 1},
		{"long fraction", `{"a":-0.` + strings.Repeat("3", maxNumber) + "}", 5, 0},
		{"trailing", "[] []", 3, 0},
		{"trailing comma", "[1,]", 3, 0},
		{"not closed", "[1", 1, 0},
		{"no value", `{"a":}`, 5, 0},
		{"no comma", `[1 2]`, 3, 0},
		{"NaN", "[NaN]", 1, 0},
		{"leading zero", "[01]", 2, 0},
		{"plus", "[+1]", 1, 0},
		{"comment", "[/**/]", 1, 0},
		{"single quotes", "['a']", 1, 0},
		{"NUL", "[\x00]", 1, 0},
		{"nothing but NUL", "\x00", 0, 0},
		{"white space of Unicode", "\u00a0[]", 0, 0},
		{"control character in a string", "[\"a\nb\"]", 3, 0},
		{"invalid UTF-8", "[\"a\xffb\"]", 3, 0},
		{"overlong UTF-8", "[\"\xc0\xaf\"]", 2, 0},
		{"surrogate as UTF-8", "[\"\xed\xa0\x80\"]", 2, 0},
		{"pair", `["\ud83d\ude00\uD83D\uDE00"]`, -1, 1},
		{"high alone", `["ab\ud83d"]`, 4, 0},
		{"low alone", `["\udE00"]`, 2, 0},
		{"high, then another escape", `["\ud83d\n\ude00"]`, 2, 0},
		{"high twice", `["\ud83d\ud83d\ude00"]`, 2, 0},
		{"high, then the low as text", `["\ud83dde00"]`, 2, 0},
		{"escaped backslash before u", `["\\ud83d"]`, -1, 1},
		{"two escaped, then half", `["\\\\\udc00"]`, 6, 0},
		{"in a key", `{"\udc00":1}`, 2, 0},
		{"replacement character itself", `["\ufffd�"]`, -1, 1},
	}
	for _, test := range tests {
		items, err := checkJSON([]byte(test.text), minValues)
		if test.at < 0 {
			if err != nil || items != test.items {
				t.Errorf("%s: %d items, %v", test.name, items, err)
			}
			continue
		}
		if at, ok := offsetOf(err); !ok || at != test.at {
			t.Errorf("%s: %v, want byte %d", test.name, err, test.at)
		}
	}
	for _, empty := range []string{"", " \r\n\t", "\ufeff"} {
		f := newFixed(t, &Options{})
		if a := f.do(t, "POST", "/contacts", empty); a.StatusCode != 400 || a.problem.Reason != ReasonMalformed || !strings.Contains(a.problem.Msg, "empty") {
			t.Errorf("%q: %v", empty, a)
		}
	}
}

var offset = regexp.MustCompile(`^the body is refused at byte (\d+): [a-z].*`)

// offsetOf returns the byte that an error of checkJSON names.
func offsetOf(err error) (int, bool) {
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].Reason != ReasonMalformed {
		return 0, false
	}
	m := offset.FindStringSubmatch(e.Problems[0].Msg)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1])
	return n, true
}

// A body has at most so many values of any kind, as the smallest take many times
// the memory of their text.
func TestValuesAreBounded(t *testing.T) {
	tests := []struct {
		text   string
		values int
	}{
		{"1", 1}, {"[]", 1}, {"{}", 1}, {"[[],{},null,true,1,\"\"]", 7}, {`[{"a":[1,2],"b":{"c":"d"}}]`, 7}, {"[[[]]]", 3},
	}
	for _, test := range tests {
		if _, err := checkJSON([]byte(test.text), test.values); err != nil {
			t.Errorf("%s: %v", test.text, err)
		}
		if _, err := checkJSON([]byte(test.text), test.values-1); err == nil || problemOf(t, err).Reason != ReasonTooLarge {
			t.Errorf("%s, fewer: %v", test.text, err)
		}
	}
	f := newFixed(t, &Options{})
	for _, tiny := range []string{"1,", "{},", "[],", `"",`} {
		body := `[{"firstName":"John","address":[` + strings.Repeat(tiny, minValues) + `1]}]`
		for _, call := range []string{"POST /contacts", "PUT /contacts/x", "PUT /contacts/bulk-update", "DELETE /contacts/bulk-delete", "POST /contacts/merge"} {
			method, path, _ := strings.Cut(call, " ")
			if a := f.do(t, method, path, body); a.StatusCode != 413 || a.problem.Reason != ReasonTooLarge {
				t.Errorf("%s of %q: %v", call, tiny, a)
			}
		}
	}
	if o := (Options{MaxRows: contacts.MaxWrites}); o.maxValues() < 32*contacts.MaxWrites {
		t.Error("a full call with all fields does not fit", o.maxValues())
	}
}

func TestByteOrderMark(t *testing.T) {
	f := newFixed(t, &Options{})
	if a := f.do(t, "POST", "/contacts", "\ufeff["+john(1)+"]"); a.StatusCode != 200 {
		t.Error(a)
	}
}

// endless is a body without an end, and counts what is read of it.
type endless struct {
	head, fill string
	n          int64
}

func (c *endless) Read(p []byte) (int, error) {
	n := copy(p, c.head)
	c.head = c.head[n:]
	for n < len(p) {
		n += copy(p[n:], c.fill)
	}
	c.n += int64(n)
	return n, nil
}

func (c *endless) Close() error { return nil }

// Of a body that is too long no more is read than is allowed, and nothing where
// it says so itself; whatever it begins with.
func TestBodyIsBounded(t *testing.T) {
	const limit = 1 << 20
	f := newFixed(t, &Options{MaxBody: limit})
	for _, call := range routes {
		if call.method == "GET" || call.method == "DELETE" && strings.Contains(call.path, "{id}") || strings.HasSuffix(call.path, "restore") {
			continue
		}
		for _, says := range []int64{100 << 20, -1} {
			body := &endless{head: "[{", fill: "[[[[{"}
			if strings.HasSuffix(call.path, "import-contacts") {
				body = &endless{head: "--x\r\nContent-Disposition: form-data; name=result_file\r\n\r\n" + importColumns + "\n", fill: "a"}
			}
			r := httptest.NewRequest(call.method, Base+fixedStream+strings.Replace(call.path, "{id}", "x", 1), nil)
			r.Body, r.ContentLength = body, says
			r.Header.Set(HeaderToken, f.token)
			r.Header.Set(HeaderAccount, fixedAccount)
			r.Header.Set("Content-Type", "application/json; boundary=x")
			a := serveOne(t, f, r)
			most := int64(limit + 64<<10)
			if says > 0 {
				most = 0
			}
			if a.StatusCode != http.StatusRequestEntityTooLarge || a.problem.Reason != ReasonTooLarge || body.n > most {
				t.Errorf("%s %s, %d bytes: %v after %d bytes", call.method, call.path, says, a, body.n)
			}
		}
	}
}

// 100 MB over a connection, in chunks: the answer comes while they are sent.
func TestHugeBodyOverHTTP(t *testing.T) {
	f := newFixed(t, &Options{MaxBody: 1 << 20})
	s := httptest.NewServer(f)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s%s/contacts HTTP/1.1\r\nHost: localhost\r\nauth: %s\r\naccountId: %s\r\nTransfer-Encoding: chunked\r\n\r\n",
		Base, fixedStream, f.token, fixedAccount)
	sent := make(chan error, 1)
	go func() {
		chunk := []byte("100000\r\n" + strings.Repeat("[", 1<<20) + "\r\n")
		for range 100 {
			if _, err := conn.Write(chunk); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := readAnswer(t, resp); a.StatusCode != 413 {
		t.Error(a)
	}
	if err := <-sent; err == nil {
		t.Error("all 100 MB were taken")
	}
}

// A body that does not come is waited for as long as ReadTimeout says.
func TestSlowBody(t *testing.T) {
	f := newFixed(t, &Options{ReadTimeout: 50 * time.Millisecond})
	s := httptest.NewServer(f)
	defer s.Close()
	for _, path := range []string{"/contacts", "/contacts/import-contacts"} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s%s%s HTTP/1.1\r\nHost: localhost\r\nauth: %s\r\naccountId: %s\r\n"+
			"Content-Type: application/json; boundary=x\r\nContent-Length: 100\r\n\r\n[", Base, fixedStream, path, f.token, fixedAccount)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := readAnswer(t, resp); a.StatusCode != 408 || a.problem.Reason != ReasonTimeout || !a.Close {
			t.Errorf("%s: %v, close %v", path, a, a.Close)
		}
	}
}

// A body that ends before it should is the caller's mistake.
func TestBodyBreaksOff(t *testing.T) {
	f := newFixed(t, &Options{})
	s := httptest.NewServer(f)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s%s/contacts HTTP/1.1\r\nHost: localhost\r\nauth: %s\r\naccountId: %s\r\nContent-Length: 1000\r\n\r\n[%s]",
		Base, fixedStream, f.token, fixedAccount, john(1))
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := readAnswer(t, resp); a.StatusCode != 400 || !strings.Contains(a.problem.Msg, "ended early") {
		t.Error(a)
	}
}

// FuzzBody holds what checkJSON lets pass to what it promises.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`[{"a":1,"a":2}]`, `{"a":"\ud83d\ude00","b":[1.5e3,true,null,{}]}`, `["\ud83d"]`, `[[[[]]]]`, "[\xff]", `[1] 2`,
		strings.Repeat("[", 40) + strings.Repeat("]", 40), `[` + strings.Repeat("9", 70) + `]`, `{"\u0061":1,"a":2}`, `["\\ud800"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := checkJSON(data, minValues)
		if err != nil {
			if at, ok := offsetOf(err); len(bytes.Trim(data, " \t\r\n")) > 0 && (!ok || at > len(data)) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		var v any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%q passed: %v", data, err)
		}
		if _, err := dec.Token(); err != io.EOF {
			t.Fatalf("%q passed with something behind it", data)
		}
		if list, ok := v.([]any); items != len(list) || !ok && items != 0 {
			t.Fatalf("%q: %d items", data, items)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(data, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(data), []byte(`\ufffd`)) && bytes.Contains(again, []byte("\ufffd")) {
			t.Fatalf("%q passed with half a pair", data)
		}
		if n, want := members(v, 1), colons(data); n != want {
			t.Fatalf("%q has %d members, but %d colons", data, n, want)
		}
	})
}

// colons counts those of JSON that stand outside of strings: one a member, if
// none is there twice.
func colons(data []byte) int {
	n, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] == '"':
			quoted = !quoted
		case quoted && data[i] == '\\':
			i++
		case !quoted && data[i] == ':':
			n++
		}
	}
	return n
}

// members counts the members of all objects, and panics where values are deeper
// than allowed.
func members(v any, depth int) int {
	if depth > maxDepth+1 {
		panic("too deep")
	}
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, item := range v {
			n += 1 + members(item, depth+1)
		}
	case []any:
		for _, item := range v {
			n += members(item, depth+1)
		}
	}
	return n
}
