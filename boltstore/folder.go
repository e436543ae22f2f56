package boltstore

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
