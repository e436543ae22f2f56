package boltstore

// Info is what Open found out about a file.
type Info struct {
	// Path is the file, as an absolute path.
	Path string

	// Created says that there was no file and Open made one.
	Created bool

	// Clean says that whoever had the file last closed it in order, and that
	// nobody changed it since. After a crash, a power cut or a kill it is
	// false, and nothing to worry about.
	Clean bool

	// Full says that the whole file was read; else it was looked at as
	// VerifyAuto says.
	Full bool

	// OlderState says that one of the two meta pages was damaged, so that
	// the state in the other one was opened. It may be the one before the last
	// commit. Tokens, cursors and ETags from before are of another epoch then,
	// once the store has been opened for writing.
	OlderState bool

	// Format is the version of the file's layout before it was opened. Open
	// migrates an older one, unless it is to read only.
	Format int

	// Folder says of what kind the file's folder is.
	Folder Folder

	// Warnings say, in words for the user, what of the above is not as it
	// should be. Usually there is none.
	Warnings []string
}

// Info returns what Open found out about the file.
func (s *Store) Info() Info { return s.engine.info }

// note notes what was found out when the file was judged.
func (i *Info) note(j judged) {
	i.Clean, i.Full, i.OlderState, i.Format = j.clean, j.full, j.older, j.format
	if j.older {
		i.Warnings = append(i.Warnings, "One of the two pages that say where the contacts are was damaged. "+
			"The state that the other one has was opened; the last change before may be missing.")
	}
}
