package contacts

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Token is a position in the feed of a scope: everything up to a revision has
// been seen. It survives restarts (String, ParseToken), and tells when it is
// shown to another feed: that of another or a copied book. (A backup that took
// the place of its book is told apart only while it is behind the token; see
// Backuper.) The zero Token is the beginning of any feed.
type Token struct {
	Epoch    string
	Revision uint64
}

// String returns the token as "epoch.revision", and "" for the zero Token.
func (t Token) String() string {
	if t == (Token{}) {
		return ""
	}
	return t.Epoch + "." + strconv.FormatUint(t.Revision, 10)
}

// ParseToken reads what Token.String wrote.
func ParseToken(s string) (Token, error) {
	if s == "" {
		return Token{}, nil
	}
	epoch, rev, ok := strings.Cut(s, ".")
	n, err := strconv.ParseUint(rev, 10, 64)
	if !ok || err != nil || len(epoch) > MaxIDLen {
		return Token{}, fmt.Errorf("%w: not a token", ErrCursor)
	}
	return Token{epoch, n}, nil
}

// MarshalText returns what String returns.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Token) UnmarshalText(text []byte) (err error) {
	*t, err = ParseToken(string(text))
	return err
}

// Token returns the present end of the feed. To have all contacts and then every
// change: take the Token, read All, then Watch from the token.
func (b *Book) Token(ctx context.Context) (Token, error) {
	st, err := b.store.Stat(ctx, b.scope)
	return Token{st.Epoch, st.Last}, err
}

// Token returns the position after the event.
func (e Event) Token() Token { return Token{e.Epoch, e.Revision} }

// Events returns at most limit events after a token, oldest first, and none
// where there is no news; limit 0 means DefaultLimit. A *TrimmedError says that
// some are gone, or that the token is of another feed, and has the token to go
// on from once All was read anew (TrimmedError.Restart).
func (b *Book) Events(ctx context.Context, after Token, limit int) ([]Event, error) {
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil {
		return nil, err
	}
	if after.Epoch != "" && after.Epoch != st.Epoch || after.Revision > st.Last {
		return nil, &TrimmedError{After: after.Revision, First: st.First, OtherFeed: true, Restart: Token{st.Epoch, st.Last}}
	}
	list, err := b.store.Events(ctx, b.scope, after.Revision, limit)
	var gone *TrimmedError
	if errors.As(err, &gone) {
		e := *gone
		e.Restart = Token{st.Epoch, max(st.Last, e.First)}
		return nil, &e
	}
	for i := range list {
		list[i].Epoch = st.Epoch
		if !list[i].Blank {
			b.fill(&list[i].Contact)
		}
	}
	return list, err
}

// Watch yields every event after a token, once and in order, and then waits
// for more. It ends with an error: the context's when that is done, ErrClosed,
// or *TrimmedError where events are gone; the way out of that is to read All
// anew and watch from TrimmedError.Restart. The loop may write to the book and
// take its time: a watcher keeps nobody waiting, and holds no events but the
// page that it is at.
func (b *Book) Watch(ctx context.Context, after Token) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			list, err := b.Events(ctx, after, 200)
			if err == nil && len(list) == 0 {
				err = Wait(ctx, b.store, b.scope, after.Revision)
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
				after = e.Token()
			}
		}
	}
}

// Trim forgets the past before an instant: the events older than that, from
// the first one on up to the first that is not, with the states they left and
// the Once keys of that time. It returns the revision up to which the feed is
// gone now, by this Trim or an earlier one; where there was nothing to trim
// that is no error.
//
// No contact is lost or changed: what is its present state stays, however old.
// History, NumberHistory and Watch reach back to what Trim left. Batches are
// kept or forgotten whole. The time of an event is that of the host which
// wrote it, so that one written by a clock that runs ahead, and what follows
// it, stays until its time has come; package function Trim takes a revision.
//
// It reads the events that it forgets. A store that cannot trim is
// ErrUnsupported.
func (b *Book) Trim(ctx context.Context, before time.Time) (uint64, error) {
	if err := b.onlyOnce("Trim"); err != nil {
		return 0, err
	}
	if b.opt.ReadOnly {
		return 0, ErrReadOnly
	}
	if _, ok := b.store.(Trimmer); !ok {
		return 0, ErrUnsupported
	}
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil {
		return 0, err
	}
	upTo, err := b.lastBefore(ctx, st.First, before)
	if err != nil {
		return st.First, err
	}
	if upTo > st.First {
		if err := Trim(ctx, b.store, b.scope, upTo); err != nil {
			return st.First, err
		}
	}
	return upTo, nil
}

// lastBefore returns the last revision after another at which a batch ends and
// up to which all events are older than an instant.
func (b *Book) lastBefore(ctx context.Context, after uint64, before time.Time) (uint64, error) {
	upTo := after
	for {
		list, err := b.store.Events(ctx, b.scope, after, MaxLimit)
		var gone *TrimmedError
		if errors.As(err, &gone) && gone.First > after { // another Trim was faster
			after, upTo = gone.First, gone.First
			continue
		}
		if err != nil || len(list) == 0 {
			return upTo, err
		}
		for i := range list {
			e := &list[i]
			if (!e.Blank || e.Purged) && !e.Contact.UpdatedAt.Before(before) {
				return upTo, nil
			}
			if after = e.Revision; after == e.BatchEnd {
				upTo = after
			}
		}
	}
}
