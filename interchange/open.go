package interchange

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// input is a source that is being read, as often as it takes.
type input struct {
	size  atomic.Int64 // -1 where that is not known yet
	start int64
	seek  io.ReadSeeker // nil: the copy is read
	copy  spool
	read  atomic.Int64 // in this pass
}

var errUsed = errors.New("interchange: this source was read to its end and cannot be read again: give a new one")

// open makes a source ready. One that cannot seek is copied first.
func (in *input) open(ctx context.Context, s *Source, tempDir string) error {
	in.size.Store(-1)
	if seek, ok := s.r.(io.ReadSeeker); ok {
		start, err := seek.Seek(0, io.SeekCurrent)
		if err == nil {
			end, err := seek.Seek(0, io.SeekEnd)
			if err == nil {
				_, err = seek.Seek(start, io.SeekStart)
			}
			if err == nil && end > start { // devices say that they are empty
				in.seek, in.start = seek, start
				in.size.Store(end - start)
				return nil
			}
		}
	}
	if s.used {
		return errUsed
	}
	in.copy.dir = tempDir
	n, err := io.Copy(&in.copy, in.counted(ctx, s.r))
	s.used = n > 0
	if err != nil {
		return err
	}
	in.size.Store(in.copy.size())
	return nil
}

// pass returns the file from its beginning.
func (in *input) pass(ctx context.Context) (io.Reader, error) {
	in.read.Store(0)
	if in.seek == nil {
		return in.counted(ctx, io.NewSectionReader(&in.copy, 0, in.copy.size())), nil
	}
	_, err := in.seek.Seek(in.start, io.SeekStart)
	return in.counted(ctx, in.seek), err
}

// close leaves a file where it stood, and removes the copy.
func (in *input) close() error {
	if in.seek != nil {
		_, err := in.seek.Seek(in.start, io.SeekStart)
		return err
	}
	return in.copy.close()
}

// counted counts what is read, and ends with the context.
func (in *input) counted(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(p)
		in.read.Add(int64(n))
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// detectBytes is how much of a file tells its format.
const detectBytes = 4096

// detect returns the format that the beginning of a file is in.
func detect(head []byte) Format {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			head = head[len(mark):]
			break
		}
	}
	head = bytes.ReplaceAll(head, []byte{0}, nil) // of UTF-16
	head = bytes.TrimLeft(head, " \t\r\n")
	const card = "BEGIN:VCARD"
	switch {
	case len(head) >= len(card) && bytes.EqualFold(head[:len(card)], []byte(card)):
		return FormatVCard
	case bytes.HasPrefix(head, []byte("{")):
		return FormatJSONLines
	case bytes.HasPrefix(head, []byte("[")):
		if rest := bytes.TrimLeft(head[1:], " \t\r\n"); len(rest) > 0 && (rest[0] == '{' || rest[0] == ']') {
			return FormatJSONLines
		}
	}
	return FormatCSV
}

// newReader returns the reader of a pass.
func newReader(r io.Reader, s *Source, l *Limits) (rowReader, error) {
	format := s.format
	if format == FormatUnknown || format == FormatCSV {
		head := make([]byte, detectBytes)
		n, err := io.ReadFull(r, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, err
		}
		if err := foreign(head[:n]); err != nil {
			return nil, err
		}
		if format == FormatUnknown {
			format = detect(head[:n])
		}
		r = io.MultiReader(bytes.NewReader(head[:n]), r)
	}
	switch format {
	case FormatVCard:
		return newVCardReader(r, l)
	case FormatJSONLines:
		return newJSONReader(r, l)
	}
	return newCSVReader(r, &s.csv, l)
}
