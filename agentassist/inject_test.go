package agentassist

import (
	"net/http"

	"github.com/callerbook/contacts"
)

// ServeHTTP serves as the app of the tests, whatever the token.
func (f *fixed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	for _, one := range routes {
		mux.HandleFunc(one.method+" "+Base+"{streamId}"+one.path, func(w http.ResponseWriter, r *http.Request) {
			scope := contacts.Scope{Account: r.Header.Get(HeaderAccount), Stream: r.PathValue("streamId")}
			book, err := f.bookOf(r.Context(), scope)
			if err == nil {
				err = one.serve(&call{f.Handler, w, r, &App{ID: fixedApp}, book.As(contacts.Actor{ID: fixedApp})})
			}
			if err != nil {
				f.fail(w, r, err)
			}
		})
	}
	mux.ServeHTTP(w, r)
}
