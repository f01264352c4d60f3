package ext4

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// TestDisagreements makes two places of a filesystem say different things of a file. Each
// is reported where e2fsck reports it.
func TestDisagreements(t *testing.T) {
	needKernel(t, "e2fsck")
	inMemory(t)
	inDir := func(e *editor, change func(b []byte)) {
		f := openImage(e.t, e.img, Options{})
		exts, err := f.extents(mustNode(e.t, f, e.ref("/dir").Inode))
		must(e.t, err)
		e.at(exts[0].Physical, int(exts[0].Length), change)
	}
	for _, c := range []struct {
		name string
		edit func(e *editor)
		fsck string
		want func(dir, file uint64) (what, why string)
	}{
		{"directory that its name calls a file", func(e *editor) {
			inDir(e, func(b []byte) { b[bytes.Index(b, []byte("below"))-1] = 1 })
		}, `Entry 'below' in /dir \((\d+)\) has an incorrect filetype`, func(dir, _ uint64) (string, string) {
			return fmt.Sprintf("directory inode %d", dir), "a file; it is a dir"
		}},
		{"name that stands twice", func(e *editor) {
			inDir(e, func(b []byte) { copy(b[bytes.Index(b, []byte("long")):], "file") })
		}, `Duplicate entry 'file' found.\n\s*Marking /dir \((\d+)\)`, func(dir, _ uint64) (string, string) {
			return fmt.Sprintf("directory inode %d", dir), `the name "file" twice`
		}},
		{"file that the bitmap calls free", func(e *editor) {
			f := openImage(e.t, e.img, Options{})
			ino := e.ref("/dir/file").Inode - 1
			per := uint64(f.sb.SInodesPerGroup)
			e.at(int64(f.groups[ino/per].inodeBitmap)*1024+int64(ino%per/8), 1, func(b []byte) { b[0] &^= 1 << (ino % per % 8) })
		}, `Inode bitmap differences: +\+(\d+)`, func(_, file uint64) (string, string) {
			return fmt.Sprintf("inode %d", file), "says that it is free"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEditor(t, 16, "-t", "ext4", "-b", "1024", "-O", "^metadata_csum")
			dir, file := e.ref("/dir").Inode, e.ref("/dir/file").Inode
			c.edit(e)
			what, why := c.want(dir, file)
			for ino := range e.fsck(c.fsck) {
				if !strings.HasSuffix(what, " "+ino) {
					t.Errorf("e2fsck complains of inode %s, not of %s", ino, what)
				}
			}
			f := openImage(t, e.img, Options{})
			paths := 0
			must(t, f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true}, func(*filesystem.Entry) error { paths++; return nil }))
			if paths != 10 {
				t.Errorf("%d paths are shown", paths)
			}
			found := false
			for _, p := range f.Problems() {
				if p.What == what && strings.Contains(p.Why, why) {
					found = true
				} else {
					t.Errorf("also reported: %v", p)
				}
			}
			if !found {
				t.Errorf("%s, %s: not reported", what, why)
			}
		})
	}
}
