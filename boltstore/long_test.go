package boltstore

import (
	"flag"
	"math/rand/v2"
	"testing"
)

var long = flag.Bool("long", false, "run the long forms of the proofs in RELIABILITY.md")
var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0: a new one")

// testSeed returns the seed of a random test, and prints it.
func testSeed(t *testing.T) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64() | 1
	}
	t.Logf("seed %d", seed)
	return seed
}
