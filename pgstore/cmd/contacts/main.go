// Contacts is the command line of package contacts, with books in databases that
// speak the PostgreSQL protocol beside those in files:
//
//	contacts list --store postgres://user@host/database
//	contacts copy book.db postgres://user@host/database
//
// A location is a URL as libpq and pgx take it, with PGPASSWORD, ~/.pgpass and
// their other variables for what it leaves out. Two parameters more say where in
// the database the tables are: schema, which is "contacts" unless given, and
// prefix, as in pgstore.Options.
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
	app := cli.App{Open: open}
	return app.Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
}
