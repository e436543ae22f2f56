package interchange

import "io"

// To be built by the owner of JSON Lines, who removes this file.
func newJSONReader(r io.Reader, l *Limits) (rowReader, error) { return nil, io.ErrUnexpectedEOF }
func newJSONWriter() rowWriter                                { return nil }
