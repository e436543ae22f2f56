package guard

import (
	"runtime/debug"

	"go.etcd.io/bbolt"
)

type engine struct{ db *bbolt.DB }

func (e *engine) Guard(fn func() error) error   { return fn() }
func (e *engine) guarded(fn func() error) error { return fn() }
func (e *engine) plain(fn func() error) error   { return fn() }

func (e *engine) bad() error {
	tx, err := e.db.Begin(false) // want `Begin may fault on a damaged file: outside of a guard`
	if err != nil {
		return err
	}
	defer tx.Rollback() // want `Rollback may fault`
	_ = tx.Bucket(nil)  // want `Bucket may fault`
	_ = e.plain(func() error {
		return e.db.Close() // want `Close may fault`
	})
	_ = e.plain(e.db.Close)          // want `Close may fault`
	_ = e.Guard(later(e.db.Close())) // want `Close may fault`
	return e.helper(tx)              // want `helper is to be called: outside of a guard`
}

func later(error) func() error { return nil }

func (e *engine) good(tx *bbolt.Tx) error {
	_, _ = e.db.Path(), tx.ID()
	_ = tx.Rollback() //contacts:nofault a read transaction's
	_ = e.guarded(e.db.Close)
	return e.Guard(func() error {
		if err := e.helper(tx); err != nil {
			return err
		}
		each := func() error { return e.helper(tx) }
		defer func() { _ = tx.Rollback() }()
		return each()
	})
}

// helper is called in a guard.
//
//contacts:guarded by good
func (e *engine) helper(tx *bbolt.Tx) error {
	k, _ := tx.Bucket(nil).Cursor().First()
	_ = k
	return nil
}

// noReason does not say who calls it.
//
//contacts:guarded
func (e *engine) noReason(tx *bbolt.Tx) {
	_ = tx.Bucket(nil) // want `Bucket may fault`
}

// open is a guard itself.
func open() (db *bbolt.DB, err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if recover() != nil {
			db = nil
		}
	}()
	return bbolt.Open("x")
}

// late becomes a guard when it is too late.
func late() (db *bbolt.DB, err error) {
	db, err = bbolt.Open("x") // want `Open may fault`
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { _ = recover() }()
	return db, err
}

// unrecovered has faults panic and lets them.
func unrecovered() (*bbolt.DB, error) {
	debug.SetPanicOnFault(true)
	return bbolt.Open("x") // want `Open may fault`
}

// A writer is called in a guard.
//
//contacts:guarded use calls it
type writer func(tx *bbolt.Tx) error

func (e *engine) use(w writer, tx *bbolt.Tx) error {
	if err := w(tx); err != nil { // want `a writer is called outside of a guard`
		return err
	}
	return e.Guard(func() error { return w(tx) })
}

func (e *engine) writers(tx *bbolt.Tx) writer {
	_ = e.use(func(tx *bbolt.Tx) error { return e.helper(tx) }, tx)
	_ = e.use(e.helper, tx)
	w := e.helper // want `helper is to be called: outside of a guard`
	_ = w
	if tx == nil {
		return func(tx *bbolt.Tx) error { return e.helper(tx) }
	}
	return e.helper
}

// aside runs where no guard is.
//
//contacts:guarded use calls it
func (e *engine) aside(tx *bbolt.Tx) {
	go func() { _ = e.helper(tx) }() // want `helper is to be called: outside of a guard`
	go e.helper(tx)                  // want `helper is to be called: outside of a guard`
	go func() {
		_ = e.Guard(func() error { return e.helper(tx) })
	}()
}
