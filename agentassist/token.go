package agentassist

import "time"

// Credentials sign tokens as an app. Its method Token is for
// ClientOptions.Token.
type Credentials struct {
	AppID    string
	Secret   string        // at least MinSecret bytes
	Subject  string        // who acts, the claim "sub"; "" leaves it out: the app acts
	Lifetime time.Duration // "exp" after "iat"; 0 means 5 minutes
	Audience string        // "aud"; "" leaves it out

	now func() time.Time // for tests
}

// Token returns a new token, signed with HS256.
func (c Credentials) Token() (string, error) { return "", nil }
