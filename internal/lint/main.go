// Command lint holds the packages of the library to the promises that a
// compiler does not: they end no process and print nothing, every goroutine has
// somebody who ends it, bbolt is called where a fault is caught, and bytes that
// live in a transaction do not outlive it.
//
//	go build -o lint . && go vet -vettool=$PWD/lint PACKAGES
//
// .ci/lint runs it on the library's packages. Code that has a reason says so with
// a directive, always with the reason behind it, on the line of the code or the one
// above it:
//
//	//contacts:panics REASON    a panic that is meant: somebody recovers it, or it is the caller's bug
//	//contacts:owner WHO        who ends a goroutine
//	//contacts:nofault REASON   a call to bbolt that does not read the map
//	//contacts:guarded WHO      in the doc comment of a function, or of a function type: who calls
//	                            it inside a guard; everything in the package that uses it is
//	                            held to that
//	//contacts:borrows UNTIL    in the doc comment of a function: its results, or what it keeps,
//	                            belong to a transaction until then; its callers are held to that
//
// Tests are not looked at.
package main

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() { unitchecker.Main(quiet, owner, guard, borrow) }

// directives are the directives of a package.
type directives struct {
	fset *token.FileSet
	at   map[place]string // on that line, or the one below it
}

type place struct {
	file string
	line int
	name string
}

// readDirectives finds the directives of a package. One without a reason does not
// count: see has.
func readDirectives(pass *analysis.Pass) directives {
	d := directives{pass.Fset, map[place]string{}}
	for _, f := range sources(pass) {
		for _, group := range f.Comments {
			for _, c := range group.List {
				name, reason, ok := parseDirective(c)
				if !ok {
					continue
				}
				p := pass.Fset.Position(c.Pos())
				d.at[place{p.Filename, p.Line, name}] = reason
			}
		}
	}
	return d
}

// parseDirective splits //contacts:NAME REASON.
func parseDirective(c *ast.Comment) (name, reason string, ok bool) {
	text, ok := strings.CutPrefix(c.Text, "//contacts:")
	name, reason, _ = strings.Cut(text, " ")
	return name, strings.TrimSpace(reason), ok
}

// has reports whether the code at pos bears a directive, with a reason.
func (d directives) has(pos token.Pos, name string) bool {
	p := d.fset.Position(pos)
	for _, line := range []int{p.Line, p.Line - 1} {
		if d.at[place{p.Filename, line, name}] != "" {
			return true
		}
	}
	return false
}

// documented reports whether a doc comment has a directive, with a reason.
func documented(doc *ast.CommentGroup, name string) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if n, reason, ok := parseDirective(c); ok && n == name && reason != "" {
			return true
		}
	}
	return false
}

// sources returns the files of a package that are not tests.
func sources(pass *analysis.Pass) []*ast.File {
	var files []*ast.File
	for _, f := range pass.Files {
		if !strings.HasSuffix(pass.Fset.Position(f.Package).Filename, "_test.go") {
			files = append(files, f)
		}
	}
	return files
}

// walk calls fn for the nodes of the package's sources with those they stand in,
// outermost first; fn says whether to go into the node.
func walk(pass *analysis.Pass, fn func(n ast.Node, stack []ast.Node) bool) {
	for _, f := range sources(pass) {
		var stack []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return true
			}
			if !fn(n, stack) {
				return false
			}
			stack = append(stack, n)
			return true
		})
	}
}
