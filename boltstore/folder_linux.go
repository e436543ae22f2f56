package boltstore

import (
	"io"
	"os"
	"syscall"
)

// networkOf returns the name of the file system of a folder if that is on
// another machine, else "".
func networkOf(dir string) string {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return ""
	}
	magic := uint32(st.Type)
	if magic != fuseMagic {
		return networkMagic[magic]
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	info, _ := io.ReadAll(io.LimitReader(f, 1<<20))
	return networkFuse(mountAt(string(info), dir))
}
