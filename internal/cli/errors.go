package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

// callError is the error of a call on the book, with what is needed to put it
// in the user's words.
type callError struct {
	err   error
	cmd   *cli.Command
	items int  // contacts in the call
	json  bool // they came as JSON, else from options
	more  int  // how many of the further numbers are from --phone
}

func (e *callError) Error() string { return e.err.Error() }
func (e *callError) Unwrap() error { return e.err }

// explain returns the line that tells the user of an error, without
// "contacts: " in front, and the exit code.
func (s *session) explain(ctx context.Context, err error) (string, Code) {
	var (
		fault   *usageFault
		book    *bookFault
		input   *inputFault
		nobody  *noContact
		call    = &callError{items: 1}
		dup     *contacts.DuplicateNumberError
		invalid *contacts.ValidationError
		rev     *contacts.RevisionError
		merged  *contacts.MergedError
		keys    *keysFault
		remote  *agentassist.Error
		exit    cli.ExitCoder
	)
	errors.As(err, &call)
	if pull := (*pullError)(nil); errors.As(err, &pull) {
		text, code := s.explain(ctx, pull.err)
		return text + pull.hint(), code
	}
	if file := (*importFault)(nil); errors.As(err, &file) {
		return s.explainImport(ctx, file)
	}
	switch {
	case errors.Is(err, errNoAnswer):
		return "", NotFound
	case errors.Is(err, errDamagedTold):
		return "", NoBook
	case errors.Is(err, errPullRefused), errors.Is(err, errImportRefused):
		return "", Invalid
	case errors.As(err, &nobody):
		return oneLine(nobody.Error()), NotFound
	case errors.As(err, &fault):
		return oneLine(fault.Error()), Usage
	case errors.As(err, &exit): // of the command line library: help on an unknown command
		return oneLine(lowerFirst(exit.Error())), Usage
	case errors.As(err, &input):
		return oneLine(input.Error()), Invalid
	case errors.As(err, &keys):
		return oneLine(keys.Error()), Denied
	case errors.As(err, &remote):
		return explainRemote(remote)
	case errors.As(err, &book):
		return oneLine(book.Error()), NoBook
	case errors.As(err, &dup):
		return oneLine(call.duplicates(dup)), Duplicate
	case errors.As(err, &invalid):
		return oneLine(call.problems(invalid)), Invalid
	case errors.As(err, &merged):
		text := fmt.Sprintf("contact %s was merged into %s", merged.ID, merged.Into)
		if call.cmd != nil {
			text += ": to bring it back: " + again(call.cmd, "unmerge", merged.Into, merged.ID)
		}
		return text, Changed
	case errors.Is(err, contacts.ErrNotFound):
		if errors.As(err, &rev) {
			return fmt.Sprintf("there is no contact with the id %s", rev.Conflicts[0].ID), NotFound
		}
		return plain(err), NotFound
	case errors.Is(err, contacts.ErrConflict):
		return plain(err), Changed
	case errors.Is(err, contacts.ErrCursor):
		return "the --page does not belong to this command line: leave it out to begin anew", Usage
	case errors.Is(err, contacts.ErrInvalid), errors.Is(err, contacts.ErrTooLarge):
		return plain(err), Invalid
	case errors.Is(err, contacts.ErrCommitUnknown):
		return plain(err), Failed
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return "interrupted; what was not confirmed was not done", Interrupted
	}
	if isOfBook(err) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return plain(err), NoBook
	}
	return plain(err), Failed
}

// isOfBook reports whether an error says that the book cannot be used.
func isOfBook(err error) bool {
	for _, unusable := range []error{contacts.ErrLocked, contacts.ErrNotBook, contacts.ErrDamaged, contacts.ErrNewer,
		contacts.ErrReadOnly, contacts.ErrStaleIndex, contacts.ErrUniqueBy, boltstore.ErrReplaced} {
		if errors.Is(err, unusable) {
			return true
		}
	}
	return false
}

// explainRemote puts in words what a service refused, and returns the exit code.
func explainRemote(err *agentassist.Error) (string, Code) {
	said := fmt.Sprintf("%d %s", err.Status, http.StatusText(err.Status))
	if len(err.Problems) > 0 {
		said += ", " + oneLine(err.Problems[0].Msg)
	}
	var reason agentassist.Reason
	if len(err.Problems) > 0 {
		reason = err.Problems[0].Reason
	}
	switch {
	case err.Status == http.StatusUnauthorized, err.Status == http.StatusForbidden:
		return fmt.Sprintf("the service refuses the token (%s): check app and secret, that the token is not expired, and that the app has the API scope %s",
			said, agentassist.ScopeConfiguration), Denied
	case reason == agentassist.ReasonTenant:
		return fmt.Sprintf("the service knows no such account and stream, or not for this app (%s): check --account and --stream", said), Denied
	case err.Status == http.StatusNotFound:
		return fmt.Sprintf("there is no such service at that address (%s): check --host", said), Failed
	case err.Status == http.StatusTooManyRequests:
		text := fmt.Sprintf("the service takes no more calls for now (%s)", said)
		if err.RetryAfter > 0 {
			return fmt.Sprintf("%s: try again in %s", text, err.RetryAfter), Failed
		}
		return text + ": try again in a minute", Failed
	case err.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("the service is in trouble (%s): try again later", said), Failed
	}
	return fmt.Sprintf("the service refuses the call (%s)", said), Failed
}

