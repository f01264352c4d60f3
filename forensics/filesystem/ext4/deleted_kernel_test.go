package ext4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// planted is a file that a test wrote and deleted.
type planted struct {
	path   string
	ino    uint64
	sum    string
	data   []byte
	blocks []blockRange // where its content stood, in bytes of the volume
	gone   bool
}

// fiemap asks the kernel where the content of a file stands (FS_IOC_FIEMAP of
// linux/fiemap.h).
func fiemap(t *testing.T, f *os.File) []blockRange {
	t.Helper()
	type extent struct {
		logical, physical, length uint64
		_                         [2]uint64
		flags                     uint32
		_                         [3]uint32
	}
	const room = 256
	req := struct {
		start, length         uint64
		flags, mapped, count_ uint32
		_                     uint32
		extents               [room]extent
	}{length: ^uint64(0), flags: 1, count_: room} // FIEMAP_FLAG_SYNC
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), 0xc020660b, uintptr(unsafe.Pointer(&req))); errno != 0 {
		t.Fatalf("FIEMAP: %v", errno)
	}
	if req.mapped == room {
		t.Fatalf("FIEMAP: more than %d extents", room)
	}
	var out []blockRange
	for _, e := range req.extents[:req.mapped] {
		if e.flags&0x208 != 0 { // not aligned: inline, or compressed
			return nil
		}
		out = append(out, blockRange{e.physical, e.length})
	}
	return out
}

// stands says whether the content of a file still stands on the volume where it did.
func (p *planted) stands(img []byte, bs uint64) bool {
	if len(p.blocks) == 0 {
		return false
	}
	// Holes are zeros in the content: compare only what is mapped, block by block.
	want := make(map[string]int)
	for at := 0; at < len(p.data); at += int(bs) {
		b := make([]byte, bs)
		copy(b, p.data[at:min(at+int(bs), len(p.data))])
		want[string(b)]++
	}
	zero := string(make([]byte, bs))
	for _, r := range p.blocks {
		for at := uint64(0); at < r.count; at += bs {
			b := string(img[r.start+at:][:bs])
			if want[b] == 0 && b != zero {
				return false
			}
			want[b]--
		}
	}
	for b, n := range want {
		if n > 0 && b != zero {
			return false
		}
	}
	return true
}

// deletedVariants are filesystems in which files are deleted.
var deletedVariants = []struct {
	name  string
	mib   int64
	mkfs  []string
	mount string
	churn int // files that come and go afterwards, after the filesystem was mounted anew
}{
	{"4k", 64, []string{"-t", "ext4", "-b", "4096", "-J", "size=16"}, "rw", 0},
	{"1k_no_csum", 48, []string{"-t", "ext4", "-b", "1024", "-O", "^metadata_csum", "-J", "size=8"}, "rw", 0},
	{"ext3", 48, []string{"-t", "ext3", "-b", "1024", "-J", "size=8"}, "rw", 0},
	{"data_journal", 48, []string{"-t", "ext4", "-b", "4096", "-J", "size=16"}, "rw,data=journal", 0},
	{"mounted_anew", 48, []string{"-t", "ext4", "-b", "4096", "-J", "size=16"}, "rw", 40},
	{"mounted_anew_small", 24, []string{"-t", "ext4", "-b", "1024", "-N", "2048", "-J", "size=1"}, "rw", 60},
	{"wrapped", 24, []string{"-t", "ext4", "-b", "1024", "-N", "2048", "-J", "size=1"}, "rw", 400},
}

// TestDeletedFiles writes files through the kernel, deletes many of them over several
// transactions, and lets others take some of their blocks, also for a time only. Of
// those whose bytes still stand where they stood, nine of ten must come back; and
// nothing may be called intact that is not.
func TestDeletedFiles(t *testing.T) {
	needKernel(t)
	inMemory(t)
	for _, v := range deletedVariants {
		t.Run(v.name, func(t *testing.T) {
			img := makeImage(t, v.mib, v.mkfs...)
			root, unmount := mountImage(t, img, v.mount)
			files := deleteFiles(t, root)
			if v.churn > 0 {
				unmount()
				root, unmount = mountImage(t, img, v.mount)
				rnd := rand.New(rand.NewPCG(3, 4))
				for i := range v.churn {
					p := &planted{path: fmt.Sprintf("/churn%d", i%7), data: bytes.Repeat([]byte{byte(i), byte(i >> 8)}, rnd.IntN(1<<(7+rnd.IntN(10))))}
					p.sum = fmt.Sprintf("%x", sha256.Sum256(p.data))
					path := filepath.Join(root, p.path)
					if err := os.WriteFile(path, p.data, 0o600); err != nil {
						t.Fatal(err)
					}
					run(t, "sync", "-f", root)
					st, err := os.Stat(path)
					if err != nil {
						t.Fatal(err)
					}
					p.ino = st.Sys().(*syscall.Stat_t).Ino
					p.gone = true // or written over
					files = append(files, p)
					if i%3 > 0 {
						_ = os.Remove(path)
					}
				}
				run(t, "sync", "-f", root)
			}
			b, err := snapshot(img, nil)
			if err != nil {
				t.Fatal(err)
			}
			unmount()
			p := filepath.Join(t.TempDir(), "copy")
			writeSparse(t, p, b)
			f := openImage(t, p, Options{})
			countDeleted(t, f, b, files, v.churn == 0)
			noProblems(t, f)
		})
	}
}

