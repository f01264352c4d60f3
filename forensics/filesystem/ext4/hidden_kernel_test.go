package ext4

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// TestHidingPlaces changes one thing on a filesystem that the kernel puts up with, as
// somebody would who wants a file to run and a reader of the disk not to see it. The
// view must stay that of the kernel, and the thing must be reported.
func TestHidingPlaces(t *testing.T) {
	needKernel(t)
	inMemory(t)
	le := binary.LittleEndian
	flag := func(path string, bits uint32) func(*editor) {
		return func(e *editor) {
			e.inode(path, func(raw []byte) { le.PutUint32(raw[0x20:], le.Uint32(raw[0x20:])|bits) })
		}
	}
	unwritten := func(path string) func(*editor) {
		return func(e *editor) {
			e.inode(path, func(raw []byte) { le.PutUint16(raw[0x38:], le.Uint16(raw[0x38:])+32768) })
		}
	}
	ext3 := []string{"-t", "ext3", "-I", "256"}
	for _, c := range []struct {
		name     string
		mkfs     []string
		edit     func(*editor)
		reported string
	}{
		{"file that is marked as inline", ext3, flag("/dir/file", rec.InodeFlagInlineData), noteNotInline},
		{"file that is marked as inline, 128-byte inodes", []string{"-t", "ext3", "-I", "128"}, flag("/dir/file", rec.InodeFlagInlineData), noteNotInline},
		{"directory that is marked as inline", ext3, flag("/dir", rec.InodeFlagInlineData), noteNotInline},
		{"link that is marked as inline", ext3, flag("/dir/long", rec.InodeFlagInlineData), noteNotInline},
		{"short link that is marked as one with extents", nil, flag("/dir/short", rec.InodeFlagExtents), ""},
		{"directory of unwritten blocks", nil, unwritten("/dir"), "is marked as unwritten"},
		{"link of an unwritten block", nil, unwritten("/dir/long"), ""},
		{"revision 0", []string{"-t", "ext4", "-I", "128"}, func(e *editor) { e.super(func(raw []byte) { clear(raw[0x4c:0x50]) }) }, "revision 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mkfs := c.mkfs
			if mkfs == nil {
				mkfs = []string{"-t", "ext4"}
			}
			e := newEditor(t, 16, append(mkfs, "-b", "1024", "-O", "^metadata_csum")...)
			c.edit(e)
			f := openImage(t, e.img, Options{})
			root, unmount := mountImage(t, e.img, "ro,noatime,noload")
			want := kernelRows(t, root)
			unmount()
			got := engineRows(t, f)
			for path, r := range got {
				if c.reported != "" && strings.Contains(r.Err, c.reported) { // the note
					r.Err = ""
					got[path] = r
				}
			}
			compareRows(t, "kernel", want, got)
			if c.reported != "" && !strings.Contains(allProblems(f), c.reported) {
				t.Errorf("%q is not reported: %v", c.reported, f.Problems())
			}
		})
	}
	t.Run("file that is marked as encrypted", func(t *testing.T) {
		// The kernel does not open it: it has no context to find a key by.
		e := newEditor(t, 16, "-t", "ext4", "-b", "1024", "-O", "^metadata_csum")
		want, err := hashOf(openImage(t, e.img, Options{}), e.ref("/dir/file"))
		must(t, err)
		flag("/dir/file", rec.InodeFlagEncrypt)(e)
		f := openImage(t, e.img, Options{})
		got, err := hashOf(f, e.ref("/dir/file"))
		if err != nil || got != want {
			t.Errorf("content %s, %v; want %s", got, err, want)
		}
		if !strings.Contains(allProblems(f), notePlain) {
			t.Errorf("not reported: %v", f.Problems())
		}
	})
}

// editor changes an image that the kernel filled.
type editor struct {
	t   *testing.T
	img string
}

// newEditor makes an image with a directory of a large file, a short and a long link, and
// a directory of a file.
func newEditor(t *testing.T, mib int64, mkfs ...string) *editor {
	t.Helper()
	e := &editor{t, makeImage(t, mib, mkfs...)}
	root, unmount := mountImage(t, e.img, "rw,noatime")
	must(t, os.MkdirAll(filepath.Join(root, "dir/below/deep"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "dir/file"), marked(7, 300_000), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "dir/below/one"), marked(8, 5_000), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "dir/below/deep/two"), marked(9, 5_000), 0o755))
	must(t, os.Symlink("/etc/short", filepath.Join(root, "dir/short")))
	must(t, os.Symlink("/"+strings.Repeat("long", 50), filepath.Join(root, "dir/long")))
	unmount()
	// Where somebody else made a mount namespace meanwhile, the filesystem stays mounted there
	// for a moment.
	for i := 0; openImage(t, e.img, Options{}).Info().State != "clean"; i++ {
		if i == 200 {
			t.Fatal("the image is still mounted")
		}
		time.Sleep(50 * time.Millisecond)
	}
	return e
}

