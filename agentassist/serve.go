package agentassist

import (
	"context"
	"net"
)

// Serve serves the API on a listener until ctx ends, then stops gracefully: it
// takes no new connections, ends streams of events, waits for the calls under
// way for as long as Options.WriteTimeout, and closes what is left. It closes the
// listener, and returns nil when it ended because of ctx. A Handler is served
// once.
//
// Where a host has an http.Server of its own it does without Serve, and bounds
// the headers itself: ReadHeaderTimeout, MaxHeaderBytes, IdleTimeout.
func (h *Handler) Serve(ctx context.Context, l net.Listener) error { return nil }

// ServeTLS is Serve with TLS, by a certificate and a key in PEM files.
func (h *Handler) ServeTLS(ctx context.Context, l net.Listener, certFile, keyFile string) error {
	return nil
}
