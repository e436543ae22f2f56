// Package sqlitedb opens SQLite files with both drivers in the same way: WAL
// with synchronous=FULL, and a cache that is large enough for a large book.
package sqlitedb

import (
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite" // registers "sqlite"
)

const cachePages = -65536 // 64 MiB a connection, as SQLite's 2 MiB are too few for a large book

// Modernc opens the file with the translation of SQLite to Go.
func Modernc(path string) (*sql.DB, error) {
	return sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate&_pragma=cache_size(%d)", path, cachePages))
}

// Mattn opens the file with SQLite itself. It is nil where the program was built
// without cgo.
var Mattn func(path string) (*sql.DB, error)

// HasFTS5 reports whether the SQLite of a driver has FTS5.
func HasFTS5(open func(path string) (*sql.DB, error)) (bool, error) {
	db, err := open(":memory:")
	if err != nil {
		return false, err
	}
	var has bool
	err = db.QueryRow("SELECT count(*) > 0 FROM pragma_module_list WHERE name = 'fts5'").Scan(&has)
	if err2 := db.Close(); err == nil {
		err = err2
	}
	return has, err
}
