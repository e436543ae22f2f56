package agentassist

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// idleTimeout is how long Serve keeps a connection without requests.
const idleTimeout = 2 * time.Minute

// Serve serves the API on a listener until ctx ends, then stops gracefully: it
// takes no new connections, ends streams of events, waits for the calls under
// way for as long as Options.WriteTimeout, and closes what is left. It closes the
// listener, and returns nil when it ended because of ctx. A Handler is served
// once.
//
// Where a host has an http.Server of its own it does without Serve, and bounds
// the headers itself: ReadHeaderTimeout, MaxHeaderBytes, IdleTimeout. Its Shutdown
// waits for streams of events, which end with their context: that of BaseContext.
func (h *Handler) Serve(ctx context.Context, l net.Listener) error {
	return h.run(ctx, l, nil)
}

// ServeTLS is Serve with TLS (1.2 and later), by a certificate and a key in PEM
// files. They are read, and the dates of the certificate looked at, before it
// serves.
func (h *Handler) ServeTLS(ctx context.Context, l net.Listener, certFile, keyFile string) error {
	cert, err := h.certificate(certFile, keyFile)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return h.run(ctx, l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
}

// certificate reads a certificate that is valid now. Its errors name the file.
func (h *Handler) certificate(certFile, keyFile string) (tls.Certificate, error) {
	var none tls.Certificate
	certPEM, err := os.ReadFile(certFile)
	if err != nil {
		return none, fmt.Errorf("agentassist: certificate: %w", err)
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return none, fmt.Errorf("agentassist: key of the certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return none, fmt.Errorf("agentassist: certificate %s with key %s: %w", certFile, keyFile, err)
	}
	switch now := h.now(); {
	case now.After(cert.Leaf.NotAfter):
		return none, fmt.Errorf("agentassist: certificate %s expired at %s", certFile, cert.Leaf.NotAfter.Format(time.RFC3339))
	case now.Before(cert.Leaf.NotBefore):
		return none, fmt.Errorf("agentassist: certificate %s is not valid before %s", certFile, cert.Leaf.NotBefore.Format(time.RFC3339))
	}
	return cert, nil
}

// run serves with TLS, or without it.
func (h *Handler) run(ctx context.Context, l net.Listener, config *tls.Config) error {
	if h.served.Swap(true) {
		return errors.Join(errors.New("agentassist: a Handler is served once: make a new one"), l.Close())
	}
	var g gate
	srv := &http.Server{
		Handler:           g.guarding(h),
		TLSConfig:         config,
		ReadHeaderTimeout: h.opt.ReadTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	if h.opt.Log != nil {
		srv.ErrorLog = slog.NewLogLogger(h.opt.Log.Handler(), slog.LevelWarn)
	}
	ended := make(chan error, 1)
	//contacts:owner this function closes srv and waits for it
	go func() {
		if config != nil {
			ended <- srv.ServeTLS(l, "", "")
		} else {
			ended <- srv.Serve(l)
		}
	}()
	var err error
	select {
	case <-ctx.Done():
		h.stop()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.opt.WriteTimeout)
		_ = srv.Shutdown(grace) // what is left is closed below
		cancel()
	case err = <-ended:
		ended <- err
		h.stop()
	}
	_ = srv.Close()
	<-ended
	g.close()
	return err
}

// gate lets requests through until it is closed.
type gate struct {
	mu     sync.RWMutex
	closed bool
}

// guarding returns a handler that is h while the gate is open.
func (g *gate) guarding(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.RLock()
		defer g.mu.RUnlock()
		if g.closed {
			panic(http.ErrAbortHandler) //contacts:panics net/http recovers it and cuts the connection
		}
		h.ServeHTTP(w, r)
	})
}

// close returns when nobody is within.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}
