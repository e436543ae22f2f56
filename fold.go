package contacts

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldVersion is raised whenever Fold, the words or the sort key of a contact
// come out differently; books are then re-indexed on Open.
const foldVersion = 1

// Fold brings text to the form in which it is searched and sorted: lower case,
// compatibility forms resolved, accents removed from scripts that are read
// without them. Marks of U+0900 and above stay: removing vowel signs would
// destroy Devanagari and its kin.
func Fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for _, r := range norm.NFKD.String(s) {
		if r < 0x0900 && unicode.Is(unicode.Mn, r) {
			continue
		}
		if unicode.Is(unicode.Cf, r) {
			continue // joiners and direction marks
		}
		r = unicode.ToLower(r)
		if f, ok := foldLetter(r); ok {
			b.WriteString(f)
			continue
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// foldLetter has the letters that do not decompose.
func foldLetter(r rune) (string, bool) {
	switch r {
	case 'ø':
		return "o", true
	case 'đ', 'ð':
		return "d", true
	case 'ł':
		return "l", true
	case 'ħ':
		return "h", true
	case 'ı':
		return "i", true
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'þ':
		return "th", true
	case 'ς': // final sigma
		return "σ", true
	case 'ٱ': // alef wasla; the other alefs decompose
		return "ا", true
	case 'ى', 'ی': // alef maksura, Farsi yeh
		return "ي", true
	case 'ک': // keheh
		return "ك", true
	case 'ة': // teh marbuta
		return "ه", true
	case 'ـ': // tatweel
		return "", true
	}
	if r >= 'ァ' && r <= 'ヶ' { // katakana to hiragana
		return string(r - 'ァ' + 'ぁ'), true
	}
	return "", false
}

// maxWords bounds the index entries of one contact.
const maxWords = 128

// words returns the folded words of a contact: every word of its names, tags,
// organization, ClientRef and e-mail addresses, in this order as far as
// maxWords goes, and the joined form of what an apostrophe, a hyphen or a dot
// holds together (O'Neil: o, neil, oneil).
func words(c *Contact) []Word {
	l := wordList{}
	l.addAll(c.FirstName, InName)
	l.addAll(c.LastName, InName)
	for _, t := range c.Tags {
		l.addAll(t, InTag)
	}
	l.addAll(c.Organization, InOrganization)
	l.addAll(c.ClientRef, InRef)
	for _, e := range c.Emails {
		l.addAll(e.Address, InEmail)
	}
	slices.SortFunc(l.list, func(a, b Word) int { return strings.Compare(a.Text, b.Text) })
	return l.list
}

type wordList struct {
	list []Word
	at   map[string]int // once the list is long
}

func (l *wordList) addAll(s string, in Fields) {
	if s == "" || len(l.list) == maxWords {
		return
	}
	for _, chunk := range strings.Fields(Fold(s)) {
		parts := splitWords(chunk)
		for _, p := range parts {
			l.add(p, in)
		}
		if len(parts) > 1 {
			l.add(strings.Join(parts, ""), in)
		}
	}
}

func (l *wordList) add(text string, in Fields) {
	text = cut(text, MaxKeyLen)
	if i := l.find(text); i >= 0 {
		l.list[i].Fields |= in
		return
	}
	if len(l.list) == maxWords {
		return
	}
	l.list = append(l.list, Word{text, in})
	if l.at != nil {
		l.at[text] = len(l.list) - 1
	}
}

func (l *wordList) find(text string) int {
	if l.at == nil {
		if len(l.list) < 16 {
			return slices.IndexFunc(l.list, func(w Word) bool { return w.Text == text })
		}
		l.at = make(map[string]int, maxWords)
		for i, w := range l.list {
			l.at[w.Text] = i
		}
	}
	if i, ok := l.at[text]; ok {
		return i
	}
	return -1
}

// splitWords cuts folded text into runs of letters, digits and the marks that
// belong to them.
func splitWords(s string) []string {
	return strings.FieldsFunc(s, separatesWords)
}

func separatesWords(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || isApostrophe(r)
}

// isApostrophe reports whether r stands for an apostrophe within a name, also
// those that Unicode calls letters (Демʼян, Oʻahu).
func isApostrophe(r rune) bool {
	return r == '\'' || r == '’' || r == '‘' || r == '`' || r >= 'ʹ' && r <= 'ʿ'
}

// maxSort bounds the sort key; longer names tie and go by creation.
const maxSort = 64

// unnamed sorts contacts without a name after all others.
const unnamed = "\U0010FFFD"

// sortKey orders contacts by name: by the full name, else the organization,
// else the number after all names.
func sortKey(c *Contact) string {
	for _, name := range []string{c.FullName, c.Organization} {
		if key := sortText(name); key != "" {
			return key
		}
	}
	return unnamed + c.CellPhone.Number
}

// sortText puts a name into the form that sorts as a person would: folded,
// word by word, without punctuation (O'Neil among the Ons), and with numbers by
// their value (Desk 9 before Desk 10).
func sortText(name string) string {
	folded := strings.Map(func(r rune) rune {
		if isApostrophe(r) {
			return -1
		}
		return r
	}, Fold(name))
	var b strings.Builder
	for i, word := range splitWords(folded) {
		if i > 0 {
			b.WriteByte(' ')
		}
		for word != "" {
			digits := len(word) - len(strings.TrimLeft(word, "0123456789"))
			if digits == 0 {
				letters := strings.IndexAny(word, "0123456789")
				if letters < 0 {
					letters = len(word)
				}
				b.WriteString(word[:letters])
				word = word[letters:]
				continue
			}
			value := strings.TrimLeft(word[:digits], "0")
			b.WriteByte('0' + byte(min(len(value), 9))) // longer numbers are greater
			b.WriteString(value)
			word = word[digits:]
		}
	}
	return cut(b.String(), maxSort)
}

// cut shortens s to at most n bytes at the boundary of a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
