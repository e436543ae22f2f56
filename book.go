package contacts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callerbook/contacts/phone"
	"github.com/google/uuid"
)

// Book is the contact book of one scope: the rules on top of a Store.
//
// What it promises: a phone number belongs to one active contact. Two calls
// at once, a crash, an import and an undelete included, no number that one
// contact claims is given to another, whatever the spelling.
// (Rules.KeepDuplicates is the one way around that, and says so.) A call that
// returned without an error is durable as the store is durable; a call that
// returned ErrCommitUnknown may be repeated with the same Once key; after any
// other error nothing was written, but for the calls named Each and Reindex,
// which go on in steps and say how far they came.
//
// A Book holds no goroutine and nothing to close: close its Store.
// All methods may be called from many goroutines at once. As, With, Once and
// At return changed copies that share the rest.
type Book struct {
	store Store
	scope Scope
	opt   Options
	index IndexVersion

	indexing *indexing // of all copies

	rules    Rules
	actor    Actor
	op       string
	revision uint64 // At
	bulk     bulk   // of an Import
}

// Options of a Book. The zero value is ready to use.
type Options struct {
	// Rules for what is written through this book; see Book.With.
	Rules Rules

	// Site is where the phone system stands: the region by which national
	// numbers are read, the outside-line digits, and rules on which
	// spellings are the same line. A zero region and outside line are
	// those that SetSite stored with the book. Changing Site.Rules
	// re-indexes the book.
	Site phone.Site

	// OrgID is written into contacts. Default: "o-" and the UUIDv5 of the
	// account, see OrgNamespace.
	OrgID string

	// Actor is who writes, until As says otherwise.
	Actor Actor

	// UniqueBy widens the uniqueness of numbers to the account.
	UniqueBy UniqueBy

	// NewID makes ids of at most MaxIDLen letters, digits, "_" and "-". It
	// must not repeat itself, and is called from many goroutines.
	// Ids stand in errors and logs in the clear: make none of a contact's
	// data. Default: UUIDv7, ascending in time.
	NewID func() string

	// Now is the clock. Default: time.Now.
	Now func() time.Time

	// ReadOnly opens a book that cannot be written, also one that was
	// indexed by other rules or a newer library. Look-ups then take longer,
	// and Search goes by those keys.
	ReadOnly bool

	// Reindex is for the re-indexing that Open does where a book was written
	// under other rules, or by an older library. Book.Reindexed tells what
	// it did.
	Reindex *ReindexOptions

	// DeferReindex has Open return at once and leaves re-indexing to the
	// host, who calls Book.Reindex, perhaps on a goroutine of its own. Until
	// that has begun, writes, look-ups and searches return ErrStaleIndex;
	// while it runs, they all work. Without it Open does the work, if there
	// is any, before it returns.
	DeferReindex bool
}

// Open returns the book of a scope. The scope comes into being with the first
// write; Open itself writes only where a book has to be re-indexed (see
// Reindex). When ctx ends that early, the next Open goes on with it.
//
// It refuses a scope that a newer library has indexed (ErrNewer), unless
// Options.ReadOnly is set, and a scope whose numbers are unique by another
// measure (ErrUniqueBy; for a scope without contacts the first write says so).
func Open(ctx context.Context, store Store, scope Scope, o *Options) (*Book, error) {
	b := &Book{store: store, scope: scope, indexing: &indexing{}}
	if o != nil {
		b.opt = *o
	}
	if err := checkScope(scope); err != nil {
		return nil, err
	}
	if b.opt.NewID == nil {
		b.opt.NewID = newID
	}
	if b.opt.Now == nil {
		b.opt.Now = time.Now
	}
	if b.opt.OrgID == "" {
		b.opt.OrgID = orgID(scope.Account)
	}
	if err := checkSite(b.opt.Site); err != nil {
		return nil, err
	}
	b.rules, b.actor = b.opt.Rules, b.opt.Actor
	b.index = indexVersion(b.opt.Site.Rules)

	st, err := store.Stat(ctx, scope)
	if err != nil {
		return nil, err
	}
	if st.Epoch == "" {
		return b, nil
	}
	if b.opt.UniqueBy != UniqueByDefault && b.opt.UniqueBy != st.UniqueBy {
		return nil, fmt.Errorf("%w: the account was first written with %s", ErrUniqueBy, st.UniqueBy)
	}
	if err := b.readSettings(st.Settings); err != nil {
		return nil, err
	}
	if st.Index == b.index && !st.Reindexing {
		return b, nil
	}
	b.indexing.behind.Store(true)
	if b.opt.ReadOnly {
		return b, nil
	}
	if st.Index.Generation > b.index.Generation {
		return nil, &IndexError{Have: b.index, Want: st.Index}
	}
	if !b.opt.DeferReindex {
		if _, err := b.Reindex(ctx, b.opt.Reindex); err != nil {
			return nil, fmt.Errorf("re-index the book: %w", err)
		}
	}
	return b, nil
}

