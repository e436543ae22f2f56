package pgtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Moment is when a Proxy cuts a connection.
type Moment int

const (
	// BeforeCommit: the server has not heard of the commit, and rolls back.
	BeforeCommit Moment = iota
	// LateCommit: the client loses its connection when it has sent the commit.
	// The server gets it only when the test lets it.
	LateCommit
	// AfterCommit: the server has committed, and the client does not hear of
	// it.
	AfterCommit
)

// Proxy stands between clients and a server, and cuts connections at moments
// that a test chooses.
type Proxy struct {
	listener net.Listener
	dsn      string
	network  string
	address  string // of the server
	tasks    sync.WaitGroup
	ending   chan struct{} // closed with the test

	mu    sync.Mutex
	away  bool
	armed *cut
	conns map[*proxied]struct{}
}

// cut is what shall happen at the next commit.
type cut struct {
	at       Moment
	leave    bool // the proxy is away from then on
	happened chan struct{}
	release  chan struct{} // closed when a late commit may go on
}

// proxied is a connection.
type proxied struct {
	client, server net.Conn

	mu      sync.Mutex
	holding *cut // its commit is on the way to the server
}

// NewProxy starts a proxy that ends with the test. Who uses its DSN is led to the
// server of dsn, without TLS.
func NewProxy(t testing.TB, dsn string) *Proxy {
	t.Helper()
	p := &Proxy{ending: make(chan struct{}), conns: map[*proxied]struct{}{}}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	if p.network, p.address = "tcp", u.Host; u.Port() == "" {
		p.address = net.JoinHostPort(u.Hostname(), "5432")
	}
	q := u.Query()
	if dir := q.Get("host"); dir != "" {
		p.network, p.address = "unix", dir+"/.s.PGSQL.5432"
	}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	q.Del("host")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = p.listener.Addr().String(), q.Encode()
	p.dsn = u.String()
	p.tasks.Go(p.serve)
	t.Cleanup(func() {
		close(p.ending)
		_ = p.listener.Close()
		p.Away(true)
		p.tasks.Wait()
	})
	return p
}

// DSN returns the URL by which clients go through the proxy.
func (p *Proxy) DSN() string { return p.dsn }

// Cut has the connection that commits next be cut, at that moment of its commit.
// The channel is closed when that has happened; release, called once, lets a
// LateCommit go on to the server. A commit is a statement COMMIT, not the end of
// one that stands by itself.
func (p *Proxy) Cut(at Moment) (happened <-chan struct{}, release func()) {
	c := &cut{at: at, happened: make(chan struct{}), release: make(chan struct{})}
	p.arm(c)
	return c.happened, func() { close(c.release) }
}

// CutAndLeave is Cut before or after a commit, and Away with it.
func (p *Proxy) CutAndLeave(at Moment) (happened <-chan struct{}) {
	c := &cut{at: at, leave: true, happened: make(chan struct{})}
	p.arm(c)
	return c.happened
}

func (p *Proxy) arm(c *cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = c
}

// Away cuts all connections and closes new ones at once, until it is called
// with false.
func (p *Proxy) Away(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
	if away {
		for c := range p.conns {
			c.close()
		}
	}
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), p.network, p.address)
		if err != nil {
			_ = client.Close()
			continue
		}
		c := &proxied{client: client, server: server}
		p.mu.Lock()
		if p.away {
			c.close()
		}
		p.conns[c] = struct{}{}
		p.mu.Unlock()
		p.tasks.Go(func() { p.down(c); c.close() })
		p.tasks.Go(func() {
			p.up(c)
			c.close()
			p.mu.Lock()
			delete(p.conns, c)
			p.mu.Unlock()
		})
	}
}

func (c *proxied) close() {
	_ = c.client.Close()
	_ = c.server.Close()
}

