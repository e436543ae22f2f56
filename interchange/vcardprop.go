package interchange

import (
	"bytes"
	"strings"
)

// prop is a property of a card: GROUP.NAME;PARAMETERS:VALUE. What it has is
// valid until the next card.
type prop struct {
	group   []byte
	name    string // in capital letters
	params  []param
	header  []byte // as it stands before the colon, without folds
	value   []byte // without folds; as it came else
	qp      bool
	base64  bool
	set     []byte // CHARSET
	damaged bool   // some bytes were no text, and are replaced
	used    bool   // of X-ABLabel: some property has it as its label
}

// param is a parameter of a property.
type param struct {
	name  []byte // empty where only a value is given, as in "TEL;CELL"
	value []byte // as it stands there, with quotation marks
}

// parser takes properties apart.
type parser struct {
	old    bool // version 2.1
	indent int  // blanks before each line of the card
	flat   []byte
	params []param
	names  map[string]string // in capital letters, by how they stand there
}

const maxInterned = 1024

func (r *parser) reset(old bool, indent int) {
	r.old, r.indent = old, indent
	r.flat, r.params = r.flat[:0], r.params[:0]
}

// Why a text is no property.
const (
	noColon    = "a line without a colon is no property"
	manyParams = "has more than 200 parameters"
	maxParams  = 200
)

// parse takes a property apart. It returns why a text is none, "" where it is one.
func (r *parser) parse(text []byte, soft bool, p *prop) string {
	text = trimEnd(text)
	text = text[blanks(text):]
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		text = r.unfold(text, soft)
	}
	*p = prop{}
	end := 0
	for end < len(text) && text[end] != ':' && text[end] != ';' {
		end++
	}
	if end == len(text) {
		return noColon
	}
	name := bytes.TrimSpace(text[:end])
	if dot := bytes.LastIndexByte(name, '.'); dot >= 0 {
		p.group, name = name[:dot], name[dot+1:]
	}
	from := len(r.params)
	for end < len(text) && text[end] == ';' {
		var a param
		a, end = cutParam(text, end+1)
		if len(a.name)+len(a.value) == 0 {
			continue
		}
		if len(r.params)-from == maxParams {
			p.name = r.upper(name)
			return manyParams
		}
		r.params = append(r.params, a)
	}
	if end == len(text) {
		return noColon
	}
	p.name = r.upper(name)
	p.params = r.params[from:len(r.params):len(r.params)]
	p.header, p.value = text[:end], text[end+1:]
	for i := range p.params {
		p.encoding(&p.params[i])
	}
	return ""
}

// cutParam reads the parameter that begins at i and returns where it ends: at a
// semicolon, a colon or the end of the text.
func cutParam(text []byte, i int) (param, int) {
	var a param
	from := i
	for ; i < len(text); i++ {
		switch text[i] {
		case '=':
			if a.name == nil {
				a.name = bytes.TrimSpace(text[from:i])
				from = i + 1
			}
			continue
		case '"':
			if n := bytes.IndexByte(text[i+1:], '"'); n >= 0 && n < 1<<10 {
				i += n + 1
			}
			continue
		case ';', ':':
		default:
			continue
		}
		break
	}
	a.value = bytes.TrimSpace(text[from:i])
	return a, i
}

// encoding notes what a parameter says about how the value is written.
func (p *prop) encoding(a *param) {
	v := a.value
	switch {
	case len(a.name) == 0:
	case isFold(a.name, "CHARSET"):
		p.set = bytes.Trim(v, `"`)
		return
	case !isFold(a.name, "ENCODING"):
		return
	}
	switch {
	case isFold(v, "QUOTED-PRINTABLE"), isFold(v, "Q") && len(a.name) > 0:
		p.qp = true
	case isFold(v, "BASE64"), isFold(v, "B") && len(a.name) > 0:
		p.base64 = true
	}
}

func isFold(b []byte, word string) bool {
	return len(b) == len(word) && strings.EqualFold(string(b), word)
}

// upper returns a name in capital letters.
func (r *parser) upper(name []byte) string {
	if s, ok := r.names[string(name)]; ok {
		return s
	}
	s := strings.ToUpper(strings.ToValidUTF8(string(name), "?"))
	if r.names == nil {
		r.names = map[string]string{}
	}
	if len(name) <= 64 && len(r.names) < maxInterned {
		r.names[string(name)] = s
	}
	return s
}

