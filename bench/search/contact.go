package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/bench/internal/people"
)

// contact is one of the people of bench with what else search finds somebody
// by: for some an organization, an e-mail address. So there are words that very
// many contacts have, as "com".
type contact struct {
	people.Person
	org, email string
}

// Shares of people, of 100.
const (
	withOrg   = 35
	withEmail = 60
	// Of those with Latin names: last names that begin with X, with Q. Nobody
	// has both, and no other word begins so: two large groups that share no
	// contact.
	withX = 9
	withQ = 9
)

var (
	lastX = []string{"Xu", "Xavier", "Xiang", "Xiao", "Xie", "Xiong", "Ximenes", "Xanthos", "Xue", "Xifaras"}
	lastQ = []string{"Qureshi", "Quinn", "Qian", "Quigley", "Quiroga", "Qadri", "Quade", "Quarles", "Qasim", "Queen"}

	orgNames = []string{
		"Acme", "Globex", "Initech", "Northwind", "Contoso", "Fabrikam", "Umbrella", "Stark", "Wayne", "Hooli",
		"Vandelay", "Wonka", "Tyrell", "Cyberdyne", "Soylent", "Oscorp", "Gringotts", "Monarch", "Pendant", "Sterling",
		"Aurora", "Banyan", "Cedar", "Delta", "Evergreen", "Falcon", "Granite", "Harbor", "Indus", "Jupiter",
		"Kaveri", "Lotus", "Meridian", "Nimbus", "Orchid", "Pioneer", "Ridge", "Summit", "Tata", "Zenith",
	}
	orgTrades = []string{
		"Consulting", "Logistics", "Bank", "Software", "Foods", "Textiles", "Energy", "Motors", "Pharma", "Insurance",
		"Media", "Travel", "Steel", "Systems", "Partners", "Hospital", "School", "Hotels", "Builders", "Services",
	}
	orgForms = []string{"Ltd", "Ltd", "GmbH", "Inc", "LLC", "Group"}

	mailHosts = []string{
		"gmail.com", "gmail.com", "gmail.com", "gmail.com", "yahoo.com", "yahoo.com", "outlook.com", "hotmail.com",
		"icloud.com", "rediffmail.com", "web.de", "orange.fr", "mail.ru", "example.org",
	}
)

// contactsTo makes up contacts number 0 to n-1, the same ones each time.
func contactsTo(n int) []contact {
	list := make([]contact, n)
	for i := range list {
		list[i] = contactAt(i)
	}
	return list
}

// contactAt makes up contact number i.
func contactAt(i int) contact {
	c := contact{Person: people.At(i)}
	r := rand.New(rand.NewPCG(22, uint64(i)))
	if latin(c.First) {
		switch share := r.IntN(100); {
		case share < withX:
			c.Last = pick(r, lastX)
		case share < withX+withQ:
			c.Last = pick(r, lastQ)
		}
	}
	if r.IntN(100) < withOrg {
		c.org = pick(r, orgNames) + " " + pick(r, orgTrades) + " " + pick(r, orgForms)
	}
	if r.IntN(100) < withEmail {
		c.email = mailName(r, &c) + "@" + mailHost(r, &c)
	}
	return c
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// mailName is what stands before the @: of somebody's names, or, as for everybody
// whose names are not Latin, made up.
func mailName(r *rand.Rand, c *contact) string {
	first, last := contacts.Fold(c.First), contacts.Fold(c.Last)
	if latin(c.First) {
		switch r.IntN(5) {
		case 0, 1:
			return first + "." + last
		case 2:
			return first + "." + last + string([]byte{'5' + byte(r.IntN(5)), '0' + byte(r.IntN(10))})
		case 3:
			return first[:1] + "." + last
		}
	}
	var b strings.Builder
	for range 3 {
		b.WriteByte("bdfghjklmnprstvwyz"[r.IntN(18)])
		b.WriteByte("aeiou"[r.IntN(5)])
	}
	return b.String()
}

func mailHost(r *rand.Rand, c *contact) string {
	if name, _, ok := strings.Cut(c.org, " "); ok && r.IntN(2) == 0 {
		return strings.ToLower(name) + ".com"
	}
	return pick(r, mailHosts)
}

func latin(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.Is(unicode.Latin, r) }) < 0
}

// words returns the words of a contact as somebody types them: in lower case,
// with accents. Each comes once.
func (c *contact) words() []string {
	var list []string
	for _, text := range []string{c.First, c.Last, c.org, c.email} {
		for _, w := range strings.FieldsFunc(strings.ToLower(text), separates) {
			if !slices.Contains(list, w) {
				list = append(list, w)
			}
		}
	}
	return list
}

// joined returns the e-mail address without what separates its words: the
// library finds it so, too.
func (c *contact) joined() string {
	return strings.Join(strings.FieldsFunc(c.email, separates), "")
}

// separates reports whether r is between words, for every side.
func separates(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}
