package agentassist

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// writeCert writes a certificate for 127.0.0.1 and its key.
func writeCert(t testing.TB, from, to time.Time) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: to,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ok(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	ok(t, err)
	dir := TempDir(t)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ok(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	ok(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	cert, err := x509.ParseCertificate(der)
	ok(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	return certFile, keyFile, pool
}

func TestServeTLS(t *testing.T) {
	certFile, keyFile, pool := writeCert(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	h := newTestHandler(t, Options{ReadTimeout: 100 * time.Millisecond, Book: contacts.Options{Now: time.Now}})
	s := startServing(t, h, certFile, keyFile)
	s.url = strings.Replace(s.url, "http:", "https:", 1)
	for _, proto := range []int{1, 2} {
		s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: proto == 2}
		resp, err := s.do("GET", listPath, "")
		ok(t, err)
		if a := readAnswer(t, resp); a.StatusCode != 200 || a.ProtoMajor != proto || a.TLS == nil {
			t.Errorf("HTTP/%d: %s by %s", proto, a, a.Proto)
		}
		// A body that does not come.
		body, never := io.Pipe()
		r := asCaller("POST", s.url+listPath, "x")
		r.RequestURI, r.Body, r.ContentLength = "", body, 1000
		go func() { _, _ = never.Write([]byte("[")) }()
		resp, err = s.client.Do(r)
		ok(t, err)
		if a := readAnswer(t, resp); a.StatusCode != http.StatusRequestTimeout || a.problem.Reason != ReasonTimeout {
			t.Errorf("HTTP/%d, slow body: %s", proto, a)
		}
		never.Close()
		s.client.CloseIdleConnections()
	}
	old := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", strings.TrimPrefix(s.url, "https://"), old); err == nil {
		c.Close()
		t.Error("TLS 1.1 was taken")
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("ServeTLS: %v", err)
	}
	noGoroutines(t)
}

func TestServeTLSRefuses(t *testing.T) {
	from, to := testNow.Add(-time.Hour), testNow.Add(time.Hour)
	cert, key, _ := writeCert(t, from, to)
	_, otherKey, _ := writeCert(t, from, to)
	expired, expiredKey, _ := writeCert(t, from, testNow.Add(-time.Minute))
	early, earlyKey, _ := writeCert(t, testNow.Add(time.Minute), to)
	empty := filepath.Join(TempDir(t), "empty.pem")
	ok(t, os.WriteFile(empty, nil, 0o600))
	missing := filepath.Join(TempDir(t), "missing.pem")
	for name, c := range map[string]struct {
		cert, key string
		want      []string
	}{
		"no certificate":    {missing, key, []string{missing, "certificate"}},
		"no key":            {cert, missing, []string{missing, "key"}},
		"empty certificate": {empty, key, []string{empty}},
		"empty key":         {cert, empty, []string{empty}},
		"swapped":           {key, cert, []string{key, cert}},
		"another's key":     {cert, otherKey, []string{cert, otherKey}},
		"expired":           {expired, expiredKey, []string{expired, "expired at"}},
		"not yet":           {early, earlyKey, []string{early, "not valid before"}},
		"a directory":       {TempDir(t), key, []string{"certificate"}},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ok(t, err)
		err = newTestHandler(t, Options{}).ServeTLS(context.Background(), l, c.cert, c.key)
		if err == nil {
			t.Errorf("%s: served", name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v: want %s", name, err, w)
			}
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: the listener is open: %v", name, err)
		}
	}
}
