// Pgserver is a PostgreSQL server to try things out on: it starts one with nothing
// in it, prints where it is, and throws it away when it is interrupted or whoever
// started it has ended. It needs PostgreSQL's programs, where Debian installs
// them or in the PATH.
//
//	go run ./internal/pgserver -port 54329
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/callerbook/contacts/internal/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgserver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c := pgtest.Config{Settings: map[string]string{}}
	flag.IntVar(&c.Port, "port", 0, "listen on `PORT` of 127.0.0.1, not only in a folder")
	flag.BoolVar(&c.Fsync, "fsync", false, "commits wait for the disk")
	flag.Func("c", "a `NAME=VALUE` of postgresql.conf; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("%q has no =", text)
		}
		c.Settings[name] = value
		return nil
	})
	flag.Parse()
	parent := os.Getppid()
	dsn, stop, err := pgtest.Run(c)
	if err != nil {
		return err
	}
	defer stop()
	if c.Port != 0 {
		dsn = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", c.Port)
	}
	fmt.Println(dsn)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			if os.Getppid() != parent {
				return nil
			}
		}
	}
}
