package agentassist

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestParseTags(t *testing.T) {
	tests := []struct {
		values []string
		want   string // tags in order, "*", "error"
	}{
		{[]string{`"a.1"`}, `"a.1"`},
		{[]string{` "a.1" , W/"b.2",,"c"`}, `"a.1" W/"b.2" "c"`},
		{[]string{`"a.1"`, `"b.2"`}, `"a.1" "b.2"`},
		{[]string{`""`}, `""`},
		{[]string{`"a,b"`}, `"a,b"`}, // a comma is no end of a tag
		{[]string{`"a\"`}, `"a\"`},   // nor is there any escape
		{[]string{"*"}, "*"},
		{[]string{" * "}, "*"},
		{[]string{"\"\u00e9\""}, "\"\u00e9\""},
		{[]string{`,"a"`}, `"a"`},
		{[]string{`*, "a"`}, "error"},
		{[]string{`"a", *`}, "error"},
		{[]string{""}, "error"},
		{[]string{","}, "error"},
		{[]string{"a.1"}, "error"},
		{[]string{`"a.1`}, "error"},
		{[]string{`a.1"`}, "error"},
		{[]string{`w/"a"`}, "error"}, // the W is a capital
		{[]string{`W/ "a"`}, "error"},
		{[]string{`W/`}, "error"},
		{[]string{`"a" "b"`}, "error"},
		{[]string{`"a"b`}, "error"},
		{[]string{`"a b"`}, "error"},
		{[]string{"\"a\x7f\""}, "error"},
		{[]string{`'a'`}, "error"},
	}
	for _, test := range tests {
		got, err := parseTags(test.values)
		if s := got.String(); err != nil && test.want != "error" || err == nil && s != test.want {
			t.Errorf("%q: %s, %v, want %s", test.values, s, err, test.want)
		}
	}
}

// String writes tags as a header has them.
func (t tags) String() string {
	if t.any {
		return "*"
	}
	var list []string
	for _, one := range t.list {
		prefix := ""
		if one.weak {
			prefix = "W/"
		}
		list = append(list, prefix+`"`+one.text+`"`)
	}
	return strings.Join(list, " ")
}

func FuzzIfMatch(f *testing.F) {
	for _, s := range []string{`"a.1"`, `W/"a", "b"`, "*", `"a" "b"`, `,,"a",`, `"`, "W/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseTags([]string{s})
		if err != nil {
			return
		}
		if !got.any && len(got.list) == 0 {
			t.Fatalf("%q: no tags", s)
		}
		again, err := parseTags([]string{strings.ReplaceAll(got.String(), `" `, `",`)})
		if err != nil || again.String() != got.String() {
			t.Fatalf("%q: %s, then %s, %v", s, got, again, err)
		}
		for _, one := range got.list {
			if !strings.Contains(s, `"`+one.text+`"`) || !got.has(one.text) {
				t.Fatalf("%q: %q", s, one.text)
			}
		}
	})
}

// Many who read, add one and write with If-Match lose no addition, and those who
// write without lose no other's field.
func TestConcurrentUpdates(t *testing.T) {
	f := newFixed(t, &Options{Extended: true})
	if a := f.do(t, "POST", "/contacts", "["+john(1)+"]"); a.StatusCode != 200 {
		t.Fatal(a)
	}
	path := fmt.Sprintf("/contacts/63c7c8b1a1b2c3d4e5f6%04x", 0x1001)
	var wg sync.WaitGroup
	var refused atomic.Int64
	for range 4 {
		wg.Go(func() {
			for done := 0; done < 20; {
				a := f.do(t, "GET", path, "")
				n := strings.Count(a.body, "+1;")
				notes := strings.Repeat("+1;", n+1)
				a = f.do(t, "PUT", path, `{"notes":"`+notes+`"}`, "If-Match", a.Header.Get("ETag"))
				switch a.StatusCode {
				case 200:
					done++
				case 412:
					refused.Add(1)
				default:
					t.Error(a)
					return
				}
			}
		})
	}
	for i := range 3 {
		wg.Go(func() {
			field := []string{"organization", "title", "clientRef"}[i]
			for n := range 20 {
				if a := f.do(t, "PUT", path, fmt.Sprintf(`{%q:"%d"}`, field, n+1)); a.StatusCode != 200 {
					t.Error(a)
				}
			}
		})
	}
	wg.Wait()
	a := f.do(t, "GET", path, "")
	if n := strings.Count(a.body, "+1;"); n != 80 {
		t.Errorf("%d additions of 80 are left (%d were refused)", n, refused.Load())
	}
	for _, field := range []string{"organization", "title", "clientRef"} {
		if !strings.Contains(a.body, `"`+field+`":"20"`) {
			t.Errorf("%s: %s", field, a.body)
		}
	}
}

// The ETag of a list is that of before it was read: whoever gets it and asks with
// If-None-Match misses nothing.
func TestListETagIsNotAhead(t *testing.T) {
	f := newFixed(t, &Options{})
	if a := f.do(t, "POST", "/contacts", "["+john(0)+"]"); a.StatusCode != 200 {
		t.Fatal(a)
	}
	writers := make(chan struct{})
	go func() {
		defer close(writers)
		for i := range 300 {
			f.do(t, "POST", "/contacts", "["+john(i+1)+"]")
		}
	}()
	tag, known := "", 0
	for end := false; !end; {
		select {
		case <-writers:
			end = true // and once more
		default:
		}
		a := f.do(t, "GET", "/contacts?limit=1000", "", "If-None-Match", tag)
		if a.StatusCode == 200 {
			tag, known = a.Header.Get("ETag"), strings.Count(a.body, `"status"`)
		}
	}
	if known != 301 {
		t.Errorf("%d of 301 contacts are known, at %s", known, tag)
	}
}

// A repaired or restored book has another epoch: what was read before is refused.
func TestETagsOfAnotherBook(t *testing.T) {
	one, two := newFixed(t, &Options{}), newFixed(t, &Options{})
	one.do(t, "POST", "/contacts", "["+john(1)+"]")
	two.do(t, "POST", "/contacts", "["+john(1)+"]")
	path := fmt.Sprintf("/contacts/63c7c8b1a1b2c3d4e5f6%04x", 0x1001)
	tag := one.do(t, "GET", path, "").Header.Get("ETag")
	if a := two.do(t, "GET", path, "", "If-None-Match", tag); a.StatusCode != 200 {
		t.Error(a)
	}
	epoch, _, _ := strings.Cut(tag, ".")
	if a := one.do(t, "PUT", path, `{"lastName":"X"}`, "If-Match", epoch+`.01"`); a.StatusCode != 412 {
		t.Errorf("a tag spelled otherwise: %v", a)
	}
	for _, method := range []string{"PUT", "DELETE"} {
		if a := two.do(t, method, path, `{"lastName":"X"}`, "If-Match", tag); a.StatusCode != 412 {
			t.Error(a)
		}
		if a := one.do(t, method, path, `{"lastName":"X"}`, "If-Match", tag); a.StatusCode != 200 {
			t.Error(a)
		} else {
			tag = a.Header.Get("ETag")
		}
	}
}
