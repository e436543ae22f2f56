package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
)

// running is a "contacts serve".
type running struct {
	served
	t    *testing.T
	text string // of standard output at the start
	errs *lockedBuffer
	stop func() Code
	http *http.Client
}

// lockedBuffer is a bytes.Buffer for several writers.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// serve starts a server on a free port, with --json.
func serve(t *testing.T, args ...string) *running {
	t.Helper()
	t.Setenv(fileVariable, "")
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	s := &running{t: t, errs: new(lockedBuffer), http: http.DefaultClient}
	done := make(chan Code, 1)
	go func() {
		code := new(App).Run(ctx, append([]string{"contacts", "serve", "--addr", "127.0.0.1:0", "--json"}, args...), strings.NewReader(""), w, s.errs)
		done <- Code(code)
		w.Close()
	}()
	s.stop = sync.OnceValue(func() Code {
		cancel()
		code := <-done
		s.http.CloseIdleConnections()
		return code
	})
	t.Cleanup(func() { s.stop() })
	out := bufio.NewReader(r)
	s.text, _ = out.ReadString('\n')
	if err := json.Unmarshal([]byte(s.text), &s.served); err != nil {
		t.Fatalf("%q: %v; code %d: %s", s.text, err, s.stop(), s.errs)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

// call makes a call of the API and returns status and body.
func (s *running) call(method, path, token, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+agentassist.Base+s.Stream+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set(agentassist.HeaderToken, token)
	r.Header.Set(agentassist.HeaderAccount, s.Account)
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// TestServe: the first start makes keys and prints a token that works; later
// starts print no secret, and "contacts token" makes tokens for them.
func TestServe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "book.db")
	s := serve(t, "--file", file)
	if s.Keys != file+keySuffix || s.Account == "" || !strings.HasPrefix(s.Stream, "st-") || s.Token == "" {
		t.Fatalf("%+v", s.served)
	}
	status, body := s.call("POST", "/contacts", s.Token, sampleRequest)
	var created []map[string]any
	if err := json.Unmarshal([]byte(body), &created); err != nil || status != 200 || len(created) != 1 || created[0]["accountId"] != s.Account ||
		!regexp.MustCompile("^[0-9a-f]{24}$").MatchString(fmt.Sprint(created[0]["id"])) {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := s.call("POST", "/contacts", s.Token, sampleRequest); status != 409 {
		t.Errorf("the number again: %d %s", status, body)
	}
	if status, body := s.call("POST", "/contacts", s.Token+"x", sampleRequest); status != 401 {
		t.Errorf("a wrong token: %d %s", status, body)
	}
	_, errs, code := run(t, new(App), "serve", "--addr", "127.0.0.1:0", "--file", file)
	if code != NoBook || !strings.Contains(errs, "in use") {
		t.Errorf("a second server of the book: code %d: %s", code, errs)
	}
	first := s.served
	if code := s.stop(); code != OK {
		t.Errorf("stopped with code %d: %s", code, s.errs)
	}

	ring, err := readKeys(first.Keys)
	if err != nil {
		t.Fatal(err)
	}
	app := ring.Apps[0]
	if !app.RequireExp || app.MaxAge != tokenLife || len(app.Secrets) != 1 || len(app.Secrets[0]) < agentassist.MinSecret {
		t.Errorf("the app is %v, %v, %d secrets", app.RequireExp, app.MaxAge, len(app.Secrets))
	}
	log := s.errs.String()
	for _, secret := range []string{app.Secrets[0], first.Token, "9876543210", "John"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %s:\n%s", secret, log)
		}
	}
	if !strings.Contains(log, `"method":"POST"`) {
		t.Errorf("no line for a request in\n%s", log)
	}

	s = serve(t, "--file", file)
	if s.Token != "" || s.Account != first.Account || s.Stream != first.Stream || strings.Contains(s.text+s.errs.String(), app.Secrets[0]) {
		t.Errorf("the second start says %s%s", s.text, s.errs)
	}
	token, errs, code := run(t, new(App), "token", "--file", file, "--as", "agent-7")
	if code != OK || errs != "" || strings.TrimSpace(token)+"\n" != token || strings.Count(token, ".") != 2 {
		t.Fatalf("token: code %d: %q %s", code, token, errs)
	}
	status, body = s.call("GET", "/contacts", strings.TrimSpace(token), "")
	if status != 200 || !strings.Contains(body, `"John"`) {
		t.Errorf("%d %s", status, body)
	}
	out, _, _ := run(t, new(App), "token", "--file", file, "--json", "--for", "2m")
	var minted mintedToken
	if err := json.Unmarshal([]byte(out), &minted); err != nil || minted.AppID != app.ID || minted.Account != s.Account || minted.Stream != s.Stream {
		t.Errorf("%s: %v", out, err)
	}
	if status, body := s.call("GET", "/contacts", minted.Token, ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	for _, c := range []struct {
		want string
		code Code
		args []string
	}{
		{"older than 1h0m0s", Usage, []string{"--for", "2h"}},
		{"a second or more", Usage, []string{"--for", "0s"}},
		{"needs a time", Usage, []string{"--for", "long"}},
		{"no keys of an app", Usage, []string{"--app", "other"}},
		{"there are no keys", Denied, []string{"--keys", file + "x"}},
	} {
		out, errs, code := run(t, new(App), append([]string{"token", "--file", file}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) || out != "" {
			t.Errorf("%q: code %d: %s%s", c.args, code, out, errs)
		}
	}
}

// TestServeScopes: whose contacts are served.
func TestServeScopes(t *testing.T) {
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "book.db"), filepath.Join(dir, "k.json")
	must := func(args ...string) {
		t.Helper()
		if out, errs, code := run(t, new(App), args...); code != OK {
			t.Fatalf("%q: code %d: %s%s", args, code, out, errs)
		}
	}
	refused := func(want string, code Code, args ...string) {
		t.Helper()
		out, errs, got := run(t, new(App), append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
		if got != code || !strings.Contains(errs, want) || out != "" {
			t.Errorf("%q: code %d: %s%s", args, got, out, errs)
		}
	}
	// The only scope of a book.
	must("create", "--file", file, "--account", "acme", "--stream", "support", "--first", "Ann", "--phone", "+919876543210")
	s := serve(t, "--file", file, "--keys", keys)
	if s.Account != "acme" || s.Stream != "support" || s.Keys != keys {
		t.Errorf("%+v", s.served)
	}
	s.stop()
	// Another than that of the keys; two, and nobody says which.
	refused("no app in "+keys+" may use --account acme --stream sales", Denied, "--file", file, "--keys", keys, "--stream", "sales")
	must("create", "--file", file, "--account", "acme", "--stream", "sales", "--first", "Ann")
	refused("the book has 2 scopes: add", Usage, "--file", file)
	if _, err := os.Stat(file + keySuffix); err == nil {
		t.Error("a start that failed left keys")
	}
	refused("no name of one", Usage, "--file", file, "--stream", "*")
	refused("not to be empty", Usage, "--file", file, "--account", "", "--stream", "x")
	s = serve(t, "--file", file, "--stream", "sales")
	if s.Account != "acme" || s.Stream != "sales" {
		t.Errorf("%+v", s.served)
	}
	s.stop()

	// Contacts that were kept under no account and stream.
	file = filepath.Join(dir, "plain.db")
	must("create", "--file", file, "--first", "Ann", "--phone", "+919876543210")
	for range 2 {
		s = serve(t, "--file", file)
		token, _, _ := run(t, new(App), "token", "--file", file)
		if status, body := s.call("GET", "/contacts", strings.TrimSpace(token), ""); status != 200 || !strings.Contains(body, `"Ann"`) {
			t.Errorf("%d %s", status, body)
		}
		if status, body := s.call("POST", "/contacts", strings.TrimSpace(token), sampleRequest); status != 409 {
			t.Errorf("%d %s", status, body)
		}
		s.stop()
		if !strings.Contains(s.errs.String(), "are served under --account") {
			t.Errorf("nobody was told: %s", s.errs)
		}
	}
}

func TestServeMemory(t *testing.T) {
	t.Chdir(t.TempDir())
	s := serve(t, "--memory", "--account", "acme", "--stream", "st-1", "--strict", "--extended", "--rate", "3")
	if s.Account != "acme" || s.Stream != "st-1" || s.Keys != "" || s.Token == "" {
		t.Fatalf("%+v", s.served)
	}
	body := strings.Replace(sampleRequest, `"salutation"`, `"notes":"hello","salutation"`, 1)
	if status, body := s.call("POST", "/contacts", s.Token, body); status != 201 || !strings.Contains(body, `"notes":"hello"`) {
		t.Errorf("%d %s", status, body)
	}
	var last int
	for range 3 {
		last, _ = s.call("GET", "/contacts", s.Token, "")
	}
	if last != 429 {
		t.Errorf("the fourth call of a minute: %d", last)
	}
	if code := s.stop(); code != OK {
		t.Error(code)
	}
	if list, _ := os.ReadDir("."); len(list) != 0 {
		t.Errorf("left %v", list)
	}

	// Keys in a file, all the same.
	for i := range 2 {
		s = serve(t, "--memory", "--keys", "k.json")
		if s.Keys != "k.json" || (s.Token != "") != (i == 0) {
			t.Errorf("%+v", s.served)
		}
		s.stop()
	}
}

// TestServeWords: what people are told, and that the call they are to try is
// one that a shell understands.
func TestServeWords(t *testing.T) {
	at := served{URL: "http://127.0.0.1:1", Account: "it's", Stream: "st-1", Token: "a.b.c", cert: "c.pem"}
	want := `curl --request POST 'http://127.0.0.1:1/agentassist/api/v1/public/st-1/contacts' \
  --header 'auth: a.b.c' \
  --header 'accountId: it'\''s' \
  --header 'Content-Type: application/json' \
  --data '` + sampleRequest + `' \
  --cacert 'c.pem'`
	if got := curlLine(&at); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var list []contacts.Contact
	if err := json.Unmarshal([]byte(sampleRequest), &list); err != nil || len(list) != 1 {
		t.Error(err)
	}
}

func TestServeAddressInUse(t *testing.T) {
	s := serve(t, "--memory")
	_, errs, code := run(t, new(App), "serve", "--memory", "--addr", strings.TrimPrefix(s.URL, "http://"))
	if want := "is in use by another program: stop that, or choose another port with --addr"; code != Failed || !strings.Contains(errs, want) {
		t.Errorf("code %d: %s", code, errs)
	}
}

// TestServeProcess is a server in a process of its own, from the first start to
// a signal.
func TestServeProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; not in -short")
	}
	file := filepath.Join(t.TempDir(), "book.db")
	for i := range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // then it is killed
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], "serve", "--file", file, "--addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "CLI_TEST_MAIN=1", fileVariable+"=")
		setGroup(cmd)
		var errs lockedBuffer
		cmd.Stderr = &errs
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
			if strings.HasPrefix(lines.Text(), "For a token: ") {
				break
			}
		}
		url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(text.String())
		answer, err := http.Get(url + "/healthz")
		if err != nil || answer.StatusCode != 200 {
			t.Errorf("%v %+v\n%s%s", err, answer, &text, &errs)
		} else {
			answer.Body.Close()
		}
		if first := i == 0; strings.Contains(text.String(), "auth: ey") != first || strings.Contains(text.String(), "curl ") != first {
			t.Errorf("start %d:\n%s", i+1, &text)
		}
		if err := interrupt(cmd.Process, i); err != nil {
			cancel()
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("start %d, stopped by a signal: %v\n%s", i+1, err, &errs)
		}
		http.DefaultClient.CloseIdleConnections()
	}
}

func TestKeysAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "k.json")
	rings := make([]*keyRing, 8)
	errs := make([]error, len(rings))
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			if rings[i], errs[i] = newKeys(contacts.Scope{Account: "a", Stream: "s"}); errs[i] == nil {
				errs[i] = rings[i].write(path)
			}
		})
	}
	wg.Wait()
	got, err := readKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			if got.Apps[0].ID != rings[i].Apps[0].ID || got.Apps[0].Secrets[0] != rings[i].Apps[0].Secrets[0] {
				t.Error("the file has other keys than the one that made it")
			}
		case !errors.Is(err, fs.ErrExist):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d made the file", won)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("files are left: %v", list)
	}
	if info, err := os.Stat(path); err != nil || private(info) != nil {
		t.Errorf("%v %v", err, private(info))
	}
}

func TestKeysRefused(t *testing.T) {
	dir := t.TempDir()
	secret := strings.Repeat("s3cret", 8)
	for name, c := range map[string]struct{ text, want string }{
		"empty":   {"", "it ends too early"},
		"half":    {`{"apps":[{"id":"a"`, "it ends too early"},
		"no JSON": {`{"apps":[{"id":"a","secrets":["` + secret + `",]}]}`, "is no JSON"},
		"kind":    {`{"apps":[{"id":"a","secrets":"` + secret + `"}]}`, "secrets is to be []string"},
		"typo":    {`{"apps":[{"id":"a","secret":["` + secret + `"]}]}`, `unknown field "secret"`},
		"more":    {`{"apps":[{"id":"a","secrets":["` + secret + `"]}]} {}`, "goes on after its end"},
		"none":    {`{"apps":[]}`, "has no apps"},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, errs, code := run(t, new(App), "serve", "--memory", "--addr", "127.0.0.1:0", "--keys", path)
		if code != Denied || !strings.Contains(errs, c.want) || strings.Contains(errs, secret) {
			t.Errorf("%s: code %d: %s", name, code, errs)
		}
	}
	if _, errs, code := run(t, new(App), "token", "--keys", dir); code != Denied {
		t.Errorf("a folder: code %d: %s", code, errs)
	}
}
