package agentassist

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
)

type description struct {
	Paths      map[string]map[string]any
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any
		}
	}
	Info struct{ Description string }
}

func readDescription(t *testing.T) description {
	t.Helper()
	var d description
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The description has every route and no other; spectest, a module of its own,
// holds what it says of them against the handler.
func TestDescriptionHasTheRoutes(t *testing.T) {
	var have, want []string
	for path, item := range readDescription(t).Paths {
		for key := range item {
			if key != "parameters" {
				have = append(have, strings.ToUpper(key)+" "+path)
			}
		}
	}
	want = append(want, "GET "+pathHealth, "GET "+pathOpenAPI)
	for _, r := range routes {
		want = append(want, r.method+" "+Base+"{streamId}"+r.path)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the description has\n%s\nand the handler\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// The description's table of reasons is the table of this package.
func TestDescriptionHasTheReasons(t *testing.T) {
	text := readDescription(t).Info.Description
	for reason := range maps.Keys(kinds) {
		row := "| " + string(reason) + " | " + strconv.Itoa(reason.status(false)) + " | " + strconv.Itoa(reason.status(true)) + " |"
		if !strings.Contains(text, row) {
			t.Errorf("the description has no %s", row)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	h, err := New(nil, &Options{Apps: []App{{ID: "a", Secrets: []string{strings.Repeat("s", MinSecret)}, Accounts: []string{"*"}, Streams: []string{"*"}, Scopes: []string{ScopeConfiguration}}}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(method string, header ...string) *http.Response {
		r := httptest.NewRequest(method, pathOpenAPI, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	resp := get("GET")
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(body.Bytes(), openAPI) {
		t.Errorf("GET: %s, %d bytes of %d, %v", resp.Status, body.Len(), len(openAPI), err)
	}
	tag := resp.Header.Get("ETag")
	if again := get("GET", "If-None-Match", tag); again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != tag {
		t.Errorf("GET with If-None-Match %s: %s", tag, again.Status)
	}
	if other := get("GET", "If-None-Match", `"another"`); other.StatusCode != http.StatusOK {
		t.Errorf("GET with another If-None-Match: %s", other.Status)
	}
	if post := get("POST"); post.StatusCode != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %s, Allow %s", post.Status, post.Header.Get("Allow"))
	}
}
