package volume

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tool gives the path of a program, or skips the test.
func tool(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/sbin", "/usr/sbin") {
		if p := filepath.Join(dir, name); dir != "" && executable(p) {
			return p
		}
	}
	t.Skipf("%s is not installed", name)
	return ""
}

func executable(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
}

// disk makes an empty disk, and gives it to a program with this input.
func disk(t testing.TB, size int64, stdin string, args ...string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk.raw")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
	if len(args) > 0 {
		runOn(t, name, stdin, args...)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func runOn(t testing.TB, name, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command(tool(t, args[0]), append(args[1:], name)...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
}

// sfdiskTable is what sfdisk(8) says of a disk, the oracle of these tests.
type sfdiskTable struct {
	PartitionTable struct {
		Label      string
		Partitions []struct {
			Node        string
			Start, Size int64
			Type, UUID  string
			Name        string
		}
	}
}

// sameAsSfdisk compares number, place, type and UUID of each partition. Extended
// partitions, which hold others, are no volumes.
func sameAsSfdisk(t *testing.T, f *os.File, vols []Volume) {
	t.Helper()
	out, err := exec.Command(tool(t, "sfdisk"), "--json", f.Name()).Output()
	if err != nil {
		t.Fatalf("sfdisk: %v", err)
	}
	var table sfdiskTable
	if err := json.Unmarshal(out, &table); err != nil {
		t.Fatal(err)
	}
	want := make(map[int]string)
	for _, p := range table.PartitionTable.Partitions {
		n, err := strconv.Atoi(strings.TrimPrefix(p.Node, f.Name()))
		if err != nil {
			t.Fatalf("%q: %v", p.Node, err)
		}
		typ := p.Type
		if table.PartitionTable.Label == "dos" {
			if typ == "5" || typ == "f" || typ == "85" {
				continue
			}
			typ = fmt.Sprintf("0x%02s", typ)
		}
		want[n] = fmt.Sprintf("%d %d %s %s %s", p.Start*512, p.Size*512, typ, strings.ToLower(p.UUID), p.Name)
	}
	if len(want) == 0 {
		t.Fatal("sfdisk sees no partition: is the test blind?")
	}
	for _, v := range vols {
		typ, _, _ := strings.Cut(v.Type, " ")
		id := v.UUID
		if v.Scheme == "mbr" {
			id = "" // sfdisk gives none
		}
		got := fmt.Sprintf("%d %d %s %s %s", v.Offset, v.Size, typ, id, v.Name)
		if got != want[v.Number] {
			t.Errorf("partition %d: %s, sfdisk says %s", v.Number, got, want[v.Number])
		}
		if v.ID != fmt.Sprintf("p%d", v.Number) {
			t.Errorf("partition %d has the ID %s", v.Number, v.ID)
		}
		if v.Content == "" && v.Reason == "" {
			t.Errorf("partition %d: neither content nor a reason", v.Number)
		}
		delete(want, v.Number)
	}
	for n, w := range want {
		t.Errorf("partition %d (%s) is missing", n, w)
	}
}

func TestPartitions(t *testing.T) {
	for name, c := range map[string]struct {
		size   int64
		script string
	}{
		"gpt":          {32 << 20, "label: gpt\nsize=1MiB, type=21686148-6449-6E6F-744E-656564454649, name=\"boot\"\nsize=4MiB, type=U\nsize=8MiB, type=L, name=\"größe ✓\"\ntype=S\n"},
		"gpt holes":    {32 << 20, "label: gpt\nstart=2048, size=2048\nstart=20480, size=2048\n"},
		"mbr":          {32 << 20, "label: dos\nsize=4MiB, type=83, bootable\nsize=4MiB, type=82\nsize=4MiB, type=8e\ntype=7\n"},
		"mbr logical":  {64 << 20, "label: dos\nsize=4MiB, type=83\ntype=5\nsize=4MiB, type=83\nsize=4MiB, type=82\nsize=8MiB, type=8e\ntype=83\n"},
		"mbr lba":      {64 << 20, "label: dos\nsize=4MiB, type=83\ntype=f\nsize=4MiB, type=83\n"},
		"mbr extended": {64 << 20, "label: dos\ntype=85\nsize=4MiB, type=83\nsize=4MiB, type=83\n"},
		"mbr one":      {8 << 20, "label: dos\ntype=83\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := disk(t, c.size, c.script, "sfdisk", "-q")
			vols, problems, err := List(f, c.size)
			if err != nil || len(problems) > 0 {
				t.Fatalf("%v %v", err, problems)
			}
			sameAsSfdisk(t, f, vols)
		})
	}
	t.Run("sgdisk", func(t *testing.T) {
		f := disk(t, 64<<20, "", "sgdisk", "-n", "14:2048:+3M", "-t", "14:EF02", "-n", "15:0:+12M", "-t", "15:EF00", "-n", "1:0:0", "-t", "1:8303", "-c", "1:root")
		vols, problems, err := List(f, 64<<20)
		if err != nil || len(problems) > 0 {
			t.Fatalf("%v %v", err, problems)
		}
		if len(vols) != 3 || vols[0].ID != "p14" || vols[1].ID != "p15" || vols[2].ID != "p1" {
			t.Errorf("not in the order of the disk: %+v", vols)
		}
		sameAsSfdisk(t, f, vols)
	})
}

// TestKernel compares with the partitions that Linux finds on a loop device.
func TestKernel(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for a loop device")
	}
	losetup := tool(t, "losetup")
	f := disk(t, 64<<20, "label: dos\nsize=4MiB, type=83\nsize=4MiB, type=83\ntype=5\nsize=4MiB, type=83\nsize=4MiB, type=82\nsize=8MiB, type=8e\n", "sfdisk", "-q")
	out, err := exec.Command(losetup, "-r", "-P", "-f", "--show", f.Name()).Output()
	if err != nil {
		t.Skipf("no loop device: %v", err)
	}
	dev := strings.TrimSpace(string(out))
	defer func() { _ = exec.Command(losetup, "-d", dev).Run() }()
	base := filepath.Join("/sys/block", filepath.Base(dev))
	vols, _, err := List(f, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, v := range vols {
		part := filepath.Join(base, fmt.Sprintf("%sp%d", filepath.Base(dev), v.Number))
		read := func(name string) int64 {
			b, err := os.ReadFile(filepath.Join(part, name))
			if err != nil {
				return -1
			}
			n, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
			return n * 512
		}
		if read("start") < 0 {
			t.Skip("the kernel here does not look for partitions on loop devices")
		}
		if read("start") != v.Offset || read("size") != v.Size {
			t.Errorf("partition %d: %d %d, the kernel says %d %d", v.Number, v.Offset, v.Size, read("start"), read("size"))
		}
		same++
	}
	if parts, _ := filepath.Glob(filepath.Join(base, filepath.Base(dev)+"p*")); len(parts) != same+1 { // and the extended one
		t.Errorf("the kernel has %d partitions, %d are listed", len(parts)-1, same)
	}
}

// put writes an entry of a boot record at a sector.
func put(t testing.TB, f *os.File, at int64, entry int, typ byte, start, count uint32) {
	t.Helper()
	b := make([]byte, 16)
	b[4] = typ
	binary.LittleEndian.PutUint32(b[8:], start)
	binary.LittleEndian.PutUint32(b[12:], count)
	for _, w := range []struct {
		p   []byte
		off int64
	}{{b, at*512 + 446 + 16*int64(entry)}, {[]byte{0x55, 0xaa}, at*512 + 510}} {
		if _, err := f.WriteAt(w.p, w.off); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(vols []Volume) string {
	var out []string
	for _, v := range vols {
		out = append(out, v.ID)
	}
	return strings.Join(out, " ")
}

// TestHostileChain: chains of logical partitions that an intruder bent. What comes
// before the damage is listed, and the damage is reported.
func TestHostileChain(t *testing.T) {
	for name, c := range map[string]struct {
		bend func(*os.File)
		vols string
		want string
	}{
		"comes back to the first": {func(f *os.File) {
			put(t, f, 4096, 0, 0x83, 2048, 2048)
			put(t, f, 4096, 1, 5, 4096, 4096)
			put(t, f, 8192, 0, 0x83, 2048, 2048)
			put(t, f, 8192, 1, 5, 0, 4096)
		}, "p1 p5 p6", "comes back to sector 4096"},
		"leads to itself": {func(f *os.File) {
			put(t, f, 4096, 0, 0x83, 2048, 2048)
			put(t, f, 4096, 1, 5, 0, 4096)
		}, "p1 p5", "comes back to sector 4096"},
		"leads off the disk": {func(f *os.File) {
			put(t, f, 4096, 0, 0x83, 2048, 2048)
			put(t, f, 4096, 1, 5, 0xfffff000, 4096)
		}, "p1 p5", "extended boot record at sector 4294967296"},
		"no record": {func(*os.File) {}, "p1", "no extended boot record at sector 4096"},
		"empty record, then one that is used": {func(f *os.File) {
			put(t, f, 4096, 0, 0, 0, 0)
			put(t, f, 4096, 1, 5, 4096, 4096)
			put(t, f, 8192, 0, 0x83, 2048, 2048)
		}, "p1 p5", ""},
		"link in the first entry": {func(f *os.File) {
			put(t, f, 4096, 0, 5, 4096, 4096)
			put(t, f, 4096, 1, 0x83, 2048, 2048)
			put(t, f, 8192, 0, 0x83, 2048, 2048)
		}, "p1 p5 p6", ""},
		"garbage in the last entries": {func(f *os.File) {
			put(t, f, 4096, 0, 0x83, 2048, 2048)
			put(t, f, 4096, 2, 0x83, 0xfffffff0, 0xfffffff0)
			put(t, f, 4096, 3, 0x83, 5, 0xfffffff0)
		}, "p1 p5", ""},
		"endless": {func(f *os.File) {
			for i := int64(0); i < 200; i++ {
				put(t, f, 4096+8*i, 0, 0x83, 1, 2)
				put(t, f, 4096+8*i, 1, 5, uint32(8*(i+1)), 8)
			}
		}, "", "more than 128 boot records"},
	} {
		t.Run(name, func(t *testing.T) {
			f := disk(t, 16<<20, "")
			put(t, f, 0, 0, 0x83, 2048, 2048)
			put(t, f, 0, 1, 5, 4096, 20480)
			c.bend(f)
			vols, problems, err := List(f, 16<<20)
			if err != nil {
				t.Fatal(err)
			}
			if c.vols != "" && ids(vols) != c.vols {
				t.Errorf("volumes %s, want %s", ids(vols), c.vols)
			}
			reported := fmt.Sprint(problems)
			if c.want == "" && len(problems) > 0 || !strings.Contains(reported, c.want) {
				t.Errorf("problems %s, want %q", reported, c.want)
			}
			seen := make(map[string]bool)
			for _, v := range vols {
				if seen[v.ID] {
					t.Errorf("two volumes are %s", v.ID)
				}
				seen[v.ID] = true
			}
		})
	}
	// Two extended partitions: Linux goes on counting.
	f := disk(t, 16<<20, "")
	put(t, f, 0, 0, 5, 4096, 4096)
	put(t, f, 0, 1, 5, 12288, 4096)
	put(t, f, 4096, 0, 0x83, 2048, 2048)
	put(t, f, 12288, 0, 0x83, 2048, 2048)
	vols, problems, err := List(f, 16<<20)
	if err != nil || len(problems) > 0 || ids(vols) != "p5 p6" {
		t.Errorf("two extended partitions: %s %v %v", ids(vols), problems, err)
	}
}

// TestDamage: tables that are damaged, contradict the disk, or each other.
func TestDamage(t *testing.T) {
	const size = 32 << 20
	fresh := func(t *testing.T) *os.File {
		return disk(t, size, "label: gpt\nsize=4MiB, name=one\ntype=L, name=two\n", "sfdisk", "-q")
	}
	zero := func(t *testing.T, f *os.File, from, n int64) {
		if _, err := f.WriteAt(make([]byte, n), from); err != nil {
			t.Fatal(err)
		}
	}
	reported := func(t *testing.T, f *os.File, n int64, wantVols, want string) {
		t.Helper()
		vols, problems, err := List(f, n)
		if err != nil || ids(vols) != wantVols || !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%s %v %v, want %s, %q", ids(vols), problems, err, wantVols, want)
		}
	}
	t.Run("first table gone", func(t *testing.T) {
		f := fresh(t)
		zero(t, f, 512, 33*512)
		reported(t, f, size, "p1 p2", "its copy at the end is used")
	})
	t.Run("truncated", func(t *testing.T) {
		f := fresh(t)
		reported(t, f, size/2, "p1 p2", "the disk had 33554432 bytes, the image has 16777216: it is truncated")
	})
	t.Run("enlarged", func(t *testing.T) {
		f := fresh(t)
		if err := f.Truncate(2 * size); err != nil {
			t.Fatal(err)
		}
		reported(t, f, 2*size, "p1 p2", "it had 33554432 bytes when the table was written, and was enlarged to 67108864")
	})
	t.Run("ends before the second partition", func(t *testing.T) {
		f := fresh(t)
		vols, _, err := List(f, 4<<20)
		if err != nil || len(vols) != 2 || !strings.Contains(vols[1].Reason, "behind the end of the disk") {
			t.Errorf("%+v %v", vols, err)
		}
	})
	t.Run("both tables gone", func(t *testing.T) {
		f := fresh(t)
		zero(t, f, 512, 33*512)
		zero(t, f, size-33*512, 33*512)
		if _, _, err := List(f, size); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "protective entry for a GPT") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a table that claims 2^32 entries", func(t *testing.T) {
		f := fresh(t)
		if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 512+80); err != nil {
			t.Fatal(err)
		}
		reported(t, f, size, "p1 p2", "its copy at the end is used")
		if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, size-512+80); err != nil {
			t.Fatal(err)
		}
		if _, _, err := List(f, size); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "damaged: 4294967295 entries of 4294967295 bytes") {
			t.Errorf("%v", err)
		}
	})
}

