package interchange

import (
	"slices"
	"strings"
)

// The layouts of CSV, as Report.Layout has them.
const (
	layoutOurs       = "contacts"
	layoutAssist     = "agentassist"
	layoutGoogle     = "google"
	layoutGoogle2024 = "google-2024"
	layoutOutlook    = "outlook"
	layoutOutlookCom = "outlook.com"
	layoutPlain      = "plain"
	layoutGiven      = "given"
)

// findLayout tells whose columns a folded first line has.
func findLayout(folded []string) string {
	has := func(names ...string) int {
		n := 0
		for _, name := range names {
			if slices.Contains(folded, name) {
				n++
			}
		}
		return n
	}
	switch {
	case has("cellphonenumber") == 1 && has("cellphoneinput", "cellphoneunverified", "twitterdetails", "createdbyaid", "mergedfrom") > 1:
		return layoutOurs
	case has("cellphonenumber") == 1 && has("cellphonecountrycode", "firstname", "lastname", "salutation") > 2:
		return layoutAssist
	case has("phone1value", "email1value", "organization1name", "groupmembership") > 0 && has("givenname", "familyname", "phone1type", "email1type", "groupmembership") > 0:
		return layoutGoogle
	case has("phone1value", "email1value", "phoneticfirstname", "fileas", "organizationname", "labels") > 1:
		return layoutGoogle2024
	case has("firstname", "lastname") > 0 && has("mobilephone", "businessphone", "homephone", "primaryphone", "otherphone",
		"businessfax", "emailaddress", "email2address", "businessstreet", "homestreet", "businesscity", "companymainphone", "webpage") > 2:
		if has("givenyomi", "surnameyomi", "imaddress", "personalwebpage", "schools", "companyyomi") > 1 {
			return layoutOutlookCom
		}
		return layoutOutlook
	}
	return layoutPlain
}

// oursField is the field of a column of our own, folded. Lists are in cells as
// csvwrite.go has them: "=phones".
func oursField(folded string) string {
	for _, column := range ourColumns() {
		if foldHeader(column.name) == folded {
			return column.field
		}
	}
	return ""
}

// googleField is the field of a column of Google Contacts, of either layout.
// Several columns that make one thing are "@thing number part".
func googleField(folded string) string {
	switch folded {
	case "name":
		return "fullName"
	case "givenname", "firstname":
		return "firstName"
	case "familyname", "lastname":
		return "lastName"
	case "additionalname", "middlename":
		return "custom." + keyMiddleName
	case "nameprefix":
		return "salutation"
	case "namesuffix":
		return "custom." + keySuffix
	case "nickname":
		return "custom." + keyNickname
	case "birthday":
		return "custom." + keyBirthday
	case "gender":
		return "custom." + keyGender
	case "notes":
		return "notes"
	case "groupmembership", "labels":
		return "tags"
	case "organizationname", "organization1name":
		return "organization"
	case "organizationtitle", "organization1title":
		return "title"
	case "organizationdepartment", "organization1department":
		return "custom." + keyDepartment
	case "occupation":
		return "custom." + keyRole
	case "organization1type":
		return "-"
	}
	for _, thing := range []string{"phone", "email", "address", "website", "relation", "event", "im", "customfield"} {
		rest, ok := strings.CutPrefix(folded, thing)
		if !ok {
			continue
		}
		part := strings.TrimLeft(rest, "0123456789")
		number := rest[:len(rest)-len(part)]
		if number == "" || len(number) > 4 {
			continue
		}
		switch part {
		case "type", "label":
			return "@" + thing + " " + number + " label"
		case "value":
			return "@" + thing + " " + number + " value"
		}
		if at := slices.Index([]string{"pobox", "extendedaddress", "street", "city", "region", "postalcode", "country"}, part); at >= 0 && thing == "address" {
			return "@" + thing + " " + number + " " + postalParts()[at]
		}
		switch {
		case thing == "address" && part == "formatted":
			return "@" + thing + " " + number + " value"
		case thing == "im" && part == "service":
			return "@" + thing + " " + number + " label"
		}
	}
	return ""
}

// outlookField is the field of a column of Outlook or Outlook.com. "Title" is
// there what goes before a name.
func outlookField(folded string) string {
	switch folded {
	case "title":
		return "salutation"
	case "firstname":
		return "firstName"
	case "middlename":
		return "custom." + keyMiddleName
	case "lastname":
		return "lastName"
	case "suffix":
		return "custom." + keySuffix
	case "nickname":
		return "custom." + keyNickname
	case "company":
		return "organization"
	case "department":
		return "custom." + keyDepartment
	case "jobtitle":
		return "title"
	case "profession":
		return "custom." + keyRole
	case "notes":
		return "notes"
	case "categories":
		return "tags"
	case "birthday":
		return "custom." + keyBirthday
	case "anniversary":
		return "custom." + keyAnniversary
	case "gender":
		return "custom." + keyGender
	case "webpage":
		return "custom." + keyWebsite
	case "personalwebpage":
		return "custom." + keyWebsite + ".home"
	case "spouse":
		return "custom." + keyRelated + ".spouse"
	case "children":
		return "custom." + keyRelated + ".child"
	case "managersname":
		return "custom." + keyRelated + ".manager"
	case "assistantsname":
		return "custom." + keyRelated + ".assistant"
	case "imaddress":
		return "custom." + keyIM
	case "mobilephone":
		return "phones.mobile"
	case "businessphone", "businessphone2":
		return "phones.work"
	case "homephone", "homephone2":
		return "phones.home"
	case "primaryphone":
		return "phones.main"
	case "companymainphone":
		return "phones.company"
	case "otherphone":
		return "phones.other"
	case "carphone":
		return "phones.car"
	case "radiophone":
		return "phones.radio"
	case "callback":
		return "phones.callback"
	case "isdn":
		return "phones.isdn"
	case "assistantsphone":
		return "phones.assistant"
	case "ttytddphone":
		return "phones.tty"
	case "pager":
		return "phones.pager"
	case "businessfax":
		return "phones.work fax"
	case "homefax":
		return "phones.home fax"
	case "otherfax":
		return "phones.other fax"
	case "emailaddress", "email2address", "email3address":
		return "emails"
	case "emailtype", "emaildisplayname", "email2type", "email2displayname", "email3type", "email3displayname",
		"priority", "private", "sensitivity", "initials", "internetfreebusy", "mileage", "directoryserver":
		return "-" // what Outlook fills in itself
	}
	for _, at := range []struct{ prefix, label string }{{"business", "work"}, {"home", "home"}, {"other", "other"}} {
		rest, ok := strings.CutPrefix(folded, at.prefix)
		if !ok {
			continue
		}
		switch rest {
		case "street":
			return "adr." + at.label + ".street"
		case "street2", "street3":
			return "adr." + at.label + ".extended"
		case "city":
			return "adr." + at.label + ".city"
		case "state":
			return "adr." + at.label + ".region"
		case "postalcode":
			return "adr." + at.label + ".code"
		case "country", "countryregion":
			return "adr." + at.label + ".country"
		case "addresspobox":
			return "adr." + at.label + ".box"
		}
	}
	return ""
}
