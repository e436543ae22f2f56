package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

func (s *session) lookupCommand() *cli.Command {
	return &cli.Command{
		Name:      "lookup",
		Usage:     "say who is calling",
		UsageText: "contacts lookup [options] NUMBER",
		Description: `Finds the contact that has a number, whatever the spelling: "+91 98765 43210",
"098765-43210", "0091 98765 43210", "tel:+919876543210". It says by which rule
it was found. The exit code is 3 when nobody has it, when more than one contact
may be meant, and when the text is no number that could be looked up:

   contacts lookup "+91 98765 43210"
   contacts lookup 9 098765-43210 --region IN --outside 9
   contacts lookup '"Line 2" <sip:+919876543210@pbx.example>'
   contacts lookup 76543210 --suffix 7

--suffix is for telephone systems that cut numbers short. For a part of a number
there is "contacts search", and for why a text is read as it is "contacts
explain".`,
		Flags: []cli.Flag{
			regionOnce(),
			outsideOnce(),
			&cli.IntFlag{Name: "suffix", HideDefault: true,
				Usage: "where nobody has it, take who alone has the last `N` digits, 7 to 15; it may be somebody else"},
		},
		Action: s.lookup,
	}
}

func (s *session) lookup(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() == 0 {
		return usage(cmd, "NUMBER is missing")
	}
	text := strings.Join(cmd.Args().Slice(), " ") // the quotes around 98765 43210 are easily forgotten
	suffix := cmd.Int("suffix")
	if cmd.IsSet("suffix") && (suffix < 7 || suffix > 15) {
		return usage(cmd, "--suffix is 7 to 15 digits, not %d", suffix)
	}
	var m contacts.Match
	var site phone.Site
	err := s.withReadyBook(ctx, cmd, func(book *contacts.Book) (err error) {
		if site, err = siteOf(cmd, book.Site()); err == nil {
			m, err = book.Lookup(ctx, text, &contacts.LookupOptions{Site: &site, Suffix: suffix})
		}
		return err
	})
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		s.writeMatch(m)
	} else {
		s.tellMatch(cmd, m, site, text)
	}
	if !m.Found() {
		return errNoAnswer
	}
	return nil
}

// writeMatch writes the answer to a look-up as one JSON object.
func (s *session) writeMatch(m contacts.Match) {
	raw := func(c contacts.Contact) json.RawMessage { return c.AppendJSON(nil) }
	out := struct {
		Match      contacts.MatchKind `json:"match"`
		Rule       string             `json:"rule"`
		Number     string             `json:"number"`
		Valid      bool               `json:"valid"`
		Contact    json.RawMessage    `json:"contact"`
		Candidates []json.RawMessage  `json:"candidates"`
		Reason     string             `json:"reason"`
	}{Match: m.Kind, Rule: m.Rule, Number: m.Reading.Number.String(), Valid: m.Reading.Valid,
		Contact: json.RawMessage("null"), Candidates: []json.RawMessage{}}
	if m.Found() {
		out.Contact = raw(m.Contact)
	}
	for _, c := range m.Candidates {
		out.Candidates = append(out.Candidates, raw(c))
	}
	out.Reason = reasonWord(m.Refusal)
	s.writeValue(out)
}

// tellMatch writes the answer to a look-up for people.
func (s *session) tellMatch(cmd *cli.Command, m contacts.Match, site phone.Site, text string) {
	number := m.Reading.Number.String()
	switch m.Kind {
	case contacts.MatchNone:
		if !m.Reading.Valid {
			s.printf("Nobody has %s, and it is no number of its country's plan as known here.\n", number)
			return
		}
		s.printf("Nobody has %s. To add who it is: %s\n", number,
			again(cmd, "create", "--phone", number, "--first", "NAME"))
	case contacts.MatchBlank:
		s.printf("There is no number in this: nobody is meant.\n")
	case contacts.MatchAnonymous:
		s.printf("The caller withholds the number: nobody is meant.\n")
	case contacts.MatchShort:
		s.printf("%q is an internal, service or emergency number: nobody is meant.\n", clip(text))
	case contacts.MatchUnreadable:
		s.printf("%q %s.\n", clip(text), refused(m.Refusal))
	case contacts.MatchAmbiguous:
		if m.Rule == "suffix" {
			s.printf("More than one contact has a number with these last digits:\n")
		} else {
			s.printf("More than one contact may be meant:\n")
		}
		t := table{}
		for _, c := range m.Candidates {
			t.rows = append(t.rows, []string{nameOf(c), numberOf(c), c.ID})
		}
		t.write(s.out, "  ")
	default:
		more := [][]string{{"found by", foundBy(m, site)}}
		for _, who := range namesAndIDs(m.Candidates) {
			more = append(more, []string{"or maybe", who})
		}
		s.writeDetails(cmd, m.Contact, more...)
	}
}

// reasonWord returns the reason of a refusal for machines, "" for none.
func reasonWord(err error) string {
	var e *phone.Error
	if errors.As(err, &e) {
		return e.Reason.String()
	}
	return ""
}

// refused says why a text is no number, and what to do.
func refused(err error) string {
	var e *phone.Error
	switch {
	case errors.Is(err, phone.ErrBlank):
		return "has no number in it: nobody is meant"
	case errors.Is(err, phone.ErrAnonymous) && errors.As(err, &e) && digits(e.Text) != "":
		return "is what telephone systems send for a withheld number, such as zeros or RESTRICTED in digits: nobody is meant"
	case errors.Is(err, phone.ErrAnonymous):
		return "is a withheld or unknown number: nobody is meant"
	case errors.Is(err, phone.ErrShort):
		return "is too short, like an internal, service or emergency number: nobody is meant; write all of it, with the area code"
	case errors.Is(err, phone.ErrMultiple):
		return "holds more than one number: give each on its own"
	case errors.Is(err, phone.ErrLossy):
		return "lost digits in a spreadsheet: format the column as text and copy it again"
	case errors.Is(err, phone.ErrNoCountry):
		return "has no country, and no region is known to read it by: write it with + and the calling code, or add --region IN"
	}
	return "is no telephone number: check its digits and its calling code"
}

// foundBy says in words how a contact was found.
func foundBy(m contacts.Match, site phone.Site) string {
	rule := ""
	if m.Rule != "" {
		rule = " (rule " + m.Rule + ")"
	}
	number := m.Reading.Number.String()
	switch m.Kind {
	case contacts.MatchExact:
		return "the number " + number + rule
	case contacts.MatchInferred:
		return fmt.Sprintf("the number %s, read as one in %s%s", number, or(site.Region, "+"+strconv.Itoa(m.Reading.Number.CallingCode())), rule)
	case contacts.MatchFolded:
		return fmt.Sprintf("another spelling of the number, %s%s", number, rule)
	case contacts.MatchAlternate:
		return "another reading of the text" + rule
	case contacts.MatchSuffix:
		return "the last digits alone, so it may be somebody else" + rule
	case contacts.MatchShared:
		return number + ", a shared number that only this contact lists" + rule
	}
	return m.Kind.String() + rule
}
