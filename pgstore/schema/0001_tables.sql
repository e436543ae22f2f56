-- The tables of a contact book. Every key begins with a scope, or with what
-- stands for one, so that all rows of a scope may live on one node: no
-- constraint, sequence or lock reaches further.
--
-- {name} is the qualified name of a table, {C} the collation that orders text
-- byte by byte ('COLLATE "C"'; nothing on CockroachDB, where it is the rule).
-- Rows are loaded in binary form, so the size of a number counts: integer has 8
-- bytes on CockroachDB, int4 has 4 everywhere.

-- How the numbers of an account are unique, fixed by its first batch.
CREATE TABLE {accounts} (
	account   text {C} NOT NULL,
	unique_by text NOT NULL,   -- 'stream' or 'account'
	domain    bigint NOT NULL, -- the row of scopes that stands for all streams of the account; 0 where unique by stream
	PRIMARY KEY (account)
);

-- Which scope an account and stream are.
CREATE TABLE {directory} (
	account text {C} NOT NULL,
	stream  text {C} NOT NULL,
	scope   bigint NOT NULL, -- random, never used again
	PRIMARY KEY (account, stream)
);

-- The state of a scope. Every batch locks this row first, so that revisions
-- ascend without a gap and in the order of commits. Where numbers are unique
-- within an account, a batch locks the account's row before it.
CREATE TABLE {scopes} (
	scope      bigint NOT NULL,
	domain     bigint NOT NULL, -- whose claims: the scope itself, or the row of its account
	account    text NOT NULL,
	stream     text,            -- null for the row of an account
	unique_by  text NOT NULL,
	epoch      text NOT NULL,   -- of the feed, random
	secret     bytea NOT NULL,  -- seals cursors
	first_rev  bigint NOT NULL, -- events after it are all there
	last_rev   bigint NOT NULL,
	active     bigint NOT NULL, -- contacts in that state
	inactive   bigint NOT NULL,
	merged     bigint NOT NULL,
	duplicates bigint NOT NULL, -- lines with more than one claimer in the scope
	index_generation  bigint NOT NULL,
	index_fingerprint bigint NOT NULL, -- the bits of an unsigned number
	reindexing boolean NOT NULL,
	letters    text NOT NULL,   -- letters that words have or had, each once, ascending
	settings   bytea,
	PRIMARY KEY (scope)
);

-- One row a contact, purged ones too (only id, rev, status and record then).
CREATE TABLE {contacts} (
	scope        bigint NOT NULL,
	seq          bigint NOT NULL,   -- position in order of creation: the revision of the event that created it
	rev          bigint NOT NULL,   -- position in the feed at which it last changed
	id           text {C} NOT NULL,
	status       text {C} NOT NULL, -- 'active', 'inactive', 'merged', 'purged'
	sort         bytea NOT NULL,    -- orders by name
	first_name   text,
	last_name    text,
	organization text,
	cell_phone   text,              -- E.164
	emails       text,              -- addresses, separated by spaces
	created_at   timestamptz,
	created_by   text,
	updated_at   timestamptz,
	updated_by   text,
	record       bytea NOT NULL,    -- all of it: message Record of internal/record/record.proto
	PRIMARY KEY (scope, seq)
);
CREATE UNIQUE INDEX {contacts_id} ON {contacts} (scope, id);
CREATE UNIQUE INDEX {contacts_rev} ON {contacts} (scope, rev);
CREATE INDEX {contacts_sort} ON {contacts} (scope, status, sort, seq);

-- Who claims a line. The key is the rule that a number belongs to one contact:
-- a claim takes slot 0. Claimers from before the rule stand in the next slots,
-- and the lowest moves down when slot 0 becomes free.
CREATE TABLE {claims} (
	domain bigint NOT NULL,
	line   text {C} NOT NULL, -- digits of the number, equivalent spellings folded
	slot   int4 NOT NULL,
	scope  bigint NOT NULL,
	seq    bigint NOT NULL,
	PRIMARY KEY (domain, line, slot)
);
CREATE INDEX {claims_tail} ON {claims} (scope, reverse(line), seq);
CREATE INDEX {claims_extra} ON {claims} (scope, length(line), line) WHERE slot > 0;

-- Lines that a contact lists beside others, without a claim.
CREATE TABLE {shared} (
	scope bigint NOT NULL,
	line  text {C} NOT NULL,
	seq   bigint NOT NULL,
	PRIMARY KEY (scope, line, seq)
);
CREATE INDEX {shared_tail} ON {shared} (scope, reverse(line), seq);

-- Folded search words.
CREATE TABLE {words} (
	scope  bigint NOT NULL,
	word   text {C} NOT NULL,
	seq    bigint NOT NULL,
	fields smallint NOT NULL, -- set of: 1 name, 2 organization, 4 e-mail, 8 tag, 16 client reference
	PRIMARY KEY (scope, word, seq)
);

-- What happened, without a gap. The state after an event is the contact's row,
-- if that has the same rev, else the one in history.
CREATE TABLE {feed} (
	scope     bigint NOT NULL,
	rev       bigint NOT NULL,
	seq       bigint NOT NULL,  -- the contact
	batch_end bigint NOT NULL,  -- rev of the last event of the same batch
	purged    boolean NOT NULL, -- this event is the purge
	token     bytea,            -- of the commit, at its first event
	PRIMARY KEY (scope, rev)
);

-- Superseded states of contacts.
CREATE TABLE {history} (
	scope  bigint NOT NULL,
	seq    bigint NOT NULL,
	rev    bigint NOT NULL,
	record bytea NOT NULL, -- as in contacts; blank once the contact is purged
	PRIMARY KEY (scope, seq, rev)
);

-- The events at which a contact began or ceased to hold a line.
CREATE TABLE {turns} (
	scope  bigint NOT NULL,
	line   text {C} NOT NULL,
	rev    bigint NOT NULL,
	seq    bigint NOT NULL,
	silent boolean NOT NULL DEFAULT false, -- by newer rules for lines, after that event
	PRIMARY KEY (scope, line, rev)
);

-- Answers to batches with an Op.
CREATE TABLE {ops} (
	scope    bigint NOT NULL,
	op       bytea NOT NULL,
	digest   bytea NOT NULL,
	last_rev bigint NOT NULL,
	answer   text NOT NULL, -- JSON
	PRIMARY KEY (scope, op)
);
