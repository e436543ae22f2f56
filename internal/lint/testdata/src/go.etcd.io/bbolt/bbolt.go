// Package bbolt stands for the real one.
package bbolt

type (
	DB     struct{}
	Tx     struct{}
	Bucket struct{}
	Cursor struct{}
)

func Open(string) (*DB, error)                        { return nil, nil }
func (*DB) Path() string                              { return "" }
func (*DB) Close() error                              { return nil }
func (*DB) Begin(bool) (*Tx, error)                   { return nil, nil }
func (*DB) View(func(*Tx) error) error                { return nil }
func (*Tx) ID() int                                   { return 0 }
func (*Tx) Rollback() error                           { return nil }
func (*Tx) Bucket([]byte) *Bucket                     { return nil }
func (*Bucket) Cursor() *Cursor                       { return nil }
func (*Bucket) Get([]byte) []byte                     { return nil }
func (*Bucket) ForEach(func(k, v []byte) error) error { return nil }
func (*Cursor) First() (k, v []byte)                  { return nil, nil }
func (*Cursor) Seek([]byte) (k, v []byte)             { return nil, nil }
