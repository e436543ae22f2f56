package agentassist

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// Whatever a merge is asked with, it is one that Book.Merge can judge, or all its
// problems have a reason and say where they are, and never what was sent.
func FuzzMergeBody(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `[]`, `{"keep":"a","others":["b"],"take":{"firstName":"b"},"revisions":{"a":"\"e.1\""}}`,
		`{"keep":"a","others":["a",null,""]}`, `{"Keep":"a","OTHERS":["b"]}`, `{"keep":{},"others":7,"take":[],"revisions":""}`,
		`{"keep":"a","others":["b"],"take":{"x":"+919876543210"}}`, `{"keep":null,"others":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeMerge(body)
		var refused *Error
		if err != nil {
			if !errors.As(err, &refused) || len(refused.Problems) == 0 {
				t.Fatalf("%s: %v", body, err)
			}
			for _, p := range refused.Problems {
				if p.Reason == "" || p.Msg == "" || strings.Contains(p.Msg+p.Field, "9876543210") {
					t.Errorf("%s: %+v", body, p)
				}
			}
			return
		}
		all := append([]string{m.Keep}, m.Others...)
		slices.Sort(all)
		if all[0] == "" || len(all) < 2 || len(slices.Compact(all)) != len(m.Others)+1 {
			t.Errorf("%s: %+v", body, m)
		}
		for _, id := range m.Take {
			if !slices.Contains(all, id) {
				t.Errorf("%s takes from %q", body, id)
			}
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeMerge(again); err != nil {
			t.Errorf("%s is read back as %v", again, err)
		}
	})
}
