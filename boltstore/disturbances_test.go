//go:build !windows

package boltstore

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// files is what a disturbance has at hand: the book that is open, in a folder of
// its own, and files of other states and another book.
type files struct {
	*rand.Rand
	path, older, newer, another string
}

// inPlace writes a file over the book, as cp does, or without truncating it
// first, in pieces.
func (f *files) inPlace(from string, truncate bool) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	flag := os.O_WRONLY
	if truncate {
		flag |= os.O_TRUNC
	}
	out, err := os.OpenFile(f.path, flag, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	for at := 0; at < len(data); at += 128 << 10 {
		if _, err := out.WriteAt(data[at:min(at+128<<10, len(data))], int64(at)); err != nil {
			return err
		}
	}
	return nil
}

func (f *files) rename(from string) error {
	temp := f.path + ".temp"
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(temp, data, 0o600), os.Rename(temp, f.path))
}

func (f *files) truncate(size func(int64) int64) error {
	fi, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	return os.Truncate(f.path, size(fi.Size()))
}

// disturbances are what happens to the file of an open book.
var disturbances = []struct {
	name string
	do   func(f *files) error
}{
	{"nothing", func(f *files) error { return nil }},
	{"deleted", func(f *files) error { return os.Remove(f.path) }},
	{"moved", func(f *files) error { return os.Rename(f.path, f.path+".moved") }},
	{"moved, and another one there", func(f *files) error {
		return errors.Join(os.Rename(f.path, f.path+".moved"), f.rename(f.another))
	}},
	{"replaced by an older copy", func(f *files) error { return f.rename(f.older) }},
	{"replaced by a newer copy", func(f *files) error { return f.rename(f.newer) }},
	{"replaced by another book", func(f *files) error { return f.rename(f.another) }},
	{"replaced by text", func(f *files) error {
		return errors.Join(os.WriteFile(f.path+".temp", []byte("no book\n"), 0o600), os.Rename(f.path+".temp", f.path))
	}},
	{"replaced by a folder", func(f *files) error { return errors.Join(os.Remove(f.path), os.Mkdir(f.path, 0o700)) }},
	{"replaced by a link", func(f *files) error { return errors.Join(os.Remove(f.path), os.Symlink(f.older, f.path)) }},
	{"truncated to nothing", func(f *files) error { return f.truncate(func(int64) int64 { return 0 }) }},
	{"truncated to a page", func(f *files) error { return f.truncate(func(int64) int64 { return pageSize }) }},
	{"truncated to the meta pages", func(f *files) error { return f.truncate(func(int64) int64 { return 2 * pageSize }) }},
	{"truncated in the middle", func(f *files) error { return f.truncate(func(n int64) int64 { return f.Int64N(n) }) }},
	{"truncated at the end", func(f *files) error { return f.truncate(func(n int64) int64 { return n - 1 - f.Int64N(3*pageSize) }) }},
	{"truncated and made as long again", func(f *files) error {
		fi, err := os.Stat(f.path)
		if err != nil {
			return err
		}
		return errors.Join(os.Truncate(f.path, 0), os.Truncate(f.path, fi.Size()))
	}},
	{"older copy in place", func(f *files) error { return f.inPlace(f.older, true) }},
	{"older copy in place, not truncated", func(f *files) error { return f.inPlace(f.older, false) }},
	{"newer copy in place", func(f *files) error { return f.inPlace(f.newer, true) }},
	{"newer copy in place, not truncated", func(f *files) error { return f.inPlace(f.newer, false) }},
	{"another book in place", func(f *files) error { return f.inPlace(f.another, true) }},
	{"another book in place, not truncated", func(f *files) error { return f.inPlace(f.another, false) }},
	{"first page overwritten", func(f *files) error {
		out, err := os.OpenFile(f.path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = out.WriteAt([]byte(strings.Repeat("text ", 1000)), 0)
		return errors.Join(err, out.Close())
	}},
	{"folder renamed", func(f *files) error { return os.Rename(filepath.Dir(f.path), filepath.Dir(f.path)+".renamed") }},
	{"folder renamed, and another one there", func(f *files) error {
		dir := filepath.Dir(f.path)
		return errors.Join(os.Rename(dir, dir+".renamed"), os.Mkdir(dir, 0o700), f.rename(f.older))
	}},
	{"folder deleted", func(f *files) error { removeAll(filepath.Dir(f.path)); return nil }},
	{"folder replaced by a file", func(f *files) error {
		dir := filepath.Dir(f.path)
		return errors.Join(os.Rename(dir, dir+".renamed"), os.WriteFile(dir, nil, 0o600))
	}},
	{"permissions of the file taken away", func(f *files) error { return os.Chmod(f.path, 0) }},
	{"permissions of the folder taken away", func(f *files) error { return os.Chmod(filepath.Dir(f.path), 0) }},
	{"folder made read-only", func(f *files) error { return os.Chmod(filepath.Dir(f.path), 0o500) }},
}
