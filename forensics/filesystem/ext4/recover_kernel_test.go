package ext4

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel is the oracle of these tests: it mounts copies of images on loop
// devices, which needs root.

// needKernel skips a test where the kernel cannot be asked.
func needKernel(t testing.TB, tools ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount images on loop devices")
	}
	for _, tool := range append([]string{"mke2fs", "mount", "umount", "losetup"}, tools...) {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("needs loop devices")
	}
}

// run runs a program and fails the test if it does.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// makeImage makes a file with a new filesystem on it.
func makeImage(t testing.TB, mib int64, args ...string) string {
	t.Helper()
	img := filepath.Join(t.TempDir(), "fs.img")
	f, err := os.Create(img)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(mib << 20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	run(t, "mke2fs", append(append([]string{"-q", "-F"}, args...), img)...)
	return img
}

// mountImage mounts an image through a loop device, which is writable but for mounts
// with noload. The function that it gives back unmounts it, once.
func mountImage(t testing.TB, img, opts string) (dir string, unmount func()) {
	t.Helper()
	dir, unmount, err := tryMount(t, img, opts)
	if err != nil {
		t.Fatal(err)
	}
	return dir, unmount
}

// attach gives a loop device for an image. Others may take the one that was found
// free before it is used, so it tries again.
func attach(t testing.TB, img string, opts ...string) string {
	t.Helper()
	for i := 0; ; i++ {
		out, err := exec.Command("losetup", append(opts, "-f", "--show", img)...).CombinedOutput()
		if err == nil {
			return strings.TrimSpace(string(out))
		}
		if i == 20 {
			t.Fatalf("losetup: %v: %s", err, out)
		}
		time.Sleep(time.Duration(i) * 20 * time.Millisecond)
	}
}

func tryMount(t testing.TB, img, opts string) (dir string, unmount func(), err error) {
	t.Helper()
	var how []string
	if strings.Contains(opts, "noload") {
		// The kernel notes errors that it meets in the superblock even of a mount that
		// is read-only, and a later recovery then leaves the orphans alone.
		how = []string{"--read-only"}
	}
	dev := attach(t, img, how...)
	dir = t.TempDir()
	detach := func() { run(t, "losetup", "-d", dev) }
	if out, err := exec.Command("mount", "-t", "ext4", "-o", opts, dev, dir).CombinedOutput(); err != nil {
		detach()
		return "", nil, fmt.Errorf("mount -o %s: %w: %s", opts, err, out)
	}
	done := false
	unmount = func() {
		if done {
			return
		}
		done = true
		run(t, "umount", dir)
		detach()
	}
	t.Cleanup(unmount)
	return dir, unmount, nil
}

// openImage opens a file as a volume.
func openImage(t testing.TB, img string, opts Options) *FS {
	t.Helper()
	fl, err := os.Open(img)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fl.Close() })
	st, err := fl.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(context.Background(), fl, st.Size(), opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return f
}

// snapshot reads the file behind a mounted filesystem as it stands at one
// moment: it reads until two readings are the same. After some tries it calls
// hold, which keeps programs from changing more; the kernel still writes then.
func snapshot(img string, hold func()) ([]byte, error) {
	old, err := os.ReadFile(img)
	for i := 0; err == nil && i < 400; i++ {
		if i == 6 && hold != nil {
			hold()
		}
		var b []byte
		if b, err = os.ReadFile(img); err == nil && bytes.Equal(b, old) {
			return b, nil
		}
		old = b
	}
	if err == nil {
		err = errors.New("the image never stood still for two readings")
	}
	return nil, err
}

// writeSparse writes an image without its zeros.
func writeSparse(t testing.TB, path string, b []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(int64(len(b))); err != nil {
		t.Fatal(err)
	}
	zero := make([]byte, 4096)
	for at := 0; at < len(b); at += 4096 {
		if p := b[at:min(at+4096, len(b))]; !bytes.Equal(p, zero[:len(p)]) {
			if _, err := f.WriteAt(p, int64(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// syncRange writes the dirty pages of a file, without a commit.
func syncRange(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
}

// inMemory puts the temporary files of a test into memory: the flushes of loop
// devices cost most of the time of a test that makes small images. In a container
// there may be no room for them.
func inMemory(t *testing.T) {
	var st unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &st); err == nil && st.Bavail*uint64(st.Bsize) > 2<<30 {
		t.Setenv("TMPDIR", "/dev/shm")
	}
}