// TestOldGPT: a GPT that was left when the disk got an MBR is not what the server saw,
// unless nothing is found where the MBR points.
func TestOldGPT(t *testing.T) {
	const size = 64 << 20
	f := disk(t, size, "", "sgdisk", "-n", "1:2048:18431", "-n", "2:40960:57343")
	for i := range 4 {
		put(t, f, 0, i, 0, 0, 0)
	}
	put(t, f, 0, 0, 0x83, 20480, 16384)
	vols, _, err := List(f, size)
	if err != nil || ids(vols) != "p1 p2" || vols[0].Scheme != "gpt" {
		t.Errorf("nothing stands where the MBR points: %+v %v", vols, err)
	}
	if _, err := f.WriteAt([]byte("LUKS\xba\xbe"), 20480*512); err != nil {
		t.Fatal(err)
	}
	vols, problems, err := List(f, size)
	if err != nil || len(vols) != 1 || vols[0].Scheme != "mbr" || vols[0].Offset != 20480*512 || !strings.Contains(fmt.Sprint(problems), "taken for an old one") {
		t.Errorf("%+v %v %v", vols, problems, err)
	}
	sameAsSfdisk(t, f, vols)
}

// TestWholeDisk: a filesystem from the first byte, with and without a table.
func TestWholeDisk(t *testing.T) {
	const size = 16 << 20
	mkfs := func(t *testing.T) *os.File { return disk(t, size, "", "mke2fs", "-q", "-F", "-t", "ext4") }
	t.Run("alone", func(t *testing.T) {
		vols, problems, err := List(mkfs(t), size)
		if err != nil || len(problems) > 0 || len(vols) != 1 || vols[0].ID != "disk" || vols[0].Content != "ext4" || vols[0].Size != size {
			t.Errorf("%+v %v %v", vols, problems, err)
		}
	})
	t.Run("and an MBR", func(t *testing.T) {
		// One must not hide the other.
		f := mkfs(t)
		put(t, f, 0, 0, 0x83, 8192, 8192)
		vols, problems, err := List(f, size)
		if err != nil || ids(vols) != "disk p1" || !strings.Contains(fmt.Sprint(problems), "both are listed") {
			t.Errorf("%s %v %v", ids(vols), problems, err)
		}
	})
	t.Run("boot code that ends like an MBR", func(t *testing.T) {
		f := mkfs(t)
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xeb}, 510), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{0x55, 0xaa}, 510); err != nil {
			t.Fatal(err)
		}
		vols, _, err := List(f, size)
		if err != nil || ids(vols) != "disk" {
			t.Errorf("%s %v", ids(vols), err)
		}
	})
	t.Run("magic number in a GPT", func(t *testing.T) {
		// The third sector is where ext4 has its superblock and a GPT its first
		// entry, of which the name is free.
		f := disk(t, size, "label: gpt\nsize=4MiB, name=xx\ntype=L\n", "sfdisk", "-q")
		if _, err := f.WriteAt([]byte{0x53, 0xef}, 1024+0x38); err != nil {
			t.Fatal(err)
		}
		vols, _, err := List(f, size)
		if err != nil || !strings.Contains(ids(vols), "p1 p2") {
			t.Errorf("%s %v", ids(vols), err)
		}
	})
	t.Run("over an old GPT", func(t *testing.T) {
		f := disk(t, size, "label: gpt\nsize=4MiB\ntype=L\n", "sfdisk", "-q")
		if _, err := f.WriteAt(make([]byte, 34*512), 0); err != nil {
			t.Fatal(err)
		}
		fs := mkfs(t)
		first := make([]byte, 1<<20)
		if _, err := fs.ReadAt(first, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(first, 0); err != nil {
			t.Fatal(err)
		}
		vols, problems, err := List(f, size)
		if err != nil || ids(vols) != "disk" || !strings.Contains(fmt.Sprint(problems), "taken for an old one") {
			t.Errorf("%s %v %v", ids(vols), problems, err)
		}
	})
}

