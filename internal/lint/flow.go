package main

import (
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// flow follows borrowed bytes through one function.
type flow struct {
	*borrowPass
	f      *ssa.Function
	report bool
	from   map[ssa.Value]origin
	more   bool // from grew
}

func (w *flow) run() {
	w.from = map[ssa.Value]origin{}
	for i, p := range w.f.Params {
		if holds(p.Type()) {
			w.from[p] = param(i)
			if w.yields[w.f] {
				w.from[p] |= transaction
			}
		}
	}
	for _, v := range w.f.FreeVars {
		if w.captured[v] {
			w.from[v] = transaction
		}
	}
	// A value may come by a loop from below: until nothing is new.
	report := w.report
	w.report = false
	for w.more = true; w.more; {
		w.more = false
		w.pass()
	}
	if w.report = report; report {
		w.pass()
	}
}

func (w *flow) pass() {
	for _, block := range w.f.Blocks {
		for _, in := range block.Instrs {
			w.instruction(in)
		}
	}
}

// set notes that v may come from o.
func (w *flow) set(v ssa.Value, o origin) {
	if holds(v.Type()) && w.from[v]|o != w.from[v] {
		w.from[v] |= o
		w.more = true
	}
}

// note adds o to a summary.
func (w *flow) note(sum *origin, o origin) {
	if *sum|o != *sum {
		*sum |= o
		w.changed = true
	}
}

func (w *flow) instruction(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.Call:
		w.call(in, &in.Call)
	case *ssa.Defer:
		w.call(nil, &in.Call)
	case *ssa.Go:
		w.call(nil, &in.Call)
	case *ssa.Return:
		w.returns(in)
	case *ssa.Store:
		if o := w.from[in.Val]; o != 0 && holds(in.Val.Type()) {
			w.store(in.Addr, o, in.Pos())
		}
	case *ssa.MapUpdate:
		if o := w.from[in.Value]; o != 0 {
			w.keeps(o, in.Pos(), "put into a map")
		}
	case *ssa.Send:
		if o := w.from[in.X]; o != 0 {
			w.keeps(o, in.Pos(), "sent on a channel")
		}
	case *ssa.MakeClosure:
		fn := in.Fn.(*ssa.Function)
		for i, v := range in.Bindings {
			if w.from[v]&transaction != 0 && !w.captured[fn.FreeVars[i]] {
				w.captured[fn.FreeVars[i]] = true
				w.changed = true
			}
		}
	case *ssa.Phi:
		for _, e := range in.Edges {
			w.set(in, w.from[e])
		}
	case *ssa.Extract:
		// The results of a call are known one by one.
		if call, ok := in.Tuple.(*ssa.Call); ok {
			w.set(in, w.result(call, in.Index))
		} else {
			w.set(in, w.from[in.Tuple])
		}
	case *ssa.UnOp:
		w.set(in, w.from[in.X]|w.from[root(in.X)])
	case *ssa.FieldAddr, *ssa.IndexAddr, *ssa.Field, *ssa.Index, *ssa.Lookup, *ssa.Slice, *ssa.ChangeType, *ssa.Convert,
		*ssa.Range, *ssa.Next, *ssa.SliceToArrayPointer:
		w.set(in.(ssa.Value), w.from[*in.Operands(nil)[0]])
	}
}

// root returns what an address is part of.
func root(addr ssa.Value) ssa.Value {
	for {
		switch a := addr.(type) {
		case *ssa.FieldAddr:
			addr = a.X
		case *ssa.IndexAddr:
			addr = a.X
		case *ssa.Slice:
			addr = a.X
		case *ssa.UnOp:
			if a.Op != token.MUL {
				return addr
			}
			addr = a.X // what a pointer or a list in it leads to
		default:
			return addr
		}
	}
}

// store judges a store of what comes from o.
func (w *flow) store(addr ssa.Value, o origin, pos token.Pos) {
	switch r := root(addr).(type) {
	case *ssa.Alloc:
		w.set(r, o)
		if w.from[r]|o != w.from[r] { // a type that holds no bytes of its own
			w.from[r] |= o
			w.more = true
		}
	case *ssa.Parameter:
		for i, p := range w.f.Params {
			if p != r {
				continue
			}
			if i == 0 && w.f.Signature.Recv() != nil {
				w.keeps(o, pos, "stored in the receiver")
			} else {
				w.note(&w.sums[w.f].into[i], o&^param(i))
			}
		}
	case *ssa.FreeVar:
		w.keeps(o, pos, "assigned to a variable from outside of the function literal")
	case *ssa.Global:
		w.keeps(o, pos, "stored in a variable of the package")
	case *ssa.MakeSlice:
		w.set(r, o)
	default:
		w.keeps(o, pos, "stored behind a pointer")
	}
}

