package pgtest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// In a child process TestMain is told what to do.
const childEnv = "PGTEST_CHILD"

func TestDSN(t *testing.T) {
	a, b := DSN(t), DSN(t)
	if err := execute(a, "CREATE TABLE here (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := execute(b, "CREATE TABLE here (n int)"); err != nil {
		t.Fatalf("the databases are not each a test's own: %v", err)
	}
	var gone string
	t.Run("inner", func(t *testing.T) { gone = DSN(t) })
	if _, err := query(gone, "SELECT 1"); err == nil {
		t.Error("the database is there after its test")
	}
}

func TestRestart(t *testing.T) {
	for _, fsync := range []bool{false, true} {
		s := Start(t, Config{Fsync: fsync, Settings: map[string]string{"work_mem": "5MB"}})
		s.Exec("CREATE TABLE kept (n int)")
		s.Stop()
		if _, err := query(s.DSN(), "SELECT 1"); err == nil {
			t.Error("the server answers after Stop")
		}
		s.Start()
		s.Exec("INSERT INTO kept VALUES (1)")
		s.Kill()
		if _, err := query(s.DSN(), "SELECT 1"); err == nil {
			t.Error("the server answers after Kill")
		}
		s.Start()
		if n, err := query(s.DSN(), "SELECT count(*) FROM kept"); n != "1" || err != nil {
			t.Errorf("%s rows, %v", n, err)
		}
		if mem, err := query(s.DSN(), "SHOW work_mem"); mem != "5MB" || err != nil {
			t.Errorf("work_mem is %s, %v", mem, err)
		}
	}
}

func TestStandby(t *testing.T) {
	a := Start(t, Config{})
	b := a.Standby(t)
	both := Hosts(a, b)
	if err := execute(both, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	a.Kill()
	b.Promote()
	if err := execute(both, "INSERT INTO kept VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	c := b.Standby(t) // and once more
	if err := execute(Hosts(b, c), "INSERT INTO kept VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	b.Kill()
	c.Promote()
	if n, err := query(c.DSN(), "SELECT count(*) FROM kept"); n != "2" || err != nil {
		t.Errorf("%s rows, %v", n, err)
	}
}

// TestNothingStays has a process with servers end in the ways that run no
// cleanup.
func TestNothingStays(t *testing.T) {
	if _, err := findPrograms(); err != nil {
		missing(t, err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"exit", "panic", "kill"} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(exe, "-test.run=^TestChild$")
			cmd.Env = append(os.Environ(), childEnv+"="+how, serverEnv+"=")
			out, err := cmd.Output()
			if err == nil {
				t.Fatal("the process ended well")
			}
			text, _, _ := strings.Cut(string(out), "\n")
			for dir := range strings.FieldsSeq(text) {
				if !strings.Contains(dir, "contacts-pg") {
					t.Fatalf("no folder: %s", out)
				}
				if err := until(func() error {
					if _, err := os.Stat(dir); os.IsNotExist(err) {
						return nil
					}
					return os.ErrExist
				}); err != nil {
					t.Errorf("%s is there: %v", dir, err)
				}
				if list, err := commandsWith(dir); len(list) > 0 || err != nil {
					t.Errorf("%q run, %v", list, err)
				}
			}
		})
	}
}

func TestChild(t *testing.T) {
	how := os.Getenv(childEnv)
	if how == "" {
		return // it is for the other process of TestNothingStays
	}
	DSN(t)
	killed, running := Start(t, Config{}), Start(t, Config{})
	killed.Kill()
	_, _ = io.WriteString(os.Stdout, killed.dir+" "+running.dir+"\n")
	switch how {
	case "panic":
		panic("as told")
	case "kill":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	}
	os.Exit(3)
}

// commandsWith returns the command lines of processes that hold a text.
func commandsWith(text string) (list []string, err error) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		if line, _ := os.ReadFile(path); strings.Contains(string(line), text) {
			list = append(list, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return list, err
}

// TestMissing has no PostgreSQL to be found.
func TestMissing(t *testing.T) {
	was := places
	defer func() { places = was }()
	places = nil
	t.Setenv("PATH", "")
	if _, err := findPrograms(); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") || !strings.Contains(err.Error(), serverEnv) {
		t.Errorf("%v", err)
	}
}