// TestContent: what real programs put on a volume is recognised.
func TestContent(t *testing.T) {
	for content, args := range map[string][]string{
		"ext2": {"mke2fs", "-q", "-F", "-t", "ext2"}, "ext3": {"mke2fs", "-q", "-F", "-t", "ext3"}, "ext4": {"mke2fs", "-q", "-F", "-t", "ext4"}, "swap": {"mkswap"}, "vfat": {"mkfs.vfat"},
		"xfs": {"mkfs.xfs", "-q", "-f"}, "btrfs": {"mkfs.btrfs", "-q", "-f"},
	} {
		t.Run(content, func(t *testing.T) {
			f := disk(t, 320<<20, "", args...)
			v := Volume{Size: 320 << 20, Bytes: section(f, 320<<20)}
			recognise(&v, nil)
			if v.Content != content || (v.Reason == "") != strings.HasPrefix(content, "ext") {
				t.Errorf("%q, %q", v.Content, v.Reason)
			}
		})
	}
	for content, at := range map[string]struct {
		off   int64
		magic string
	}{
		"LUKS": {0, "LUKS\xba\xbe"}, "LVM2": {1536, "LABELONE"}, "ntfs": {3, "NTFS    "}, "squashfs": {0, "hsqs"}, "mdraid": {4096, "\xfc\x4e\x2b\xa9"}, "reiserfs": {0x10034, "ReIsEr2Fs"}, "zfs": {0x20000, "\x0c\xb1\xba\x00\x00\x00\x00\x00"},
	} {
		b := make([]byte, 1<<20)
		copy(b[at.off:], at.magic)
		v := Volume{Size: 1 << 20, Bytes: section(bytes.NewReader(b), 1<<20)}
		if recognise(&v, nil); v.Content != content || v.Reason == "" {
			t.Errorf("%s: %q, %q", content, v.Content, v.Reason)
		}
	}
}

