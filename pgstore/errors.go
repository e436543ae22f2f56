package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
)

// ErrNotMigrated: the tables are missing, or older than this version of the
// package needs, and the options forbid to make or change them. Open them once
// with a role that may, and without Options.NoMigrate.
var ErrNotMigrated = errors.New("pgstore: tables are missing or older")

// The SQLSTATEs that this package knows by name.
const (
	stateUnique    = "23505" // unique_violation
	stateUndefined = "42P01" // undefined_table
	stateNoSchema  = "3F000" // invalid_schema_name
	stateReadOnly  = "25006" // read_only_sql_transaction
	stateUnknown   = "40003" // statement_completion_unknown
	stateNoColumn  = "42703" // undefined_column
	stateTwice     = "42P07" // duplicate_table
	stateEncoding  = "22021" // character_not_in_repertoire
)

// passes reports whether a call that failed so may succeed when it is tried
// again: the database rolled it back because of others, or could not be reached.
// It does not say that nothing was done; before a commit was sent, nothing was.
func passes(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "40001", "40P01", // serialization_failure, deadlock_detected
			stateUnique,      // somebody was faster: the next look shows who
			stateReadOnly,    // the primary has become a standby
			stateUnknown,     // of a statement before the commit: nothing was done
			"53300",          // too_many_connections
			"57P01", "57P02", // admin_shutdown, crash_shutdown
			"57P03",          // cannot_connect_now
			"57P05", "25P03": // idle_session_timeout, idle_in_transaction_session_timeout
			return true
		}
		return strings.HasPrefix(pg.Code, "08") // connection exceptions
	}
	return errors.Is(err, errVanished) || errors.Is(err, errNoCommit) || lost(err)
}

// lost reports whether an error is of the connection, not of what it carried.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P0")
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // after connect_timeout too, whose error is that of a context
		return true
	}
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return pgconn.SafeToRetry(err) || isNetwork(err)
}

// ofData reports whether the database refused what a batch brought, or what is
// stored of its contacts cannot be read: no matter of others.
func ofData(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return isValueState(pg.Code) || strings.HasPrefix(pg.Code, "54") // program_limit_exceeded
	}
	return errors.Is(err, contacts.ErrDamaged)
}

// isValueState reports whether a SQLSTATE is about a value or a constraint.
func isValueState(code string) bool {
	return strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23")
}

// try calls fn until it succeeds, fails for good, or was tried often enough.
func (s *Store) try(ctx context.Context, fn func() error) error {
	for n := 1; ; n++ {
		err := fn()
		if err == nil || n >= s.o.Tries || !passes(err) {
			return fault(ctx, err)
		}
		if err := s.pause(ctx, n); err != nil {
			return err
		}
	}
}

// The waits between tries double from the first to the greatest.
const (
	firstPause    = 20 * time.Millisecond
	greatestPause = 2 * time.Second
)

// pause waits before try n+1: half of its time at least, the rest by chance, so
// that those who failed together do not come back together.
func (s *Store) pause(ctx context.Context, n int) error {
	d := greatestPause
	if n < 8 {
		d = min(firstPause<<(n-1), greatestPause)
	}
	d = d/2 + rand.N(d/2)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.calls.Closing:
		return fmt.Errorf("%s: %w", name, contacts.ErrClosed)
	}
}

// fault is an error of the database for the caller: without values, which are
// parts of contacts.
func fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return ctx.Err()
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == stateEncoding {
		return fmt.Errorf("%s: a text is not UTF-8, or has a NUL: %w: %w", name, contacts.ErrInvalid, masked(err))
	}
	return fmt.Errorf("%s: %w", name, masked(err))
}

// masked leaves out of an error of the database about data or a constraint what
// may be part of a contact: all but where it was found. Texts of other errors have
// none.
func masked(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !isValueState(pg.Code) {
		return err
	}
	return &pgconn.PgError{Severity: pg.Severity, SeverityUnlocalized: pg.SeverityUnlocalized, Code: pg.Code,
		Message: "the database refused a value", TableName: pg.TableName, ColumnName: pg.ColumnName, ConstraintName: pg.ConstraintName}
}
