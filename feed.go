package contacts

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Token is a position in the feed of a scope: everything up to a revision has
// been seen. It survives restarts (String, ParseToken), and tells when it is
// shown to another feed: that of a repaired, copied or restored book. The zero
// Token is the beginning of any feed.
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
// some are gone, or that the token is of another feed.
func (b *Book) Events(ctx context.Context, after Token, limit int) ([]Event, error) {
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil {
		return nil, err
	}
	if after.Epoch != "" && after.Epoch != st.Epoch || after.Revision > st.Last {
		return nil, &TrimmedError{After: after.Revision, First: st.First, OtherFeed: true}
	}
	list, err := b.store.Events(ctx, b.scope, after.Revision, limit)
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
// anew. The loop may write to the book and take its time: a watcher keeps
// nobody waiting.
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