// TestRecognisers: what this package has no name for is shown to those who may have one,
// on a whole disk and on a partition; what it has a name for keeps it.
func TestRecognisers(t *testing.T) {
	toy := func(r io.ReaderAt) string {
		b := make([]byte, 3)
		if _, err := r.ReadAt(b, 0); err != nil || string(b) != "TOY" {
			return ""
		}
		return "toyfs"
	}
	whole := make([]byte, 1<<20)
	copy(whole, "TOY")
	parted := make([]byte, 1<<20)
	copy(parted[64*sector:], "TOY")
	parted[446+4], parted[446+8], parted[446+13], parted[510], parted[511] = 0x83, 64, 4, 0x55, 0xaa
	named := bytes.Clone(whole)
	copy(named[1536:], "LABELONE")
	for _, c := range []struct {
		disk     []byte
		id, want string
	}{{whole, "disk", "toyfs"}, {parted, "p1", "toyfs"}, {named, "disk", "LVM2"}} {
		vols, _, err := List(bytes.NewReader(c.disk), int64(len(c.disk)), toy)
		if err != nil || len(vols) != 1 || vols[0].ID != c.id || vols[0].Content != c.want {
			t.Errorf("%+v, %v: want %s on %s", vols, err, c.want, c.id)
		}
	}
	if _, _, err := List(bytes.NewReader(whole), int64(len(whole))); !errors.Is(err, ErrNothing) {
		t.Errorf("without it: %v", err)
	}
}

