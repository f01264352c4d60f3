package ext4

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// TestEncryptedAgainstKernel makes encrypted directories with a key, mounts the
// image again without it, and compares names, link targets and metadata with what
// the kernel then shows.
func TestEncryptedAgainstKernel(t *testing.T) {
	needKernel(t)
	inMemory(t)
	for _, c := range []struct {
		name string
		mkfs []string
		tune []string
		then []string // of tune2fs, after the directories were made
	}{
		{"half-MD4", []string{"-t", "ext4", "-O", "encrypt"}, nil, nil},
		{"tea", []string{"-t", "ext4", "-O", "encrypt", "-b", "4096"}, []string{"-E", "hash_alg=tea"}, nil},
		{"no index", []string{"-t", "ext4", "-O", "encrypt,^dir_index"}, nil, nil},
		{"inline data", []string{"-t", "ext4", "-O", "encrypt,inline_data"}, nil, nil},
		{"legacy, then half-MD4", []string{"-t", "ext4", "-O", "encrypt", "-b", "1024"}, []string{"-E", "hash_alg=legacy"}, []string{"-E", "hash_alg=half_md4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := makeImage(t, 64, c.mkfs...)
			if c.tune != nil {
				run(t, "tune2fs", append(c.tune, img)...)
			}
			dir, unmount := mountImage(t, img, "rw,noatime")
			for _, d := range []string{"plain", "secret"} {
				must(t, os.Mkdir(filepath.Join(dir, d), 0o755))
			}
			if err := encryptDir(filepath.Join(dir, "secret")); err != nil {
				t.Skipf("the kernel cannot encrypt: %v", err)
			}
			for _, d := range []string{"plain", "secret", "secret/small", "secret/large"} {
				path := filepath.Join(dir, d)
				must(t, os.MkdirAll(path, 0o755))
				for _, n := range []int{1, 15, 16, 17, 31, 32, 33, 100, 148, 149, 150, 160, 161, 200, 254} {
					must(t, os.WriteFile(filepath.Join(path, strings.Repeat("n", n)), []byte(strings.Repeat("content ", n)), 0o600))
				}
				for _, n := range []int{1, 20, 30, 40, 45, 56, 57, 58, 59, 60, 61, 90, 400, 900} {
					must(t, os.Symlink(strings.Repeat("t", n), filepath.Join(path, fmt.Sprintf("link-%d", n))))
				}
			}
			for i := range 900 {
				must(t, os.WriteFile(filepath.Join(dir, "secret/large", fmt.Sprintf("%d %s", i, strings.Repeat("x", i%120))), nil, 0o600))
			}
			unmount()
			if c.then != nil {
				run(t, "tune2fs", append(c.then, img)...)
			}

			f := openImage(t, img, Options{})
			dir, unmount = mountImage(t, img, "ro,noatime,noload")
			want := kernelRows(t, dir)
			unmount()
			got := engineRows(t, f)
			locked := 0
			for p, w := range want {
				// The kernel refuses to open such a file at all, with ENOKEY.
				if w.Err == unix.ENOKEY.Error() {
					locked++
					g := got[p]
					if g.Err != "unsupported" {
						t.Errorf("%q: the kernel has no key, the engine says %q", p, g.Err)
					}
					w.Err, w.Hash, w.Flags, w.Generation = "", "", "", ""
					g.Err, g.Hash, g.Flags, g.Generation = "", "", "", ""
					want[p], got[p] = w, g
				}
			}
			if locked < 900 {
				t.Errorf("only %d files were locked", locked)
			}
			compareRows(t, "kernel", want, got)
			noProblems(t, f)
			for p, g := range got {
				if strings.HasPrefix(p, "/secret/") && os.FileMode(g.Mode)&filesystem.ModeType == filesystem.ModeRegular {
					if _, err := f.Open(filesystem.Ref{Inode: g.Ino}); !errors.Is(err, filesystem.ErrUnsupported) {
						t.Errorf("%q: opened: %v", p, err)
					}
					break
				}
			}
		})
	}
}

// encryptDir gives an empty directory an encryption policy (version 2, AES-256)
// with a key that is known until the filesystem is unmounted. The structures are
// those of include/uapi/linux/fscrypt.h.
func encryptDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var add struct {
		specType uint32
		_        uint32
		id       [32]byte
		rawSize  uint32
		keyID    uint32
		flags    uint32
		_        [7]uint32
		raw      [64]byte
	}
	add.specType, add.rawSize = 2, 64
	for i := range add.raw {
		add.raw[i] = byte(i * 3)
	}
	const addKey, setPolicy = 0xc0506617, 0x800c6613
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), addKey, uintptr(unsafe.Pointer(&add))); e != 0 {
		return fmt.Errorf("FS_IOC_ADD_ENCRYPTION_KEY: %w", e)
	}
	policy := struct {
		version, contents, names, flags byte
		_                               [4]byte
		id                              [16]byte
	}{version: 2, contents: 1, names: 4, flags: 3}
	copy(policy.id[:], add.id[:16])
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), setPolicy, uintptr(unsafe.Pointer(&policy))); e != 0 {
		return fmt.Errorf("FS_IOC_SET_ENCRYPTION_POLICY: %w", e)
	}
	return nil
}
