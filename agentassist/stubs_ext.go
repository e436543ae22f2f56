package agentassist

import (
	"net/http"
)

// To be replaced: extensions.go, export.go, events.go, openapi.go (with openapi.json)

func (c *call) get() error        { return nil }
func (c *call) lookup() error     { return nil }
func (c *call) search() error     { return nil }
func (c *call) restore() error    { return nil }
func (c *call) merge() error      { return nil }
func (c *call) duplicates() error { return nil }
func (c *call) export() error     { return nil }
func (c *call) events() error     { return nil }

func (h *Handler) openAPI(w http.ResponseWriter, r *http.Request) {}

