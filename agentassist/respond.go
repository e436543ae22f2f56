package agentassist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// maxProblems bounds the problems of an answer, which has the first ones, and those
// that the client reads: more of them help nobody.
const maxProblems = 1000

// problem returns an *Error with one Problem; msg "" is that of the table.
// Status and code are set by fail.
func problem(reason Reason, field, msg string) *Error {
	return &Error{Problems: []Problem{{Msg: msg, Reason: reason, Field: field}}}
}

// alone marks an error of package contacts as one of a call with one contact, so
// that its problems have no index.
type alone struct{ error }

func (a alone) Unwrap() error { return a.error }

// fail writes any error as the API's: *Error as it is, errors of package
// contacts by kind, context errors, everything else as ReasonInternal, which
// is logged.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := h.explain(r, err)
	header := w.Header()
	header.Del("ETag")
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Status == http.StatusUnauthorized && h.opt.Strict {
		header.Set("WWW-Authenticate", `JWT header="`+HeaderToken+`"`) // RFC 9110, section 15.5.2
	}
	if e.Status == http.StatusRequestTimeout {
		header.Set("Connection", "close") // the rest of the body may still come
	}
	header.Set("Cache-Control", "no-store")
	_ = writeJSON(w, e.Status, struct {
		Errors []Problem `json:"errors"`
	}{e.Problems})
}

// explain returns an error as the caller is told it, and logs what is not the
// caller's doing.
func (h *Handler) explain(r *http.Request, err error) *Error {
	var e Error
	var given *Error
	if errors.As(err, &given) {
		e = *given
		e.Problems = append([]Problem(nil), given.Problems...)
	} else {
		e.Problems = problemsOf(err)
		var one alone
		if errors.As(err, &one) {
			for i := range e.Problems {
				e.Problems[i].Index = nil
			}
		}
	}
	if len(e.Problems) == 0 {
		e.Problems = []Problem{{Reason: ReasonInternal}}
	}
	if len(e.Problems) > maxProblems {
		e.Problems = e.Problems[:maxProblems]
	}
	for i := range e.Problems {
		p := &e.Problems[i]
		if p.Reason == ReasonConflict && r.Header.Get("If-Match") != "" {
			p.Reason = ReasonPrecondition
		}
		if p.Msg == "" {
			p.Msg = kinds[p.Reason].msg
		}
		p.Code = p.Reason.code()
	}
	first := e.Problems[0].Reason
	e.Status = first.status(h.opt.Strict)
	switch first {
	case ReasonUnavailable:
		e.RetryAfter = max(e.RetryAfter, time.Second)
		fallthrough
	case ReasonInternal, ReasonUnknownOutcome:
		h.report(r, err)
	}
	return &e
}

// report logs an error that is not the caller's doing. A caller that went away
// is none.
func (h *Handler) report(r *http.Request, err error) {
	if h.opt.Log == nil || errors.Is(err, context.Canceled) {
		return
	}
	h.opt.Log.LogAttrs(r.Context(), slog.LevelError, "agentassist: a call failed",
		slog.String("requestId", entryOf(r).id), slog.String("error", err.Error()))
}

// problemsOf returns an error that is no *Error as problems without a code. None
// stands for an error that the caller is not told about.
func problemsOf(err error) []Problem {
	var (
		invalid   *contacts.ValidationError
		duplicate *contacts.DuplicateNumberError
		revision  *contacts.RevisionError
		merged    *contacts.MergedError
		tooLarge  *http.MaxBytesError
	)
	one := func(reason Reason, msg string) []Problem { return []Problem{{Reason: reason, Msg: msg}} }
	switch {
	case errors.As(err, &invalid):
		return ofFields(invalid.Fields)
	case errors.As(err, &duplicate):
		return ofRefusals(duplicate.Refusals)
	case errors.As(err, &revision):
		return ofConflicts(revision.Conflicts)
	case errors.As(err, &merged):
		return []Problem{{Msg: strings.TrimSuffix(plain(merged), ", or Unmerge them first"), Reason: ReasonMerged, Index: &merged.Index, HolderID: merged.Into}}
	case errors.As(err, &tooLarge):
		return one(ReasonTooLarge, "the body has more than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes: send it in parts")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return one(ReasonTimeout, "")
	case errors.Is(err, contacts.ErrNotFound):
		return one(ReasonNotFound, "there is no such contact")
	case errors.Is(err, contacts.ErrOpReused):
		return []Problem{{Reason: ReasonKeyReused, Field: HeaderIdempotencyKey}}
	case errors.Is(err, contacts.ErrTrimmed):
		return one(ReasonGone, plain(err))
	case errors.Is(err, contacts.ErrCursor):
		return []Problem{{Msg: "the cursor is not one of this query: begin without it", Reason: ReasonParameter, Field: "cursor"}}
	case errors.Is(err, contacts.ErrTooLarge):
		return one(ReasonTooLarge, plain(err))
	case errors.Is(err, contacts.ErrReadOnly):
		return one(ReasonReadOnly, "")
	case errors.Is(err, contacts.ErrCommitUnknown):
		return one(ReasonUnknownOutcome, "")
	case errors.Is(err, contacts.ErrClosed), errors.Is(err, contacts.ErrStaleIndex),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return one(ReasonUnavailable, "")
	case errors.Is(err, contacts.ErrConflict):
		return one(ReasonConflict, plain(err))
	case errors.Is(err, contacts.ErrMerged):
		return one(ReasonMerged, plain(err))
	case errors.Is(err, contacts.ErrInvalid):
		return one(ReasonParameter, plain(err))
	}
	return nil
}

