package contacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/callerbook/contacts/phone"
)

// ErrCopyDiffers: what Copy read back from the destination is not what it had
// read from the source. The destination is not to be used.
var ErrCopyDiffers = errors.New("contacts: the copy differs from the source")

// CopyOptions of Copy. Nil and the zero value copy everything.
type CopyOptions struct {
	// Scopes says what to copy. Nil means all scopes of the source.
	Scopes []Scope

	// Rules are those that the books are used with: Options.Site.Rules. With
	// others the first Open has to re-index the copy.
	Rules *phone.Rules

	// Progress, when set, is called now and then, by the goroutine that
	// called Copy.
	Progress func(CopyProgress)
}

// CopyProgress says how far Copy has come.
type CopyProgress struct {
	Scope     Scope
	Verifying bool // it is being read back, else it is being copied

	// Done of Total contacts and events of the scope were read. Total is
	// that of the beginning; a scope that is written to may end a little
	// beside it. Where copying begins anew, Done does.
	Done, Total uint64
}

// Copied is what Copy did.
type Copied struct {
	Scopes []CopiedScope // in the order in which they were copied
}

// CopiedScope is one scope that was copied and verified.
type CopiedScope struct {
	Scope  Scope
	Counts Counts // of contacts, in the copy

	// With History the copy has the revisions, the superseded states and
	// the purges of the source, else only its contacts.
	History bool
	Past    uint64 // superseded states
	Purged  uint64 // contacts that were purged

	// Last is the revision of the source whose state was copied. What was
	// written to the source after it is not in the copy.
	Last uint64

	// Skipped says that the destination had all of that before, so that
	// nothing was written.
	Skipped bool

	// Kept has the numbers that more than one contact claims: duplicates of
	// the source, and what Rules see as one line. Index and Earlier count
	// the records of the scope in order of creation, purged contacts
	// included where there is History. Book.Duplicates lists the contacts.
	Kept []Refusal
}

// Copy copies scopes from one store to another, of whatever kinds they are, and
// reads the copy back to compare it, by counts and a checksum over every field.
//
// Where dst is a Loader, the copy has ids, revisions, order of creation,
// history and settings of the source, and a scope is copied as a whole or not
// at all. Elsewhere contacts are written a batch at a time with new revisions,
// in order of creation and without their history.
//
// Copy may be run again after it was interrupted. What is in dst and the same
// is passed over. A Loader's scope that is there and differs is ErrNotEmpty;
// elsewhere contacts are brought up to the source, and only a contact that
// the source does not have is ErrNotEmpty. On an error the scopes in the
// Copied are done; the others are not, or not verified.
//
// The source may be written to meanwhile: the copy is its state at one
// revision. Purges and Trim undo what that rests on; then the scope is begun
// anew, three times at most before Copy returns ErrConflict. dst is not to be
// written to by others until Copy returns.
//
// Not carried over are the epoch, so that a Token of the source is of another
// feed in the copy and *TrimmedError says so; the keys of Book.Once; and the ids
// of contacts that were purged at a revision up to Stat.First, which no call
// lists. What contacts are found by is made anew by this version of the
// library; numbers that are one line by its rules are kept, and listed in
// CopiedScope.Kept.
//
// Errors are those of the two stores, and ErrInvalid where dst is src,
// ErrNotFound where the source lacks one of Scopes, *IndexError where a newer
// library has indexed the source, ErrCopyDiffers, ErrNotEmpty and ErrConflict
// as above.
//
// Memory does not grow with the contacts, but for what Load takes and a
// note of each purged one.
func Copy(ctx context.Context, dst, src Store, o *CopyOptions) (Copied, error) {
	var done Copied
	if reflect.ValueOf(dst).Comparable() && reflect.ValueOf(src).Comparable() && dst == src {
		return done, fmt.Errorf("%w: source and destination are the same store", ErrInvalid)
	}
	if o == nil {
		o = &CopyOptions{}
	}
	scopes := Scopes(ctx, src)
	if o.Scopes != nil {
		scopes = func(yield func(Scope, error) bool) {
			for _, s := range o.Scopes {
				if !yield(s, nil) {
					return
				}
			}
		}
	}
	for scope, err := range scopes {
		if err != nil {
			return done, err
		}
		c := copier{dst: dst, src: src, o: o, scope: scope}
		if err := c.run(ctx); err != nil {
			return done, fmt.Errorf("copy account %q, stream %q: %w", scope.Account, scope.Stream, err)
		}
		done.Scopes = append(done.Scopes, c.done)
	}
	return done, nil
}

// copyTries is how often a scope is begun.
const copyTries = 3

// copier copies one scope.
type copier struct {
	dst, src Store
	o        *CopyOptions
	scope    Scope

	book *Book // of the source, for the rules of this library
	st   Stat  // of the source when reading it began
	want digest
	done CopiedScope
}

