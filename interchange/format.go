package interchange

// Format is a form that contacts have in a file.
type Format uint8

// The formats. Import knows CSV of any layout, vCard of any version and JSON
// Lines; Export writes each of these.
const (
	// FormatUnknown: Import finds out, Export refuses it.
	FormatUnknown Format = iota

	// FormatCSV is CSV with our own columns: those of an Agent Assist import
	// (firstName, lastName, salutation, cellPhoneNumber, cellPhoneCountryCode,
	// cellPhoneExtension; that import passes over the others), then a column for
	// each further key of a contact's JSON. It holds all there is in a contact. A
	// list stands in one cell, with " ::: " between its items, each with its label:
	//
	//	work: +442079460018; ext=12 ::: +442079460019; shared
	//
	// A backslash is before what of a text would be read as part of that.
	FormatCSV

	// FormatGoogle is CSV as Google Contacts exports and imports it since 2024. It
	// keeps names, salutation, organization, title, notes, tags, e-mails with their
	// labels, the cell phone (as "Mobile") and further numbers with their labels,
	// and of Custom what vCards and files of Google have, too: adr, url, related,
	// event, bday, nickname, middlename, suffix, department; up to ten other values
	// as custom fields. Blanks at the ends of texts go, a number or an address that
	// is there twice is there once, and a contact without a cell phone comes back
	// with its first number as that, and its label in Custom.
	FormatGoogle

	// FormatOutlook is CSV as Outlook exports and imports it. It keeps what
	// FormatGoogle keeps, but for the labels of e-mails, of which there are three;
	// of numbers it keeps those whose label is one of Outlook's columns (work, home,
	// main, company, other, car, radio, callback, isdn, assistant, tty, pager, work
	// fax, home fax, other fax; two of work and home) and one more as "other"; of
	// Custom adr.work, adr.home, adr.other, url, bday, anniversary, gender, role,
	// related.spouse, related.child, related.manager and related.assistant, nickname,
	// middlename, suffix, department; of tags those without a comma or semicolon.
	FormatOutlook

	// FormatVCard is vCard 4.0 (RFC 6350). It holds all there is in a contact: what
	// vCard has no property for is in X-CONTACTS properties, which other programs
	// pass over.
	//
	// Of a card that somebody else wrote Custom has what there is no field for:
	// under keys that files of other formats share (nickname, bday, adr.home,
	// url.work, impp, related, event, gender, role, middlename, suffix, department;
	// "tel" for the label of the cell phone, where that is no mobile one) or else
	// under "vcard.", the property and its parameters, as "vcard.GEO;TYPE=work",
	// from where they are written as they came. Lost are parameters of TEL and
	// EMAIL other than TYPE, and which of an address or a website is preferred.
	FormatVCard

	// FormatVCard3 is vCard 3.0 (RFC 2426), for programs that read no newer one. It
	// holds as much.
	FormatVCard3

	// FormatJSONLines is a contact a line, in the API's JSON, as
	// Contact.AppendJSON writes it. It holds all there is in a contact.
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
