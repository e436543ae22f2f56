package boltstore

var systemFiles []struct {
	name string
	make func(path string) error
	want error
}
