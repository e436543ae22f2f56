package boltstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeSystem is a system of which a syncFinder sees files and an environment.
type fakeSystem struct {
	goos  string
	home  string
	env   map[string]string
	files map[string]string // by path, with slashes; "->" is a link
}

func (f *fakeSystem) find(dir string) string {
	looks := 0
	s := &syncFinder{
		goos: f.goos, home: f.home,
		getenv: func(name string) string { return f.env[name] },
		exists: func(path string) bool { looks++; _, ok := f.files[path]; return ok },
		link:   func(path string) bool { looks++; return f.files[path] == "->" },
		read:   func(path string) []byte { looks++; return []byte(f.files[path]) },
		names: func(dir string) (names []string) {
			looks++
			for path := range f.files {
				if rest, ok := strings.CutPrefix(path, dir+"/"); ok && !strings.Contains(rest, "/") {
					names = append(names, rest)
				}
			}
			return names
		},
	}
	name := s.find(dir)
	if looks > 20*maxFolders {
		panic("unbounded")
	}
	return name
}

// TestSynced looks at folders as they are on three systems.
func TestSynced(t *testing.T) {
	info := `{"personal": {"path": "/data/Team Files", "host": 1, "is_team": false}, "business": {"path": ""}}`
	tests := []struct {
		goos, dir, want string
		file            string // one that is there, with content after "="
	}{
		// OneDrive
		{"windows", `C:\Users\ann\OneDrive\books`, "OneDrive", ""},
		{"windows", `C:\Users\Ann\onedrive`, "OneDrive", ""},
		{"windows", `C:\Users\ann\OneDrive - Acme Inc\Documents\books`, "OneDrive", ""},
		{"windows", `D:\OneDrive\x`, "OneDrive", ""},
		{"windows", `E:\Cloud\Acme\x`, "OneDrive", ""}, // %OneDriveCommercial%
		{"windows", `\\?\E:\cloud\acme`, "OneDrive", ""},
		{"darwin", "/Users/ann/Library/CloudStorage/OneDrive-Personal/x", "OneDrive", ""},
		{"darwin", "/Users/ann/OneDrive", "OneDrive", ""},
		{"linux", "/home/ann/OneDrive/x", "OneDrive", ""},
		{"windows", `E:\Cloud\Acme2\x`, "", ""},
		{"windows", `C:\Users\ann\OneDriveOld`, "", ""},
		{"windows", `C:\Users\ann\AppData\Local\Microsoft\OneDrive\settings`, "", ""},
		{"windows", `C:\src\OneDrive\api`, "", ""},
		{"linux", "/home/ann/src/OneDrive/docs", "", ""},
		{"linux", "/home/ann/onedrive-backup", "", ""},
		{"linux", "/OneDrive", "", ""},
		// Dropbox
		{"linux", "/home/ann/Dropbox/x", "Dropbox", ""},
		{"linux", "/home/ann/Dropbox (Acme)/x", "Dropbox", ""},
		{"windows", `C:\Users\ann\Dropbox`, "Dropbox", ""},
		{"darwin", "/Users/ann/Library/CloudStorage/Dropbox", "Dropbox", ""},
		{"linux", "/data/Team Files/x", "Dropbox", "/home/ann/.dropbox/info.json=" + info},
		{"linux", "/data/Team Files 2/x", "", "/home/ann/.dropbox/info.json=" + info},
		{"linux", "/data/Team Files/x", "", "/home/ann/.dropbox/info.json={"},
		{"windows", `D:\Work\x`, "Dropbox", `C:/Users/ann/AppData/Local/Dropbox/info.json={"business":{"path":"D:\\Work"}}`},
		{"linux", "/mnt/sync/x/y", "Dropbox", "/mnt/sync/.dropbox.cache"},
		{"linux", "/home/ann/.dropbox/x", "", ""},
		{"linux", "/home/ann/src/dropbox-sdk", "", ""},
		{"linux", "/home/ann/Dropbox.old/x", "", ""},
		{"linux", "/home/ann/dropbox/x", "", ""},
		// iCloud
		{"darwin", "/Users/ann/Library/Mobile Documents/com~apple~CloudDocs/books", "iCloud", ""},
		{"darwin", "/Users/ann/Documents/books", "iCloud", "/Users/ann/Library/Mobile Documents/com~apple~CloudDocs/Documents=->"},
		{"darwin", "/Users/ann/Desktop", "iCloud", "/Users/ann/Library/Mobile Documents/com~apple~CloudDocs/Desktop=->"},
		{"windows", `C:\Users\ann\iCloudDrive\books`, "iCloud", ""},
		{"darwin", "/Users/ann/Documents/books", "", ""},
		{"darwin", "/Users/ann/Documents/books", "", "/Users/ann/Library/Mobile Documents/com~apple~CloudDocs/Documents=a folder"},
		{"darwin", "/Users/ann/Music/Documents/books", "", "/Users/ann/Library/Mobile Documents/com~apple~CloudDocs/Documents=->"},
		{"darwin", "/Users/ann/Library/Application Support/contacts", "", ""},
		// Google Drive
		{"darwin", "/Users/ann/Library/CloudStorage/GoogleDrive-ann@example.com/My Drive", "Google Drive", ""},
		{"windows", `C:\Users\ann\Google Drive\x`, "Google Drive", ""},
		{"windows", `G:\My Drive\books`, "Google Drive", "G:/.shortcut-targets-by-id"},
		{"windows", `C:\Users\ann\My Drive\books`, "Google Drive", "C:/Users/ann/My Drive/.tmp.drivedownload"},
		{"windows", `G:\My Drive\books`, "", ""},
		// Box
		{"windows", `C:\Users\ann\Box\books`, "Box", ""},
		{"darwin", "/Users/ann/Library/CloudStorage/Box-Box/x", "Box", ""},
		{"darwin", "/Users/ann/Box Sync", "Box", ""},
		{"linux", "/home/ann/Box/x", "", ""},
		{"darwin", "/Users/ann/Boxes", "", ""},
		{"darwin", "/Users/ann/work/Box", "", ""},
		// Nextcloud, ownCloud
		{"linux", "/home/ann/Nextcloud/x", "Nextcloud", ""},
		{"linux", "/srv/files/x/y", "ownCloud", "/srv/files/.owncloudsync.log"},
		{"linux", "/srv/files/x/y", "Nextcloud or ownCloud", "/srv/files/._sync_0123456789ab.db"},
		{"windows", `D:\files\x`, "Nextcloud or ownCloud", "D:/files/.sync_0123456789ab.db"},
		{"linux", "/srv/files/x/y", "", "/srv/files/.sync_of_ann.db"},
		{"linux", "/srv/files/x/y", "", "/srv/files/x_sync_0123456789ab.db"},
		// Syncthing, Resilio, pCloud, MEGA, others
		{"linux", "/home/ann/things/x", "Syncthing", "/home/ann/things/.stfolder"},
		{"linux", "/home/ann/things/x", "Resilio Sync", "/home/ann/things/.sync/ID"},
		{"linux", "/home/ann/things/x", "", "/home/ann/things/.sync"},
		{"linux", "/home/ann/x", "", "/home/ann/.sync/ID"}, // where Resilio keeps its settings
		{"linux", "/home/ann/pCloudDrive/x", "pCloud", ""},
		{"darwin", "/Users/ann/pCloud Drive", "pCloud", ""},
		{"linux", "/home/ann/MEGA/x", "MEGA", ""},
		{"linux", "/home/ann/files/x", "MEGA", "/home/ann/files/.megaignore"},
		{"linux", "/home/ann/mega/x", "", ""},
		{"darwin", "/Users/ann/Library/CloudStorage/ProtonDrive-ann/x", "ProtonDrive", ""},
		// Ordinary ones
		{"linux", "/home/ann/.local/share/contacts", "", ""},
		{"windows", `C:\Users\ann\AppData\Local\contacts`, "", ""},
		{"windows", `C:\`, "", ""},
		{"linux", "/", "", ""},
		{"linux", "", "", ""},
		{"linux", "/" + strings.Repeat("x/", 1000), "", ""},
	}
	for _, tt := range tests {
		f := fakeSystem{goos: tt.goos, home: "/home/ann", files: map[string]string{}, env: map[string]string{}}
		switch tt.goos {
		case "windows":
			f.home = `C:\Users\ann`
			f.env = map[string]string{"OneDrive": `C:\Users\ann\OneDrive`, "OneDriveCommercial": `E:\Cloud\Acme\`, "OneDriveConsumer": "",
				"APPDATA": `C:\Users\ann\AppData\Roaming`, "LOCALAPPDATA": `C:\Users\ann\AppData\Local`}
		case "darwin":
			f.home = "/Users/ann"
		}
		if name, content, _ := strings.Cut(tt.file, "="); name != "" {
			f.files[name] = content
		}
		if got := f.find(tt.dir); got != tt.want {
			t.Errorf("%s %s (%s): %q, want %q", tt.goos, tt.dir, tt.file, got, tt.want)
		}
		// A home that is not known hides nothing of the usual ones.
		f.home = ""
		if got := f.find(tt.dir); got != tt.want && !strings.Contains(tt.file, "info.json") {
			t.Errorf("no home: %s %s (%s): %q, want %q", tt.goos, tt.dir, tt.file, got, tt.want)
		}
	}
}

// TestNetworkFolders judges what systems say of file systems.
func TestNetworkFolders(t *testing.T) {
	const mountinfo = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /mnt/server\040one rw shared:5 - fuse.sshfs ann@server:/srv rw,user_id=1000
31 22 0:26 / /mnt/usb rw - fuseblk /dev/sdb1 rw
32 22 0:27 / /mnt/plain rw - fuse.encfs encfs rw
33 22 0:28 / /mnt/dav rw - fuse https://example.com/dav rw
34 22 0:29 / /mnt/old rw - fuse sshfs#ann@server:/ rw
35 22 0:30 / /mnt/twice rw - fuse.rclone drive: rw
36 35 0:31 / /mnt/twice rw - fuse.bindfs /home/ann/x rw
37 22 0:32 / /mnt/twice/in rw - fuse.s3fs s3fs rw
broken line
38 22 0:33 /`
	for dir, want := range map[string]string{
		"/mnt/server one": "SSHFS", "/mnt/server one/x": "SSHFS", "/mnt/server": "", "/mnt/server onex": "",
		"/mnt/usb/x": "", "/mnt/plain": "", "/mnt/dav/books": "WebDAV", "/mnt/old": "SSHFS",
		"/mnt/twice": "", "/mnt/twice/x": "", "/mnt/twice/in/x": "S3", "/": "", "/home/ann": "",
	} {
		if got := networkFuse(mountAt(mountinfo, dir)); got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
	if at := mountAt("", "/x"); at != (mount{}) {
		t.Error(at)
	}
	for magic, want := range map[uint32]string{0x6969: "NFS", 0xFE534D42: "SMB", 0xFF534D42: "SMB", 0x01021997: "9P",
		0xEF53: "", 0x9123683E: "", 0x58465342: "", 0x01021994: "", 0x794C7630: "", 0x2FC12FC1: "", fuseMagic: ""} {
		if got := networkMagic[magic]; got != want {
			t.Errorf("%#x: %q, want %q", magic, got, want)
		}
	}
	for kind, want := range map[string]string{"nfs": "NFS", "smbfs": "SMB", "apfs": "", "hfs": "", "exfat": "", "macfuse": ""} {
		if got := networkType[kind]; got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
	for volume, want := range map[string]string{`\\server\share`: "SMB", `//server/share`: "SMB", `\\?\UNC\server\share`: "SMB",
		`\\wsl.localhost\Debian`: "WSL", `\\wsl$\Debian`: "WSL", `C:`: "", `\\?\C:`: "", `\\.\C:`: "", ``: "", `\\`: ""} {
		if got := networkShare(volume); got != want {
			t.Errorf("%s: %q, want %q", volume, got, want)
		}
	}
}

// TestFolderPolicy opens a book in a folder that is synchronised.
func TestFolderPolicy(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	e := mustOpen(t, path, nil)
	if e.info.Folder.Synced || len(e.info.Warnings) != 0 || !e.info.Created || e.info.Path == "" {
		t.Fatalf("%+v", e.info)
	}
	mustClose(t, e)
	must(t, os.Mkdir(filepath.Join(dir, ".stfolder"), 0o700))
	before := fingerprint(t, path)
	_, err := openEngine(path, &Options{Folder: FolderRefuse}, "")
	if !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "Syncthing") {
		t.Fatal(err)
	}
	if _, err := openEngine(path+"2", &Options{Folder: FolderRefuse}, ""); !errors.Is(err, ErrFolder) {
		t.Fatal(err)
	}
	if fingerprint(t, path) != before {
		t.Error("it changed")
	}
	only(t, dir, "book.db", ".stfolder")
	want := Folder{Synced: true, Name: "Syncthing"}
	for policy, warnings := range map[FolderPolicy]int{FolderWarn: 1, FolderAllow: 0} {
		e := mustOpen(t, path, &Options{Folder: policy})
		if e.info.Folder != want || len(e.info.Warnings) != warnings || e.info.Created {
			t.Errorf("%+v", e.info)
		}
		mustClose(t, e)
	}
}
