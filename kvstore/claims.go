package kvstore

import (
	"bytes"

	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// judge decides whether the writes of p may happen, and plans them. An error
// says that none of them may.
func (g *group) judge(d *draft, p *prepare.Batch) error {
	g.serial++
	if cap(g.plans) < len(p.Writes) {
		g.plans = make([]plan, len(p.Writes))
	}
	g.plans = g.plans[:len(p.Writes)]
	clear(g.plans)
	d.judge = judge.Judge{View: judged{g, d}, Scope: d.next.info.id, Serial: g.serial, Empty: d.next.newScope}
	if err := d.judge.Writes(p, func(i int) *judge.Plan { return &g.plans[i].Plan }); err != nil {
		return err
	}
	for i := range p.Writes {
		pl := &g.plans[i]
		if err := g.planChanges(d, &p.Writes[i], pl); err != nil {
			return err
		}
		if pl.Action.Event() {
			d.events++
		}
	}
	return nil
}

// judged is what the group shows of the scope of a draft: see judge.View.
type judged struct {
	g *group
	d *draft
}

func (v judged) Line(l phone.Line) (*judge.Line, error) { return v.g.line(v.d.next.info, l) }

func (v judged) Damaged(seq uint64, what string) error {
	return v.g.s.damaged(tableRecord, v.d.next.info.id, seq, what)
}

// Contact finds the record of w's contact.
//
//contacts:borrows for the plan, until the group's snapshot is released
func (v judged) Contact(w *prepare.Write, pl *judge.Plan) error {
	g, s, id := v.g, v.g.s, v.d.next.info.id
	g.key = appendIDKey(g.key[:0], id, w.ID)
	ident := len(appendTable(g.value[:0], tableID, id))
	at, ok, err := g.sn.Get(g.key)
	if err != nil || !ok {
		return err
	}
	if pl.Seq, ok = takeLastOrd(at); !ok {
		return s.damaged(tableID, id, 0, "a position that cannot be read")
	}
	if pl.Stored, pl.CRC, err = s.recordAt(g.sn, id, pl.Seq, &g.recordKey); err != nil {
		return err
	}
	if !bytes.Equal(record.IdentOf(pl.Stored), g.key[ident:]) {
		return s.damaged(tableID, id, pl.Seq, "an id leads to another contact")
	}
	return nil
}

func (v judged) Name(seq uint64) (id, name string, err error) {
	body, _, err := v.g.s.recordAt(v.g.sn, v.d.next.info.id, seq, &v.g.recordKey)
	if err != nil {
		return "", "", err
	}
	id, name, ok := record.DecodeName(body)
	if !ok {
		err = v.Damaged(seq, "a record that cannot be read")
	}
	return id, name, err
}

// line returns the claimers of a line in the domain of a scope.
func (g *group) line(info *scopeInfo, line phone.Line) (*judge.Line, error) {
	ref := lineRef{info.domain, line}
	ls := g.lines[ref]
	if ls != nil {
		return ls, nil
	}
	ls = &judge.Line{}
	bad := false
	from := appendHoldersKey(g.key[:0], info.domain, line, kindClaim)
	to := append(g.value[:0], from...)
	to[len(to)-1]++
	err := g.sn.Scan(from, to, false, func(key, _ []byte) bool {
		scope, rest, ok := takeOrd(key[len(from):])
		seq, ok2 := takeLastOrd(rest)
		bad = !ok || !ok2
		ls.Holders = append(ls.Holders, judge.Holder{Scope: scope, Seq: seq})
		return !bad
	})
	g.key, g.value = from, to
	if err == nil && bad {
		err = g.s.damaged(tableLine, info.domain, 0, "a key that cannot be read")
	}
	if err != nil {
		return nil, err
	}
	g.lines[ref] = ls
	return ls, nil
}
