// Package interop holds the vCards that package interchange writes against another
// reader, github.com/emersion/go-vcard. It is a module of its own, so that the
// other reader is nobody else's dependency.
package interop
