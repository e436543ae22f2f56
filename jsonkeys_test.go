package contacts

import (
	"encoding/json"
	"reflect"
	"testing"
)

// objectKeys says what encoding/json says, whatever the text.
func FuzzObjectKeys(f *testing.F) {
	for _, s := range []string{
		`{}`, ` { "a" : 1 , "b":"x\"}" ,"c":[{"d":[]},"]"],"d":null,"a":-1.5e3 } `, `{"a":{"a":"{"}}`, "{\"\\u0061\":true,\"\xff\":\"\xff\"}",
		`null`, ` null `, `[]`, `"x"`, `{`, `{"a"}`, `{"a":1}x`, "", `{"a":{},"b":[],"c":false}`, "{\"\\\\\":\"\\\\\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(data, &want)
		got, err := objectKeys(data)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %q %v, not %q %v", data, got, err, want, wantErr)
		}
		for _, raw := range got {
			var a, b string
			errA, errB := unquote(raw, &a), json.Unmarshal(raw, &b)
			if (errA == nil) != (errB == nil) || a != b {
				t.Fatalf("%q: %q %v, not %q %v", raw, a, errA, b, errB)
			}
		}
	})
}
