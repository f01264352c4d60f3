package ext4

import (
	"os"
	"testing"

	"icecore/forensics/filesystem"
)

// TestKernelMatrix makes a filesystem with each feature that the kernel at hand
// can mount, fills it through the kernel, and compares every field of every file
// with what the kernel shows. What it cannot mount is in TestDebugfsMatrix.
func TestKernelMatrix(t *testing.T) {
	needKernel(t)
	inMemory(t)
	full := plan{bigDir: 1200, deep: 30, fragments: 600, acls: true, links: 20}
	with := func(change func(*plan)) plan {
		p := full
		change(&p)
		return p
	}
	cases := []struct {
		name string
		mib  int64
		mkfs []string
		plan plan
	}{
		{"ext4 default", 64, []string{"-t", "ext4"}, full},
		{"ext4 1k, four levels of extents", 160, []string{"-t", "ext4", "-b", "1024"}, with(func(p *plan) { p.fragments = 40_000; p.far = true; p.depth = 3 })},
		{"ext4 2k 64bit", 64, []string{"-t", "ext4", "-b", "2048", "-O", "64bit"}, full},
		{"ext4 without 64bit and checksums", 64, []string{"-t", "ext4", "-O", "^64bit,^metadata_csum"}, full},
		{"ext4 gdt_csum", 64, []string{"-t", "ext4", "-O", "^metadata_csum,uninit_bg"}, full},
		{"ext4 128-byte inodes", 64, []string{"-t", "ext4", "-I", "128"}, full},
		{"ext4 512-byte inodes", 64, []string{"-t", "ext4", "-I", "512"}, full},
		{"ext4 1024-byte inodes", 64, []string{"-t", "ext4", "-I", "1024", "-O", "inline_data"}, full},
		{"ext4 csum_seed", 64, []string{"-t", "ext4", "-O", "metadata_csum_seed"}, full},
		{"ext4 meta_bg", 300, []string{"-t", "ext4", "-b", "1024", "-O", "meta_bg,^resize_inode,^flex_bg"}, full},
		{"ext4 sparse_super2", 64, []string{"-t", "ext4", "-O", "sparse_super2", "-b", "1024"}, full},
		{"ext4 flex_bg off", 64, []string{"-t", "ext4", "-O", "^flex_bg", "-b", "1024"}, full},
		{"ext4 small groups", 64, []string{"-t", "ext4", "-b", "1024", "-g", "1024", "-N", "4096"}, full},
		{"ext4 bigalloc", 128, []string{"-t", "ext4", "-O", "bigalloc"}, full},
		{"ext4 1k bigalloc", 128, []string{"-t", "ext4", "-b", "1024", "-O", "bigalloc", "-C", "8192"}, full},
		{"ext4 1k bigalloc meta_bg", 600, []string{"-t", "ext4", "-b", "1024", "-O", "bigalloc,meta_bg,^resize_inode", "-C", "2048"}, full},
		{"ext4 inline_data", 64, []string{"-t", "ext4", "-O", "inline_data"}, full},
		{"ext4 ea_inode", 64, []string{"-t", "ext4", "-O", "ea_inode"}, with(func(p *plan) { p.bigXattr = 60_000 })},
		{"ext4 large_dir", 64, []string{"-t", "ext4", "-O", "large_dir", "-b", "1024"}, with(func(p *plan) { p.bigDir = 9000 })},
		{"ext4 tea hash", 64, []string{"-t", "ext4"}, with(func(p *plan) { p.tune = []string{"-E", "hash_alg=tea"} })},
		{"ext4 legacy hash", 64, []string{"-t", "ext4"}, with(func(p *plan) { p.tune = []string{"-E", "hash_alg=legacy"} })},
		{"ext4 without dir_index", 64, []string{"-t", "ext4", "-O", "^dir_index"}, full},
		{"ext4 without filetype", 64, []string{"-t", "ext4", "-O", "^filetype"}, full},
		{"ext4 without extents", 64, []string{"-t", "ext4", "-O", "^extent,^64bit,^flex_bg"}, full},
		{"ext4 verity, orphan_file, fast_commit, mmp, stable_inodes", 64, []string{"-t", "ext4", "-O", "verity,orphan_file,fast_commit,mmp,stable_inodes"}, full},
		{"ext4 without huge_file", 64, []string{"-t", "ext4", "-O", "^huge_file"}, full},
		{"ext3", 64, []string{"-t", "ext3"}, full},
		{"ext2 1k, triple indirect", 96, []string{"-t", "ext2", "-b", "1024"}, with(func(p *plan) { p.far = true; p.fragments = 4000 })},
		{"ext2 4k, triple indirect", 64, []string{"-t", "ext2", "-b", "4096"}, with(func(p *plan) { p.far = true })},
		{"ext2 revision 0", 64, []string{"-r", "0", "-b", "1024"}, with(func(p *plan) { p.plain = true })},
	}
	if testing.Short() {
		cases = cases[:1]
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			img := makeImage(t, c.mib, c.mkfs...)
			kernelCase(t, img, c.plan)
		})
	}
	t.Run("large directory", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes seconds")
		}
		// Blocks of 1 KiB, the default at this size, hold an index of two levels that may
		// be full with so many names, as their hashes fall.
		img := makeImage(t, 256, "-t", "ext4", "-b", "4096", "-N", "220000")
		p := plan{bigDir: 100_000, deep: 200, fragments: 2000, links: 300, acls: true}
		if os.Getenv("ICECORE_LONG") != "" {
			p.links = 66_000 // more than a link count holds: dir_nlink
			p.bigDir = 1_000_000
			img = makeImage(t, 2048, "-t", "ext4", "-N", "220000", "-O", "large_dir")
		}
		kernelCase(t, img, p)
	})
}

// kernelCase fills an image through the kernel and compares the two views of it.
func kernelCase(t *testing.T, img string, p plan) {
	t.Helper()
	if p.tune != nil {
		run(t, "tune2fs", append(append([]string{}, p.tune...), img)...)
	}
	dir, unmount := mountImage(t, img, "rw,noatime,user_xattr,acl")
	plant(t, dir, p)
	unmount()
	f := compareWithKernel(t, img, true)
	if p.depth > 0 {
		ref, _, err := filesystem.Lookup(f, "/big/fragmented", false)
		must(t, err)
		n, err := f.node(ref)
		must(t, err)
		if got := int(n.iblock()[6]); got != p.depth {
			t.Errorf("the extent tree has depth %d, meant to be %d", got, p.depth)
		}
	}
}

// compareWithKernel mounts an image read-only and compares.
func compareWithKernel(t *testing.T, img string, sound bool) *FS {
	t.Helper()
	f := openImage(t, img, Options{})
	dir, unmount := mountImage(t, img, "ro,noatime,noload")
	want := kernelRows(t, dir)
	unmount()
	got := engineRows(t, f)
	compareRows(t, "kernel", want, got)
	if sound {
		noProblems(t, f)
	}
	t.Logf("%d paths", len(want))
	return f
}