// unfold puts the lines of a property together: what ends a line goes, and so
// does the blank behind it, but for version 2.1, which folds where there are
// blanks. Where lines end in "=" that stays, with a LF, for decodeQP to see.
func (r *parser) unfold(text []byte, soft bool) []byte {
	from := len(r.flat)
	keep := r.old && !soft && bytes.IndexByte(text, ':') < firstEnd(text) && !containsFold(text[:firstEnd(text)], "BASE64")
	for len(text) > 0 {
		n := firstEnd(text)
		line := text[:n]
		r.flat = append(r.flat, line...)
		if n == len(text) {
			break
		}
		if n+1 < len(text) && text[n] == '\r' && text[n+1] == '\n' {
			n++
		}
		text = text[n+1:]
		text = text[min(blanks(text), r.indent):]
		switch {
		case soft && len(line) > 0 && line[len(line)-1] == '=':
			r.flat = append(r.flat, '\n')
		case len(text) > 0 && (text[0] == ' ' || text[0] == '\t') && !keep:
			text = text[1:]
		}
	}
	return r.flat[from:len(r.flat):len(r.flat)]
}

// firstEnd returns where the first line of a text ends.
func firstEnd(text []byte) int {
	for i, c := range text {
		if c == '\n' || c == '\r' {
			return i
		}
	}
	return len(text)
}

// nameOf returns the name of a property, shortened, for a report.
func nameOf(text []byte) string {
	text = text[blanks(text):]
	if n := bytes.IndexAny(text[:min(len(text), 200)], ":;\r\n"); n >= 0 {
		text = text[:n]
	}
	if dot := bytes.LastIndexByte(text, '.'); dot >= 0 {
		text = text[dot+1:]
	}
	name := make([]byte, 0, 40)
	for _, c := range text {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if len(name) < 40 && (c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z') {
			name = append(name, c)
		}
	}
	return string(name)
}

// types calls each with the values of TYPE, in lower case, those of 2.1 that
// stand alone too.
func (p *prop) types(each func(string)) {
	for i := range p.params {
		a := &p.params[i]
		if len(a.name) > 0 && !isFold(a.name, "TYPE") || len(a.name) == 0 && isEncoding(a.value) {
			continue
		}
		for v := a.value; len(v) > 0; {
			one := v
			if n := bytes.IndexByte(v, ','); n >= 0 {
				one, v = v[:n], v[n+1:]
			} else {
				v = nil
			}
			for len(one) > 0 && isQuote(one[0]) {
				one = one[1:]
			}
			for len(one) > 0 && isQuote(one[len(one)-1]) {
				one = one[:len(one)-1]
			}
			if len(one) > 5 && isFold(one[:5], "TYPE=") { // TYPE=home,TYPE=voice
				one = one[5:]
			}
			if len(one) > 0 {
				each(lowerWord(one))
			}
		}
	}
}

func isQuote(c byte) bool { return c == '"' || c == ' ' || c == '\t' || c == '\n' }

func isEncoding(v []byte) bool {
	return isFold(v, "QUOTED-PRINTABLE") || isFold(v, "BASE64") || isFold(v, "8BIT") || isFold(v, "7BIT")
}

// lowerWord returns a word in lower case; without allocating where it is one of
// those that telephones and e-mail addresses have.
func lowerWord(b []byte) string {
	for _, w := range typeWords {
		if len(w) == len(b) && isFold(b, w) {
			return w
		}
	}
	return strings.ToLower(strings.ToValidUTF8(string(unCaret(b)), "?"))
}

var typeWords = [...]string{"home", "work", "cell", "voice", "pref", "fax", "internet", "main", "pager", "other", "mobile", "iphone", "msg", "car", "text", "video"}

// unCaret undoes the escapes of RFC 6868.
func unCaret(b []byte) []byte {
	if bytes.IndexByte(b, '^') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '^' && i+1 < len(b) {
			switch b[i+1] {
			case 'n':
				out = append(out, '\n')
				i++
				continue
			case '^':
				out = append(out, '^')
				i++
				continue
			case '\'':
				out = append(out, '"')
				i++
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

// param returns the value of a parameter, "" where there is none.
func (p *prop) param(name string) string {
	for i := range p.params {
		if isFold(p.params[i].name, name) {
			return strings.Trim(string(p.params[i].value), `"`)
		}
	}
	return ""
}
