package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts/bench/internal/people"
)

// call is a call of the API that is measured.
type call string

const (
	create call = "create one"
	lookup call = "look up a number"
)

// result is what was measured of a call.
type result struct {
	store     string
	call      call
	clients   int
	perSecond float64
	p50, p99  time.Duration
}

// server is a "contacts serve" in a process of its own.
type server struct {
	URL     string
	Account string
	Stream  string
	Token   string // of an hour

	cmd *exec.Cmd
}

// start starts a server on a port that is free. Its log is not kept, but is
// written.
func start(ctx context.Context, binary string, args ...string) (*server, error) {
	s := new(server)
	s.cmd = exec.CommandContext(ctx, binary, append([]string{"serve", "--json", "--addr", "127.0.0.1:0"}, args...)...)
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(os.Interrupt) }
	s.cmd.WaitDelay = 10 * time.Second
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := json.NewDecoder(out).Decode(s); err != nil || s.Token == "" {
		_ = s.cmd.Process.Kill()
		return nil, errors.Join(errors.New("the server did not start"), err, s.cmd.Wait())
	}
	return s, nil
}

// stop ends the server.
func (s *server) stop() error {
	if s.cmd.Process.Signal(os.Interrupt) != nil { // not on Windows
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		return nil
	}
	return s.cmd.Wait()
}

// client returns a client that keeps one connection.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true}}
}

// do makes a call and reads the answer.
func (s *server) do(ctx context.Context, c *http.Client, method, path string, body []byte, answer *bytes.Buffer) error {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+"/agentassist/api/v1/public/"+s.Stream+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("auth", s.Token)
	r.Header.Set("accountId", s.Account)
	r.Header.Set("Content-Type", "application/json")
	got, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = got.Body.Close() }()
	answer.Reset()
	if _, err := io.Copy(answer, got.Body); err != nil {
		return err
	}
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, got.Status, answer)
	}
	return nil
}

// contact is what the API takes.
type contact struct {
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	Salutation string `json:"salutation"`
	CellPhone  phone  `json:"cellPhone"`
}

type phone struct {
	Number      string `json:"phoneNumber"`
	CountryCode string `json:"countryCode"`
	Extension   string `json:"extension"`
}

// request returns the body that creates persons from to to-1.
func request(from, to int) []byte {
	var list []contact
	for _, p := range people.Range(from, to) {
		list = append(list, contact{p.First, p.Last, p.Salutation, phone{p.National, "+" + p.Code, "+"}})
	}
	body, err := json.Marshal(list)
	if err != nil {
		panic(err) // plain data
	}
	return body
}

// load creates the first n persons.
func (s *server) load(ctx context.Context, n int) error {
	const rows = 5000
	var answer bytes.Buffer
	c := client()
	defer c.CloseIdleConnections()
	for from := 0; from < n; from += rows {
		if err := s.do(ctx, c, "POST", "/contacts", request(from, min(from+rows, n)), &answer); err != nil {
			return err
		}
	}
	return nil
}

// measure makes calls by so many clients at once, for so long. The book has n
// persons or more; creates begin with person number next, and made says how many
// numbers are used up.
func (s *server) measure(ctx context.Context, what call, clients, n, next int, long time.Duration) (r result, made int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg    sync.WaitGroup
		turn  atomic.Int64
		times = make([][]time.Duration, clients)
		begin = time.Now()
	)
	for i := range clients {
		wg.Go(func() {
			c := client()
			defer c.CloseIdleConnections()
			var answer bytes.Buffer
			for time.Since(begin) < long {
				at := int(turn.Add(1)) - 1
				method, path, body := "POST", "/contacts", []byte(nil)
				p := people.At(at * 7919 % n) // all over the book
				if what == create {
					body = request(next+at, next+at+1)
				} else {
					method, path = "GET", "/contacts/lookup?number="+url.QueryEscape(p.Number())
				}
				sent := time.Now()
				err := s.do(ctx, c, method, path, body, &answer)
				times[i] = append(times[i], time.Since(sent))
				if err == nil && what == lookup && !bytes.HasPrefix(answer.Bytes(), []byte(`{"kind":"exact"`)) {
					err = fmt.Errorf("the number was not found: %.300s", &answer)
				}
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	if err := context.Cause(ctx); err != nil {
		return r, 0, err
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	at := func(percent int) time.Duration { return all[min(len(all)*percent/100, len(all)-1)] }
	return result{"", what, clients, float64(len(all)) / took.Seconds(), at(50), at(99)}, int(turn.Load()), nil
}
