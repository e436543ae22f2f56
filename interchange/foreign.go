package interchange

import "bytes"

// foreignKinds are files that people take for one of contacts, by what they
// begin with. CSV would make columns of their bytes.
var foreignKinds = []struct{ begin, detail string }{
	{"PK\x03\x04", "is a spreadsheet (.xlsx, .ods) or an archive: save it as CSV, or unpack it"},
	{"\xd0\xcf\x11\xe0", "is a file of Excel's or Outlook's own (.xls, .msg): save it as CSV"},
	{"!BDN", "is a file of Outlook's own (.pst): export the contacts as CSV"},
	{"\x1f\x8b", "is packed by gzip: unpack it"},
	{"\xfd7zXZ\x00", "is packed by xz: unpack it"},
	{"7z\xbc\xaf\x27\x1c", "is an archive (.7z): unpack it"},
	{"%PDF-", "is a PDF: export the contacts as CSV or vCards"},
	{"SQLite format 3\x00", "is a database (SQLite): export the contacts as CSV or vCards"},
	{"<!doctype html", "is a web page and no CSV: was it saved in place of the download, after a login had ended?"},
	{"<html", "is a web page and no CSV: was it saved in place of the download, after a login had ended?"},
	{"<?xml", "is XML: export the contacts as CSV or vCards"},
}

// foreign returns an error for the beginning of a file that is none of contacts.
func foreign(head []byte) error {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	tag := bytes.ToLower(bytes.TrimLeft(head[:min(len(head), 100)], " \t\r\n"))
	for _, k := range foreignKinds {
		if bytes.HasPrefix(head, []byte(k.begin)) || k.begin[0] == '<' && bytes.HasPrefix(tag, []byte(k.begin)) {
			return &FileError{Reason: ReasonMalformed, Detail: "the file " + k.detail}
		}
	}
	return nil
}
