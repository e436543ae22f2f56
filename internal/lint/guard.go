package main

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"
)

// guard keeps calls to bbolt where a fault of the mapped file is caught. Such
// code is:
//
//   - a function literal that is an argument of a function or method named Guard
//     or guarded, and a method value in its place;
//   - what follows debug.SetPanicOnFault(true) and a deferred recover in a
//     function, which is a guard itself then;
//   - a function, method or function type whose doc comment says
//     //contacts:guarded. Its use in the package is held to the same; its use
//     through an interface, as kvstore uses a Snapshot, is not seen: there the
//     directive names who calls it.
//
// A function literal that stands in such code counts as part of it, wherever it
// runs in the end; but for a goroutine, which no guard but its own covers.
var guard = &analysis.Analyzer{
	Name: "guard",
	Doc:  "report calls to bbolt whose fault would end the process",
	Run:  runGuard,
}

const bbolt = "go.etcd.io/bbolt"

// harmless are the methods of bbolt that read no more than its own variables.
var harmless = map[string]bool{
	"DB.Path": true, "DB.String": true, "DB.GoString": true, "DB.IsReadOnly": true, "DB.Stats": true,
	"Tx.ID": true, "Tx.DB": true, "Tx.Writable": true, "Tx.Size": true, "Tx.Stats": true, "Tx.Cursor": true,
	"Bucket.Tx": true, "Bucket.Cursor": true, "Bucket.Writable": true, "Bucket.Root": true, "Cursor.Bucket": true,
}

// faults reports whether fn reads a mapped file of bbolt's.
func faults(fn *types.Func) bool {
	if fn.Pkg() == nil || fn.Pkg().Path() != bbolt {
		return false
	}
	recv := fn.Signature().Recv()
	if recv == nil {
		return fn.Name() == "Open" || fn.Name() == "Compact"
	}
	name := types.TypeString(recv.Type(), func(*types.Package) string { return "" })
	name = strings.TrimPrefix(name, "*")
	switch name {
	case "DB", "Tx", "Bucket", "Cursor":
		return !harmless[name+"."+fn.Name()]
	}
	return false
}

type guardPass struct {
	*analysis.Pass
	directives
	marked map[types.Object]bool // functions and function types with the directive
}

func runGuard(pass *analysis.Pass) (any, error) {
	g := &guardPass{pass, readDirectives(pass), map[types.Object]bool{}}
	walk(pass, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if documented(n.Doc, "guarded") {
				g.marked[pass.TypesInfo.Defs[n.Name]] = true
			}
		case *ast.TypeSpec:
			decl, ok := stack[len(stack)-1].(*ast.GenDecl)
			if documented(n.Doc, "guarded") || ok && documented(decl.Doc, "guarded") {
				g.marked[pass.TypesInfo.Defs[n.Name]] = true
			}
		}
		return true
	})
	walk(pass, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if fn, ok := pass.TypesInfo.Uses[n].(*types.Func); ok {
				g.use(n, fn, stack)
			}
		case *ast.CallExpr:
			if t := pass.TypesInfo.TypeOf(n.Fun); t != nil && g.isMarked(t) && !g.inside(n, stack) {
				pass.Reportf(n.Pos(), "a %s is called outside of a guard", types.TypeString(t, types.RelativeTo(pass.Pkg)))
			}
		}
		return true
	})
	return nil, nil
}

// use judges one mention of a function.
func (g *guardPass) use(id *ast.Ident, fn *types.Func, stack []ast.Node) {
	var what string
	switch {
	case faults(fn):
		what = "may fault on a damaged file"
	case g.marked[fn.Origin()]:
		what = "is to be called"
	default:
		return
	}
	if !g.has(id.Pos(), "nofault") && !g.inside(id, stack) {
		g.Reportf(id.Pos(), "%s %s: outside of a guard", fn.Name(), what)
	}
}

