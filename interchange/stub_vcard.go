package interchange

import "io"

// To be built by the owner of vCard, who removes this file.
func newVCardReader(r io.Reader, l *Limits) (rowReader, error) { return nil, io.ErrUnexpectedEOF }
func newVCardWriter(version string) rowWriter                  { return nil }