func TestNoDisk(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("short"), make([]byte, 512), bytes.Repeat([]byte("text\n"), 4000)} {
		if vols, _, err := List(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrNothing) {
			t.Errorf("%d bytes: %+v, %v", len(b), vols, err)
		}
	}
}

// FuzzList reads disks made of the tables of real ones. Whatever stands there, it
// ends, and gives volumes that can be read without reaching beyond the disk.
func FuzzList(f *testing.F) {
	for _, script := range []string{"label: gpt\nsize=1MiB\ntype=L\n", "label: dos\nsize=1MiB\ntype=5\nsize=1MiB\ntype=83\n"} {
		d := disk(f, 4<<20, script, "sfdisk", "-q")
		head, tail := make([]byte, 64<<10), make([]byte, 33*512)
		if _, err := d.ReadAt(head, 0); err != nil {
			f.Fatal(err)
		}
		if _, err := d.ReadAt(tail, 4<<20-33*512); err != nil {
			f.Fatal(err)
		}
		f.Add(head, tail, uint32(4<<20))
	}
	f.Add([]byte("\xeb\x3c\x90"), []byte("EFI PART"), uint32(1<<20))
	f.Fuzz(func(t *testing.T, head, tail []byte, size uint32) {
		n := int64(size) % (8 << 20)
		b := make([]byte, n)
		copy(b, head)
		if int64(len(tail)) <= n {
			copy(b[n-int64(len(tail)):], tail)
		}
		vols, problems, err := List(bytes.NewReader(b), n)
		if (err == nil) == (len(vols) == 0) {
			t.Fatalf("%d volumes and %v", len(vols), err)
		}
		if len(vols) > 4096+2*maxLogical*4 || len(problems) > 3*len(vols)+4200 {
			t.Fatalf("%d volumes, %d problems", len(vols), len(problems))
		}
		for _, v := range vols {
			if v.Bytes == nil || v.Offset < 0 || v.Size < 0 || v.ID == "" || v.Content == "" && v.Reason == "" {
				t.Fatalf("%+v", v)
			}
			if k, _ := v.Bytes.ReadAt(make([]byte, 512), 0); v.Offset >= n && k > 0 {
				t.Fatalf("%+v reads beyond the disk", v)
			}
		}
	})
}

