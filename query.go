package contacts

import "github.com/callerbook/contacts/phone"

// Query asks a Store for contacts. At most one of Lines, Words, Prefixes, Suffix
// and Duplicates is set, but for Words, with which Prefixes or Suffix may stand;
// each brings its own order, otherwise Order counts. A selector that is empty
// but not nil asks for nothing. The zero Query asks for the active contacts by
// name. A Query that makes no sense is ErrInvalid, one that is over a bound
// ErrTooLarge.
type Query struct {
	Order   Order
	Reverse bool // not with Lines, Words, Prefixes, Suffix, Duplicates

	// Status has the states wanted; none means Active alone.
	Status []Status

	// Skip passes over so many contacts first, at a cost that grows with it.
	// Only for the first page of listings: not with Cursor.
	Skip int

	// From starts a listing by name at the first sort key >= From
	// (Reverse: at the last one that begins with From or sorts before
	// it). Only ByName.
	From string

	// Lines asks for the contacts that hold a line, line by line as given,
	// claimers first, then in order of creation. At most MaxLimit lines,
	// each once. PerLine, when not 0, bounds the contacts of each.
	Lines   []phone.Line
	PerLine int

	// Words asks for the contacts that every Term matches, in order of the
	// first word, byte by byte, that the first Term matches, then of creation.
	// Two Terms may match the same word. Each contact comes once. At most 8
	// terms. With Prefixes or Suffix a contact also has to hold such a line.
	Words []Term

	// Prefixes asks for the contacts that hold a line whose digits begin with
	// one of these runs of digits, Suffix for those whose digits end with
	// this one. Each line of a contact is a hit of its own, and comes once.
	// At least one digit and at most 19 a run, at most MaxLimit runs. In no
	// promised order, but a stable one.
	Prefixes []string
	Suffix   string

	// Duplicates asks for the claimers of each line that has more than one,
	// by line, then in order of creation.
	Duplicates bool

	Cursor string // Page.Next of the page before
	Limit  int    // contacts a page: 0 means DefaultLimit, at most MaxLimit
}

// Order is the order of a listing.
type Order uint8

const (
	ByName     Order = iota // by Keys.Sort, then creation
	ByCreation              // oldest first
	ByChange                // least recently changed first
)

// Term matches words of the index. Exactly one of Text and Sets is set.
type Term struct {
	Text   string // a folded word or, unless Whole, the beginning of one
	Whole  bool   // the word from end to end
	Fields Fields // only words that stand in one of these; 0 means any

	// Typo, beside Text, also matches words, or beginnings of words, that differ from
	// Text by one letter: another, one more, one less, or two neighbours
	// swapped.
	Typo bool

	// Sets matches words whose first letters are, in order, one of each set:
	// {"abc2", "def3"} matches "be". It serves dial-pad search.
	Sets []string
}

// Page is a part of the answer to a Query.
type Page struct {
	Hits []Hit

	// Next is the Cursor of the next page, and empty after the last. A
	// cursor is opaque, holds no names, numbers or ids in the clear, and
	// fits only the same scope and epoch and a Query that is the same but
	// for Limit and Skip. Contacts that come and go between pages do not
	// make others appear twice or be left out.
	Next string

	// Partial says that a bound on work ended this page early, so it may
	// hold fewer hits than Limit, or none, while Next leads on. The bound is
	// at least 1,000 index entries, or 4 MiB of contacts.
	Partial bool

	// Work says how much of that bound this page took, 1 for all of it and
	// more where the store went beyond. A store without a bound, or that does
	// not measure, leaves it 0.
	Work float64

	// Index is what the scope is indexed by: keys of another version miss.
	// While it is Reindexing, between IndexBegin and IndexEnd, contacts may
	// have keys of the version before.
	Index      IndexVersion
	Reindexing bool
}

// Hit is one contact in a Page.
type Hit struct {
	Contact Contact
	Line    phone.Line // the line that matched: Lines, Prefixes, Suffix, Duplicates; not with Words
	Shared  bool       // that line is held without a claim
	Words   []Word     // for each Term of Query.Words the first word, byte by byte, that it matches
	Created uint64     // position in order of creation, as in LoadRecord
}
