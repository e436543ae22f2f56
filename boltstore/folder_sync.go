package boltstore

import (
	"encoding/json"
	"path"
	"strings"
)

// A syncFinder finds out whether a program synchronises a folder, from names
// and from files that such programs leave. It decides on names that are exact
// and in the place where the programs have them: a folder "dropbox-api" in
// somebody's sources is no Dropbox.
type syncFinder struct {
	goos   string // paths are as on this system
	home   string
	getenv func(string) string
	exists func(path string) bool
	link   func(path string) bool    // there is a symbolic link
	names  func(dir string) []string // names in a folder, not more than some thousands
	read   func(path string) []byte  // content of a small file, nil if there is none
}

// maxFolders bounds the folders that are looked at on the way up.
const maxFolders = 64

// find returns the name of the program that synchronises dir, or "".
func (s *syncFinder) find(dir string) string {
	dir = s.slashed(dir)
	if name := s.told(dir); name != "" {
		return name
	}
	for range maxFolders {
		if name := s.judge(dir); name != "" {
			return name
		}
		parent := path.Dir(dir)
		if parent == dir || s.isRoot(dir) {
			return ""
		}
		dir = parent
	}
	return ""
}

// slashed returns a path with slashes, without one at its end but for a root's.
func (s *syncFinder) slashed(p string) string {
	if s.goos == "windows" {
		p = strings.TrimPrefix(strings.ReplaceAll(p, `\`, "/"), "//?/")
	}
	if p == "" {
		return ""
	}
	return path.Clean(p)
}

// same compares names as the system does.
func (s *syncFinder) same(a, b string) bool {
	if s.goos == "windows" || s.goos == "darwin" {
		return strings.EqualFold(a, b)
	}
	return a == b
}

// within reports whether dir is root or below it. A root that is relative, or
// that of a disk, says nothing.
func (s *syncFinder) within(dir, root string) bool {
	root = s.slashed(root)
	if len(root) < 4 || root[0] != '/' && root[1] != ':' {
		return false
	}
	return s.same(dir, root) || len(dir) > len(root) && dir[len(root)] == '/' && s.same(dir[:len(root)], root)
}

// told looks at what programs say of their folders in the environment and in
// their settings.
func (s *syncFinder) told(dir string) string {
	if s.goos == "windows" {
		for _, name := range []string{"OneDrive", "OneDriveCommercial", "OneDriveConsumer"} {
			if s.within(dir, s.getenv(name)) {
				return "OneDrive"
			}
		}
	}
	settings := []string{s.home + "/.dropbox/info.json"}
	if s.goos == "windows" {
		settings = []string{s.getenv("APPDATA") + "/Dropbox/info.json", s.getenv("LOCALAPPDATA") + "/Dropbox/info.json"}
	}
	for _, file := range settings {
		var accounts map[string]struct {
			Path string `json:"path"`
		}
		if json.Unmarshal(s.read(s.slashed(file)), &accounts) != nil {
			continue
		}
		for _, a := range accounts {
			if s.within(dir, a.Path) {
				return "Dropbox"
			}
		}
	}
	return ""
}

// judge looks at one folder alone.
func (s *syncFinder) judge(dir string) string {
	parent, base := path.Dir(dir), path.Base(dir)
	if s.goos == "darwin" || s.goos == "ios" {
		if name := s.judgeMac(dir, parent, base); name != "" {
			return name
		}
	}
	if s.beginsHome(parent) {
		for _, f := range syncFolders {
			if s.same(base, f.name) && (f.goos == "" || strings.Contains(f.goos, s.goos)) {
				return f.program
			}
		}
		if len(base) > len("OneDrive - ") && s.same(base[:len("OneDrive - ")], "OneDrive - ") {
			return "OneDrive"
		}
		if len(base) > len("Dropbox ()") && s.same(base[:len("Dropbox (")], "Dropbox (") && base[len(base)-1] == ')' {
			return "Dropbox"
		}
	}
	if s.isHome(dir) {
		return "" // what is in it are settings
	}
	for _, m := range syncMarkers {
		if s.exists(path.Join(dir, m.name)) {
			return m.program
		}
	}
	if s.isRoot(dir) {
		return ""
	}
	for _, name := range s.names(dir) {
		if isCloudJournal(name) {
			return "Nextcloud or ownCloud"
		}
	}
	return ""
}

// judgeMac looks at the places that macOS has for such programs.
func (s *syncFinder) judgeMac(dir, parent, base string) string {
	switch {
	case s.same(path.Base(parent), "CloudStorage") && s.same(path.Base(path.Dir(parent)), "Library"):
		provider, _, _ := strings.Cut(base, "-")
		for _, f := range syncFolders {
			if s.same(strings.ReplaceAll(f.name, " ", ""), provider) {
				return f.program
			}
		}
		return provider
	case s.same(base, "Mobile Documents") && s.same(path.Base(parent), "Library"):
		return "iCloud"
	case s.isHome(parent) && (s.same(base, "Documents") || s.same(base, "Desktop")) &&
		s.link(path.Join(parent, "Library/Mobile Documents/com~apple~CloudDocs", base)):
		return "iCloud" // which has taken over both
	}
	return ""
}

// syncFolders are the folders that programs make, in the home folder or at the
// root of a disk, if nobody says otherwise.
var syncFolders = []struct {
	name    string
	program string
	goos    string // where; "" is everywhere
}{
	{"OneDrive", "OneDrive", ""},
	{"Dropbox", "Dropbox", ""},
	{"iCloudDrive", "iCloud", "windows"},
	{"iCloud Drive", "iCloud", "windows darwin"},
	{"Google Drive", "Google Drive", ""},
	{"GoogleDrive", "Google Drive", ""},
	{"Box", "Box", "windows darwin"},
	{"Box Sync", "Box", "windows darwin"},
	{"Nextcloud", "Nextcloud", ""},
	{"ownCloud", "ownCloud", ""},
	{"Resilio Sync", "Resilio Sync", ""},
	{"pCloudDrive", "pCloud", ""},
	{"pCloud Drive", "pCloud", "windows darwin"},
	{"pCloud Sync", "pCloud", ""},
	{"MEGA", "MEGA", ""},
	{"MEGAsync", "MEGA", ""},
}

// syncMarkers are what programs leave in the folder that they synchronise.
var syncMarkers = []struct{ name, program string }{
	{".dropbox.cache", "Dropbox"},
	{".stfolder", "Syncthing"},
	{".sync/ID", "Resilio Sync"},
	{".sync/IgnoreList", "Resilio Sync"},
	{".owncloudsync.log", "ownCloud"},
	{".nextcloudsync.log", "Nextcloud"},
	{".megaignore", "MEGA"},
	{".tmp.drivedownload", "Google Drive"},
	{".tmp.driveupload", "Google Drive"},
	{".shortcut-targets-by-id", "Google Drive"},
}

// isCloudJournal reports whether a name is that of the journal that Nextcloud
// and ownCloud keep: ".sync_" or "._sync_", hexadecimal digits and ".db".
func isCloudJournal(name string) bool {
	id, ok := strings.CutPrefix(strings.Replace(name, "._sync_", ".sync_", 1), ".sync_")
	id, ok2 := strings.CutSuffix(id, ".db")
	return ok && ok2 && len(id) >= 8 && strings.Trim(id, "0123456789abcdef") == ""
}

// isRoot reports whether a folder is the root of a disk.
func (s *syncFinder) isRoot(dir string) bool {
	switch s.goos {
	case "windows":
		return len(dir) <= 3 && len(dir) >= 2 && dir[1] == ':'
	case "darwin", "ios":
		return dir == "/" || path.Dir(dir) == "/Volumes"
	}
	return dir == "/"
}

// isHome reports whether a folder is somebody's home folder.
func (s *syncFinder) isHome(dir string) bool {
	if home := s.slashed(s.home); home != "" && s.same(dir, home) {
		return true
	}
	parent := path.Dir(dir)
	switch s.goos {
	case "windows":
		return len(parent) == len("C:/Users") && s.same(parent[1:], ":/Users")
	case "darwin", "ios":
		return parent == "/Users"
	}
	return parent == "/home"
}

// beginsHome reports whether a folder is one in which programs make theirs: a
// home folder, or, but on Unix, the root of a disk.
func (s *syncFinder) beginsHome(dir string) bool {
	return s.isHome(dir) || dir != "/" && s.isRoot(dir)
}
