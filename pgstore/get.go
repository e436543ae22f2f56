package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

const getContact = `SELECT c.record FROM {scopes} s LEFT JOIN {contacts} c ON c.scope = $1 AND c.id = $2 WHERE s.scope = $1`

// Get implements contacts.Store. Errors do not repeat an id that may be a
// number: hosts mix up ids and numbers.
func (s *Store) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Contact{}, err
	}
	defer s.calls.Leave()
	var body []byte
	err := s.try(ctx, func() error {
		info, err := s.find(ctx, scope)
		if err != nil {
			return err
		}
		if info == nil || len(id) > contacts.MaxIDLen || !prepare.ValidID(id) {
			return contacts.ErrNotFound
		}
		err = s.pool.QueryRow(ctx, s.sql(getContact), info.id, id).Scan(&body)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return s.vanished(scope, info)
		case err == nil && body == nil:
			return contacts.ErrNotFound
		}
		return err
	})
	if errors.Is(err, contacts.ErrNotFound) {
		err = fmt.Errorf("%s: contact: %w", name, contacts.ErrNotFound)
	}
	if err != nil {
		return contacts.Contact{}, err
	}
	var c contacts.Contact
	if !record.Decode(body, &c) {
		return contacts.Contact{}, fmt.Errorf("%s: a record that cannot be read: %w", name, contacts.ErrDamaged)
	}
	if c.Status == "" {
		return contacts.Contact{}, fmt.Errorf("%s: %w", name, &contacts.PurgedError{ID: c.ID, At: c.UpdatedAt, MergedInto: c.MergedInto})
	}
	return c, nil
}

const statScope = `SELECT epoch, first_rev, last_rev, active, inactive, merged, duplicates,
	index_generation, index_fingerprint, reindexing, unique_by, settings FROM {scopes} WHERE scope = $1`

// Stat implements contacts.Store.
func (s *Store) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Stat{}, err
	}
	defer s.calls.Leave()
	var st contacts.Stat
	err := s.try(ctx, func() error {
		st = contacts.Stat{}
		info, err := s.find(ctx, scope)
		if err != nil || info == nil {
			return err
		}
		var uniqueBy string
		var first, last, active, inactive, merged, duplicates, generation, fingerprint int64
		err = s.pool.QueryRow(ctx, s.sql(statScope), info.id).Scan(&st.Epoch, &first, &last, &active, &inactive, &merged,
			&duplicates, &generation, &fingerprint, &st.Reindexing, &uniqueBy, &st.Settings)
		if errors.Is(err, pgx.ErrNoRows) {
			return s.vanished(scope, info)
		}
		st.First, st.Last = uint64(first), uint64(last)
		st.Active, st.Inactive, st.Merged = uint64(active), uint64(inactive), uint64(merged)
		st.Duplicates = uint64(duplicates)
		st.Index = indexVersion(generation, fingerprint)
		if st.UniqueBy = contacts.UniqueByStream; uniqueBy == contacts.UniqueByAccount.String() {
			st.UniqueBy = contacts.UniqueByAccount
		}
		return err
	})
	if err != nil {
		return contacts.Stat{}, err
	}
	return st, nil
}

// indexVersion is what two columns of scopes say.
func indexVersion(generation, fingerprint int64) contacts.IndexVersion {
	return contacts.IndexVersion{Generation: uint32(generation), Fingerprint: uint64(fingerprint)}
}

const listScopes = `SELECT account, stream FROM {directory} WHERE (account, stream) >= ($1, $2) ORDER BY account, stream LIMIT $3`

// Scopes implements contacts.Store.
func (s *Store) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.calls.Leave()
	from, err := boundOf(from)
	if err != nil {
		return nil, err
	}
	var list []contacts.Scope
	err = s.try(ctx, func() error {
		list = nil
		var sc contacts.Scope
		return s.each(ctx, s.sql(listScopes), []any{from.Account, from.Stream, int64(prepare.Limit(limit))},
			[]any{&sc.Account, &sc.Stream}, func() error {
				list = append(list, sc)
				return nil
			})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// boundOf returns the smallest scope that does not sort before a bound, which
// may have a NUL, as that of Scope.Next has. Where no scope has a NUL, what sorts
// behind "a", NUL is what begins with "a", 1 or sorts behind that.
func boundOf(from contacts.Scope) (contacts.Scope, error) {
	if !utf8.ValidString(from.Account) || !utf8.ValidString(from.Stream) {
		return from, fmt.Errorf("%s: a scope that is not UTF-8: %w", name, contacts.ErrInvalid)
	}
	if before, _, ok := strings.Cut(from.Account, "\x00"); ok {
		return contacts.Scope{Account: before + "\x01"}, nil
	}
	if before, _, ok := strings.Cut(from.Stream, "\x00"); ok {
		from.Stream = before + "\x01"
	}
	return from, nil
}
