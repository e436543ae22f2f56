package boltstore

import (
	"time"

	"github.com/callerbook/contacts"
)

// Owner says who has a file open.
type Owner struct {
	Program string    // name of the executable file; "" if not known
	PID     int       // process id; 0 if not known
	Host    string    // name of the machine; "" if not known
	Since   time.Time // when it opened the file; zero if not known
	Here    bool      // it is another store of this process
}

// LockedError says that a file is in use, and by whom as far as that is known.
// errors.Is(err, contacts.ErrLocked) finds it.
type LockedError struct {
	Path  string
	Owner Owner
}

// Error names the file and its owner, and says what to do.
func (e *LockedError) Error() string {
	return "contacts: " + e.Path + ": file is in use by " + e.Owner.words() + "; close it there and try again"
}

// Unwrap returns contacts.ErrLocked.
func (e *LockedError) Unwrap() error { return contacts.ErrLocked }

// words says who an owner is, for messages.
func (o Owner) words() string {
	if o.Here {
		return "another store of this program"
	}
	return "another program"
}
