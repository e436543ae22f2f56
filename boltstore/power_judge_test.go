//go:build linux

package boltstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

var (
	errLost       = errors.New("lost")
	errUnopenable = errors.New("unopenable")
	errUnsound    = errors.New("unsound")
)

// judge opens the book of an image as the next program would, and returns the
// state that it finds.
func (p *powerRun) judge(img image, acked bool, d *disk, promised []string, n int) (state string, err error) {
	if err := img.write(p.dir); err != nil {
		return "", err
	}
	for _, name := range promised {
		_, there := img[name]
		if _, still := d.live[name]; still && !there && !strings.HasPrefix(name, ".") {
			return "", fmt.Errorf("%w: there is no %s", errLost, name)
		}
	}
	path := filepath.Join(p.dir, bookName)
	if _, there := img[bookName]; !there {
		if acked {
			return "", fmt.Errorf("%w: there is no book", errLost)
		}
		return "", p.goOn(path, n) // nothing was promised; it can be created
	}
	for name, f := range img {
		if strings.Contains(name, ".damaged-") {
			if !p.isFirst(f.data) {
				return "", fmt.Errorf("%w: %s is not the damaged file", errLost, name)
			}
		} else if name != bookName && !strings.HasPrefix(name, ".") {
			if err := p.judgeCopy(filepath.Join(p.dir, name)); err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	s, err := Open(path, &Options{MustExist: true})
	if p.rungs[0].state == damagedState && p.isFirst(img[bookName].data) && errors.Is(err, contacts.ErrDamaged) {
		_, err := Repair(context.Background(), path, nil)
		if err == nil {
			err = p.goOn(path, n)
		}
		return damagedState, err
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnopenable, err)
	}
	defer s.Close()
	if s.Info().Clean {
		p.tally.clean++
	}
	if state, err = stateOf(s.engine); err == nil {
		err = s.Check(context.Background())
	}
	if err == nil {
		err = s.Close()
	}
	if err == nil {
		err = p.goOn(path, n)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errUnsound, err)
	}
	return state, err
}

// judgeCopy opens another book of an image: a backup is whole once it has its
// name.
func (p *powerRun) judgeCopy(path string) error {
	p.tally.copies++
	s, err := Open(path, &Options{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("%w: %w", errUnopenable, err)
	}
	defer s.Close()
	state, err := stateOf(s.engine)
	if err == nil {
		err = s.Check(context.Background())
	}
	if err == nil && !slices.ContainsFunc(p.rungs, func(r rung) bool { return r.state == state }) {
		err = errors.New("a state that the book never had")
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errUnsound, err)
	}
	return err
}

// goOn writes to the book that was left, closes it and reads that back; in the
// short form to every fourth.
func (p *powerRun) goOn(path string, n int) error {
	if n%4 > 0 && !*long {
		return nil
	}
	ctx := context.Background()
	const number = "+4930901820"
	s, b, err := openTestBook(path)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := b.Create(ctx, contacts.Contact{FirstName: "After", CellPhone: contacts.Phone{Number: number}}); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	s, b, err = openTestBook(path)
	if err != nil {
		return err
	}
	defer s.Close()
	if m, err := b.Lookup(ctx, number, nil); err != nil || m.Contact.FirstName != "After" {
		return fmt.Errorf("what was written after it is not there: %w", err)
	}
	if err := s.Check(ctx); err != nil {
		return err
	}
	return s.Close()
}

// count judges a state against those that programs saw up to the cut.
func (p *powerRun) count(state string, err error, floor, reached int) error {
	was := func(rungs []rung) bool {
		return slices.ContainsFunc(rungs, func(r rung) bool { return r.state == state })
	}
	switch {
	case errors.Is(err, errLost):
		p.tally.lost++
	case errors.Is(err, errUnopenable):
		p.tally.unopenable++
	case err != nil:
		p.tally.unsound++
	case state == p.rungs[floor].state:
		p.tally.same++
	case was(p.rungs[floor : reached+1]):
		p.tally.later++
	case was(p.rungs[:floor]):
		p.tally.lost++
		err = fmt.Errorf("%w: an acknowledged write", errLost)
	default:
		p.tally.partial++
		err = errors.New("a state that the book never had")
	}
	return err
}
