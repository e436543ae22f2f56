package agentassist

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strconv"
)

//go:embed openapi.json
var openAPI []byte

// openAPI answers the description of the API, OpenAPI 3.1, as it stands in the
// file openapi.json.
func (h *Handler) openAPI(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.fail(w, r, h.unrouted(w, r))
		return
	}
	sum := sha256.Sum256(openAPI)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])
	header := w.Header()
	header.Set("ETag", `"`+tag+`"`)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	if asked, err := parseTags(r.Header.Values("If-None-Match")); err == nil && asked.has(tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(openAPI)))
	_, _ = w.Write(openAPI)
}
