package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

func (s *session) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "say how a text is read as a number, and why",
		UsageText: "contacts explain [options] TEXT",
		Description: `Shows what the text says as a telephone number, by which rules, what else was
tried, and where it is no number, what to do about it. It needs no book; where
there is one, its region counts, unless --region is given:

   contacts explain 9 098765-43210 --region IN --outside 9
   contacts explain "+52 1 55 1234 5678"
   contacts explain 442079460018 --region DE

The exit code is 3 where the text is no number.`,
		Flags:  []cli.Flag{regionOnce(), outsideOnce()},
		Action: s.explainText,
	}
}

func (s *session) explainText(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() == 0 {
		return usage(cmd, "TEXT is missing: give a number as it came")
	}
	text := strings.Join(cmd.Args().Slice(), " ")
	kept, err := s.keptSite(ctx, cmd)
	if err != nil {
		return err
	}
	site, err := siteOf(cmd, kept)
	if err != nil {
		return err
	}
	e := phone.Explain(text, &site)
	if cmd.Bool("json") {
		s.writeExplanation(e, site)
	} else {
		s.tellExplanation(cmd, e, site)
	}
	if e.Err != nil {
		return errNoAnswer
	}
	return nil
}

// keptSite returns the site that the book remembers, if there is a book. It is
// no error where there is none or it cannot be used.
func (s *session) keptSite(ctx context.Context, cmd *cli.Command) (site phone.Site, err error) {
	if _, err := siteOf(cmd, site); err != nil || cmd.IsSet("region") && cmd.IsSet("outside") {
		return site, err
	}
	at, _, err := s.location(cmd)
	if fault := (*usageFault)(nil); errors.As(err, &fault) {
		return site, err
	}
	if err == nil {
		err = s.withBook(ctx, cmd, Read, func(book *contacts.Book) error {
			site = book.Site()
			return nil
		})
	}
	missing := errors.Is(err, fs.ErrNotExist)
	asked := cmd.String("file") != "" && cmd.String("file") != os.Getenv(fileVariable) // --file itself is given
	switch {
	case err == nil, ctx.Err() != nil:
		return site, err
	case cmd.IsSet("region"), at == "", missing && !asked: // nobody counts on the book
	case missing:
		s.note("there is no book at %s, so no region of it counts", shown(at))
	default:
		reason, _ := s.explain(ctx, err)
		s.note("the region of the book does not count: %s", reason)
	}
	return phone.Site{}, nil
}

// writeExplanation writes an explanation as one JSON object.
func (s *session) writeExplanation(e phone.Explanation, site phone.Site) {
	type reading struct {
		How    phone.How `json:"how"`
		Number string    `json:"number"`
		Line   string    `json:"line"`
		Rule   string    `json:"rule"`
	}
	type step struct {
		reading
		Valid bool `json:"valid"`
	}
	type siteNames struct {
		Region  string `json:"region"`
		Outside string `json:"outside"`
	}
	r := e.Reading
	out := struct {
		Text    string    `json:"text"`
		Cleaned string    `json:"cleaned"`
		Site    siteNames `json:"site"`
		reading
		CountryGiven bool       `json:"countryGiven"`
		Valid        bool       `json:"valid"`
		Region       string     `json:"region"`
		Type         phone.Type `json:"type"`
		Extension    string     `json:"extension"`
		Alternates   []reading  `json:"alternates"`
		Steps        []step     `json:"steps"`
		Reason       string     `json:"reason"`
		Message      string     `json:"message"`
	}{
		Text: e.Text, Cleaned: e.Cleaned, Site: siteNames{site.Region, site.OutsideLine},
		reading:      reading{r.How, r.Number.String(), r.Line.String(), r.Rule},
		CountryGiven: r.CountryGiven, Valid: r.Valid, Region: r.Number.Region(), Type: r.Number.Type(), Extension: r.Extension,
		Alternates: []reading{}, Steps: []step{},
	}
	for _, a := range r.Alternates {
		out.Alternates = append(out.Alternates, reading{a.How, a.Number.String(), a.Line.String(), a.Rule})
	}
	for _, t := range e.Steps {
		out.Steps = append(out.Steps, step{reading{t.How, t.Number.String(), t.Line.String(), t.Rule}, t.Valid})
	}
	if e.Err != nil {
		out.Reason, out.Message = reasonWord(e.Err), refusal(e)
	}
	s.writeValue(out)
}

