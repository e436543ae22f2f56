package contacts

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callerbook/contacts/phone"
)

// The sentinel errors of this package and of every store. Compare with
// errors.Is: they come wrapped in text that says which file, row, field or
// contact is meant.
var (
	// ErrNotFound: the scope holds no contact of that id (a contact of
	// another scope is not found either).
	ErrNotFound = errors.New("contacts: not found")

	// ErrClosed: the store was closed before the call or while it waited.
	ErrClosed = errors.New("contacts: store is closed")

	// ErrReadOnly: the store was opened for reading only.
	ErrReadOnly = errors.New("contacts: store is read-only")

	// ErrCommitUnknown: the disk or the network failed in the middle of a
	// commit, so the write may or may not be in the store. Ask again with
	// the same Batch.Op: the answer is the first one, and nothing is
	// applied twice.
	ErrCommitUnknown = errors.New("contacts: outcome of the commit is unknown")

	// ErrConflict: a contact changed since it was read. See RevisionError.
	ErrConflict = errors.New("contacts: contact changed since it was read")

	// ErrDuplicateNumber: a number belongs to another contact. See
	// DuplicateNumberError.
	ErrDuplicateNumber = errors.New("contacts: number belongs to another contact")

	// ErrAmbiguous: the numbers of one contact belong to several. See
	// AmbiguousError.
	ErrAmbiguous = errors.New("contacts: numbers belong to several contacts")

	// ErrInvalid: a contact breaks a rule (see ValidationError), or another
	// argument is not what it should be.
	ErrInvalid = errors.New("contacts: invalid")

	// ErrExists: the id of a new contact is in use.
	ErrExists = errors.New("contacts: id is in use")

	// ErrMerged: the contact was merged into another and does not change any
	// more. See MergedError.
	ErrMerged = errors.New("contacts: contact was merged into another")

	// ErrOpReused: a Batch.Op was used before with another payload.
	ErrOpReused = errors.New("contacts: operation key was used for other data")

	// ErrStaleIndex: the scope is indexed by other rules than the batch was
	// finished with. See IndexError.
	ErrStaleIndex = errors.New("contacts: index version differs")

	// ErrTrimmed: the events asked for are gone. See TrimmedError.
	ErrTrimmed = errors.New("contacts: events were trimmed")

	// ErrCursor: a cursor is malformed, or belongs to another scope,
	// query or epoch.
	ErrCursor = errors.New("contacts: cursor does not fit this query")

	// ErrTooLarge: a batch, record or key exceeds a bound of this package.
	ErrTooLarge = errors.New("contacts: too large")

	// ErrNotEmpty: Load was asked to fill a scope that has events.
	ErrNotEmpty = errors.New("contacts: scope is not empty")

	// ErrUnsupported: the store does not offer this optional method.
	ErrUnsupported = errors.New("contacts: not supported by this store")

	// ErrUniqueBy: the scope's numbers are unique by another measure than
	// the batch or the book asks for.
	ErrUniqueBy = errors.New("contacts: numbers of this account are unique by another measure")
)

// The sentinel errors of stores that keep a file. The text around them names
// the file.
var (
	// ErrLocked: another process, or another handle of this one, has the
	// file.
	ErrLocked = errors.New("contacts: file is in use")

	// ErrNotBook: the file is no contact book (foreign, empty, a folder,
	// ..).
	ErrNotBook = errors.New("contacts: not a contact book")

	// ErrDamaged: the file is a contact book with parts missing or changed.
	ErrDamaged = errors.New("contacts: file is damaged")

	// ErrNewer: a newer version of this library wrote the file.
	ErrNewer = errors.New("contacts: written by a newer version")
)

// DuplicateNumberError says which numbers of a call belong to other contacts.
// Its text masks numbers and names; its fields are clear.
// errors.Is(err, ErrDuplicateNumber) finds it.
type DuplicateNumberError struct {
	Refusals []Refusal // at least one, by Index, then in the contact's order
}

// Refusal is one number that was refused, or, in Applied.Kept, let in though
// another contact claims it.
type Refusal struct {
	Index  int        // of the item in the call
	Number string     // E.164, as the refused contact has it
	Line   phone.Line // its identity
	Field  string     // where the refused contact has it: "cellPhone.phoneNumber", "phones[2].phoneNumber"; "" where that is not known

	// HolderID and HolderName tell the contact that has the number. Both are
	// empty when the holder is an Earlier item, and when it belongs to
	// another stream (UniqueByAccount).
	HolderID   string
	HolderName string

	Earlier int // index of the earlier item of the call that claims it, else -1
}

func (e *DuplicateNumberError) Error() string {
	if len(e.Refusals) == 0 {
		return ErrDuplicateNumber.Error()
	}
	var b strings.Builder
	b.WriteString("contacts: ")
	for i, r := range e.Refusals {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", len(e.Refusals)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(r.text(len(e.Refusals) > 1 || r.Index > 0))
	}
	return b.String()
}

