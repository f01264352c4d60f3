package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"icecore/forensics/filesystem"
)

// The seeds of the fuzz targets are cut from small images that mke2fs makes when
// the test begins. `go test -fuzz FuzzInode ./forensics/filesystem/ext4` runs one.

// tinyFS opens a copy of a small image.
func tinyFS(t testing.TB, name string) (*FS, []byte) {
	t.Helper()
	for _, img := range needTinies(t) {
		if img.name == name {
			b := bytes.Clone(img.bytes)
			f, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
			must(t, err)
			return f, b
		}
	}
	t.Fatalf("no image %q", name)
	return nil, nil
}

func FuzzSuperblock(f *testing.F) {
	for _, img := range needTinies(f) {
		f.Add(img.bytes[1024:2048], int64(len(img.bytes)))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size int64) {
		size = max(min(size, 64<<20), 0)
		s, err := parseSuperblock(raw, size)
		if err != nil {
			return
		}
		if s.blockSize < 1024 || s.inodeSize > s.blockSize || s.descSize > s.blockSize || s.blocks == 0 || int64(s.groups) > size/(256<<10)+1+1024 {
			t.Errorf("accepted: block size %d, inode size %d, descriptor size %d, %d blocks, %d groups for %d bytes", s.blockSize, s.inodeSize, s.descSize, s.blocks, s.groups, size)
		}
		s.checksumOK()
		// What follows from it must be bounded by the volume, here one of zeros.
		v := &damaged{zeros(size), []patch{{1024, raw}}}
		if fs, err := Open(context.Background(), v, size, Options{}); err == nil {
			fs.Info()
		}
	})
}

// zeros is a volume without anything on it.
type zeros int64

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	n := int(max(min(int64(len(p)), int64(z)-off), 0))
	clear(p[:n])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func FuzzInode(f *testing.F) {
	fs, img := tinyFS(f, "ext4 inline data")
	for ino := uint64(1); ino <= 100; ino++ {
		off, err := fs.inodeOffset(ino)
		must(f, err)
		if b := img[off:][:fs.sb.inodeSize]; b[0]|b[1] != 0 {
			f.Add(b)
		}
	}
	at, err := fs.inodeOffset(40)
	must(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > fs.sb.inodeSize {
			return
		}
		v := &damaged{bytes.NewReader(img), []patch{{at, raw}}}
		fs, err := Open(context.Background(), v, int64(len(img)), Options{})
		must(t, err)
		ref := filesystem.Ref{Inode: 40}
		in, err := fs.Inode(ref)
		if err != nil {
			return
		}
		if in.Size < 0 || in.TypeName() == "" {
			t.Errorf("size %d, type %q", in.Size, in.TypeName())
		}
		_, _ = fs.Readlink(ref)
		_, _ = fs.Xattrs(ref)
		_, _ = fs.ReadDir(ref)
		readSome(t, fs, ref)
	})
}

// readSome reads the ends of a file and verifies its extents.
func readSome(t *testing.T, fs *FS, ref filesystem.Ref) {
	t.Helper()
	fl, err := fs.Open(ref)
	if err != nil {
		return
	}
	buf := make([]byte, 8192)
	for _, at := range []int64{0, 1, 4095, fl.Size() / 2, fl.Size() - 1, fl.Size(), fl.Size() + 1} {
		n, err := fl.ReadAt(buf, at)
		if n < 0 || n > len(buf) || n < len(buf) && err == nil {
			t.Errorf("read %d bytes at %d of %d: %v", n, at, fl.Size(), err)
		}
	}
	exts, _ := fl.Extents()
	end := int64(0)
	for _, e := range exts {
		if e.Logical < end || e.Length <= 0 || e.Physical < 0 || e.Physical+e.Length > int64(fs.sb.blocks)*int64(fs.sb.blockSize) {
			t.Errorf("extent %+v after byte %d", e, end)
		}
		end = e.Logical + e.Length
	}
}

// FuzzExtents gives the engine a root in the inode and one block of the tree (or
// of indirect pointers) below it.
func FuzzExtents(f *testing.F) {
	fs, img := tinyFS(f, "ext4 no checksums")
	ref, _, err := filesystem.Lookup(fs, "/d2/sparse", false)
	must(f, err)
	off, err := fs.inodeOffset(ref.Inode)
	must(f, err)
	root := bytes.Clone(img[off+0x28 : off+0x64])
	child := int64(binary.LittleEndian.Uint32(root[16:])) * int64(fs.sb.blockSize)
	f.Add(root, bytes.Clone(img[child:][:fs.sb.blockSize]), true)
	f.Add(root, bytes.Clone(root), true)
	f.Add(bytes.Repeat(root[16:20], 15), bytes.Repeat(root[16:20], 256), false)
	f.Fuzz(func(t *testing.T, root, block []byte, tree bool) {
		if len(root) > 60 || len(block) > fs.sb.blockSize {
			return
		}
		v := &damaged{bytes.NewReader(img), []patch{{off + 0x28, root}, {child, block}}}
		if !tree {
			v.patches = append(v.patches, patch{off + 0x22, []byte{img[off+0x22] &^ 0x08}}) // EXT4_EXTENTS_FL
		}
		fs, err := Open(context.Background(), v, int64(len(img)), Options{})
		must(t, err)
		readSome(t, fs, ref)
	})
}

