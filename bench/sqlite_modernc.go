package main

import (
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite" // registers "sqlite"
)

func openModernc(path string) (*sql.DB, error) {
	return sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate&_pragma=cache_size(%d)", path, cachePages))
}
