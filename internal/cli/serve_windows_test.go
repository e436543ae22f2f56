package cli

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// setGroup puts a process into a group of its own, to be interrupted alone.
func setGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// interrupt asks a process to end, as a terminal does.
func interrupt(p *os.Process, _ int) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}

// private: a file has the rights of its folder, and no mode.
func private(fs.FileInfo) error { return nil }
