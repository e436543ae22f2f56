package boltstore

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// networkOf returns the name of the file system of a folder if that is on
// another machine, else "".
func networkOf(dir string) string {
	volume := filepath.VolumeName(dir)
	if name := networkShare(volume); name != "" {
		return name
	}
	root, err := windows.UTF16PtrFromString(volume + `\`)
	if err == nil && windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		return "a network drive"
	}
	return ""
}
