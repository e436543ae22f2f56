// Package kvstore implements contacts.Store over any ordered key-value
// engine: what an Engine has to offer are three methods. Packages memstore
// and boltstore bring engines.
//
// # Tables
//
// The first byte of a key names its table. Then comes the short id of the
// scope, which the registry gives to it ("scope" below), and the rest.
// Numbers in keys are of the order-preserving form that ord.go describes,
// lines are 8 bytes, big-endian.
//
//	table  key                              value
//	m      "h"                              header: format version, next short id
//	       "a" account                      how the account's numbers are unique
//	       "c" scope                        what of a scope seldom changes
//	       "v" scope                        what changes with every commit
//	       "l" scope                        marks a load that has not ended
//	s      account, stream                  short id
//	r      scope seq                        present record of a contact
//	h      scope seq revision               superseded record
//	i      scope id                         seq
//	l      domain line kind scope seq       since which revision it is held
//	w      scope word 0x00 seq              fields that the word stands in, and how
//	                                        the contact's other words begin
//	d      scope reversed digits, seq       -
//	n      scope status sort key 0x00 seq   -
//	f      scope revision                   seq, kind, end of the batch (not for
//	                                        events that the record implies)
//	x      scope line end seq               since; a line that was given up
//	q      scope line                       number of claimers, where there are several
//	o      scope op chunk                   answer to a batch
//
// Seq is a contact's position in order of creation: the revision of the event
// that created it. The domain of a line is the scope or, where numbers are
// unique by account, an id of the account. Kind is 0 for a claim, 1 for a
// line that is listed beside others: so whether a line is free is seen from a
// scan over its claimers alone, however many share it.
//
// The event of a contact's present revision points at the record in r; when
// the contact changes, that record moves to h. An event that created a
// contact and was a batch of its own has no entry in f: the position of the
// record says it all, and the most frequent kind of write changes a table
// less. A purged contact keeps its entry in i, its positions in f, blank
// records in r and h, and nothing else.
//
// # Integrity
//
// Values of m, r, h and o begin with a CRC-32C over the key and the rest of
// the value, which every read verifies. For each table of a scope the scope's
// state ("v") holds the number of entries and the sum of their CRCs, which
// shows entries that were lost, doubled or replaced by older ones: Check
// compares them, and the indexes with the records, both ways. Every hit that
// an index leads to is compared with its record. What does not fit is an
// error that wraps contacts.ErrDamaged.
//
// # Commits
//
// Requests queue. The one at the head leads: it judges those that wait, one
// after the other, against one snapshot and what is being built, releases the
// snapshot, commits everything at once, and hands the lead to the next. There
// is no goroutine and no delay: a caller that is alone commits at once.
package kvstore