func (e *editor) ref(path string) filesystem.Ref {
	e.t.Helper()
	ref, _, err := filesystem.Lookup(openImage(e.t, e.img, Options{}), path, false)
	must(e.t, err)
	return ref
}

// at changes n bytes at an offset of the image.
func (e *editor) at(off int64, n int, change func([]byte)) {
	e.t.Helper()
	f, err := os.OpenFile(e.img, os.O_RDWR, 0)
	must(e.t, err)
	defer f.Close()
	b := make([]byte, n)
	_, err = f.ReadAt(b, off)
	must(e.t, err)
	change(b)
	_, err = f.WriteAt(b, off)
	must(e.t, err)
}

func (e *editor) super(change func([]byte)) { e.t.Helper(); e.at(1024, 1024, change) }

// inode changes the record of an inode.
func (e *editor) inode(path string, change func([]byte)) {
	e.t.Helper()
	e.number(e.ref(path).Inode, change)
}

func (e *editor) number(ino uint64, change func([]byte)) {
	e.t.Helper()
	f := openImage(e.t, e.img, Options{})
	off, err := f.inodeOffset(ino)
	must(e.t, err)
	e.at(off, f.sb.inodeSize, change)
}

func allProblems(f *FS) string {
	var out []string
	for _, p := range f.Problems() {
		out = append(out, p.What+": "+p.Why)
	}
	return strings.Join(out, "\n")
}

func sha256Hex(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// TestPassedOver spoils one entry of a directory, so that the kernel does not list those
// after it. What it finds by name must be given as live, with a note, and nothing else.
func TestPassedOver(t *testing.T) {
	needKernel(t)
	inMemory(t)
	for _, c := range []struct {
		name  string
		spoil func(entry []byte)
		found bool // the names after the entry are found
	}{
		{"name longer than the entry", func(b []byte) { b[6] = 200 }, true},
		{"inode that there is not", func(b []byte) { put32(b, 1<<30) }, true},
		{"length 8", func(b []byte) { put16(b[4:], 8) }, false},
		{"length 6", func(b []byte) { put16(b[4:], 6) }, false},
		{"length 0", func(b []byte) { put16(b[4:], 0) }, false},
		{"length 13", func(b []byte) { put16(b[4:], 13) }, false},
		{"length behind the block", func(b []byte) { put16(b[4:], 4000) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEditor(t, 16, "-t", "ext4", "-b", "1024", "-O", "^metadata_csum")
			f := openImage(t, e.img, Options{})
			exts, err := f.extents(mustNode(t, f, e.ref("/dir").Inode))
			must(t, err)
			e.at(exts[0].Physical, int(exts[0].Length), func(b []byte) { c.spoil(b[bytes.Index(b, []byte("file"))-8:]) })
			root, unmount := mountImage(t, e.img, "ro,noatime,noload")
			found := make(map[string]bool)
			for _, name := range []string{"below", "file", "short", "long"} {
				if _, err := os.Lstat(filepath.Join(root, "dir", name)); err == nil {
					found[name] = true
				}
			}
			listed := make(map[string]bool)
			if d, err := os.Open(filepath.Join(root, "dir")); err == nil {
				names, _ := d.Readdirnames(-1)
				for _, n := range names {
					listed[n] = true
				}
				d.Close()
			}
			unmount()
			if found["long"] != c.found || listed["long"] {
				t.Fatalf("the kernel finds %v and lists %v: not what was meant", found, listed)
			}
			f = openImage(t, e.img, Options{})
			must(t, f.Walk(t.Context(), filesystem.WalkOptions{Orphans: true}, func(en *filesystem.Entry) error {
				name, ok := strings.CutPrefix(en.Path, "/dir/")
				if !ok || strings.Contains(name, "/") || en.Err != nil || en.Inode.State != filesystem.Live {
					return nil
				}
				if !found[name] || (en.Inode.Note == notePassed) == listed[name] {
					t.Errorf("%q, note %q: the kernel finds %v and lists %v", name, en.Inode.Note, found, listed)
				}
				delete(found, name)
				return nil
			}))
			for name := range found {
				t.Errorf("the kernel finds %q", name)
			}
		})
	}
}
