package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/urfave/cli/v3"
)

// tokenVariable names the environment variable with the token of a pull.
const tokenVariable = "CONTACTS_TOKEN"

// pullRate is how many calls a minute the hosted service takes.
const pullRate = 60

func (s *session) pullCommand() *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "take the contacts of a hosted account into the book",
		UsageText: "contacts pull [options] --host URL --account ID --stream ID",
		Description: `Makes the contacts of that account and stream a mirror of those that the service
at URL has: new ones come in with their ids, changed ones change, and those that
it lists no more are deleted here. The same command again brings the book up to
date, and goes on with a pull that was interrupted.

Tokens are signed for an app of the service, or one is taken from the environment:

   contacts pull --host https://platform.kore.ai --account A --stream S \
      --app cs-1234 --secret-file secret.txt
   CONTACTS_TOKEN=ey.. contacts pull --host https://platform.kore.ai ..

Numbers that several contacts of the service have are kept and listed. Contacts
that the book cannot have are listed with the reason; the exit code is 5 then, and
8 where the service refuses the token, the account or the stream.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "host", HideDefault: true, Usage: "the service is at `URL`, scheme and host"},
			&cli.StringFlag{Name: "app", HideDefault: true, Usage: "sign tokens as the app of client `ID`"},
			&cli.StringFlag{Name: "secret-file", TakesFile: true, HideDefault: true, Usage: "the app's secret is in `FILE`"},
			&cli.IntFlag{Name: "page", HideDefault: true, Usage: fmt.Sprintf("ask for `N` contacts at once; %d unless given", agentassist.MaxPage)},
			&cli.IntFlag{Name: "rate", Value: pullRate, HideDefault: true,
				Usage: fmt.Sprintf("make at most `N` calls a minute; %d unless given, 0 is no bound", pullRate)},
			&cli.BoolFlag{Name: "keep-deleted", HideDefault: true, Usage: "leave contacts that the service lists no more"},
			&cli.BoolFlag{Name: "delete-most", HideDefault: true, Usage: "delete them even if they are most of the book"},
		},
		Action: s.pull,
	}
}

func (s *session) pull(ctx context.Context, cmd *cli.Command) error {
	if _, err := operands(cmd); err != nil {
		return err
	}
	o, err := s.pullClient(cmd)
	if err != nil {
		return err
	}
	client, err := agentassist.NewClient(o)
	if err != nil {
		return usage(cmd, "%s", plain(err))
	}
	at, isFile, err := s.location(cmd)
	if err != nil {
		return err
	}
	journal := ""
	if isFile {
		key := sha256.Sum256([]byte(o.BaseURL + "\x00" + o.Account + "\x00" + o.Stream))
		journal = fmt.Sprintf("%s.pull-%x.json", at, key[:4])
	}
	return s.withBook(ctx, cmd, Create, func(book *contacts.Book) error {
		progress, end := s.pulling()
		done, err := agentassist.Pull(ctx, client, book, &agentassist.PullOptions{
			PageSize:    cmd.Int("page"),
			Journal:     journal,
			KeepDeleted: cmd.Bool("keep-deleted"),
			DeleteMost:  cmd.Bool("delete-most"),
			Progress:    progress,
		})
		end()
		if err != nil {
			return &pullError{err, done.Listed, journal != ""}
		}
		s.tellPulled(cmd, shown(at), &done)
		if len(done.Refused) > 0 {
			return errPullRefused
		}
		return nil
	})
}

// errPullRefused ends a pull after which the book lacks contacts; the answer
// lists them.
var errPullRefused = errors.New("some contacts were refused")

// pullClient returns how to call the service.
func (s *session) pullClient(cmd *cli.Command) (*agentassist.ClientOptions, error) {
	for _, name := range []string{"host", "account", "stream"} {
		if cmd.String(name) == "" {
			return nil, usage(cmd, "%s is missing: whose contacts are they, and where?", dashes(name))
		}
	}
	u, err := url.Parse(cmd.String("host"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, usage(cmd, "--host is to be scheme and host, such as https://platform.kore.ai")
	}
	if cmd.Int("page") < 0 || cmd.Int("page") > agentassist.MaxPage {
		return nil, usage(cmd, "--page is to be 1 to %d", agentassist.MaxPage)
	}
	if cmd.Int("rate") < 0 {
		return nil, usage(cmd, "--rate is to be 0 or more")
	}
	o := &agentassist.ClientOptions{BaseURL: u.Scheme + "://" + u.Host, Account: cmd.String("account"), Stream: cmd.String("stream"), RatePerMinute: cmd.Int("rate")}
	if o.RatePerMinute == 0 {
		o.RatePerMinute = -1 // not even the bound that Pull has by itself
	}
	app, file, token := cmd.String("app"), cmd.String("secret-file"), os.Getenv(tokenVariable)
	switch {
	case app != "" && file != "":
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, &keysFault{err.Error(), err}
		}
		secret := string(bytes.TrimRight(data, "\r\n"))
		if secret == "" {
			return nil, &keysFault{text: file + " is empty: put the secret of the app into it"}
		}
		o.Token = agentassist.Credentials{AppID: app, Secret: secret}.Token
	case app != "" || file != "":
		return nil, usage(cmd, "--app and --secret-file belong together: give both, or a token in $%s", tokenVariable)
	case token != "":
		o.Token = func() (string, error) { return token, nil }
	default:
		return nil, usage(cmd, "say who calls: --app and --secret-file, or a token in $%s", tokenVariable)
	}
	return o, nil
}

// pulling returns what tells how far a pull has come: on a terminal one line
// that changes, until end is called, else a line every few seconds.
func (s *session) pulling() (progress func(agentassist.Pulled), end func()) {
	const every = 3 * time.Second
	last, begun := time.Now(), false
	progress = func(p agentassist.Pulled) {
		text := fmt.Sprintf("%d of %d contacts", p.Listed, p.Total)
		switch {
		case s.json:
		case isTerminal(s.err):
			begun = true
			fmt.Fprintf(s.err, "\r%s", text)
		case time.Since(last) >= every:
			last = time.Now()
			s.note("%s", text)
		}
	}
	return progress, func() {
		if begun {
			fmt.Fprintln(s.err)
		}
	}
}

// pulledBook is the answer of pull for machines.
type pulledBook struct {
	Listed     int              `json:"listed"`
	Created    int              `json:"created"`
	Updated    int              `json:"updated"`
	Same       int              `json:"same"`
	Deleted    int              `json:"deleted"`
	Resumed    bool             `json:"resumed"`
	Refused    []refusedContact `json:"refused"`
	Duplicates []sharedNumber   `json:"duplicates"`
}

type refusedContact struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

type sharedNumber struct {
	Number string   `json:"number"`
	IDs    []string `json:"ids"`
}

// tellPulled says what a pull did.
func (s *session) tellPulled(cmd *cli.Command, at string, done *agentassist.Pulled) {
	out := pulledBook{Listed: done.Listed, Created: done.Created, Updated: done.Updated, Same: done.Same, Deleted: done.Deleted,
		Resumed: done.Resumed, Refused: []refusedContact{}, Duplicates: []sharedNumber{}}
	for _, r := range done.Refused {
		text, _ := s.explain(context.Background(), &callError{err: r.Err, items: 1, json: true})
		out.Refused = append(out.Refused, refusedContact{r.Contact.ID, r.Contact.FullName, text})
	}
	var shared table
	for _, d := range done.Duplicate {
		n := sharedNumber{Number: d.Line.String()}
		for _, c := range d.Contacts {
			n.IDs = append(n.IDs, c.ID)
		}
		out.Duplicates = append(out.Duplicates, n)
		for _, who := range namesAndIDs(d.Contacts) {
			shared.rows = append(shared.rows, []string{n.Number, who})
		}
	}
	if cmd.Bool("json") {
		s.writeValue(out)
		return
	}
	s.printf("Pulled %s into %s: %d new, %d changed, %d as they were, %d deleted.\n",
		plural(uint64(done.Listed), "contact", "contacts"), at, done.Created, done.Updated, done.Same, done.Deleted)
	if done.Resumed {
		s.printf("It went on where an earlier pull had ended.\n")
	}
	if n := len(out.Duplicates); n > 0 {
		s.printf("%s to more than one of them; all are kept:\n", plural(uint64(n), "number belongs", "numbers belong"))
		shared.write(s.out, "  ")
	}
	if n := len(out.Refused); n > 0 {
		s.printf("%s, which the book cannot have:\n", plural(uint64(n), "contact was refused", "contacts were refused"))
		refused := table{head: []string{"ID", "NAME", "WHY"}}
		for _, r := range out.Refused {
			refused.rows = append(refused.rows, []string{r.ID, r.Name, r.Reason})
		}
		refused.write(s.out, "  ")
	}
}

// pullError is a pull that ended early.
type pullError struct {
	err     error
	listed  int
	resumes bool // the same command goes on from here
}

func (e *pullError) Error() string { return e.err.Error() }
func (e *pullError) Unwrap() error { return e.err }

// hint says how to go on.
func (e *pullError) hint() string {
	if errors.Is(e.err, agentassist.ErrMostGone) {
		return " (--delete-most)"
	}
	if e.listed == 0 || !e.resumes {
		return ""
	}
	return fmt.Sprintf("; %s came before that, and the same command goes on from there", plural(uint64(e.listed), "contact", "contacts"))
}
