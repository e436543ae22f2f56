package boltstore

import "syscall"

// networkOf returns the name of the file system of a folder if that is on
// another machine, else "".
func networkOf(dir string) string {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return ""
	}
	var name []byte
	for _, c := range st.Fstypename {
		if c == 0 {
			break
		}
		name = append(name, byte(c))
	}
	return networkType[string(name)]
}
