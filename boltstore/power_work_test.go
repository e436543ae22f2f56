//go:build linux

package boltstore

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

func init() { children["power"] = childPower }

// powerWork is a workload whose system calls are recorded.
type powerWork struct {
	name    string
	run     func(*worker) error
	costs   int // images are so many times as dear as those of others
	renames int // at least so many times a new file takes the book's place
	prepare func(t testing.TB, dir string)
}

var powerWorks = []powerWork{
	{"create a book", workCreate, 1, 0, nil},
	{"create at once", workRace, 1, 0, nil},
	{"grow", workGrow, 1, 0, nil},
	{"large values", workLarge, 2, 0, nil},
	{"delete and purge", workDelete, 1, 0, nil},
	{"load", workLoad, 4, 2, nil},
	{"import", workImport, 4, 1, nil},
	{"compact", workCompact, 1, 5, nil},
	{"compact by itself", workAutoCompact, 20, 1, nil},
	{"back up", workBackup, 1, 0, nil},
	{"close and open", workCycles, 1, 0, nil},
	{"save snapshots", workSnapshots, 1, 0, nil},
	{"migrate", workMigrate, 1, 1, olderBook},
	{"repair", workRepair, 1, 1, damagedBook},
}

func workCreate(w *worker) error {
	return steps(w.open, repeat(6, func() error { return w.create(20) }), w.close)
}

