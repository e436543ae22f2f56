package agentassist

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Parts of tokens.
const (
	goodHead   = `{"alg":"HS256","typ":"JWT"}`
	goodClaims = `{"appId":"cs-1"}`
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign signs a header and claims as they are written, with HS256.
func sign(head, claims, secret string) string {
	return signWith(jwt.SigningMethodHS256, head, claims, []byte(secret))
}

func signWith(m jwt.SigningMethod, head, claims string, key any) string {
	text := b64(head) + "." + b64(claims)
	sig, err := m.Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + b64(string(sig))
}

// good signs claims of cs-1 as its owner would.
func good(claims string) string { return sign(goodHead, claims, testSecret) }

// at is a claim with a time so far from testNow.
func at(name string, d time.Duration) string {
	return fmt.Sprintf(`{"appId":"cs-1",%q:%d}`, name, testNow.Add(d).Unix())
}

type tokenCase struct {
	name, token string
	reason      Reason
}

// hostile returns tokens that must be refused, and why.
func hostile(t testing.TB) []tokenCase {
	t.Helper()
	var list []tokenCase
	add := func(name, token string, reason Reason) { list = append(list, tokenCase{name, token, reason}) }
	bad := func(name, token string) { add(name, token, ReasonToken) }          // not even looked at, or a claim is wrong
	forged := func(name, token string) { add(name, token, ReasonCredentials) } // not signed by the app

	// No algorithm, by all its names, with a signature and without.
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "NoNe", "", " none", "HS256 ", "hs256", "Hs256", "HS-256", "HS1", "HS2560"} {
		head := `{"alg":"` + alg + `","typ":"JWT"}`
		bad("alg "+alg+", signed", sign(head, goodClaims, testSecret))
		bad("alg "+alg+", unsigned", b64(head)+"."+b64(goodClaims)+".")
	}
	for name, head := range map[string]string{
		"missing": `{"typ":"JWT"}`, "null": `{"alg":null}`, "a number": `{"alg":256}`, "a list": `{"alg":["HS256"]}`,
		"an object": `{"alg":{"HS256":1}}`, "true": `{"alg":true}`, "upper-case key": `{"ALG":"HS256"}`, "nowhere": `{}`,
	} {
		bad("alg is "+name, sign(head, goodClaims, testSecret))
	}

	// Other algorithms, properly made, and their public keys taken for a secret.
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	ok(t, err)
	for _, m := range []struct {
		method jwt.SigningMethod
		key    any
	}{
		{jwt.SigningMethodRS256, rsaKey}, {jwt.SigningMethodRS512, rsaKey}, {jwt.SigningMethodPS256, rsaKey}, {jwt.SigningMethodPS384, rsaKey},
		{jwt.SigningMethodES256, ecKey}, {jwt.SigningMethodEdDSA, edKey},
		{jwt.SigningMethodHS384, []byte(testSecret)}, {jwt.SigningMethodHS512, []byte(testSecret)},
	} {
		alg := m.method.Alg()
		bad(alg+", truly", signWith(m.method, `{"alg":"`+alg+`","typ":"JWT"}`, goodClaims, m.key))
		bad(alg+" said, HS256 meant", sign(`{"alg":"`+alg+`","typ":"JWT"}`, goodClaims, testSecret))
		forged(alg+" meant, HS256 said", signWith(m.method, goodHead, goodClaims, m.key))
	}
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	ok(t, err)
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	forged("public key as a secret", sign(goodHead, goodClaims, public))
	forged("public key as a secret, DER", sign(goodHead, goodClaims, string(der)))

	// The header.
	for _, kid := range []string{"", "../../../../dev/null", "/dev/null", "cs-2", "' OR 1=1 --", "x' UNION SELECT 'key", "http://evil.example/key",
		"|/bin/true", `\u0000`, "cs-1"} {
		forged("kid "+kid+", no key", sign(`{"alg":"HS256","kid":"`+kid+`"}`, goodClaims, ""))
		forged("kid "+kid+", its own key", sign(`{"alg":"HS256","kid":"`+kid+`"}`, goodClaims, kid))
	}
	forged("kid of another app, its key", sign(`{"alg":"HS256","kid":"cs-2"}`, goodClaims, testSecret2))
	for _, member := range []string{
		`"kid":1`, `"kid":null`, `"kid":["cs-1"]`, `"kid":{}`,
		`"jku":"https://evil.example/jwks.json"`, `"jku":null`, `"x5u":"https://evil.example/cert.pem"`, `"x5c":["MIIB"]`, `"x5t":"AAAA"`, `"x5t#S256":"AAAA"`,
		`"jwk":{"kty":"oct","k":"` + b64(testSecret) + `"}`,
		`"crit":["exp"]`, `"crit":[]`, `"crit":["b64"],"b64":false`, `"b64":false`, `"b64":true`, `"zip":"DEF"`, `"zip":""`, `"enc":"A256GCM"`, `"epk":{}`,
		`"cty":"JWT"`, `"p2c":2147483647`, `"url":"/"`, `"nonce":"1"`, `"Kid":"cs-1"`, `"":""`, `"exp":1`, `"appId":"cs-1"`,
		`"typ":"JWE"`, `"typ":"jwt"`, `"typ":"at+jwt"`, `"typ":""`, `"typ":null`, `"typ":1`, `"typ":"dpop+jwt"`,
		`"alg":"HS256"`, `"alg":"none"`, `"\u0061lg":"none"`, `"typ":"JWT","typ":"JWT"`, `"kid":"a","kid":"b"`,
	} {
		bad("header with "+member, sign(`{"alg":"HS256",`+member+`}`, goodClaims, testSecret))
	}
	for name, head := range map[string]string{
		"empty": "", "a list": `["HS256"]`, "null": "null", "text": `"HS256"`, "number": "1", "broken": `{"alg":"HS256"`, "trailing": goodHead + "x",
		"two": goodHead + goodHead, "comma": `{"alg":"HS256",}`, "comment": `{"alg":"HS256"/**/}`, "BOM": "\ufeff" + goodHead, "Latin-1": "{\"alg\":\"HS256\",\"kid\":\"\xe9\"}",
		"single quotes": `{'alg':'HS256'}`, "NUL": goodHead + "\x00",
	} {
		bad("header is "+name, sign(head, goodClaims, testSecret))
	}

	// Times.
	for name, claims := range map[string]string{
		"expired":               at("exp", -time.Minute),
		"expired, at leeway":    at("exp", -leeway),
		"expired long ago":      `{"appId":"cs-1","exp":0}`,
		"not yet":               at("nbf", time.Minute),
		"not for years":         at("nbf", 24*365*time.Hour),
		"of the future":         at("iat", time.Minute),
		"of the future, leeway": at("iat", leeway+time.Second),
	} {
		bad(name, good(claims))
	}
	later := fmt.Sprint(testNow.Add(time.Hour).Unix())
	for _, name := range []string{"exp", "nbf", "iat"} {
		for _, v := range []string{`"` + later + `"`, `"NaN"`, `"Infinity"`, `""`, "1e400", "-1", "-0.5", "-1e400", "1e99", "99999999999999999999999", "true", "null",
			"[" + later + "]", `{"$numberLong":"` + later + `"}`, "253402300800"} {
			bad(name+" is "+v, good(`{"appId":"cs-1","`+name+`":`+v+`}`))
		}
	}
	for _, v := range []string{"NaN", "Infinity", "0x7fffffff", "01", "+1", "1.", ".5", "1_000", "1e", "undefined"} {
		bad("exp is "+v+", not JSON", good(`{"appId":"cs-1","exp":`+v+`}`))
	}

	// Who it is from, and for.
	for _, member := range []string{
		`"iss":"cs-2"`, `"iss":""`, `"iss":null`, `"iss":1`, `"iss":["cs-1"]`, `"iss":"CS-1"`, `"iss":"cs-1 "`,
		`"aud":"https://evil.example"`, `"aud":""`, `"aud":null`, `"aud":[]`, `"aud":["https://evil.example"]`, `"aud":{}`, `"aud":1`,
		`"aud":["` + DefaultAudience + `",1]`, `"aud":[["` + DefaultAudience + `"]]`, `"aud":"` + DefaultAudience + `/"`, `"aud":"` + DefaultAudience + ` x"`,
		`"sub":1`, `"sub":null`, `"sub":{"$ne":""}`, `"sub":["u-1"]`, `"sub":""`, `"sub":" u-1"`, `"sub":"a\nb"`, `"sub":"a\u0000"`, `"sub":"a\u202eb"`, `"sub":"\ud800"`,
		`"sub":"` + strings.Repeat("a", maxSubject+1) + `"`,
	} {
		bad("claim "+member, good(`{"appId":"cs-1",`+member+`}`))
	}

	// The app.
	for _, id := range []string{"cs-2x", "CS-1", "cs-1 ", " cs-1", `cs-1\u0000`, "cs–1", "сs-1", "cs-1\u200b", "ｃs-1", `cs-\ud800`, "*", "%", "cs_1", "cs-1/../cs-2",
		`cs-1\ufeff`, "__proto__", "' OR ''='", `cs-1\n`} {
		forged("app "+id, good(`{"appId":"`+id+`"}`))
	}
	for _, claims := range []string{`{}`, `{"appId":""}`, `{"appId":null}`, `{"appId":1}`, `{"appId":["cs-1"]}`, `{"appId":{"id":"cs-1"}}`, `{"appId":true}`,
		`{"appid":"cs-1"}`, `{"AppId":"cs-1"}`, `{"app_id":"cs-1"}`, `{"iss":"cs-1"}`, `{"sub":"cs-1"}`, `{"client_id":"cs-1"}`, `{"data":{"appId":"cs-1"}}`} {
		bad("claims "+claims, good(claims))
	}

	// Claims that are there twice, or are no object.
	for _, claims := range []string{
		`{"appId":"cs-1","appId":"cs-2"}`, `{"appId":"cs-2","appId":"cs-1"}`, `{"appId":"cs-1","\u0061ppId":"cs-1"}`, `{"appId":"cs-1","exp":` + later + `,"exp":` + later + `}`,
		`{"appId":"cs-1","a":{"b":1,"b":2}}`, `{"appId":"cs-1","a":[{"b":1,"b":2}]}`, `{"appId":"cs-1","":1,"":1}`,
		`["cs-1"]`, `"cs-1"`, `null`, `1`, ``, `{`, `{"appId":"cs-1"`, `{"appId":"cs-1"}}`, goodClaims + goodClaims, `{"appId":"cs-1",}`, goodClaims + "\x00", "\ufeff" + goodClaims,
		"{\"appId\":\"cs-1\",\"x\":\"\xff\"}", `{"appId":"cs-1","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
		`{"appId":"cs-1","x":` + strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9) + `}`, "appId=cs-1", "<appId>cs-1</appId>",
	} {
		bad("claims "+claims, good(claims))
	}

	// The form.
	token := good(goodClaims)
	part := strings.Split(token, ".")
	head, claims, sig := part[0], part[1], part[2]
	for name, s := range map[string]string{
		"empty": "", "one dot": ".", "two dots": "..", "three dots": "...", "no dots": "abc", "one part": head, "two parts": head + "." + claims,
		"no signature": head + "." + claims + ".", "no claims": head + ".." + sig, "no header": "." + claims + "." + sig,
		"four parts": token + "." + sig, "dot behind": token + ".", "dot in front": "." + token, "five parts": token + "." + sig + "." + sig,
		"JWE":        b64(`{"alg":"dir","enc":"A256GCM"}`) + ".." + b64("iviviviviviv") + "." + b64("text") + "." + b64("tagtagtagtagtagt"),
		"JSON form":  `{"payload":"` + claims + `","protected":"` + head + `","signature":"` + sig + `"}`,
		"space in":   head + ". " + claims + "." + sig,
		"space":      token + " ",
		"in front":   " " + token,
		"newline":    token + "\n",
		"newline in": head + "." + claims[:4] + "\n" + claims[4:] + "." + sig,
		"CR LF in":   head + "." + claims + ".\r\n" + sig,
		"tab":        "\t" + token,
		"NUL":        token + "\x00",
		"padding":    head + "." + claims + "." + sig + "=",
		"paddings":   base64.URLEncoding.EncodeToString([]byte(goodHead+" ")) + "." + claims + "." + sig,
		"standard":   head + "." + base64.RawStdEncoding.EncodeToString([]byte(`{"appId":"cs-1","x":"???>>>"}`)) + "." + sig,
		"percent":    strings.ReplaceAll(token, ".", "%2E"),
		"full width": strings.ReplaceAll(token, ".", "．"),
		"comma":      strings.ReplaceAll(token, ".", ","),
		"twice":      token + "," + token,
		"quoted":     `"` + token + `"`,
		"Bearer":     "Bearer " + token,
		"bearer":     "bearer " + token,
		"JWT":        "JWT " + token,
		"auth=":      "auth=" + token,
		"1 MB":       head + "." + b64(`{"appId":"cs-1","x":"`+strings.Repeat("x", 1<<20)+`"}`) + "." + sig,
		"1 MB dots":  strings.Repeat(".", 1<<20),
		"1 MB sig":   head + "." + claims + "." + strings.Repeat("A", 1<<20),
		"8 KB and 1": good(`{"appId":"cs-1","x":"` + strings.Repeat("x", 6100) + `"}`),
		"nested":     good(`"` + token + `"`),
		"nested cty": sign(`{"alg":"HS256","cty":"JWT"}`, token, testSecret),
		"not Base64": "@@@." + claims + "." + sig,
		"odd length": head + "." + claims + "." + sig + "AA",
	} {
		bad("form: "+name, s)
	}
	// The last character of a signature of 32 bytes has two bits left over.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, sig[len(sig)-1])
	for bits := 1; bits < 4; bits++ {
		bad(fmt.Sprint("form: bits left over ", bits), token[:len(token)-1]+string(alphabet[last|bits]))
	}

	// Signatures.
	other := strings.Split(good(`{"appId":"cs-1","sub":"u-1"}`), ".")
	for name, s := range map[string]string{
		"of another token":    head + "." + claims + "." + other[2],
		"claims of another":   head + "." + other[1] + "." + sig,
		"header of another":   b64(`{"typ":"JWT","alg":"HS256"}`) + "." + claims + "." + sig,
		"of another app":      sign(goodHead, goodClaims, testSecret2),
		"another app's":       sign(goodHead, `{"appId":"cs-2"}`, testSecret),
		"of no key":           sign(goodHead, goodClaims, ""),
		"of the stand-in key": sign(goodHead, goodClaims, noKey),
		"stand-in, no app":    sign(goodHead, `{"appId":"cs-9"}`, noKey),
		"no key, no app":      sign(goodHead, `{"appId":"cs-9"}`, ""),
		"of the ID":           sign(goodHead, goodClaims, "cs-1"),
		"upper-case secret":   sign(goodHead, goodClaims, strings.ToUpper(testSecret)),
		"secret and newline":  sign(goodHead, goodClaims, testSecret+"\n"),
		"secret cut":          sign(goodHead, goodClaims, testSecret[:31]),
		"secret as Base64":    sign(goodHead, goodClaims, b64(testSecret)),
		"a removed secret":    sign(goodHead, goodClaims, strings.Repeat("old-", 8)),
		"of the claims only":  head + "." + claims + "." + mac(claims),
		"without the dot":     head + "." + claims + "." + mac(head+claims),
		"of the decoded":      head + "." + claims + "." + mac(goodHead+"."+goodClaims),
		"truncated":           token[:len(token)-3],
		"half":                head + "." + claims + "." + b64(string(raw(sig)[:16])),
		"one byte":            head + "." + claims + "." + b64(string(raw(sig)[:1])),
		"longer":              head + "." + claims + "." + b64(string(raw(sig))+"\x00"),
		"twice":               head + "." + claims + "." + b64(string(raw(sig))+string(raw(sig))),
		"zeros":               head + "." + claims + "." + b64(strings.Repeat("\x00", 32)),
		"last bit":            head + "." + claims + "." + b64(flip(raw(sig), 31)),
		"first bit":           head + "." + claims + "." + b64(flip(raw(sig), 0)),
		"hexadecimal":         head + "." + claims + "." + b64(fmt.Sprintf("%x", raw(sig))),
		"expired, forged":     sign(goodHead, at("exp", -time.Hour), testSecret2),
		"odd exp, forged":     sign(goodHead, `{"appId":"cs-1","exp":"x"}`, testSecret2),
	} {
		forged("signature "+name, s)
	}
	return list
}

func mac(text string) string {
	sig, _ := jwt.SigningMethodHS256.Sign(text, []byte(testSecret))
	return b64(string(sig))
}

func raw(s string) []byte {
	b, _ := base64.RawURLEncoding.DecodeString(s)
	return b
}

func flip(b []byte, i int) string {
	b[i] ^= 1
	return string(b)
}

func TestHostileTokens(t *testing.T) {
	h := newTestHandler(t, Options{Apps: twoApps()})
	list := hostile(t)
	if len(list) < 120 {
		t.Errorf("%d hostile tokens, want at least 120", len(list))
	}
	for _, c := range list {
		got, err := h.verify(c.token)
		if err == nil {
			t.Errorf("%s: passed as %s of %s", c.name, got.subject, got.app.ID)
			continue
		}
		if got.app != nil || got.subject != "" {
			t.Errorf("%s: refused, but %v was returned", c.name, got)
		}
		p := problemOf(t, err)
		if p.Reason != c.reason {
			t.Errorf("%s: reason %s, want %s", c.name, p.Reason, c.reason)
		}
		if strings.Contains(err.Error()+p.Field, testSecret) || len(err.Error()) > 200 {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	t.Logf("%d hostile tokens", len(list))
}
