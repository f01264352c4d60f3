package forensics_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures/servers"
	"icecore/forensics"
	"icecore/forensics/model"
)

// A labPart is a filesystem that a directory of the lab's server is copied to.
type labPart struct {
	at   string // its mount point
	gib  int64
	disk int // on which of the disks
}

// splitScript copies the tree at $1 to fresh filesystems of a disk: what is mounted below
// is left out of each copy, its mount point stays.
const splitScript = `
set -e
from=$1 to=$2 dev=$3 label=$4; shift 4
mkfs.ext4 -q -F -L "$label" "$dev"
mount "$dev" "$to"
trap 'umount "$to"' EXIT
for p in "$@"; do set -- "$@" --exclude=".$p/*"; shift; done
tar -C "$from" --numeric-owner --xattrs --xattrs-include='*' --sparse --anchored "$@" -cf - . |
	tar -C "$to" --numeric-owner --xattrs --xattrs-include='*' -xpf -
`

// labSplit copies the root filesystem of a snapshot to the filesystems of new disks.
func labSplit(t *testing.T, root string, parts []labPart) (images []string) {
	t.Helper()
	fstab := ""
	for i, p := range parts {
		fstab += fmt.Sprintf("LABEL=part%d %s ext4 defaults 0 %d\n", i+1, p.at, min(i+1, 2))
	}
	if err := os.WriteFile(filepath.Join(root, "etc/fstab"), []byte(fstab), 0o644); err != nil {
		t.Fatal(err)
	}
	must := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			t.Fatalf("%s %q: %v", name, args, err)
		}
		return strings.TrimSpace(string(out))
	}
	dir := t.TempDir()
	for n := 0; ; n++ {
		name := filepath.Join(dir, fmt.Sprintf("disk%d.raw", n))
		script, at := "label: gpt\n", int64(1<<20)
		offset := make(map[int]int64)
		for i, p := range parts {
			if p.disk == n {
				script += fmt.Sprintf("start=%d, size=%d, type=linux\n", at/512, p.gib<<30/512)
				offset[i] = at
				at += p.gib << 30
			}
		}
		if len(offset) == 0 {
			return images
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, at+1<<20); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("sfdisk", "-q", "--no-reread", "--no-tell-kernel", name)
		c.Stdin = strings.NewReader(script)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("sfdisk: %v: %s", err, out)
		}
		for i, at := range offset {
			dev := must("losetup", "-f", "--show", "-o", fmt.Sprint(at), "--sizelimit", fmt.Sprint(parts[i].gib<<30), name)
			args := []string{"-c", splitScript, "sh", filepath.Join(root, parts[i].at), t.TempDir(), dev, fmt.Sprintf("part%d", i+1)}
			for _, p := range parts {
				if rest, ok := strings.CutPrefix(p.at, strings.TrimSuffix(parts[i].at, "/")+"/"); ok && p.at != parts[i].at {
					args = append(args, "/"+rest)
				}
			}
			out, err := exec.Command("sh", args...).CombinedOutput()
			_ = exec.Command("losetup", "-d", dev).Run()
			if err != nil {
				t.Fatalf("copy of %s: %v: %s", parts[i].at, err, out)
			}
		}
		images = append(images, name)
	}
}

// labTree mounts a copy of the root filesystem of a snapshot, its journal replayed.
func labTree(t *testing.T, snapshot string) string {
	t.Helper()
	dir := t.TempDir()
	copied, root := filepath.Join(dir, "copy.raw"), filepath.Join(dir, "root")
	if out, err := exec.Command("cp", "--sparse=always", snapshot, copied).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	out, err := exec.Command("losetup", "-f", "--show", "-o", fmt.Sprint(262144*512), copied).Output()
	if err != nil {
		t.Skipf("no loop device: %v", err)
	}
	dev := strings.TrimSpace(string(out))
	t.Cleanup(func() { _ = exec.Command("losetup", "-d", dev).Run() })
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "ext4", dev, root).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", root).Run() })
	return root
}

// TestLabSplit: the compromised snapshot, copied to four partitions of one disk and to two
// disks, gives the findings that it gives when it is copied to one partition. (A copy has
// no deleted files and other times of creation than the snapshot, so all are copies.)
func TestLabSplit(t *testing.T) {
	snapshot := lab(t, "gen2.raw")
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount")
	}
	if tool := servers.Missing(); tool != "" {
		t.Skipf("needs %s", tool)
	}
	root := labTree(t, snapshot)
	findings := func(parts ...labPart) []string {
		images := labSplit(t, root, parts)
		a, err := forensics.AnalyzeAll(t.Context(), images, forensics.Options{})
		for _, name := range images {
			_ = os.Remove(name) // some gigabytes each
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d findings, %d records, verdict %s\n%s", len(a.Findings), len(a.Records), a.Verdict.State, gaps(a))
		kinds := make(map[model.Kind]int)
		for i := range a.Records {
			// tar leaves deleted files behind, of the links that it makes last.
			if a.Records[i].Source.State == model.Live {
				kinds[a.Records[i].Kind]++
			}
		}
		out := claims(a)
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			out = append(out, fmt.Sprintf("%d records of %s", kinds[k], k))
		}
		return out
	}
	want := findings(labPart{"/", 7, 0})
	if len(want) < 20 {
		t.Fatalf("the copy on one partition gives only %d findings:\n%s", len(want), strings.Join(want, "\n"))
	}
	for _, c := range []struct {
		name  string
		parts []labPart
	}{
		{"four partitions", []labPart{{"/", 5, 0}, {"/var", 5, 0}, {"/home", 1, 0}, {"/var/log", 1, 0}}},
		{"two images", []labPart{{"/", 5, 0}, {"/var", 5, 1}, {"/home", 1, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(want, findings(c.parts...)); diff != "" {
				t.Errorf("- one partition, + %s:\n%s", c.name, diff)
			}
		})
	}
}
