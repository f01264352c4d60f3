package forensics_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"icecore/fixtures/servers"
)

// TestServerHostile builds servers of which tables, links and homes are made to cost: the
// analysis ends, finds what lies at its plain place, and says what it did not follow.
func TestServerHostile(t *testing.T) {
	// mke2fs is slow with directories of many files: a name with two numbers has 200 of them
	// in each.
	many := func(n int, name, content string) servers.Tree {
		out := make(servers.Tree, n)
		for i := range n {
			args := []any{i}
			if strings.Count(name, "%d") == 2 {
				args = []any{i / 200, i % 200}
			}
			out[fmt.Sprintf(name, args...)] = strings.ReplaceAll(content, "%d", fmt.Sprint(i))
		}
		return out
	}
	lines := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
		}
		return b.String()
	}
	// Each directory shows the one before it twice: as many paths as 2 to the power of 40.
	var double strings.Builder
	dirs := servers.Tree{"/d0/x": "1"}
	for i := range 40 {
		fmt.Fprintf(&double, "/d%d /d%d/a none rbind 0 0\n/d%d /d%d/b none rbind 0 0\n", i, i+1, i, i+1)
		dirs = dirs.With(servers.Tree{fmt.Sprintf("/d%d/a/", i+1): "", fmt.Sprintf("/d%d/b/", i+1): ""})
	}
	folded := servers.Tree{"/f/l0": "-> /srv"}
	for i := range 60 {
		folded[fmt.Sprintf("/f/l%d", i+1)] = fmt.Sprintf("-> l%d/../f/l%d/../f/l%d", i, i, i)
	}
	folded["/etc/cron.daily"] = "-> /f/l60"
	for _, c := range []struct {
		name string
		more servers.Tree
		gap  string // what the coverage names
		mib  int
	}{
		{"fstab of a million lines", servers.Tree{"/etc/fstab": lines(1_000_000, "LABEL=x%d /srv/x%d ext4\n")}, "fstab", 96},
		{"fstab of a million comments", servers.Tree{"/etc/fstab": lines(1_000_000, "# /dev/sda%d\n")}, "", 96},
		{"one line of fstab", servers.Tree{"/etc/fstab": "LABEL=" + strings.Repeat("x", 4<<20) + " /srv ext4\n"}, "", 0},
		{"20,000 bind mounts", servers.Tree{"/etc/fstab": lines(20_000, "/etc /srv/b%d none bind 0 0\n")}, "mount", 0},
		{"mounts that double", dirs.With(servers.Tree{"/etc/fstab": double.String()}), "", 0},
		{"40,000 links to a directory of cron", many(40_000, "/srv/l%d/l%d", "-> /etc/cron.d"), "", 64},
		{"4,000 links among the units", many(4000, "/etc/systemd/system/l%d.service.d", "-> /srv/www"), "", 64},
		{"4,000 homes that are links", many(4000, "/home/u%d", "-> /home/ana"), "", 64},
		{"100,000 accounts of one home", servers.Tree{"/etc/passwd": servers.Debian()["/etc/passwd"] + lines(100_000, "u%d:x:%d:%d::/home/ana:/usr/sbin/nologin\n")}, "", 64},
		{"links that unfold", folded, "", 0},
		{"a deep directory", servers.Tree{"/srv" + strings.Repeat("/d", 500) + "/f": "1"}, "", 0},
		{"2,000 systems", many(2000, "/srv/c%d/etc/os-release", "ID=debian\n").With(many(2000, "/srv/c%d/etc/passwd", "root:x:0:0::/root:/bin/sh\n")), "", 64},
		{"systems in each other", servers.Tree{"/srv" + strings.Repeat("/c", 300) + "/etc/os-release": "ID=debian\n"}.With(many(100, "/srv/%d/etc/os-release", "x")), "", 0},
		{"layers of each other", servers.Tree{
			"/var/lib/docker/overlay2/a/link": strings.Repeat("A", 26), "/var/lib/docker/overlay2/a/lower": "l/B:l/A", "/var/lib/docker/overlay2/a/diff/etc/os-release": "ID=x\n",
			"/var/lib/docker/overlay2/b/link": strings.Repeat("B", 26), "/var/lib/docker/overlay2/b/lower": "l/A:l/B:" + strings.Repeat("l/A:", 10_000), "/var/lib/docker/overlay2/b/diff/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
			"/var/lib/docker/overlay2/l/A": "-> ../a/diff", "/var/lib/docker/overlay2/l/B": "-> ../b/diff",
		}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := made(t, servers.Volume{Tree: servers.Debian().With(servers.Planted(), c.more), MiB: c.mib, Inodes: 900 * c.mib})
			begun := time.Now()
			a := served(t, image)
			t.Logf("%s, %d findings, %d records, %d gaps", time.Since(begun).Round(time.Millisecond), len(a.Findings), len(a.Records), len(a.Coverage.Gaps))
			found := make(map[string]bool)
			for _, s := range claims(a) {
				found[s] = true
			}
			for _, s := range plantedClaims(t) {
				if !found[s] {
					t.Errorf("not found: %s", s)
				}
			}
			if c.gap != "" && !gapAbout(a, c.gap) {
				t.Errorf("no gap names %s:\n%s", c.gap, gaps(a))
			}
			if n := len(a.Coverage.Gaps); n > 200 {
				t.Errorf("%d gaps: nobody reads them", n)
			}
		})
	}
}
