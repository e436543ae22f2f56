// Package agentassisttest has an Agent Assist contacts API for tests: a real
// HTTP server on 127.0.0.1 over a book in memory, with a token, faults to switch
// on, and a record of what was called. No network, no account.
package agentassisttest

import (
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
)

// Options of a Server. Nil is fine.
type Options struct {
	// Handler has options of the handler; Apps are added to the server's own.
	// Its RatePerMinute is 60 unless set; -1 is no bound.
	Handler agentassist.Options
	Account string         // default "acc-test"
	Stream  string         // default "st-test"
	Store   contacts.Store // default: a new memstore
}

// Server is a running server.
type Server struct {
	URL     string // scheme and host, for ClientOptions.BaseURL
	Token   string // valid for a day
	Account string
	Stream  string
	Book    *contacts.Book // what it serves
	AppID   string
	Secret  string
}

// NewServer starts a server that is closed when the test ends.
func NewServer(t testing.TB, o *Options) *Server { return nil }

// Client returns a client of the server.
func (s *Server) Client() *agentassist.Client { return nil }