// tellExplanation writes an explanation for people.
func (s *session) tellExplanation(cmd *cli.Command, e phone.Explanation, site phone.Site) {
	r := e.Reading
	if e.Err != nil {
		s.printf("%s.\n", refusal(e))
	} else {
		s.printf("%s\n", r.Number)
	}
	var t table
	add := func(name, text string) { t.rows = append(t.rows, []string{name, text}) }
	if e.Cleaned != e.Text {
		add("cleaned", e.Cleaned)
	}
	switch {
	case site.Region != "" && cmd.IsSet("region"):
		add("region", site.Region+", as --region says")
	case site.Region != "":
		add("region", site.Region+", which the book remembers")
	}
	if site.OutsideLine != "" {
		add("outside", site.OutsideLine+" gets a line")
	}
	if e.Err == nil {
		written := howWords(r.How, site)
		if !r.CountryGiven {
			written += "; the country is inferred"
		}
		add("written", written)
		if w, ok := ruleWords[r.Rule]; ok {
			add("rule", w+" (rule "+r.Rule+")")
		}
		if r.Line.String() != r.Number.String() {
			add("same as", fmt.Sprintf("%s, its present form (rule %s)", r.Line, r.Rule))
		}
		add("valid", validWords(r))
		if r.Extension != "" {
			add("extension", r.Extension)
		}
	}
	for _, a := range r.Alternates {
		add("or", fmt.Sprintf("%s, %s; a look-up tries that, too", a.Number, howWords(a.How, site)))
	}
	t.write(s.out, "  ")
	if len(e.Steps) == 0 || len(e.Steps) == 1 && e.Err == nil {
		return // all is said
	}
	s.printf("Tried, in this order:\n")
	tried := table{}
	for i, step := range e.Steps {
		written := howWords(step.How, site)
		if step.Rule != "" && step.Rule != step.How.String() {
			written += " (rule " + step.Rule + ")"
		}
		tried.rows = append(tried.rows, []string{step.Number.String(), written, outcome(e, i)})
	}
	tried.write(s.out, "  ")
}

// outcome says what came of a step.
func outcome(e phone.Explanation, at int) string {
	step := e.Steps[at]
	same := func(t phone.Step) bool {
		return e.Err == nil && t.How == e.Reading.How && t.Number == e.Reading.Number
	}
	switch {
	case same(step) && !slices.ContainsFunc(e.Steps[:at], same):
		return "taken"
	case !step.Valid:
		return "no number of its country's plan"
	case slices.ContainsFunc(e.Reading.Alternates, func(a phone.Alternate) bool { return a.Line == step.Line }):
		return "may be meant"
	case e.Err == nil && step.Line == e.Reading.Line:
		return "the same"
	}
	return "not needed"
}

// howWords says in what notation a number is written.
func howWords(h phone.How, site phone.Site) string {
	region := or(site.Region, "the region")
	switch h {
	case phone.HowInternational:
		return "with its calling code"
	case phone.HowPrefix:
		return "after the international prefix of " + region
	case phone.HowNational:
		return "as it is dialled in " + region
	case phone.HowOwnCode:
		return "with the calling code of " + region + ", without a plus"
	case phone.HowForeignPrefix:
		return "after the international prefix of another country"
	case phone.HowNoPlus:
		return "with a calling code, without a plus"
	case phone.HowPlusNational:
		return "as it is dialled in " + region + ", but with a plus"
	case phone.HowRepeatedCode:
		return "with its calling code twice"
	case phone.HowTrunkZero:
		return "with a zero too many after the calling code"
	}
	return h.String()
}

// ruleWords has the rules of reading that no notation tells.
var ruleWords = map[string]string{
	"service-code": "a service code in front is left out",
	"outside-line": "what gets an outside line is left out",
	"plus-inside":  "what stands before the plus sign is left out",
	"separator":    "what looks like an extension belongs to the number",
	"extension":    "what follows the number is its extension",
	"words":        "what follows the number is left out",
}

// validWords says what is known of a number.
func validWords(r phone.Reading) string {
	region := r.Number.Region()
	switch kind, ok := typeWords[r.Number.Type()]; {
	case !r.Valid:
		return "no, only possible: its country's plan, as known here, has no such number, so check its digits"
	case !ok:
		return "yes, in its present form"
	case region == "" || region == "001":
		return "yes, " + kind
	default:
		return "yes, " + kind + " of " + region
	}
}

var typeWords = map[phone.Type]string{
	phone.FixedLine:         "a fixed line",
	phone.Mobile:            "a mobile number",
	phone.FixedLineOrMobile: "a fixed line or a mobile number",
	phone.TollFree:          "a toll-free number",
	phone.PremiumRate:       "a premium-rate number",
	phone.SharedCost:        "a shared-cost number",
	phone.VoIP:              "an internet telephone number",
	phone.Personal:          "a personal number",
	phone.Pager:             "a pager",
	phone.UAN:               "a company number",
	phone.Voicemail:         "a voicemail number",
}

// refusal says why a text is no number, and what to do.
func refusal(e phone.Explanation) string {
	return fmt.Sprintf("%q %s", clip(clean(e.Text)), refused(e.Err))
}
