//go:build cgo

package sqlitedb

import (
	"database/sql"
	"fmt"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"
)

func init() {
	Mattn = func(path string) (*sql.DB, error) {
		return sql.Open("sqlite3", fmt.Sprintf("file:%s?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate&_cache_size=%d", path, cachePages))
	}
}
