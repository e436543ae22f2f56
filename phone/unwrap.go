package phone

import "strings"

// wrapped is what is found inside of a SIP header, a URI, a JID.
type wrapped struct {
	text    string // the number
	context string // phone-context of RFC 3966, when it is a number prefix
	ext     string
	uri     bool // %XX in text are escapes
	plus    bool // the digits are international, though no plus is written
	strict  bool // anything but a number in text is a name, not a number
	none    bool // names something that is no telephone: a group, an e-mail
}

// unwrap takes off what surrounds a number: a display name and angle brackets,
// quotation marks, a scheme, host and parameters. Digits in a display name are
// never looked at.
func unwrap(text string) wrapped {
	s := strings.TrimSpace(text)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		inner := s[i+1:]
		if j := strings.IndexByte(inner, '>'); j >= 0 {
			inner = inner[:j]
		}
		if inner = strings.TrimSpace(inner); isAddress(inner) {
			s = inner
		} else {
			s = strings.TrimSpace(s[:i])
		}
	}
	s = strings.Trim(s, "\"'`=\u201C\u201D\u2018\u2019")
	if i := strings.IndexByte(s, ':'); i > 0 && i <= len("whatsapp") {
		switch scheme := s[:i]; {
		case isFold(scheme, "sip"), isFold(scheme, "sips"), isFold(scheme, "h323"), isFold(scheme, "xmpp"), isFold(scheme, "im"):
			return unwrapAddress(strings.TrimLeft(s[i+1:], "/ "), true)
		case isFold(scheme, "tel"), isFold(scheme, "callto"), isFold(scheme, "sms"), isFold(scheme, "smsto"),
			isFold(scheme, "mms"), isFold(scheme, "mmsto"), isFold(scheme, "fax"):
			rest := strings.TrimLeft(s[i+1:], "/ ")
			if strings.IndexByte(rest, '@') > 0 {
				return unwrapAddress(rest, true)
			}
			return unwrapTel(rest)
		case isFold(scheme, "http"), isFold(scheme, "https"):
			return unwrapLink(s[i+1:])
		case isFold(scheme, "whatsapp"), isFold(scheme, "viber"):
			if rest := strings.TrimLeft(s[i+1:], " "); startsPhone(rest) {
				return unwrapTel(rest) // a label, or Twilio's whatsapp:+1650..
			}
			return unwrapLink(s[i+1:])
		}
	}
	switch {
	case strings.IndexByte(s, '@') > 0:
		return unwrapAddress(s, false)
	case strings.Contains(s, ";ext=") || strings.Contains(s, ";phone-context=") || strings.Contains(s, ";isub="):
		w := unwrapTel(s)
		w.uri, w.strict = false, false
		return w
	case len(s) > 6 && isFold(s[:6], "wa.me/"):
		return unwrapLink(s)
	}
	return wrapped{text: s, uri: strings.Contains(s, "%2")}
}

// isAddress reports whether what stands in angle brackets says who calls: not
// when it is empty or a mere word, as in "+1650.. <mobile>".
func isAddress(s string) bool {
	return strings.ContainsAny(s, "@:0123456789") || isAnonymousText(s)
}

// unwrapAddress reads user@host with parameters; known says that a scheme
// announced an address, so that a host alone may be meant.
func unwrapAddress(s string, known bool) wrapped {
	if i := strings.IndexByte(s, '?'); i >= 0 {
		s = s[:i]
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			s = s[:i]
		}
		w := unwrapTel(s)
		w.none = strings.Count(w.text, ".") > 1 // an IP address
		return w
	}
	user, host := s[:at], s[at+1:]
	if i := strings.IndexAny(host, ";/:"); i >= 0 {
		host = host[:i]
	}
	if i := strings.IndexByte(user, ':'); i >= 0 { // a password, a WhatsApp device
		user = user[:i]
	}
	if i := strings.LastIndexByte(user, '/'); i >= 0 && !known { // a channel: PJSIP/+1650..@trunk
		user = user[i+1:]
	}
	switch {
	case isFold(host, "s.whatsapp.net"), isFold(host, "c.us"):
		if i := strings.IndexAny(user, "._"); i >= 0 { // a WhatsApp agent
			user = user[:i]
		}
		return wrapped{text: user, plus: true, strict: true}
	case isFold(host, "g.us"), isFold(host, "lid"), isFold(host, "hosted.lid"), isFold(host, "broadcast"), isFold(host, "newsletter"):
		return wrapped{none: true}
	}
	w := unwrapTel(user)
	w.strict = true
	if !known && !startsPhone(w.text) {
		w.none = !isAnonymousText(w.text)
	}
	return w
}

// startsPhone reports whether s begins as a number does and not as a name.
func startsPhone(s string) bool {
	return s != "" && (isDigit(s[0]) || strings.IndexByte("+%*#(", s[0]) >= 0)
}

// unwrapTel reads the part of a tel URI after the scheme: a number and
// parameters.
func unwrapTel(s string) wrapped {
	whole := s
	w := wrapped{uri: true}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		s = s[:i]
	}
	rest := ""
	if i := strings.IndexByte(s, ';'); i >= 0 {
		s, rest = s[:i], s[i+1:]
	}
	w.text = s
	for rest != "" {
		param := rest
		if i := strings.IndexByte(rest, ';'); i >= 0 {
			param, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		name, value, _ := strings.Cut(param, "=")
		switch {
		case value == "" && allDigits([]byte(name)) >= minPart:
			return wrapped{text: whole} // no parameter: another number
		case isFold(name, "ext"):
			w.ext = value
		case isFold(name, "phone-context") && len(value) > 1 && value[0] == '+':
			w.context = value
		case w.ext == "" && value == "" && isExtensionText(name):
			w.ext = strings.TrimSuffix(name, "#") // a pause: +1650..;123#
		}
	}
	return w
}

// linkMarks stand before the number in links: wa.me/<number>,
// api.whatsapp.com/send?phone=<number>, viber://chat?number=<number>,
// t.me/+<number>, signal.me/#p/<number>.
var linkMarks = [...]string{"phone=", "number=", "wa.me/", "t.me/+", "#p/"}

// unwrapLink reads a link of a messenger that names a number.
func unwrapLink(s string) wrapped {
	for _, mark := range linkMarks {
		if i := strings.Index(s, mark); i >= 0 {
			s = s[i+len(mark):]
			if i := strings.IndexAny(s, "&?#/"); i >= 0 {
				s = s[:i]
			}
			return wrapped{text: s, uri: true, plus: true, strict: true}
		}
	}
	return wrapped{none: true}
}

func isExtensionText(s string) bool {
	s = strings.TrimSuffix(s, "#")
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= 15
}

// isFold compares ASCII without regard to case.
func isFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
