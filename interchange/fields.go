package interchange

import (
	"fmt"
	"strings"

	"github.com/callerbook/contacts"
)

// Fields lists the names that columns of CSV are mapped to. Where several columns
// have a field that a contact has one of, the first that is not blank counts, and
// what the others have is kept in Custom under their names. The fields are the
// keys of a contact's JSON, but for these:
//
//   - "-" passes a column over.
//   - "fullName" is split: the last word, with "van" and the like before it, is
//     the last name, or what is before a comma; "Dr." and the like in front is the
//     salutation. It counts where first and last name are empty; where they say
//     something else, it is kept in Custom as a second column of a field is.
//   - "phones" and "emails" take any number of them, in a cell too, and have a
//     label behind a dot where one is wanted: "phones.work", "emails.home". A
//     contact whose row has no "cellPhone.phoneNumber" gets the first number with
//     the label mobile as its cell phone, else the first that is no fax or pager,
//     whose label is then in Custom under "tel".
//   - "cellPhone.countryCode" goes for all numbers of a row that have none.
//   - "custom.KEY" is an entry of Custom; KEY is any text.
//   - "adr.street", "adr.extended", "adr.city", "adr.region", "adr.code",
//     "adr.country" and "adr.box" are the parts of a postal address, which is kept
//     in Custom under "adr"; "adr.work.street" and so on in "adr.work".
//   - "address" and "twitterDetails" are JSON arrays.
//   - "id", "status", times and authors count with Options.Restore alone.
func Fields() []string {
	list := []string{"-", "firstName", "lastName", "fullName", "salutation",
		"cellPhone.phoneNumber", "cellPhone.countryCode", "cellPhone.extension",
		"phones", "phones.LABEL", "emails", "emails.LABEL",
		"organization", "title", "notes", "tags", "clientRef", "custom.KEY"}
	for _, part := range postalParts() {
		list = append(list, "adr."+part)
	}
	list = append(list, "adr.LABEL.PART", "address", "twitterDetails")
	return append(list, "id", "status", "createdAt", "createdBy", "createdByAId", "updatedAt", "updatedBy", "updatedByAId", "deletedAt")
}

func postalParts() []string {
	return []string{"box", "extended", "street", "city", "region", "code", "country"}
}

// unknownField says that a field is none, and which there are.
func unknownField(field string) error {
	return &FileError{Reason: contacts.ReasonChoice, Detail: fmt.Sprintf("there is no field %.60q to map a column to: the fields are %s", field, strings.Join(Fields(), " "))}
}

// unknownColumn says that a column is none of the file's, and which there are.
func unknownColumn(name string, header []string) error {
	return &FileError{Reason: contacts.ReasonChoice, Detail: fmt.Sprintf("there is no column %.60q in the file: the columns are %s", name, listColumns(header))}
}

// listColumns lists columns by number and name, the first of them.
func listColumns(header []string) string {
	var b strings.Builder
	for i, name := range header {
		if i == 30 {
			fmt.Fprintf(&b, " and %d more", len(header)-i)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d:%.40q", i+1, name)
	}
	return b.String()
}