func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		return "" // no randomness; refused by the check on ids
	}
	return id.String()
}

// checkScope bounds the parts of a scope.
func checkScope(s Scope) error {
	for _, part := range []struct{ name, text string }{{"account", s.Account}, {"stream", s.Stream}} {
		if len(part.text) > MaxScopeLen {
			return fmt.Errorf("%w: the %s has %d bytes, at most %d are allowed", ErrTooLarge, part.name, len(part.text), MaxScopeLen)
		}
		if !utf8.ValidString(part.text) || strings.ContainsFunc(part.text, unicode.IsControl) {
			return fmt.Errorf("%w: the %s is not valid UTF-8 or has control characters", ErrInvalid, part.name)
		}
	}
	return nil
}

// indexGeneration is raised by a release whose keys differ from those of the
// one before in a way that an older library must not write beside.
const indexGeneration = 1

// indexVersion identifies how this library makes Keys under the host's rules.
func indexVersion(r *phone.Rules) IndexVersion {
	return IndexVersion{Generation: indexGeneration, Fingerprint: phone.Fingerprint(r)*31 + foldVersion}
}

// Scope returns the scope of the book.
func (b *Book) Scope() Scope { return b.scope }

// Site returns the site that numbers are read by.
func (b *Book) Site() phone.Site { return b.opt.Site }

// As returns a book that writes as that actor.
func (b *Book) As(actor Actor) *Book {
	c := *b
	c.actor = actor
	return &c
}

// With returns a book that judges what is written by those rules.
func (b *Book) With(rules Rules) *Book {
	c := *b
	c.rules = rules
	return &c
}

// Once returns a book for one call of Create, CreateAll, Update or UpdateAll
// that is carried out once, however often it is repeated: the same key with
// the same arguments gives the first answer again (the contacts as they are
// by then), with others ErrOpReused. It is the way out of ErrCommitUnknown.
// Keys are any text of at most 128 bytes, unique in the scope, and remembered
// until Trim.
func (b *Book) Once(key string) *Book {
	c := *b
	c.op = key
	return &c
}

// onlyOnce refuses a call that a Once key cannot serve.
func (b *Book) onlyOnce(call string) error {
	if b.op == "" {
		return nil
	}
	return fmt.Errorf("%w: Once serves Create, CreateAll, Update and UpdateAll, not %s", ErrInvalid, call)
}

// At returns a book whose Delete, DeleteEach (for each of them), Undelete, Purge,
// Merge (of the contact that is kept) and Unmerge (of the survivor) apply only
// while the contact is at that revision, and otherwise return a *RevisionError. 0
// means any revision.
func (b *Book) At(revision uint64) *Book {
	c := *b
	c.revision = revision
	return &c
}

// now returns the time of a call: UTC, in whole milliseconds.
func (b *Book) now() time.Time { return b.opt.Now().UTC().Truncate(time.Millisecond) }

// fill sets the fields of c that are the scope's and the book's.
func (b *Book) fill(c *Contact) {
	c.AccountID, c.StreamID, c.OrgID = b.scope.Account, b.scope.Stream, b.opt.OrgID
}

// Get returns the contact of that id in any status, or ErrNotFound.
func (b *Book) Get(ctx context.Context, id string) (Contact, error) {
	if !validID(id) {
		return Contact{}, fmt.Errorf("contact %s: %w", maskID(id), ErrNotFound)
	}
	c, err := b.store.Get(ctx, b.scope, id)
	if err != nil {
		return Contact{}, err
	}
	b.fill(&c)
	return c, nil
}

// Counts has the contacts of a book by status.
type Counts struct {
	Active, Inactive, Merged uint64

	// Duplicates counts the numbers that more than one active contact
	// claims, from before the rule: see Book.Duplicates.
	Duplicates uint64
}

// Count returns how many contacts the book has, at the same cost whatever their
// number.
func (b *Book) Count(ctx context.Context) (Counts, error) {
	st, err := b.store.Stat(ctx, b.scope)
	return Counts{st.Active, st.Inactive, st.Merged, st.Duplicates}, err
}

