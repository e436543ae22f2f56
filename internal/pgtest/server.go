package pgtest

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Config is how a server of a test's own is to be. The zero value is ready to
// use.
type Config struct {
	// Fsync has commits wait for the disk. Without it they survive the death
	// of the server, but not that of the machine.
	Fsync bool

	// Port, when not 0, has the server listen there on 127.0.0.1 too; otherwise
	// only who knows its folder finds it.
	Port int

	Settings map[string]string // of postgresql.conf, over those that this package makes
}

// Server is a server of a test's own. Its methods end the test when they fail, so
// they are called from the test's goroutine.
type Server struct {
	t        testing.TB
	programs programs
	config   Config
	dir      string // holds data, the socket and the log
	running  *process
	standbys int // made so far
}

// Start starts a server, with nothing in it, that ends with the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	programs, err := findPrograms()
	if err != nil {
		missing(t, err)
	}
	s, err := newServer(programs, c, nil)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	s.own(t)
	return s
}

// Run starts a server, with nothing in it, for a program that is no test. Stop ends
// it; however the program ends, its server ends with it.
func Run(c Config) (dsn string, stop func(), err error) {
	programs, err := findPrograms()
	if err != nil {
		return "", nil, err
	}
	s, err := newServer(programs, c, nil)
	if err != nil {
		return "", nil, err
	}
	return s.DSN(), s.running.remove, nil
}

// own has the server end with a test.
func (s *Server) own(t testing.TB) {
	s.t = t
	t.Cleanup(func() { s.running.remove() })
}

// newServer starts a server on a new folder, whose data fill makes; nil is initdb.
func newServer(p programs, c Config, fill func(s *Server, data string) error) (*Server, error) {
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{programs: p, config: c, dir: dir}
	if fill == nil {
		fill = (*Server).initdb
	}
	if err = fill(s, filepath.Join(dir, "data")); err == nil {
		err = s.start()
	}
	if err != nil {
		if s.running != nil {
			s.running.remove()
		}
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

func (s *Server) initdb(data string) error {
	return s.run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--encoding=UTF8", "--locale=C", "--no-sync")
}

// run runs one of PostgreSQL's programs to its end.
func (s *Server) run(program string, args ...string) error {
	cmd, err := unprivileged(s.programs.path(program), args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// start starts the server on the data that is there and waits until it answers.
func (s *Server) start() error {
	settings := map[string]string{
		"listen_addresses": "", "unix_socket_directories": s.dir, "max_connections": "300",
		"shared_buffers": "64MB", "max_wal_size": "256MB", "logging_collector": "off",
		"dynamic_shared_memory_type": "mmap", // in the folder: nothing of a server that is killed stays elsewhere
	}
	if !s.config.Fsync {
		settings["fsync"] = "off"
		settings["full_page_writes"] = "off"
	}
	if s.config.Port != 0 {
		settings["listen_addresses"], settings["port"] = "127.0.0.1", strconv.Itoa(s.config.Port)
	}
	maps.Copy(settings, s.config.Settings)
	command := []string{s.programs.path("postgres"), "-D", filepath.Join(s.dir, "data")}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		command = append(command, "-c", key+"="+settings[key])
	}
	p, err := startProcess(s.dir, command...)
	if err != nil {
		return err
	}
	if s.running != nil { // from now on the new keeper has the folder
		err = s.running.release()
	}
	s.running = p
	if err != nil {
		return err
	}
	ended := false
	err = until(func() error {
		select {
		case <-p.ended:
			ended = true
			return nil
		default:
			return execute(s.DSN(), "SELECT 1")
		}
	})
	if ended {
		err = errors.New("it ended")
	}
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("the server does not start: %w\n%s", err, log)
	}
	return nil
}

// DSN returns the URL of the server's database postgres, as pgx and psql take it.
func (s *Server) DSN() string { return Hosts(s) }

// Hosts returns a URL that names several servers, for those who look for the
// primary among them.
func Hosts(servers ...*Server) string {
	var dirs []string
	for _, s := range servers {
		dirs = append(dirs, s.dir)
	}
	q := url.Values{"host": {strings.Join(dirs, ",")}}
	if port := servers[0].config.Port; port != 0 {
		q.Set("port", strconv.Itoa(port))
	}
	if len(servers) > 1 {
		q.Set("target_session_attrs", "read-write")
	}
	return "postgres://postgres@/postgres?" + q.Encode()
}

// must ends the test if there is an error.
func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Kill ends the server as the loss of its machine would: all its processes by
// SIGKILL, at once.
func (s *Server) Kill() {
	s.t.Helper()
	s.must(s.running.kill())
}

// Stop ends the server in order: its connections are closed, nothing is lost.
func (s *Server) Stop() {
	s.t.Helper()
	s.must(s.running.stop())
}

// Start starts the server again, after Kill or Stop.
func (s *Server) Start() {
	s.t.Helper()
	s.must(s.start())
}

// Exec runs a statement as the superuser.
func (s *Server) Exec(statement string) {
	s.t.Helper()
	s.must(execute(s.DSN(), statement))
}

// Standby starts a synchronous standby of the server: from now on no commit
// returns before the standby has it.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	s.standbys++
	name := fmt.Sprint("standby", s.standbys)
	standby, err := newServer(s.programs, s.config, func(b *Server, data string) error {
		// The last of several settings counts: -R has written one without a name.
		conninfo := fmt.Sprintf("host=%s user=postgres application_name=%s", s.dir, name)
		if err := b.run("pg_basebackup", "-d", conninfo, "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync"); err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(data, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(f, "primary_conninfo = '%s'\n", conninfo)
		return errors.Join(err, f.Close())
	})
	s.must(err)
	standby.own(t)
	s.Exec("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'")
	s.Exec("SELECT pg_reload_conf()")
	s.must(awaitTrue(s.DSN(), "SELECT count(*) > 0 FROM pg_stat_replication WHERE application_name = '"+name+"' AND sync_state = 'sync'"))
	return standby
}

// Promote makes a standby a primary, and returns when it takes writes.
func (s *Server) Promote() {
	s.t.Helper()
	s.Exec("SELECT pg_promote(true, 60)")
	s.must(awaitTrue(s.DSN(), "SELECT NOT pg_is_in_recovery()"))
}
