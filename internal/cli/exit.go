package cli

// Code is an exit code of the program.
type Code int

// The exit codes. They are stable, and "contacts help" lists them.
const (
	OK          Code = 0   // done
	Failed      Code = 1   // anything that has no code of its own: the disk, the network, ..
	Usage       Code = 2   // the command line makes no sense
	NotFound    Code = 3   // no contact of that id; a look-up that does not end at one contact; a search or a text without result
	Duplicate   Code = 4   // a number belongs to another contact
	Invalid     Code = 5   // a contact breaks a rule, rows of a pull or an import failed, or the input is not what it should be
	NoBook      Code = 6   // the book cannot be used: missing, in use, damaged, no book, newer, read-only
	Changed     Code = 7   // the contact was changed by somebody else meanwhile, or merged
	Denied      Code = 8   // a service refuses the token, or a keys file cannot be used
	Interrupted Code = 130 // stopped by the user
)

// codes has the words for help, and the one word for errors in JSON, which is
// as stable as the number.
var codes = []struct {
	code Code
	word string
	text string
}{
	{OK, "", "done"},
	{Failed, "failed", "the disk, the system, anything without a code of its own"},
	{Usage, "usage", "the command line makes no sense"},
	{NotFound, "not-found", "no such contact; nobody, or more than one, is meant; no number"},
	{Duplicate, "duplicate", "the number belongs to another contact"},
	{Invalid, "invalid", "a contact breaks a rule, rows of an import failed, or the input is no JSON"},
	{NoBook, "no-book", "the book cannot be used: missing, in use, damaged, not a book"},
	{Changed, "changed", "somebody else changed the contact meanwhile, or it was merged"},
	{Denied, "denied", "a service refuses the token, or the keys cannot be used"},
	{Interrupted, "interrupted", "stopped before the end"},
}

// word returns the word for a code.
func (c Code) word() string {
	for _, known := range codes {
		if known.code == c {
			return known.word
		}
	}
	return ""
}