// settings is what a Book keeps in Batch.Settings, as JSON.
type settings struct {
	Region    string `json:"region,omitempty"`
	Outside   string `json:"outside,omitempty"`
	ImportKey []byte `json:"importKey,omitempty"` // see Book.importKey
}

func parseSettings(data []byte) (s settings, err error) {
	if len(data) > 0 {
		if err = json.Unmarshal(data, &s); err != nil {
			err = fmt.Errorf("%w: settings of the scope: %w", ErrDamaged, err)
		}
	}
	return s, err
}

func (b *Book) readSettings(data []byte) error {
	s, err := parseSettings(data)
	if err != nil {
		return err
	}
	if b.opt.Site.Region == "" {
		b.opt.Site.Region = s.Region
	}
	if b.opt.Site.OutsideLine == "" {
		b.opt.Site.OutsideLine = s.Outside
	}
	return nil
}

// SetSite stores region and outside line with the book, for every host that
// opens it without its own, and returns a book that uses them.
func (b *Book) SetSite(ctx context.Context, site phone.Site) (*Book, error) {
	if err := checkSite(site); err != nil {
		return nil, err
	}
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil {
		return nil, err
	}
	s, err := parseSettings(st.Settings)
	if err != nil {
		return nil, err
	}
	s.Region, s.Outside = site.Region, site.OutsideLine
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if _, err := b.apply(ctx, Batch{Settings: data}); err != nil {
		return nil, err
	}
	c := *b
	c.opt.Site.Region, c.opt.Site.OutsideLine = site.Region, site.OutsideLine
	return &c, nil
}

// checkSite checks region, outside line and rules.
func checkSite(site phone.Site) error {
	if _, ok := phone.CallingCodeForRegion(site.Region); site.Region != "" && !ok {
		name := "the region"
		if len(site.Region) < 4 { // what is longer may be a number in the wrong place
			name = fmt.Sprintf("region %q", site.Region)
		}
		return fmt.Errorf("%w: %s is not known: give two letters such as IN, GB or US", ErrInvalid, name)
	}
	if len(site.OutsideLine) > 4 || strings.Trim(site.OutsideLine, "0123456789") != "" {
		return fmt.Errorf("%w: the outside line is at most four digits", ErrInvalid)
	}
	if err := site.Rules.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// apply sends a batch to the store. While the book is re-indexed, contacts that
// it may meet are brought over first. A book that has not noticed that it is
// hears so from the store.
func (b *Book) apply(ctx context.Context, batch Batch) (Applied, error) {
	for {
		if b.indexing.behind.Load() && !b.opt.ReadOnly {
			var lines []phone.Line
			for i := range batch.Writes {
				lines = append(lines, batch.Writes[i].Keys.Claims...)
			}
			var err error
			if batch.Reindexing, err = b.bringOver(ctx, lines, batch.Writes); err != nil {
				return Applied{}, err
			}
		}
		a, err := b.send(ctx, batch)
		var index *IndexError
		if errors.As(err, &index) && index.Have == index.Want && !batch.Reindexing {
			continue // it has begun since, and send has noted that
		}
		return a, err
	}
}

// send is apply for batches that are judged as the book stands.
func (b *Book) send(ctx context.Context, batch Batch) (Applied, error) {
	if b.opt.ReadOnly {
		return Applied{}, ErrReadOnly
	}
	batch.Index, batch.UniqueBy = b.index, b.opt.UniqueBy
	a, err := b.store.Apply(ctx, b.scope, batch)
	if errors.Is(err, ErrStaleIndex) {
		b.indexing.behind.Store(true) // for now, or should the version ever be this book's again
	}
	nameNumbers(err, batch.Writes)
	for _, r := range a.Refused {
		nameNumbers(r.Err, batch.Writes)
	}
	for i := range a.Kept {
		a.Kept[i].name(batch.Writes)
	}
	return a, err
}

// nameNumbers puts the number as the contact has it beside each line that the
// store refused.
func nameNumbers(err error, writes []Write) {
	var dup *DuplicateNumberError
	if errors.As(err, &dup) {
		for i := range dup.Refusals {
			dup.Refusals[i].name(writes)
		}
	}
}

func (r *Refusal) name(writes []Write) {
	if r.Index >= 0 && r.Index < len(writes) {
		r.Number, r.Field = writes[r.Index].Keys.number(r.Line)
	} else {
		r.Number = r.Line.String()
	}
}
