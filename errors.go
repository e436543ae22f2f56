package contacts

import "errors"

// The sentinel errors of this package and of every store. Compare with
// errors.Is: they come wrapped in text that says which file, row, field or
// contact is meant.
var (
	// ErrNotFound: the scope holds no contact of that id (a contact of another
	// scope is not found either).
	ErrNotFound = errors.New("contacts: not found")

	// ErrClosed: the store was closed before the call or while it waited.
	ErrClosed = errors.New("contacts: store is closed")

	// ErrReadOnly: the store was opened for reading only.
	ErrReadOnly = errors.New("contacts: store is read-only")

	// ErrCommitUnknown: the disk or the network failed in the middle of a
	// commit, so the write may or may not be in the store. Ask again with the
	// same Batch.Op: the answer is the first one, and nothing is applied
	// twice.
	ErrCommitUnknown = errors.New("contacts: outcome of the commit is unknown")

	// ErrConflict: a contact changed since it was read. See RevisionError.
	ErrConflict = errors.New("contacts: contact changed since it was read")

	// ErrDuplicateNumber: a number belongs to another contact. See
	// DuplicateNumberError.
	ErrDuplicateNumber = errors.New("contacts: number belongs to another contact")

	// ErrAmbiguous: the numbers of one contact belong to several. See
	// AmbiguousError.
	ErrAmbiguous = errors.New("contacts: numbers belong to several contacts")

	// ErrInvalid: a contact breaks a rule. See ValidationError.
	ErrInvalid = errors.New("contacts: invalid contact")

	// ErrExists: the id of a new contact is in use.
	ErrExists = errors.New("contacts: id is in use")

	// ErrOpReused: a Batch.Op was used before with another payload.
	ErrOpReused = errors.New("contacts: operation key was used for other data")

	// ErrStaleIndex: the scope is indexed by other rules than the batch was
	// finished with. See IndexError.
	ErrStaleIndex = errors.New("contacts: index version differs")

	// ErrTrimmed: the events asked for are gone. See TrimmedError.
	ErrTrimmed = errors.New("contacts: events were trimmed")

	// ErrCursor: a cursor is malformed, or belongs to another scope, query or
	// epoch.
	ErrCursor = errors.New("contacts: cursor does not fit this query")

	// ErrTooLarge: a batch, record or key exceeds a bound of this package.
	ErrTooLarge = errors.New("contacts: too large")

	// ErrNotEmpty: Load was asked to fill a scope that has events.
	ErrNotEmpty = errors.New("contacts: scope is not empty")

	// ErrUnsupported: the store does not offer this optional method.
	ErrUnsupported = errors.New("contacts: not supported by this store")

	// ErrUniqueBy: the scope's numbers are unique by another measure than the
	// batch or the book asks for.
	ErrUniqueBy = errors.New("contacts: numbers of this account are unique by another measure")
)

// The sentinel errors of stores that keep a file. The text around them names
// the file.
var (
	// ErrLocked: another process, or another handle of this one, has the file.
	ErrLocked = errors.New("contacts: file is in use")

	// ErrNotBook: the file is no contact book (foreign, empty, a folder, ..).
	ErrNotBook = errors.New("contacts: not a contact book")

	// ErrDamaged: the file is a contact book with parts missing or changed.
	ErrDamaged = errors.New("contacts: file is damaged")

	// ErrNewer: a newer version of this library wrote the file.
	ErrNewer = errors.New("contacts: written by a newer version")
)
