package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/urfave/cli/v3"
)

// keySuffix is what the name of the keys file has behind that of the book.
const keySuffix = ".keys.json"

// tokenLife is how long tokens of keys made here are taken: whatever their
// "exp" says, and so is the default of "contacts token".
const tokenLife = time.Hour

// keyRing is what a keys file holds: who may call the API that "serve" serves.
// It is the owner's to edit: apps may be added, and secrets replaced.
type keyRing struct {
	Apps []agentassist.App `json:"apps"`
}

// keysFault is a keys file that cannot be used.
type keysFault struct {
	text  string
	cause error
}

func (e *keysFault) Error() string { return e.text }
func (e *keysFault) Unwrap() error { return e.cause }

// keysFlag describes --keys.
func keysFlag() cli.Flag {
	return &cli.StringFlag{Name: "keys", TakesFile: true, HideDefault: true,
		Usage: "client ids and secrets are in `FILE`; by default that of the book and " + keySuffix}
}

// keysPath returns where the keys are: as --keys says, or beside the book.
func (s *session) keysPath(cmd *cli.Command) (string, error) {
	if cmd.IsSet("keys") {
		if path := cmd.String("keys"); path != "" {
			return path, nil
		}
		return "", usage(cmd, "--keys is empty: name a file, or leave it out for the one beside the book")
	}
	at, isFile, err := s.location(cmd)
	if err != nil {
		return "", err
	}
	if !isFile {
		return "", usage(cmd, "say where the keys are with --keys: there is no file that they could be beside")
	}
	return at + keySuffix, nil
}

// newKeys makes a client that may use one account and stream.
func newKeys(scope contacts.Scope) (*keyRing, error) {
	secret := make([]byte, 36) // 48 letters
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return &keyRing{[]agentassist.App{{
		ID:         "cs-" + agentassist.NewObjectID(),
		Secrets:    []string{base64.RawURLEncoding.EncodeToString(secret)},
		Accounts:   []string{scope.Account},
		Streams:    []string{scope.Stream},
		Scopes:     []string{agentassist.ScopeConfiguration},
		RequireExp: true,
		MaxAge:     tokenLife,
	}}}, nil
}

// readKeys reads a keys file. A file that others may read is refused: its
// secrets are none any more. Where there is none the error is fs.ErrNotExist.
func readKeys(path string) (*keyRing, error) {
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, &keysFault{err.Error(), err}
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, &keysFault{err.Error(), err}
	case !info.Mode().IsRegular():
		return nil, &keysFault{text: path + " is no file: name another with --keys"}
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, &keysFault{text: fmt.Sprintf("others may read the secrets in %s (mode %04o): run: chmod 600 %s; or, if somebody may have read them, remove it: the next start makes new ones",
			path, info.Mode().Perm(), quote(path))}
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, &keysFault{err.Error(), err}
	}
	var ring keyRing
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&ring); err != nil || d.More() || len(data) > most {
		if err == nil {
			err = errors.New("it goes on after its end")
		}
		return nil, &keysFault{fmt.Sprintf("%s is no file of keys: %s: correct it, or remove it and the next start of \"contacts serve\" makes a new one", path, keysProblem(err)), err}
	}
	if len(ring.Apps) == 0 {
		return nil, &keysFault{text: path + ` has no apps: remove it, and the next start of "contacts serve" makes one`}
	}
	return &ring, nil
}

// keysProblem says what is wrong with a keys file, and nothing of what is in it.
func keysProblem(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("byte %d is no JSON", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s is to be %s", or(kind.Field, "it"), kind.Type)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return err.Error()
}

// write puts the keys into a file of mode 0600 that is not there yet; else the
// error is fs.ErrExist. The file appears whole or not at all, and of two
// processes that make it at once one wins.
func (k *keyRing) write(path string) (err error) {
	data, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new") // mode 0600
	if err != nil {
		return &keysFault{err.Error(), err}
	}
	defer func() {
		_ = os.Remove(f.Name()) // gone already, where it was renamed
		if err != nil {
			err = &keysFault{err.Error(), err}
		}
	}()
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := renameNew(f.Name(), path); err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil { // where folders cannot be synced there is nothing to do
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// publish writes the keys of a first start, if they are to be in a file.
func (k *keyRing) publish(path string) error {
	if path == "" {
		return nil
	}
	err := k.write(path)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return &keysFault{path + " was made by another program just now: start again to serve with those keys", err}
	}
	return err
}

// renameNew renames a file, unless there is one of the new name: then the error
// is fs.ErrExist.
func renameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without links, such as FAT. There, a file that appears
	// between these two lines is lost.
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fs.ErrExist)
	}
	return os.Rename(from, to)
}

// app returns the app of an id, or the only one where id is "".
func (k *keyRing) app(cmd *cli.Command, id string) (*agentassist.App, error) {
	if id == "" && len(k.Apps) > 1 {
		return nil, usage(cmd, "there are keys of %d apps: choose one with --app, such as %s", len(k.Apps), quote(k.Apps[0].ID))
	}
	for i := range k.Apps {
		if id == "" || k.Apps[i].ID == id {
			if len(k.Apps[i].Secrets) == 0 {
				return nil, &keysFault{text: fmt.Sprintf("the app %s has no secret", k.Apps[i].ID)}
			}
			return &k.Apps[i], nil
		}
	}
	return nil, usage(cmd, "there are no keys of an app %q, but of %q", id, k.Apps[0].ID)
}

// allow reports whether some app may use a scope.
func (k *keyRing) allow(scope contacts.Scope) bool {
	for _, a := range k.Apps {
		if has(a.Accounts, scope.Account) && has(a.Streams, scope.Stream) {
			return true
		}
	}
	return false
}

func has(list []string, value string) bool {
	for _, v := range list {
		if v == value || v == "*" {
			return true
		}
	}
	return false
}

// scope returns the account and stream that the first app is about, empty where
// it may use any.
func (k *keyRing) scope() contacts.Scope {
	first := func(list []string) string {
		if len(list) == 0 || list[0] == "*" {
			return ""
		}
		return list[0]
	}
	return contacts.Scope{Account: first(k.Apps[0].Accounts), Stream: first(k.Apps[0].Streams)}
}
