package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
)

// Options of a Store. Nil and the zero value are ready to use.
type Options struct {
	// Schema is the schema of the tables: at most 63 bytes of lower-case
	// letters, digits and _, not beginning with a digit. Default: "contacts".
	Schema string

	// Prefix stands before the names of the tables, which are otherwise
	// accounts, claims, contacts, directory, feed, history, ops, scopes,
	// shared, turns, version and words. At most 20 bytes, of the letters of
	// Schema.
	Prefix string

	// ReadOnly refuses all writes with contacts.ErrReadOnly, and opens tables
	// only if they are there. The role then needs no more than USAGE of the
	// schema and SELECT of its tables.
	ReadOnly bool

	// NoMigrate opens tables only as they are: where they are missing or older
	// than this version of the package, Open returns ErrNotMigrated. By default it
	// makes them, and brings older ones up to date, under a lock; the role
	// then needs CREATE on the database, or on the schema if that is there.
	NoMigrate bool

	// MustExist makes Open fail where there are no tables at all, instead of making
	// them; it still brings older ones up to date.
	MustExist bool

	// Tries bounds how often a call is tried while the database rolls it back
	// because of others, or is not to be reached: with waits between them that
	// grow to two seconds, each shortened by chance. 0 means 16, which takes some
	// 15 seconds; 1 means once.
	Tries int

	// Poll is how often Wait looks for events that nobody has announced: those
	// of other processes where the database has no LISTEN (CockroachDB), or
	// something in between does not let it through (PgBouncer), and those of a
	// process that died between a commit and its announcement. 0 means a second.
	Poll time.Duration

	// NoListen leaves LISTEN and NOTIFY alone, so that Wait takes no connection
	// and a commit announces nothing to other processes, which find out by Poll.
	NoListen bool
}

// The bounds and defaults of Options.
const (
	defaultSchema = "contacts"
	defaultTries  = 16
	defaultPoll   = time.Second
	maxPrefix     = 20
	maxName       = 63
)

// Open connects to a database and opens the contact books in it. The dsn is what
// pgx takes: a URL or keywords, with the variables of libpq (PGHOST, PGPASSWORD,
// ..) and ~/.pgpass for what it leaves out, and pgxpool's own parameters
// (pool_max_conns=20). With several hosts name
// target_session_attrs=read-write, so that after a failover the new primary is
// found. Close closes the connections.
//
// Errors: ErrNotMigrated, which where there are no tables at all is fs.ErrNotExist
// too, contacts.ErrNewer where a newer version of this package
// made the tables, contacts.ErrNotBook where other tables of those names are
// there, contacts.ErrInvalid where the database's encoding is not UTF8, and
// pgx's. None of them shows a password.
func Open(ctx context.Context, dsn string, o *Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %w", err) // pgx masks the password
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %w", err)
	}
	s, err := New(ctx, pool, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.ownPool = true
	return s, nil
}

// New opens the contact books in the database of a pool, which stays the
// host's: Close leaves it open, and it must outlive the Store. The Store takes
// one connection at a time for each call, and one for as long as anybody waits
// (see Options.NoListen). Errors are those of Open.
func New(ctx context.Context, pool *pgxpool.Pool, o *Options) (*Store, error) {
	s := &Store{pool: pool}
	if o != nil {
		s.o = *o
	}
	if err := s.o.fill(); err != nil {
		return nil, err
	}
	s.init()
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// fill checks the options and sets what was left out.
func (o *Options) fill() error {
	if o.Schema == "" {
		o.Schema = defaultSchema
	}
	for _, n := range [2]struct {
		what, name string
		max        int
	}{{"Schema", o.Schema, maxName}, {"Prefix", o.Prefix, maxPrefix}} {
		if len(n.name) > n.max || !plainName(n.name) {
			return fmt.Errorf("%s: Options.%s has to be at most %d of a-z, 0-9 and _, and not to begin with a digit: %w",
				name, n.what, n.max, contacts.ErrInvalid)
		}
	}
	if o.Tries <= 0 {
		o.Tries = defaultTries
	}
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	return nil
}

// plainName reports whether a name needs no quotes.
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || c == '_' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}
