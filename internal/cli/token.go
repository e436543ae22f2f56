package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/callerbook/contacts/agentassist"
	"github.com/urfave/cli/v3"
)

func (s *session) tokenCommand() *cli.Command {
	return &cli.Command{
		Name:      "token",
		Usage:     "print a token for the API that serve serves",
		UsageText: "contacts token [options]",
		Description: `Prints a token and nothing else, for the header "auth" of a call:

   curl --header "auth: $(contacts token)" --header "accountId: .." ..

The server need not run. Its keys are beside the book; --keys says where else.`,
		Flags: []cli.Flag{
			keysFlag(),
			&cli.DurationFlag{Name: "for", HideDefault: true, Usage: "it is good for `TIME`, such as 5m; 1h unless given"},
			&cli.StringFlag{Name: "as", HideDefault: true, Usage: "who writes with it: `SUBJECT` is the author of changes, else the app"},
			&cli.StringFlag{Name: "app", HideDefault: true, Usage: "of which app it is, by client `ID`, where the file has several"},
		},
		Action: s.token,
	}
}

// mintedToken is the answer of token for machines.
type mintedToken struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	AppID   string    `json:"appId"`
	Account string    `json:"account,omitempty"` // empty where the app may use any
	Stream  string    `json:"stream,omitempty"`
}

func (s *session) token(_ context.Context, cmd *cli.Command) error {
	if _, err := operands(cmd); err != nil {
		return err
	}
	path, err := s.keysPath(cmd)
	if err != nil {
		return err
	}
	keys, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &keysFault{fmt.Sprintf("there are no keys in %s: %q makes them at its first start", path, again(cmd, "serve")), err}
	}
	if err != nil {
		return err
	}
	app, err := keys.app(cmd, cmd.String("app"))
	if err != nil {
		return err
	}
	life := tokenLife
	if app.MaxAge > 0 {
		life = min(life, app.MaxAge)
	}
	if cmd.IsSet("for") {
		life = cmd.Duration("for")
	}
	switch {
	case life < time.Second:
		return usage(cmd, "--for is to be a second or more, not %s", life)
	case app.MaxAge > 0 && life > app.MaxAge:
		return usage(cmd, "--for is %s, but the server takes no token of this app that is older than %s: maxAge in %s says so", life, app.MaxAge, path)
	}
	now := time.Now()
	token, err := mint(app, cmd.String("as"), life)
	if err != nil {
		return err
	}
	if !cmd.Bool("json") {
		s.printf("%s\n", token)
		return nil
	}
	scope := (&keyRing{[]agentassist.App{*app}}).scope()
	s.writeValue(mintedToken{token, now.Add(life).UTC().Truncate(time.Second), app.ID, scope.Account, scope.Stream})
	return nil
}

// mint returns a token of an app.
func mint(app *agentassist.App, subject string, life time.Duration) (string, error) {
	return agentassist.Credentials{AppID: app.ID, Secret: app.Secrets[0], Subject: subject, Lifetime: life}.Token()
}
