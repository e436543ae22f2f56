package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
)

// ErrForkLost: the connection of a fork broke, and with it went its contents.
// Close the fork, and make another one.
var ErrForkLost = errors.New("pgstore: the connection of the fork was lost, and its contents with it")

// Fork implements contacts.Forker, by temporary tables on a connection of their
// own, into which the database copies all of this store's. A fork of a fork is
// copied through this program.
//
// The connection is made as those of the pool are. It has to be one session for
// as long as the fork lives (no PgBouncer in transaction mode), and the role needs
// the right to make temporary tables, else the error is contacts.ErrUnsupported.
// Where it breaks, calls of the fork return ErrForkLost.
func (s *Store) Fork(ctx context.Context) (contacts.Store, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.calls.Leave()
	f, err := s.newFork(ctx)
	if err != nil {
		return nil, forkFault(ctx, err)
	}
	if err := f.fillFrom(ctx, s); err != nil {
		_ = f.Close() // it has nothing that could be lost
		return nil, forkFault(ctx, err)
	}
	return f, nil
}

// forkFault is the error of a fork that could not be made.
func forkFault(ctx context.Context, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "42501", "0A000", "25006": // insufficient_privilege, feature_not_supported, read_only_sql_transaction
			err = fmt.Errorf("temporary tables: %w: %w", err, contacts.ErrUnsupported)
		}
	}
	return fault(ctx, err)
}

// forkSchema is where the tables of a fork are: every session has one of its own.
const forkSchema = "pg_temp"

// newFork returns a Store with a pool of one connection that is never replaced.
func (s *Store) newFork(ctx context.Context) (*Store, error) {
	const forever = time.Duration(math.MaxInt64 / 4)
	original := s.forked
	if original == nil {
		original = s.pool.Config()
	}
	config := original.Copy()
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
	config.MaxConnLifetime, config.MaxConnLifetimeJitter, config.MaxConnIdleTime = forever, 0, forever
	connect := config.BeforeConnect
	var connected atomic.Bool
	config.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) error {
		if connected.Swap(true) {
			return ErrForkLost
		}
		if connect != nil {
			return connect(ctx, c)
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	f := &Store{pool: pool, ownPool: true, forked: original, dialect: s.dialect, o: Options{
		// Names of its own: where a pooler hands out the session of another fork, its
		// tables are missing, and not another's.
		Schema: forkSchema, Prefix: fmt.Sprintf("f%08x_", rand.Uint32()), Tries: s.o.Tries, NoListen: true, Poll: time.Hour, // there are no others
	}}
	f.init()
	return f, nil
}

// forkTables are all tables but that of the version.
var forkTables = [...]string{"accounts", "directory", "scopes", "contacts", "claims", "shared", "words", "feed", "history", "turns", "ops"}

// fillFrom makes the tables of a fork, as those of another Store are at this
// moment.
func (s *Store) fillFrom(ctx context.Context, from *Store) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, _ = conn.Exec(ctx, "SET idle_session_timeout = 0") // not all have it
	return pgx.BeginTxFunc(ctx, conn, oneMoment, func(tx pgx.Tx) error {
		tables, indexes, err := forkStatements()
		if err != nil {
			return err
		}
		if err := s.execAll(ctx, tx, tables); err != nil {
			return err
		}
		if from.forked != nil {
			err = s.copyThrough(ctx, tx, from)
		} else {
			err = s.copyWithin(ctx, tx, from)
		}
		if err != nil {
			return err
		}
		for _, table := range forkTables {
			indexes = append(indexes, "ANALYZE {"+table+"}")
		}
		return s.execAll(ctx, tx, indexes)
	})
}

// forkStatements returns what makes the tables, and the indexes, which are made
// sooner when the rows are there.
func forkStatements() (tables, indexes []string, err error) {
	list, err := migrations()
	for _, text := range list {
		for _, statement := range statements(text) {
			if strings.HasPrefix(statement, "CREATE INDEX") || strings.HasPrefix(statement, "CREATE UNIQUE INDEX") {
				indexes = append(indexes, statement)
			} else {
				tables = append(tables, statement)
			}
		}
	}
	return tables, indexes, err
}

func (s *Store) execAll(ctx context.Context, tx pgx.Tx, statements []string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, s.expand(statement)); err != nil {
			return err
		}
	}
	return nil
}

// oneMoment is a transaction that sees the database as it is when it begins.
var oneMoment = pgx.TxOptions{IsoLevel: pgx.RepeatableRead}

// copyWithin has the database copy the tables.
func (s *Store) copyWithin(ctx context.Context, tx pgx.Tx, from *Store) error {
	for _, table := range forkTables {
		table = "{" + table + "}"
		if _, err := tx.Exec(ctx, "INSERT INTO "+s.expand(table)+" SELECT * FROM "+from.expand(table)); err != nil {
			return err
		}
	}
	return nil
}

// copyThrough copies the tables of another fork, which its session alone sees.
func (s *Store) copyThrough(ctx context.Context, tx pgx.Tx, from *Store) error {
	return pgx.BeginTxFunc(ctx, from.pool, oneMoment, func(source pgx.Tx) error {
		for _, table := range forkTables {
			table = "{" + table + "}"
			err := pipe(func(w *io.PipeWriter) error {
				_, err := source.Conn().PgConn().CopyTo(ctx, w, "COPY "+from.expand(table)+" TO STDOUT BINARY")
				return err
			}, func(r *io.PipeReader) error {
				_, err := tx.Conn().PgConn().CopyFrom(ctx, r, "COPY "+s.expand(table)+" FROM STDIN BINARY")
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// pipe has read take what write gives, in a goroutine meanwhile.
func pipe(write func(*io.PipeWriter) error, read func(*io.PipeReader) error) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() { //contacts:owner this function waits for it
		err := write(w)
		_ = w.CloseWithError(err) // never fails
		written <- err
	}()
	err := read(r)
	_ = r.CloseWithError(err)
	return errors.Join(<-written, err)
}
