package agentassist

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// An ETag is a position of the feed in quotes, "epoch.revision": of a contact
// where it last changed, of a list where the feed stood before it was read. It
// does not outlive a copy or a repair of the book, whose epoch is another.

// tags are the entity tags of If-Match or If-None-Match (RFC 9110, section
// 8.8.3), or any of them: "*".
type tags struct {
	any  bool
	list []tag
}

type tag struct {
	text string // between the quotes
	weak bool
}

// parseTags reads the values of a header.
func parseTags(values []string) (tags, error) {
	var t tags
	s := strings.Trim(strings.Join(values, ","), " \t")
	if s == "*" {
		return tags{any: true}, nil
	}
	for first := true; ; first = false {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			if first {
				return tags{}, errTags
			}
			return t, nil
		}
		var one tag
		if s, one.weak = strings.CutPrefix(s, "W/"); !strings.HasPrefix(s, `"`) {
			return tags{}, errTags
		}
		end := strings.IndexByte(s[1:], '"')
		if end < 0 || strings.ContainsFunc(s[1:1+end], notTag) {
			return tags{}, errTags
		}
		one.text, s = s[1:1+end], strings.TrimLeft(s[end+2:], " \t")
		if s != "" && s[0] != ',' {
			return tags{}, errTags
		}
		t.list = append(t.list, one)
	}
}

var errTags = errors.New("must be entity tags in quotes, as an ETag has them, with commas between them, or *")

// notTag reports what may not stand in an entity tag.
func notTag(r rune) bool { return r <= ' ' || r == 0x7f }

// has reports whether a tag is among them, weak or not.
func (t tags) has(text string) bool {
	return t.any || slices.ContainsFunc(t.list, func(one tag) bool { return one.text == text })
}

// unchanged sets the ETag of an answer and, where a GET has it in If-None-Match,
// answers 304. A header that cannot be read asks for nothing.
func (c *call) unchanged(at contacts.Token) bool {
	if at.Epoch == "" {
		return false
	}
	header := c.w.Header()
	header.Set("ETag", `"`+at.String()+`"`)
	header.Set("Cache-Control", "private, no-cache")
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return false
	}
	values := c.r.Header.Values("If-None-Match")
	if len(values) == 0 {
		return false
	}
	if t, err := parseTags(values); err != nil || !t.has(at.String()) {
		return false
	}
	c.w.WriteHeader(http.StatusNotModified)
	return true
}

// ifMatch returns the revision that If-Match asks for, 0 where there is none.
// In Strict its absence is an error. Of several tags it is the one that the
// contact of the path has.
func (c *call) ifMatch() (uint64, error) {
	values := c.r.Header.Values("If-Match")
	if len(values) == 0 {
		if c.opt.Strict {
			return 0, problem(ReasonNoPrecondition, "If-Match", "")
		}
		return 0, nil
	}
	t, err := parseTags(values)
	if err != nil {
		return 0, problem(ReasonParameter, "If-Match", "the header If-Match "+err.Error())
	}
	if t.any {
		return 0, nil // it has to be there, which every call asks for
	}
	now, err := c.book.Token(c.ctx())
	if err != nil {
		return 0, err
	}
	var revisions []uint64
	for _, one := range t.list {
		at, err := contacts.ParseToken(one.text)
		if err == nil && !one.weak && at.Epoch == now.Epoch && at.Revision != 0 && at.String() == one.text {
			revisions = append(revisions, at.Revision)
		}
	}
	if len(revisions) == 1 {
		return revisions[0], nil
	}
	contact, err := c.book.Get(c.ctx(), c.id())
	if err != nil {
		return 0, err
	}
	if !slices.Contains(revisions, contact.Revision) {
		return 0, changedSince()
	}
	return contact.Revision, nil
}

func changedSince() *Error {
	return problem(ReasonPrecondition, "If-Match", "the contact is not at the revision of If-Match: get it again and repeat the change")
}

// noIfMatch refuses If-Match on a call about many contacts.
func (c *call) noIfMatch() error {
	if len(c.r.Header.Values("If-Match")) == 0 {
		return nil
	}
	return problem(ReasonParameter, "If-Match", "If-Match is of one contact: send it with a call about that contact")
}
