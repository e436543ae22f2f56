package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/internal/cli"
	"github.com/callerbook/contacts/internal/pgtest"
)

// TestServe serves a book in a database: what comes by HTTP is there for the other
// commands meanwhile, and the keys are in a file.
func TestServe(t *testing.T) {
	t.Setenv("CONTACTS_FILE", "")
	dsn, keys := pgtest.DSN(t), filepath.Join(t.TempDir(), "keys.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	var errs bytes.Buffer // read when the server has ended
	done := make(chan int, 1)
	go func() {
		app := cli.App{Open: open}
		done <- app.Run(ctx, []string{"contacts", "serve", "--store", dsn, "--keys", keys, "--addr", "127.0.0.1:0",
			"--account", "acme", "--stream", "support", "--json"}, strings.NewReader(""), w, &errs)
		w.Close()
	}()
	var served struct{ URL, Stream, Token string }
	line, err := bufio.NewReader(r).ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), &served)
	}
	if err != nil {
		cancel()
		t.Fatalf("%v, code %d: %s", err, <-done, &errs)
	}
	call, err := http.NewRequestWithContext(ctx, "POST", served.URL+agentassist.Base+served.Stream+"/contacts",
		strings.NewReader(`[{"firstName":"John","lastName":"Doe","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"+91","extension":"+"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	call.Header.Set("auth", served.Token)
	call.Header.Set("accountId", "acme")
	call.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(call)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %s: %s", err, answer.Status, body)
	}
	var out, listed bytes.Buffer
	app := cli.App{Open: open}
	if code := app.Run(ctx, []string{"contacts", "lookup", "--store", dsn, "+91 98765 43210"}, strings.NewReader(""), &out, &listed); code != 0 || !strings.Contains(out.String(), "John Doe") {
		t.Errorf("code %d: %s%s", code, &out, &listed)
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("code %d: %s", code, &errs)
	}
	http.DefaultClient.CloseIdleConnections()
}
