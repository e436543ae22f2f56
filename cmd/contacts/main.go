// Contacts keeps a contact book in one file: contacts demo shows how.
//
// The command line, its output and its exit codes are described in package
// internal/cli and by "contacts help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/callerbook/contacts/internal/cli"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return cli.Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
}
