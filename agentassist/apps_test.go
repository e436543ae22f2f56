package agentassist

import (
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts/memstore"
)

func TestCheckApps(t *testing.T) {
	with := func(change func(*App)) []App {
		a := testApp()
		change(&a)
		return []App{a}
	}
	for _, c := range []struct {
		want string // in the error; "" for none
		apps []App
	}{
		{"", with(func(a *App) {})},
		{"", with(func(a *App) { a.Secrets = append(a.Secrets, testSecret2) })},
		{"", with(func(a *App) { a.Accounts, a.Streams = []string{"*"}, []string{"*"} })},
		{"", with(func(a *App) { a.Scopes = []string{"Configuration", "Analytics"} })},
		{"", with(func(a *App) { a.MaxAge = time.Second })},
		{"", twoApps()},
		{"Apps is empty", nil},
		{"Apps is empty", []App{}},
		{"Apps[0]: the ID is empty", with(func(a *App) { a.ID = "" })},
		{"do not print", with(func(a *App) { a.ID = "a\nb" })},
		{"do not print", with(func(a *App) { a.ID = "a\u200bb" })},
		{"do not print", with(func(a *App) { a.ID = "a\xff" })},
		{"do not print", with(func(a *App) { a.ID = "a\ufffd" })},
		{"spaces around", with(func(a *App) { a.ID = " a" })},
		{"257 bytes", with(func(a *App) { a.ID = strings.Repeat("a", 257) })},
		{`"cs-1" is there twice`, append(twoApps(), testApp())},
		{"0 secrets", with(func(a *App) { a.Secrets = nil })},
		{"3 secrets", with(func(a *App) { a.Secrets = []string{testSecret, testSecret2, testSecret + "x"} })},
		{"secret 1 has 31 bytes", with(func(a *App) { a.Secrets = []string{testSecret[1:]} })},
		{"secret 2 has 0 bytes", with(func(a *App) { a.Secrets = []string{testSecret, ""} })},
		{"are the same", with(func(a *App) { a.Secrets = []string{testSecret, testSecret} })},
		{"have the same secret", append(with(func(a *App) { a.ID = "cs-9" }), testApp())},
		{"no Accounts", with(func(a *App) { a.Accounts = nil })},
		{"no Streams", with(func(a *App) { a.Streams = []string{} })},
		{"no Scopes", with(func(a *App) { a.Scopes = nil })},
		{"one of its Accounts is empty", with(func(a *App) { a.Accounts = []string{"acc-1", ""} })},
		{"one of its Streams is empty", with(func(a *App) { a.Streams = []string{""} })},
		{`Scopes have "*"`, with(func(a *App) { a.Scopes = []string{"*"} })},
		{"Audience", with(func(a *App) { a.Audience = []string{""} })},
		{"must not be negative", with(func(a *App) { a.MaxAge = -1 })},
		{"in nanoseconds", with(func(a *App) { a.MaxAge = 3600 })},
	} {
		_, err := New(memstore.New(), &Options{Apps: c.apps})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c.apps, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: want %q", err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), testSecret[1:]) || strings.Contains(err.Error(), testSecret2)) {
			t.Errorf("%v shows a secret", err)
		}
	}
}

// What the host does to its options afterwards changes nothing.
func TestAppsAreCopied(t *testing.T) {
	apps := []App{testApp()}
	h := newTestHandler(t, Options{Apps: apps})
	apps[0].Secrets[0], apps[0].Accounts[0], apps[0].ID = testSecret2, "acc-9", "cs-9"
	if a := serveOne(t, h, asCaller("GET", listPath, "")); a.StatusCode != 200 {
		t.Errorf("%s", a)
	}
}
