//go:build race

package contacts_test

const raceEnabled = true