// up carries what the client says.
func (p *Proxy) up(c *proxied) {
	if !hello(c) {
		return
	}
	commits := map[string]bool{} // prepared statements, by name
	for {
		m, err := message(c.client)
		if err != nil {
			return
		}
		var commit bool
		switch body := m[5:]; m[0] {
		case 'Q': // a statement
			commit = isCommit(text(&body))
		case 'P': // prepares one
			name := text(&body)
			commits[name] = isCommit(text(&body))
		case 'B': // binds one
			_ = text(&body) // the portal
			commit = commits[text(&body)]
		}
		if commit {
			if cut := p.take(); cut != nil && !p.cut(c, cut, m) {
				return
			}
		}
		if _, err := c.server.Write(m); err != nil {
			return
		}
	}
}

// take returns what shall happen to a commit.
func (p *Proxy) take() *cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.armed
	p.armed = nil
	return c
}

// cut does what a cut wants with a commit, and reports whether it goes on to the
// server.
func (p *Proxy) cut(c *proxied, cut *cut, commit []byte) bool {
	switch cut.at {
	case AfterCommit:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.holding = cut
		return true
	case LateCommit:
		c.mu.Lock()
		c.holding = cut
		c.mu.Unlock()
		_ = c.client.Close()
		close(cut.happened)
		select {
		case <-cut.release:
		case <-p.ending:
			return false
		}
		// Executed when bound, where it was prepared.
		_, _ = c.server.Write(commit)
		if commit[0] == 'B' {
			_, _ = c.server.Write([]byte("E\x00\x00\x00\x09\x00\x00\x00\x00\x00S\x00\x00\x00\x04"))
		}
		_, _ = c.server.Write([]byte("X\x00\x00\x00\x04")) // it reads that when it is done
		_, _ = io.Copy(io.Discard, c.server)
		return false
	}
	p.carryOut(c, cut)
	return false
}

// carryOut cuts a connection.
func (p *Proxy) carryOut(c *proxied, cut *cut) {
	if cut.leave {
		p.Away(true)
	}
	c.close()
	close(cut.happened)
}

// down carries what the server says.
func (p *Proxy) down(c *proxied) {
	for {
		m, err := message(c.server)
		if err != nil {
			return
		}
		c.mu.Lock()
		holding := c.holding
		c.mu.Unlock()
		if holding != nil && holding.at == AfterCommit && m[0] == 'C' && bytes.HasPrefix(m[5:], []byte("COMMIT")) {
			p.carryOut(c, holding)
			return
		}
		if _, err := c.client.Write(m); err != nil && holding == nil {
			return
		}
	}
}

// cancelCode is what the first message of a connection that cancels a statement
// of another begins with.
const cancelCode = 80877102

// hello carries the first message of a connection, which has no type. Nothing is
// cancelled through a proxy: when a client that was cut off asks for that, what
// came of it would be chance.
func hello(c *proxied) bool {
	size := make([]byte, 4)
	if _, err := io.ReadFull(c.client, size); err != nil {
		return false
	}
	rest := make([]byte, max(binary.BigEndian.Uint32(size), 4)-4)
	if _, err := io.ReadFull(c.client, rest); err != nil {
		return false
	}
	if len(rest) >= 4 && binary.BigEndian.Uint32(rest) == cancelCode {
		return false
	}
	_, err := c.server.Write(append(size, rest...))
	return err == nil
}

// message reads a message: a type, four bytes of length and what it says.
func message(r io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	m := make([]byte, 1+max(binary.BigEndian.Uint32(head[1:]), 4))
	copy(m, head)
	_, err := io.ReadFull(r, m[5:])
	return m, err
}

// text takes a text off a message.
func text(body *[]byte) string {
	s, rest, _ := bytes.Cut(*body, []byte{0})
	*body = rest
	return string(s)
}

func isCommit(statement string) bool {
	return strings.EqualFold(strings.TrimRight(strings.TrimSpace(statement), ";"), "commit")
}
