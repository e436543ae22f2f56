package interchange

import (
	"strings"

	"github.com/callerbook/contacts"
)

// ownTexts has a contact keep no more in memory than what it says. Texts that it
// has from the cells of one row are parts of one, with what the row has beside.
func ownTexts(c *contacts.Contact) {
	own := func(list ...*string) {
		for _, s := range list {
			*s = strings.Clone(*s)
		}
	}
	phone := func(p *contacts.Phone) { own(&p.Number, &p.CountryCode, &p.Extension, &p.Input, &p.Label) }
	own(&c.FirstName, &c.LastName, &c.Salutation, &c.Organization, &c.Title, &c.Notes, &c.ClientRef,
		&c.ID, &c.CreatedBy, &c.CreatedByAID, &c.UpdatedBy, &c.UpdatedByAID, &c.MergedInto)
	c.Status = contacts.Status(strings.Clone(string(c.Status)))
	phone(&c.CellPhone)
	for i := range c.Phones {
		phone(&c.Phones[i])
	}
	for i := range c.Emails {
		own(&c.Emails[i].Address, &c.Emails[i].Label)
	}
	for i := range c.Tags {
		own(&c.Tags[i])
	}
	if c.Custom != nil {
		custom := make(map[string]string, len(c.Custom))
		for key, value := range c.Custom { // keys may be of the row, too
			custom[strings.Clone(key)] = strings.Clone(value)
		}
		c.Custom = custom
	}
}
