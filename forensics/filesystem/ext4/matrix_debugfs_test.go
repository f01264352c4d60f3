package ext4

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/debugfstest"
)

// TestDebugfsMatrix takes what the kernel at hand may not mount: blocks larger
// than a page, casefold, quota and project. The image is made by mke2fs from a tree
// that the kernel shows; names, metadata and content are compared with that tree,
// the inodes with what debugfs records them.
func TestDebugfsMatrix(t *testing.T) {
	needKernel(t, "debugfs")
	inMemory(t)
	if testing.Short() {
		t.Skip("takes seconds")
	}
	source := makeImage(t, 64, "-t", "ext4", "-b", "4096", "-I", "512")
	dir, unmount := mountImage(t, source, "rw,noatime,user_xattr,acl")
	plant(t, dir, plan{bigDir: 3000, deep: 10, fragments: 50, links: 20, acls: true})
	want := kernelRows(t, dir)
	for _, c := range []struct {
		name     string
		mib      int64
		mkfs     []string
		commands []string // of debugfs, on the finished image
	}{
		{"64k blocks", 512, []string{"-t", "ext4", "-b", "65536"}, nil},
		{"64k blocks, inline data, 1024-byte inodes, no checksums", 512, []string{"-t", "ext4", "-b", "65536", "-I", "1024", "-O", "inline_data,^metadata_csum"}, nil},
		{"32k blocks, large_dir", 512, []string{"-t", "ext4", "-b", "32768", "-O", "large_dir"}, nil},
		{"16k blocks, no extents", 256, []string{"-t", "ext4", "-b", "16384", "-O", "^extent,^64bit"}, nil},
		{"8k blocks, bigalloc", 512, []string{"-t", "ext4", "-b", "8192", "-O", "bigalloc"}, nil},
		{"casefold", 64, []string{"-t", "ext4", "-O", "casefold", "-E", "encoding=utf8"}, []string{"sif /churn flags 0x40080000", "sif /odd flags 0x40080000"}},
		{"quota, project, verity", 64, []string{"-t", "ext4", "-O", "quota,project,verity", "-E", "quotatype=usrquota:grpquota:prjquota"}, []string{"sif /sizes projid 70001", "sif /sizes/0001024 projid 4294967290", "sif /sizes/0004097 flags 0x180000"}},
		{"ea_inode", 64, []string{"-t", "ext4", "-O", "ea_inode"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := makeImage(t, c.mib, append(append([]string{}, c.mkfs...), "-E", "root_owner=0:0", "-d", dir)...)
			if c.commands != nil {
				debugfstest.Run(t, img, true, c.commands...)
			}
			f := openImage(t, img, Options{})
			want := want
			inline := strings.Contains(c.name, "inline")
			if inline {
				// mke2fs 1.47 cuts sparse files where the filesystem has inline data.
				want = maps.Clone(want)
				maps.DeleteFunc(want, func(p string, _ row) bool { return p == "/sparse/blocks" || p == "/sparse/unwritten" })
			}
			compareWithTree(t, f, want, inline)
			compareWithDebugfs(t, f, img)
			if !inline {
				noProblems(t, f)
			}
		})
	}
	unmount()
}

// compareWithTree compares what a copy of a tree keeps of it.
func compareWithTree(t *testing.T, f *FS, want map[string]row, some bool) {
	t.Helper()
	copied := func(rows map[string]row) map[string]row {
		out := make(map[string]row)
		for p, r := range rows {
			if r.Mode&filesystem.ModeType == filesystem.ModeSocket || p == "/" || p == "/lost+found" {
				continue // mke2fs does not copy sockets
			}
			mtime, _, _ := strings.Cut(r.Mtime, ".")
			// libext2fs 1.47 cuts times to 32 bits where it copies them.
			if n, _ := strconv.ParseInt(mtime, 10, 64); n != int64(int32(n)) {
				mtime = "far"
			} else if strings.HasPrefix(filepath.Base(p), "time ") {
				mtime = "far"
			}
			k := row{Mode: r.Mode, UID: r.UID, GID: r.GID, Size: r.Size, Mtime: mtime, Target: r.Target, Rdev: r.Rdev, Hash: r.Hash, Err: r.Err}
			if r.Mode&filesystem.ModeType == filesystem.ModeDir {
				k.Size = 0
			} else {
				k.Links = r.Links
			}
			out[p] = k
		}
		return out
	}
	got := copied(engineRows(t, f))
	if some {
		maps.DeleteFunc(got, func(p string, _ row) bool { _, ok := want[p]; return !ok })
	}
	compareRows(t, "source", copied(want), got)
}

