//go:build linux

package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// worker is the process that does the work. It prints "ack", what it did and the
// state of the book after every call that returned: "one" where the call may
// have made one commit, "many" where it is known to make several.
type worker struct {
	path string
	r    *rand.Rand
	s    *Store
	b    *contacts.Book
	n    int // contacts made
	ids  []string
}

func childPower(args []string) error {
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	w := &worker{path: filepath.Join(args[0], "book.db"), r: rand.New(rand.NewPCG(seed, 1))}
	for _, work := range powerWorks {
		if work.name == args[1] {
			return work.run(w)
		}
	}
	return fmt.Errorf("no workload %q", args[1])
}

// stateOf returns a hash of all that an engine holds, but for the epochs of
// feeds, which are random and renewed where a file went back to an earlier state.
func stateOf(e *engine) (string, error) {
	h := sha256.New()
	var entry []byte
	err := read(e, func(s kvstore.Snapshot) error {
		return s.Scan(nil, nil, false, func(k, v []byte) bool {
			if bytes.HasPrefix(k, []byte("mc")) {
				return true
			}
			entry = binary.AppendUvarint(entry[:0], uint64(len(k)))
			entry = append(append(entry, k...), v...)
			h.Write(entry)
			return true
		})
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}

// ack says that a call returned, and which state the book has now.
func (w *worker) ack(commits string, err error) error {
	if err != nil {
		return err
	}
	return ackState(w.s.engine, commits)
}

func ackState(e *engine, commits string) error {
	state, err := stateOf(e)
	if err == nil {
		_, err = os.Stdout.WriteString("ack " + commits + " " + state + "\n")
	}
	return err
}

func (w *worker) open() (err error) {
	if w.s, err = Open(w.path, nil); err != nil {
		return err
	}
	if err := w.ack("one", nil); err != nil {
		return err
	}
	w.b, err = contacts.Open(context.Background(), w.s, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	return w.ack("one", err)
}

// close acknowledges nothing: there is nothing that it promises.
func (w *worker) close() error { return w.s.Close() }

// contact returns the next contact, with notes of about that many bytes.
func (w *worker) contact(notes int) contacts.Contact {
	w.n++
	return contacts.Contact{
		FirstName: fmt.Sprint("First", w.r.IntN(500)), LastName: fmt.Sprint("Last", w.n),
		CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", w.n)},
		Notes:     w.text(notes),
	}
}

func (w *worker) text(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%x ", w.r.Uint64())
	}
	return b.String()
}

func (w *worker) create(notes int) error {
	c, err := w.b.Create(context.Background(), w.contact(notes))
	w.ids = append(w.ids, c.ID)
	return w.ack("one", err)
}

func (w *worker) createEach(n, notes int, commits string) error {
	list := make([]contacts.Contact, n)
	for i := range list {
		list[i] = w.contact(notes)
	}
	results, err := w.b.CreateEach(context.Background(), list)
	for _, r := range results {
		w.ids = append(w.ids, r.Contact.ID)
	}
	return w.ack(commits, err)
}

func (w *worker) edit(notes int) error {
	id := w.ids[w.r.IntN(len(w.ids))]
	text := w.text(notes)
	_, err := w.b.Edit(context.Background(), id, func(c *contacts.Contact) error { c.Notes = text; return nil })
	return w.ack("one", err)
}

// rows returns what Import reads: n new contacts.
func (w *worker) rows(n, notes int) iter.Seq2[contacts.ImportRow, error] {
	list := make([]contacts.Contact, n)
	for i := range list {
		list[i] = w.contact(notes)
	}
	return func(yield func(contacts.ImportRow, error) bool) {
		for _, c := range list {
			if !yield(contacts.ImportRow{Contact: c}, nil) {
				return
			}
		}
	}
}

// take imports rows.
func (w *worker) take(rows iter.Seq2[contacts.ImportRow, error]) error {
	_, err := w.b.Import(context.Background(), rows, nil, func(r contacts.ImportResult) error { return r.Err })
	return err
}

// steps runs the functions until one fails.
func steps(list ...func() error) error {
	for _, f := range list {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func repeat(n int, f func() error) func() error {
	return func() error {
		for range n {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
}
