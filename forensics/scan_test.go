package forensics

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // the checksum that Debian's packages state
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// window is what a scan has of a file in memory at once.
const window = 64 << 20

const testRules = `
rule Marker { strings: $a = "needle-in-content" condition: $a }
rule Fox { strings: $a = "The quick brown fox jumps over the lazy dog, again" condition: $a }
rule Elf { strings: $a = "needle-in-program" condition: is_elf and filetype == "elf" and $a }
rule Head { condition: uint32(0) == 0x464c457f }
`

// disk makes an ext4 image of a tree.
func disk(t *testing.T, tree map[string][]byte, size string) string {
	t.Helper()
	for _, tool := range []string{"mke2fs", "debugfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this machine (package e2fsprogs)", tool)
		}
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	for n, b := range tree {
		p := filepath.Join(root, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	img := filepath.Join(dir, "disk.img")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-d", root, img, size).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v\n%s", err, out)
	}
	return img
}

func scanDisk(t *testing.T, img string, opts Options) *Analysis {
	t.Helper()
	rules := filepath.Join(t.TempDir(), "test.yar")
	if err := os.WriteFile(rules, []byte(testRules), 0o600); err != nil {
		t.Fatal(err)
	}
	opts.Rules = RuleOptions{YARA: []string{rules}, NoBuiltin: true}
	a, err := Analyze(context.Background(), img, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range a.Coverage.Gaps {
		if strings.Contains(n.WhatText, "YARA") {
			t.Skip(n.WhyText)
		}
	}
	return a
}

// hits gives the records of YARA as "rule path[!member] at offset".
func hits(a *Analysis) []string {
	var out []string
	for i := range a.Records {
		r := &a.Records[i]
		if r.Kind != "yara.match" {
			continue
		}
		s := r.Get("rule") + " " + r.Source.Path
		if r.Source.Member != "" {
			s += "!" + r.Source.Member
		}
		out = append(out, fmt.Sprintf("%s at %d", s, r.Source.Offset))
	}
	sort.Strings(out)
	return out
}

func targz(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for n, d := range files {
		if err := w.WriteHeader(&tar.Header{Name: n, Size: int64(len(d)), Mode: 0o755}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestScanContent(t *testing.T) {
	packed, err := os.ReadFile("content/upx/testdata/tiny.nrv2e")
	if err != nil {
		t.Fatal(err)
	}
	library, err := os.ReadFile("content/upx/testdata/library.old.lzma")
	if err != nil {
		t.Fatal(err)
	}
	hidden := bytes.ReplaceAll(bytes.Clone(packed), []byte("UPX!"), []byte{0x0a, 0, 0, 0})
	const needle = "needle-in-content"
	// A dropper with a packed program in lines of base64.
	code := base64.StdEncoding.EncodeToString(hidden)
	var lines strings.Builder
	for i := 0; i < len(code); i += 76 {
		lines.WriteString(code[i:min(i+76, len(code))] + "\n")
	}
	// Larger than a window, and the needle across its border.
	border := bytes.Repeat([]byte("x"), window+1000)
	copy(border[window-8:], needle)
	// Larger than what is looked at of small files, smaller than a window.
	large := append(bytes.Repeat([]byte("z"), 3<<20), needle...)
	twin := append(bytes.Repeat([]byte("y"), 5000), needle...)
	img := disk(t, map[string][]byte{
		"opt/packed":      packed,
		"opt/hidden":      hidden,
		"opt/drop.tar.gz": targz(t, map[string][]byte{"x/run": hidden, "x/readme": []byte(needle)}),
		// What a member carries, one level below it.
		"opt/inner.tar.gz": targz(t, map[string][]byte{"inner.sh": []byte("#!/bin/sh\nbase64 -d > /tmp/x <<E\n" + lines.String() + "E\n")}),
		"opt/library.so":   library,
		"opt/border":       border,
		"opt/dropper.sh":   []byte("#!/bin/sh\nbase64 -d > /tmp/x <<E\n" + lines.String() + "E\n"),
		"opt/large":        large,
		"opt/large.tar.gz": targz(t, map[string][]byte{"x/large": append(large, '.')}),
		"opt/one":          twin,
		"opt/two":          twin,
		"opt/program":      []byte("\x7fELF\x02\x01\x01 needle-in-program"),
		"opt/text":         []byte("needle-in-program"),
		"opt/empty":        nil,
		"opt/nothing.gz":   targz(t, map[string][]byte{"n": []byte("nothing")})[:40],
	}, "128M")
	// Names and holes that mke2fs -d does not make.
	holes := filepath.Join(t.TempDir(), "holes")
	f, err := os.Create(holes)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{40 << 20, 300 << 20, 300<<20 + 8192} {
		if _, err := f.WriteAt([]byte("needle-in-content"), at); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	cmd := exec.Command("debugfs", "-w", "-f", "-", img)
	cmd.Stdin = strings.NewReader("write " + holes + " opt/holes\nln opt/one opt/link\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("debugfs: %v\n%s", err, out)
	}
	tiny, err := os.ReadFile("content/upx/testdata/tiny")
	if err != nil {
		t.Fatal(err)
	}
	fox := bytes.Index(tiny, []byte("The quick"))
	unpacked, err := os.ReadFile("content/upx/testdata/library.old")
	if err != nil {
		t.Fatal(err)
	}
	foxInLibrary := bytes.Index(unpacked, []byte("The quick"))
	want := []string{
		"Elf /opt/program at 8",
		fmt.Sprintf("Fox /opt/drop.tar.gz!x/run!upx at %d", fox),
		fmt.Sprintf("Fox /opt/dropper.sh!base64 at 33!upx at %d", fox),
		fmt.Sprintf("Fox /opt/hidden!upx at %d", fox),
		fmt.Sprintf("Fox /opt/inner.tar.gz!inner.sh!base64 at 33!upx at %d", fox),
		fmt.Sprintf("Fox /opt/library.so!upx at %d", foxInLibrary),
		fmt.Sprintf("Fox /opt/packed!upx at %d", fox),
		"Head /opt/drop.tar.gz!x/run at 0", "Head /opt/drop.tar.gz!x/run!upx at 0",
		"Head /opt/dropper.sh!base64 at 33 at 0", "Head /opt/dropper.sh!base64 at 33!upx at 0",
		"Head /opt/hidden at 0", "Head /opt/hidden!upx at 0",
		"Head /opt/inner.tar.gz!inner.sh!base64 at 33 at 0", "Head /opt/inner.tar.gz!inner.sh!base64 at 33!upx at 0",
		"Head /opt/library.so at 0", "Head /opt/library.so!upx at 0", "Head /opt/packed at 0", "Head /opt/packed!upx at 0", "Head /opt/program at 0",
		fmt.Sprintf("Marker /opt/border at %d", window-8),
		"Marker /opt/drop.tar.gz!x/readme at 0",
		fmt.Sprintf("Marker /opt/holes at %d", 40<<20),
		fmt.Sprintf("Marker /opt/large at %d", 3<<20),
		fmt.Sprintf("Marker /opt/large.tar.gz!x/large at %d", 3<<20),
		"Marker /opt/one at 5000",
		"Marker /opt/two at 5000",
	}
	opened, err := Open(context.Background(), img, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	var first []byte
	for _, jobs := range []int{1, 2, 7} {
		a := scanDisk(t, img, Options{Scan: ScanOptions{YARAOnly: true, Jobs: jobs}})
		if got := strings.Join(hits(a), "\n"); got != strings.Join(want, "\n") {
			t.Errorf("%d jobs: got\n%s\nwant\n%s", jobs, got, strings.Join(want, "\n"))
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Errorf("%d jobs: not the bytes that one job gives", jobs)
		}
		// Each claim can be checked, in a member and on the disk.
		for i := range a.Records {
			r := &a.Records[i]
			if r.Source.Member == "" || r.Get("rule") != "Fox" && r.Get("rule") != "Marker" {
				continue
			}
			got, err := ReadSource(opened.Volumes[0].FS, r.Source, 8)
			if err != nil || string(got) != "The quic" && string(got) != needle[:8] {
				t.Errorf("%s, %s: at %d stands %q (%v)", r.Source.Path, r.Source.Member, r.Source.Offset, got, err)
			}
		}
		raw, err := os.Open(img)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Records {
			r := &a.Records[i]
			if r.Get("rule") != "Marker" || r.Source.Member != "" {
				continue
			}
			got := make([]byte, len(needle))
			if _, err := raw.ReadAt(got, r.Source.DiskOffset); err != nil || !strings.HasPrefix(needle, string(got[:8])) {
				t.Errorf("%s: at byte %d of the disk stands %q", r.Source.Path, r.Source.DiskOffset, got)
			}
		}
		raw.Close()
		var listed bool
		for _, n := range a.Coverage.Gaps {
			listed = listed || strings.Contains(n.WhatText, "nothing.gz")
		}
		if !listed {
			t.Errorf("an archive that is cut off is not listed: %v", a.Coverage.Gaps)
		}
	}
}

// What a package brought, unchanged, is not unpacked; what is not as the package
// says is.
func TestScanPackagedArchives(t *testing.T) {
	doc := targz(t, map[string][]byte{"a": []byte("needle-in-content")})
	changed := targz(t, map[string][]byte{"b": []byte("needle-in-content"), "c": []byte("more")})
	sum := func(b []byte) string {
		s := md5.Sum(b)
		return hex.EncodeToString(s[:])
	}
	img := disk(t, map[string][]byte{
		"usr/share/doc/p/intact.gz":  doc,
		"usr/share/doc/p/changed.gz": changed,
		"root/copy.gz":               doc,
		"var/lib/dpkg/status":        []byte("Package: p\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"),
		"var/lib/dpkg/info/p.list":   []byte("/.\n/usr\n/usr/share/doc/p/intact.gz\n/usr/share/doc/p/changed.gz\n"),
		"var/lib/dpkg/info/p.md5sums": []byte(sum(doc) + "  usr/share/doc/p/intact.gz\n" +
			sum(doc) + "  usr/share/doc/p/changed.gz\n"),
	}, "16M")
	for _, jobs := range []int{1, 2} {
		a := scanDisk(t, img, Options{Scan: ScanOptions{YARAOnly: true, Jobs: jobs}})
		want := "Marker /root/copy.gz!a at 0\nMarker /usr/share/doc/p/changed.gz!b at 0"
		if got := strings.Join(hits(a), "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		var listed bool
		for _, n := range a.Coverage.Gaps {
			listed = listed || strings.Contains(n.WhatText, "members of 1 archive")
		}
		if !listed {
			t.Errorf("nothing is said of what was not unpacked: %v", a.Coverage.Gaps)
		}
	}
}

// Swap space has no files; what stands in its pages is found all the same, and the
// offsets are those of the disk.
func TestScanSwap(t *testing.T) {
	for _, tool := range []string{"mkswap", "sfdisk"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this machine (packages util-linux, fdisk)", tool)
		}
	}
	fs := disk(t, map[string][]byte{"etc/passwd": []byte("root:x:0:0::/root:/bin/sh\n")}, "8M")
	swap := filepath.Join(t.TempDir(), "swap")
	if err := os.WriteFile(swap, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(swap, 16<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkswap", swap).CombinedOutput(); err != nil {
		t.Fatalf("mkswap: %v\n%s", err, out)
	}
	img := filepath.Join(t.TempDir(), "disk.raw")
	f, err := os.Create(img)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range []struct {
		name string
		at   int64
	}{{fs, 1 << 20}, {swap, 9 << 20}} {
		b, err := os.ReadFile(p.name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(b); i += 4096 { // holes stay holes
			if bytes.Count(b[i:i+4096], []byte{0}) < 4096 {
				if _, err := f.WriteAt(b[i:i+4096], p.at+int64(i)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	const at = 9<<20 + 5<<20 + 123
	if _, err := f.WriteAt([]byte("needle-in-content"), at); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(26 << 20); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sfdisk", "-q", img)
	cmd.Stdin = strings.NewReader("label: dos\nstart=2048, size=16384, type=83\nstart=18432, size=32768, type=82\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v\n%s", err, out)
	}
	a := scanDisk(t, img, Options{Scan: ScanOptions{YARAOnly: true}})
	if got, want := strings.Join(hits(a), "\n"), fmt.Sprintf("Marker %s at %d", "[swap]", 5<<20+123); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if src := a.Records[0].Source; src.DiskOffset != at || src.Volume != "p2" {
		t.Errorf("source %+v", src)
	}
}
