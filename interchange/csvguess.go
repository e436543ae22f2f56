package interchange

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/callerbook/contacts/phone"
)

// A file without a first line that names its columns: what they are is found out
// from what is in them, as far as that is beyond doubt.

// looksLikeNumber reports whether a cell is a telephone number, whole or damaged.
func looksLikeNumber(s string) bool {
	digits := 0
	for _, r := range strings.Trim(s, `="' `) {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-().,/xXeE\u00a0", r):
			return false
		}
	}
	return digits >= 5
}

// looksLikeAddress reports whether a cell is an e-mail address.
func looksLikeAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && strings.Contains(s[at:], ".") && !strings.ContainsAny(strings.TrimSpace(s), " \t")
}

// sure reports whether the names of the columns are known so well that a number
// among them does not matter.
func (m *csvMap) sure() bool {
	known := 0
	for _, t := range m.targets {
		if t.field != "" && !strings.HasPrefix(t.field, "custom.") {
			known++
		}
	}
	return known > 1
}

// sampleRows returns the first rows of a file.
func sampleRows(text []byte, delimiter byte, l csvLimits) [][]string {
	text = text[:min(len(text), headBytes)]
	s := newCSVScanner(bytes.NewReader(text), delimiter, l.row, l.columns)
	var rows [][]string
	for len(rows) < 100 {
		rec, err := s.next()
		if err != nil {
			break
		}
		if rec.fault == csvSound && !rec.blank() {
			rows = append(rows, rec.text(nil))
		}
	}
	return rows
}

// guessCSVMap finds out what the columns of rows are: numbers, addresses, and one
// of text, which then is names. The columns that the caller gave count first.
func guessCSVMap(rows [][]string, width int, o *CSVOptions) (*csvMap, error) {
	numbered := make([]string, width)
	for i := range numbered {
		numbered[i] = strconv.Itoa(i + 1)
	}
	given, err := givenFields(numbered, o.Columns)
	if err != nil {
		return nil, err
	}
	m := &csvMap{layout: layoutPlain, header: make([]string, width), targets: make([]csvTarget, width), rejects: -1, from: map[string]int{}, site: phone.Site{Region: o.region}}
	if len(given) > 0 {
		m.layout = layoutGiven
	}
	fields := make([]string, width)
	var texts []int
	for i := range fields {
		if field, ok := given[i]; ok {
			fields[i] = field
			continue
		}
		numbers, addresses, other := 0, 0, 0
		for _, row := range rows {
			switch {
			case i >= len(row) || strings.TrimSpace(row[i]) == "":
			case looksLikeNumber(row[i]):
				numbers++
			case looksLikeAddress(row[i]):
				addresses++
			default:
				other++
			}
		}
		switch {
		case numbers > addresses+other: // some say "unknown" and the like
			fields[i] = "phones"
		case addresses > numbers+other:
			fields[i] = "emails"
		default:
			fields[i] = "custom.column " + strconv.Itoa(i+1)
			if other > 0 {
				texts = append(texts, i)
			}
		}
	}
	if len(texts) == 1 && len(given) == 0 {
		fields[texts[0]] = "fullName"
	} else if len(texts) > 1 && len(given) == 0 {
		return nil, &FileError{Line: 1, Reason: ReasonMalformed, Detail: "the first line is a row, and does not name the columns: say which field each of the " +
			strconv.Itoa(width) + " columns is, as in --map 1=firstName (CSVOptions.Columns); the fields are " + strings.Join(Fields(), " ")}
	}
	m.compile(fields)
	return m, nil
}
