package contacts

import (
	"fmt"
	"hash/maphash"
)

// errRowsDiffer says that rows was not the same in two passes, from which row on
// where that is known.
func errRowsDiffer(index int) error {
	which := "the rows of the import are"
	if index >= 0 {
		which = fmt.Sprintf("row %d of the import is", index)
	}
	return fmt.Errorf("%w: %s not the same when read again: import what nobody changes meanwhile", ErrInvalid, which)
}

// printer makes fingerprints of rows.
type printer struct{ h maphash.Hash }

func newPrinter() printer {
	var p printer
	p.h.SetSeed(maphash.MakeSeed())
	return p
}

// chained puts a fingerprint behind those of the rows before.
func chained(chain, print uint64) uint64 { return chain*0x9e3779b97f4a7c15 + print }

func (p *printer) text(list ...string) {
	for _, s := range list {
		_, _ = p.h.WriteString(s)
		_ = p.h.WriteByte(0xff)
	}
}

func (p *printer) of(row *ImportRow) uint64 {
	p.h.Reset()
	if row.Err != nil {
		return 1
	}
	c := &row.Contact
	p.text(c.FirstName, c.LastName, c.Salutation, c.Organization, c.Title, c.Notes, c.ClientRef,
		c.ID, string(c.Status), c.CreatedBy, c.CreatedByAID, c.UpdatedBy, c.UpdatedByAID)
	p.phone(&c.CellPhone)
	for i := range c.Phones {
		p.phone(&c.Phones[i])
	}
	for _, e := range c.Emails {
		p.text("e", e.Address, e.Label)
	}
	p.text(c.Tags...)
	if len(c.Custom) > 0 {
		for _, k := range sortedKeys(c.Custom) {
			p.text("c", k, c.Custom[k])
		}
	}
	for _, a := range c.Address {
		p.text("a", string(a))
	}
	for _, t := range c.Twitter {
		p.text("t", string(t))
	}
	return p.h.Sum64() | 1<<63
}

func (p *printer) phone(n *Phone) {
	shared := ""
	if n.Shared {
		shared = "s"
	}
	p.text(n.Number, n.CountryCode, n.Extension, n.Input, n.Label, shared)
}
