// Package pgstore keeps contact books in a database that speaks the PostgreSQL
// protocol, for hosts that have outgrown one file: many processes on many
// machines, one book.
//
//	store, err := pgstore.Open(ctx, "postgres://agent@db1,db2/crm?target_session_attrs=read-write", nil)
//	book, err := contacts.Open(ctx, store, scope, nil)
//
// It is made for PostgreSQL 15 and newer, in the part of SQL that CockroachDB,
// YugabyteDB and Citus share; ENGINES.md says what was run on which.
//
// # Tables
//
// The tables are readable (schema/*.sql describes every column) and in a
// schema of their own. A program may read them; what is written by others than
// this package breaks its promises. Every key begins with the scope, and no
// constraint, sequence, trigger or advisory lock reaches across scopes, so that
// scopes can be spread over nodes. That a number belongs to one contact is the
// primary key of the table claims.
//
// # Writes
//
// A batch is one transaction, which locks the row of its scope, so the feed
// of a scope has no gap and is in the order of commits, whoever writes. It
// also means that the writes of one scope happen one after the other, in all
// processes together: a scope takes about as many transactions a second as the
// database makes commits durable one by one. A Store makes up for that by group
// commit: batches of a scope that wait while one is under way become one
// transaction. Scopes do not wait for each other, unless their account's
// numbers are unique within the account (contacts.UniqueByAccount).
//
// A transaction that the database rolls back because of others (40001, 40P01),
// or whose connection was lost before its commit, is tried again, a bounded
// number of times. Where a connection is lost in the middle of a commit the
// store asks the database, once it is there again, whether the commit is in
// it. contacts.ErrCommitUnknown is left for a database that stays away, and for
// events that were trimmed meanwhile.
//
// A commit is as durable as the database makes it: with a synchronous standby a
// write that returned outlives the loss of the primary.
//
// # Reads
//
// Every read is one statement, so it sees one state, and costs one round trip.
// Where the first statement of a search leaves a page short, or a number has many
// holders, another one is asked in its place, and all of the page is of that one.
//
// The plans of these statements are the same for all arguments, so that a
// connection that prepares statements, as pgx does by itself, plans each once.
//
// # Restored backups
//
// Where a database is set back in time, by a restored backup or by the failover
// to a standby that had not everything, the feeds continue with other
// events under the same revisions. Call RenewEpochs then, once, so that those
// who follow a feed notice.
package pgstore
