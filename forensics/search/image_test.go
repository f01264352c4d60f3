package search

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

func needs(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
}

func write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// log is a text log: each third line has an address, each fifth a word in some case.
func logText(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "Jan 12 08:%02d:%02d shop sshd[%d]: event %d", i/60%60, i%60, i, i)
		if i%3 == 0 {
			b.WriteString(" from 203.0.113.77 port 22")
		}
		if i%5 == 0 {
			b.WriteString(" XMRig")
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// tree makes a directory with logs, packed ones and a journal.
func tree(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "var/log/auth.log"), logText(10_000))
	for ext, tool := range map[string]string{"gz": "gzip", "xz": "xz", "bz2": "bzip2", "zst": "zstd"} {
		needs(t, tool)
		c := exec.Command(tool, "-c")
		c.Stdin = bytes.NewReader(logText(3000))
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "var/log/auth.log.1."+ext), out)
	}
	f, err := os.Open("../artifact/journald/journals/compact1-keyed1-zstd1.journal.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	journal, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "var/log/journal/0123456789abcdef0123456789abcdef/system.journal"), journal)
	write(t, filepath.Join(dir, "usr/bin/kswapd0"), []byte("\x7fELF\x00\x00stratum+tcp://203.0.113.77:3333\x00x\x00203.0.113.77\x00"))
	write(t, filepath.Join(dir, "srv/203.0.113.77.txt"), []byte("none\n"))
	write(t, filepath.Join(dir, "srv/empty"), nil)
	return dir
}

func open(t testing.TB, dir string) *host.Image {
	t.Helper()
	needs(t, "mke2fs")
	disk := filepath.Join(t.TempDir(), "disk")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-d", dir, disk, "128M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	img, err := host.Open(context.Background(), disk, host.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { img.Close() })
	return img
}

