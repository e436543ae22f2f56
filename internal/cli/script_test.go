package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	playscript "github.com/callerbook/contacts/internal/script"
	"github.com/callerbook/contacts/phone"
)

var update = flag.Bool("update", false, "write what the scripts print into testdata")

// TestMain makes local time the same everywhere, and serves as the editor of
// the scripts (see editorMain) and as the program itself.
func TestMain(m *testing.M) {
	if path := os.Getenv("CLI_TEST_HOLD"); path != "" {
		os.Exit(holdMain(path))
	}
	if os.Getenv("CLI_TEST_EDITOR") != "" {
		os.Exit(editorMain())
	}
	if os.Getenv("CLI_TEST_MAIN") != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	time.Local = time.UTC
	os.Exit(m.Run())
}

// TestScripts runs testdata/*.txt, each in an empty folder of its own. Commands
// are "contacts" and those of (*script).helper. The flag -update rewrites the
// lines that are printed. $DIR is the folder, $DEFAULT the default path, $PAGE
// the last cursor.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			path, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := newScript(t)
			got := s.play(string(data))
			if *update && got != string(data) {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := playscript.Differ(string(data), got); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
		})
	}
}

// script is a script that is being played.
type script struct {
	t      *testing.T
	app    *App
	dir    string
	home   string // the default path
	page   string
	locked map[string]contacts.Store
	held   map[string]func() // by other processes
}

func newScript(t *testing.T) *script {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, name := range []string{"HOME", "XDG_DATA_HOME", "LOCALAPPDATA"} {
		t.Setenv(name, filepath.Join(dir, "home"))
	}
	for _, name := range []string{"TMPDIR", "TMP"} {
		t.Setenv(name, dir)
	}
	t.Setenv(fileVariable, "")
	t.Setenv("EDITOR", "")
	t.Setenv("VISUAL", "")
	home, err := boltstore.DefaultPath()
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, app: testApp(), dir: dir, home: home, locked: map[string]contacts.Store{}, held: map[string]func(){}}
	t.Cleanup(func() {
		for _, store := range s.locked {
			store.Close()
		}
		for _, release := range s.held {
			release()
		}
	})
	return s
}

// testApp has ids c1, c2, .. and a clock that goes on by a minute a call.
func testApp() *App {
	ids, minutes := 0, 0
	return &App{
		newID: func() string { ids++; return fmt.Sprintf("c%d", ids) },
		now: func() time.Time {
			minutes++
			return time.Date(2025, 1, 2, 15, minutes, 5, 678e6, time.UTC)
		},
	}
}

// play runs a script and returns it with what was printed in truth.
func (s *script) play(text string) string {
	return playscript.Play(text, func(command, stdin string) (stdout, stderr string, code int) {
		args := playscript.Words(strings.NewReplacer("$DIR", s.dir, "$DEFAULT", s.home, "$PAGE", s.page).Replace(command))
		stdout, stderr, code = s.run(args, stdin)
		s.judge(args, stdout, stderr)
		return s.clean(stdout), s.clean(stderr), code
	})
}

func (s *script) run(args []string, stdin string) (stdout, stderr string, code int) {
	if args[0] != "contacts" {
		text, err := s.helper(args, stdin)
		if err != nil {
			s.t.Fatalf("%s: %v", strings.Join(args, " "), err)
		}
		return text, "", 0
	}
	var out, errs bytes.Buffer
	code = s.app.Run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), code
}

// judge checks what holds for every command.
func (s *script) judge(args []string, stdout, stderr string) {
	if slices.Contains(args, "--json") && stdout != "" && !json.Valid([]byte(stdout)) {
		s.t.Errorf("%q: the answer is no JSON:\n%s", args, stdout)
	}
	if split((&session{app: s.app}).root(), args).json {
		if stderr != "" && (!json.Valid([]byte(stderr)) || stderr[0] != '{') {
			s.t.Errorf("%q: standard error is no JSON object:\n%s", args, stderr)
		}
		stderr = ""
	}
	for _, line := range strings.Split(strings.TrimSuffix(stderr, "\n"), "\n") {
		if stderr != "" && !strings.HasPrefix(line, "contacts: ") {
			s.t.Errorf("%q: a line on standard error does not say who writes it: %s", args, line)
		}
	}
	if strings.Contains(stdout+stderr, "%!") || strings.Contains(stdout+stderr, "goroutine") {
		s.t.Errorf("%q: a fault shows:\n%s%s", args, stdout, stderr)
	}
}

