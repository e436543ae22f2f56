package agentassist

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

// params are the query parameters of a call. Those that nobody asks for are
// passed over. The first problem is kept; later ones do not count.
type params struct {
	values url.Values
	err    error
}

func (c *call) params() params {
	var p params
	if p.values, p.err = url.ParseQuery(c.r.URL.RawQuery); p.err != nil {
		p.err = problem(ReasonParameter, "", "the query cannot be read: write % with two digits, and + as %2B")
	}
	return p
}

// fail notes a problem with a parameter.
func (p *params) fail(reason Reason, name, msg string) {
	if p.err == nil {
		p.err = problem(reason, name, "the parameter "+name+" "+msg)
	}
}

// text returns a parameter, and whether it is there.
func (p *params) text(name string) (string, bool) {
	list, ok := p.values[name]
	if len(list) > 1 {
		p.fail(ReasonParameter, name, "is there twice")
	}
	if !ok {
		return "", false
	}
	return list[0], true
}

// required returns a parameter that has to be there, though it may be empty.
func (p *params) required(name string) string {
	s, ok := p.text(name)
	if !ok {
		p.fail(Reason(contacts.ReasonMissing), name, "is missing")
	}
	return s
}

// number returns a parameter of least to most, or what stands for its absence.
func (p *params) number(name string, absent, least, most int) int {
	s, ok := p.text(name)
	if !ok || s == "" {
		return absent
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		p.fail(ReasonParameter, name, fmt.Sprintf("must be a number from %d to %d", least, most))
		return absent
	}
	return n
}

// flag returns a parameter that is true or false; there without a value it is
// true.
func (p *params) flag(name string) bool {
	switch s, ok := p.text(name); {
	case !ok || s == "false" || s == "0":
		return false
	case s == "" || s == "true" || s == "1":
		return true
	}
	p.fail(ReasonParameter, name, "must be true or false")
	return false
}

// choice returns a parameter that is one of a few words.
func (p *params) choice(name string, words ...string) string {
	s, ok := p.text(name)
	for _, w := range words {
		if ok && s == w {
			return s
		}
	}
	if !ok || s == "" {
		p.fail(Reason(contacts.ReasonMissing), name, "is missing: it is "+strings.Join(words, " or "))
	} else {
		p.fail(Reason(contacts.ReasonChoice), name, "must be "+strings.Join(words, " or "))
	}
	return ""
}