func FuzzDirectory(f *testing.F) {
	for _, name := range []string{"ext4 no checksums", "ext4 encrypt, casefold"} {
		fs, img := tinyFS(f, name)
		for _, path := range []string{"/", "/d1", "/d2", "/many"} {
			ref, _, err := filesystem.Lookup(fs, path, false)
			if err != nil {
				continue
			}
			n := mustNode(f, fs, ref.Inode)
			exts, err := fs.extents(n)
			must(f, err)
			for _, e := range exts {
				f.Add(bytes.Clone(img[e.Physical:][:1024]), true)
			}
		}
	}
	f.Add([]byte{}, false)
	fs, img := tinyFS(f, "ext4 no checksums")
	ref, _, err := filesystem.Lookup(fs, "/many", false)
	must(f, err)
	exts, err := fs.extents(mustNode(f, fs, ref.Inode))
	must(f, err)
	at := exts[0].Physical
	f.Fuzz(func(t *testing.T, b []byte, hasType bool) {
		if len(b) > 1<<16 {
			return
		}
		for _, bs := range []int{1024, 1 << 16} {
			used := 0
			_ = dirEntries(b, bs, hasType, 1000, true, func(d dirent) {
				if !d.deleted {
					used += entryLen(len(d.name))
				}
				if len(d.name) > 255 {
					t.Errorf("a name of %d bytes", len(d.name))
				}
				_ = badName(d.name)
			})
			if used > len(b) {
				t.Errorf("%d bytes of entries in %d", used, len(b))
			}
		}
		// As a block of a directory, in a walk.
		walkAll(t, &damaged{bytes.NewReader(img), []patch{{at, b[:min(len(b), 1024)]}}}, int64(len(img)))
	})
}

func walkAll(t *testing.T, img io.ReaderAt, size int64) {
	t.Helper()
	fs, err := Open(context.Background(), img, size, Options{})
	if err != nil {
		return
	}
	entries := 0
	err = fs.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: true}, func(e *filesystem.Entry) error {
		if entries++; entries > 100_000 {
			return errEnough
		}
		if e.Inode == nil {
			return fmt.Errorf("no inode for %q", e.Path)
		}
		for i := 0; i < len(e.Path); i++ {
			if e.Path[i] == 0 {
				return fmt.Errorf("a path with a zero byte: %q", e.Path)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("walk: %v", err)
	}
}

func FuzzXattr(f *testing.F) {
	fs, img := tinyFS(f, "ext4 inline data")
	for ino := uint64(11); ino <= 100; ino++ {
		n, err := fs.node(filesystem.Ref{Inode: ino})
		if err != nil {
			continue
		}
		if raw, _ := fs.rawXattrs(n); len(raw) > 0 {
			f.Add(bytes.Clone(n.raw[160:]))
		}
		if b := binary.LittleEndian.Uint32(n.raw[0x68:]); b != 0 {
			f.Add(bytes.Clone(img[int64(b)*1024:][:1024]))
		}
	}
	f.Add([]byte{0, 0, 2, 0xea, 1, 1, 0, 0})
	at, err := fs.inodeOffset(40)
	must(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		all, _ := xattrEntries("inode 1", b, b)
		for _, x := range all {
			if len(x.name) > 255 || len(x.value) > len(b) {
				t.Errorf("name of %d bytes, value of %d", len(x.name), len(x.value))
			}
			_ = aclToUser(x.value)
		}
		// In an inode, and in the block of its attributes.
		raw := bytes.Clone(img[at:][:fs.sb.inodeSize])
		copy(raw, "\xa4\x81")
		raw[0x1a], raw[128] = 1, 32
		copy(raw[160:], b)
		binary.LittleEndian.PutUint32(raw[0x68:], 5000)
		v := &damaged{bytes.NewReader(img), []patch{{at, raw}, {5000 * 1024, b[:min(len(b), 1024)]}}}
		fs, err := Open(context.Background(), v, int64(len(img)), Options{})
		must(t, err)
		_, _ = fs.Xattrs(filesystem.Ref{Inode: 40})
		readSome(t, fs, filesystem.Ref{Inode: 40})
	})
}

// FuzzImage takes changes to a whole image: pairs of an offset and a byte, as
// pieces of six bytes.
func FuzzImage(f *testing.F) {
	images := needTinies(f)
	for i := range images {
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), []byte{0x18, 0x04, 0, 0, 5, 0}) // the size of blocks
		f.Add(uint8(i), []byte{0x28, 0x04, 0, 0, 0xff, 0})
	}
	buf := make([]byte, 64<<10)
	f.Fuzz(func(t *testing.T, kind uint8, changes []byte) {
		img := images[int(kind)%len(images)].bytes
		super := bytes.Clone(img[1024:2048])
		v := &damaged{r: bytes.NewReader(img)}
		for p := changes; len(p) >= 6 && len(v.patches) < 64; p = p[6:] {
			at := int64(binary.LittleEndian.Uint32(p)) % int64(len(img))
			if at < 1024 || at >= 2048 {
				v.patches = append(v.patches, patch{at, p[4:5]})
				continue
			}
			super[at-1024] = p[4]
			if p[5]&1 != 0 {
				binary.LittleEndian.PutUint32(super[1020:], crc32c(^uint32(0), super[:1020]))
			}
		}
		v.patches = append(v.patches, patch{1024, super})
		exercise(v, int64(len(img)), buf)
	})
}