// FuzzChain follows chains of extended boot records.
func FuzzChain(f *testing.F) {
	d := disk(f, 4<<20, "")
	put(f, d, 1, 0, 0x83, 1, 2)
	put(f, d, 1, 1, 5, 4, 8)
	put(f, d, 5, 0, 0x83, 1, 2)
	put(f, d, 5, 1, 5, 0, 8)
	b := make([]byte, 16<<10)
	if _, err := d.ReadAt(b, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint32(1), uint32(30))
	f.Fuzz(func(t *testing.T, b []byte, first, size uint32) {
		added := 0
		c := &ebrChain{r: bytes.NewReader(b), next: 5, seen: make(map[int64]bool), add: func(n int, _ byte, start, count int64) {
			if added++; n != 4+added || start < 0 || count <= 0 {
				t.Fatalf("partition %d from %d, %d sectors", n, start, count)
			}
		}}
		_ = c.walk(int64(first), int64(size))
		if added > 4*maxLogical {
			t.Fatalf("%d partitions", added)
		}
	})
}

func section(r io.ReaderAt, n int64) *io.SectionReader { return io.NewSectionReader(r, 0, n) }

// TestSectors4096: a table written on a disk of sectors of 4096 bytes counts in them.
func TestSectors4096(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for a loop device of such sectors")
	}
	const size = 64 << 20
	losetup := tool(t, "losetup")
	for _, script := range []string{
		"label: gpt\nsize=4MiB\nsize=8MiB, type=S\n",
		"label: dos\nsize=4MiB, type=83\ntype=5\nsize=4MiB, type=83\nsize=8MiB, type=82\n",
	} {
		f := disk(t, size, "")
		out, err := exec.Command(losetup, "-b", "4096", "-f", "--show", f.Name()).Output()
		if err != nil {
			t.Skipf("no loop device of such sectors: %v", err)
		}
		dev := strings.TrimSpace(string(out))
		runOn(t, dev, script, "sfdisk", "-q", "--no-reread", "--no-tell-kernel")
		out, err = exec.Command(tool(t, "sfdisk"), "--json", dev).Output()
		if derr := exec.Command(losetup, "-d", dev).Run(); err != nil || derr != nil {
			t.Fatal(err, derr)
		}
		var table sfdiskTable
		if err := json.Unmarshal(out, &table); err != nil {
			t.Fatal(err)
		}
		want := make(map[string]string)
		for _, p := range table.PartitionTable.Partitions {
			if p.Type == "5" {
				continue
			}
			want["p"+strings.TrimPrefix(p.Node, dev+"p")] = fmt.Sprint(p.Start*4096, p.Size*4096)
			// Something that is recognised stands in each.
			if _, err := f.WriteAt([]byte("LUKS\xba\xbe"), p.Start*4096); err != nil {
				t.Fatal(err)
			}
		}
		vols, problems, err := List(f, size)
		if err != nil || len(problems) > 0 || len(vols) != len(want) || len(want) < 2 {
			t.Errorf("%q: %s %v %v, want %v", script, ids(vols), problems, err, want)
		}
		for _, v := range vols {
			if got := fmt.Sprint(v.Offset, v.Size); got != want[v.ID] || v.Content != "LUKS" {
				t.Errorf("%q: %s at %s holds %q, sfdisk says %s", script, v.ID, got, v.Content, want[v.ID])
			}
		}
	}
}
