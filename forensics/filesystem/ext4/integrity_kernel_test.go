package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// TestBackups destroys the first superblock, descriptors, or both, and wants the
// same view as before, and to be reported.
func TestBackups(t *testing.T) {
	needKernel(t)
	inMemory(t)
	for _, c := range []struct {
		name string
		mib  int64
		mkfs []string
	}{
		{"1k", 40, []string{"-t", "ext4", "-b", "1024"}},
		{"4k", 300, []string{"-t", "ext4", "-b", "4096"}},
		{"4k without checksums", 300, []string{"-t", "ext4", "-b", "4096", "-O", "^metadata_csum,^uninit_bg"}},
		{"meta_bg", 600, []string{"-t", "ext4", "-b", "1024", "-O", "meta_bg,^resize_inode,^flex_bg"}},
		{"sparse_super2", 60, []string{"-t", "ext4", "-b", "1024", "-O", "sparse_super2"}},
		{"ext2", 40, []string{"-t", "ext2", "-b", "1024"}},
		{"bigalloc", 1200, []string{"-t", "ext4", "-b", "1024", "-O", "bigalloc", "-C", "8192"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := makeImage(t, c.mib, c.mkfs...)
			dir, unmount := mountImage(t, img, "rw,noatime")
			for i := range 50 {
				must(t, os.MkdirAll(filepath.Join(dir, fmt.Sprintf("dir-%d", i)), 0o755))
				must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("dir-%d/file", i)), fmt.Appendf(nil, "content %d", i), 0o600))
			}
			unmount()
			sound := openImage(t, img, Options{})
			want := engineRows(t, sound)
			bs := int64(sound.sb.blockSize)
			desc := int64(sound.descBlock(0)) * bs
			for _, d := range []struct {
				name   string
				at     int64
				length int64
				what   string
			}{
				{"superblock gone", 1024, 1024, "superblock"},
				{"superblock damaged", 1024 + 0x58, 4, "superblock"},
				{"descriptors gone", desc, bs, "group 0 descriptor"},
				{"descriptors damaged", desc + 8, 4, "group 0 descriptor"},
				{"both gone", 1024, desc + bs - 1024, "superblock"},
			} {
				t.Run(d.name, func(t *testing.T) {
					if c.name == "meta_bg" && d.name == "both gone" {
						t.Skip("with meta_bg the copies of the descriptors are not behind the superblock's")
					}
					if !sound.sb.metaCsum() && d.name == "superblock damaged" {
						t.Skip("without checksums this damage shows nowhere")
					}
					f := openDamaged(t, img, d.at, bytes.Repeat([]byte{0xa5}, int(d.length)))
					compareRows(t, "sound image", want, engineRows(t, f))
					if !reports(f, d.what) {
						t.Errorf("nothing is said of %s: %v", d.what, f.Problems())
					}
				})
			}
		})
	}
}

// reports says whether a problem's place begins with what.
func reports(f *FS, what string) bool {
	for _, p := range f.Problems() {
		if strings.HasPrefix(p.What, what) {
			return true
		}
	}
	return false
}

func openDamaged(t testing.TB, img string, at int64, b []byte) *FS {
	t.Helper()
	fl, err := os.Open(img)
	must(t, err)
	t.Cleanup(func() { fl.Close() })
	st, err := fl.Stat()
	must(t, err)
	f, err := Open(context.Background(), &damaged{fl, []patch{{at, b}}}, st.Size(), Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return f
}

// TestChecksums flips one bit in each kind of metadata that has a checksum. It
// must be reported where, and the data must still be shown, with a note.
func TestChecksums(t *testing.T) {
	needKernel(t)
	inMemory(t)
	img := makeImage(t, 64, "-t", "ext4", "-b", "1024", "-O", "ea_inode,orphan_file,mmp")
	dir, unmount := mountImage(t, img, "rw,noatime")
	plant(t, dir, plan{bigDir: 300, fragments: 600, bigXattr: 20_000})
	unmount()
	f := openImage(t, img, Options{})
	find := func(p string) *node {
		ref, _, err := filesystem.Lookup(f, p, false)
		must(t, err)
		n, err := f.node(ref)
		must(t, err)
		return n
	}
	inodeAt := func(p string) int64 {
		off, err := f.inodeOffset(find(p).Ref.Inode)
		must(t, err)
		return off
	}
	block := func(n uint64) int64 { return int64(n) * int64(f.sb.blockSize) }
	le32 := func(b []byte) uint64 { return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 }
	exts, err := f.extents(find("/churn"))
	must(t, err)
	var inum uint32
	xs, err := f.rawXattrs(find("/meta/xattr-big"))
	must(t, err)
	for _, x := range xs {
		inum = max(inum, x.inum)
	}
	if inum == 0 {
		t.Fatal("no attribute has an inode of its own")
	}
	valueAt, err := f.extents(mustNode(t, f, uint64(inum)))
	must(t, err)
	orphans, err := f.extents(mustNode(t, f, uint64(f.sb.orphanIno)))
	must(t, err)
	mmp := binary.LittleEndian.Uint64(f.sb.raw[0x168:])
	for _, c := range []struct {
		name string
		at   int64
		what string
		path string // whose entry or file has a note
	}{
		{"superblock", 1024 + 0x78 + 3, "superblock", ""},
		{"group descriptor", block(f.descBlock(0)) + 0x0c, "group 0 descriptor", ""},
		{"inode", inodeAt("/sizes/0001024") + 0x10, fmt.Sprintf("inode %d", find("/sizes/0001024").Ref.Inode), "/sizes/0001024"},
		{"directory inode", inodeAt("/sizes") + 0x10, fmt.Sprintf("inode %d", find("/sizes").Ref.Inode), "/sizes"},
		{"extent block", block(le32(find("/big/fragmented").iblock()[16:])) + 900, fmt.Sprintf("inode %d, extent block", find("/big/fragmented").Ref.Inode), "/big/fragmented"},
		{"directory block", exts[len(exts)-1].Physical + 16, fmt.Sprintf("directory inode %d, block", find("/churn").Ref.Inode), "/churn"},
		{"index block", exts[0].Physical + 60, fmt.Sprintf("directory inode %d, block", find("/churn").Ref.Inode), "/churn"},
		{"attribute block", block(le32(find("/meta/xattr-block").raw[0x68:])) + 1023, fmt.Sprintf("inode %d, attribute block", find("/meta/xattr-block").Ref.Inode), ""},
		{"block bitmap", block(f.groups[0].blockBitmap) + 900, "group 0 block bitmap", ""},
		{"inode bitmap", block(f.groups[0].inodeBitmap) + 2, "group 0 inode bitmap", ""},
		{"orphan file", orphans[0].Physical + 40, "orphan file, block", ""},
		{"mmp block", block(mmp) + 8, fmt.Sprintf("mmp block %d", mmp), ""},
		{"attribute inode", valueAt[0].Physical + 5, fmt.Sprintf("inode %d, attribute", find("/meta/xattr-big").Ref.Inode), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := os.ReadFile(img)
			must(t, err)
			f := openDamaged(t, img, c.at, []byte{raw[c.at] ^ 4})
			noted, paths := "", 0
			must(t, f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true}, func(e *filesystem.Entry) error {
				paths++
				if e.Path == c.path {
					noted = e.Inode.Note
				}
				_, _ = f.Xattrs(e.Inode.Ref)
				if fl, err := f.Open(e.Inode.Ref); err == nil && e.Path == c.path && noted == "" {
					noted = fl.Inode().Note
				}
				return nil
			}))
			if !reports(f, c.what) {
				t.Errorf("nothing is said of %q: %v", c.what, f.Problems())
			}
			if c.path != "" && !strings.Contains(noted, noteChecksum) {
				t.Errorf("%s has the note %q", c.path, noted)
			}
			if paths < 500 {
				t.Errorf("only %d paths are still shown", paths)
			}
		})
	}
}

