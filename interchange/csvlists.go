package interchange

import (
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Lists in one cell of our own columns: items with " ::: " between them, as
// Google has them, each "label: value", of a number with "; name=value" behind it
// for what a number is seldom without:
//
//	work: +442079460018; ext=12 ::: +442079460019; shared
//
// A backslash goes before what would be read as a part of that, and before blanks
// and line breaks at an end. What a person types without any is read the same.
const listSeparator = " ::: "

// escapeItem puts backslashes into a text.
func escapeItem(b *strings.Builder, s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' || c == ':' || c == ';' || (i == 0 || i == len(s)-1) && edgeBlank(c) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
}

func edgeBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// cutEscaped cuts a text at the first separator without a backslash before it.
func cutEscaped(s, separator string) (before, after string, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if strings.HasPrefix(s[i:], separator) {
			return s[:i], s[i+len(separator):], true
		}
	}
	return s, "", false
}

// unescapeItem takes the blanks around a text off, and backslashes out.
func unescapeItem(s string) string {
	s = strings.TrimLeft(s, " \t\r\n")
	end := len(strings.TrimRight(s, " \t\r\n"))
	slashes := end - len(strings.TrimRight(s[:end], `\`))
	if slashes%2 == 1 && end < len(s) {
		end++ // the blank has a backslash
	}
	if s = s[:end]; !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// listItems calls each with the items of a cell that are not blank.
func listItems(cell string, each func(item string)) {
	for more := true; more; {
		var item string
		if item, cell, more = cutEscaped(cell, ":::"); strings.TrimSpace(item) != "" {
			each(item)
		}
	}
}

// labelledItem takes a label and a value apart.
func labelledItem(item string) (label, value string) {
	if l, v, ok := cutEscaped(item, ":"); ok {
		return unescapeItem(l), v
	}
	return "", item
}

// readPhones reads what writePhones wrote.
func readPhones(cell string) []contacts.Phone {
	var list []contacts.Phone
	listItems(cell, func(item string) {
		var p contacts.Phone
		p.Label, item = labelledItem(item)
		number, rest, more := cutEscaped(item, ";")
		p.Number = unescapeItem(number)
		code := false
		for more {
			var part string
			part, rest, more = cutEscaped(rest, ";")
			name, value, _ := strings.Cut(part, "=")
			value = unescapeItem(value)
			switch strings.TrimSpace(name) {
			case "":
			case "ext":
				p.Extension = value
			case "typed":
				p.Input = value
			case "code":
				p.CountryCode, code = value, true
			case "shared":
				p.Shared = true
			case "unverified":
				p.Unverified = true
			default:
				p, more = contacts.Phone{Label: p.Label, Number: unescapeItem(item)}, false // to be refused as what it is
			}
		}
		if !code {
			p.CountryCode = codeOf(p.Number)
		}
		list = append(list, p)
	})
	return list
}

// writePhones writes further numbers.
func writePhones(b *strings.Builder, list []contacts.Phone) {
	for i, p := range list {
		if i > 0 {
			b.WriteString(listSeparator)
		}
		if p.Label != "" {
			escapeItem(b, p.Label)
			b.WriteString(": ")
		}
		escapeItem(b, p.Number)
		part := func(name, value string) {
			b.WriteString("; " + name + "=")
			escapeItem(b, value)
		}
		if p.CountryCode != codeOf(p.Number) {
			part("code", p.CountryCode)
		}
		if p.Extension != "" {
			part("ext", p.Extension)
		}
		if p.Input != "" {
			part("typed", p.Input)
		}
		if p.Shared {
			b.WriteString("; shared")
		}
		if p.Unverified {
			b.WriteString("; unverified")
		}
	}
}

// codeOf returns the calling code of a number in E.164 as a contact has it, "" for
// any other text.
func codeOf(number string) string {
	n, err := phone.ParseE164(number)
	if err != nil {
		return ""
	}
	return "+" + strings.TrimSuffix(number[1:], n.National())
}

// readEmails reads what writeEmails wrote.
func readEmails(cell string) []contacts.Email {
	var list []contacts.Email
	listItems(cell, func(item string) {
		label, address := labelledItem(item)
		list = append(list, contacts.Email{Label: label, Address: unescapeItem(address)})
	})
	return list
}

func writeEmails(b *strings.Builder, list []contacts.Email) {
	for i, e := range list {
		if i > 0 {
			b.WriteString(listSeparator)
		}
		if e.Label != "" {
			escapeItem(b, e.Label)
			b.WriteString(": ")
		}
		escapeItem(b, e.Address)
	}
}

// readTexts reads what writeTexts wrote.
func readTexts(cell string) []string {
	var list []string
	listItems(cell, func(item string) { list = append(list, unescapeItem(item)) })
	return list
}

func writeTexts(b *strings.Builder, list []string) {
	for i, s := range list {
		if i > 0 {
			b.WriteString(listSeparator)
		}
		escapeItem(b, s)
	}
}

// readCustom reads what writeCustom wrote.
func readCustom(cell string) map[string]string {
	var m map[string]string
	listItems(cell, func(item string) {
		if m == nil {
			m = make(map[string]string)
		}
		key, value := labelledItem(item)
		m[key] = unescapeItem(value)
	})
	return m
}

// writeCustom writes entries in the order of keys.
func writeCustom(b *strings.Builder, m map[string]string, keys []string) {
	for i, k := range keys {
		if i > 0 {
			b.WriteString(listSeparator)
		}
		escapeItem(b, k)
		b.WriteString(": ")
		escapeItem(b, m[k])
	}
}
