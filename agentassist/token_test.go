package agentassist

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// The app of these tests, and the time of its handler.
const (
	testSecret  = "0123456789abcdef0123456789abcdef"
	testSecret2 = "fedcba9876543210fedcba9876543210"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testApp() App {
	return App{ID: "cs-1", Secrets: []string{testSecret}, Accounts: []string{"acc-1"}, Streams: []string{"st-1"}, Scopes: []string{ScopeConfiguration}}
}

// newTestHandler returns a handler of the options, at testNow, for testApp if they
// have no apps.
func newTestHandler(t testing.TB, o Options) *Handler {
	t.Helper()
	if o.Apps == nil {
		o.Apps = []App{testApp()}
	}
	if o.Book.Now == nil {
		o.Book.Now = func() time.Time { return testNow }
	}
	h, err := New(memstore.New(), &o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCredentialsToken(t *testing.T) {
	h := newTestHandler(t, Options{})
	for _, c := range []struct {
		name    string
		cred    Credentials
		subject string
	}{
		{"app", Credentials{AppID: "cs-1", Secret: testSecret}, "cs-1"},
		{"subject", Credentials{AppID: "cs-1", Secret: testSecret, Subject: "u-7"}, "u-7"},
		{"audience", Credentials{AppID: "cs-1", Secret: testSecret, Audience: DefaultAudience, Lifetime: time.Hour}, "cs-1"},
	} {
		c.cred.now = h.now
		token, err := c.cred.Token()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(HeaderToken, token)
		got, err := h.authenticate(r)
		if err != nil || got.app.ID != "cs-1" || got.subject != c.subject {
			t.Errorf("%s: %v %v, want %s", c.name, got, err, c.subject)
		}
	}
}

func TestCredentialsRefused(t *testing.T) {
	for want, c := range map[string]Credentials{
		"the ID is empty":                        {Secret: testSecret},
		"the secret has 31 bytes":                {AppID: "a", Secret: testSecret[1:]},
		"Lifetime is -1s":                        {AppID: "a", Secret: testSecret, Lifetime: -time.Second},
		"Lifetime is 1ms":                        {AppID: "a", Secret: testSecret, Lifetime: time.Millisecond},
		"Subject must be":                        {AppID: "a", Secret: testSecret, Subject: "a\nb"},
		"Subject must be at most 256":            {AppID: "a", Secret: testSecret, Subject: strings.Repeat("a", 257)},
		"characters that do not print":           {AppID: "a\x00", Secret: testSecret},
		"the ID has 257 bytes":                   {AppID: strings.Repeat("a", 257), Secret: testSecret},
		"the token would have":                   {AppID: "a", Secret: testSecret, Audience: strings.Repeat("a", maxToken)},
		"the ID has characters that do not prin": {AppID: " a", Secret: testSecret},
	} {
		token, err := c.Token()
		if err == nil || token != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", want, token, err)
		}
		if err != nil && strings.Contains(err.Error(), testSecret[1:]) {
			t.Errorf("%v shows the secret", err)
		}
	}
}

func TestSecretsHidden(t *testing.T) {
	app := testApp()
	app.Secrets = append(app.Secrets, testSecret2)
	o := Options{Apps: []App{app}, Book: contacts.Options{}}
	c := Credentials{AppID: "cs-1", Secret: testSecret}
	h := newTestHandler(t, o)
	for _, v := range []any{app, &app, o, &o, o.Apps, c, &c, h, *h.apps["cs-1"]} {
		var text bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&text, verb+"\n", v)
		}
		switch v.(type) {
		case []App, *Handler:
		default:
			slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
			slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "v", v)
		}
		hex := fmt.Sprintf("%x", testSecret)
		for _, secret := range []string{testSecret, testSecret2, hex} {
			if strings.Contains(text.String(), secret) {
				t.Errorf("%T shows a secret", v)
			}
		}
	}
	if got := fmt.Sprintf("%v", app); !strings.Contains(got, "cs-1") || !strings.Contains(got, "acc-1") {
		t.Errorf("%q does not say which app it is", got)
	}
}

func TestObjectID(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := objectID(testNow)
		if len(id) != 24 || strings.Trim(id, "0123456789abcdef") != "" || seen[id] {
			t.Fatalf("%q: not 24 digits, or twice", id)
		}
		if want := fmt.Sprintf("%08x", testNow.Unix()); id[:8] != want {
			t.Fatalf("%q does not begin with the time %s", id, want)
		}
		seen[id] = true
	}
	a, b := objectID(testNow), objectID(testNow)
	if a[8:18] != b[8:18] || a[8:18] == "0000000000" || a[18:] == b[18:] {
		t.Errorf("%s and %s: want one process and two counters", a, b)
	}
	if NewObjectID() <= a {
		t.Errorf("an id of now sorts before one of %v", testNow)
	}
}
