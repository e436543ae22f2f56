package contacts

import (
	"context"

	"github.com/callerbook/contacts/phone"
)

// Store keeps the contacts of any number of scopes. A Book stands on one.
//
// Stores hold no rules of their own: they get finished contacts and finished
// Keys, and never trim, fold or parse. What a store owes is this:
//
//   - Apply is atomic, judged as a set (see Batch), and durable on return.
//     Two calls at once have the effect of one after the other.
//   - A read sees the state after some Apply, whole, and never an older one
//     than that of an Apply that returned before the read began.
//   - Nothing passes from one scope to another, in any result or error text.
//   - Values are copied in and copied out (Contact.Clone).
//   - Contacts come finished: times in UTC and whole milliseconds, text
//     valid UTF-8 without NUL. A nil and an empty slice or map are the same.
//     FullName is FullName(FirstName, LastName) on the way out; AccountID,
//     StreamID and OrgID are the Book's: stores neither keep nor return
//     them.
//   - Every method may be called from many goroutines at once. A context
//     that is done before the work begins is returned as its error.
//   - The sentinel errors of this package are used where they fit, wrapped.
//   - Texts of errors, and of errors that these wrap, show no name, e-mail
//     address or note, nothing that a query looks for, and of a number at
//     most the last four digits: hosts log them.
//
// Package storetest holds this contract as tests. Package kvstore implements
// it over any ordered key-value engine.
//
// A scope comes into being with its first Apply or Load; its first revision
// is 1. Reads of a scope that does not exist find nothing and are no error.
type Store interface {
	// Apply carries out b, or refuses it and changes nothing. A refusal
	// is a *DuplicateNumberError, a *RevisionError, or both joined, and
	// lists every write that was refused, each judged as if the others
	// had not been.
	//
	// Other outcomes: ErrCommitUnknown (see there), ErrOpReused,
	// *IndexError, ErrUniqueBy, *TrimmedError (Batch.Epoch), ErrTooLarge,
	// ErrReadOnly, ErrClosed, and the context's error, which says that
	// nothing was applied: once the store has begun to commit, the caller
	// gets the outcome whatever its context does. (A store behind a
	// network may answer ErrCommitUnknown then. A batch of unknown
	// outcome takes effect, if it ever does, before an Apply of the same
	// Op returns.)
	Apply(ctx context.Context, scope Scope, b Batch) (Applied, error)

	// Get returns the contact of that id, in any status, or ErrNotFound.
	// A purged contact is not found either: the error is *PurgedError, for
	// as long as the scope is there, whatever was trimmed.
	Get(ctx context.Context, scope Scope, id string) (Contact, error)

	// Find returns one page of what q asks for.
	Find(ctx context.Context, scope Scope, q Query) (Page, error)

	// Events returns at most limit events after a revision, oldest first,
	// and none where there is no news: it may return fewer than there
	// are, but then at least one. A *TrimmedError says that some of them
	// are gone. Limit 0 means DefaultLimit; more than MaxLimit means
	// MaxLimit.
	Events(ctx context.Context, scope Scope, after uint64, limit int) ([]Event, error)

	// History returns the events of one contact or of one line.
	History(ctx context.Context, scope Scope, q HistoryQuery) ([]Event, error)

	// Stat returns counts and positions, at the same cost whatever the scope
	// holds. The Stat of a scope that does not exist is zero.
	Stat(ctx context.Context, scope Scope) (Stat, error)

	// Scopes returns at most limit scopes in order of account, then stream,
	// byte by byte, beginning with from itself; Scope.Next of the last one
	// asks for the next page. Limits are as for Events.
	Scopes(ctx context.Context, from Scope, limit int) ([]Scope, error)

	// Close ends every Wait with ErrClosed, waits for the other calls under
	// way and releases what the store holds. It is idempotent. Calls that
	// begin after it return ErrClosed.
	Close() error
}

// Bounds on what one call takes and returns.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	MaxIDLen     = 64
	MaxOpLen     = 128
	MaxScopeLen  = 256       // bytes of an account, and of a stream
	MaxKeyLen    = 96        // bytes of a word, and of a sort key
	MaxRecord    = 256 << 10 // bytes of a stored contact
	MaxSettings  = 64 << 10  // bytes of Batch.Settings
	MaxWrites    = 250_000   // writes of a batch
	MaxLines     = 256       // lines of one contact, of each kind
)

// Scope is what one book covers: the stream of an account. Numbers are unique
// within it, and nothing is read across it. Both parts are opaque text, valid
// UTF-8 without NUL, and may be empty; the zero Scope is a scope like any other.
type Scope struct {
	Account string
	Stream  string
}

