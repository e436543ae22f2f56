package interchange

// Format is a form that contacts have in a file.
type Format uint8

// The formats. Import knows CSV of any layout, vCard of any version and JSON
// Lines; Export writes each of these.
const (
	// FormatUnknown: Import finds out, Export refuses it.
	FormatUnknown Format = iota

	// FormatCSV is CSV with our own columns. To be written: what they are.
	FormatCSV

	// FormatGoogle is CSV as Google Contacts exports and imports it since 2024.
	// To be written: which fields it keeps.
	FormatGoogle

	// FormatOutlook is CSV as Outlook exports and imports it.
	// To be written: which fields it keeps.
	FormatOutlook

	// FormatVCard is vCard 4.0 (RFC 6350).
	FormatVCard

	// FormatVCard3 is vCard 3.0 (RFC 2426), for programs that read no newer one.
	FormatVCard3

	// FormatJSONLines is a contact a line, in the API's JSON.
	FormatJSONLines
)

// formats has the names of the formats.
var formats = [...]string{"unknown", "csv", "google", "outlook", "vcard", "vcard3", "jsonl"}

// String returns the name of a format: "csv", "google", "outlook", "vcard",
// "vcard3", "jsonl".
func (f Format) String() string {
	if int(f) < len(formats) {
		return formats[f]
	}
	return formats[0]
}

// ParseFormat returns the format of a name, false for one that is none.
func ParseFormat(name string) (Format, bool) {
	for i, s := range formats {
		if i > 0 && s == name {
			return Format(i), true
		}
	}
	return FormatUnknown, false
}
