package contacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// flawed is a store that reads other contacts than were written.
type flawed struct {
	*memstore.Store
	contact func(*contacts.Contact)
	hits    func([]contacts.Hit) []contacts.Hit
	events  func([]contacts.Event) []contacts.Event
	stat    func(*contacts.Stat)
}

func (f flawed) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := f.Store.Find(ctx, scope, q)
	if f.contact != nil && len(p.Hits) > 0 {
		f.contact(&p.Hits[0].Contact)
	}
	if f.hits != nil {
		p.Hits = f.hits(p.Hits)
	}
	return p, err
}

func (f flawed) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	list, err := f.Store.Events(ctx, scope, after, limit)
	if f.events != nil {
		list = f.events(list)
	}
	return list, err
}

func (f flawed) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	st, err := f.Store.Stat(ctx, scope)
	if f.stat != nil && st.Last > 0 {
		f.stat(&st)
	}
	return st, err
}

// changes yields functions that each change one thing in a value of that type.
func changes(at reflect.Value, path string) iter.Seq2[string, func()] {
	return func(yield func(string, func()) bool) {
		walk(at, path, yield)
	}
}

func walk(v reflect.Value, path string, yield func(string, func()) bool) bool {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		return yield(path, func() { *x = x.Add(time.Millisecond) })
	case *json.RawMessage:
		return yield(path, func() { *x = json.RawMessage(`"other"`) })
	case *string:
		return yield(path, func() { *x += "x" })
	case *contacts.Status:
		return yield(path, func() { *x += "x" })
	case *uint64:
		return yield(path, func() { *x++ })
	case *bool:
		return yield(path, func() { *x = !*x })
	case *map[string]string:
		return yield(path, func() { (*x)["k"] += "x" })
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && !walk(v.Field(i), path+"."+f.Name, yield) {
				return false
			}
		}
	case reflect.Slice:
		if !yield(path+" longer", func() { v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem()))) }) {
			return false
		}
		if v.Len() > 0 {
			return walk(v.Index(0), path+"[0]", yield)
		}
	default:
		panic("what of " + path)
	}
	return true
}

// TestCopyDetects: whatever a store loses or changes is found by verification.
func TestCopyDetects(t *testing.T) {
	src := newStore(t)
	fillScope(t, src, busyScope)
	only := &contacts.CopyOptions{Scopes: []contacts.Scope{busyScope}}
	detect := func(what string, f flawed) {
		t.Helper()
		f.Store = memstore.New()
		if _, err := contacts.Copy(ctx, f, src, only); !errors.Is(err, contacts.ErrCopyDiffers) {
			t.Errorf("%s: the error is %v", what, err)
		} else if _, err = contacts.Copy(ctx, f, src, only); !errors.Is(err, contacts.ErrNotEmpty) {
			t.Errorf("%s: run again, the error is %v", what, err)
		} else if strings.ContainsAny(err.Error(), "@ä") || strings.Contains(err.Error(), "98765") {
			t.Errorf("%s: %v", what, err)
		}
	}
	sample := must(src.Find(ctx, busyScope, contacts.Query{Order: contacts.ByCreation}))(t).Hits[0].Contact
	fields := 0
	for path := range changes(reflect.ValueOf(&sample).Elem(), "") {
		if path == ".AccountID" || path == ".StreamID" || path == ".OrgID" {
			continue // stores do not keep them
		}
		fields++
		change := func(c *contacts.Contact) {
			*c = c.Clone()
			for p, fn := range changes(reflect.ValueOf(c).Elem(), "") {
				if p == path {
					fn()
					return
				}
			}
			t.Errorf("there is no %s", path)
		}
		detect("contact"+path, flawed{contact: change})
		detect("event"+path, flawed{events: func(list []contacts.Event) []contacts.Event {
			if len(list) > 0 && (path != ".ID" && path != ".Revision") { // the event's own count
				change(&list[0].Contact)
			} else if len(list) > 0 {
				list[0].Created++
			}
			return list
		}})
		dst := flawed{Store: memstore.New(), contact: change}
		_, err := contacts.Copy(ctx, plain{dst}, src, only)
		if path == ".Revision" {
			if err != nil { // is new there
				t.Error(err)
			}
		} else if !errors.Is(err, contacts.ErrCopyDiffers) {
			t.Errorf("%s, without Load: the error is %v", path, err)
		}
	}
	if fields < 40 {
		t.Errorf("only %d fields", fields)
	}
	detect("position", flawed{hits: func(l []contacts.Hit) []contacts.Hit {
		if len(l) > 0 {
			l[0].Created++
		}
		return l
	}})
	detect("lost contact", flawed{hits: func(l []contacts.Hit) []contacts.Hit { return l[:max(len(l)-1, 0)] }})
	detect("contact twice", flawed{hits: func(l []contacts.Hit) []contacts.Hit { return append(l, l[len(l)-1]) }})
	detect("lost event", flawed{events: func(l []contacts.Event) []contacts.Event { return l[min(len(l), 1):] }})
	for _, change := range []func(*contacts.Event){
		func(e *contacts.Event) { e.ID += "x" },
		func(e *contacts.Event) { e.Created++ },
		func(e *contacts.Event) { e.Contact.UpdatedBy += "x" },
		func(e *contacts.Event) { e.Contact.UpdatedByAID += "x" },
		func(e *contacts.Event) { e.Contact.MergedInto += "x" },
		func(e *contacts.Event) { e.Purged = false },
		func(e *contacts.Event) { e.Blank, e.Purged = false, false },
	} {
		detect("purge", flawed{events: func(l []contacts.Event) []contacts.Event {
			for i := range l {
				if l[i].Purged {
					change(&l[i])
				}
			}
			return l
		}})
	}
	for _, change := range []func(*contacts.Stat){
		func(s *contacts.Stat) { s.First++ },
		func(s *contacts.Stat) { s.Last++ },
		func(s *contacts.Stat) { s.Active++ },
		func(s *contacts.Stat) { s.Settings = nil },
		func(s *contacts.Stat) { s.UniqueBy = contacts.UniqueByAccount },
	} {
		detect("stat", flawed{stat: change})
	}
}

// TestCopyDamagedSource: a source that lists less than it counts is not
// copied.
func TestCopyDamagedSource(t *testing.T) {
	for name, src := range map[string]*flawed{
		"contact": {hits: func(l []contacts.Hit) []contacts.Hit { return l[1:] }},
		"event":   {events: func(l []contacts.Event) []contacts.Event { return l[min(len(l), 1):] }},
	} {
		src.Store = memstore.New()
		fillScope(t, src, busyScope)
		dst := newStore(t)
		_, err := contacts.Copy(ctx, dst, src, nil)
		wantErr(t, err, contacts.ErrDamaged)
		if st := must(dst.Stat(ctx, busyScope))(t); st.Epoch != "" {
			t.Errorf("%s: it left %+v", name, st)
		}
	}
}
