package interchange

import (
	"bytes"
	"strings"

	"github.com/callerbook/contacts"
)

// csvDelimiters are those that are found out, the likelier first.
const csvDelimiters = ",;\t|"

// delimiterTold returns the delimiter that a first line such as "sep=;" tells,
// and how many bytes the line has with its end.
func delimiterTold(text []byte) (delimiter byte, length int) {
	line := text[:min(len(text), 16)]
	i := bytes.IndexAny(line, "\r\n")
	if i < 0 {
		if len(text) > len(line) {
			return 0, 0
		}
		i = len(line)
	}
	told, ok := strings.CutPrefix(strings.ToLower(strings.Trim(string(line[:i]), `"`)), "sep=")
	if !ok || len(told) != 1 {
		return 0, 0
	}
	length = i + 1
	if bytes.HasPrefix(text[i:], []byte("\r\n")) {
		length++
	}
	return told[0], min(length, len(text))
}

// findDelimiter returns the delimiter by which the first lines have the same
// number of cells, most of them, and more than one.
func findDelimiter(text []byte, all bool, l csvLimits) byte {
	text = text[:min(len(text), headBytes)]
	best, bestSame, bestWidth := csvDelimiters[0], 0.0, 1
	for _, d := range []byte(csvDelimiters) {
		s := newCSVScanner(bytes.NewReader(text), d, l.row, l.columns)
		width, same, rows := 0, 0, 0
		for rows < 100 {
			rec, err := s.next()
			if err != nil || !all && rows > 0 && s.start == s.end {
				break // the last one may be cut
			}
			if rec.blank() {
				continue
			}
			if rows++; rows == 1 {
				width = len(rec.cells)
			}
			if len(rec.cells) == width && rec.fault == csvSound {
				same++
			}
		}
		if width < 2 {
			continue
		}
		if share := float64(same) / float64(rows); share > bestSame || share == bestSame && width > bestWidth {
			best, bestSame, bestWidth = d, share, width
		}
	}
	return best
}

// checkDelimiter says what is wrong with a delimiter that was given or told.
func checkDelimiter(d rune) error {
	if d > 0 && d < 0x80 && d != '"' && d != '\n' && d != '\r' {
		return nil
	}
	return &FileError{Reason: contacts.ReasonCharacter, Detail: "the delimiter must be one ASCII character, such as , ; | or a tab, and no quotation mark"}
}
