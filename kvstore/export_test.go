package kvstore

// NewPlain gives tests of the contract the plain engine.
func NewPlain() Engine { return newPlain() }

// NewDisk returns a Store whose engine has files to sort in, with memory for few
// entries.
func NewDisk() (*Store, error) {
	s, err := New(&diskEngine{plainEngine: newPlain()}, nil)
	if err == nil {
		s.pileMemory = 10_000
	}
	return s, err
}
