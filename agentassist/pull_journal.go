package agentassist

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/callerbook/contacts"
)

// journal is the file that an interrupted pull leaves: a line of JSON that says
// which pull it is, and one for each page. It is only appended to; what a crash
// left of a last line is cut off. A nil journal keeps nothing.
type journal struct {
	f     *os.File
	path  string
	head  journalHead
	lines []journalLine // that an earlier pull wrote
	size  int64
}

// pullOf is what a journal is of.
type pullOf struct {
	Service string         `json:"service"` // URL with the stream
	Account string         `json:"account"`
	Book    contacts.Scope `json:"book"`
	Epoch   string         `json:"epoch"` // of the book's feed; "" before its first write
	Start   uint64         `json:"start"` // its last revision when the pull began
}

type journalHead struct {
	Pull  int       `json:"pull"` // version of the form
	Began time.Time `json:"began"`
	pullOf
}

// journalLine is a page that was written into the book, or the beginning of a
// further pass.
type journalLine struct {
	Pass    byte          `json:"pass,omitempty"`
	At      int           `json:"at,omitempty"` // place in the list behind the page
	IDs     []string      `json:"ids,omitempty"`
	Created int           `json:"created,omitempty"`
	Updated int           `json:"updated,omitempty"`
	Same    int           `json:"same,omitempty"`
	Refused []refusedLine `json:"refused,omitempty"`
}

type refusedLine struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

const (
	journalVersion = 1
	maxJournal     = 1 << 30
	maxJournalLine = 4 << 20
	maxJournalAge  = 24 * time.Hour
)

// openJournal opens or makes a journal.
func openJournal(path string, t pullOf, now time.Time) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("agentassist: the journal: %w", err)
	}
	j := &journal{f: f, path: path}
	if err := j.take(t, now); err != nil {
		f.Close()
		return nil, fmt.Errorf("agentassist: the journal %s: %w", path, err)
	}
	return j, nil
}

var (
	errNoJournal    = errors.New("this file is something else: name another, or none")
	errOtherJournal = errors.New("it is of another account, stream or book: name another file, or remove it if that pull is not to go on")
)

// take reads what the file has, and leaves it so that it can be appended to.
func (j *journal) take(t pullOf, now time.Time) error {
	head, lines, size, err := readJournal(j.f)
	if err != nil {
		return err
	}
	of := head.pullOf
	if head.Pull != 0 && (of.Service != t.Service || of.Account != t.Account || of.Book != t.Book) {
		return errOtherJournal
	}
	age := now.Sub(head.Began)
	if head.Pull == journalVersion && of.Epoch == t.Epoch && of.Epoch != "" && age >= 0 && age <= maxJournalAge {
		j.head, j.lines, j.size = head, lines, size
	} else {
		j.head = journalHead{Pull: journalVersion, Began: now.UTC(), pullOf: t}
	}
	if err := j.f.Truncate(j.size); err != nil {
		return err
	}
	_, err = j.f.Seek(j.size, io.SeekStart)
	return err
}

// readJournal reads a journal up to where it ends or is damaged, and returns how
// many bytes of it are whole. Of an empty file, and of one with a torn first line,
// the head is zero.
func readJournal(r io.Reader) (head journalHead, lines []journalLine, size int64, err error) {
	in := bufio.NewReaderSize(io.LimitReader(r, maxJournal), 64<<10)
	first := true
	for {
		line, err := readLine(in)
		whole := err == nil
		switch {
		case err != nil && err != io.EOF:
			return journalHead{}, nil, 0, err
		case first && len(line) == 0 && !whole:
			return head, nil, 0, nil
		case first:
			begins := []byte(`{"pull":`)
			if !bytes.HasPrefix(line, begins[:min(len(begins), len(line))]) || whole && (json.Unmarshal(line, &head) != nil || head.Pull <= 0) {
				return journalHead{}, nil, 0, errNoJournal
			}
			if !whole {
				return journalHead{}, nil, 0, nil
			}
		case !whole:
			return head, lines, size, nil
		default:
			var l journalLine
			if json.Unmarshal(line, &l) != nil || l.At < 0 || l.Created < 0 || l.Updated < 0 || l.Same < 0 || l.Pass > 2 {
				return head, lines, size, nil
			}
			lines = append(lines, l)
		}
		first = false
		size += int64(len(line)) + 1
	}
}

// readLine reads a line without its end; io.EOF says that it has none.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case len(line) > maxJournalLine:
			return line[:16], io.EOF // no line of ours
		case err != bufio.ErrBufferFull:
			return line, err
		}
	}
}

// write appends a line.
func (j *journal) write(l journalLine) error {
	if j == nil {
		return nil
	}
	var buf []byte
	for _, v := range []any{j.head, l} {
		if _, isHead := v.(journalHead); isHead && j.size > 0 {
			continue
		}
		line, err := encode(v)
		if err != nil {
			return err
		}
		buf = append(append(buf, line...), '\n')
	}
	if j.size+int64(len(buf)) > maxJournal {
		return nil // a pull that is interrupted goes on from here
	}
	if _, err := j.f.Write(buf); err != nil {
		return fmt.Errorf("agentassist: the journal: %w", err)
	}
	j.size += int64(len(buf))
	return nil
}

// close closes the file, which stays if there is anything in it.
func (j *journal) close() {
	if j == nil {
		return
	}
	j.f.Close()
	if j.size == 0 {
		os.Remove(j.path)
	}
}

// remove removes the file.
func (j *journal) remove() error {
	if j == nil {
		return nil
	}
	j.f.Close()
	j.size = -1
	if err := os.Remove(j.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("agentassist: the journal: %w", err)
	}
	return nil
}
