package main

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

// borrow keeps bytes that live in a transaction from outliving it: what bbolt's
// buckets and cursors return, what Get of a Snapshot returns and Scan passes to
// its function. They may not be
//
//   - returned by an exported function or method,
//   - stored in a field of a receiver, in a map, in a package's variable, or
//     behind a pointer from elsewhere, or sent on a channel,
//   - assigned to a variable from outside of a function literal,
//
// directly, in a list or another larger value, or by a function of the package that they
// are passed to. Copies (bytes.Clone, append, string(..)) are nobody's. A
// function with //contacts:borrows may do all that, and its results are borrowed
// for its callers in the package.
//
// It looks at one package at a time and follows values of types that hold byte
// slices. It does not follow them into interfaces, through fields of anything but
// local variables, captured by closures that are kept, or into functions of other
// packages and function values, which are believed not to keep what they are
// given; what such return is as borrowed as their arguments are.
var borrow = &analysis.Analyzer{
	Name: "borrow",
	Doc:  "report bytes of a transaction that may outlive it",
	Run:  runBorrow,
}

// origin says where a value may come from: a bit for each parameter of the
// function, and one for a transaction.
type origin uint64

const transaction origin = 1 << 63

func param(i int) origin { return 1 << min(i, 62) }

// A summary is what a function does to what it is given.
type summary struct {
	results []origin
	kept    origin   // parameters that it keeps
	into    []origin // what it stores behind each pointer that it is given
}

type borrowPass struct {
	*analysis.Pass
	licensed map[types.Object]bool // functions with the directive
	sums     map[*ssa.Function]*summary
	captured map[*ssa.FreeVar]bool // borrowed where the closure was made
	yields   map[*ssa.Function]bool
	changed  bool
}

func runBorrow(pass *analysis.Pass) (any, error) {
	if !concerned(pass.Pkg) {
		return nil, nil
	}
	b := &borrowPass{
		Pass: pass, licensed: map[types.Object]bool{}, sums: map[*ssa.Function]*summary{},
		captured: map[*ssa.FreeVar]bool{}, yields: map[*ssa.Function]bool{},
	}
	walk(pass, func(n ast.Node, _ []ast.Node) bool {
		if f, ok := n.(*ast.FuncDecl); ok && documented(f.Doc, "borrows") {
			b.licensed[pass.TypesInfo.Defs[f.Name]] = true
		}
		return true
	})
	all := functions(pass)
	for _, f := range all {
		b.sums[f] = &summary{results: make([]origin, f.Signature.Results().Len()), into: make([]origin, len(f.Params))}
	}
	for b.changed = true; b.changed; {
		b.changed = false
		for _, f := range all {
			(&flow{borrowPass: b, f: f}).run()
		}
	}
	for _, f := range all {
		(&flow{borrowPass: b, f: f, report: true}).run()
	}
	return nil, nil
}

// functions builds the package's functions in SSA form and returns those of its
// sources, with the literals in them. (The analyzer buildssa would have all
// packages that this one imports analysed first.)
func functions(pass *analysis.Pass) []*ssa.Function {
	prog := ssa.NewProgram(pass.Fset, 0)
	for _, p := range pass.Pkg.Imports() {
		prog.CreatePackage(p, nil, nil, true)
	}
	prog.CreatePackage(pass.Pkg, pass.Files, pass.TypesInfo, false).Build()
	var all []*ssa.Function
	var add func(f *ssa.Function)
	add = func(f *ssa.Function) {
		all = append(all, f)
		for _, literal := range f.AnonFuncs {
			add(literal)
		}
	}
	for _, file := range sources(pass) {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				if f := prog.FuncValue(pass.TypesInfo.Defs[d.Name].(*types.Func)); f != nil {
					add(f)
				}
			}
		}
	}
	return all
}

// concerned reports whether a package can have to do with transactions: it
// declares Snapshot or imports who does, or bbolt.
func concerned(p *types.Package) bool {
	lender := func(p *types.Package) bool {
		s := p.Scope().Lookup("Snapshot")
		return p.Path() == bbolt || s != nil && types.IsInterface(s.Type())
	}
	return lender(p) || slices.ContainsFunc(p.Imports(), lender)
}

// licensedFor reports whether f, or the function that f is a literal in, bears
// the directive.
func (b *borrowPass) licensedFor(f *ssa.Function) bool {
	for ; f != nil; f = f.Parent() {
		if b.licensed[f.Object()] {
			return true
		}
	}
	return false
}

// holds reports whether values of type t can hold byte slices of others.
func holds(t types.Type) bool { return holdsIn(t, nil) }

func holdsIn(t types.Type, seen []types.Type) bool {
	for _, s := range seen {
		if s == t {
			return false
		}
	}
	seen = append(seen, t)
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return isByte(u.Elem()) || holdsIn(u.Elem(), seen)
	case *types.Array:
		return holdsIn(u.Elem(), seen)
	case *types.Pointer:
		return holdsIn(u.Elem(), seen)
	case *types.Map:
		return holdsIn(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			if holdsIn(u.Field(i).Type(), seen) {
				return true
			}
		}
	case *types.Tuple:
		for i := range u.Len() {
			if holdsIn(u.At(i).Type(), seen) {
				return true
			}
		}
	}
	return false
}

func isByte(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.Uint8
}

// lends reports whether fn hands out bytes of a transaction: as results, or to
// the function that is its last argument.
func lends(fn *types.Func) (results, toFunc bool) {
	recv := fn.Signature().Recv()
	if recv == nil || fn.Pkg() == nil {
		return false, false
	}
	t := recv.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := t.(*types.Named)
	if !ok {
		return false, false
	}
	name := named.Obj().Name() + "." + fn.Name()
	if fn.Pkg().Path() == bbolt {
		switch name {
		case "Bucket.Get", "Cursor.First", "Cursor.Last", "Cursor.Next", "Cursor.Prev", "Cursor.Seek":
			return true, false
		case "Bucket.ForEach", "Bucket.ForEachBucket", "Tx.ForEach":
			return false, true
		}
		return false, false
	}
	if types.IsInterface(named) {
		return name == "Snapshot.Get", name == "Snapshot.Scan"
	}
	return false, false
}
