package agentassist

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/callerbook/contacts"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// twoApps are cs-1 and cs-2, which is another program's.
func twoApps() []App {
	two := testApp()
	two.ID, two.Secrets = "cs-2", []string{testSecret2}
	return []App{testApp(), two}
}

// problemOf returns the one problem of an error.
func problemOf(t testing.TB, err error) Problem {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) != 1 {
		t.Fatalf("%v: want an Error with one problem", err)
	}
	return e.Problems[0]
}

func TestGoodTokens(t *testing.T) {
	app := testApp()
	app.Secrets = append(app.Secrets, testSecret2)
	own := testApp()
	own.ID, own.Secrets, own.Issuer, own.Audience = "Störung/cs 2", []string{strings.Repeat("ü", 16)}, "https://id.example", []string{"a", "b"}
	h := newTestHandler(t, Options{Apps: []App{app, own}})
	signOwn := func(claims string) string { return sign(goodHead, claims, own.Secrets[0]) }
	for name, c := range map[string]struct{ token, subject string }{
		"least":                {good(goodClaims), "cs-1"},
		"second secret":        {sign(goodHead, goodClaims, testSecret2), "cs-1"},
		"no typ":               {sign(`{"alg":"HS256"}`, goodClaims, testSecret), "cs-1"},
		"order":                {sign(`{"typ":"JWT","alg":"HS256"}`, goodClaims, testSecret), "cs-1"},
		"spaces in JSON":       {sign(" {\n\"alg\" : \"HS256\"\t} ", " { \"appId\" : \"cs-1\" } ", testSecret), "cs-1"},
		"escapes in JSON":      {sign(`{"\u0061lg":"HS\u0032\u0035\u0036"}`, `{"app\u0049d":"cs\u002d1"}`, testSecret), "cs-1"},
		"kid":                  {sign(`{"alg":"HS256","kid":"key-1"}`, goodClaims, testSecret), "cs-1"},
		"kid of another":       {sign(`{"alg":"HS256","kid":"Störung/cs 2"}`, goodClaims, testSecret), "cs-1"},
		"kid empty":            {sign(`{"alg":"HS256","kid":""}`, goodClaims, testSecret), "cs-1"},
		"kid is a path":        {sign(`{"alg":"HS256","kid":"../../dev/null"}`, goodClaims, testSecret), "cs-1"},
		"sub":                  {good(`{"appId":"cs-1","sub":"u-1"}`), "u-1"},
		"sub with spaces":      {good(`{"appId":"cs-1","sub":"Jörg Müller"}`), "Jörg Müller"},
		"sub an address":       {good(`{"appId":"cs-1","sub":"agent@example.com"}`), "agent@example.com"},
		"sub longest":          {good(`{"appId":"cs-1","sub":"` + strings.Repeat("a", maxSubject) + `"}`), strings.Repeat("a", maxSubject)},
		"exp":                  {good(at("exp", time.Minute)), "cs-1"},
		"exp within leeway":    {good(at("exp", 1*time.Second-leeway)), "cs-1"},
		"exp with a fraction":  {good(fmt.Sprintf(`{"appId":"cs-1","exp":%d.75}`, testNow.Unix()+5)), "cs-1"},
		"exp as an exponent":   {good(`{"appId":"cs-1","exp":4.1e9}`), "cs-1"},
		"exp at the last":      {good(`{"appId":"cs-1","exp":253402300799}`), "cs-1"},
		"nbf":                  {good(at("nbf", -time.Minute)), "cs-1"},
		"nbf now":              {good(at("nbf", 0)), "cs-1"},
		"nbf within leeway":    {good(at("nbf", leeway)), "cs-1"},
		"nbf 0":                {good(`{"appId":"cs-1","nbf":0}`), "cs-1"},
		"iat":                  {good(at("iat", -time.Hour)), "cs-1"},
		"iat within leeway":    {good(at("iat", leeway)), "cs-1"},
		"iat long ago":         {good(`{"appId":"cs-1","iat":1}`), "cs-1"},
		"iss":                  {good(`{"appId":"cs-1","iss":"cs-1"}`), "cs-1"},
		"aud":                  {good(`{"appId":"cs-1","aud":"` + DefaultAudience + `"}`), "cs-1"},
		"aud in a list":        {good(`{"appId":"cs-1","aud":["x","` + DefaultAudience + `"]}`), "cs-1"},
		"hosted documentation": {good(`{"iat":1772366000,"exp":1772367000,"aud":"` + DefaultAudience + `","iss":"cs-1","sub":"user@example.com","isAnonymous":false,"appId":"cs-1"}`), "user@example.com"},
		"other claims":         {good(`{"appId":"cs-1","jti":"1","x":{"y":[1,{"z":null}]},"userIdentity":"a","X":1,"x ":1}`), "cs-1"},
		"nearly 8 KB":          {good(`{"appId":"cs-1","x":"` + strings.Repeat("x", 6000) + `"}`), "cs-1"},
		"own issuer":           {signOwn(`{"appId":"Störung/cs 2","iss":"https://id.example"}`), "Störung/cs 2"},
		"own audience":         {signOwn(`{"appId":"Störung/cs 2","aud":["c","b"]}`), "Störung/cs 2"},
		"own audience, alone":  {signOwn(`{"appId":"Störung/cs 2","aud":"a"}`), "Störung/cs 2"},
	} {
		got, err := h.verify(c.token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.subject != c.subject {
			t.Errorf("%s: subject %q, want %q", name, got.subject, c.subject)
		}
	}
	for name, token := range map[string]string{
		"default issuer":   signOwn(`{"appId":"Störung/cs 2","iss":"Störung/cs 2"}`),
		"default audience": signOwn(`{"appId":"Störung/cs 2","aud":"` + DefaultAudience + `"}`),
	} {
		if _, err := h.verify(token); err == nil {
			t.Errorf("%s passed where the app has its own", name)
		}
	}
}

// A secret that was taken away opens nothing.
func TestSecretRemoved(t *testing.T) {
	app := testApp()
	token := good(goodClaims)
	for _, c := range []struct {
		secrets []string
		good    bool
	}{
		{[]string{testSecret}, true}, {[]string{testSecret, testSecret2}, true}, {[]string{testSecret2, testSecret}, true}, {[]string{testSecret2}, false},
	} {
		app.Secrets = c.secrets
		_, err := newTestHandler(t, Options{Apps: []App{app}}).verify(token)
		if (err == nil) != c.good {
			t.Errorf("%d secrets, the token's among them %v: %v", len(c.secrets), c.good, err)
		}
	}
}

func TestRequireExpAndMaxAge(t *testing.T) {
	app := testApp()
	app.RequireExp, app.MaxAge = true, time.Hour
	h := newTestHandler(t, Options{Apps: []App{app}})
	both := func(iat, exp time.Duration) string {
		return good(fmt.Sprintf(`{"appId":"cs-1","iat":%d,"exp":%d}`, testNow.Add(iat).Unix(), testNow.Add(exp).Unix()))
	}
	for _, c := range []struct{ name, token, field string }{
		{"both", both(-time.Minute, time.Minute), ""},
		{"as old as may be", both(-time.Hour-leeway, time.Minute), ""},
		{"too old", both(-time.Hour-leeway-time.Second, time.Minute), "iat"},
		{"no exp", good(at("iat", 0)), "exp"},
		{"no iat", good(at("exp", time.Minute)), "iat"},
		{"neither", good(goodClaims), "exp"},
	} {
		_, err := h.verify(c.token)
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.field != "" && err == nil:
			t.Errorf("%s passed", c.name)
		case c.field != "":
			if p := problemOf(t, err); p.Field != c.field || p.Reason != ReasonToken {
				t.Errorf("%s: %+v, want field %s", c.name, p, c.field)
			}
		}
	}
}

