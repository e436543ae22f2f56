package agentassist

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// Without Extended no call shows a field that the API does not have, though it
// finds contacts by it; with Extended all do.
func TestNothingBeyondTheAPI(t *testing.T) {
	for _, extended := range []bool{false, true} {
		l := newLive(t, nil, Options{Extended: extended})
		keep := l.book.With(contacts.Rules{KeepDuplicates: true})
		var ids []string
		for range 2 {
			c := numbered("Twin", 1)
			c.Organization, c.Notes, c.Emails = "Secretcorp", "secretnote", []contacts.Email{{Address: "secretmail@example.com"}}
			c, err := keep.Create(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, c.ID)
		}
		read := func(resp *http.Response) string {
			t.Helper()
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %v, %s", resp.Status, err, text)
			}
			return string(text)
		}
		answers := map[string]string{}
		for _, path := range []string{"/contacts", "/contacts/" + ids[0], "/contacts/lookup?number=%2B919800000001", "/contacts/search?q=secretc",
			"/contacts/search?q=secretmail", "/contacts/duplicates", "/contacts/export?format=jsonl"} {
			answers[path] = read(l.get(t.Context(), t, path))
		}
		resp := l.get(t.Context(), t, "/contacts/events?after=.0")
		var raw bytes.Buffer
		r := newEventReader(struct {
			io.Reader
			io.Closer
		}{io.TeeReader(resp.Body, &raw), resp.Body}, noSilence)
		for range ids {
			if _, err := r.next(); err != nil {
				t.Fatal(err)
			}
		}
		resp.Body.Close()
		answers["/contacts/events"] = raw.String()
		restored, err := http.DefaultClient.Do(l.request(t.Context(), "POST", "/contacts/"+ids[1]+"/restore", ""))
		if err != nil {
			t.Fatal(err)
		}
		answers["/contacts/{id}/restore"] = read(restored)
		merged, err := http.DefaultClient.Do(l.request(t.Context(), "POST", "/contacts/merge", `{"keep":"`+ids[0]+`","others":["`+ids[1]+`"]}`))
		if err != nil {
			t.Fatal(err)
		}
		answers["/contacts/merge"] = read(merged)
		found, err := l.client(t).Lookup(t.Context(), "+919800000001", nil)
		if err != nil || found.Contact == nil || found.Contact.ID != ids[0] || (found.Contact.Notes != "") != extended {
			t.Errorf("after the merge: %+v, %v", found, err)
		}
		for path, text := range answers {
			if !strings.Contains(text, "Twin") {
				t.Errorf("extended %t, %s: nobody is there: %s", extended, path, text)
			}
			if strings.Contains(strings.ToLower(text), "secret") != extended {
				t.Errorf("extended %t, %s: %s", extended, path, text)
			}
		}
	}
}
