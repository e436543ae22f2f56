package boltstore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// DefaultPath returns where a user's own book is kept when nothing else is
// said:
//
//	Linux, BSD   $XDG_DATA_HOME/contacts/contacts.db, or else
//	             ~/.local/share/contacts/contacts.db
//	macOS        ~/Library/Application Support/contacts/contacts.db
//	Windows      %LOCALAPPDATA%\contacts\contacts.db
//
// None of these folders is one that synchronising programs copy behind the
// store's back. DefaultPath creates nothing; the folder may not exist. It
// returns an error where the environment does not say who the user is.
func DefaultPath() (string, error) {
	dir, err := dataDir(runtime.GOOS, os.Getenv, os.UserHomeDir)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "contacts", "contacts.db"), nil
}

// dataDir returns the folder for a user's data on the operating system goos.
func dataDir(goos string, getenv func(string) string, home func() (string, error)) (string, error) {
	switch goos {
	case "windows":
		if dir := getenv("LOCALAPPDATA"); filepath.IsAbs(dir) {
			return dir, nil
		}
		return "", errors.New("contacts: no default path: %LOCALAPPDATA% is not set")
	case "darwin", "ios":
		dir, err := home()
		if err != nil {
			return "", errors.New("contacts: no default path: $HOME is not set")
		}
		return filepath.Join(dir, "Library", "Application Support"), nil
	}
	// By the XDG rules a path that is not absolute is to be ignored.
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	dir, err := home()
	if err != nil {
		return "", errors.New("contacts: no default path: neither $XDG_DATA_HOME nor $HOME is set")
	}
	return filepath.Join(dir, ".local", "share"), nil
}
