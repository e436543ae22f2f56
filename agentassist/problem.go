package agentassist

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// Reason is why a call failed, for programs. Reasons are stable. For a field
// that breaks a rule it is that of package contacts ("missing", "character",
// "country_code", ..).
type Reason string

// The reasons of this package.
const (
	ReasonToken          Reason = "invalid_token"         // missing, malformed, expired, not for here
	ReasonCredentials    Reason = "invalid_credentials"   // no such app, or not signed with its secret
	ReasonScope          Reason = "scope"                 // the app lacks the API scope
	ReasonTenant         Reason = "unknown_stream"        // no such account and stream, or not the app's
	ReasonNotFound       Reason = "not_found"             // no such contact
	ReasonMalformed      Reason = "malformed"             // the body is not JSON, CSV, a form; the detail says where
	ReasonNotArray       Reason = "not_an_array"          // "body must be an array"
	ReasonNoRows         Reason = "no_rows"               // an empty array
	ReasonParameter      Reason = "parameter"             // a query parameter, header or cursor
	ReasonDuplicate      Reason = "duplicate_number"      // another contact has the number; see Problem.HolderID
	ReasonMerged         Reason = "merged"                // the contact was merged into another
	ReasonDeleted        Reason = "deleted"               // the contact is deleted: restore it first
	ReasonPrecondition   Reason = "precondition_failed"   // If-Match names another revision
	ReasonNoPrecondition Reason = "precondition_required" // If-Match is missing (Strict)
	ReasonTooLarge       Reason = "too_large"             // body, rows or headers
	ReasonMediaType      Reason = "media_type"            // not application/json (Strict), no form with a boundary
	ReasonKeyReused      Reason = "idempotency_key"       // the key was used for another request
	ReasonConflict       Reason = "conflict"              // somebody else changed it meanwhile
	ReasonGone           Reason = "gone"                  // events that were trimmed: list anew
	ReasonMethod         Reason = "method"                // Allow says which there are
	ReasonNoRoute        Reason = "no_such_path"          //
	ReasonOrigin         Reason = "origin"                // Host or Origin is not allowed
	ReasonRate           Reason = "rate"                  // Retry-After says when
	ReasonTimeout        Reason = "timeout"               // the body did not arrive in time
	ReasonReadOnly       Reason = "read_only"             //
	ReasonUnavailable    Reason = "unavailable"           // closing, or busy with the store
	ReasonUnknownOutcome Reason = "outcome_unknown"       // the disk failed in the middle: it may have been done
	ReasonInternal       Reason = "internal"              // the log has it, by request id
)

// codeAuth is the code of the hosted service for whatever is wrong with a token.
const codeAuth = 4002

// kinds is the one table of what a reason looks like on the wire.
var kinds = map[Reason]struct {
	status int    // as the hosted service
	strict int    // with Options.Strict, and Problem.Code; 0: as status
	msg    string // where the detail is not for the caller
}{
	ReasonToken:          {status: http.StatusUnauthorized, msg: "Invalid JWT token"},
	ReasonCredentials:    {status: http.StatusUnauthorized, msg: "Invalid SDK credentials"},
	ReasonScope:          {status: http.StatusUnauthorized, strict: http.StatusForbidden, msg: "Permission denied. Scope is incorrect!"},
	ReasonTenant:         {status: http.StatusBadRequest, strict: http.StatusNotFound, msg: "no such account and stream"},
	ReasonNotFound:       {status: http.StatusBadRequest, strict: http.StatusNotFound},
	ReasonMalformed:      {status: http.StatusBadRequest},
	ReasonNotArray:       {status: http.StatusPreconditionFailed, strict: http.StatusUnprocessableEntity, msg: "body must be an array"},
	ReasonNoRows:         {status: http.StatusPreconditionFailed, strict: http.StatusUnprocessableEntity, msg: "the array has no contacts"},
	ReasonParameter:      {status: http.StatusPreconditionFailed, strict: http.StatusUnprocessableEntity},
	ReasonDuplicate:      {status: http.StatusConflict},
	ReasonMerged:         {status: http.StatusConflict},
	ReasonPrecondition:   {status: http.StatusPreconditionFailed},
	ReasonNoPrecondition: {status: http.StatusPreconditionRequired, msg: "If-Match is missing: send the ETag of the contact"},
	ReasonTooLarge:       {status: http.StatusRequestEntityTooLarge},
	ReasonMediaType:      {status: http.StatusUnsupportedMediaType},
	ReasonKeyReused:      {status: http.StatusConflict, strict: http.StatusUnprocessableEntity, msg: "this Idempotency-Key was used for another request"},
	ReasonConflict:       {status: http.StatusConflict},
	ReasonGone:           {status: http.StatusGone},
	ReasonMethod:         {status: http.StatusMethodNotAllowed, msg: "this path does not have that method: see Allow"},
	ReasonNoRoute:        {status: http.StatusNotFound, msg: "there is no such path: see /openapi.json"},
	ReasonOrigin:         {status: http.StatusForbidden},
	ReasonRate:           {status: http.StatusTooManyRequests, msg: "too many requests: wait for as long as Retry-After says"},
	ReasonTimeout:        {status: http.StatusRequestTimeout, msg: "the body did not arrive in time"},
	ReasonReadOnly:       {status: http.StatusForbidden, msg: "the book is open for reading only"},
	ReasonUnavailable:    {status: http.StatusServiceUnavailable, msg: "not available at the moment: try again"},
	ReasonUnknownOutcome: {status: http.StatusServiceUnavailable, msg: "the outcome is unknown: look whether it was done, or repeat it with the same Idempotency-Key"},
	ReasonInternal:       {status: http.StatusInternalServerError, msg: "internal error: the server's log has it under the request id"},
}

