package agentassist

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// asCaller returns a request as a program of cs-1 would send it; mend changes it.
func asCaller(method, path, body string, mend ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set(HeaderToken, good(goodClaims))
	r.Header.Set(HeaderAccount, "acc-1")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range mend {
		f(r)
	}
	return r
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

const listPath = Base + "st-1/contacts"

// ada is the body of a create.
const ada = `[{"firstName":"Ada","lastName":"Lovelace","salutation":"Mrs","cellPhone":{"phoneNumber":"9876543210","countryCode":"+91","extension":"+"}}]`

// answered is an answer; problem is its first, if any.
type answered struct {
	*http.Response
	body    string
	problem Problem
}

// serveOne has a handler answer a request that comes by no connection.
func serveOne(t testing.TB, h http.Handler, r *http.Request) answered {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return readAnswer(t, w.Result())
}

// readAnswer reads an answer.
func readAnswer(t testing.TB, resp *http.Response) answered {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answered{Response: resp, body: string(data)}
	var e struct{ Errors []Problem }
	if json.Unmarshal(data, &e) == nil && len(e.Errors) > 0 {
		a.problem = e.Errors[0]
	}
	return a
}

func (a answered) String() string { return fmt.Sprintf("%d %s", a.StatusCode, a.body) }

// TestOrderOfChecks mends a request that is wrong in every way, one thing after
// the other: what is wrong first is what the answer is about.
func TestOrderOfChecks(t *testing.T) {
	apps := []App{testApp(), testApp(), testApp()}
	for i := 1; i < len(apps); i++ { // cs-2 and cs-3 lack the API scope
		apps[i].ID, apps[i].Scopes = fmt.Sprint("cs-", i+1), []string{"Other"}
		apps[i].Secrets = []string{strings.Repeat(apps[i].ID, MinSecret)}
	}
	two, three := apps[1].Secrets[0], apps[2].Secrets[0]
	h := newTestHandler(t, Options{Apps: apps, RatePerMinute: 50})
	srv := httptest.NewServer(h)
	defer srv.Close()
	for range 50 { // cs-2 has used its minute up, and that of an hour to come
		ok(t, h.rates.take(rateKey(h.apps["cs-2"], ""), 50, time.Now().Add(time.Hour)))
	}

	r, err := http.NewRequest("PATCH", srv.URL+Base+"st-9/nothing", nil)
	ok(t, err)
	r.Host = "evil.example"
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("X-Long", strings.Repeat("x", maxHeader))
	body := "{"
	for _, step := range []struct {
		mend   func()
		status int
		reason Reason
		field  string
	}{
		{func() {}, 413, ReasonTooLarge, ""},
		{func() { r.Header.Del("X-Long") }, 403, ReasonOrigin, "Host"},
		{func() { r.Host = "" }, 403, ReasonOrigin, "Origin"},
		{func() { r.Header.Del("Origin") }, 401, ReasonToken, HeaderToken},
		{func() { r.Header.Set(HeaderToken, sign(goodHead, `{"appId":"cs-2","exp":1}`, three)) }, 401, ReasonCredentials, HeaderToken},
		{func() { r.Header.Set(HeaderToken, sign(goodHead, `{"appId":"cs-2","exp":1}`, two)) }, 401, ReasonToken, "exp"},
		{func() { r.Header.Set(HeaderToken, sign(goodHead, `{"appId":"cs-2"}`, two)) }, 429, ReasonRate, ""},
		{func() { r.Header.Set(HeaderToken, sign(goodHead, `{"appId":"cs-3"}`, three)) }, 404, ReasonNoRoute, ""},
		{func() { r.URL.Path = Base + "st-9/contacts" }, 405, ReasonMethod, ""},
		{func() { r.Method = "POST" }, 401, ReasonScope, ""},
		{func() { r.Header.Set(HeaderToken, good(goodClaims)) }, 412, Reason(contacts.ReasonMissing), HeaderAccount},
		{func() { r.Header[http.CanonicalHeaderKey(HeaderAccount)] = []string{"acc-1", "acc-9"} }, 412, ReasonParameter, HeaderAccount},
		{func() { r.Header.Set(HeaderAccount, "acc-9") }, 400, ReasonTenant, ""},
		{func() { r.Header.Set(HeaderAccount, "acc-1") }, 400, ReasonTenant, ""},
		{func() { r.URL.Path = listPath }, 400, ReasonMalformed, ""},
		{func() { body = "[]" }, 412, ReasonNoRows, ""},
		{func() { body = ada }, 200, "", ""},
	} {
		step.mend()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		resp, err := srv.Client().Do(r)
		ok(t, err)
		a := readAnswer(t, resp)
		if a.StatusCode != step.status || a.problem.Reason != step.reason || a.problem.Field != step.field {
			t.Errorf("%s: want %d %s of %q", a, step.status, step.reason, step.field)
		}
	}
}

// TestHostileTokensOverHTTP sends what HTTP can send.
func TestHostileTokensOverHTTP(t *testing.T) {
	srv := httptest.NewServer(newTestHandler(t, Options{Apps: twoApps()}))
	defer srv.Close()
	sent := 0
	for _, c := range hostile(t) {
		if strings.ContainsAny(c.token, "\r\n\x00") || strings.TrimSpace(c.token) != c.token || len(c.token) > 1<<16 {
			continue
		}
		r, err := http.NewRequest("GET", srv.URL+listPath, nil)
		ok(t, err)
		r.Header.Set(HeaderToken, c.token)
		r.Header.Set(HeaderAccount, "acc-1")
		resp, err := srv.Client().Do(r)
		ok(t, err)
		a := readAnswer(t, resp)
		if a.StatusCode != 401 || a.problem.Code != codeAuth || a.problem.Reason != c.reason || !strings.HasPrefix(a.problem.Msg, kinds[c.reason].msg) {
			t.Errorf("%s: %s", c.name, a)
		}
		sent++
	}
	if sent < 120 {
		t.Errorf("%d were sent", sent)
	}
}

// A token is for the accounts and streams of its app alone.
func TestTokenOfAnotherTenant(t *testing.T) {
	apps := twoApps()
	apps[1].Accounts, apps[1].Streams = []string{"acc-2"}, []string{anyOf}
	h := newTestHandler(t, Options{Apps: apps})
	two := sign(goodHead, `{"appId":"cs-2"}`, testSecret2)
	for _, c := range []struct {
		token, account, stream string
		status                 int
	}{
		{good(goodClaims), "acc-1", "st-1", 200},
		{good(goodClaims), "acc-2", "st-1", 400},
		{good(goodClaims), "acc-1", "st-2", 400},
		{good(goodClaims), "ACC-1", "st-1", 400},
		{good(goodClaims), "*", "st-1", 400},
		{good(goodClaims), "acc-1", "*", 400},
		{good(goodClaims), "acc-1,acc-2", "st-1", 400},
		{good(goodClaims), "acc-1", "st-1%00", 400},
		{good(goodClaims), "acc-1", "%2e%2e", 400},
		{two, "acc-2", "st-1", 200},
		{two, "acc-2", "st-9", 200},
		{two, "acc-2", "%00", 400}, // any stream, but none can be called so
		{two, "acc-2", "%ff", 400},
		{two, "acc-2", strings.Repeat("x", contacts.MaxScopeLen+1), 400},
		{two, "acc-1", "st-1", 400},
	} {
		r := asCaller("GET", Base+c.stream+"/contacts", "")
		r.Header.Set(HeaderToken, c.token)
		r.Header.Set(HeaderAccount, c.account)
		a := serveOne(t, h, r)
		if a.StatusCode != c.status || (c.status != 200) != (a.problem.Reason == ReasonTenant) {
			t.Errorf("%s %s: %s, want %d", c.account, c.stream, a, c.status)
		}
	}
}

func TestHeaderBounds(t *testing.T) {
	h := newTestHandler(t, Options{})
	many := func(n int) func(*http.Request) {
		return func(r *http.Request) {
			for i := len(r.Header); i < n; i++ {
				r.Header.Add("X-Many", "")
			}
		}
	}
	for name, c := range map[string]struct {
		r    *http.Request
		good bool
	}{
		"usual":          {asCaller("GET", listPath, ""), true},
		"many":           {asCaller("GET", listPath, "", many(maxHeaderLines)), true},
		"too many":       {asCaller("GET", listPath, "", many(maxHeaderLines+1)), false},
		"large":          {asCaller("GET", listPath, "", withHeader("X-Large", strings.Repeat("x", maxHeader-1000))), true},
		"too large":      {asCaller("GET", listPath, "", withHeader("X-Large", strings.Repeat("x", maxHeader))), false},
		"large name":     {asCaller("GET", listPath, "", withHeader(strings.Repeat("x", maxHeader), "")), false},
		"too large path": {asCaller("GET", listPath+"?q="+strings.Repeat("x", maxHeader), ""), false},
		"in small parts": {asCaller("GET", listPath, "", many(90), withHeader("X-A", strings.Repeat("x", 9000)), withHeader("X-A", strings.Repeat("x", 9000))), false},
	} {
		a := serveOne(t, h, c.r)
		if c.good && a.StatusCode != 200 || !c.good && (a.StatusCode != 413 || a.problem.Reason != ReasonTooLarge) {
			t.Errorf("%s: %s", name, a)
		}
	}
}

func TestHealth(t *testing.T) {
	h := newTestHandler(t, Options{})
	for method, status := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405, "OPTIONS": 405} {
		a := serveOne(t, h, httptest.NewRequest(method, pathHealth, nil))
		if a.StatusCode != status || status == 405 && a.Header.Get("Allow") != "GET, HEAD" || method == "GET" && a.body != `{"status":"ok"}`+"\n" {
			t.Errorf("%s: %s %v", method, a, a.Header)
		}
	}
	ok(t, h.store.Close())
	if a := serveOne(t, h, httptest.NewRequest("GET", pathHealth, nil)); a.StatusCode != 503 || a.problem.Reason != ReasonUnavailable {
		t.Errorf("closed: %s", a)
	}
}

