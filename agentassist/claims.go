package agentassist

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// leeway is how far the clocks of who signs a token and of the Handler may be
// apart: "exp" counts for so much longer, "nbf" and "iat" for so much earlier.
const leeway = 30 * time.Second

// maxSubject bounds the claim "sub", in bytes.
const maxSubject = 256

// maxTime bounds times in tokens: the end of the year 9999.
const maxTime = 253402300799

// judge returns the subject of a token that the app signed, or which claim is
// wrong. Claims count where they are there: "exp", "nbf" and "iat" are numbers,
// "iss" is the issuer of the app, "aud", text or a list, has an audience of the
// app. Claims that it does not know do not count.
func (t *token) judge(app *App, now time.Time) (subject, wrong string) {
	times := map[string]time.Time{}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if raw, ok := t.claims[name]; ok {
			if times[name], ok = numericDate(raw); !ok {
				return "", name
			}
		}
	}
	exp, hasExp := times["exp"]
	iat := times["iat"] // long ago, where it is not there
	switch {
	case hasExp && !now.Before(exp.Add(leeway)), !hasExp && app.RequireExp:
		return "", "exp"
	case now.Before(times["nbf"].Add(-leeway)):
		return "", "nbf"
	case now.Before(iat.Add(-leeway)), app.MaxAge > 0 && now.After(iat.Add(app.MaxAge+leeway)):
		return "", "iat"
	}
	if raw, ok := t.claims["iss"]; ok {
		if iss, ok := text(raw); !ok || iss != app.issuer() {
			return "", "iss"
		}
	}
	if raw, ok := t.claims["aud"]; ok && !app.hears(raw) {
		return "", "aud"
	}
	if raw, ok := t.claims["sub"]; ok {
		if subject, ok = text(raw); !ok || !validSubject(subject) {
			return "", "sub"
		}
	}
	return subject, ""
}

// expires returns from when on judge refuses a token that it let pass; zero
// means never.
func (t *token) expires(app *App) time.Time {
	end, ok := numericDate(t.claims["exp"])
	if ok {
		end = end.Add(leeway)
	}
	if iat, ok := numericDate(t.claims["iat"]); ok && app.MaxAge > 0 {
		if old := iat.Add(app.MaxAge + leeway); end.IsZero() || old.Before(end) {
			end = old
		}
	}
	return end
}

// issuer returns what "iss" must be.
func (a *App) issuer() string {
	if a.Issuer != "" {
		return a.Issuer
	}
	return a.ID
}

// hears reports whether a claim "aud" has one of the app's audiences.
func (a *App) hears(raw json.RawMessage) bool {
	mine := a.Audience
	if len(mine) == 0 {
		mine = []string{DefaultAudience}
	}
	if one, ok := text(raw); ok {
		return slices.Contains(mine, one)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return false
	}
	found := false
	for _, item := range list {
		one, ok := text(item)
		if !ok {
			return false
		}
		found = found || slices.Contains(mine, one)
	}
	return found
}

// validSubject judges who acts: text that prints.
func validSubject(s string) bool { return s != "" && len(s) <= maxSubject && plainText(s) }

// numericDate returns the time of a claim: seconds since 1970 as a JSON number,
// with a fraction or without.
func numericDate(raw json.RawMessage) (time.Time, bool) {
	if len(raw) == 0 || raw[0] < '0' || raw[0] > '9' { // neither text nor negative
		return time.Time{}, false
	}
	sec, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || sec > maxTime {
		return time.Time{}, false
	}
	whole, part := math.Modf(sec)
	return time.Unix(int64(whole), int64(part*1e9)), true
}
