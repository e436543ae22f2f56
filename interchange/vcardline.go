package interchange

import (
	"bytes"
	"io"
)

// lineSource hands out a text line by line, in bounded memory. A line ends with
// LF, CRLF or a CR alone. A byte order mark in front of a line, as files that were
// put together have them, is no part of it.
type lineSource struct {
	r        io.Reader
	buf      []byte
	pos, end int   // what of buf is to be handed out
	seen     int   // bytes behind pos that are known to have no end of line
	lf       int   // where the next LF behind pos is, if that is known; else less than pos
	noLF     int   // up to where there is none
	line     int   // lines handed out, the last of them perhaps in part
	part     bool  // the last line handed out goes on
	err      error // what the reader ended with
}

// lineBytes is the longest piece of a line that is handed out at once.
const lineBytes = 64 << 10

func newLineSource(r io.Reader) *lineSource {
	return &lineSource{r: r, buf: make([]byte, lineBytes), lf: -1}
}

// next returns the next line with what ends it. Whole is false where the line
// goes on in the next piece. What is returned is valid until the next call.
func (s *lineSource) next() (text []byte, whole bool, err error) {
	for {
		if n := s.lineEnd(); n > 0 {
			return s.take(n, true), true, nil
		}
		n := s.end - s.pos
		if s.err != nil {
			if n == 0 {
				return nil, false, s.err
			}
			return s.take(n, true), true, nil
		}
		if n == len(s.buf) {
			if s.buf[s.end-1] == '\r' {
				n-- // an LF may follow
			}
			return s.take(n, false), false, nil
		}
		s.seen = n
		s.fill()
	}
}

// lineEnd returns how long the line at pos is with its end, 0 where its end is
// not in the buffer.
func (s *lineSource) lineEnd() int {
	if s.lf < s.pos {
		from := max(s.pos, s.noLF)
		if i := bytes.IndexByte(s.buf[from:s.end], '\n'); i >= 0 {
			s.lf = from + i
		} else {
			s.noLF = s.end
		}
	}
	to, found := s.end, s.lf >= s.pos
	if found {
		to = s.lf
	}
	from := min(s.pos+s.seen, to)
	if from > s.pos {
		from-- // a CR may have been the last that was there
	}
	switch i := bytes.IndexByte(s.buf[from:to], '\r'); {
	case i >= 0 && from+i+1 < s.end:
		if n := from + i + 1 - s.pos; s.buf[from+i+1] != '\n' {
			return n
		}
		return from + i + 2 - s.pos
	case i >= 0:
		if s.err != nil {
			return s.end - s.pos
		}
		return 0
	case found:
		return to + 1 - s.pos
	}
	return 0
}

func (s *lineSource) take(n int, whole bool) []byte {
	if !s.part {
		s.line++
	}
	text := s.buf[s.pos : s.pos+n]
	if !s.part {
		text = bytes.TrimPrefix(text, byteOrderMark8)
	}
	s.part = !whole
	s.pos += n
	s.seen = 0
	return text
}

// unread takes back a whole line that was just handed out.
func (s *lineSource) unread(text []byte) {
	s.pos -= len(text)
	s.line--
	s.lf, s.noLF = -1, 0
}

// fill reads on.
func (s *lineSource) fill() {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.lf, s.noLF = -1, max(0, s.noLF-s.pos)
		s.pos = 0
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if s.err = err; err != nil || n > 0 {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// trimEnd takes off what ends a line.
func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// isBlank reports whether a line has only blanks and control characters.
func isBlank(line []byte) bool {
	for _, c := range line {
		if c > ' ' {
			return false
		}
	}
	return true
}

// isLine reports whether a line says just that, in any case and between blanks.
func isLine(line []byte, text string) bool {
	line = line[blanks(line):]
	if len(line) < len(text) || line[0]|0x20 != text[0]|0x20 {
		return false
	}
	line = bytes.TrimRight(line, " \t\r\n")
	return len(line) == len(text) && bytes.EqualFold(line, []byte(text))
}