// A token passes until the time that it is said to expire, and not after.
func TestExpires(t *testing.T) {
	app := testApp()
	app.MaxAge = time.Hour
	now := testNow
	aged := newTestHandler(t, Options{Apps: []App{app}, Book: contacts.Options{Now: func() time.Time { return now }}})
	plain := newTestHandler(t, Options{Book: contacts.Options{Now: func() time.Time { return now }}})
	both := fmt.Sprintf(`{"appId":"cs-1","iat":%d,"exp":%d}`, testNow.Unix(), testNow.Add(2*time.Hour).Unix())
	for _, c := range []struct {
		h      *Handler
		claims string
		after  time.Duration // 0: never
	}{
		{plain, goodClaims, 0},
		{plain, at("iat", 0), 0},
		{plain, at("exp", time.Minute), time.Minute + leeway},
		{plain, both, 2*time.Hour + leeway},
		{aged, at("iat", 0), time.Hour + leeway},
		{aged, both, time.Hour + leeway},
		{aged, fmt.Sprintf(`{"appId":"cs-1","iat":%d,"exp":%d}`, testNow.Unix(), testNow.Unix()+60), time.Minute + leeway},
	} {
		now = testNow
		who, err := c.h.verify(good(c.claims))
		ok(t, err)
		if c.after == 0 {
			if !who.expires.IsZero() {
				t.Errorf("%s: expires %v", c.claims, who.expires)
			}
			continue
		}
		if !who.expires.Equal(testNow.Add(c.after)) {
			t.Errorf("%s: expires %v, want %v", c.claims, who.expires, testNow.Add(c.after))
		}
		now = who.expires.Add(-1)
		if _, err := c.h.verify(good(c.claims)); err != nil {
			t.Errorf("%s: before it expires: %v", c.claims, err)
		}
		now = who.expires.Add(1)
		if _, err := c.h.verify(good(c.claims)); err == nil {
			t.Errorf("%s: passes after it expired", c.claims)
		}
	}
}