var (
	statTime   = regexp.MustCompile(`(?m)^ *(ctime|atime|mtime|crtime|dtime): 0x([0-9a-f]{8})(?::([0-9a-f]{8}))?`)
	statFields = regexp.MustCompile(`(?s)^Inode: (\d+)   Type: (\S+(?: \S+)?)    Mode:  (\d+)   Flags: 0x([0-9a-f]+)\nGeneration: (\d+).*?User: +(-?\d+)   Group: +(-?\d+)(?:   Project: +(-?\d+))?   Size: (\d+)\n.*?Links: (\d+)   Blockcount: (\d+)\n`)
	statXattr  = regexp.MustCompile(`(?m)^  ([a-z]\S*|system\.\S+) \((\d+)\)`)
)

// compareWithDebugfs compares the fields of every inode in the walk with those
// that `stat` of debugfs prints.
func compareWithDebugfs(t *testing.T, f *FS, img string) {
	t.Helper()
	got := make(map[uint64]string)
	var commands []string
	stamp := func(ts filesystem.Time) string {
		if !ts.Known {
			return "-"
		}
		return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec)
	}
	err := f.Walk(context.Background(), filesystem.WalkOptions{}, func(e *filesystem.Entry) error {
		in := e.Inode
		if !e.First {
			return nil
		}
		commands = append(commands, fmt.Sprintf("stat <%d>", in.Ref.Inode))
		sectors := in.Sectors
		if in.Flags&0x10000000 != 0 && in.IsRegular() {
			sectors -= uint64(in.Size+511) >> 9 // debugfs shows what is stored
		}
		xs, err := f.Xattrs(in.Ref)
		if err != nil {
			return err
		}
		// debugfs prints the attributes of a symbolic link from whatever inode
		// it showed before, so only names of other files are compared.
		var names []string
		if !in.IsSymlink() {
			for _, x := range xs {
				if strings.HasPrefix(x.Name, "system.posix_acl") {
					names = append(names, x.Name) // printed in another form
					continue
				}
				names = append(names, fmt.Sprintf("%s %d", x.Name, len(x.Value)))
			}
		}
		got[in.Ref.Inode] = fmt.Sprintf("mode %03o flags %x gen %d uid %d gid %d project %d size %d links %d sectors %d atime %s mtime %s ctime %s crtime %s xattrs %q",
			in.Mode&0o7777, in.Flags, in.Generation, in.UID, in.GID, in.ProjectID, in.Size, in.Links, sectors,
			stamp(in.Atime), stamp(in.Mtime), stamp(in.Ctime), stamp(in.Crtime), names)
		return nil
	})
	must(t, err)
	text, _ := debugfstest.Run(t, img, false, commands...)
	seen, bad := 0, 0
	for _, part := range strings.Split("\n"+text, "\nInode: ")[1:] {
		part = "Inode: " + part
		m := statFields.FindStringSubmatch(part)
		if m == nil {
			t.Errorf("debugfs: %.200q is not understood", part)
			continue
		}
		ino, _ := strconv.ParseUint(m[1], 10, 64)
		times := map[string]string{"crtime": "-"}
		for _, tm := range statTime.FindAllStringSubmatch(part, -1) {
			sec, _ := strconv.ParseUint(tm[2], 16, 32)
			extra, _ := strconv.ParseUint(tm[3], 16, 32)
			times[tm[1]] = fmt.Sprintf("%d.%09d", int64(int32(sec))+int64(extra&3)<<32, extra>>2)
		}
		var names []string
		if m[2] != "symlink" {
			for _, x := range statXattr.FindAllStringSubmatch(part, -1) {
				switch {
				case x[1] == "system.data":
				case strings.HasPrefix(x[1], "system.posix_acl"):
					names = append(names, x[1])
				default:
					names = append(names, x[1]+" "+x[2])
				}
			}
		}
		project := m[8]
		if project == "" {
			project = "0"
		}
		// debugfs sorts attributes as they are stored.
		sortXattrNames(names)
		want := fmt.Sprintf("mode %s flags %s gen %s uid %s gid %s project %s size %s links %s sectors %s atime %s mtime %s ctime %s crtime %s xattrs %q",
			strings.TrimPrefix(m[3], "0"), m[4], m[5], unsigned(m[6]), unsigned(m[7]), unsigned(project), m[9], m[10], m[11], times["atime"], times["mtime"], times["ctime"], times["crtime"], names)
		seen++
		if got[ino] != want {
			if bad++; bad < 5 {
				t.Errorf("inode %d:\n debugfs %s\n engine  %s", ino, want, got[ino])
			}
		}
	}
	if seen != len(got) || seen < 100 {
		t.Errorf("debugfs reported of %d inodes, the walk of %d", seen, len(got))
	}
	if bad > 0 {
		t.Errorf("%d of %d inodes differ", bad, seen)
	}
}

// unsigned undoes that debugfs prints owners as signed numbers.
func unsigned(s string) string {
	n, _ := strconv.ParseInt(s, 10, 64)
	return fmt.Sprint(uint32(n))
}

func sortXattrNames(names []string) {
	for i := 1; i < len(names); i++ {
		for k := i; k > 0 && strings.Fields(names[k])[0] < strings.Fields(names[k-1])[0]; k-- {
			names[k], names[k-1] = names[k-1], names[k]
		}
	}
}
