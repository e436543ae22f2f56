// Package linear holds tests of what a book says to many at once: every
// history of concurrent calls must be one that the same calls, one after the
// other, could have had, each of them at some moment between its beginning and
// its end (linearizability). The checker is porcupine.
//
// Several clients write, delete, merge and look up contacts that fight for one
// to three numbers. What each call was told, refusals included, goes to the
// checker with a model of the book, which is the reading of the contract that
// the test stands on; see model_test.go. Stores that lie are in mutant_test.go:
// the checker has to find each of them out.
//
//	go test ./bench/linear                                   # 1,000 histories, and 100 on each of others
//	go test ./bench/linear -linear.histories 20000
//	go test ./bench/linear -linear.seed 17                   # the same calls again
//
// The seed repeats what the clients do, not how the machine interleaves it.
package linear
