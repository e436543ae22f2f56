package agentassist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// sample is the answer to the sample request of the API's documentation.
const sample = `[{"status":"ACTIVE","firstName":"John","lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":"+9198765xxxxx","countryCode":"+91","extension":"+"},` +
	`"createdBy":"u-..","orgId":"o-..","accountId":"63c7..","instanceBotId":"st-..","fullName":"John Doe","address":[],"twitterDetails":[],` +
	`"createdAt":"2023-01-18T10:21:05.318Z","updatedAt":"2023-01-18T10:21:05.318Z","id":"63c7c8b1.."}]`

// keysOf returns the keys of all objects in JSON, in order.
func keysOf(t *testing.T, text string) []string {
	t.Helper()
	var keys []string
	dec := json.NewDecoder(strings.NewReader(text))
	var walk func(path string)
	walk = func(path string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('{'):
			for dec.More() {
				key, _ := dec.Token()
				keys = append(keys, path+key.(string))
				walk(path + key.(string) + ".")
			}
			_, _ = dec.Token()
		case json.Delim('['):
			for dec.More() {
				walk(path)
			}
			_, _ = dec.Token()
		}
	}
	walk("")
	return keys
}

// The sample request with digits filled in gives the sample answer, key for key;
// also where more is known of who wrote.
func TestSampleKeyForKey(t *testing.T) {
	for _, o := range []Options{{}, {Extended: true}, {Strict: true}} {
		f := newFixed(t, &o)
		const request = `[{"firstName":"John","lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"+91","extension":"+"}}]`
		for range 2 { // the second time it is the answer of the first, of a contact that changed since
			a := f.do(t, "POST", "/contacts", request, HeaderIdempotencyKey, "once")
			if got, want := keysOf(t, a.body), keysOf(t, sample); !reflect.DeepEqual(got, want) || a.StatusCode/100 != 2 {
				t.Errorf("%+v: keys\n%q, want\n%q", o, got, want)
			}
			book, err := f.bookOf(t.Context(), contacts.Scope{Account: fixedAccount, Stream: fixedStream})
			if err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("63c7c8b1a1b2c3d4e5f6%04x", 0x1001)
			actor := contacts.Actor{ID: "u-x", AID: "aid-x"}
			if _, err := book.As(actor).Edit(t.Context(), id, func(c *contacts.Contact) error { c.LastName = "Doe"; c.FirstName = "J"; return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEveryError holds every kind of error to what the caller is told.
func TestEveryError(t *testing.T) {
	const secret = "Secretive Person +919876543210"
	revision := func(present uint64) error {
		return &contacts.RevisionError{Conflicts: []contacts.RevisionConflict{{Index: 2, ID: "c1", Read: 3, Present: present}}}
	}
	tests := map[string]struct {
		err          error
		reason       Reason
		loose, stern int
		logged       bool
	}{
		"field": {&contacts.ValidationError{Fields: []contacts.FieldError{{Index: 1, Field: "firstName", Reason: contacts.ReasonCharacter, Value: secret, Detail: "has a letter"}}},
			"character", 412, 422, false},
		"duplicate": {&contacts.DuplicateNumberError{Refusals: []contacts.Refusal{{Index: 1, Number: "+919876543210", HolderID: "c1", HolderName: secret, Earlier: -1}}},
			ReasonDuplicate, 409, 409, false},
		"changed":       {revision(4), ReasonConflict, 409, 409, false},
		"not there":     {revision(0), ReasonNotFound, 400, 404, false},
		"merged":        {&contacts.MergedError{Index: 1, ID: "c1", Into: "c2"}, ReasonMerged, 409, 409, false},
		"merged (kind)": {contacts.ErrMerged, ReasonMerged, 409, 409, false},
		"purged":        {&contacts.PurgedError{ID: "c1"}, ReasonNotFound, 400, 404, false},
		"not found":     {fmt.Errorf("%s: %w", secret, contacts.ErrNotFound), ReasonNotFound, 400, 404, false},
		"key reused":    {contacts.ErrOpReused, ReasonKeyReused, 409, 422, false},
		"trimmed":       {&contacts.TrimmedError{After: 1, First: 2}, ReasonGone, 410, 410, false},
		"read-only":     {contacts.ErrReadOnly, ReasonReadOnly, 403, 403, false},
		"closed":        {contacts.ErrClosed, ReasonUnavailable, 503, 503, true},
		"unknown":       {fmt.Errorf("%s: %w", secret, contacts.ErrCommitUnknown), ReasonUnknownOutcome, 503, 503, true},
		"too large":     {fmt.Errorf("%w: the contact has 300000 bytes", contacts.ErrTooLarge), ReasonTooLarge, 413, 413, false},
		"cursor":        {contacts.ErrCursor, ReasonParameter, 412, 422, false},
		"invalid":       {fmt.Errorf("%w: the account has control characters", contacts.ErrInvalid), ReasonParameter, 412, 422, false},
		"index":         {&contacts.IndexError{}, ReasonUnavailable, 503, 503, true},
		"newer":         {&contacts.IndexError{Want: contacts.IndexVersion{Generation: 9}}, ReasonUnavailable, 503, 503, true},
		"conflict":      {contacts.ErrConflict, ReasonConflict, 409, 409, false},
		"cancelled":     {context.Canceled, ReasonUnavailable, 503, 503, false},
		"took too long": {context.DeadlineExceeded, ReasonUnavailable, 503, 503, true},
		"long body":     {fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 7}), ReasonTooLarge, 413, 413, false},
		"slow body":     {fmt.Errorf("read: %w", os.ErrDeadlineExceeded), ReasonTimeout, 408, 408, false},
		"damaged":       {fmt.Errorf("%s: %w", secret, contacts.ErrDamaged), ReasonInternal, 500, 500, true},
		"anything":      {errors.New(secret), ReasonInternal, 500, 500, true},
		"empty":         {&Error{}, ReasonInternal, 500, 500, true},
		"invalid, none": {&contacts.ValidationError{}, ReasonInternal, 500, 500, true},
	}
	for name, test := range tests {
		for _, strict := range []bool{false, true} {
			var log bytes.Buffer
			f := newFixed(t, &Options{Strict: strict, Log: slog.New(slog.NewTextHandler(&log, nil))})
			w := httptest.NewRecorder()
			w.Header().Set("ETag", `"of what was not done"`)
			f.fail(w, httptest.NewRequest("PUT", "/", nil), test.err)
			a := readAnswer(t, w.Result())
			want := test.loose
			if strict {
				want = test.stern
			}
			p := a.problem
			if a.StatusCode != want || p.Reason != test.reason || p.Msg == "" || p.Code != test.reason.code() || (log.Len() > 0) != test.logged {
				t.Errorf("%s, strict %v: %v, logged %q", name, strict, a, log.String())
			}
			for _, leak := range []string{secret, "9876543210", "contacts:", "Secretive"} {
				if strings.Contains(a.body, leak) {
					t.Errorf("%s: %q is in %s", name, leak, a.body)
				}
			}
			if a.Header.Get("ETag") != "" || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
				a.Header.Get("Content-Type") != "application/json; charset=utf-8" || (a.StatusCode == 503) != (a.Header.Get("Retry-After") != "") &&
				p.Reason != ReasonUnknownOutcome {
				t.Errorf("%s: %v", name, a.Header)
			}
			if (a.StatusCode == 408) != (a.Header.Get("Connection") == "close") {
				t.Errorf("%s: %v", name, a.Header)
			}
		}
	}
}

// Who said If-Match is told that it does not hold.
func TestConflictOfIfMatch(t *testing.T) {
	f := newFixed(t, &Options{})
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("If-Match", `"x.1"`)
	e := f.explain(r, &contacts.RevisionError{Conflicts: []contacts.RevisionConflict{{Read: 1, Present: 2}}})
	if e.Status != http.StatusPreconditionFailed || e.Problems[0].Reason != ReasonPrecondition {
		t.Errorf("%+v", e)
	}
}

// An *Error that is handed over stays as it was: it may be shared.
func TestExplainCopies(t *testing.T) {
	f := newFixed(t, &Options{})
	given := problem(ReasonRate, "", "")
	given.RetryAfter = 1500 * time.Millisecond
	w := httptest.NewRecorder()
	f.fail(w, httptest.NewRequest("GET", "/", nil), given)
	if w.Code != 429 || w.Header().Get("Retry-After") != "2" || given.Status != 0 || given.Problems[0].Msg != "" {
		t.Errorf("%d %v, given %+v", w.Code, w.Header(), given)
	}
}

// Problems are bounded, however many things are wrong.
func TestManyProblems(t *testing.T) {
	f := newFixed(t, &Options{})
	a := f.do(t, "POST", "/contacts", "["+strings.Repeat("{},", 9999)+"{}]")
	var e struct{ Errors []Problem }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || len(e.Errors) != maxProblems || a.StatusCode != 412 {
		t.Errorf("%d, %d problems, %v", a.StatusCode, len(e.Errors), err)
	}
}
