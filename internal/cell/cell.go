// Package cell keeps cells of CSV from being run as formulas.
//
// A cell that begins with =, +, -, @, a tab or a line break is run as a formula by
// spreadsheets, and who may write a contact must not run anything at those who
// open the file. Quote puts an apostrophe in front of such a text, which
// spreadsheets take for "this is text", and Unquote takes it away again. A plus
// with nothing but digits behind it is no formula that does anything, and stays
// as it is: it is what calling codes, extensions and numbers are.
//
// Unquote(Quote(s)) is s for every s: a text that has apostrophes in front of
// such a character itself gets one more.
package cell

import (
	"strings"
	"unicode/utf8"
)

// Quote returns a text as it stands in a cell.
func Quote(s string) string {
	if formula(strings.TrimLeft(s, "'")) && !dialled(s) {
		return "'" + s
	}
	return s
}

// Unquote returns the text of a cell.
func Unquote(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && formula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return cell
}

// formula reports whether a spreadsheet may run a text. The wide forms of these
// characters count in some.
func formula(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", r) && s != ""
}

// dialled reports whether a text is a plus and digits: "+", "+91".
func dialled(s string) bool {
	rest, ok := strings.CutPrefix(s, "+")
	return ok && strings.Trim(rest, "0123456789") == ""
}
