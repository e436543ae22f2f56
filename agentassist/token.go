package agentassist

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Credentials sign tokens as an app. Its method Token is for
// ClientOptions.Token. It may be used from many goroutines at once.
type Credentials struct {
	AppID    string
	Secret   string        // at least MinSecret bytes
	Subject  string        // who acts, the claim "sub"; "" leaves it out: the app acts
	Lifetime time.Duration // "exp" after "iat", a second at least; 0 means 5 minutes
	Audience string        // "aud"; "" leaves it out

	now func() time.Time // for tests
}

const defaultLifetime = 5 * time.Minute

// Token returns a new token, signed with HS256: claims "appId", "iat", "exp",
// and "sub" and "aud" where the credentials have them.
func (c Credentials) Token() (string, error) {
	if err := checkAppID(c.AppID); err != nil {
		return "", fmt.Errorf("agentassist: credentials: %w", err)
	}
	lifetime := c.Lifetime
	if lifetime == 0 {
		lifetime = defaultLifetime
	}
	switch {
	case len(c.Secret) < MinSecret:
		return "", fmt.Errorf("agentassist: credentials: the secret has %d bytes, but must have at least %d", len(c.Secret), MinSecret)
	case lifetime < time.Second:
		return "", fmt.Errorf("agentassist: credentials: Lifetime is %v, but must be a second at least", lifetime)
	case c.Subject != "" && !validSubject(c.Subject):
		return "", fmt.Errorf("agentassist: credentials: Subject must be at most %d bytes of text that prints", maxSubject)
	}
	now := time.Now
	if c.now != nil {
		now = c.now
	}
	issued := now().Truncate(time.Second)
	claims := jwt.MapClaims{"appId": c.AppID, "iat": issued.Unix(), "exp": issued.Add(lifetime).Unix()}
	if c.Subject != "" {
		claims["sub"] = c.Subject
	}
	if c.Audience != "" {
		claims["aud"] = c.Audience
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(c.Secret))
	switch {
	case err != nil:
		return "", errors.New("agentassist: credentials: signing failed")
	case len(token) > maxToken:
		return "", fmt.Errorf("agentassist: credentials: the token would have %d bytes, but may have at most %d: shorten Audience", len(token), maxToken)
	}
	return token, nil
}

// Format shows the credentials without the secret, whatever the verb.
func (c Credentials) Format(s fmt.State, verb rune) {
	type credentials struct { // without methods
		AppID, Secret, Subject string
		Lifetime               time.Duration
		Audience               string
	}
	fmt.Fprintf(s, fmt.FormatString(s, verb), credentials{c.AppID, hidden, c.Subject, c.Lifetime, c.Audience})
}

// LogValue shows the credentials without the secret.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("appId", c.AppID), slog.String("subject", c.Subject), slog.Duration("lifetime", c.Lifetime))
}
