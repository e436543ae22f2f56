package boltstore

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

var errBusy = errors.New("calls are still under way")

// Guard runs fn and turns a panic in it into an error that wraps
// contacts.ErrDamaged; also a fault of a read of the mapped file, which
// without it ends the process: the file was truncated, or its disk fails.
// From then on every call of the engine returns that error at once.
func (e *engine) Guard(fn func() error) error {
	if p := e.fault.Load(); p != nil {
		return *p
	}
	return e.doubt(e.guarded(fn))
}

// guarded is Guard also after a fault.
func (e *engine) guarded(fn func() error) error {
	if e.unguarded {
		return fn()
	}
	return guarded(fn, func(what string) error { return e.poison(damaged(e.name, what)) })
}

// guarded runs fn, and returns what recovered makes of a fault or panic in it.
//
// It costs about 20 ns: see BenchmarkGuardsOfARead.
func guarded(fn func() error, recovered func(what string) error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			err = recovered(describe(r))
		}
	}()
	return fn()
}

// poison makes err the answer of every later call, unless there is one
// already, and returns that answer.
func (e *engine) poison(err error) error {
	e.fault.CompareAndSwap(nil, &err)
	// Whoever waits for readers need not any more. Taking mu puts this after
	// the check of one that is about to wait.
	e.mu.Lock()
	e.changed.Broadcast()
	e.mu.Unlock()
	return *e.fault.Load()
}

// failure returns the answer of every call where there is one, and else err:
// what fails beside a fault often fails because of it.
func (e *engine) failure(err error) error {
	if p := e.fault.Load(); p != nil {
		return *p
	}
	return err
}

// describe says in a few words what was recovered. It quotes no more than the
// runtime's and bbolt's own words, which hold no contact's data.
func describe(r any) string {
	var fault interface{ Addr() uintptr }
	if err, ok := r.(runtime.Error); ok {
		if errors.As(err, &fault) {
			return "a part of it could not be read: truncated, or a disk error"
		}
		return err.Error()
	}
	if s, ok := r.(string); ok && len(s) < 200 {
		return s
	}
	return fmt.Sprintf("%T", r)
}
