package kvstore

// NewPlain gives tests of the contract the plain engine.
func NewPlain() Engine { return newPlain() }
