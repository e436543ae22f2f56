// Package leak finds personal data in the texts of errors and logs. It is for
// tests: what it looks for are the names, numbers and addresses of the contacts
// that the test shows it.
package leak

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// Finder knows personal data. Its zero value knows none. It may be used from
// many goroutines.
type Finder struct {
	mu      sync.RWMutex
	words   map[string]bool // lower case
	ids     map[string]bool // which may be shown
	numbers map[string]bool // digits
	windows map[string]bool // every seven digits in a row of a number
	parts   map[string]bool // every five and six
}

const (
	minWord   = 3 // letters of a word that tells something
	minDigits = 5 // digits in a row that do: four are what masks leave
	window    = 7
)

// ordinary are words that error texts use and tests name people by.
var ordinary = map[string]bool{"name": true, "contact": true, "number": true, "other": true, "word": true, "line": true,
	"long": true, "the": true, "and": true, "was": true, "not": true, "has": true, "one": true, "two": true, "for": true,
	"too": true, "large": true}

// Contact has the finder know all that is personal in c, and that its ids are
// not.
func (f *Finder) Contact(c contacts.Contact) {
	f.mu.Lock()
	for _, id := range []string{c.ID, c.MergedInto} {
		if !f.ids[id] {
			f.ids = put(f.ids, id)
		}
	}
	f.mu.Unlock()
	for _, s := range []string{c.FirstName, c.LastName, c.FullName, c.Organization, c.Title, c.Notes, c.ClientRef} {
		f.Text(s)
	}
	f.Number(c.CellPhone.Number)
	f.Number(c.CellPhone.Input)
	for _, p := range c.Phones {
		f.Number(p.Number)
		f.Number(p.Input)
	}
	for _, e := range c.Emails {
		f.Text(e.Address)
	}
	for _, t := range c.Tags {
		f.Text(t)
	}
	for k, v := range c.Custom {
		f.Text(k)
		f.Text(v)
	}
}

// Text has it know the words of s.
func (f *Finder) Text(s string) {
	if s == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range strings.FieldsFunc(strings.ToLower(s), notLetter) {
		if utf8.RuneCountInString(w) >= minWord && !ordinary[w] {
			f.words = put(f.words, w)
		}
	}
}

// Number has it know a telephone number in any notation.
func (f *Finder) Number(s string) {
	d := digits(s)
	if len(d) < minDigits {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.numbers[d] {
		return
	}
	f.numbers = put(f.numbers, d)
	for i := range d {
		for n := minDigits; n <= window && i+n <= len(d); n++ {
			if n == window {
				f.windows = put(f.windows, d[i:i+n])
			} else {
				f.parts = put(f.parts, d[i:i+n])
			}
		}
	}
}

func put(m map[string]bool, key string) map[string]bool {
	if m == nil {
		m = make(map[string]bool)
	}
	m[key] = true
	return m
}

var (
	address = regexp.MustCompile(`\S+@\S+\.\S+`)
	token   = regexp.MustCompile(`[A-Za-z0-9_-]+`)
	uuid    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	path    = regexp.MustCompile(`(^|[\s"(])([A-Za-z]:)?[/\\][\w./\\:~-]+`)
	number  = regexp.MustCompile(`[0-9][0-9 ().-]*[0-9]`)
)

// In returns the first personal thing in a text, "" if there is none: a word
// that it knows, five and more digits in a row of a number that it knows
// whatever stands between them, and any e-mail address. Ids and absolute
// paths of files are none.
func (f *Finder) In(text string) string {
	if s := address.FindString(text); s != "" {
		return s
	}
	text = uuid.ReplaceAllString(path.ReplaceAllString(text, "|"), "|")
	f.mu.RLock()
	defer f.mu.RUnlock()
	text = token.ReplaceAllStringFunc(text, func(s string) string {
		if f.ids[s] {
			return "|"
		}
		return s
	})
	for _, w := range strings.FieldsFunc(text, notLetter) {
		if f.words[strings.ToLower(w)] {
			return w
		}
	}
	for _, s := range number.FindAllString(text, -1) {
		d := digits(s)
		if f.parts[d] || f.numbers[d] {
			return s
		}
		for i := 0; i+window <= len(d); i++ {
			if f.windows[d[i:i+window]] {
				return s
			}
		}
	}
	return ""
}

// InError is In for the text of an error and of each that it wraps: any of
// them may come to be logged.
func (f *Finder) InError(err error) string {
	if err == nil {
		return ""
	}
	if s := f.In(err.Error()); s != "" {
		return s
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return f.InError(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if s := f.InError(err); s != "" {
				return s
			}
		}
	}
	return ""
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }

// digits returns the digits of s, those of other scripts too.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '०' && r <= '९':
			return r - '०' + '0'
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		}
		return -1
	}, s)
}
