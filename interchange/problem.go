package interchange

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// problems turns the error of a row into problems.
func (im *importing) problems(err error, column func(string) string) (list []Problem, _ error) {
	if err == nil {
		return nil, nil
	}
	var (
		row       *rowError
		invalid   *contacts.ValidationError
		dup       *contacts.DuplicateNumberError
		ambiguous *contacts.AmbiguousError
		rev       *contacts.RevisionError
		purged    *contacts.PurgedError
		merged    *contacts.MergedError
	)
	switch {
	case errors.As(err, &row):
		return row.problems, nil
	case errors.As(err, &invalid) && len(invalid.Fields) > 0:
		for _, f := range invalid.Fields[:min(len(invalid.Fields), maxRowProblems)] {
			list = append(list, Problem{Field: f.Field, Column: columnOf(column, f.Field), Reason: f.Reason, Value: clip(f.Value), Detail: f.Detail})
		}
	case errors.As(err, &dup) && len(dup.Refusals) > 0:
		for _, r := range dup.Refusals[:min(len(dup.Refusals), maxRowProblems)] {
			p, err := im.held(r, column)
			if err != nil {
				return nil, err
			}
			list = append(list, p)
		}
	case errors.As(err, &ambiguous) && len(ambiguous.Holders) > 0:
		for _, h := range ambiguous.Holders[:min(len(ambiguous.Holders), maxRowProblems)] {
			list = append(list, Problem{Reason: ReasonAmbiguous, Value: h.Number, HolderID: h.ID, HolderName: h.Name,
				Detail: "is the number of one of several contacts that the row has numbers of: say which is meant, or merge them first"})
		}
	case errors.As(err, &rev) && len(rev.Conflicts) > 0:
		c := rev.Conflicts[0]
		p := Problem{Reason: ReasonKnown, HolderID: c.ID, Detail: "the same row came in before"}
		if c.Present == 0 {
			p.Reason, p.Detail = ReasonPurged, "the contact was purged, and its id is not used again"
		}
		list = []Problem{p}
	case errors.As(err, &purged):
		list = []Problem{{Field: "id", Column: columnOf(column, "id"), Reason: ReasonPurged, HolderID: purged.ID,
			Detail: "is the id of a contact that was purged, and is not used again"}}
	case errors.As(err, &merged):
		list = []Problem{{Field: "id", Column: columnOf(column, "id"), Reason: ReasonMerged, HolderID: merged.Into,
			Detail: "is the id of a contact that was merged into another: unmerge them first"}}
	case errors.Is(err, contacts.ErrTooLarge):
		list = []Problem{{Reason: ReasonTooLarge, Detail: "is more than a book keeps of one contact"}}
	default:
		list = []Problem{{Reason: ReasonRefused, Detail: strings.TrimPrefix(err.Error(), "contacts: ")}}
	}
	return list, nil
}

// held is the problem of a number that somebody has.
func (im *importing) held(r contacts.Refusal, column func(string) string) (Problem, error) {
	p := Problem{Field: r.Field, Column: columnOf(column, r.Field), Reason: ReasonHeld, Value: r.Number, HolderID: r.HolderID, HolderName: r.HolderName}
	if p.Value == "" {
		p.Value = r.Line.String()
	}
	switch {
	case r.Earlier >= 0:
		p.Reason, p.Detail = ReasonEarlier, "is the number of an earlier row"
		e, err := im.beside.entry(r.Earlier, &im.beside.earlier)
		p.Earlier = e.line
		return p, err
	case r.HolderID == "":
		p.Detail = "belongs to a contact in another stream of the account"
	default:
		p.Detail = "belongs to another contact"
	}
	return p, nil
}

func columnOf(column func(string) string, field string) string {
	if column == nil {
		return ""
	}
	return column(field)
}

// String says the problem in one line.
func (p Problem) String() string { return p.text(true) }

// text says the problem in one line, masked or in the clear.
func (p Problem) text(masked bool) string {
	value, name, field := p.Value, p.HolderName, p.Field
	if masked {
		value, name = maskValue(value), maskWords(name)
		if strings.HasPrefix(field, "custom.") {
			field = "custom"
		}
	}
	var words []string
	switch {
	case p.Column != "" && field != "":
		words = append(words, fmt.Sprintf("%s (column %q)", field, p.Column))
	case p.Column != "":
		words = append(words, fmt.Sprintf("column %q", p.Column))
	case field != "":
		words = append(words, field)
	}
	if value != "" {
		words = append(words, fmt.Sprintf("%q", value))
	}
	detail := p.Detail
	switch {
	case p.Reason == ReasonEarlier && p.Earlier > 0:
		detail = fmt.Sprintf("is the number of line %d already", p.Earlier)
	case detail == "":
		detail = "is refused (" + string(p.Reason) + ")"
	}
	words = append(words, detail)
	if p.HolderID != "" {
		holder := p.HolderID
		if name != "" {
			holder = name + ", id " + holder
		}
		words = append(words, "("+holder+")")
	}
	return strings.Join(words, " ")
}

// reasonText is what stands with a row in the rejects.
func reasonText(line int, problems []Problem) string {
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.text(false)
	}
	return fmt.Sprintf("line %d: %s", line, strings.Join(words, "; "))
}

// LogValue masks what String masks.
func (p Problem) LogValue() slog.Value { return slog.StringValue(p.String()) }

// LogValue masks the problems, and counts what was left out.
func (r Row) LogValue() slog.Value {
	list := []slog.Attr{slog.Int("line", r.Line), slog.String("outcome", r.Outcome.String()), slog.String("id", r.ID), slog.Int("leftOut", len(r.LeftOut))}
	if len(r.Problems) > 0 {
		list = append(list, slog.Any("problem", r.Problems[0]))
	}
	return slog.GroupValue(list...)
}

// maskValue keeps the last four digits of a number, and of other texts the
// first letter of each word.
func maskValue(s string) string {
	var digits []byte
	letters := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case c >= utf8.RuneSelf || c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		}
	}
	switch {
	case len(digits) >= 8 && letters < len(digits):
		return "****" + string(digits[len(digits)-4:])
	case len(digits) > 0:
		return "****"
	}
	return maskWords(s)
}

// maskWords keeps the first letter of each word: "J*** D***".
func maskWords(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		_, n := utf8.DecodeRuneInString(w)
		words[i] = w[:n] + "***"
	}
	return strings.Join(words, " ")
}
