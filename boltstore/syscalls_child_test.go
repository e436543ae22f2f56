//go:build linux

package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/callerbook/contacts"
)

func init() {
	children["calls"] = childCalls
	if os.Getenv(childEnv) == "calls" {
		// Strace counts the calls of each thread: all are to be one's.
		runtime.LockOSThread()
	}
}

// A scenario is one call of a program that opens a book, makes that call,
// writes something and closes the book.
type scenario struct {
	name string

	// prepare makes the folder before; nil: book.db with some contacts.
	prepare func(t testing.TB, dir string)

	options Options
	call    func(w *worker) error // nil: none
	kind    scenarioKind
	repair  bool // the book is damaged, and repaired before it is opened
}

type scenarioKind int

const (
	oneCommit   scenarioKind = iota
	manyCommits              // the call may be done in part
	noChange                 // of contacts
	opensOnly                // the store cannot be written to
)

var scenarios = []scenario{
	{"create a book", func(testing.TB, string) {}, Options{}, nil, noChange, false},
	{"open after a close", nil, Options{}, nil, noChange, false},
	{"open after a crash", crashedBook, Options{}, nil, noChange, false},
	{"open to read", nil, Options{ReadOnly: true}, nil, opensOnly, false},
	{"first contact", emptyBook, Options{}, func(w *worker) error { _, err := w.b.Create(ctxNone, w.contact(20)); return err }, oneCommit, false},
	{"create", nil, Options{}, func(w *worker) error { _, err := w.b.Create(ctxNone, w.contact(20)); return err }, oneCommit, false},
	{"update", nil, Options{}, func(w *worker) error {
		_, err := w.b.Edit(ctxNone, w.ids[3], func(c *contacts.Contact) error { c.Notes = "new"; return nil })
		return err
	}, oneCommit, false},
	{"delete", nil, Options{}, func(w *worker) error { _, err := w.b.Delete(ctxNone, w.ids[3]); return err }, oneCommit, false},
	{"purge", nil, Options{}, func(w *worker) error { return w.b.Purge(ctxNone, w.ids[3]) }, oneCommit, false},
	{"merge", nil, Options{}, func(w *worker) error { _, err := w.b.Merge(ctxNone, w.ids[3], w.ids[4:7], nil); return err }, oneCommit, false},
	{"grow", nil, Options{}, func(w *worker) error { _, err := w.b.CreateAll(ctxNone, w.list(200, 1000)); return err }, oneCommit, false},
	{"large value", nil, Options{}, func(w *worker) error { _, err := w.b.Create(ctxNone, w.contact(16_000)); return err }, oneCommit, false},
	{"load into an empty book", emptyBook, Options{}, func(w *worker) error {
		w.s.engine.mergeFrom = 0
		_, err := w.b.CreateEach(ctxNone, w.list(1000, 0))
		return err
	}, oneCommit, false},
	{"import into an empty book", emptyBook, Options{}, func(w *worker) error {
		w.s.engine.mergeFrom = 0
		return w.take(w.rows(1000, 0))
	}, oneCommit, false},
	{"import", nil, Options{}, func(w *worker) error { return w.take(w.rows(100, 100)) }, manyCommits, false},
	{"dry run", nil, Options{}, func(w *worker) error {
		_, err := w.b.Import(ctxNone, w.rows(20, 100), &contacts.ImportOptions{DryRun: true}, func(contacts.ImportResult) error { return nil })
		return err
	}, noChange, false},
	{"compact", nil, Options{}, func(w *worker) error { return w.s.Compact(ctxNone) }, noChange, false},
	{"compact by itself", wastefulBook, Options{}, func(w *worker) error { _, err := w.b.Create(ctxNone, w.contact(20)); return err }, oneCommit, false},
	{"trim", nil, Options{}, func(w *worker) error { return w.s.Trim(ctxNone, w.b.Scope(), 30) }, noChange, false},
	{"back up", nil, Options{}, func(w *worker) error { return w.s.BackupFile(ctxNone, filepath.Join(filepath.Dir(w.path), "copy.db")) }, noChange, false},
	{"save a snapshot", nil, Options{}, func(w *worker) error { _, err := w.s.SaveSnapshot(ctxNone); return err }, noChange, false},
	{"copy", nil, Options{}, func(w *worker) error {
		dst, err := Open(filepath.Join(filepath.Dir(w.path), "other.db"), nil)
		if err != nil {
			return err
		}
		_, err = contacts.Copy(ctxNone, dst, w.s, nil)
		if closeErr := dst.Close(); err == nil {
			err = closeErr
		}
		return err
	}, noChange, false},
	{"migrate", olderBook, Options{}, nil, noChange, false},
	{"repair", damagedBook, Options{}, nil, noChange, true},
}

var ctxNone = context.Background()

// emptyBook, and the others, make the folder of a scenario.
func emptyBook(t testing.TB, dir string) {
	s, _, err := openTestBook(filepath.Join(dir, bookName))
	must(t, err)
	must(t, s.Close())
}

// someBook is a book of sixty contacts with a little past.
func someBook(t testing.TB, dir string) {
	w := someWorker(t, dir)
	must(t, w.s.Close())
}

