//go:build race

package phone_test

// raceEnabled: the race detector makes phonenumbers ten times slower, and
// nothing in the differential tests is concurrent.
const raceEnabled = true