func TestUnrouted(t *testing.T) {
	h := newTestHandler(t, Options{})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", Base, 404, ""},
		{"GET", Base + "st-1", 404, ""},
		{"GET", Base + "st-1/contacts/", 404, ""},
		{"GET", Base + "st-1/contacts/a/b", 404, ""},
		{"GET", "/" + Base + "st-1/contacts", 404, ""},
		{"GET", Base + "st-1//contacts", 404, ""},
		{"GET", Base + "st-1/./contacts", 404, ""},
		{"GET", Base + "x/../st-1/contacts", 404, ""},
		{"POST", Base + "x/../st-1/contacts", 404, ""},
		{"PATCH", Base + "st-1//contacts", 404, ""},
		{"GET", "//evil.example" + Base + "st-1/contacts", 404, ""},
		{"GET", strings.ToUpper(Base) + "st-1/contacts", 404, ""},
		{"PATCH", listPath, 405, "GET, HEAD, POST"},
		{"DELETE", listPath, 405, "GET, HEAD, POST"},
		{"OPTIONS", listPath, 405, "GET, HEAD, POST"},
		{"TRACE", listPath, 405, "GET, HEAD, POST"},
		{"get", listPath, 405, "GET, HEAD, POST"},
		{"POST", listPath + "/x", 405, "GET, HEAD, PUT, DELETE"},
		{"POST", listPath + "/bulk-update", 405, "PUT"},
		{"GET", listPath + "/bulk-update", 405, "PUT"},
		{"DELETE", listPath + "/bulk-update", 405, "PUT"},
		{"PUT", listPath + "/bulk-delete", 405, "DELETE"},
		{"GET", listPath + "/import-contacts", 405, "POST"},
		{"DELETE", listPath + "/%65xport", 405, "GET, HEAD"},
		{"PUT", listPath + "/x/restore", 405, "POST"},
		{"GET", listPath + "/x/restore", 405, "POST"},
	} {
		a := serveOne(t, h, asCaller(c.method, c.path, ""))
		want := ReasonNoRoute
		if c.status == 405 {
			want = ReasonMethod
		}
		if a.StatusCode != c.status || a.problem.Reason != want || a.Header.Get("Allow") != c.allow || a.Header.Get("Location") != "" {
			t.Errorf("%s %s: %s %v", c.method, c.path, a, a.Header)
		}
		bare := httptest.NewRequest(c.method, c.path, nil) // who has no token learns nothing
		if a := serveOne(t, h, bare); a.StatusCode != 401 || a.Header.Get("Allow") != "" || a.Header.Get("Location") != "" {
			t.Errorf("%s %s without a token: %s", c.method, c.path, a)
		}
	}
}

// HEAD is GET without the body.
func TestHead(t *testing.T) {
	srv := httptest.NewServer(newTestHandler(t, Options{}))
	defer srv.Close()
	for _, path := range []string{listPath, pathHealth, listPath + "/nobody"} {
		var seen [2]answered
		for i, method := range []string{"GET", "HEAD"} {
			r := asCaller(method, srv.URL+path, "")
			r.RequestURI = ""
			resp, err := srv.Client().Do(r)
			ok(t, err)
			seen[i] = readAnswer(t, resp)
		}
		if seen[0].StatusCode != seen[1].StatusCode || seen[1].body != "" || seen[0].Header.Get("Content-Type") != seen[1].Header.Get("Content-Type") {
			t.Errorf("%s: %s, HEAD %s", path, seen[0], seen[1])
		}
	}
}
