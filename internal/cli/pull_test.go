package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
)

func TestPull(t *testing.T) {
	server := agentassisttest.NewServer(t, &agentassisttest.Options{Hosted: true, MaxPage: 2, Handler: agentassist.Options{RatePerMinute: -1}})
	legacy := server.Book.With(contacts.Rules{KeepDuplicates: true})
	var ids []string
	for _, c := range []struct{ name, number string }{{"Ann", "9876543210"}, {"Ben", "9876543211"}, {"Cid", "9876543210"}} {
		got, err := legacy.Create(t.Context(), contacts.Contact{FirstName: c.name, LastName: "Lee", Salutation: "Mr",
			CellPhone: contacts.Phone{Number: c.number, CountryCode: "+91", Extension: "+"}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.ID)
	}
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "book.db"), filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(secret, []byte(server.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	where := []string{"pull", "--host", server.URL + "/", "--account", server.Account, "--stream", server.Stream, "--file", file, "--rate", "0"}
	signed := append(where[:len(where):len(where)], "--app", server.AppID, "--secret-file", secret)
	pull := func(code Code, args []string, want ...string) {
		t.Helper()
		out, errs, got := run(t, new(App), args...)
		if got != code {
			t.Errorf("code %d, want %d", got, code)
		}
		for _, w := range want {
			if !strings.Contains(out+errs, w) {
				t.Errorf("no %q in\n%s%s", w, out, errs)
			}
		}
		if strings.Contains(out+errs, server.Secret) || strings.Contains(out+errs, server.Token) {
			t.Errorf("a secret shows:\n%s%s", out, errs)
		}
	}
	pull(OK, signed, "Pulled 3 contacts into "+file+": 3 new, 0 changed, 0 as they were, 0 deleted.\n",
		"1 number belongs to more than one of them; all are kept:\n", "+919876543210  Ann Lee (id "+ids[0]+")")
	if out, _, _ := run(t, new(App), "get", "--file", file, ids[2]); !strings.Contains(out, "Cid Lee") || !strings.Contains(out, "+919876543210") {
		t.Errorf("%s", out)
	}

	// By a token from the environment, and what changed meanwhile.
	t.Setenv(tokenVariable, server.Token)
	if _, err := server.Book.Delete(t.Context(), ids[2]); err != nil {
		t.Fatal(err)
	}
	pull(OK, where, "0 new, 0 changed, 2 as they were, 1 deleted.")
	out, errs, code := run(t, new(App), append(where, "--json")...)
	var got pulledBook
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != OK || errs != "" || got.Listed != 2 || got.Same != 2 {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	if list, _ := filepath.Glob(file + ".pull-*"); len(list) != 0 {
		t.Errorf("a journal is left: %v", list)
	}

	// Nothing is listed any more.
	if _, err := server.Book.DeleteEach(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	pull(Failed, where, "none was deleted", "(--delete-most)")
	pull(OK, append(where[:len(where):len(where)], "--delete-most"), "0 as they were, 2 deleted.")

	// What the service refuses, and what fails.
	t.Setenv(tokenVariable, server.Token+"x")
	pull(Denied, where, "the service refuses the token (401 Unauthorized, Invalid")
	t.Setenv(tokenVariable, server.Token)
	other := []string{"pull", "--host", server.URL, "--account", "other", "--stream", server.Stream, "--file", file, "--rate", "0"}
	pull(Denied, other, "the service knows no such account and stream")
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	t.Setenv(tokenVariable, "a.b.c")
	gone := []string{"pull", "--host", nobody.URL, "--account", "a", "--stream", "s", "--file", filepath.Join(dir, "b.db"), "--rate", "0"}
	if !testing.Short() { // it is tried again for some seconds
		pull(Failed, gone, "connect")
	}
}

// TestPulledWords: what is said of contacts that the book cannot have, and of
// calls that were refused.
func TestPulledWords(t *testing.T) {
	var b bytes.Buffer
	app := &App{}
	s := &session{app: app, out: bufio.NewWriter(&b)}
	cmd := s.root()
	refused := contacts.Contact{ID: "c1", FullName: "Ann Lee"}
	s.tellPulled(cmd, "book.db", &agentassist.Pulled{Listed: 1, Resumed: true, Refused: []contacts.Result{
		{Contact: refused, Err: &contacts.ValidationError{Fields: []contacts.FieldError{{Field: "firstName", Reason: "too_long", Value: "A", Detail: "is too long"}}}},
		{Contact: refused, Err: errors.New("contacts: what")}}})
	s.out.Flush()
	want := `Pulled 1 contact into book.db: 0 new, 0 changed, 0 as they were, 0 deleted.
It went on where an earlier pull had ended.
2 contacts were refused, which the book cannot have:
  ID  NAME     WHY
  c1  Ann Lee  firstName is too long
  c1  Ann Lee  what
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}

	remote := func(status int, reason agentassist.Reason, msg string, after time.Duration) *agentassist.Error {
		e := &agentassist.Error{Status: status, RetryAfter: after}
		if msg != "" {
			e.Problems = []agentassist.Problem{{Msg: msg, Reason: reason}}
		}
		return e
	}
	for _, c := range []struct {
		err  error
		text string
		code Code
	}{
		{remote(401, "", "", 0), "the service refuses the token (401 Unauthorized): check app and secret, that the token is not expired, and that the app has the API scope Configuration", Denied},
		{remote(400, agentassist.ReasonTenant, "no such account and stream", 0),
			"the service knows no such account and stream, or not for this app (400 Bad Request, no such account and stream): check --account and --stream", Denied},
		{remote(429, "", "slowly", 30*time.Second), "the service takes no more calls for now (429 Too Many Requests, slowly): try again in 30s", Failed},
		{remote(429, "", "", 0), "the service takes no more calls for now (429 Too Many Requests): try again in a minute", Failed},
		{remote(502, "", "", 0), "the service is in trouble (502 Bad Gateway): try again later", Failed},
		{remote(404, "", "", 0), "there is no such service at that address (404 Not Found): check --host", Failed},
		{remote(418, "", "", 0), "the service refuses the call (418 I'm a teapot)", Failed},
		{&pullError{remote(502, "", "", 0), 2000, true},
			"the service is in trouble (502 Bad Gateway): try again later; 2000 contacts came before that, and the same command goes on from there", Failed},
		{&pullError{errors.New("what"), 2000, false}, "what", Failed},
		{errPullRefused, "", Invalid},
	} {
		text, code := s.explain(t.Context(), c.err)
		if text != c.text || code != c.code {
			t.Errorf("%v:\ngot  %d %s\nwant %d %s", c.err, code, text, c.code, c.text)
		}
	}
}
