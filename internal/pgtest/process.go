//go:build !windows

package pgtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// keeper runs a server and outlives this process if need be: when its input ends,
// because it was closed or because the process is gone, the keeper ends the server
// and removes its folder. A line of input, once the server has ended, tells it to
// go without removing anything.
//
// It prints the id of the server's process, and a line when that has ended.
// A server that was killed leaves a shared memory segment, which its folder names.
const keeper = `
dir=$1; shift
trap '' PIPE
exec 3<&0
"$@" </dev/null >>"$dir/log" 2>&1 3<&- & server=$!
echo $server
(read line <&3 || kill -QUIT $server) & reader=$!
wait $server
kill $reader
wait $reader
echo ended
read line <&3 && exit
[ -f "$dir/data/postmaster.pid" ] && ipcrm -m $(sed -n '7s/.* //p' "$dir/data/postmaster.pid")
rm -rf "$dir"
`

// process is a server under its keeper.
type process struct {
	keeper *exec.Cmd
	input  io.WriteCloser
	id     int           // of the server
	ended  chan struct{} // closed when the server has ended
}

// startProcess starts a server on the folder data in dir.
func startProcess(dir string, command ...string) (*process, error) {
	cmd, err := unprivileged("/bin/sh", append([]string{"-c", keeper, "sh", dir}, command...)...)
	if err != nil {
		return nil, err
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{keeper: cmd, input: input, ended: make(chan struct{})}
	lines := bufio.NewScanner(output)
	if lines.Scan() {
		p.id, err = strconv.Atoi(lines.Text())
	}
	if p.id == 0 {
		_ = input.Close()
		return nil, fmt.Errorf("%s: not started: %v", command[0], err)
	}
	go func() { // ends with the keeper
		lines.Scan()
		close(p.ended)
	}()
	return p, nil
}

// kill ends a server and all that it started without giving any of it a chance
// to do something, as the loss of the machine would.
func (p *process) kill() error {
	if err := syscall.Kill(p.id, syscall.SIGSTOP); err != nil { // it starts nobody any more
		return err
	}
	err := until(func() error {
		children, err := childrenOf(p.id)
		if err != nil || len(children) == 0 {
			return err
		}
		for _, id := range children {
			_ = syscall.Kill(id, syscall.SIGKILL) // it may have ended by itself
		}
		return errors.New("processes of the server do not end")
	})
	_ = syscall.Kill(p.id, syscall.SIGKILL)
	<-p.ended
	return err
}

// stop lets a server end in order, and keeps its folder.
func (p *process) stop() error {
	if err := syscall.Kill(p.id, syscall.SIGINT); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// release ends the keeper of a server that has ended, and keeps the folder.
func (p *process) release() error {
	if _, err := io.WriteString(p.input, "keep\n"); err != nil {
		return err
	}
	return p.keeper.Wait()
}

// remove ends a server and removes its folder.
func (p *process) remove() {
	_ = p.input.Close()
	_ = p.keeper.Wait()
}

// childrenOf lists the living processes that a process started.
func childrenOf(parent int) ([]int, error) {
	var list []int
	add := func(id, state, of string) {
		if of == strconv.Itoa(parent) && state[0] != 'Z' {
			n, _ := strconv.Atoi(id)
			list = append(list, n)
		}
	}
	if stats, _ := filepath.Glob("/proc/[0-9]*/stat"); len(stats) > 0 { // Linux, where ps may not be installed
		for _, path := range stats {
			text, _ := os.ReadFile(path)                     // empty where it has ended
			if i := bytes.LastIndexByte(text, ')'); i >= 0 { // 12 (name) S 1 ..
				f := strings.Fields(string(text[i+1:]))
				add(filepath.Base(filepath.Dir(path)), f[0], f[1])
			}
		}
		return list, nil
	}
	out, err := exec.Command("ps", "-A", "-o", "pid=,state=,ppid=").Output()
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 3 {
			add(f[0], f[1], f[2])
		}
	}
	return list, err
}

// unprivileged prepares a command as a user that is not root, whose servers
// PostgreSQL refuses to be, and out of reach of the terminal's signals.
func unprivileged(path string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		uid, gid, err := nobody()
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return cmd, nil
}

// nobody is who root runs servers as.
func nobody() (uid, gid int, err error) {
	u, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// newFolder makes a folder that the user of the servers can reach and owns. Its
// path is short, as that of a socket in it must be.
func newFolder() (string, error) {
	root := os.TempDir()
	if os.Getuid() == 0 || len(root) > 40 {
		root = "/tmp"
	}
	dir, err := os.MkdirTemp(root, "contacts-pg")
	if err != nil || os.Getuid() != 0 {
		return dir, err
	}
	uid, gid, err := nobody()
	if err != nil {
		return "", err
	}
	return dir, os.Chown(dir, uid, gid)
}
