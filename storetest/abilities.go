package storetest

import (
	"bytes"
	"errors"
	"io"

	"github.com/callerbook/contacts"
)

var abilityRules = []rule{
	{
		"backup",
		"Backup writes a copy of the store, without keeping writers waiting while w is slow, and returns w's error",
		backup,
	},
	{
		"compact",
		"Compact changes nothing that can be read",
		compact,
	},
}

// gate is a writer that lets nobody through until it is opened.
type gate struct {
	reached chan struct{} // receives once, at the first Write
	open    chan struct{}
	written int
}

func (g *gate) Write(p []byte) (int, error) {
	select {
	case g.reached <- struct{}{}:
	default:
	}
	<-g.open
	g.written += len(p)
	return len(p), nil
}

type fullDisk struct{ error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.error }

func backup(t *tester) {
	b, ok := t.s.(contacts.Backuper)
	t.need(ok && !errors.Is(b.Backup(t.ctx, io.Discard), contacts.ErrUnsupported), "Backuper")
	t.crowd(50)
	var copied bytes.Buffer
	t.ok(b.Backup(t.ctx, &copied), "Backup")
	t.want(copied.Len() > 0, "Backup wrote nothing")

	full := errors.New("the disk is full")
	t.is(b.Backup(t.ctx, fullDisk{full}), "Backup to a writer that fails", full)

	g := &gate{reached: make(chan struct{}, 1), open: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- b.Backup(t.ctx, g) }()
	select {
	case <-g.reached:
	case err := <-done:
		t.failf("Backup to a slow writer: wrote nothing, error %v", err)
	}
	t.create(person("amid", "Backup"), person("amid2", "Backup"))
	t.get("amid")
	close(g.open)
	t.ok(<-done, "Backup to a slow writer")
	t.want(g.written > 0, "Backup wrote nothing to a slow writer")
}

func compact(t *tester) {
	c, ok := t.s.(contacts.Compacter)
	t.need(ok && !errors.Is(c.Compact(t.ctx), contacts.ErrUnsupported), "Compacter")
	t.crowd(60)
	for _, h := range t.find(contacts.Query{Order: contacts.ByChange, Limit: 20}) {
		t.apply(purge(h.Contact.Revision, h.Contact.ID))
	}
	before := t.reads()
	t.ok(c.Compact(t.ctx), "Compact")
	t.sameReads(t.reads(), before)
	t.apply(person("after", "Compact", 11))
	t.holders(11, "after")
}
