package boltstore

import "flag"

var long = flag.Bool("long", false, "run the long forms of the proofs in RELIABILITY.md")
var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0: a new one")