func hits(t testing.TB, img *host.Image, p *Pattern, o Options) ([]Hit, Stats) {
	t.Helper()
	var out []Hit
	stats, err := Image(context.Background(), img, nil, p, o, func(h *Hit) error {
		out = append(out, *h)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, stats
}

// TestLogsAgainstGrep: of each log, packed or not, the lines are those of grep, zgrep,
// xzgrep, bzgrep and zstdgrep.
func TestLogsAgainstGrep(t *testing.T) {
	dir := tree(t)
	img := open(t, dir)
	needs(t, "grep", "zgrep", "xzgrep", "bzgrep", "zstdgrep")
	for _, tt := range []struct {
		pattern string
		o       PatternOptions
		args    []string
	}{
		{"203.0.113.77", PatternOptions{}, []string{"-F", "203.0.113.77"}},
		{"xmrig", PatternOptions{IgnoreCase: true}, []string{"-iF", "xmrig"}},
		{"event [0-9]*7 .*XM", PatternOptions{Regex: true}, []string{"-E", "event [0-9]*7 .*XM"}},
	} {
		got := make(map[string][]string)
		list, _ := hits(t, img, parsed(t, tt.pattern, tt.o), Options{In: []string{Logs}})
		for _, h := range list {
			if h.In != Logs || h.What == "content" && !strings.HasPrefix(h.Source.Path, "/var/log/auth.log") {
				t.Fatalf("%+v", h)
			}
			got[h.Source.Path] = append(got[h.Source.Path], strconv.Itoa(h.Source.Line)+":"+h.Excerpt)
		}
		for name, grep := range map[string]string{"": "grep", ".1.gz": "zgrep", ".1.xz": "xzgrep", ".1.bz2": "bzgrep", ".1.zst": "zstdgrep"} {
			at := "/var/log/auth.log" + name
			out, err := exec.Command(grep, append([]string{"-n"}, append(tt.args, filepath.Join(dir, at))...)...).Output()
			if err != nil && len(out) == 0 && len(got[at]) > 0 {
				t.Fatalf("%s: %v", grep, err)
			}
			want := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if len(out) == 0 {
				want = nil
			}
			if d := cmp.Diff(want, got[at]); d != "" {
				t.Errorf("%s in %s: %d lines, %s has %d\n%.2000s", tt.pattern, at, len(got[at]), grep, len(want), d)
			}
		}
	}
	// The place on the disk is that of the match; of a packed log none is known.
	list, _ := hits(t, img, parsed(t, "203.0.113.77", PatternOptions{}), Options{In: []string{Logs}})
	for _, h := range list {
		if (h.Source.Member == "") != (h.Source.DiskOffset >= 0) {
			t.Fatalf("%+v", h.Source)
		}
		if h.Source.Member != "" || h.What != "content" {
			continue
		}
		b := make([]byte, min(h.Source.Length, 1024-h.Source.Offset%1024)) // a block may be the last of its extent
		if _, err := img.Disk.ReadAt(b, h.Source.DiskOffset); err != nil || !strings.HasPrefix("203.0.113.77", string(b)) {
			t.Fatalf("on the disk at %d: %q, %v", h.Source.DiskOffset, b, err)
		}
	}
}

// TestAgainstJournalctl: the entries whose message matches are those of journalctl --grep.
func TestAgainstJournalctl(t *testing.T) {
	needs(t, "journalctl")
	dir := tree(t)
	img := open(t, dir)
	name := filepath.Join(dir, "var/log/journal/0123456789abcdef0123456789abcdef/system.journal")
	found := 0
	for _, pattern := range []string{"session", "Accepted", "x{50}", "root"} {
		out, _ := exec.Command("journalctl", "--file", name, "--quiet", "--all", "-o", "json", "--case-sensitive=yes", "--grep", pattern).Output()
		var want []string
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var e struct {
				Realtime string `json:"__REALTIME_TIMESTAMP"`
			}
			if err := d.Decode(&e); err != nil {
				break
			}
			us, _ := strconv.ParseInt(e.Realtime, 10, 64)
			want = append(want, time.UnixMicro(us).UTC().String())
		}
		var got []string
		list, stats := hits(t, img, parsed(t, pattern, PatternOptions{Regex: true}), Options{In: []string{Logs}})
		for _, h := range list {
			if h.Field == "MESSAGE" {
				got = append(got, h.Time.String())
			}
		}
		if d := cmp.Diff(want, got); d != "" || len(stats.Gaps) > 0 {
			t.Errorf("%s: %d entries, journalctl has %d; gaps %v\n%s", pattern, len(got), len(want), stats.Gaps, d)
		}
		found += len(got)
	}
	if found < 10 {
		t.Errorf("only %d entries were compared", found)
	}
}

// TestFiles: names, digests and the content of what is no text.
func TestFiles(t *testing.T) {
	dir := tree(t)
	img := open(t, dir)
	text := func(list []Hit) []string {
		var out []string
		for _, h := range list {
			out = append(out, fmt.Sprintf("%s %s %s:%d+%d %s", h.In, h.What, h.Source.Path, h.Source.Line, h.Source.Offset, h.Excerpt))
		}
		return out
	}
	list, _ := hits(t, img, parsed(t, "203.0.113.77", PatternOptions{}), Options{In: []string{Files}})
	want := []string{
		"files name /srv/203.0.113.77.txt:0+0 /srv/203.0.113.77.txt",
		"files content /usr/bin/kswapd0:0+20 stratum+tcp://203.0.113.77:3333",
		"files content /usr/bin/kswapd0:0+40 203.0.113.77",
	}
	if d := cmp.Diff(want, text(list)); d != "" {
		t.Error(d)
	}
	list, _ = hits(t, img, parsed(t, "bin/ksw", PatternOptions{}), Options{In: []string{Files}})
	if got := text(list); len(got) != 1 || got[0] != "files name /usr/bin/kswapd0:0+0 /usr/bin/kswapd0" {
		t.Errorf("a part of a path: %q", got)
	}
	for _, name := range []string{"usr/bin/kswapd0", "var/log/auth.log", "var/log/auth.log.1.gz", "srv/203.0.113.77.txt"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		m, s1, s2 := md5.Sum(b), sha1.Sum(b), sha256.Sum256(b)
		for what, sum := range map[string][]byte{"md5": m[:], "sha1": s1[:], "sha256": s2[:]} {
			list, _ := hits(t, img, parsed(t, hex.EncodeToString(sum), PatternOptions{}), Options{})
			if len(list) != 1 || list[0].What != what || list[0].Source.Path != "/"+name {
				t.Errorf("%s of %s: %+v", what, name, list)
			}
		}
	}
}

// TestHosts: a source names the host, and the path by which it knew the file; what the host
// saw as a log is one.
func TestHosts(t *testing.T) {
	needs(t, "mke2fs")
	dir, data := t.TempDir(), t.TempDir()
	write(t, filepath.Join(data, "sub/auth"), []byte("needle\n"))
	for name, text := range map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/os-release": "ID=debian\n", "bin/sh": "x", "etc/fstab": "LABEL=logs /var/log ext4 defaults 0 0\n",
		"var/log/hidden": "", "srv/jail/etc/os-release": "ID=alpine\n", "srv/jail/bin/sh": "x",
		"srv/jail/etc/passwd": "root:x:0:0::/root:/bin/sh\n", "srv/jail/root/note": "needle\n", "root/note": "needle\n",
	} {
		write(t, filepath.Join(dir, name), []byte(text))
	}
	var images []*host.Image
	for i, from := range []string{dir, data} {
		disk := filepath.Join(t.TempDir(), "disk")
		if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-L", []string{"root", "logs"}[i], "-d", from, disk, "16M").CombinedOutput(); err != nil {
			t.Fatalf("mke2fs: %v: %s", err, out)
		}
		img, err := host.Open(context.Background(), disk, host.OpenOptions{Index: i})
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, img)
	}
	img := host.Join(images[0], images[1])
	defer img.Close()
	list, _ := hits(t, img, parsed(t, "needle", PatternOptions{}), Options{})
	var got []string
	for _, h := range list {
		got = append(got, h.In+" "+h.Source.Host+" "+h.Source.Path+" "+h.Source.HostPath)
	}
	want := []string{"files h1 /root/note ", "files h2 /srv/jail/root/note /root/note", "logs h1 /sub/auth /var/log/sub/auth"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestSwap: swap space is searched, with the place on the disk.
func TestSwap(t *testing.T) {
	needs(t, "mke2fs", "sgdisk", "mkswap")
	disk := filepath.Join(t.TempDir(), "disk")
	const size, root, swap = 48 << 20, 1 << 20, 32 << 20
	b := make([]byte, size)
	write(t, disk, b)
	part := filepath.Join(t.TempDir(), "part")
	write(t, part, make([]byte, 24<<20))
	page := filepath.Join(t.TempDir(), "swap")
	write(t, page, make([]byte, 8<<20))
	for _, args := range [][]string{
		{"sgdisk", "-a", "2048", "-n", "1:2048:51199", "-n", "2:65536:81919", "-t", "2:8200", disk}, {"mke2fs", "-q", "-t", "ext4", part}, {"mkswap", page},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at, name := range map[int64]string{root: part, swap: page} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
	}
	const place = 5<<20 + 123
	if _, err := f.WriteAt([]byte("stratum+tcp://203.0.113.77:3333"), swap+place); err != nil {
		t.Fatal(err)
	}
	img, err := host.Open(context.Background(), disk, host.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	list, _ := hits(t, img, parsed(t, "203.0.113.77", PatternOptions{}), Options{})
	if len(list) != 1 || list[0].What != "swap space" || list[0].Source.Offset != place+14 || list[0].Source.DiskOffset != swap+place+14 || list[0].Excerpt != "stratum+tcp://203.0.113.77:3333" {
		t.Errorf("%+v", list)
	}
	if list, _ := hits(t, img, parsed(t, "203.0.113.77", PatternOptions{}), Options{In: []string{Logs}}); len(list) != 0 {
		t.Errorf("in logs: %+v", list)
	}
}

// TestOrderJobs: the hits are the same, in the same order, whatever the number of workers,
// and a limit gives the first of them.
func TestOrderJobs(t *testing.T) {
	img := open(t, tree(t))
	p := parsed(t, "7", PatternOptions{})
	all, stats := hits(t, img, p, Options{Jobs: 1})
	if len(all) < 5000 || stats.Hits != len(all) || stats.Limited || stats.Files < 8 {
		t.Fatalf("%d hits, %+v", len(all), stats)
	}
	if !slices.IsSortedFunc(all, func(a, b Hit) int {
		return strings.Compare(filepath.Dir(a.Source.Path)+"/", filepath.Dir(b.Source.Path)+"/")
	}) {
		t.Error("directories are not in order")
	}
	for _, jobs := range []int{2, 7} {
		got, _ := hits(t, img, p, Options{Jobs: jobs})
		if d := cmp.Diff(all, got); d != "" {
			t.Fatalf("%d workers: %.500s", jobs, d)
		}
		for _, limit := range []int{1, 100, len(all)} {
			got, stats := hits(t, img, p, Options{Jobs: jobs, Limit: limit})
			if d := cmp.Diff(all[:limit], got); d != "" || stats.Limited != (limit < len(all)) {
				t.Fatalf("limit %d: limited %v, %.500s", limit, stats.Limited, d)
			}
		}
	}
}

// TestSparse: a file of a terabyte of holes costs what it stores; its digest is a gap.
func TestSparse(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "sparse")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	const far = 1 << 40
	for at, s := range map[int64]string{0: "needle at the start\n", far: "needle far away\n"} {
		if _, err := f.WriteAt([]byte(s), at); err != nil {
			t.Skipf("no sparse files here: %v", err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	img := open(t, dir)
	begun := time.Now()
	list, stats := hits(t, img, parsed(t, "needle", PatternOptions{}), Options{})
	if len(list) != 2 || list[1].Source.Offset != far || list[1].Source.Line != 0 || len(stats.Gaps) != 0 || stats.Bytes > 1<<20 {
		t.Errorf("%+v, %+v", list, stats)
	}
	list, stats = hits(t, img, parsed(t, strings.Repeat("a", 64), PatternOptions{}), Options{})
	if len(list) != 0 || len(stats.Gaps) != 1 || !strings.Contains(fmt.Sprint(stats.Gaps[0].Why), "nearly all of it is a hole") {
		t.Errorf("%+v, %+v", list, stats.Gaps)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestRecords: one hit a record, with the field; the digest of a record's file, too.
func TestRecords(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	records := []model.Record{
		{Name: "R-1", Kind: model.CronJob, Fields: modeltest.Fields(model.CronJob, "user=root", "command=curl http://203.0.113.77/x", "urls=http://203.0.113.77/x"), Source: model.Source{Path: "/etc/crontab", Line: 3}},
		{Name: "R-2", Kind: model.AuthLogin, Fields: modeltest.Fields(model.AuthLogin, "user=root", "address=203.0.113.7"), Times: []model.Stamp{{What: "logged", Time: time.Unix(5, 0)}}},
		{Name: "R-3", Kind: model.FileNotable, Fields: modeltest.Fields(model.FileNotable, "what=hidden_elf"), Source: model.Source{Path: "/x", SHA256: sum}},
	}
	for pattern, want := range map[string]string{
		"203.0.113.77": "R-1 command 0", "203.0.113.0/24": "R-1 command 0,R-2 address 5", "root": "R-1 user 0,R-2 user 5", strings.ToUpper(sum): "R-3 sha256 0", "nothing": "",
	} {
		var got []string
		stats, err := Analysis(records, parsed(t, pattern, PatternOptions{}), Options{}, func(h *Hit) error {
			at := int64(0)
			if !h.Time.IsZero() {
				at = h.Time.Unix()
			}
			got = append(got, fmt.Sprintf("%s %s %d", h.Record, h.Field, at))
			return nil
		})
		if err != nil || strings.Join(got, ",") != want || stats.Hits != len(got) {
			t.Errorf("%s: %v, %q, want %q", pattern, err, got, want)
		}
	}
}

// TestCancelled: a search that is cancelled ends with that error.
func TestCancelled(t *testing.T) {
	img := open(t, tree(t))
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err := Image(ctx, img, nil, parsed(t, "7", PatternOptions{}), Options{Jobs: 2}, func(*Hit) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if n > 20_000 || err == nil && n < 5000 {
		t.Errorf("%d hits, %v", n, err)
	}
	refused := fmt.Errorf("no more")
	if _, err := Image(context.Background(), img, nil, parsed(t, "7", PatternOptions{}), Options{}, func(*Hit) error { return refused }); err != refused {
		t.Errorf("an error of the callback: %v", err)
	}
}