func someWorker(t testing.TB, dir string) *worker {
	w := &worker{path: filepath.Join(dir, bookName), r: rand.New(rand.NewPCG(7, 7))}
	var err error
	w.s, w.b, err = openTestBook(w.path)
	must(t, err)
	made, err := w.b.CreateAll(ctxNone, w.list(60, 50))
	must(t, err)
	for _, c := range made[:20] {
		_, err := w.b.Edit(ctxNone, c.ID, func(c *contacts.Contact) error { c.Title = "Dr"; return nil })
		must(t, err)
	}
	return w
}

// crashedBook is one that was open when its program ended.
func crashedBook(t testing.TB, dir string) {
	w := someWorker(t, dir)
	data, err := os.ReadFile(w.path)
	must(t, err)
	must(t, w.s.Close())
	must(t, os.WriteFile(w.path, data, 0o600))
}

// wastefulBook has so many free pages that the next commit compacts it.
func wastefulBook(t testing.TB, dir string) {
	w := someWorker(t, dir)
	for range 4 {
		made, err := w.b.CreateAll(ctxNone, w.list(120, 15_000))
		must(t, err)
		for _, c := range made {
			w.ids = append(w.ids, c.ID)
		}
	}
	_, err := w.b.EditEach(ctxNone, w.ids, func(_ int, c *contacts.Contact) error { c.Notes = ""; return nil })
	must(t, err)
	st, err := w.s.Stat(ctxNone, w.b.Scope())
	must(t, err)
	must(t, w.s.Trim(ctxNone, w.b.Scope(), st.Last))
	must(t, w.s.Close())
}

func olderBook(t testing.TB, dir string) {
	someBook(t, dir)
	asFormat1(t, filepath.Join(dir, bookName))
}

// damagedBook has a byte changed.
func damagedBook(t testing.TB, dir string) {
	someBook(t, dir)
	path := filepath.Join(dir, bookName)
	data, err := os.ReadFile(path)
	must(t, err)
	data[bytes.Index(data, []byte("Last30"))] ^= 1
	must(t, os.WriteFile(path, data, 0o600))
	if _, err := Open(path, nil); !errors.Is(err, contacts.ErrDamaged) {
		t.Fatal(err)
	}
}

func (w *worker) list(n, notes int) []contacts.Contact {
	list := make([]contacts.Contact, n)
	for i := range list {
		list[i] = w.contact(notes)
	}
	return list
}

// report says what became of a call, by a system call that is never made to
// fail and that nothing else here makes.
func report(what string, err error) {
	class := "ok"
	switch {
	case errors.Is(err, contacts.ErrCommitUnknown):
		class = "unknown"
	case err != nil:
		class = "failed"
	}
	line := []byte(fmt.Sprintf("ack %s %s %v\n", what, class, err))
	iov := syscall.Iovec{Base: &line[0]}
	iov.SetLen(len(line))
	_, _, _ = syscall.Syscall(syscall.SYS_WRITEV, 1, uintptr(unsafe.Pointer(&iov)), 1)
}

// childCalls plays scenario args[1] in the folder args[0].
func childCalls(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	sc := scenarios[n]
	w := &worker{path: filepath.Join(args[0], bookName), r: rand.New(rand.NewPCG(8, 8)), n: 1000}
	report("begin", nil)
	defer report("end", nil)
	if sc.repair {
		r, err := Repair(ctxNone, w.path, nil)
		report("repair", err)
		for _, scope := range r.Scopes {
			report(fmt.Sprint("missing=", scope.Missing), nil)
		}
	}
	w.s, err = Open(w.path, &sc.options)
	if report("open", err); err != nil {
		return nil
	}
	w.b, err = contacts.Open(ctxNone, w.s, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules(), ReadOnly: sc.options.ReadOnly})
	if err == nil {
		for c, err2 := range w.b.All(ctxNone, nil) {
			err = errors.Join(err, err2)
			w.ids = append(w.ids, c.ID)
		}
	}
	if report("book", err); err == nil {
		if sc.call != nil {
			report("call", sc.call(w))
		}
		if sc.kind != opensOnly {
			_, err := w.b.Create(ctxNone, contacts.Contact{FirstName: "After", CellPhone: contacts.Phone{Number: "+4930901820"}})
			report("after", err)
		}
	}
	report("close", w.s.Close())
	return nil
}

// plainState returns what a book says of its contacts, without what is random
// about them: whether one was written "after", and the others.
func plainState(s contacts.Store) (after bool, others []string, err error) {
	for scope, err := range contacts.Scopes(ctxNone, s) {
		if err != nil {
			return after, others, err
		}
		b, err := contacts.Open(ctxNone, s, scope, &contacts.Options{Rules: contacts.RelaxedRules(), ReadOnly: true})
		if err != nil {
			return after, others, err
		}
		o := &contacts.ListOptions{Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}}
		for c, err := range b.All(ctxNone, o) {
			if err != nil {
				return after, others, err
			}
			if c.FirstName == "After" {
				after = true
				continue
			}
			others = append(others, strings.Join([]string{c.FullName, c.CellPhone.Number, c.Notes, c.Title, string(c.Status)}, "|"))
		}
	}
	return after, others, nil
}