var (
	pagePattern   = regexp.MustCompile(`(--page |"next":")([A-Za-z0-9._-]{12,})`)
	sizePattern   = regexp.MustCompile(`\b\d+ (bytes|KiB|MiB)\b`)
	jsonSize      = regexp.MustCompile(`"(bytes\w*)":\d+`)
	damagePattern = regexp.MustCompile(`(is|was) damaged(, too)? \([^)]*\)`)
	wrongPattern  = regexp.MustCompile(`"problem":"page [^"]*"`)
	stampPattern  = regexp.MustCompile(`(damaged-|book\.db\.)\d{8}-\d{6}|(snapshot of )[-0-9]{10} [0-9:]{5}|("snapshotTime":")[^"]*|(commit, number )\d+`)
	madePattern   = regexp.MustCompile(`\bi[0-9a-f]{32}\b`) // the id of a row without a number
	ownerPattern  = regexp.MustCompile(`\S+ \(process \d+ on [^,]+, since [0-9: -]+\)`)
	sincePattern  = regexp.MustCompile(`(opened|since) ([0-9-]{10} )?[0-9:]{5}\b`)
	tempPattern   = regexp.MustCompile(`\S*contact-\d+\.json`)
)

// clean replaces what differs from run to run.
func (s *script) clean(text string) string {
	if m := pagePattern.FindStringSubmatch(text); m != nil {
		s.page = m[2]
		text = pagePattern.ReplaceAllString(text, "$1$$PAGE")
	}
	text = sizePattern.ReplaceAllString(text, "N bytes")
	text = jsonSize.ReplaceAllString(text, `"$1":0`)
	text = damagePattern.ReplaceAllString(text, "$1 damaged$2 (..)")
	text = wrongPattern.ReplaceAllString(text, `"problem":"page .."`)
	text = stampPattern.ReplaceAllString(text, "$1$2$3${4}N")
	text = madePattern.ReplaceAllString(text, "MADE-ID")
	text = tempPattern.ReplaceAllString(text, "$$TEMP")
	text = ownerPattern.ReplaceAllString(text, "PROGRAM (process N on HOST, since TIME)")
	text = sincePattern.ReplaceAllString(text, "$1 TIME")
	text = strings.ReplaceAll(text, os.Args[0], "$EDITOR")
	text = strings.ReplaceAll(text, version(), "VERSION")
	text = strings.ReplaceAll(text, s.home, "$DEFAULT")
	text = strings.ReplaceAll(text, s.dir, "$DIR")
	return strings.ReplaceAll(text, `$DIR\`, "$DIR/")
}

// helper runs the commands of scripts that are not the program's.
func (s *script) helper(args []string, stdin string) (string, error) {
	ctx := context.Background()
	switch args[0] {
	case "file": // file NAME: with standard input as content
		return "", os.WriteFile(args[1], []byte(stdin), 0o600)
	case "show": // show NAME: the content of a file
		data, err := os.ReadFile(args[1])
		return string(data), err
	case "folder":
		return "", os.Mkdir(args[1], 0o700)
	case "exists":
		_, err := os.Stat(args[1])
		return fmt.Sprintln(err == nil), nil
	case "env":
		s.t.Setenv(args[1], args[2])
		return "", nil
	case "hold": // has another process open a file for writing
		return "", s.hold(args[1])
	case "release":
		s.held[args[1]]()
		delete(s.held, args[1])
		return "", nil
	case "lock": // has this process do so
		store, err := boltstore.Open(args[1], nil)
		if err == nil {
			s.locked[args[1]] = store
		}
		return "", err
	case "unlock":
		err := s.locked[args[1]].Close()
		delete(s.locked, args[1])
		return "", err
	case "damage": // damage NAME: blanks the second half of a file
		info, err := os.Stat(args[1])
		if err != nil {
			return "", err
		}
		f, err := os.OpenFile(args[1], os.O_WRONLY, 0)
		if err != nil {
			return "", err
		}
		_, err = f.WriteAt(bytes.Repeat([]byte{0xAA}, int(info.Size()/2)), info.Size()/2)
		return "", errors.Join(err, f.Close())
	case "damagelast": // damagelast NAME: blanks what only the last state has
		data, err := os.ReadFile(args[1])
		if err != nil {
			return "", err
		}
		const page, meta = 4096, 16
		at := meta
		if binary.NativeEndian.Uint64(data[page+meta+48:]) > binary.NativeEndian.Uint64(data[meta+48:]) {
			at += page
		}
		clear(data[page*binary.NativeEndian.Uint64(data[at+16:]):][:page])
		return "", os.WriteFile(args[1], data, 0o600)
	case "damagehead", "damagemeta": // NAME: blanks both meta pages of a file, or the later one
		data, err := os.ReadFile(args[1])
		if err != nil {
			return "", err
		}
		const page, meta = 4096, 16
		switch {
		case args[0] == "damagehead":
			clear(data[:2*page])
		case binary.NativeEndian.Uint64(data[page+meta+48:]) > binary.NativeEndian.Uint64(data[meta+48:]):
			clear(data[page:][:page])
		default:
			clear(data[meta:page])
		}
		return "", os.WriteFile(args[1], data, 0o600)
	case "snapshot": // snapshot NAME: as a program does that keeps them
		store, err := boltstore.Open(args[1], nil)
		if err != nil {
			return "", err
		}
		_, err = store.SaveSnapshot(ctx)
		return "", errors.Join(err, store.Close())
	case "legacy": // legacy NAME NUMBER FIRST: a contact from before the rule
		return "", s.withBook(args[1], contacts.Options{Rules: contacts.Rules{AnyNotation: true, Optional: true, KeepDuplicates: true}},
			func(b *contacts.Book) error {
				_, err := b.Create(ctx, contacts.Contact{FirstName: args[3], CellPhone: contacts.Phone{Number: args[2]}})
				return err
			})
	case "otherrules": // indexes the book by other rules than the program's
		return "", s.withBook(args[1], contacts.Options{Site: phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}},
			func(*contacts.Book) error { return nil })
	case "editor": // editor OLD NEW: what the editor is to replace
		s.t.Setenv("CLI_TEST_EDITOR", strings.Join(args[1:], "\x1f"))
		s.t.Setenv("EDITOR", os.Args[0])
		return "", nil
	}
	return "", errors.New("no such command")
}

func (s *script) withBook(path string, o contacts.Options, fn func(*contacts.Book) error) error {
	store, err := boltstore.Open(path, nil)
	if err != nil {
		return err
	}
	o.NewID, o.Now = s.app.newID, s.app.now
	book, err := contacts.Open(context.Background(), store, contacts.Scope{}, &o)
	if err == nil {
		err = fn(book)
	}
	return errors.Join(err, store.Close())
}

// hold has another process open a book, until it is released.
func (s *script) hold(path string) error {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "CLI_TEST_HOLD="+path)
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	s.held[path] = func() {
		if err := errors.Join(stdin.Close(), c.Wait()); err != nil {
			s.t.Error(err)
		}
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return fmt.Errorf("the other process did not open %s: %w", path, err)
	}
	return nil
}

// holdMain opens a book, says so, and closes it at the end of its input.
func holdMain(path string) int {
	store, err := boltstore.Open(path, nil)
	if err != nil {
		return 1
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if store.Close() != nil {
		return 1
	}
	return 0
}

// editorMain is a text editor: it replaces text in the file that is its last
// argument, as CLI_TEST_EDITOR says.
func editorMain() int {
	path := os.Args[len(os.Args)-1]
	words := strings.Split(os.Getenv("CLI_TEST_EDITOR"), "\x1f")
	if words[0] == "exit" {
		code, _ := strconv.Atoi(words[1])
		return code
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return 1
	}
	for i := 0; i+1 < len(words); i += 2 {
		data = bytes.ReplaceAll(data, []byte(words[i]), []byte(words[i+1]))
	}
	if os.WriteFile(path, data, 0o600) != nil {
		return 1
	}
	return 0
}
