package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
)

// unname takes a name out of a directory with a hex editor: its inode stays as it is.
func (e *editor) unname(dir, name string) {
	e.t.Helper()
	f := openImage(e.t, e.img, Options{})
	exts, err := f.extents(mustNode(e.t, f, e.ref(dir).Inode))
	must(e.t, err)
	found := false
	for _, x := range exts {
		e.at(x.Physical, int(x.Length), func(b []byte) {
			if at := bytes.Index(b, []byte(name)); at >= 8 && int(b[at-2]) == len(name) {
				clear(b[at-8 : at-4])
				found = true
			}
		})
	}
	if !found {
		e.t.Fatalf("%s has no name %q", dir, name)
	}
}

// fsck gives the inodes that e2fsck complains of in the way that pattern says.
func (e *editor) fsck(pattern string) map[string]bool {
	e.t.Helper()
	out, _ := exec.Command("e2fsck", "-fn", e.img).CombinedOutput()
	list := make(map[string]bool)
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(out, -1) {
		list[string(m[1])] = true
	}
	if len(list) == 0 {
		e.t.Fatalf("e2fsck does not complain of %q:\n%s", pattern, out)
	}
	return list
}

// TestUnnamed takes files from where the system looks for them, without taking them from
// the disk. Each must be given with its content and a note, and reported as e2fsck reports it.
func TestUnnamed(t *testing.T) {
	needKernel(t, "e2fsck")
	inMemory(t)
	le := binary.LittleEndian
	const unattached, zero = `(?:Unattached inode|Unconnected directory inode) (\d+)`, `Deleted inode (\d+) has zero dtime`
	one, two, large := marked(8, 5_000), marked(9, 5_000), marked(7, 300_000)
	type wanted struct {
		state   filesystem.State
		path    string // with %d for the inode of /dir/below
		content []byte
		note    string
	}
	for _, c := range []struct {
		name string
		edit func(*editor)
		fsck string
		want []wanted
	}{
		{"directory", func(e *editor) { e.unname("/dir", "below") }, unattached, []wanted{
			{filesystem.Orphan, "", nil, noteUnnamed},
			{filesystem.Orphan, "/#%d/one", one, noteApart},
			{filesystem.Orphan, "/#%d/deep", nil, noteApart},
			{filesystem.Orphan, "/#%d/deep/two", two, noteApart},
		}},
		{"directories in a circle", func(e *editor) {
			deep := e.ref("/dir/below/deep").Inode
			e.unname("/dir/below", "one")
			f := openImage(e.t, e.img, Options{})
			exts, err := f.extents(mustNode(e.t, f, deep))
			must(e.t, err)
			below := uint32(e.ref("/dir/below").Inode)
			e.at(exts[0].Physical, 1024, func(b []byte) { put32(b[bytes.Index(b, []byte("two"))-8:], below) })
			e.unname("/dir", "below")
		}, unattached, []wanted{
			{filesystem.Orphan, "", nil, noteUnnamed},
			{filesystem.Orphan, "/#%d/deep", nil, noteApart},
			{filesystem.Orphan, "", one, noteUnnamed},
			{filesystem.Orphan, "", two, noteUnnamed},
		}},
		{"file that passes for the value of an attribute", func(e *editor) {
			e.inode("/dir/file", func(raw []byte) { put32(raw[0x20:], le.Uint32(raw[0x20:])|rec.InodeFlagEaInode) })
			e.unname("/dir", "file")
		}, "", []wanted{{filesystem.Orphan, "", large, noteUnnamed}}},
		{"file that passes for a quota", func(e *editor) {
			ino := uint32(e.ref("/dir/file").Inode)
			e.super(func(raw []byte) { put32(raw[0x240:], ino); put32(raw[0x268:], ino); put32(raw[0x26c:], ino) })
			e.unname("/dir", "file")
		}, "", []wanted{{filesystem.Orphan, "", large, noteUnnamed}}},
		{"file below the first inode of files", func(e *editor) {
			e.super(func(raw []byte) { put32(raw[0x54:], 2000) })
			e.unname("/dir", "file")
		}, "", []wanted{{filesystem.Orphan, "", large, noteUnnamed}}},
		{"file without links", func(e *editor) {
			e.inode("/dir/file", func(raw []byte) { put16(raw[0x1a:], 0) })
			e.unname("/dir", "file")
		}, zero, []wanted{{filesystem.Deleted, "/dir/file", large, noteUnlinked}}},
		{"list of bad blocks", func(e *editor) {
			var file []byte
			e.inode("/dir/file", func(raw []byte) { file = bytes.Clone(raw); put16(raw, 0); put16(raw[0x1a:], 0); clear(raw[0x28:0x64]) })
			e.number(badBlocksInode, func(raw []byte) {
				put32(raw[0x1c:], le.Uint32(file[0x1c:]))
				put32(raw[0x20:], le.Uint32(file[0x20:]))
				copy(raw[0x28:0x64], file[0x28:])
			})
			e.unname("/dir", "file")
		}, "", []wanted{{filesystem.Orphan, "", append(bytes.Clone(large), make([]byte, 300_032-len(large))...), noteReserved}}},
		{"boot loader", func(e *editor) {
			root, unmount := mountImage(e.t, e.img, "rw,noatime")
			defer unmount()
			f, err := os.OpenFile(filepath.Join(root, "dir/file"), os.O_RDWR, 0)
			must(e.t, err)
			defer f.Close()
			const swapBoot = 'f'<<8 | 17 // EXT4_IOC_SWAP_BOOT
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), swapBoot, 0); errno != 0 {
				e.t.Skipf("the kernel does not swap the boot loader: %v", errno)
			}
		}, "", []wanted{{filesystem.Orphan, "", large, noteReserved}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEditor(t, 16, "-t", "ext4", "-b", "1024", "-O", "^metadata_csum")
			below := e.ref("/dir/below").Inode
			c.edit(e)
			f := openImage(t, e.img, Options{})
			var got []string
			must(t, f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true, Deleted: true}, func(en *filesystem.Entry) error {
				if en.Inode.State == filesystem.Live {
					return nil
				}
				if en.Inode.Ref.Version != 0 { // an older state in the journal
					return nil
				}
				sum := ""
				if en.Inode.IsRegular() {
					s, err := hashOf(f, en.Inode.Ref)
					must(t, err)
					sum = s
				}
				got = append(got, fmt.Sprintf("%v %q %s %s", en.Inode.State, en.Path, sum, en.Inode.Note))
				return nil
			}))
			for _, w := range c.want {
				path := w.path
				if strings.Contains(path, "%d") {
					path = fmt.Sprintf(path, below)
				}
				sum := ""
				if w.content != nil {
					sum = sha256Hex(w.content)
				}
				line := fmt.Sprintf("%v %q %s %s", w.state, path, sum, w.note)
				found := false
				for i, g := range got {
					if g == line {
						got = append(got[:i], got[i+1:]...)
						found = true
						break
					}
				}
				if !found {
					t.Errorf("not given: %s", line)
				}
			}
			for _, g := range got {
				t.Errorf("given: %s", g)
			}
			if c.fsck != "" {
				for ino := range e.fsck(c.fsck) {
					if !strings.Contains(allProblems(f), "inode "+ino+": ") {
						t.Errorf("inode %s is not reported: %v", ino, f.Problems())
					}
				}
			}
		})
	}
}
