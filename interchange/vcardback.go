package interchange

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

// custom writes what is in Custom, but for what was taken: as the properties
// that it is from, where they are read as that again, else as X-CONTACTS-CUSTOM.
func (v *vCardWriter) custom(c *contacts.Contact, taken map[string]bool) {
	if len(c.Custom) == len(taken) {
		return
	}
	keys := make([]string, 0, len(c.Custom))
	for key := range c.Custom {
		if !taken[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var rest []string
	for _, key := range keys {
		switch base, numbered := baseOf(key, c.Custom); {
		case !numbered:
			rest = v.repeated(c, key, rest)
		case taken[base]:
			rest = append(rest, key)
		}
	}
	for _, key := range rest {
		v.put("X-CONTACTS-CUSTOM:" + escape(key, asOurs) + ";" + escape(c.Custom[key], asOurs))
	}
}

// repeated writes the values under a key and those with numbers behind it, in
// order, and adds those that have to be written otherwise to rest.
func (v *vCardWriter) repeated(c *contacts.Contact, key string, rest []string) []string {
	at, whole := key, true
	for n := 2; ; n++ {
		value, ok := c.Custom[at]
		if !ok {
			return rest
		}
		if whole = whole && v.property(c, key, value); !whole {
			rest = append(rest, at)
		}
		at = key + "#" + strconv.Itoa(n)
	}
}

// baseOf returns the key that a key with a number belongs to; false where it
// stands for itself, as it has no number, or one before it is missing.
func baseOf(key string, custom map[string]string) (string, bool) {
	i := strings.LastIndexByte(key, '#')
	if i < 0 {
		return "", false
	}
	base := key[:i]
	n, err := strconv.Atoi(key[i+1:])
	if err != nil || n < 2 || n > contacts.MaxItems || strconv.Itoa(n) != key[i+1:] || !has(custom, base) {
		return "", false
	}
	for k := 2; k < n; k++ {
		if !has(custom, base+"#"+strconv.Itoa(k)) {
			return "", false
		}
	}
	if _, numbered := baseOf(base, custom); numbered {
		return "", false // "url#2#2": nothing is read as that
	}
	return base, true
}

func has(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}

// property writes a value of Custom as the property that it is from; false where
// that would be read as something else.
func (v *vCardWriter) property(c *contacts.Contact, key, value string) bool {
	if strings.TrimSpace(value) == "" {
		return false
	}
	if head, ok := strings.CutPrefix(key, keyVCard); ok {
		text := value
		if short, ok := strings.CutSuffix(head, keyLong); ok {
			head = short + ";" // and the parameters, which stand before the value
			if strings.HasPrefix(value, ":") {
				head = short
			}
		} else {
			text = ":" + value
		}
		line := head + strings.ReplaceAll(text, "\n", `\n`)
		ok = v.reads(c, line, "", key, value)
		if ok {
			v.put(line)
		}
		return ok
	}
	name, label, text := v.sharedOf(key, value)
	if name == "" {
		return false
	}
	if label == "home" || label == "work" || name == "RELATED" && isToken(label) {
		name, label = name+";TYPE="+label, ""
	}
	if strings.HasPrefix(name, "RELATED") {
		name += ";VALUE=text"
	}
	line := name + ":" + text
	if !v.reads(c, line, label, key, value) {
		return false
	}
	if label != "" {
		group := v.newGroup()
		line = group + "." + line + "\n" + group + ".X-ABLabel:" + escape(label, asText)
	}
	for one := range strings.SplitSeq(line, "\n") {
		v.put(one)
	}
	return true
}

// sharedOf returns the property of a key that formats share, "" where there is
// none.
func (v *vCardWriter) sharedOf(key, value string) (name, label, text string) {
	for i := range shared {
		s := &shared[i]
		label, labelled := strings.CutPrefix(key, s.key+".")
		if key != s.key && (!labelled || s.kind < sharedLabel) || s.name == "RELATED" && v.version == "3.0" {
			continue
		}
		if key == s.key {
			label = ""
		}
		switch s.kind {
		case sharedRaw:
			return s.name, label, strings.ReplaceAll(value, "\n", `\n`)
		case sharedPostal:
			a := parsePostal(value)
			for i, part := range a.parts() {
				if i > 0 {
					text += ";"
				}
				text += escape(*part, asPart)
			}
			return s.name, label, text
		}
		return s.name, label, escape(value, asText)
	}
	return "", "", ""
}

// isToken reports whether a label can be a type.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if (s[i] < 'a' || s[i] > 'z') && s[i] != '-' {
			return false
		}
	}
	return s != "" && s != "pref" && s != "internet" && s != "voice"
}

// reads reports whether a property will be read as a value of Custom.
func (v *vCardWriter) reads(c *contacts.Contact, line, label, key, value string) bool {
	m := &v.check
	m.reset(false, 0)
	var p prop
	if strings.ContainsAny(line, "\r\n") || m.parse([]byte(line), false, &p) != "" || containsFold(p.header, "QUOTED-PRINTABLE") || isBlank(p.value) {
		return false
	}
	switch p.name {
	case "VERSION", "BEGIN", "END", "PRODID", "FN", "TEL", "NOTE", "CATEGORIES":
		return false // belongs to a field, or to the card
	case "AGENT":
		if isCard(p.value) {
			return false
		}
	case "TITLE":
		if c.Title == "" {
			return false
		}
	case "ORG":
		if c.Organization == "" {
			return false
		}
	case "UID":
		if c.ClientRef == "" {
			return false
		}
	case "EMAIL":
		if isAddress(unescape(p.value, false, true)) {
			return false
		}
	}
	if strings.HasPrefix(p.name, "X-CONTACTS-") {
		return false
	}
	if len(p.group) > 0 && slices.ContainsFunc(shared[:], func(s sharedProperty) bool { return s.name == p.name }) {
		return false // a label of its group would count
	}
	text, ok := m.customValue(&p)
	if !ok || bytes.ContainsAny(text, "\r\n") {
		return false
	}
	k, val := m.customOf(&p, text, label)
	return k == key && val == value
}