// Next returns the smallest bound that sorts after s. It is no scope itself: it
// serves as the from of Store.Scopes.
func (s Scope) Next() Scope { return Scope{s.Account, s.Stream + "\x00"} }

// UniqueBy says among which contacts a number is unique.
type UniqueBy uint8

const (
	// UniqueByDefault is what the account was first written with, else
	// UniqueByStream.
	UniqueByDefault UniqueBy = iota
	// UniqueByStream makes numbers unique within a scope.
	UniqueByStream
	// UniqueByAccount makes numbers unique within all streams of an account.
	// A refusal on account of another stream does not say which or by whom.
	// Queries and counts stay within the scope all the same.
	UniqueByAccount
)

// String returns "default", "stream" or "account".
func (u UniqueBy) String() string {
	switch u {
	case UniqueByStream:
		return "stream"
	case UniqueByAccount:
		return "account"
	}
	return "default"
}

// Batch is a set of writes that happen together or not at all.
//
// A batch is judged as a set: first every number that its writes give up is
// released, then all that they claim are claimed. So two contacts swap
// numbers in one batch. A line is refused when another contact, stored or
// earlier in the batch, claims it (one Refusal a line, that of the stored
// contact first created before that of an earlier item); a line that a
// contact claims already is never refused to it. An id stands in a batch at
// most once (else ErrInvalid). Writes that change something get consecutive
// revisions, in order.
type Batch struct {
	// Op, when not empty, makes the batch idempotent: the same Op again with
	// the same Digest returns the first answer (Applied.Repeated) and
	// changes nothing; with another it is ErrOpReused. At most MaxOpLen
	// bytes. It is looked at before all else. The store remembers the Ops of
	// applied batches (not of refused ones) until Trim passes the revision
	// that the scope had after them. The first answer comes again, without
	// Kept.
	Op string

	// Digest identifies the payload for Op. When empty the store takes one
	// of Writes as they are.
	Digest []byte

	// Each judges every write on its own, in order, as if each had come in a
	// batch of its own; only that an earlier write which took the number is
	// named by its index (Refusal.Earlier). Refused writes are left out, and
	// Applied.Refused says why; the rest is applied, all or nothing.
	Each bool

	// Epoch, when not empty, is the epoch that the revisions in Writes were
	// read under. In another the batch is refused with *TrimmedError.
	Epoch string

	// Index is the version of the rules that made the Keys of this batch.
	// The scope's first batch sets it; another than the scope's is
	// refused with *IndexError.
	Index IndexVersion

	// Phase begins or ends a change of the index version.
	Phase IndexPhase

	// Reindexing says that whoever made the batch knows that the index
	// version is being changed, and has looked at what contacts hold under
	// old Keys. Between IndexBegin and IndexEnd a batch with a Put is refused
	// without it, with an *IndexError whose Have and Want are the same.
	// Batches without a Put and those with a Phase do not need it; at other
	// times it says nothing.
	Reindexing bool

	// UniqueBy is fixed by the first batch of an account; a batch that asks
	// for another than that is refused with ErrUniqueBy.
	UniqueBy UniqueBy

	// Settings, when not nil, replaces the scope's settings: bytes that the
	// Book keeps with the scope and the store does not read.
	Settings []byte

	Writes []Write
}

// IndexVersion identifies the rules by which Keys are made. A greater
// Generation was made by a newer library; Fingerprint tells apart what hosts
// configure within one.
type IndexVersion struct {
	Generation  uint32
	Fingerprint uint64
}

// IndexPhase is a step in the change of a scope's index version.
//
// IndexBegin, in a batch of the new version, makes that the version that the
// scope expects: batches of the old one are refused from then on. Reindex
// writes then bring the contacts over one by one, while other writes of the
// new version go on: contacts not yet brought over claim the lines of their
// old Keys (see Batch.Reindexing). IndexEnd ends it; that every contact was
// brought over is the Book's affair. Begin again with the
// same version is no error, so that an interrupted change is resumed.
type IndexPhase uint8

const (
	IndexSame IndexPhase = iota
	IndexBegin
	IndexEnd
)

// WriteKind is what a Write does.
type WriteKind uint8

