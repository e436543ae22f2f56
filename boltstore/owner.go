package boltstore

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/callerbook/contacts"
)

// Owner says who has a file open.
type Owner struct {
	Program  string    // name of the executable file; "" if not known
	PID      int       // process id; 0 if not known
	Host     string    // name of the machine; "" if not known
	Since    time.Time // when it opened the file; zero if not known
	Here     bool      // it is another store of this process
	ReadOnly bool      // it opened the file with Options.ReadOnly
}

// LockedError says that a file is in use, and by whom as far as that is known.
// errors.Is(err, contacts.ErrLocked) finds it.
type LockedError struct {
	Path  string
	Owner Owner
}

// Error names the file and its owner, and says what to do.
func (e *LockedError) Error() string {
	return "contacts: " + e.Path + ": file is in use by " + e.Owner.String() + "; close it there and try again"
}

// Unwrap returns contacts.ErrLocked.
func (e *LockedError) Unwrap() error { return contacts.ErrLocked }

// String says who an owner is in words for messages, such as
// "desk.exe (process 4711 on PC-7, since 09:14)", in local time.
func (o Owner) String() string { return o.words(time.Now()) }

// words is String at the time now: an earlier day is named.
func (o Owner) words(now time.Time) string {
	since := ""
	if !o.Since.IsZero() {
		at, form := o.Since.In(now.Location()), "2006-01-02 15:04"
		if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
			form = "15:04"
		}
		since = at.Format(form)
	}
	if o.Here {
		who := "another store of this program"
		if o.ReadOnly {
			who += ", for reading"
		}
		if since != "" {
			who += " (opened " + since + ")"
		}
		return who
	}
	who := o.Program
	if who == "" {
		who = "another program"
	}
	if o.ReadOnly {
		who += ", for reading"
	}
	detail := ""
	if o.PID != 0 {
		detail = "process " + strconv.Itoa(o.PID)
		if o.Host != "" {
			detail += " on " + o.Host
		}
		if since != "" {
			detail += ", since " + since
		}
		detail = " (" + detail + ")"
	}
	return who + detail
}

// thisProcess is the owner of what this process opens now.
func thisProcess() Owner {
	o := Owner{PID: os.Getpid(), Since: time.Now()}
	if exe, err := os.Executable(); err == nil {
		o.Program = filepath.Base(exe)
	}
	o.Host, _ = os.Hostname()
	return o
}