func ofFields(fields []contacts.FieldError) []Problem {
	list := make([]Problem, 0, min(len(fields), maxProblems))
	for _, f := range fields[:min(len(fields), maxProblems)] {
		list = append(list, Problem{Msg: plain(f), Reason: Reason(f.Reason), Field: f.Field, Index: &f.Index})
	}
	return list
}

func ofRefusals(refusals []contacts.Refusal) []Problem {
	list := make([]Problem, 0, min(len(refusals), maxProblems))
	for _, r := range refusals[:min(len(refusals), maxProblems)] {
		p := Problem{Reason: ReasonDuplicate, Field: r.Field, Index: &r.Index, HolderID: r.HolderID}
		if p.Field == "" {
			p.Field = "cellPhone.phoneNumber"
		}
		if r.Earlier >= 0 {
			p.Earlier = &r.Earlier
		}
		alone := r
		alone.Index = 0 // the text says it otherwise
		p.Msg = plain(&contacts.DuplicateNumberError{Refusals: []contacts.Refusal{alone}})
		list = append(list, p)
	}
	return list
}

func ofConflicts(conflicts []contacts.RevisionConflict) []Problem {
	list := make([]Problem, 0, min(len(conflicts), maxProblems))
	for _, c := range conflicts[:min(len(conflicts), maxProblems)] {
		p := Problem{Reason: ReasonConflict, Index: &c.Index,
			Msg: "the contact changed since it was read: get it again and repeat the change"}
		if c.Present == 0 {
			p.Reason, p.Msg = ReasonNotFound, "there is no such contact"
		}
		list = append(list, p)
	}
	return list
}

// plain returns the text of an error of package contacts, which masks what it
// has to, without the names of package and kind.
func plain(err error) string {
	s := strings.TrimPrefix(err.Error(), "contacts: ")
	for _, kind := range []string{"invalid: ", "invalid contact: ", "too large: "} {
		s = strings.TrimPrefix(s, kind)
	}
	return s
}

// writeJSON writes an answer, without HTML escaping.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	header.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a caller that went away hears nothing more
	return nil
}

// json writes v as the answer, without HTML escaping.
func (c *call) json(status int, v any) error { return writeJSON(c.w, status, v) }

// contact writes one contact as the answer: its ETag, 304 for If-None-Match on
// GET, fields beyond the API only when Extended.
func (c *call) contact(status int, contact contacts.Contact) error {
	token, err := c.book.Token(c.ctx())
	if err != nil {
		return err
	}
	token.Revision = contact.Revision
	if c.unchanged(token) {
		return nil
	}
	return c.json(status, c.shown(contact))
}

// shown returns a contact as the answers of this handler show it: without the
// fields beyond the API unless Extended.
func (h *Handler) shown(contact contacts.Contact) contacts.Contact {
	if h.opt.Extended {
		return contact
	}
	contact.CellPhone.Input, contact.CellPhone.Unverified = "", false
	contact.Phones, contact.Emails, contact.Tags, contact.Custom = nil, nil, nil, nil
	contact.Organization, contact.Title, contact.Notes, contact.ClientRef = "", "", "", ""
	contact.DeletedAt, contact.MergedInto, contact.MergedFrom = time.Time{}, "", nil
	return contact
}

// shownAll is shown for many, in place.
func (h *Handler) shownAll(list []contacts.Contact) []contacts.Contact {
	for i := range list {
		list[i] = h.shown(list[i])
	}
	if list == nil {
		list = []contacts.Contact{}
	}
	return list
}

// created returns new contacts as the answer to their creation shows them: who
// wrote them stands in createdBy alone.
func (h *Handler) created(list []contacts.Contact) []contacts.Contact {
	for i := range list {
		list[i].CreatedByAID, list[i].UpdatedBy, list[i].UpdatedByAID = "", "", ""
	}
	return h.shownAll(list)
}