const (
	// Put stores Write.Contact with Write.Keys in place of what its id had.
	// A Put at the right revision of a contact and Keys that are Equal to
	// what is there writes nothing and has no event.
	Put WriteKind = iota

	// Purge blanks the contact and all its events for good, in every
	// index too. The positions of the events stay, and so does the id,
	// which is not to be used again. The event of the purge keeps
	// UpdatedAt, UpdatedBy, UpdatedByAID and MergedInto of Write.Contact.
	// An id that is not there or purged is a conflict.
	Purge

	// Reindex replaces the Keys of a contact and leaves it, its revision
	// and the feed as they are. One whose revision has moved on, or that
	// is gone, is passed over. A line that another contact claims is
	// claimed all the same, and reported in Applied.Kept.
	Reindex
)

// Write is one write asked for.
type Write struct {
	Kind    WriteKind
	Contact Contact // finished, for Put; Reindex reads only its ID

	// Revision is the contact's revision as it was read; any other is a
	// conflict. For a Put, 0 says that the id must not exist.
	Revision uint64

	Keys Keys // not for Purge

	// KeepDuplicates lets a line in that another contact claims. Both then
	// claim it, and each blocks new claims while it does.
	KeepDuplicates bool
}

// Keys is what a contact is found by. Only the Book makes them.
type Keys struct {
	Claims []phone.Line // lines that are the contact's alone; none unless active
	Shared []phone.Line // lines that it lists beside others
	Words  []Word       // folded search words, ascending, each once, without NUL
	Sort   string       // orders by name, byte by byte; without NUL

	// The Book's own: the numbers behind Claims and Shared, for errors.
	numbers []numberedLine
}

type numberedLine struct {
	line   phone.Line
	number string
	at     int // index in Contact.Phones, -1 for the cell phone
}

// Word is a folded word of a contact and the fields it stands in.
type Word struct {
	Text   string
	Fields Fields
}

// Fields is a set of the fields that words come from.
type Fields uint8

const (
	InName Fields = 1 << iota
	InOrganization
	InEmail
	InTag
	InRef // ClientRef
)

// Applied says what a batch did.
type Applied struct {
	// Revisions has the revision of each write's contact, in order: the new
	// one, or where nothing changed the one it has.
	Revisions []uint64

	IDs      []string  // the ids of the writes' contacts, in order
	Kept     []Refusal // duplicates that were let in by KeepDuplicates or Reindex
	Refused  []Refused // with Batch.Each: what was left out, in order
	Repeated bool      // the answer to an earlier batch of the same Op
	Last     uint64    // the scope's last revision after the batch
	Epoch    string
}

// Refused is a write that a Batch with Each left out. Its entry in
// Applied.Revisions is 0.
type Refused struct {
	Index int
	Err   error // as Apply returns it; indexes in it count the writes of the whole batch
}

// Event is one write committed: what the contact of that id became.
type Event struct {
	Revision uint64
	ID       string
	Created  uint64  // the contact's position in order of creation: of the event that created it, its Revision
	Contact  Contact // as it was then; when Blank only ID and Revision, and what Purge keeps

	// Lines has what the contact held after the event, claimed and shared;
	// none when Blank.
	Lines []phone.Line

	// BatchEnd is the revision of the last event of the same batch: up to
	// there the events are one change.
	BatchEnd uint64

	// Purged says that this event is the purge.
	Purged bool

	// Blank says that the contact was purged, then or later, so that only
	// the event's position is left.
	Blank bool

	Epoch string // of the feed; set by the Book
}

// HistoryQuery asks for the events of a contact or of a line. Exactly one of
// ID and Line is set (else ErrInvalid). Events that Trim dropped are left out,
// and a line's history those of purged contacts.
type HistoryQuery struct {
	ID string

	// Line asks for the events at which some contact began or ceased to
	// hold it, claimed or shared. One that claims the line and then shares
	// it, or the other way about, goes on holding it.
	Line phone.Line

	After   uint64 // only events with a greater revision
	Before  uint64 // only events with a smaller revision, when not 0
	Reverse bool   // newest first
	Limit   int    // as for Events; fewer are no sign of the end
}

// Stat is the state of a scope in numbers.
type Stat struct {
	Epoch string // random id of the feed; "" where the scope does not exist
	First uint64 // events after this revision are all there; 0 until Trim, then its upTo
	Last  uint64 // the revision of the last event

	Active, Inactive, Merged uint64 // contacts
	Duplicates               uint64 // lines with more than one claimer in the scope

	Index      IndexVersion // what batches are to carry
	Reindexing bool         // between IndexBegin and IndexEnd

	UniqueBy UniqueBy // UniqueByStream or UniqueByAccount
	Settings []byte   // see Batch.Settings
}