// plain returns the text of an error on one line, without the prefixes of the
// library.
func plain(err error) string {
	text := ": " + oneLine(err.Error())
	for _, prefix := range []string{"contacts", "phone", "agentassist", "interchange", "extsort", "pgstore"} {
		text = strings.ReplaceAll(text, ": "+prefix+": ", ": ")
	}
	return strings.TrimPrefix(text, ": ")
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

func lowerFirst(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return strings.ToLower(string(r)) + text[n:]
}

// item says which contact of the input is meant, counted as people count.
func (e *callError) item(index int) string {
	if e.items < 2 {
		return ""
	}
	return fmt.Sprintf("contact %d of %d: ", index+1, e.items)
}

// most is how many problems an error line names.
const most = 5

// listed joins the first few of n problems.
func listed(n int, problem func(i int) string) string {
	var words []string
	for i := range min(n, most) {
		words = append(words, problem(i))
	}
	if n > most {
		words = append(words, fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(words, "; ")
}

// duplicates names the numbers that are taken and who has them, in the clear:
// the book is that of the user.
func (e *callError) duplicates(dup *contacts.DuplicateNumberError) string {
	text := listed(len(dup.Refusals), func(i int) string {
		r := dup.Refusals[i]
		number := refusedNumber(r)
		switch {
		case r.Earlier >= 0:
			return fmt.Sprintf("%s%s is the number of contact %d already", e.item(r.Index), number, r.Earlier+1)
		case r.HolderID == "":
			return fmt.Sprintf("%s%s belongs to a contact in another stream of the account", e.item(r.Index), number)
		case r.HolderName == "":
			return fmt.Sprintf("%s%s belongs to contact %s", e.item(r.Index), number, r.HolderID)
		}
		return fmt.Sprintf("%s%s belongs to %s (id %s)", e.item(r.Index), number, r.HolderName, r.HolderID)
	})
	first := dup.Refusals[0]
	switch {
	case e.items > 1:
		return text + "; nothing was created"
	case e.cmd != nil && first.HolderID != "":
		return fmt.Sprintf("%s: to see that contact: %s", text, again(e.cmd, "get", first.HolderID))
	}
	return text
}

// optionOf has the option behind a field; list items come under "phones[".
var optionOf = map[string]string{
	"firstName":             "--first",
	"lastName":              "--last",
	"salutation":            "--salutation",
	"cellPhone":             "--phone",
	"cellPhone.phoneNumber": "--phone",
	"cellPhone.countryCode": "--country",
	"cellPhone.extension":   "--extension",
	"organization":          "--org",
	"title":                 "--title",
	"notes":                 "--note",
	"clientRef":             "--ref",
	"phones":                "--other-phone",
	"emails":                "--email",
	"tags":                  "--tag",
}

// field returns what the user calls a field.
func (e *callError) field(path string) string {
	if e.json {
		return path
	}
	list, rest, _ := strings.Cut(path, "[")
	at, _, _ := strings.Cut(rest, "]")
	if i, err := strconv.Atoi(at); err == nil && list == "phones" && i < e.more {
		return "--phone"
	}
	if o, ok := optionOf[list]; ok {
		return o
	}
	return path
}

// problems says what is wrong with the contacts of a call, field by field.
func (e *callError) problems(invalid *contacts.ValidationError) string {
	return listed(len(invalid.Fields), func(i int) string {
		f := invalid.Fields[i]
		if f.Reason == contacts.ReasonEmpty && !e.json {
			return "there is nothing to know the contact by: give at least --first, --last, --phone, --email or --org"
		}
		text := e.item(f.Index) + e.field(f.Field)
		if f.Value != "" && strings.TrimSpace(f.Value) != "" && f.Reason != contacts.ReasonTooLong {
			text += fmt.Sprintf(" %q", clip(f.Value))
		}
		return text + " " + e.advice(f)
	})
}

// advice says what to do about a field. The library's words on numbers are
// made for logs: they mask, and know of no options.
func (e *callError) advice(f contacts.FieldError) string {
	switch f.Reason {
	case contacts.Reason(phone.ReasonNoCountry.String()):
		if e.json {
			return "has no country: write it with + and the calling code, or give countryCode"
		}
		return "has no country: write it with + and the calling code, or add --country +91 or --region IN"
	case contacts.Reason(phone.ReasonInvalid.String()):
		return "is not a telephone number: check its digits and its calling code"
	case contacts.Reason(phone.ReasonShort.String()):
		return "is too short to be somebody's number: give all of it, with the area code"
	case contacts.Reason(phone.ReasonMultiple.String()):
		return "holds more than one number: give each on its own"
	case contacts.Reason(phone.ReasonAnonymous.String()):
		return "is no number: a withheld one cannot be kept"
	case contacts.Reason(phone.ReasonLossy.String()):
		return "lost digits in a spreadsheet: format the column as text and copy it again"
	}
	if f.Detail != "" {
		return f.Detail
	}
	return "is refused (" + string(f.Reason) + ")"
}

// clip shortens a value for an error line.
func clip(text string) string {
	if utf8.RuneCountInString(text) <= 40 {
		return text
	}
	return string([]rune(text)[:40]) + "…"
}