// workRace has several stores create one book at once. Each writes to it while
// it has it.
func workRace(w *worker) error {
	var wg sync.WaitGroup
	errs := make([]error, 5)
	for i := range errs {
		wg.Go(func() {
			errs[i] = func() error {
				e, err := openEngine(w.path, &Options{LockWait: 20 * time.Second}, kvstore.AppendTables)
				if err != nil {
					return err
				}
				defer e.Close()
				if err := ackState(e, "one"); err != nil {
					return err
				}
				s, err := kvstore.New(e, &kvstore.Options{Name: w.path})
				if err != nil {
					return err
				}
				b, err := contacts.Open(context.Background(), s, contacts.Scope{Account: fmt.Sprint("a", i)}, &contacts.Options{Rules: contacts.RelaxedRules()})
				if err != nil {
					return err
				}
				if err := ackState(e, "one"); err != nil {
					return err
				}
				for n := range 3 {
					if _, err := b.Create(context.Background(), contacts.Contact{FirstName: "N", CellPhone: contacts.Phone{Number: fmt.Sprint("+91987650", 1000+n)}}); err != nil {
						return err
					}
					if err := ackState(e, "one"); err != nil {
						return err
					}
				}
				return s.Close()
			}()
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func workGrow(w *worker) error {
	return steps(w.open,
		repeat(25, func() error { return w.create(300) }),
		repeat(4, func() error { return w.createEach(60, 500, "one") }),
		repeat(15, func() error { return w.edit(700) }),
		repeat(3, func() error { return w.createEach(100, 900, "one") }),
		repeat(10, func() error { return w.create(100) }),
		w.close)
}

func workLarge(w *worker) error {
	large := func() error { return w.create(15_000) }
	return steps(w.open,
		repeat(10, large),
		repeat(10, func() error { return w.edit(15_000) }),
		repeat(3, func() error { return w.createEach(10, 15_000, "one") }),
		repeat(10, func() error { return w.edit(10) }),
		repeat(5, large),
		w.close)
}

func workDelete(w *worker) error {
	ctx := context.Background()
	take := func() string {
		i := w.r.IntN(len(w.ids))
		id := w.ids[i]
		w.ids = append(w.ids[:i], w.ids[i+1:]...)
		return id
	}
	return steps(w.open,
		func() error { return w.createEach(150, 400, "one") },
		repeat(12, func() error { _, err := w.b.Delete(ctx, take()); return w.ack("one", err) }),
		repeat(12, func() error { return w.ack("one", w.b.Purge(ctx, take())) }),
		repeat(6, func() error { _, err := w.b.Merge(ctx, take(), []string{take()}, nil); return w.ack("one", err) }),
		func() error { _, err := w.b.DeleteEach(ctx, w.ids[:60]); return w.ack("one", err) },
		repeat(5, func() error { return w.create(200) }),
		func() error {
			st, err := w.s.Stat(ctx, w.b.Scope())
			if err == nil {
				err = w.s.Trim(ctx, w.b.Scope(), st.Last-5)
			}
			return w.ack("many", err)
		},
		repeat(5, func() error { return w.create(200) }),
		w.close)
}

// workLoad loads scope after scope, each at once, as a merge and as commits.
func workLoad(w *worker) error {
	load := func(account string, mergeFrom int64) func() error {
		return func() (err error) {
			w.s.engine.mergeFrom = mergeFrom
			w.b, err = contacts.Open(context.Background(), w.s, contacts.Scope{Account: account}, &contacts.Options{Rules: contacts.RelaxedRules()})
			if err := w.ack("one", err); err != nil {
				return err
			}
			w.ids = nil
			return steps(func() error { return w.createEach(1000, 0, "many") }, repeat(3, func() error { return w.create(20) }))
		}
	}
	return steps(w.open, load("a", 0), load("b", 0), load("c", 1<<40), w.close)
}

func workImport(w *worker) error {
	return steps(w.open,
		func() error { w.s.engine.mergeFrom = 0; return w.ack("many", w.take(w.rows(1000, 0))) },
		repeat(3, func() error { return w.create(20) }),
		func() error { return w.ack("many", w.take(w.rows(200, 100))) },
		repeat(3, func() error { return w.create(20) }),
		w.close)
}

func workCompact(w *worker) error {
	compact := func() error { return w.ack("one", w.s.Compact(context.Background())) }
	return steps(w.open, compact,
		func() error { return w.createEach(200, 200, "one") },
		compact,
		repeat(3, func() error { return w.create(20) }),
		compact, compact,
		repeat(3, func() error { return w.edit(200) }),
		w.close, w.open, compact,
		repeat(3, func() error { return w.create(20) }),
		w.close)
}

// workAutoCompact makes so much free space that a small commit rewrites the
// file first.
func workAutoCompact(w *worker) error {
	ctx := context.Background()
	return steps(w.open,
		repeat(4, func() error { return w.createEach(120, 15_000, "one") }),
		func() error {
			_, err := w.b.EditEach(ctx, w.ids, func(_ int, c *contacts.Contact) error { c.Notes = ""; return nil })
			return w.ack("many", err)
		},
		func() error {
			st, err := w.s.Stat(ctx, w.b.Scope())
			if err == nil {
				err = w.s.Trim(ctx, w.b.Scope(), st.Last)
			}
			return w.ack("many", err)
		},
		repeat(4, func() error { return w.create(20) }),
		w.close)
}

func workBackup(w *worker) error {
	copies := 0
	backup := func() error {
		copies++
		return w.ack("one", w.s.BackupFile(context.Background(), filepath.Join(filepath.Dir(w.path), fmt.Sprintf("copy%d.db", copies))))
	}
	return steps(w.open, backup,
		func() error { return w.createEach(60, 100, "one") },
		backup,
		repeat(3, func() error { return w.create(20) }),
		backup,
		repeat(3, func() error { return w.edit(50) }),
		w.close)
}

// workCycles closes and opens the book, with and without changes between.
func workCycles(w *worker) error {
	return steps(w.open,
		repeat(12, func() error {
			return steps(
				repeat(w.r.IntN(3), func() error { return w.create(50) }),
				w.close, w.open,
				repeat(w.r.IntN(2), w.readOnly),
				repeat(w.r.IntN(3), func() error { return w.create(300) }))
		}),
		w.close)
}

func workSnapshots(w *worker) error {
	return steps(w.open,
		func() error { return w.createEach(40, 100, "one") },
		repeat(6, func() error {
			_, err := w.s.SaveSnapshot(context.Background())
			return steps(func() error { return w.ack("one", err) }, func() error { return w.create(20) })
		}),
		w.close)
}

// workMigrate opens a book of an older format.
func workMigrate(w *worker) error {
	w.n = 1000
	return steps(w.open, repeat(5, func() error { return w.create(50) }), w.close, w.open, w.close)
}

// workRepair repairs a damaged book and goes on with it. What the repair
// promises is acknowledged once the book is open.
func workRepair(w *worker) error {
	w.n = 1000
	return steps(
		func() error { _, err := Repair(context.Background(), w.path, nil); return err },
		w.open, repeat(5, func() error { return w.create(50) }), w.close)
}

// readOnly has the book opened for reading in between.
func (w *worker) readOnly() error {
	if err := w.close(); err != nil {
		return err
	}
	s, err := Open(w.path, &Options{ReadOnly: true})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	return w.open()
}
