package agentassist

import (
	"log/slog"
	"time"

	"github.com/callerbook/contacts"
)

// Options of a Handler. The zero value serves nobody: Apps says who may call.
type Options struct {
	// Apps are the programs that may call. New refuses two of the same ID, a
	// secret that is too short, and none at all.
	Apps []App

	// Book is how the books are opened, one for each account and stream. Its
	// Rules and Actor do not count: the API's rules are applied always, and
	// who writes is the subject of the token, or its app.
	Book contacts.Options

	// Extended reads and writes the fields of a contact that the API does
	// not have: phones, emails, organization, title, notes, tags, custom,
	// clientRef, input, unverified, deletedAt, mergedInto, mergedFrom. Without
	// it they are ignored in requests, left as they are by updates, and not
	// shown.
	Extended bool

	// Strict answers with the status codes of the HTTP specifications where
	// the hosted service has its own: 201 for what was created, 403 for a
	// missing API scope, 404 for what is not there, 415 for a media type that
	// is not JSON, 422 for a contact that breaks the rules, 428 for an update
	// or deletion without If-Match. See Reason.
	Strict bool

	// Bounds on a request. 0 is the default. What is beyond is refused
	// with 413, and so is JSON of more than 64 values for each of MaxRows, or
	// of more than a million if that is more. A bulk update refuses the rows for
	// which its answer has no room: 64 MiB, or 4 KiB for each of MaxRows if that is
	// more. Of calls with more than 64 KiB four of an app are carried out at
	// once; others wait.
	MaxBody int64 // bytes of a body; default 8 MiB, at most 64 MiB
	MaxRows int   // contacts of a call; default 10,000, at most contacts.MaxWrites

	// ReadTimeout is how long a request may take to arrive, headers and body
	// each; default 30 s. WriteTimeout is how long an answer may take to be
	// taken; default 60 s, and for each part of a stream (export, events).
	// Handler sets them on its connections; what came before the
	// handler was called is bounded by Serve, or by the host's own http.Server.
	ReadTimeout, WriteTimeout time.Duration

	// RatePerMinute bounds the calls of an app on an account; 0 is no bound.
	// What is beyond gets 429 and Retry-After. A minute's worth may come at
	// once.
	RatePerMinute int

	// AllowOrigins are the web origins ("https://desk.example.com") whose
	// pages may call; "*" is any. Without it no page of another origin may.
	AllowOrigins []string

	// AllowHosts are further values of the Host header that are taken on a
	// loopback address, beside localhost and the address itself: a page that
	// has its own name point to 127.0.0.1 must not reach the book.
	AllowHosts []string

	// Log, when not nil, gets a line a request: method, route, status,
	// duration, bytes, app, account, stream, request id; and errors that are
	// not the caller's. Never a token, a name or a whole number.
	Log *slog.Logger
}

// App is a program that may call the API: what the hosted service calls a JWT
// app. Its tokens name it by the claim "appId". Their times ("exp", "nbf", "iat")
// are enforced where they are there, with 30 seconds for clocks that differ. The
// header of a token is alg (HS256), typ ("JWT") and kid, which is not used: the app
// has the keys. Any other parameter is refused.
//
// Printing or logging an App does not show its secrets; encoding it as JSON does.
type App struct {
	ID string `json:"id"` // client id

	// Secrets are the keys that its tokens are signed with, HS256: one, or two
	// while one replaces the other. Each has at least MinSecret bytes.
	Secrets []string `json:"secrets"`

	// Accounts, Streams and Scopes are what it may use: account ids, stream
	// ids, and API scopes ("Configuration"). "*" is any account or stream.
	Accounts []string `json:"accounts"`
	Streams  []string `json:"streams"`
	Scopes   []string `json:"scopes"`

	// Issuer and Audience are what the claims "iss" and "aud" must be where a
	// token has them. Defaults: the ID; DefaultAudience.
	Issuer   string   `json:"issuer,omitempty"`
	Audience []string `json:"audience,omitempty"`

	RequireExp bool          `json:"requireExp,omitempty"` // refuse tokens without "exp"
	MaxAge     time.Duration `json:"maxAge,omitempty"`     // refuse tokens whose "iat" is older, or missing; 0: any. In nanoseconds
}

// MinSecret is the least number of bytes of a secret: as many as the hash of
// HS256 has (RFC 7518, section 3.2).
const MinSecret = 32

// DefaultAudience is what the hosted service's documentation puts into "aud".
const DefaultAudience = "https://idproxy.kore.ai/authorize"

const (
	defaultMaxBody      = 8 << 20
	limitMaxBody        = 64 << 20
	defaultMaxRows      = 10_000
	defaultReadTimeout  = 30 * time.Second
	defaultWriteTimeout = 60 * time.Second
	maxHeader           = 16 << 10 // bytes of all headers, the token among them
)

// DefaultPage and MaxPage bound the "limit" of a list.
const (
	DefaultPage = 10
	MaxPage     = contacts.MaxLimit
)
