package boltstore

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapHead maps the first n bytes of f, which shows what anybody writes there.
// It returns nil where that cannot be had.
func mapHead(f *os.File, n int) []byte {
	m, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY, 0, uint32(n), nil)
	if err != nil {
		return nil
	}
	defer func() { _ = windows.CloseHandle(m) }() // the view keeps it
	at, err := windows.MapViewOfFile(m, windows.FILE_MAP_READ, 0, 0, uintptr(n))
	if err != nil {
		return nil
	}
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), n)
}

func unmapHead(b []byte) {
	if b != nil {
		_ = windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	}
}
