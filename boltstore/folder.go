package boltstore

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// FolderPolicy says what Open does with a file in a folder that is on the
// network (NFS, SMB, ..), or that a program synchronises with other machines
// (OneDrive, Dropbox, iCloud, ..). The first kind loses locks and writes, the second
// copies files while they are written, and puts older copies back.
type FolderPolicy int

const (
	FolderWarn   FolderPolicy = iota // open it, and say so in Info.Warnings
	FolderRefuse                     // fail with ErrFolder
	FolderAllow                      // open it and say nothing
)

// Folder says of what kind a folder is, as far as the system and its name
// tell. The zero Folder is an ordinary local one.
type Folder struct {
	Network bool   // its file system is on another machine
	Synced  bool   // a program copies it to other machines
	Name    string // what makes it so: "NFS", "SMB", "OneDrive", "Dropbox", ..
}

// folderOf says of what kind the folder of the file at path is, which is
// absolute and without links. What cannot be found out counts as ordinary.
func folderOf(path string) Folder {
	dir := filepath.Dir(path)
	if name := networkOf(dir); name != "" {
		return Folder{Network: true, Name: name}
	}
	home, _ := os.UserHomeDir()
	s := &syncFinder{
		goos: runtime.GOOS, home: home, getenv: os.Getenv,
		exists: func(path string) bool { _, err := os.Lstat(path); return err == nil },
		link:   func(path string) bool { fi, err := os.Lstat(path); return err == nil && fi.Mode()&os.ModeSymlink != 0 },
		names:  someNames, read: readSmall,
	}
	if name := s.find(dir); name != "" {
		return Folder{Synced: true, Name: name}
	}
	return Folder{}
}

// judgeFolder notes of what kind the folder is, and warns or refuses as the
// options say.
func (e *engine) judgeFolder() error {
	e.info.Folder = folderOf(e.path)
	problem := e.info.Folder.problem()
	if problem == "" || e.options.Folder == FolderAllow {
		return nil
	}
	const advice = "keep the book in a folder of this computer alone"
	if e.options.Folder == FolderRefuse {
		return &fileError{path: e.name, text: "its " + problem + "; " + advice, errs: []error{ErrFolder}}
	}
	e.info.Warnings = append(e.info.Warnings, "The book's "+problem+": "+advice+".")
	return nil
}

// problem says what may happen in a folder of that kind; "" where it is an
// ordinary one.
func (f Folder) problem() string {
	switch {
	case f.Network:
		return fmt.Sprintf("folder is on the network (%s), where two programs can write to a book at once and the last changes can be lost", f.Name)
	case f.Synced:
		return fmt.Sprintf("folder is synchronised by %s, which can copy the book while it is written and put an older copy in its place", f.Name)
	}
	return ""
}

// maxNames bounds the names that are looked at in one folder.
const maxNames = 4096

// someNames returns the names in a folder, or the first of them.
func someNames(dir string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(maxNames)
	return names
}

// readSmall returns the content of a small regular file, or nil.
func readSmall(path string) []byte {
	const most = 64 << 10
	fi, err := os.Stat(path)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > most {
		return nil
	}
	data, _ := os.ReadFile(path)
	return data
}
