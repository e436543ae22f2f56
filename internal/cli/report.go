package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/callerbook/contacts"
)

// report is what stands on standard error with --json: nothing, or one object.
type report struct {
	Error *problem `json:"error,omitempty"` // nil: done, or the answer says why not
	Notes []string `json:"notes,omitempty"` // what people would be told besides
}

// problem is an error for machines.
type problem struct {
	Code    string `json:"code"`    // that of the exit code, "duplicate"
	Message string `json:"message"` // for people
	Details []any  `json:"details,omitempty"`
}

// Details of a problem: the numbers that are taken, or the fields that break a
// rule, all of them.
type (
	takenNumber struct {
		Index      int    `json:"index"` // of the contact in the input
		Number     string `json:"number"`
		HolderID   string `json:"holderId,omitempty"`
		HolderName string `json:"holderName,omitempty"`
		Earlier    *int   `json:"earlier,omitempty"` // index of the contact before it in the input that has the number
	}
	wrongField struct {
		Index   int    `json:"index"`
		Field   string `json:"field"`
		Reason  string `json:"reason"`
		Value   string `json:"value"`
		Message string `json:"message"`
	}
)

// finish tells the user how the run ended, and returns its code.
func (s *session) finish(ctx context.Context, err error) Code {
	text, code := "", OK
	if err != nil {
		text, code = s.explain(ctx, err)
	}
	if !s.json {
		if text != "" {
			fmt.Fprintln(s.err, programName+": "+text)
		}
		return code
	}
	r := report{Notes: s.notes}
	if text != "" {
		r.Error = &problem{code.word(), text, problemDetails(err)}
	}
	if r.Error != nil || len(r.Notes) > 0 {
		e := json.NewEncoder(s.err)
		e.SetEscapeHTML(false)
		_ = e.Encode(r) // nowhere is left to say that this failed
	}
	return code
}

// problemDetails returns what programs want to know of an error.
func problemDetails(err error) (list []any) {
	call := &callError{items: 1}
	errors.As(err, &call)
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		for _, r := range dup.Refusals {
			taken := takenNumber{Index: r.Index, Number: refusedNumber(r), HolderID: r.HolderID, HolderName: r.HolderName}
			if r.Earlier >= 0 {
				taken.Earlier = &r.Earlier
			}
			list = append(list, taken)
		}
		return list
	}
	var invalid *contacts.ValidationError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			list = append(list, wrongField{f.Index, f.Field, string(f.Reason), f.Value, call.advice(f)})
		}
	}
	return list
}

// refusedNumber returns the number of a refusal as the user knows it.
func refusedNumber(r contacts.Refusal) string { return or(r.Number, r.Line.String()) }