func (g *guardPass) isMarked(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && g.marked[named.Origin().Obj()]
}

// inside reports whether n, which stands in stack, is part of guarded code, or
// is handed to somebody who calls it there.
func (g *guardPass) inside(n ast.Node, stack []ast.Node) bool {
	child := n
	for i := len(stack) - 1; i >= 0; i-- {
		switch p := stack[i].(type) {
		case *ast.CallExpr:
			if _, lit := child.(*ast.FuncLit); (lit || g.isValue(child)) && child != p.Fun && g.handed(p, child) {
				return true
			}
		case *ast.ReturnStmt:
			if _, lit := child.(*ast.FuncLit); (lit || g.isValue(child)) && g.returned(p, child, stack[:i]) {
				return true
			}
		case *ast.GoStmt:
			return false
		case *ast.FuncLit:
			if selfGuarded(g.Pass, p.Body, n) {
				return true
			}
		case *ast.FuncDecl:
			return documented(p.Doc, "guarded") || p.Body != nil && selfGuarded(g.Pass, p.Body, n)
		}
		child = stack[i]
	}
	return false
}

// isValue reports whether n is a mention of a function that does not call it.
func (g *guardPass) isValue(n ast.Node) bool {
	switch e := n.(type) {
	case *ast.Ident:
		_, ok := g.TypesInfo.Uses[e].(*types.Func)
		return ok
	case *ast.SelectorExpr:
		_, ok := g.TypesInfo.Uses[e.Sel].(*types.Func)
		return ok
	}
	return false
}

// handed reports whether arg is an argument of call that is called in a guard.
func (g *guardPass) handed(call *ast.CallExpr, arg ast.Node) bool {
	if fn := typeutil.Callee(g.TypesInfo, call); fn != nil && (fn.Name() == "Guard" || fn.Name() == "guarded") {
		return true
	}
	if tv := g.TypesInfo.Types[call.Fun]; tv.IsType() {
		return g.isMarked(tv.Type) // a conversion
	}
	sig, ok := g.TypesInfo.TypeOf(call.Fun).Underlying().(*types.Signature)
	for i, a := range call.Args {
		if ok && a == arg && i < sig.Params().Len() {
			return g.isMarked(sig.Params().At(i).Type())
		}
	}
	return false
}

// returned reports whether result is returned as a function type that is called
// in a guard.
func (g *guardPass) returned(ret *ast.ReturnStmt, result ast.Node, stack []ast.Node) bool {
	for i := len(stack) - 1; i >= 0; i-- {
		var t types.Type
		switch f := stack[i].(type) {
		case *ast.FuncLit:
			t = g.TypesInfo.TypeOf(f)
		case *ast.FuncDecl:
			t = g.TypesInfo.Defs[f.Name].Type()
		default:
			continue
		}
		results := t.(*types.Signature).Results()
		for j, r := range ret.Results {
			if r == result && j < results.Len() {
				return g.isMarked(results.At(j).Type())
			}
		}
		return false
	}
	return false
}

// selfGuarded reports whether body has faults panic and recovers from them
// before n.
func selfGuarded(pass *analysis.Pass, body *ast.BlockStmt, n ast.Node) bool {
	var panics, recovers bool
	for _, s := range body.List {
		if s.Pos() >= n.Pos() {
			break
		}
		if _, ok := s.(*ast.DeferStmt); ok {
			recovers = recovers || mentions(pass, s, func(o types.Object) bool { return o == types.Universe.Lookup("recover") })
			continue
		}
		panics = panics || mentions(pass, s, func(o types.Object) bool {
			fn, ok := o.(*types.Func)
			return ok && fn.FullName() == "runtime/debug.SetPanicOnFault"
		})
	}
	return panics && recovers
}

func mentions(pass *analysis.Pass, n ast.Node, is func(types.Object) bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && is(pass.TypesInfo.Uses[id]) {
			found = true
		}
		return !found
	})
	return found
}