// deleteFiles writes and deletes files, and gives all that it wrote.
func deleteFiles(t *testing.T, root string) []*planted {
	t.Helper()
	rnd := rand.New(rand.NewPCG(11, 12))
	var files []*planted
	commit := func() { run(t, "sync", "-f", root) }
	write := func(name string, size int, pieces bool) *planted {
		p := &planted{path: "/" + name, data: make([]byte, size)}
		for i := range p.data {
			p.data[i] = byte(rnd.Uint32())
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if pieces { // from the end: many extents
			for at := (size - 1) / 4096 * 4096; at >= 0; at -= 8192 {
				_, err = f.WriteAt(p.data[at:min(at+4096, size)], int64(at))
				syncRange(f)
			}
			for at := 0; at < size; at += 4096 {
				if at/4096%2 != (size-1)/4096%2 {
					clear(p.data[at:min(at+4096, size)])
				}
			}
			_ = f.Truncate(int64(size))
		} else {
			_, err = f.Write(p.data)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.blocks = fiemap(t, f)
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		p.ino = st.Sys().(*syscall.Stat_t).Ino
		p.sum = fmt.Sprintf("%x", sha256.Sum256(p.data))
		files = append(files, p)
		return p
	}
	remove := func(p *planted) {
		if err := os.Remove(filepath.Join(root, p.path)); err != nil {
			t.Fatal(err)
		}
		p.gone = true
	}
	size := func() int { return 1 + rnd.IntN(1<<(6+rnd.IntN(11))) }
	for i := range 150 {
		write(fmt.Sprintf("d%d/file%d", i%12, i), size(), i%9 == 0)
		if i%40 == 0 {
			commit()
		}
	}
	commit()
	// Deleted over several transactions.
	for round := range 5 {
		for i := round; i < 150; i += 8 {
			remove(files[i])
		}
		commit()
	}
	// Others come; some of them for a time only, in blocks that were just freed.
	for i := range 15 {
		p := write(fmt.Sprintf("later/keep%d", i), size(), false)
		_ = p
	}
	commit()
	for i := range 15 {
		p := write(fmt.Sprintf("later/brief%d", i), size()/2+1, i%5 == 0)
		commit()
		remove(p)
		if i%4 == 0 {
			commit()
		}
	}
	commit()
	// A directory with all in it, and a file that was renamed before.
	dir := []*planted{write("x/.cache/miner", 50000, false), write("x/.cache/config.json", 300, false)}
	commit()
	for _, p := range dir {
		remove(p)
	}
	if err := os.RemoveAll(filepath.Join(root, "x")); err != nil {
		t.Fatal(err)
	}
	commit()
	old := write("name-before", 9000, false)
	commit()
	if err := os.Rename(filepath.Join(root, old.path), filepath.Join(root, "name-after")); err != nil {
		t.Fatal(err)
	}
	old.path = "/name-after"
	commit()
	remove(old)
	commit()
	// These were never committed with a name: nobody can bring them back.
	for i := range 5 {
		remove(write(fmt.Sprintf("never%d", i), 5000, false))
	}
	commit()
	return files
}

// countDeleted compares what is recovered with what was deleted.
func countDeleted(t *testing.T, f *FS, img []byte, files []*planted, enough bool) {
	t.Helper()
	bs := uint64(f.sb.blockSize)
	bySum, byIno := make(map[string][]*planted), make(map[uint64][]*planted)
	standing := 0
	for _, p := range files {
		if !p.gone {
			continue
		}
		bySum[p.sum] = append(bySum[p.sum], p)
		byIno[p.ino] = append(byIno[p.ino], p)
		if p.stands(img, bs) && !strings.Contains(p.path, "never") {
			standing++
		}
	}
	right, wrong, named, unverified, other := make(map[*planted]bool), 0, 0, 0, 0
	err := f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true, Deleted: true}, func(e *filesystem.Entry) error {
		if e.Inode.State != filesystem.Deleted || !e.Inode.IsRegular() {
			return nil
		}
		sure, unsure := strings.Contains(e.Inode.Note, "; intact"), strings.Contains(e.Inode.Note, "; unverified")
		h, err := hashOf(f, e.Inode.Ref)
		if err != nil {
			h = err.Error()
		}
		var match *planted
		for _, p := range bySum[h] {
			if p.ino == e.Inode.Ref.Inode {
				match = p
			}
		}
		switch {
		case match != nil && (sure || unsure):
			right[match] = true
			if e.Path == match.path {
				named++
			} else {
				t.Logf("%v: path %q, was %q", e.Inode.Ref, e.Path, match.path)
			}
			if unsure {
				unverified++
			}
		case sure && len(byIno[e.Inode.Ref.Inode]) > 0:
			wrong++
			t.Errorf("%v %q: said to be right, but is not: %s", e.Inode.Ref, e.Path, e.Inode.Note)
		default:
			other++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	missed := 0
	for _, p := range files {
		if p.gone && !right[p] && p.stands(img, bs) && !strings.Contains(p.path, "never") {
			if missed++; missed < 6 {
				t.Logf("not recovered: %s, inode %d, %d bytes", p.path, p.ino, len(p.data))
			}
		}
	}
	t.Logf("%d deleted, %d of them still stand on the disk; %d recovered (%d with their path, %d unverified), %d wrong, %d others listed", len(bySum), standing, len(right), named, unverified, wrong, other)
	if enough && (standing < 20 || (standing-missed)*10 < standing*9) {
		t.Errorf("recovered %d of %d", standing-missed, standing)
	}
	if enough && named*10 < len(right)*9 {
		t.Errorf("%d of %d with their path", named, len(right))
	}
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
