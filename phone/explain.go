package phone

// An Explanation shows how a text was read, for people who wonder.
type Explanation struct {
	Text    string // as it came
	Cleaned string // what was left of it after unwrapping and cleaning
	Steps   []Step // the readings that were tried, in order
	Reading Reading
	Err     error // the *Error that Parse returns; nil when Reading counts
}

// A Step is one reading that was tried.
type Step struct {
	How    How
	Number Number
	Line   Line
	Rule   string // as in Reading
	Valid  bool
}

// Explain reads text as Parse does and tells what was tried.
func Explain(text string, site *Site) Explanation {
	e := Explanation{Text: text, Cleaned: text}
	s := source{text: text, site: site, code: -1, trace: &e}
	e.Reading, e.Err = s.parse()
	return e
}

func (e *Explanation) cleaned(text []byte) {
	if e != nil {
		e.Cleaned = string(text)
	}
}

func (e *Explanation) step(s Step) {
	if e != nil {
		e.Steps = append(e.Steps, s)
	}
}

// count returns how many steps there are.
func (e *Explanation) count() int {
	if e == nil {
		return 0
	}
	return len(e.Steps)
}

// forget drops the steps from n on, which led to nothing.
func (e *Explanation) forget(n int) {
	if e != nil {
		e.Steps = e.Steps[:n]
	}
}