// kindField is the kind of any reason that is not in kinds: a field that breaks
// a rule.
const (
	statusField       = http.StatusPreconditionFailed
	statusFieldStrict = http.StatusUnprocessableEntity
)

// status returns the status code of a reason.
func (r Reason) status(strict bool) int {
	k, ok := kinds[r]
	switch {
	case !ok && strict:
		return statusFieldStrict
	case !ok:
		return statusField
	case strict && k.strict != 0:
		return k.strict
	}
	return k.status
}

// code returns Problem.Code.
func (r Reason) code() int {
	switch r {
	case ReasonToken, ReasonCredentials, ReasonScope:
		return codeAuth
	}
	return r.status(true)
}

// Problem is one thing that is wrong with a call, as it stands in the body:
//
//	{"errors":[{"msg":"..","code":409,"reason":"duplicate_number","field":"cellPhone.phoneNumber","index":0,"holderId":".."}]}
type Problem struct {
	Msg      string `json:"msg"`  // for people; numbers, names and addresses are masked
	Code     int    `json:"code"` // 4002 for what is wrong with a token, else the status of Strict
	Reason   Reason `json:"reason"`
	Field    string `json:"field,omitempty"`    // JSON path, column, parameter or header
	Index    *int   `json:"index,omitempty"`    // of the contact in an array, of the row in a file, from 0
	HolderID string `json:"holderId,omitempty"` // of the contact that has the number, or that lives on after a merge
	Earlier  *int   `json:"earlier,omitempty"`  // index of the earlier contact of the call that has the number
	Restart  string `json:"restart,omitempty"`  // of ReasonGone: list the contacts, then ask for the events after this
}

// Error is a call that was refused, as the Client returns it and as the Handler
// writes it. errors.Is finds the sentinel of package contacts that a reason
// stands for: contacts.ErrDuplicateNumber, ErrNotFound, ErrConflict, ErrMerged,
// ErrInvalid, ErrOpReused, ErrTrimmed, ErrReadOnly, ErrCommitUnknown.
type Error struct {
	Status     int       // of HTTP
	Problems   []Problem // at least one from a Handler; none where the body was not the API's
	RequestID  string
	RetryAfter time.Duration // of 429 and 503; 0 where the header was missing
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "agentassist: %d %s", e.Status, http.StatusText(e.Status))
	for i, p := range e.Problems {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", len(e.Problems)-i)
			break
		}
		b.WriteString(map[bool]string{true: ": ", false: "; "}[i == 0])
		if p.Index != nil {
			fmt.Fprintf(&b, "item %d: ", *p.Index)
		}
		b.WriteString(p.Msg)
	}
	return b.String()
}

// Is makes errors.Is find the sentinels of package contacts.
func (e *Error) Is(target error) bool {
	for _, p := range e.Problems {
		if p.Reason.sentinel() == target {
			return target != nil
		}
	}
	return false
}

func (r Reason) sentinel() error {
	switch r {
	case ReasonDuplicate:
		return contacts.ErrDuplicateNumber
	case ReasonNotFound:
		return contacts.ErrNotFound
	case ReasonPrecondition, ReasonConflict:
		return contacts.ErrConflict
	case ReasonMerged:
		return contacts.ErrMerged
	case ReasonKeyReused:
		return contacts.ErrOpReused
	case ReasonGone:
		return contacts.ErrTrimmed
	case ReasonReadOnly:
		return contacts.ErrReadOnly
	case ReasonUnknownOutcome:
		return contacts.ErrCommitUnknown
	}
	if r == "" { // of a service that gives none
		return nil
	}
	if _, ok := kinds[r]; !ok || r == ReasonNoRows || r == ReasonNotArray || r == ReasonParameter {
		return contacts.ErrInvalid
	}
	return nil
}
