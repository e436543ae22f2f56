package judge

import "github.com/callerbook/contacts"

// Head is by which rules a scope is indexed.
type Head struct {
	Index      contacts.IndexVersion
	Reindexing bool // between IndexBegin and IndexEnd
}

// Step judges what a batch says of the index, and takes its phase. It reports
// whether h is another then. puts says that the batch has a Put.
func (h *Head) Step(b *contacts.Batch, puts bool) (changed bool, err error) {
	stale := &contacts.IndexError{Have: b.Index, Want: h.Index}
	if b.Phase == contacts.IndexBegin {
		if b.Index.Generation < h.Index.Generation {
			return false, stale
		}
		changed = !h.Reindexing || h.Index != b.Index
		h.Index, h.Reindexing = b.Index, true
	}
	if b.Index != h.Index || h.Reindexing && !b.Reindexing && b.Phase == contacts.IndexSame && puts {
		return false, stale
	}
	if b.Phase == contacts.IndexEnd && h.Reindexing {
		h.Reindexing, changed = false, true
	}
	return changed, nil
}
