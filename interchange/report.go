package interchange

import "github.com/callerbook/contacts"

// Report says what an import did, or a dry run would do.
type Report struct {
	DryRun bool

	// Rows is how many the file has: records of CSV below the first line, cards,
	// lines of JSON; blank ones are none. Created, Updated, Skipped and Failed
	// together are always Rows.
	Rows, Created, Updated, Skipped, Failed int

	// Kept counts numbers that were let in though others have them (KeepHeld).
	Kept int

	// LeftOut counts, by the name of a property or column, what the contacts that
	// came in do not have, as there is no room for it in a Contact. Beyond 1,000
	// names it counts under "..".
	LeftOut map[string]int

	// Reasons counts the rows that failed or were skipped, all of them, by the
	// reason of their first problem; ReasonSame for those without one.
	Reasons map[contacts.Reason]int

	// Problems has the rows that have Problems or Kept, the first
	// Options.Problems of them, in order of lines; MoreProblems counts the others.
	Problems     []Row
	MoreProblems int

	// What was found out.
	Format    Format   // FormatCSV, FormatVCard or FormatJSONLines
	Layout    string   // of CSV: "contacts", "agentassist", "google", "google-2024", "outlook", "outlook.com", "plain", "given"
	Encoding  string   // "utf-8", "utf-16le", "utf-16be", "windows-1252"
	Delimiter rune     // of CSV
	Columns   []Column // of CSV, in order
	Region    string   // by which national numbers were read
}

// Column says what became of a column of CSV.
type Column struct {
	Name  string // in the first line
	Field string // of a contact, see Fields; "" when it is passed over
}

// Row is what became of one row.
type Row struct {
	Index   int // among the rows of the file, from 0
	Line    int // of the file, from 1, where it begins
	Outcome contacts.ImportOutcome
	ID      string // of the contact that it is now, or that has what it says

	// Problems says why it failed, or for whose sake it was skipped. A row that
	// was skipped because it says nothing new has none.
	Problems []Problem

	// Kept has the numbers that were let in though others have them.
	Kept []Problem

	// LeftOut says what of the row is not in the contact.
	LeftOut []LeftOut
}

// Problem is one thing that is wrong with a row. Its String masks numbers and
// names; its fields are clear.
type Problem struct {
	Field  string // of the contact: "cellPhone.phoneNumber", "phones[2].phoneNumber"; "" where the row as a whole is meant
	Column string // the column or property that it comes from, where that is known
	Reason contacts.Reason
	Value  string // what was given, shortened to 100 bytes
	Detail string // what to do, in words without the value

	HolderID   string // the contact that has the number
	HolderName string
	Earlier    int // the line of the earlier row that has it, else 0
}

// LeftOut is something that a row has and its contact has not.
type LeftOut struct {
	Name   string // of the property or column
	Bytes  int
	Detail string // why
}

// The reasons of this package. A field may also be refused for one of package
// contacts', a number for one of phone's.
const (
	ReasonHeld      contacts.Reason = "held"      // the number is another contact's
	ReasonEarlier   contacts.Reason = "earlier"   // the number is an earlier row's
	ReasonKnown     contacts.Reason = "known"     // the row came in before: it has no number, or Held is KeepHeld
	ReasonAmbiguous contacts.Reason = "ambiguous" // the numbers are several contacts'
	ReasonMalformed contacts.Reason = "malformed" // not CSV, no card, no JSON
	ReasonTooLarge  contacts.Reason = "too_large" // more than one of Limits
	ReasonLossy     contacts.Reason = "lossy"     // a spreadsheet took digits from the number
	ReasonLostZero  contacts.Reason = "lost_zero" // it took the zero or the plus in front, and what is left is another number
	ReasonSame      contacts.Reason = "same"      // the book has all that the row says
	ReasonPurged    contacts.Reason = "purged"    // the contact was purged, and its id is not used again (Restore)
	ReasonMerged    contacts.Reason = "merged"    // the contact was merged into another and does not change (Restore)
	ReasonRefused   contacts.Reason = "refused"   // for none of these; Detail says why
)
