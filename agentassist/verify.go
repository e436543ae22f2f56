package agentassist

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// maxToken bounds a token, in bytes, before any of it is decoded.
const maxToken = 8 << 10

// Messages for tokens in the wrong place.
const (
	msgBearer  = `Invalid JWT token: send the token itself in the header auth, without "Bearer"`
	msgSeveral = "Invalid JWT token: send one header auth, not several"
)

// authenticate returns who the token of a request speaks for.
func (h *Handler) authenticate(r *http.Request) (caller, error) {
	switch values := r.Header.Values(HeaderToken); {
	case len(values) > 1:
		return caller{}, problem(ReasonToken, HeaderToken, msgSeveral)
	case len(values) == 1:
		return h.verify(values[0])
	case r.Header.Get("Authorization") != "":
		return caller{}, problem(ReasonToken, HeaderToken, msgBearer)
	}
	return caller{}, problem(ReasonToken, HeaderToken, "")
}

// verify judges a token: its form first, then the signature, then what it
// claims. Who has no secret cannot tell a wrong signature from an app that there
// is not, neither by the answer nor by how long it takes; what is wrong with a
// claim is told only after the signature was found good.
func (h *Handler) verify(token string) (caller, error) {
	t, ok := parseToken(token)
	if !ok {
		msg := ""
		if len(token) >= 7 && strings.EqualFold(token[:7], "Bearer ") {
			msg = msgBearer
		}
		return caller{}, problem(ReasonToken, HeaderToken, msg)
	}
	app := h.apps[t.appID]
	if !app.signed(t) {
		return caller{}, problem(ReasonCredentials, HeaderToken, "")
	}
	subject, wrong := t.judge(app, h.now())
	if wrong != "" {
		return caller{}, problem(ReasonToken, wrong, "")
	}
	if subject == "" {
		subject = app.ID
	}
	return caller{app, subject, t.expires(app)}, nil
}

// token is a token that is well formed; nothing says yet who signed it.
type token struct {
	appID  string
	claims map[string]json.RawMessage
	signed string // what the signature is of
	sig    []byte
}

// parseToken takes a token apart. It refuses more than RFC 7519 asks for: any
// algorithm but HS256; any header parameter but alg, typ ("JWT") and kid (which
// must be text and is not used: the app chooses the key); keys that are there
// twice; base64url with padding, or with bits left over.
func parseToken(s string) (token, bool) {
	if len(s) > maxToken {
		return token{}, false
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return token{}, false
	}
	var raw [3][]byte
	for i, p := range parts {
		if strings.ContainsAny(p, "\r\n") { // which package base64 skips
			return token{}, false
		}
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil || len(b) == 0 {
			return token{}, false
		}
		raw[i] = b
	}
	header, ok := strictObject(raw[0])
	if !ok || !goodHeader(header) {
		return token{}, false
	}
	t := token{signed: s[:len(parts[0])+1+len(parts[1])], sig: raw[2]}
	if t.claims, ok = strictObject(raw[1]); !ok {
		return token{}, false
	}
	if t.appID, ok = text(t.claims["appId"]); !ok || t.appID == "" {
		return token{}, false
	}
	return t, true
}

func goodHeader(header map[string]json.RawMessage) bool {
	for key, v := range header {
		value, ok := text(v)
		switch {
		case !ok:
			return false
		case key == "alg" && value == jwt.SigningMethodHS256.Alg():
		case key == "typ" && value == "JWT":
		case key == "kid":
		default:
			return false
		}
	}
	return header["alg"] != nil
}

// signed reports whether one of the app's secrets made the signature. It takes
// as long for an app with one secret as for one with two, and for no app (nil).
func (a *App) signed(t token) bool {
	keys := [2]string{noKey, noKey}
	have := 0
	if a != nil {
		have = copy(keys[:], a.Secrets)
	}
	good := false
	for i, key := range keys {
		err := jwt.SigningMethodHS256.Verify(t.signed, t.sig, []byte(key))
		good = err == nil && i < have || good
	}
	return good
}

// noKey is tried where there is no secret. Whatever it finds does not count.
const noKey = "................................"

// maxTokenDepth bounds the nesting of a token's JSON.
const maxTokenDepth = 8

// strictObject returns the members of a JSON object, as they are written. No key
// may be there twice, at any depth.
func strictObject(data []byte) (map[string]json.RawMessage, bool) {
	if !utf8.Valid(data) || !json.Valid(data) || !uniqueKeys(json.NewDecoder(bytes.NewReader(data)), 0) {
		return nil, false
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(data, &m) != nil || m == nil {
		return nil, false
	}
	return m, true
}

// uniqueKeys reads one valid value.
func uniqueKeys(d *json.Decoder, depth int) bool {
	d.UseNumber()
	start, err := d.Token()
	if err != nil || depth > maxTokenDepth {
		return false
	}
	if start != json.Delim('{') && start != json.Delim('[') {
		return true
	}
	seen := map[string]bool{}
	for d.More() {
		if start == json.Delim('{') {
			key, err := d.Token()
			name, _ := key.(string)
			if err != nil || seen[name] {
				return false
			}
			seen[name] = true
		}
		if !uniqueKeys(d, depth+1) {
			return false
		}
	}
	_, err = d.Token()
	return err == nil
}

// text returns the JSON string of a raw value.
func text(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}