// shown is the number as the refused contact has it, where that is known.
func (r Refusal) shown() string {
	if r.Number == "" {
		return r.Line.String()
	}
	return r.Number
}

func (r Refusal) text(withIndex bool) string {
	s := "number " + maskNumber(r.shown())
	if withIndex {
		s = fmt.Sprintf("item %d: %s", r.Index, s)
	}
	switch {
	case r.Earlier >= 0:
		return fmt.Sprintf("%s is claimed by item %d of the same call", s, r.Earlier)
	case r.HolderID == "":
		return s + " belongs to a contact in another stream of the account"
	case r.HolderName == "":
		return s + " belongs to contact " + r.HolderID
	}
	return fmt.Sprintf("%s belongs to contact %s (%s)", s, r.HolderID, maskName(r.HolderName))
}

// Is makes errors.Is(err, ErrDuplicateNumber) true.
func (e *DuplicateNumberError) Is(target error) bool { return target == ErrDuplicateNumber }

// AmbiguousError says that an Upsert found its numbers with more than one
// contact, so that it is not clear which of them is meant.
type AmbiguousError struct {
	Holders []Holder // at least two
}

// Holder is a contact that has a number.
type Holder struct {
	ID     string
	Name   string
	Number string // E.164
}

func (e *AmbiguousError) Error() string {
	var b strings.Builder
	b.WriteString("contacts: the numbers belong to several contacts: ")
	for i, h := range e.Holders {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(e.Holders)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s to %s (%s)", maskNumber(h.Number), h.ID, maskName(h.Name))
	}
	b.WriteString(": update the one that is meant, or Reassign the number first")
	return b.String()
}

// Is makes errors.Is(err, ErrAmbiguous) true.
func (e *AmbiguousError) Is(target error) bool { return target == ErrAmbiguous }

// RevisionError says which contacts of a call are not at the revision that the
// call was made for. errors.Is finds ErrConflict in it; ErrNotFound too when a
// contact to be changed is not there, and ErrExists when one to be created is.
type RevisionError struct {
	Conflicts []RevisionConflict // at least one, by Index
}

// RevisionConflict is one contact that has moved on.
type RevisionConflict struct {
	Index   int
	ID      string
	Read    uint64 // the revision the call was made for, 1 where it left that open; 0: it must not exist
	Present uint64 // its revision now; 0: it does not exist or is purged
}

func (e *RevisionError) Error() string {
	if len(e.Conflicts) == 0 {
		return ErrConflict.Error()
	}
	c := e.Conflicts[0]
	id := maskID(c.ID)
	var s string
	switch {
	case c.Read == 0 && c.Present == 0:
		s = fmt.Sprintf("contacts: id %s was purged and is not to be used again", id)
	case c.Read == 0:
		s = fmt.Sprintf("contacts: id %s is in use", id)
	case c.Present == 0:
		s = fmt.Sprintf("contacts: contact %s not found", id)
	default:
		s = fmt.Sprintf("contacts: contact %s changed since it was read (revision %d, now %d): get it again and repeat the change",
			id, c.Read, c.Present)
	}
	if n := len(e.Conflicts) - 1; n > 0 {
		s += fmt.Sprintf("; and %d more", n)
	}
	return s
}

// Is reports what kinds of conflict e holds.
func (e *RevisionError) Is(target error) bool {
	switch target {
	case ErrConflict:
		return true
	case ErrNotFound:
		for _, c := range e.Conflicts {
			if c.Read != 0 && c.Present == 0 {
				return true
			}
		}
	case ErrExists:
		for _, c := range e.Conflicts {
			if c.Read == 0 {
				return true
			}
		}
	}
	return false
}

// MergedError says that a contact which a call wants to change was merged into
// another. Book.Resolve follows it there. errors.Is finds ErrMerged in it.
type MergedError struct {
	Index int    // of the contact in the call
	ID    string // of the contact
	Into  string // id of the contact that has its data
}

func (e *MergedError) Error() string {
	return fmt.Sprintf("contacts: contact %s was merged into %s: change that one, or Unmerge them first", maskID(e.ID), maskID(e.Into))
}

// Is makes errors.Is(err, ErrMerged) true.
func (e *MergedError) Is(target error) bool { return target == ErrMerged }

// PurgedError says that there was a contact of that id, and that it was purged.
// errors.Is finds ErrNotFound in it.
type PurgedError struct {
	ID         string
	At         time.Time // when it was purged
	MergedInto string    // id of the contact that had its data before, if it was merged
}

func (e *PurgedError) Error() string {
	return fmt.Sprintf("contacts: contact %s was purged", maskID(e.ID))
}

