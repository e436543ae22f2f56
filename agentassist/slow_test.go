package agentassist

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// smallBuffers is a listener whose connections hold little of an answer that is
// not taken.
type smallBuffers struct {
	net.Listener
	open atomic.Int64 // connections
}

func (l *smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
		l.open.Add(1)
		c = &counted{Conn: c, open: &l.open}
	}
	return c, err
}

// counted counts itself out when it is closed.
type counted struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// TestSlowClients: 2,000 clients that send headers and bodies byte by byte, or
// take their answers so, do not stop one that does not; and are sent away.
func TestSlowClients(t *testing.T) {
	h := newTestHandler(t, Options{ReadTimeout: 3 * time.Second, WriteTimeout: 3 * time.Second})
	book, err := h.bookOf(context.Background(), contacts.Scope{Account: "acc-1", Stream: "st-1"})
	ok(t, err)
	var many []contacts.Contact
	for i := range 600 {
		many = append(many, contacts.Contact{FirstName: "Ada", LastName: "Lovelace", Salutation: "Mrs",
			CellPhone: contacts.Phone{Number: fmt.Sprint(9876540000 + i), CountryCode: "+91", Extension: "+"}})
	}
	_, err = book.CreateAll(context.Background(), many)
	ok(t, err)

	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	l := &smallBuffers{Listener: tcp}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(ctx, l) }()
	defer func() {
		stop()
		ok(t, <-ended)
	}()

	start := fmt.Sprintf("HTTP/1.1\r\nHost: localhost\r\nauth: %s\r\naccountId: acc-1\r\n", good(goodClaims))
	kinds := []struct {
		clients int
		begin   string // what a client sends at once; then it sends a byte now and then
		dribble string
		reads   bool // it takes a byte now and then
	}{
		{1000, "GET " + listPath + " " + start, "X-Slow: slow\r\n", false},
		{900, "POST " + listPath + " " + start + "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n[", " ", false},
		{100, "GET " + listPath + "?limit=600 " + start + "\r\n", "", true},
	}
	conns := make([][]net.Conn, len(kinds))
	for k, kind := range kinds {
		for i := range kind.clients {
			c, err := net.Dial("tcp", tcp.Addr().String())
			if err != nil {
				t.Fatalf("client %d: %v", i, err)
			}
			defer c.Close()
			ok(t, c.(*net.TCPConn).SetReadBuffer(4<<10))
			if _, err := io.WriteString(c, kind.begin); err != nil {
				t.Fatalf("client %d: %v", i, err)
			}
			conns[k] = append(conns[k], c)
		}
	}

	done := make(chan struct{})
	var dribbling sync.WaitGroup
	for k, kind := range kinds {
		dribbling.Go(func() {
			var one [1]byte
			for i := 0; ; i++ {
				for _, c := range conns[k] {
					if kind.reads {
						_, _ = c.Read(one[:])
					} else {
						_, _ = io.WriteString(c, kind.dribble[i%len(kind.dribble):][:1])
					}
				}
				select {
				case <-done:
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		})
	}

	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := range 50 {
		body := strings.Replace(ada, "9876543210", fmt.Sprint(9812340000+i), 1)
		for _, c := range []struct{ method, path, body string }{
			{"POST", listPath, body}, {"GET", listPath + "/lookup?number=%2B919876540007", ""}, {"GET", pathHealth, ""},
		} {
			r := asCaller(c.method, "http://"+tcp.Addr().String()+c.path, c.body)
			r.RequestURI = ""
			resp, err := client.Do(r)
			ok(t, err)
			if a := readAnswer(t, resp); a.StatusCode != 200 {
				t.Fatalf("%s %s: %s", c.method, c.path, a)
			}
		}
	}
	t.Logf("%d connections open when the good client was done", l.open.Load())

	// Dribbling on does not keep a connection open. (One whose answer was taken
	// would be, for as long as Serve keeps idle ones.)
	for tries := 0; l.open.Load() > 0; tries++ {
		client.CloseIdleConnections() // of the good one
		if tries == 2000 {
			t.Fatalf("%d connections are left", l.open.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
	close(done)
	for _, c := range conns[2] { // a read may wait for the window to open
		_ = c.SetReadDeadline(time.Now())
	}
	dribbling.Wait()
}
