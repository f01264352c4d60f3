package ext4

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestMain keeps those away who mount by label meanwhile: they open every loop device of
// the machine, and one that is held open stays bound to its file when it is detached, so
// that the next mount of the file shows what the kernel had read of it before.
func TestMain(m *testing.M) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "icecore-loop-devices"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	code := m.Run()
	runtime.KeepAlive(f) // closed, it would be unlocked
	os.Exit(code)
}
