package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"syscall"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
	"github.com/google/uuid"
	"github.com/urfave/cli/v3"
)

// defaultAddress is where serve listens unless told otherwise.
const defaultAddress = "127.0.0.1:8080"

func (s *session) serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "serve the Agent Assist contacts API over HTTP",
		UsageText: "contacts serve [options]",
		Description: `Serves the book until it is interrupted: then it finishes the calls under way and
ends with exit code 0. The first start makes a client id and a secret, in a file
that only you may read, and prints a call to try, with a token that is good for an
hour; "contacts token" makes more. Later starts print no token.

Account and stream are those of --account and --stream, or of the keys, or the
only ones of the book; for a new book they are made up. A line for each request
goes to standard error, numbers masked; with --json as JSON.

Calls, parameters and answers are described at /openapi.json.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Value: defaultAddress, HideDefault: true,
				Usage: "listen on `HOST:PORT`; " + defaultAddress + " unless given, and port 0 is any that is free"},
			&cli.BoolFlag{Name: "memory", HideDefault: true, Usage: "serve a new book in memory, which is gone in the end"},
			keysFlag(),
			&cli.StringFlag{Name: "tls-cert", TakesFile: true, HideDefault: true, Usage: "serve HTTPS with the certificate in `FILE` (PEM)"},
			&cli.StringFlag{Name: "tls-key", TakesFile: true, HideDefault: true, Usage: "the key of the certificate, in `FILE` (PEM)"},
			&cli.BoolFlag{Name: "insecure", HideDefault: true, Usage: "serve other machines without TLS: who listens on the way reads tokens and contacts"},
			&cli.BoolFlag{Name: "extended", HideDefault: true, Usage: "read and write the fields that the API does not have: phones, emails, .."},
			&cli.BoolFlag{Name: "strict", HideDefault: true, Usage: "answer with the status codes of the HTTP specifications: 201, 403, 404, .."},
			&cli.IntFlag{Name: "rate", HideDefault: true, Usage: "take `N` calls a minute of an app on an account; 0 is no bound"},
			&cli.StringSliceFlag{Name: "allow-origin", HideDefault: true, Usage: "pages of this `ORIGIN` may call, such as https://desk.example.com; may be repeated"},
			&cli.StringSliceFlag{Name: "allow-host", HideDefault: true, Usage: "take this `HOST` for a local address, as behind a proxy; may be repeated"},
			regionOnce(),
		},
		Action: s.serve,
	}
}

// served is the answer of serve for machines, given at the start.
type served struct {
	URL     string `json:"url"`
	Account string `json:"account"`
	Stream  string `json:"stream"`
	Keys    string `json:"keys,omitempty"`  // the file, "" when they are in memory
	Token   string `json:"token,omitempty"` // of the start that made the keys

	first bool   // this start made the keys
	cert  string // for curl to trust
}

func (s *session) serve(ctx context.Context, cmd *cli.Command) error {
	if _, err := operands(cmd); err != nil {
		return err
	}
	site, err := siteOf(cmd, phone.Site{})
	if err != nil {
		return err
	}
	addr, err := s.address(ctx, cmd)
	if err != nil {
		return err
	}
	cert, err := certificate(cmd)
	if err != nil {
		return err
	}
	keysAt := ""
	if !cmd.Bool("memory") || cmd.IsSet("keys") {
		if keysAt, err = s.keysPath(cmd); err != nil {
			return err
		}
	}
	if cmd.Int("rate") < 0 {
		return usage(cmd, "--rate is to be 0 or more")
	}
	l, err := net.ListenTCP("tcp", addr) // first: a start that cannot be leaves no book and no keys
	if err != nil {
		return listenFault(addr, err)
	}
	defer l.Close() // Serve did, where it came to that
	return s.withServed(ctx, cmd, func(store contacts.Store) error {
		at := served{Keys: keysAt, cert: cert, URL: "http://" + reachable(l.Addr())}
		if cmd.IsSet("tls-cert") {
			at.URL = "https://" + reachable(l.Addr())
		}
		keys, err := s.keys(ctx, cmd, store, &at)
		if err != nil {
			return err
		}
		scope := contacts.Scope{Account: at.Account, Stream: at.Stream}
		if store, err = s.nameScope(ctx, store, scope); err != nil {
			return err
		}
		o := agentassist.Options{
			Apps:          keys.Apps,
			Book:          contacts.Options{Site: site, NewID: s.app.newID, Now: s.app.now},
			Extended:      cmd.Bool("extended"),
			Strict:        cmd.Bool("strict"),
			RatePerMinute: cmd.Int("rate"),
			AllowOrigins:  cmd.StringSlice("allow-origin"),
			AllowHosts:    cmd.StringSlice("allow-host"),
			Log:           s.accessLog(),
		}
		if o.Book.NewID == nil {
			o.Book.NewID = agentassist.NewObjectID
		}
		// What there is to re-index is done before anybody calls.
		if _, err := contacts.Open(ctx, store, scope, &o.Book); err != nil {
			return err
		}
		h, err := agentassist.New(store, &o)
		if err != nil {
			return err
		}
		if at.first { // now that nothing but the start itself can fail
			if err := keys.publish(at.Keys); err != nil {
				return err
			}
			if at.Token, err = mint(&keys.Apps[0], "", tokenLife); err != nil {
				return err
			}
		}
		s.tellServed(cmd, &at)
		if err := s.out.Flush(); err != nil {
			return fmt.Errorf("the answer could not be written: %w", err)
		}
		if cmd.IsSet("tls-cert") {
			return h.ServeTLS(ctx, l, cmd.String("tls-cert"), cmd.String("tls-key"))
		}
		return h.Serve(ctx, l)
	})
}

// withServed calls fn with the store to be served.
func (s *session) withServed(ctx context.Context, cmd *cli.Command, fn func(contacts.Store) error) error {
	if !cmd.Bool("memory") {
		return s.withStore(ctx, cmd, Create, fn)
	}
	if file := cmd.String("file"); cmd.IsSet("store") || file != "" && file != os.Getenv(fileVariable) {
		return usage(cmd, "--memory serves a book of its own: leave out --file and --store")
	}
	store := memstore.New()
	return errors.Join(fn(store), store.Close())
}

// accessLog returns what logs requests on standard error.
func (s *session) accessLog() *slog.Logger {
	if s.json {
		return slog.New(slog.NewJSONHandler(s.err, nil))
	}
	return slog.New(slog.NewTextHandler(s.err, nil))
}

// address returns where to listen. What other machines reach has to have TLS.
func (s *session) address(ctx context.Context, cmd *cli.Command) (*net.TCPAddr, error) {
	text := cmd.String("addr")
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return nil, usage(cmd, "--addr is a host and a port, such as %s, not %q", defaultAddress, text)
	}
	number, err := new(net.Resolver).LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, usage(cmd, "--addr has no port but %q: give a number up to 65535, or 0 for any that is free", port)
	}
	addr := &net.TCPAddr{Port: number} // no host: every address of this machine
	if host != "" {
		list, err := new(net.Resolver).LookupIPAddr(ctx, host)
		if err != nil || len(list) == 0 {
			return nil, usage(cmd, "--addr: the host %q is not known: give an address of this machine", host)
		}
		addr.IP, addr.Zone = list[0].IP, list[0].Zone
		for _, a := range list {
			if a.IP.To4() != nil { // as net.Listen
				addr.IP, addr.Zone = a.IP, ""
				break
			}
		}
	}
	if !addr.IP.IsLoopback() && !cmd.IsSet("tls-cert") && !cmd.Bool("insecure") {
		return nil, usage(cmd, "other machines reach %s, and without TLS whoever listens on the way reads tokens and contacts: "+
			"give --tls-cert and --tls-key, or serve on 127.0.0.1, or say --insecure", text)
	}
	return addr, nil
}

// certificate judges --tls-cert and --tls-key. It returns the file of a
// certificate that nobody else has signed: a client must be told of it.
func certificate(cmd *cli.Command) (string, error) {
	cert, key := cmd.String("tls-cert"), cmd.String("tls-key")
	if cmd.IsSet("tls-cert") != cmd.IsSet("tls-key") {
		return "", usage(cmd, "--tls-cert and --tls-key belong together: give both")
	}
	if !cmd.IsSet("tls-cert") {
		return "", nil
	}
	self, err := selfSigned(cert, key)
	if err != nil {
		return "", usage(cmd, "--tls-cert %s and --tls-key %s are of no use: %s", quote(cert), quote(key), plain(err))
	}
	if self {
		return cert, nil
	}
	return "", nil
}

// selfSigned reads a certificate with its key, and reports whether nobody else
// has signed it.
func selfSigned(cert, key string) (bool, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return false, err
	}
	return bytes.Equal(pair.Leaf.RawIssuer, pair.Leaf.RawSubject), nil
}

// listenFault says why an address cannot be listened on, and what to do.
func listenFault(addr *net.TCPAddr, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, wsaAddressInUse):
		return fmt.Errorf("%s is in use by another program: stop that, or choose another port with --addr; port 0 is any that is free", addr)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s is not for this user: choose a port from 1024 on with --addr", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s is no address of this machine: choose another with --addr", addr)
	}
	return err
}

// wsaAddressInUse is WSAEADDRINUSE, which Windows says for EADDRINUSE.
const wsaAddressInUse = syscall.Errno(10048)

// reachable returns the host and port under which this machine reaches an
// address that it listens on.
func reachable(a net.Addr) string {
	addr, ok := a.(*net.TCPAddr)
	if ok && addr.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", addr.Port)
	}
	return a.String()
}

// keys reads the keys or, at the first start, makes new ones, which are not in
// their file yet. It says in at which account and stream they are about.
func (s *session) keys(ctx context.Context, cmd *cli.Command, store contacts.Store, at *served) (keys *keyRing, err error) {
	if at.Keys != "" {
		if keys, err = readKeys(at.Keys); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	scope, err := s.servedScope(ctx, cmd, store, keys)
	if err != nil {
		return nil, err
	}
	at.Account, at.Stream = scope.Account, scope.Stream
	if keys != nil {
		if !keys.allow(scope) {
			return nil, &keysFault{text: fmt.Sprintf("no app in %s may use %s: add them to its accounts and streams, or name another file with --keys",
				at.Keys, scopeOptions(scope))}
		}
		return keys, nil
	}
	at.first = true
	return newKeys(scope)
}

// servedScope returns the account and stream to be served.
func (s *session) servedScope(ctx context.Context, cmd *cli.Command, store contacts.Store, keys *keyRing) (contacts.Scope, error) {
	var known contacts.Scope
	if keys != nil {
		known = keys.scope()
	}
	if cmd.IsSet("account") {
		known.Account = cmd.String("account")
	}
	if cmd.IsSet("stream") {
		known.Stream = cmd.String("stream")
	}
	if known.Account == "*" || known.Stream == "*" {
		return known, usage(cmd, "* is any account or stream for an app in the keys file, and no name of one")
	}
	if known.Account != "" && known.Stream != "" {
		return known, nil
	}
	if cmd.IsSet("account") && known.Account == "" || cmd.IsSet("stream") && known.Stream == "" {
		return known, usage(cmd, "the API needs an account and a stream: --account and --stream are not to be empty")
	}
	scope, _, err := s.scope(ctx, cmd, store, Create)
	if err != nil {
		return scope, err
	}
	if scope.Account == "" {
		scope.Account = or(known.Account, agentassist.NewObjectID())
	}
	if scope.Stream == "" {
		id, err := uuid.NewRandom()
		if err != nil {
			return scope, err
		}
		scope.Stream = or(known.Stream, "st-"+id.String())
	}
	return scope, nil
}
