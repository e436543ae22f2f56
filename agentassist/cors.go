package agentassist

import (
	"net/http"
	"strings"
)

// What pages of allowed origins may send and see.
var (
	corsMethods = strings.Join([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}, ", ")
	corsHeaders = strings.Join([]string{HeaderToken, HeaderAccount, "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID",
		HeaderIdempotencyKey, HeaderRequestID}, ", ")
	corsExposed = strings.Join([]string{"ETag", HeaderRequestID, "Retry-After"}, ", ")
)

// corsMaxAge is how long, in seconds, a browser may remember a preflight.
const corsMaxAge = "600"

// crossOrigin tells a browser what pages of other origins may do, where
// Options.AllowOrigins has any. It reports whether the request was a preflight,
// which it has answered.
func (h *Handler) crossOrigin(w http.ResponseWriter, r *http.Request) bool {
	if len(h.opt.AllowOrigins) == 0 {
		return false
	}
	head := w.Header()
	head.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !h.allowsOrigin(origin) {
		return false
	}
	head.Set("Access-Control-Allow-Origin", origin) // no cookies are used, so none are asked for
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		head.Set("Access-Control-Expose-Headers", corsExposed)
		return false
	}
	head.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	head.Set("Access-Control-Allow-Methods", corsMethods)
	head.Set("Access-Control-Allow-Headers", corsHeaders)
	head.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}