// keeps notes that what comes from o is kept.
func (w *flow) keeps(o origin, pos token.Pos, how string) {
	if w.licensedFor(w.f) {
		return
	}
	w.note(&w.sums[w.f].kept, o&^transaction)
	if w.report && o&transaction != 0 {
		w.Reportf(pos, "bytes of a transaction are %s: copy them, or say //contacts:borrows", how)
	}
}

// returns judges a return.
func (w *flow) returns(in *ssa.Return) {
	for i, v := range in.Results {
		o := w.from[v]
		if o == 0 || !holds(v.Type()) {
			continue
		}
		w.note(&w.sums[w.f].results[i], o)
		obj := w.f.Object()
		if w.report && o&transaction != 0 && obj != nil && obj.Exported() && !w.licensedFor(w.f) {
			w.Reportf(in.Pos(), "bytes of a transaction are returned from %s: copy them, or say //contacts:borrows", obj.Name())
		}
	}
}

// call judges the arguments of a call, and what it stores behind them.
func (w *flow) call(v *ssa.Call, c *ssa.CallCommon) {
	if fn := called(c); fn != nil {
		if _, toFunc := lends(fn); toFunc && len(c.Args) > 0 {
			w.lend(c.Args[len(c.Args)-1])
		}
	}
	if sum := w.sums[c.StaticCallee()]; sum != nil {
		callee := c.StaticCallee()
		for i, arg := range c.Args {
			if o := w.from[arg]; o != 0 && sum.kept&param(i) != 0 {
				w.keeps(o, c.Pos(), "kept by "+callee.Name())
			}
			if o := w.actual(sum.into[i], c.Args); o != 0 {
				w.store(arg, o, c.Pos())
			}
		}
	}
	if v != nil && v.Type() != nil {
		if _, tuple := v.Type().(*types.Tuple); !tuple {
			w.set(v, w.result(v, 0))
		}
	}
}

// lend marks a function literal as one that is called with borrowed bytes.
func (w *flow) lend(fn ssa.Value) {
	if c, ok := fn.(*ssa.MakeClosure); ok {
		fn = c.Fn
	}
	if ct, ok := fn.(*ssa.ChangeType); ok {
		fn = ct.X
	}
	if f, ok := fn.(*ssa.Function); ok && !w.yields[f] {
		w.yields[f] = true
		w.changed = true
	}
}

// called returns the function or method of a call, nil if it is a value.
func called(c *ssa.CallCommon) *types.Func {
	if c.IsInvoke() {
		return c.Method
	}
	if f := c.StaticCallee(); f != nil {
		fn, _ := f.Object().(*types.Func)
		return fn
	}
	return nil
}

// actual translates origins of a callee into those of its caller.
func (w *flow) actual(o origin, args []ssa.Value) origin {
	got := o & transaction
	for i, arg := range args {
		if o&param(i) != 0 {
			got |= w.from[arg]
		}
	}
	return got
}

// result returns where result i of a call may come from.
func (w *flow) result(v *ssa.Call, i int) origin {
	c := &v.Call
	results := c.Signature().Results()
	if i >= results.Len() || !holds(results.At(i).Type()) {
		return 0
	}
	if b, ok := c.Value.(*ssa.Builtin); ok {
		if b.Name() != "append" {
			return 0
		}
		o := w.from[c.Args[0]]
		list, ok := results.At(0).Type().Underlying().(*types.Slice)
		if len(c.Args) == 2 && (!ok || holds(list.Elem())) {
			o |= w.from[c.Args[1]] // not copied, but for bytes
		}
		return o
	}
	if fn := called(c); fn != nil {
		if r, _ := lends(fn); r {
			return transaction
		}
		if w.licensed[fn] {
			return transaction
		}
		if copies(fn) {
			return 0
		}
	}
	if sum := w.sums[c.StaticCallee()]; sum != nil {
		return w.actual(sum.results[i], c.Args)
	}
	var o origin
	for _, arg := range c.Args {
		if holds(arg.Type()) {
			o |= w.from[arg]
		}
	}
	return o
}

// copies reports whether what a function of another package returns is new.
func copies(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() {
	case "bytes", "slices":
		switch fn.Name() {
		case "Clone", "Join", "Repeat", "ToLower", "ToUpper", "Concat":
			return true
		}
	}
	return strings.HasPrefix(fn.Name(), "Append")
}
