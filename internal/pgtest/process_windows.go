package pgtest

import (
	"errors"
	"os/exec"
)

// process is no more than what the rest needs to be built: findPrograms finds
// none.
type process struct{ ended chan struct{} }

var errWindows = errors.New("not on Windows")

func startProcess(string, ...string) (*process, error) { return nil, errWindows }

func (*process) kill() error    { return errWindows }
func (*process) stop() error    { return errWindows }
func (*process) release() error { return errWindows }
func (*process) remove()        {}

func unprivileged(string, ...string) (*exec.Cmd, error) { return nil, errWindows }

func newFolder() (string, error) { return "", errWindows }
