package agentassist

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxAppID bounds the ID of an App, in bytes.
const maxAppID = 256

// checkApps judges the apps of a handler and returns them by ID, copied. Its
// errors name the app, never a secret.
func checkApps(list []App) (map[string]*App, error) {
	if len(list) == 0 {
		return nil, errors.New("agentassist: Options.Apps is empty: nobody could call; name at least one app")
	}
	apps := make(map[string]*App, len(list))
	owner := map[string]string{} // of a secret
	for i, a := range list {
		if err := checkAppID(a.ID); err != nil {
			return nil, fmt.Errorf("agentassist: Apps[%d]: %w", i, err)
		}
		if apps[a.ID] != nil {
			return nil, fmt.Errorf("agentassist: app %q is there twice", a.ID)
		}
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("agentassist: app %q: %w", a.ID, err)
		}
		for _, s := range a.Secrets {
			if of, ok := owner[s]; ok {
				return nil, fmt.Errorf("agentassist: apps %q and %q have the same secret: each could sign as the other", of, a.ID)
			}
		}
		for _, s := range a.Secrets {
			owner[s] = a.ID
		}
		a.Secrets, a.Audience = slices.Clone(a.Secrets), slices.Clone(a.Audience)
		a.Accounts, a.Streams, a.Scopes = slices.Clone(a.Accounts), slices.Clone(a.Streams), slices.Clone(a.Scopes)
		apps[a.ID] = &a
	}
	return apps, nil
}

func checkAppID(id string) error {
	switch {
	case id == "":
		return errors.New("the ID is empty")
	case len(id) > maxAppID:
		return fmt.Errorf("the ID has %d bytes, but may have at most %d", len(id), maxAppID)
	case !plainText(id):
		return errors.New("the ID has characters that do not print, or spaces around it")
	}
	return nil
}

// check judges everything but the ID.
func (a *App) check() error {
	if n := len(a.Secrets); n < 1 || n > 2 {
		return fmt.Errorf("it has %d secrets, but must have one, or two while one replaces the other", n)
	}
	for i, s := range a.Secrets {
		if len(s) < MinSecret {
			return fmt.Errorf("secret %d has %d bytes, but must have at least %d", i+1, len(s), MinSecret)
		}
	}
	if len(a.Secrets) == 2 && a.Secrets[0] == a.Secrets[1] {
		return errors.New("its two secrets are the same")
	}
	for _, list := range []struct {
		name   string
		values []string
		hint   string
	}{
		{"Accounts", a.Accounts, `name the accounts that it may use, or "*" for any`},
		{"Streams", a.Streams, `name the streams that it may use, or "*" for any`},
		{"Scopes", a.Scopes, `name the API scopes that it has: "` + ScopeConfiguration + `"`},
	} {
		if len(list.values) == 0 {
			return fmt.Errorf("it has no %s: %s", list.name, list.hint)
		}
		if slices.Contains(list.values, "") {
			return fmt.Errorf("one of its %s is empty: %s", list.name, list.hint)
		}
	}
	switch {
	case slices.Contains(a.Scopes, anyOf):
		return fmt.Errorf(`its Scopes have "*", which is for accounts and streams only: name the API scopes that it has: %q`, ScopeConfiguration)
	case slices.Contains(a.Audience, ""):
		return errors.New("one of its Audience is empty")
	case a.MaxAge < 0:
		return fmt.Errorf("its MaxAge is %v, but must not be negative", a.MaxAge)
	case a.MaxAge > 0 && a.MaxAge < time.Second:
		return fmt.Errorf("its MaxAge is %v, which is less than a second: it is in nanoseconds", a.MaxAge)
	}
	return nil
}

// plainText reports whether s is valid UTF-8 of characters that print, without
// spaces around it and without what stands for broken text.
func plainText(s string) bool {
	if !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// hidden is what logs show of a secret.
const hidden = "***"

// masked returns a copy that may be shown.
func (a App) masked() App {
	a.Secrets = slices.Clone(a.Secrets)
	for i := range a.Secrets {
		a.Secrets[i] = hidden
	}
	return a
}

// Format shows the app without its secrets, whatever the verb. Encoding it as
// JSON shows them.
func (a App) Format(s fmt.State, verb rune) {
	type app App // without methods
	fmt.Fprintf(s, fmt.FormatString(s, verb), app(a.masked()))
}

// LogValue shows the app without its secrets.
func (a App) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", a.ID), slog.Int("secrets", len(a.Secrets)),
		slog.Any("accounts", a.Accounts), slog.Any("streams", a.Streams), slog.Any("scopes", a.Scopes))
}

// Format shows that it is a Handler, and nothing of what is in it.
func (h *Handler) Format(s fmt.State, _ rune) { fmt.Fprint(s, "agentassist.Handler") }

// LogValue shows the options without the secrets of the apps.
func (o Options) LogValue() slog.Value {
	ids := make([]string, len(o.Apps))
	for i, a := range o.Apps {
		ids[i] = a.ID
	}
	return slog.GroupValue(
		slog.Any("apps", ids), slog.Bool("extended", o.Extended), slog.Bool("strict", o.Strict),
		slog.Int64("maxBody", o.MaxBody), slog.Int("maxRows", o.MaxRows),
		slog.Duration("readTimeout", o.ReadTimeout), slog.Duration("writeTimeout", o.WriteTimeout),
		slog.Int("ratePerMinute", o.RatePerMinute))
}
