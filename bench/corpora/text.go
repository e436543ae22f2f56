package main

import (
	"regexp"
	"strconv"
	"strings"
)

// number is one that a file of cards has, found without a reader of cards.
type number struct {
	line int
	text string // as it stands there
}

var (
	lineEnd = regexp.MustCompile("\r\n|\r|\n")
	telLine = regexp.MustCompile(`(?i)^[ \t]*(?:[a-z0-9_-]+\.)?tel((?:;[^:"]*(?:"[^"]*"[^:"]*)*)?):(.*)$`)
	code    = regexp.MustCompile(`=[0-9A-Fa-f]{2}`)
)

// numbers finds the lines of a text that are a TEL with something in it. It knows
// folds and quoted-printable, and nothing else.
func numbers(text string) []number {
	var found []number
	lines := lineEnd.Split(text, -1)
	for i := 0; i < len(lines); i++ {
		m := telLine.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		n := number{line: i + 1, text: m[2]}
		coded := strings.Contains(strings.ToUpper(m[1]), "QUOTED-PRINTABLE")
		for k := i + 1; k < len(lines); k++ {
			switch {
			case coded && strings.HasSuffix(n.text, "="):
				n.text = strings.TrimSuffix(n.text, "=") + lines[k]
				continue
			case lines[k] != "" && strings.TrimLeft(lines[k], " \t") != lines[k] && telLine.FindString(lines[k]) == "":
				n.text += lines[k][1:]
				continue
			}
			break
		}
		if coded {
			n.text = code.ReplaceAllStringFunc(n.text, func(s string) string {
				c, _ := strconv.ParseUint(s[1:], 16, 8) // two digits
				return string([]byte{byte(c)})
			})
		}
		if strings.TrimSpace(n.text) != "" {
			found = append(found, n)
		}
	}
	return found
}

// digits returns what tells a number from others: its digits, or, where it has
// none, its letters.
func digits(s string) string {
	keep := func(from, to rune) string {
		return strings.Map(func(r rune) rune {
			if r >= from && r <= to {
				return r
			}
			return -1
		}, s)
	}
	if d := keep('0', '9'); d != "" {
		return d
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(s, `\`, "")), " ")
}
