package agentassist

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// get answers one contact, in any status.
func (c *call) get() error {
	contact, err := c.book.Get(c.ctx(), c.id())
	if err != nil {
		return err
	}
	return c.contact(http.StatusOK, contact)
}

// lookup answers who has a number.
func (c *call) lookup() error {
	p := c.params()
	text := unescapedPlus(p.required("number"))
	o := contacts.LookupOptions{Limit: p.number("limit", 10, 1, maxCandidates), Suffix: p.number("suffix", 0, 7, 15)}
	if region, _ := p.text("region"); region != "" {
		if _, ok := phone.CallingCodeForRegion(region); !ok {
			p.fail(ReasonParameter, "region", "must be two letters that ISO 3166-1 gives a region, such as IN, GB or US")
		}
		site := c.book.Site()
		site.Region = strings.ToUpper(region)
		o.Site = &site
	}
	if p.err != nil {
		return p.err
	}
	m, err := c.book.Lookup(c.ctx(), text, &o)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.lookedUp(&m))
}

const maxCandidates = 100

// unescapedPlus mends the number in "?number=+9198..", where the plus, which has
// to be written %2B, arrives as a space.
func unescapedPlus(number string) string {
	if len(number) > 1 && number[0] == ' ' && number[1] >= '0' && number[1] <= '9' {
		return "+" + number[1:]
	}
	return number
}

func (c *call) lookedUp(m *contacts.Match) Lookup {
	out := Lookup{Kind: m.Kind.String(), Candidates: c.shownAll(m.Candidates), Rule: m.Rule}
	if m.Found() {
		contact := c.shown(m.Contact)
		out.Contact = &contact
	}
	if n := m.Reading.Number; !n.IsZero() {
		out.Number = &LookupNumber{
			E164: n.String(), CountryCode: fmt.Sprintf("+%d", n.CallingCode()), National: n.National(), Region: n.Region(),
			Type: n.Type().String(), Valid: m.Reading.Valid, CountryGiven: m.Reading.CountryGiven, Extension: m.Reading.Extension,
		}
	}
	var refusal *phone.Error
	if errors.As(m.Refusal, &refusal) {
		out.Refusal = refusal.Reason.String()
		out.Detail = strings.TrimPrefix(refusal.Error(), "phone: ")
	}
	return out
}

// search answers the contacts that somebody who types may mean.
func (c *call) search() error {
	p := c.params()
	text := p.required("q")
	o := contacts.SearchOptions{Limit: p.number("limit", 20, 1, MaxPage), T9: p.flag("t9")}
	o.Cursor, _ = p.text("cursor")
	if p.err != nil {
		return p.err
	}
	found, err := c.book.Search(c.ctx(), text, &o)
	if err != nil {
		return err
	}
	page := SearchPage{Results: make([]SearchHit, len(found.Hits)), HasMore: found.Next != "", Next: found.Next, Partial: found.Partial}
	for i := range found.Hits {
		page.Results[i] = SearchHit{c.shown(found.Hits[i].Contact), c.highlights(found.Hits[i].Highlights)}
	}
	return c.json(http.StatusOK, page)
}

// highlights returns those in fields that this handler shows.
func (c *call) highlights(list []contacts.Highlight) []Highlight {
	out := make([]Highlight, 0, len(list))
	for _, h := range list {
		if c.opt.Extended || ofAPI(h.Field) {
			out = append(out, Highlight{Kind: h.Kind.String(), Field: h.Field, Before: h.Text[:h.Start], Match: h.Text[h.Start:h.End], After: h.Text[h.End:]})
		}
	}
	return out
}

// ofAPI reports whether the hosted service has the field of a highlight.
func ofAPI(field string) bool {
	switch field {
	case "firstName", "lastName", "cellPhone.phoneNumber":
		return true
	}
	return false
}

// restore makes a deleted contact active again. If-Match is judged where there
// is one.
func (c *call) restore() error {
	var revision uint64
	if len(c.r.Header.Values("If-Match")) > 0 {
		var err error
		if revision, err = c.ifMatch(); err != nil {
			return err
		}
	}
	contact, err := c.book.At(revision).Undelete(c.ctx(), c.id())
	if err != nil {
		return alone{err}
	}
	return c.contact(http.StatusOK, contact)
}

// duplicates answers numbers that several contacts have.
func (c *call) duplicates() error {
	p := c.params()
	limit := p.number("limit", contacts.DefaultLimit, 1, maxSharedNumbers)
	cursor, _ := p.text("cursor")
	if p.err != nil {
		return p.err
	}
	list, next, err := c.book.DuplicatesPage(c.ctx(), cursor, limit)
	if err != nil {
		return err
	}
	page := DuplicatesPage{Results: make([]SharedNumber, len(list)), HasMore: next != "", Next: next}
	for i, d := range list {
		page.Results[i] = SharedNumber{Number: d.Line.String(), Contacts: c.shownAll(d.Contacts)}
	}
	return c.json(http.StatusOK, page)
}

// maxSharedNumbers bounds the numbers of a page of duplicates, each of which may
// have contacts.MaxLimit contacts.
const maxSharedNumbers = 100
