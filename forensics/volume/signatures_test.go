package volume

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// blkidNames are the names of blkid(8) where ours differ.
var blkidNames = map[string]string{"LVM2": "LVM2_member", "LUKS": "crypto_LUKS", "mdraid": "linux_raid_member", "zfs": "zfs_member"}

func contentOf(t *testing.T, name string) Volume {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	v := Volume{Size: st.Size(), Bytes: section(f, st.Size())}
	recognise(&v, nil)
	return v
}

// sameAsBlkid checks that blkid(8) calls the volume so, too.
func sameAsBlkid(t *testing.T, name, content string) {
	t.Helper()
	if _, err := exec.LookPath("blkid"); err != nil {
		t.Log("not compared: no blkid (util-linux)")
		return
	}
	want := content
	if b := blkidNames[content]; b != "" {
		want = b
	}
	if got, _ := exec.Command("blkid", "-p", "-o", "value", "-s", "TYPE", name).Output(); strings.TrimSpace(string(got)) != want {
		t.Errorf("blkid calls it %q, not %q", got, want)
	}
}

// TestNames: what the real programs make has the name that blkid(8) gives it, and a reason.
func TestNames(t *testing.T) {
	labels := map[string]string{"xfs": "data", "btrfs": "big data", "swap": "swap1", "vfat": "ESP", "LUKS": "crypt", "nilfs2": "n"}
	for content, args := range map[string][]string{
		"xfs": {"mkfs.xfs", "-q", "-f", "-L", "data"}, "btrfs": {"mkfs.btrfs", "-q", "-f", "-L", "big data"}, "ocfs2": {"mkfs.ocfs2", "-q", "-F", "-M", "local", "--fs-features=local"},
		"gfs2": {"mkfs.gfs2", "-q", "-O", "-p", "lock_nolock"}, "nilfs2": {"mkfs.nilfs2", "-q", "-f", "-L", "n"}, "reiserfs": {"mkfs.reiserfs", "-q", "-f"}, "reiser4": {"mkfs.reiser4", "-y", "-f"},
		"jfs": {"mkfs.jfs", "-q"}, "f2fs": {"mkfs.f2fs", "-q"}, "udf": {"mkudffs"}, "bcache": {"make-bcache", "-B"}, "vfat": {"mkfs.vfat", "-n", "ESP"}, "swap": {"mkswap", "-L", "swap1"},
		"LUKS": {"cryptsetup", "luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--type", "luks2", "--label", "crypt"},
	} {
		t.Run(content, func(t *testing.T) {
			program, err := exec.LookPath(args[0])
			if err != nil {
				t.Skipf("no %s", args[0])
			}
			name := filepath.Join(t.TempDir(), "disk.raw")
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(name, 320<<20); err != nil {
				t.Fatal(err)
			}
			c := exec.Command(program, append(args[1:], name)...)
			if content == "LUKS" {
				c.Args = append(c.Args, "-")
				c.Stdin = strings.NewReader("password")
			}
			if out, err := c.CombinedOutput(); err != nil {
				t.Skipf("%s: %v: %s", args[0], err, out)
			}
			v := contentOf(t, name)
			if v.Content != content || v.Reason == "" {
				t.Errorf("%q, %q", v.Content, v.Reason)
			}
			sameAsBlkid(t, name, content)
			if v.FSUUID != "" {
				out, err := exec.Command("blkid", "-p", "-o", "value", "-s", "UUID", name).Output()
				if uuid := strings.TrimSpace(string(out)); err == nil && uuid != v.FSUUID {
					t.Errorf("the UUID is %s, blkid says %s", v.FSUUID, uuid)
				}
			} else if slices.Contains([]string{"xfs", "btrfs", "LUKS", "swap", "vfat", "f2fs", "jfs", "reiserfs", "nilfs2"}, content) {
				t.Error("no UUID")
			}
			label, ok := labels[content]
			if out, err := exec.Command("blkid", "-p", "-o", "value", "-s", "LABEL", name).Output(); ok && (err != nil || strings.TrimSpace(string(out)) != label || v.FSLabel != label) {
				t.Errorf("the label is %q, blkid says %q", v.FSLabel, out)
			}
		})
	}
	t.Run("LVM2", func(t *testing.T) {
		if _, err := exec.LookPath("pvcreate"); err != nil || os.Getuid() != 0 {
			t.Skip("needs pvcreate (lvm2) and root")
		}
		name := filepath.Join(t.TempDir(), "disk.raw")
		if err := os.WriteFile(name, make([]byte, 16<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		loop, err := exec.Command("losetup", "-f", "--show", name).Output()
		if err != nil {
			t.Skipf("no loop device: %v", err)
		}
		device := strings.TrimSpace(string(loop))
		out, err := exec.Command("pvcreate", "-y", device).CombinedOutput()
		_ = exec.Command("losetup", "-d", device).Run()
		if err != nil {
			t.Skipf("pvcreate: %v: %s", err, out)
		}
		if v := contentOf(t, name); v.Content != "LVM2" || v.Reason == "" {
			t.Errorf("%q, %q", v.Content, v.Reason)
		}
		sameAsBlkid(t, name, "LVM2")
	})
}

// TestMagicOfBlkid: names by bytes at a place, of what no program here makes. Where the
// oracle wants more than the number (a sum, a copy), the number alone is ours to judge.
func TestMagicOfBlkid(t *testing.T) {
	const size = 8 << 20
	at := func(off int, magic string) func([]byte) { return func(b []byte) { copy(b[off:], magic) } }
	vrs := func(ids ...string) func([]byte) {
		return func(b []byte) {
			for i, id := range ids {
				copy(b[0x8000+i*2048+1:], id+"\x01")
			}
		}
	}
	const bcache = "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"
	for name, c := range map[string]struct {
		want   string
		oracle bool
		make   func([]byte)
	}{
		"bcachefs":                 {"bcachefs", false, at(4096+24, "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef")},
		"bcache":                   {"bcache", false, at(4096+24, bcache)},
		"ZFS, 4 KiB sectors":       {"zfs", false, at(0x20000+0x7000, "\x0c\xb1\xba\x00\x00\x00\x00\x00")},
		"ZFS, the last place":      {"zfs", false, at(0x40000-1024, "\x0c\xb1\xba\x00\x00\x00\x00\x00")},
		"ZFS, between two places":  {"", false, at(0x20000+512, "\x0c\xb1\xba\x00\x00\x00\x00\x00")},
		"APFS":                     {"apfs", false, at(32, "NXSB")},
		"HFS+":                     {"hfsplus", false, at(1024, "H+\x00\x04")},
		"HFSX":                     {"hfsplus", false, at(1024, "HX\x00\x05")},
		"two letters":              {"", false, at(1024, "H+ and more")},
		"UFS1":                     {"ufs", true, at(8192+1372, "\x54\x19\x01\x00")},
		"UFS2":                     {"ufs", true, at(65536+1372, "\x19\x01\x54\x19")},
		"UFS2, big-endian":         {"ufs", true, at(8192+1372, "\x19\x54\x01\x19")},
		"VMFS member":              {"VMFS_volume_member", true, at(0x100000, "\x0d\xd0\x01\xc0")},
		"VMFS":                     {"VMFS", true, at(0x200000, "\x5e\xf1\xab\x2f")},
		"UBI":                      {"ubi", true, at(0, "UBI#")},
		"UDF alone":                {"udf", false, vrs("BEA01", "NSR02", "TEA01")},
		"UDF beside ISO 9660":      {"udf", false, vrs("CD001", "CD001", "BEA01", "NSR03", "TEA01")},
		"ISO 9660":                 {"iso9660", false, vrs("CD001", "CD001")},
		"DRBD 8":                   {"drbd", false, at(size-4096+60, "\x83\x74\x02\x6b")},
		"DRBD 9":                   {"drbd", false, at(size-4096+60, "\x83\x74\x02\x6d")},
		"Intel":                    {"isw_raid_member", true, at(size-1024, "Intel Raid ISM Cfg Sig. 1.0.00")},
		"LSI":                      {"lsi_mega_raid_member", true, at(size-512, "$XIDE$")},
		"DDF":                      {"ddf_raid_member", false, at(size-512, "\xde\x11\xde\x11")},
		"LUKS, first header wiped": {"LUKS", false, at(0x4000, "SKUL\xba\xbe")},
		"BlueStore":                {"bluestore", false, at(0, "bluestore block device\n")},
		"BSD label":                {"bsd", false, at(512, "WEV\x82")},
		"SGI label":                {"sgi", false, at(0, "\x0b\xe5\xa9\x41")},
		"Sun label":                {"sun", false, func(b []byte) { copy(b, "label\x00"); copy(b[508:], "\xda\xbe"); b[510], b[511] = sunSum(b) }},
		"Sun label, wrong sum":     {"", false, func(b []byte) { copy(b, "label\x00"); copy(b[508:], "\xda\xbe") }},
	} {
		t.Run(name, func(t *testing.T) {
			b := make([]byte, size)
			c.make(b)
			file := filepath.Join(t.TempDir(), "disk.raw")
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if v := contentOf(t, file); v.Content != c.want || v.Reason == "" {
				t.Errorf("%q, %q, want %q", v.Content, v.Reason, c.want)
			}
			if c.oracle {
				sameAsBlkid(t, file, c.want)
			}
		})
	}
}

func sunSum(b []byte) (byte, byte) {
	sum := uint16(0)
	for i := 0; i < 510; i += 2 {
		sum ^= binary.BigEndian.Uint16(b[i:])
	}
	return byte(sum >> 8), byte(sum)
}

// super writes a RAID superblock of format 0.90 or 1.0 at the end of a member.
func super(b []byte, format string, level int32, members uint32) {
	le := binary.LittleEndian
	if format == "1.0" {
		at := (len(b)/512 - 16) &^ 7 * 512
		s := b[at:]
		le.PutUint32(s, raidMagic)
		le.PutUint32(s[4:], 1)
		le.PutUint32(s[72:], uint32(level))
		le.PutUint64(s[80:], uint64(at/512))
		le.PutUint32(s[92:], members)
		le.PutUint64(s[144:], uint64(at/512))
		return
	}
	order := binary.ByteOrder(le)
	if format == "0.90 big-endian" {
		order = binary.BigEndian
	}
	at := len(b)&^(64<<10-1) - 64<<10
	for i, w := range []uint32{raidMagic, 0, 90, 0, 0, 1, 1_700_000_000, uint32(level), uint32(at / 1024), members, members} {
		order.PutUint32(b[at+i*4:], w)
	}
}

// A member of an array whose bytes begin at its own first byte looks like a filesystem. That
// of a mirror can be read; of a striped array a part of each file stands elsewhere, so it
// is named and not read. What an earlier use left at the end does not hide a filesystem
// that goes over it.
func TestRAIDAtEnd(t *testing.T) {
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("no mke2fs (package e2fsprogs)")
	}
	const size = 8 << 20
	for _, c := range []struct {
		name    string
		level   int32
		members uint32
		fs      string // blocks of 1 KiB; empty: no filesystem
		want    string
		level2  string // as mdadm --examine has it
	}{
		{"mirror", 1, 2, "8000", "ext4", "raid1"},
		{"striped, first member", 0, 2, "16000", "mdraid", "raid0"},
		{"parity", 5, 3, "16000", "mdraid", "raid5"},
		{"parity, small filesystem", 5, 3, "4096", "mdraid", "raid5"},
		{"mirrored stripes", 10, 4, "16000", "mdraid", ""},
		{"one behind the other", -1, 2, "16000", "mdraid", "linear"},
		{"one member", 0, 1, "8000", "ext4", "raid0"},
		{"second member", 5, 3, "", "mdraid", "raid5"},
		{"of an earlier use", 5, 3, "8192", "ext4", "raid5"},
	} {
		for _, format := range []string{"1.0", "0.90", "0.90 big-endian"} {
			t.Run(c.name+" "+format, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "disk.raw")
				if err := os.WriteFile(file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if c.fs != "" {
					if out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", file, c.fs).CombinedOutput(); err != nil {
						t.Fatalf("%v: %s", err, out)
					}
				}
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				b = append(b, make([]byte, max(0, size-len(b)))...)[:size]
				super(b, format, c.level, c.members)
				if err := os.WriteFile(file, b, 0o600); err != nil {
					t.Fatal(err)
				}
				v := contentOf(t, file)
				if v.Content != c.want || (v.Reason == "") != (c.want == "ext4") {
					t.Errorf("%q, %q, want %s", v.Content, v.Reason, c.want)
				}
				if c.want == "mdraid" && c.level >= 0 && !strings.Contains(v.Reason, fmt.Sprintf("level %d of %d", c.level, c.members)) {
					t.Errorf("%q", v.Reason)
				}
				if _, err := exec.LookPath("mdadm"); err != nil || format == "0.90 big-endian" || c.level2 == "" {
					t.Log("not compared with mdadm")
					return
				}
				out, _ := exec.Command("mdadm", "--examine", file).CombinedOutput()
				if !bytes.Contains(out, []byte("Raid Level : "+c.level2)) {
					t.Errorf("mdadm does not see a member of %s:\n%s", c.level2, out)
				}
			})
		}
	}
}