func (c *copier) run(ctx context.Context) error {
	if err := checkScope(c.scope); err != nil {
		return err
	}
	for range copyTries {
		if err := c.try(ctx); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fmt.Errorf("%w: contacts of the source were purged, or its past trimmed, whenever it was copied: stop that meanwhile, or copy from a backup",
		ErrConflict)
}

// try copies the scope, as the source has it now.
func (c *copier) try(ctx context.Context) (err error) {
	if c.st, err = c.src.Stat(ctx, c.scope); err != nil {
		return err
	}
	if c.st.Epoch == "" {
		return fmt.Errorf("%w: the source has no such scope", ErrNotFound)
	}
	c.book, err = Open(ctx, c.src, c.scope, &Options{Site: phone.Site{Rules: c.o.Rules}, ReadOnly: true})
	if err != nil {
		return err
	}
	if c.st.Index.Generation > c.book.index.Generation {
		return &IndexError{Have: c.book.index, Want: c.st.Index}
	}
	have, err := c.dst.Stat(ctx, c.scope)
	if err != nil {
		return err
	}
	_, loads := c.dst.(Loader)
	c.done = CopiedScope{Scope: c.scope, History: loads, Last: c.st.Last}
	c.want = digest{}
	same := bytes.Equal(have.Settings, c.st.Settings)
	free := have.Last == 0 && (len(have.Settings) == 0 || same) // nothing there that a load would replace
	switch {
	case !loads:
		err = c.put(ctx, have)
	case !free || have.Epoch != "" && same && c.st.Last == 0:
		return c.compare(ctx, have)
	default:
		err = c.load(ctx)
	}
	if err != nil {
		return err
	}
	if have, err = c.dst.Stat(ctx, c.scope); err != nil {
		return err
	}
	return c.verify(ctx, have, ErrCopyDiffers)
}

// load copies the scope with its history.
func (c *copier) load(ctx context.Context) error {
	head := LoadHead{First: c.st.First, Last: c.st.Last, Index: c.book.index, UniqueBy: c.st.UniqueBy, Settings: c.st.Settings}
	a, err := Load(ctx, c.dst, c.scope, head, c.records(ctx))
	for i := range a.Kept {
		a.Kept[i].Number = a.Kept[i].Line.String()
	}
	c.done.Kept = a.Kept
	return err
}

// records yields what Load takes, and adds it to the checksum.
func (c *copier) records(ctx context.Context) iter.Seq2[LoadRecord, error] {
	return func(yield func(LoadRecord, error) bool) {
		p := past{copier: c}
		for r, err := range p.records(ctx) {
			if err == nil {
				c.want.record(&r, c.st.First)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// compare passes over a scope that the destination has, if it is the same.
func (c *copier) compare(ctx context.Context, have Stat) error {
	differs := fmt.Errorf("%w: the destination has this scope, and it is not what the source has now: copy into an empty store", ErrNotEmpty)
	if have.Last != c.st.Last || have.First != c.st.First {
		return differs // without a look at the contacts
	}
	for _, err := range c.records(ctx) {
		if err != nil {
			return err
		}
	}
	c.done.Skipped = true
	return c.verify(ctx, have, differs)
}

// verify reads the destination back; have is its Stat. Where it differs it
// returns an error that is differs.
func (c *copier) verify(ctx context.Context, have Stat, differs error) error {
	history := c.done.History
	c.done.Counts = Counts{have.Active, have.Inactive, have.Merged, have.Duplicates}
	var got digest
	switch {
	case history && (have.First != c.st.First || have.Last != c.st.Last):
		return fmt.Errorf("%w (its feed is from %d to %d, not from %d to %d)", differs, have.First, have.Last, c.st.First, c.st.Last)
	case !bytes.Equal(have.Settings, c.st.Settings) || have.UniqueBy != c.st.UniqueBy:
		return fmt.Errorf("%w (in its settings)", differs)
	}
	m := c.meter(true, history)
	for h, err := range everyHit(ctx, c.dst, c.scope) {
		if err != nil {
			return err
		}
		created := h.Created
		if !history {
			created = 0
		}
		got.contact(&h.Contact, created)
		m.add(1)
	}
	if history {
		for e, err := range everyEvent(ctx, c.dst, c.scope, have.First, have.Last) {
			if err != nil {
				return err
			}
			got.event(&e)
			m.add(1)
		}
	}
	m.report()
	if counted := (Counts{got.active, got.inactive, got.merged, have.Duplicates}); got != c.want || counted != c.done.Counts {
		return fmt.Errorf("%w (read from the source, %s; read back, %s; by its own count, contacts: %d)",
			differs, c.want.String(), got.String(), have.Active+have.Inactive+have.Merged)
	}
	return nil
}

// meter tells CopyOptions.Progress how far the copy has come.
type meter struct {
	report func()
	at     *CopyProgress
}

// meter returns one for a phase, which reads the feed too or not.
func (c *copier) meter(verifying, feed bool) meter {
	p := &CopyProgress{Scope: c.scope, Verifying: verifying, Total: c.st.Active + c.st.Inactive + c.st.Merged}
	if feed {
		p.Total += c.st.Last - c.st.First
	}
	return meter{at: p, report: func() {
		if c.o.Progress != nil {
			c.o.Progress(*p)
		}
	}}
}

func (m meter) add(n uint64) {
	m.at.Done += n
	if m.at.Done%500 == 0 {
		m.report()
	}
}
