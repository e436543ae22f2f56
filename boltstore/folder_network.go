package boltstore

import "strings"

// fuseMagic is the type of file systems that programs provide, in statfs.
const fuseMagic = 0x65735546

// networkMagic has the types of file systems that are on another machine, or on
// the host of a virtual one, as statfs of Linux tells them.
var networkMagic = map[uint32]string{
	0x6969:     "NFS",
	0x517B:     "SMB",
	0xFF534D42: "SMB", // cifs
	0xFE534D42: "SMB", // smb2
	0x5346414F: "AFS",
	0x6B414653: "AFS",
	0x73757245: "Coda",
	0x564C:     "NCP",
	0x01021997: "9P",
	0x00C36400: "Ceph",
	0x0BD00BD0: "Lustre",
	0x01161970: "GFS2",
	0x7461636F: "OCFS2",
	0x47504653: "GPFS",
	0x19830326: "BeeGFS",
	0x20030528: "OrangeFS",
	0xAAD7AAEA: "PanFS",
	0x786F4256: "a shared folder of VirtualBox",
	0xBACBACBC: "a shared folder of VMware",
	0x7C7C6673: "a shared folder of Parallels",
}

// networkType has the names of such file systems that macOS tells.
var networkType = map[string]string{
	"nfs":    "NFS",
	"smbfs":  "SMB",
	"cifs":   "SMB",
	"afpfs":  "AFP",
	"webdav": "WebDAV",
	"ftp":    "FTP",
}

// fuseTypes has the programs that bring a file system from another machine.
// Others, such as ntfs-3g, encfs and bindfs, are local.
var fuseTypes = map[string]string{
	"sshfs":                  "SSHFS",
	"rclone":                 "rclone",
	"s3fs":                   "S3",
	"goofys":                 "S3",
	"mount-s3":               "S3",
	"mountpoint-s3":          "S3",
	"gcsfuse":                "Google Cloud Storage",
	"blobfuse":               "Azure Storage",
	"blobfuse2":              "Azure Storage",
	"google-drive-ocamlfuse": "Google Drive",
	"gdfuse":                 "Google Drive",
	"gdrive":                 "Google Drive",
	"onedriver":              "OneDrive",
	"gvfsd-fuse":             "GVFS",
	"kio-fuse":               "KIO",
	"davfs":                  "WebDAV",
	"davfs2":                 "WebDAV",
	"curlftpfs":              "FTP",
	"smbnetfs":               "SMB",
	"glusterfs":              "GlusterFS",
	"ceph":                   "Ceph",
	"ceph-fuse":              "Ceph",
	"juicefs":                "JuiceFS",
	"seaweedfs":              "SeaweedFS",
	"mfs":                    "MooseFS",
	"moosefs":                "MooseFS",
	"lizardfs":               "LizardFS",
	"vmhgfs-fuse":            "a shared folder of VMware",
}

// mount is one line of /proc/self/mountinfo.
type mount struct{ point, kind, source string }

// mountAt returns the mount that dir is in. Of several at one place the last
// lies over the others.
func mountAt(mountinfo, dir string) (at mount) {
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		head, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(head) < 5 || len(tail) < 2 {
			continue
		}
		point := unescapeMount(head[4])
		if len(point) >= len(at.point) && (dir == point || strings.HasPrefix(dir, strings.TrimSuffix(point, "/")+"/")) {
			at = mount{point, tail[0], unescapeMount(tail[1])}
		}
	}
	return at
}

// unescapeMount undoes the escapes of mountinfo: \ and three octal digits.
func unescapeMount(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			n, ok := 0, true
			for _, d := range []byte(text[i+1 : i+4]) {
				n, ok = n*8+int(d-'0'), ok && d >= '0' && d <= '7'
			}
			if ok && n < 256 {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// networkFuse returns the name of a file system of FUSE if that is on another
// machine, else "".
func networkFuse(m mount) string {
	if kind, ok := strings.CutPrefix(m.kind, "fuse."); ok {
		return fuseTypes[kind]
	}
	// Older programs say who they are in the source: "sshfs#user@host:/".
	if program, _, ok := strings.Cut(m.source, "#"); ok {
		return fuseTypes[program]
	}
	if strings.HasPrefix(m.source, "https://") || strings.HasPrefix(m.source, "http://") {
		return "WebDAV"
	}
	return ""
}

// networkShare returns the kind of a volume of Windows that is the name of a
// share, such as \\server\share, else "".
func networkShare(volume string) string {
	volume = strings.ReplaceAll(volume, "/", `\`)
	rest, ok := strings.CutPrefix(volume, `\\`)
	if !ok {
		return ""
	}
	if device, ok := strings.CutPrefix(rest, `?\`); ok {
		if len(device) < 4 || !strings.EqualFold(device[:4], `UNC\`) {
			return ""
		}
		rest = device[4:]
	}
	server, _, _ := strings.Cut(rest, `\`)
	switch {
	case server == "." || server == "":
		return ""
	case strings.EqualFold(server, "wsl$"), strings.EqualFold(server, "wsl.localhost"):
		return "WSL"
	}
	return "SMB"
}
