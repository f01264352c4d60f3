package ext4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"

	"icecore/forensics/filesystem"
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

// mountImage mounts an image through a writable loop device. The function that
// it gives back unmounts it, once.
func mountImage(t testing.TB, img, opts string) (dir string, unmount func()) {
	t.Helper()
	dir, unmount, err := tryMount(t, img, opts)
	if err != nil {
		t.Fatal(err)
	}
	return dir, unmount
}

func tryMount(t testing.TB, img, opts string) (dir string, unmount func(), err error) {
	t.Helper()
	dev := strings.TrimSpace(run(t, "losetup", "-f", "--show", img))
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

// seen is what stat(2) and a read tell of a file.
type seen struct {
	Type                string
	Mode, UID, GID      uint32
	Links               uint64
	Size                int64
	Ino                 uint64
	Atime, Mtime, Ctime string
	Target, Hash        string
	Refused             bool // the kernel gave an error instead
}

// kernelView lists a mounted filesystem.
func kernelView(t testing.TB, root string) map[string]seen {
	t.Helper()
	out := make(map[string]seen)
	stamp := func(ts syscall.Timespec) string { return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec) }
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(p, root)
		if rel == "" {
			rel = "/"
		}
		var st syscall.Stat_t
		if err == nil {
			err = syscall.Lstat(p, &st)
		}
		if err != nil { // the kernel refuses: it says nothing of what is there
			out[rel] = seen{Refused: true}
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		s := seen{
			Mode: st.Mode & 0o7777, UID: st.Uid, GID: st.Gid, Links: uint64(st.Nlink), Size: st.Size, Ino: st.Ino,
			Atime: stamp(st.Atim), Mtime: stamp(st.Mtim), Ctime: stamp(st.Ctim),
		}
		s.Type = (&filesystem.Inode{Mode: uint16(st.Mode)}).TypeName()
		switch s.Type {
		case "symlink":
			if s.Target, err = os.Readlink(p); err != nil {
				s.Refused = true
			}
		case "file":
			b, err := os.ReadFile(p)
			s.Hash, s.Refused = fmt.Sprintf("%x", sha256.Sum256(b)), err != nil
		}
		out[rel] = s
		return nil
	})
	if err != nil {
		t.Fatalf("walk of the mounted filesystem: %v", err)
	}
	return out
}

// hashOf reads a file of an image to its end.
func hashOf(f filesystem.FS, ref filesystem.Ref) (string, error) {
	fl, err := f.Open(ref)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(fl, 0, fl.Size())); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// engineView lists an image as this engine sees it.
func engineView(t testing.TB, f *FS) map[string]seen {
	t.Helper()
	out := make(map[string]seen)
	stamp := func(ts filesystem.Time) string { return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec) }
	hashes := make(map[uint64]string)
	err := f.Walk(context.Background(), filesystem.WalkOptions{Targets: true}, func(e *filesystem.Entry) error {
		in := e.Inode
		s := seen{
			Mode: uint32(in.Mode & 0o7777), UID: in.UID, GID: in.GID, Links: uint64(in.Links), Size: in.Size, Ino: in.Ref.Inode,
			Atime: stamp(in.Atime), Mtime: stamp(in.Mtime), Ctime: stamp(in.Ctime), Type: in.TypeName(), Target: e.Target,
		}
		if e.Err != nil {
			s.Type = e.Err.Error()
		}
		if s.Type == "file" {
			if _, ok := hashes[in.Ref.Inode]; !ok {
				h, err := hashOf(f, in.Ref)
				if err != nil {
					h = err.Error()
				}
				hashes[in.Ref.Inode] = h
			}
			s.Hash = hashes[in.Ref.Inode]
		}
		out[e.Path] = s
		return nil
	})
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	return out
}

// diffViews says in what two views differ. What the kernel refuses to show is not
// compared. Of files that were being truncated, the kernel sets the times when it
// ends that on mounting.
func diffViews(kernel, engine map[string]seen, truncated map[uint64]bool) []string {
	var out []string
	refused := func(p string) bool {
		for ; p != "/"; p = filepath.Dir(p) {
			if k, ok := kernel[p]; ok && k.Refused {
				return true
			}
		}
		return kernel["/"].Refused
	}
	for p, k := range kernel {
		if k.Refused {
			continue
		}
		e, ok := engine[p]
		if !ok {
			out = append(out, fmt.Sprintf("%q: only the kernel has it (inode %d)", p, k.Ino))
			continue
		}
		if truncated[k.Ino] {
			k.Mtime, k.Ctime, e.Mtime, e.Ctime = "", "", "", ""
		}
		if k != e {
			out = append(out, fmt.Sprintf("%q:\n kernel %+v\n engine %+v", p, k, e))
		}
	}
	for p := range engine {
		if _, ok := kernel[p]; !ok && !refused(p) {
			out = append(out, fmt.Sprintf("%q: only the engine has it (inode %d)", p, engine[p].Ino))
		}
	}
	sort.Strings(out)
	return out
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
	f, err := Open(fl, st.Size(), opts)
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
