package ext4

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// tiny is a small valid image, made by mke2fs without root.
type tiny struct {
	name  string
	bytes []byte
}

// tinyKinds are the feature sets of the images that are damaged by the tests.
var tinyKinds = []struct {
	name     string
	kib      int
	mkfs     []string
	commands []string // of debugfs
}{
	{"ext4", 8192, []string{"-t", "ext4", "-b", "1024", "-J", "size=1"}, nil},
	{"ext4 no checksums", 8192, []string{"-t", "ext4", "-b", "1024", "-O", "^has_journal,^metadata_csum,^uninit_bg"}, nil},
	{"ext4 inline data", 8192, []string{"-t", "ext4", "-b", "1024", "-O", "^has_journal,inline_data,ea_inode"}, nil},
	{"ext4 bigalloc 4k", 8192, []string{"-t", "ext4", "-b", "4096", "-O", "^has_journal,bigalloc,^metadata_csum,^resize_inode"}, nil},
	{"ext4 meta_bg, orphan_file", 8192, []string{"-t", "ext4", "-b", "1024", "-g", "1024", "-O", "^resize_inode,meta_bg,orphan_file,^metadata_csum", "-J", "size=1"}, nil},
	{"ext4 encrypt, casefold", 8192, []string{"-t", "ext4", "-b", "1024", "-O", "^has_journal,encrypt,casefold,^metadata_csum", "-E", "encoding=utf8"}, []string{"sif /d1 flags 0x80800", "sif /d2 flags 0x40080800", "sif /small flags 0x80800"}},
	{"ext2", 8192, []string{"-t", "ext2", "-b", "1024"}, nil},
	{"ext2 revision 0", 8192, []string{"-r", "0", "-b", "1024"}, nil},
	{"ext4 64k", 16384, []string{"-t", "ext4", "-b", "65536", "-O", "^has_journal"}, nil},
}

var tinies = sync.OnceValues(func() ([]tiny, error) {
	dir, err := os.MkdirTemp("", "tiny")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	src := filepath.Join(dir, "src")
	if err := tinyTree(src); err != nil {
		return nil, err
	}
	var out []tiny
	for _, k := range tinyKinds {
		img := filepath.Join(dir, "img")
		os.Remove(img)
		if err := os.WriteFile(img, nil, 0o600); err != nil {
			return nil, err
		}
		if err := os.Truncate(img, int64(k.kib)<<10); err != nil {
			return nil, err
		}
		if b, err := exec.Command("mke2fs", append(append([]string{"-q", "-F", "-N", "128"}, k.mkfs...), "-d", src, img)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("mke2fs for %s: %w: %s", k.name, err, b)
		}
		if k.commands != nil {
			cmd := exec.Command("debugfs", "-w", "-f", "-", img)
			cmd.Stdin = strings.NewReader(strings.Join(k.commands, "\n") + "\n")
			if b, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("debugfs for %s: %w: %s", k.name, err, b)
			}
		}
		b, err := os.ReadFile(img)
		if err != nil {
			return nil, err
		}
		out = append(out, tiny{k.name, b})
	}
	if os.Getuid() == 0 {
		if b, err := tinyDirty(dir, src); err == nil {
			out = append(out, tiny{"ext4 dirty journal", b})
		}
	}
	return out, nil
})

// tinyDirty makes an image as a snapshot of a running system has it: mounted, with
// transactions in the journal, a file that is open and has no name, and some that
// were deleted.
func tinyDirty(dir, src string) ([]byte, error) {
	img, mnt := filepath.Join(dir, "dirty"), filepath.Join(dir, "mnt")
	if err := os.WriteFile(img, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(img, 8<<20); err != nil {
		return nil, err
	}
	if err := os.Mkdir(mnt, 0o755); err != nil {
		return nil, err
	}
	if err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", "-N", "128", "-J", "size=1", "-d", src, img).Run(); err != nil {
		return nil, err
	}
	if err := exec.Command("mount", "-o", "loop", img, mnt).Run(); err != nil {
		return nil, err
	}
	defer func() { _ = exec.Command("umount", mnt).Run() }()
	root, err := os.Open(mnt)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	for i := range 12 {
		if err := os.WriteFile(filepath.Join(mnt, fmt.Sprintf("new-%d", i)), bytes.Repeat([]byte("new "), 500*i), 0o600); err != nil {
			return nil, err
		}
		_ = unix.Syncfs(int(root.Fd()))
		if i%3 == 0 {
			os.Remove(filepath.Join(mnt, fmt.Sprintf("new-%d", i)))
			os.Rename(filepath.Join(mnt, fmt.Sprintf("many/entry with some length %d", i)), filepath.Join(mnt, fmt.Sprintf("d1/moved %d", i)))
		}
	}
	open, err := os.Create(filepath.Join(mnt, "open"))
	if err != nil {
		return nil, err
	}
	defer open.Close()
	fmt.Fprint(open, "held open")
	os.Remove(open.Name())
	_ = unix.Syncfs(int(root.Fd()))
	return os.ReadFile(img)
}

// tinyTree makes the tree that the small images hold.
func tinyTree(root string) error {
	for _, d := range []string{"", "d1", "d2", "d2/deep", "d2/deep/deeper", "many"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			return err
		}
	}
	files := map[string][]byte{
		"small": []byte("tiny"), "d1/text": bytes.Repeat([]byte("line\n"), 30), "d1/empty": nil,
		"d2/deep/deeper/leaf": []byte("leaf"), "d2/large": bytes.Repeat([]byte("0123456789abcde\n"), 20_000), strings.Repeat("n", 255): []byte("long name"),
	}
	for i := range 50 {
		files[fmt.Sprintf("many/entry with some length %d", i)] = nil
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(root, name), b, 0o644); err != nil {
			return err
		}
	}
	if err := os.Link(filepath.Join(root, "small"), filepath.Join(root, "d1/hard")); err != nil {
		return err
	}
	for i, n := range []int{5, 59, 60, 200} {
		if err := os.Symlink(strings.Repeat("t", n), filepath.Join(root, fmt.Sprintf("link%d", i))); err != nil {
			return err
		}
	}
	// Attributes, where the filesystem of the temporary directory has them.
	_ = syscall.Setxattr(filepath.Join(root, "small"), "user.one", []byte("value"), 0)
	_ = syscall.Setxattr(filepath.Join(root, "d1/text"), "user.large", bytes.Repeat([]byte("x"), 700), 0)
	_ = syscall.Setxattr(filepath.Join(root, "d1"), "user.dir", []byte("d"), 0)
	f, err := os.Create(filepath.Join(root, "d2/sparse"))
	if err != nil {
		return err
	}
	defer f.Close()
	for i := range 100 {
		if _, err := f.WriteAt([]byte{byte(i + 1)}, int64(i)*8192); err != nil {
			return err
		}
	}
	return nil
}

// needTinies gives the small images, or skips.
func needTinies(t testing.TB) []tiny {
	t.Helper()
	for _, tool := range []string{"mke2fs", "debugfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	out, err := tinies()
	must(t, err)
	return out
}

// patch replaces bytes of an image.
type patch struct {
	at    int64
	bytes []byte
}

// damaged is an image with some bytes replaced.
type damaged struct {
	r       io.ReaderAt
	patches []patch
}

func (d *damaged) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.r.ReadAt(p, off)
	for _, x := range d.patches {
		if from, to := max(x.at, off), min(x.at+int64(len(x.bytes)), off+int64(n)); from < to {
			copy(p[from-off:to-off], x.bytes[from-x.at:])
		}
	}
	return n, err
}
