package interchange

import "io"

// Source is a file to import.
//
// Where its reader is an io.Seeker that can seek (a file, not a pipe), Import
// may read it more than once, from where it stood, and leaves it standing there:
// a dry run and the real one may have the same Source. Else Import keeps a copy
// beside, in memory while it is small and then in Options.TempDir, and the
// Source is used up. It belongs to one Import at a time.
type Source struct {
	r      io.Reader
	format Format // FormatUnknown: found out
	csv    CSVOptions
	used   bool
}

// CSV is a file of comma-separated values, of any layout that CSVOptions or the
// first line tells.
func CSV(r io.Reader, o *CSVOptions) *Source {
	s := &Source{r: r, format: FormatCSV}
	if o != nil {
		s.csv = *o
	}
	return s
}

// VCard is a file of vCards, of versions 2.1, 3.0 and 4.0, also mixed.
func VCard(r io.Reader) *Source { return &Source{r: r, format: FormatVCard} }

// JSONLines is a file with a JSON object a line, with the keys of the API, as
// Contact.MarshalJSON writes it; or one array of such objects, in any layout.
//
// It is read strictly: a line with a key twice, text that is not UTF-8, a value
// of the wrong type or anything behind the object fails, and the next one is
// read. Keys that a contact does not have are left out and reported, but for
// "rejected", in which rejects have their reason.
func JSONLines(r io.Reader) *Source { return &Source{r: r, format: FormatJSONLines} }

// Any is a file of one of these formats, which its first bytes tell: those of
// a card, of a JSON object or an array of objects; all else is CSV.
func Any(r io.Reader) *Source { return &Source{r: r} }

// CSVOptions say how to read CSV where that is not to be found out. The zero
// value finds out everything.
type CSVOptions struct {
	// Delimiter is what stands between cells. 0: found out (a first line
	// "sep=;", else the one of comma, semicolon, tab and | that fits the first
	// lines).
	Delimiter rune

	// Encoding is "utf-8", "utf-16le", "utf-16be" or "windows-1252". "": found
	// out from the first 64 KiB (UTF-16 by its zeros, UTF-8 where most of what is
	// not ASCII is valid UTF-8, else windows-1252). A byte order mark stands before
	// both. A row that is no text in the encoding fails: nothing is replaced.
	Encoding string

	// Columns maps columns, by their text in the first line (case and blanks
	// around it do not count) or by their number from 1, to fields; see Fields. It
	// stands before what is found out; "-" passes a column over.
	Columns map[string]string

	// NoHeader says that the first line is a row and not the names of the
	// columns; Columns then goes by number. Without it that is found out too:
	// a first line of which a cell is a number or an e-mail address is a row, and
	// columns of numbers, of addresses and one of other text (names) are found.
	NoHeader bool

	// region is where national numbers are from, to tell those that lost what is
	// in front of them.
	region string
}

// Limits bound what stands in one row. 0 means the default.
type Limits struct {
	Row        int // bytes of a row: a CSV record, a card without what is left out, a line of JSON. Default 1 MiB
	Columns    int // of a CSV record. Default 1,000
	Properties int // of a card. Default 1,000
	Value      int // bytes of a property of a card, decoded; one that has more is left out (photos). Default 64 KiB
}
