package kvstore

import (
	"bytes"
	"context"

	"github.com/callerbook/contacts"
)

// renewBytes bounds one commit of RenewEpochs: tens of thousands of scopes.
const renewBytes = 8 << 20

// RenewEpochs gives the feed of every scope a new random epoch, and its cursors
// a new secret; contacts, revisions, history and answers to Ops stay. It is for
// a store whose contents went back to an earlier state, so that the next
// revisions will be ones that were given out before, for other events.
//
// It is one commit where the scopes are fewer than some ten thousand, else
// several, each of whole scopes. After an error some scopes may be renewed; it
// may be called again.
func (s *Store) RenewEpochs(ctx context.Context) error { return s.renewEpochs(ctx, renewBytes) }

func (s *Store) renewEpochs(ctx context.Context, most int) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	if s.readOnly {
		return s.readOnlyError()
	}
	r := renewer{s: s, most: most, from: []byte{tableScope}}
	for !r.done {
		if err := s.exclusive(ctx, r.step); err != nil {
			return err
		}
	}
	return nil
}

// renewer walks over the registry.
type renewer struct {
	s    *Store
	most int    // bytes of a commit
	from []byte // where the next step goes on
	done bool
}

// step is one commit. The snapshot is released before it.
func (r *renewer) step() error {
	var b builder
	err := r.s.snapshot(func(v view) error {
		var fail error
		r.done = true
		err := v.Scan(r.from, []byte{tableScope + 1}, false, func(key, value []byte) bool {
			if b.size() >= r.most {
				r.from, r.done = bytes.Clone(key), false
				return false
			}
			scope, ok := parseRegistryKey(key)
			id, ok2 := takeLastOrd(value)
			if !ok || !ok2 {
				fail = r.s.damaged(tableScope, id, 0, "an entry of the registry")
				return false
			}
			fail = r.renew(&b, v.Snapshot, scope, id)
			return fail == nil
		})
		if err == nil {
			err = fail
		}
		return err
	})
	ops := b.ops()
	if err != nil || len(ops) == 0 {
		return err
	}
	err = r.s.commit(&Batch{Ops: ops})
	r.s.scopes.drop()
	return err
}

// renew adds the new constants of a scope, and its state, which has their
// checksum.
func (r *renewer) renew(b *builder, sn Snapshot, scope contacts.Scope, id uint64) error {
	c, crc, err := r.s.readConstants(sn, id)
	if err != nil {
		return err
	}
	var st state
	ok, err := r.s.readState(sn, id, &st)
	if err != nil {
		return err
	}
	if !ok || st.constCRC != crc || c.scope != scope {
		return r.s.damaged(tableMeta, id, 0, "state and constants of the scope")
	}
	c.info = newInfo(id, c.info.domain, c.info.uniqueBy)
	key := scopeMetaKey(nil, metaConst, id)
	v := seal(key, c.encode())
	b.put(key, v)
	st.constCRC = sealedCRC(v)
	key = scopeMetaKey(nil, metaState, id)
	b.put(key, seal(key, st.encode(nil)))
	return nil
}