// Is makes errors.Is(err, ErrNotFound) true.
func (e *PurgedError) Is(target error) bool { return target == ErrNotFound }

// IndexError says that a batch was finished by other rules than the scope is
// indexed by: another process re-indexed it, or is newer. Where Have and Want
// are the same, the scope is being re-indexed by these rules, and the batch was
// made without regard to that (see Batch.Reindexing); a Book sees to it.
type IndexError struct {
	Have IndexVersion // of the batch or the library
	Want IndexVersion // of the scope
}

func (e *IndexError) Error() string {
	if e.Want.Generation > e.Have.Generation {
		return fmt.Sprintf("contacts: indexed by a newer library (index %d, this one has %d): update this program, or open read-only",
			e.Want.Generation, e.Have.Generation)
	}
	if e.Want == e.Have {
		return "contacts: the book is being re-indexed: try again when that has ended"
	}
	return "contacts: indexed by other number rules than this book has: open the book again"
}

// Is makes errors.Is(err, ErrStaleIndex) true, and ErrNewer where that is why.
func (e *IndexError) Is(target error) bool {
	return target == ErrStaleIndex || target == ErrNewer && e.Want.Generation > e.Have.Generation
}

// TrimmedError says that events asked for are gone. The way out: list the
// contacts anew (Book.All) and go on from Restart.
type TrimmedError struct {
	After     uint64 // what was asked for
	First     uint64 // events after this one are there
	OtherFeed bool   // the token is of another feed: that of another, a copied or a restored book

	// Restart is the end of the feed when the call was made: list the
	// contacts and go on from here. Set by the Book.
	Restart Token
}

func (e *TrimmedError) Error() string {
	if e.OtherFeed {
		return "contacts: the token belongs to another feed (the book is another one, or was copied or restored): list the contacts and go on from a new token"
	}
	return fmt.Sprintf("contacts: events after revision %d were trimmed (the feed begins after %d): list the contacts and go on from a new token",
		e.After, e.First)
}

// Is makes errors.Is(err, ErrTrimmed) true.
func (e *TrimmedError) Is(target error) bool { return target == ErrTrimmed }

// ValidationError lists every rule that the contacts of a call break.
type ValidationError struct {
	Fields []FieldError // at least one, by Index
}

// FieldError is one rule broken.
type FieldError struct {
	Index  int    // of the contact in the call
	Field  string // path by JSON keys: "cellPhone.phoneNumber", "phones[2].phoneNumber"
	Reason Reason
	Value  string // what was given, clear, shortened to 100 bytes; never log it
	Detail string // what to do, in words without the value
}

// Reason is why a field was refused, for programs. Reasons are stable.
type Reason string

// The reasons of this package. A number in any notation may also be refused
// for one of phone's reasons, in the words of phone.Reason.
const (
	ReasonMissing     Reason = "missing"      // not there
	ReasonNull        Reason = "null"         // JSON null
	ReasonBlank       Reason = "blank"        // nothing but white space
	ReasonType        Reason = "wrong_type"   // JSON of another type
	ReasonTooLong     Reason = "too_long"     // more bytes or items than the bound
	ReasonTooShort    Reason = "too_short"    // a number of too few digits
	ReasonCharacter   Reason = "character"    // invalid UTF-8, a control character, a letter among digits
	ReasonChoice      Reason = "not_a_choice" // not one of the values allowed
	ReasonCountryCode Reason = "country_code" // no assigned calling code
	ReasonNumber      Reason = "number"       // not a number that can be dialled
	ReasonUnverified  Reason = "unverified"   // not valid by the metadata (RequireValid)
	ReasonRepeated    Reason = "repeated"     // the same key or item twice
	ReasonEmpty       Reason = "empty"        // nothing to know the contact by
	ReasonTime        Reason = "time"         // not a time that can be (RestoreEach)
)

func (e *ValidationError) Error() string {
	if len(e.Fields) == 0 {
		return ErrInvalid.Error()
	}
	var b strings.Builder
	b.WriteString("contacts: invalid contact: ")
	many := e.Fields[len(e.Fields)-1].Index > 0
	for i, f := range e.Fields {
		if i == 6 {
			fmt.Fprintf(&b, "; and %d more", len(e.Fields)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if many {
			fmt.Fprintf(&b, "item %d: ", f.Index)
		}
		b.WriteString(f.text())
	}
	return b.String()
}

// Is makes errors.Is(err, ErrInvalid) true.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalid }

// Error masks the value.
func (f FieldError) Error() string { return "contacts: " + f.text() }

func (f FieldError) text() string {
	field := maskCustom(f.Field)
	if f.Detail != "" {
		return field + " " + f.Detail
	}
	return field + ": " + string(f.Reason)
}