func mustNode(t testing.TB, f *FS, ino uint64) *node {
	t.Helper()
	n, err := f.node(filesystem.Ref{Inode: ino})
	must(t, err)
	return n
}

// TestJournalChecksums flips one bit in each kind of block of a journal that is to be
// recovered. It must be reported; damage to the superblock alone must not hide what the
// transactions hold.
func TestJournalChecksums(t *testing.T) {
	needKernel(t)
	inMemory(t)
	file := makeImage(t, 32, "-t", "ext4", "-b", "1024", "-J", "size=1")
	root, unmount := mountImage(t, file, "rw,noatime,commit=300")
	sync := func() {
		d, err := os.Open(root)
		must(t, err)
		must(t, unix.Syncfs(int(d.Fd())))
		d.Close()
	}
	for round := range 3 {
		for i := range 40 {
			must(t, os.MkdirAll(filepath.Join(root, fmt.Sprintf("round-%d/%d", round, i)), 0o755))
		}
		sync()
		if round == 1 { // blocks of directories that are freed are revoked
			must(t, os.RemoveAll(filepath.Join(root, "round-1")))
			sync()
		}
	}
	img, err := snapshot(file, nil)
	must(t, err)
	unmount()
	exts := journalPlace(t, img)
	journal := make([]byte, 1<<20)
	r := &journalReader{r: bytes.NewReader(img), size: 1 << 20, exts: exts}
	if _, err := r.ReadAt(journal, 0); err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	sound, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(t, err)
	want := engineRows(t, sound)
	// The first block of each kind from the beginning of what is to be recovered.
	first := func(typ uint32) int {
		for n := int(be.Uint32(journal[28:])); n < 1024; n++ {
			if b := journal[n*1024:]; be.Uint32(b) == 0xc03b3998 && be.Uint32(b[4:]) == typ {
				return n
			}
		}
		t.Fatalf("no block of kind %d", typ)
		return 0
	}
	for _, c := range []struct {
		name string
		at   int
		same bool
	}{
		{"superblock", 0x58, true},
		{"descriptor", first(1)*1024 + 30, false},
		{"copy", (first(1)+1)*1024 + 500, false},
		{"revoke", first(5)*1024 + 200, false},
		{"commit", first(2)*1024 + 52, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bytes.Clone(journal)
			b[c.at] ^= 1
			f, err := Open(context.Background(), withJournal(img, exts, b), int64(len(img)), Options{})
			must(t, err)
			if !strings.Contains(allProblems(f), "checksum mismatch") {
				t.Errorf("not reported: %v", f.Problems())
			}
			if c.same {
				compareRows(t, "sound journal", want, engineRows(t, f))
			}
		})
	}
	t.Run("superblock without the need for recovery", func(t *testing.T) {
		b := bytes.Clone(img)
		b[1024+0x60] &^= 4
		put32(b[1024+0x3fc:], crc32c(^uint32(0), b[1024:1024+0x3fc]))
		f, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
		must(t, err)
		if f.Info().Replayed || !strings.Contains(allProblems(f), "they are not applied") {
			t.Errorf("replayed %v, reported %v", f.Info().Replayed, f.Problems())
		}
	})
}