// Who does not have the secret learns the same about an app that there is and
// one that there is not.
func TestNoAppOrWrongSignature(t *testing.T) {
	h := newTestHandler(t, Options{})
	var seen []string
	for _, token := range []string{
		sign(goodHead, goodClaims, testSecret2), sign(goodHead, `{"appId":"cs-9"}`, testSecret2), sign(goodHead, at("exp", -time.Hour), testSecret2),
		sign(goodHead, `{"appId":"cs-9"}`, noKey),
	} {
		_, err := h.verify(token)
		text, _ := json.Marshal(problemOf(t, err))
		seen = append(seen, string(text))
	}
	for _, s := range seen[1:] {
		if s != seen[0] {
			t.Errorf("%s differs from %s", s, seen[0])
		}
	}
}

func TestTokenHeaders(t *testing.T) {
	h := newTestHandler(t, Options{})
	token := good(goodClaims)
	for _, c := range []struct {
		name    string
		headers [][2]string
		field   string
		msg     string // part of it
	}{
		{"good", [][2]string{{"auth", token}}, "", ""},
		{"any case", [][2]string{{"AUTH", token}}, "", ""},
		{"a proxy's Authorization", [][2]string{{"auth", token}, {"Authorization", "Basic eDp5"}}, "", ""},
		{"none", nil, HeaderToken, ""},
		{"empty", [][2]string{{"auth", ""}}, HeaderToken, ""},
		{"Bearer", [][2]string{{"auth", "Bearer " + token}}, HeaderToken, `without "Bearer"`},
		{"bearer", [][2]string{{"auth", "bEARER " + token}}, HeaderToken, `without "Bearer"`},
		{"Authorization", [][2]string{{"Authorization", "Bearer " + token}}, HeaderToken, `without "Bearer"`},
		{"Authorization alone", [][2]string{{"Authorization", token}}, HeaderToken, `in the header auth`},
		{"two", [][2]string{{"auth", token}, {"auth", token}}, HeaderToken, "not several"},
		{"two, one empty", [][2]string{{"auth", ""}, {"auth", token}}, HeaderToken, "not several"},
	} {
		r := httptest.NewRequest("GET", Base+"st-1/contacts", nil)
		for _, kv := range c.headers {
			r.Header.Add(kv[0], kv[1])
		}
		_, err := h.authenticate(r)
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s passed", c.name)
			continue
		}
		p := problemOf(t, err)
		if p.Reason != ReasonToken || p.Field != c.field || !strings.Contains(p.Msg, c.msg) || strings.Contains(p.Msg, token) {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

// FuzzVerify: what passes was signed with the secret, as it stands.
func FuzzVerify(f *testing.F) {
	for _, c := range hostile(f) {
		if len(c.token) < 2000 {
			f.Add(c.token, "", "")
		}
	}
	f.Add(good(goodClaims), "", "")
	f.Add("", goodHead, goodClaims)
	f.Add("", `{"alg":"HS256","kid":"a"}`, at("exp", time.Hour))
	h := newTestHandler(f, Options{})
	f.Fuzz(func(t *testing.T, token, head, claims string) {
		if token == "" { // signed, whatever it says
			token = sign(head, claims, testSecret)
		}
		who, err := h.verify(token)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || len(e.Problems) != 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		i := strings.LastIndexByte(token, '.')
		if mac(token[:i]) != token[i+1:] {
			t.Fatalf("%q passed unsigned", token)
		}
		if who.app.ID != "cs-1" || who.subject == "" {
			t.Fatalf("%q passed as %v", token, who)
		}
		// The library, which is less strict, agrees.
		_, err = jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(h.now), jwt.WithLeeway(leeway+time.Second), jwt.WithIssuedAt(), jwt.WithStrictDecoding()).
			Parse(token, func(*jwt.Token) (any, error) { return []byte(testSecret), nil })
		if err != nil {
			t.Fatalf("%q passed, but jwt says %v", token, err)
		}
	})
}
