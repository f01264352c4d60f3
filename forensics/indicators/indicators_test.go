package indicators

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"icecore/forensics/model"
)

const (
	md5sum    = "0c2674c3a97c53082187d930efb645c2"
	sha1sum   = "000c907d39924de62b5891f8d0e0311600000000"
	sha256sum = "c03318cb12b827c03d556c8747b1e323225df97bdc4258c2756b0d6a4fd52b47"
	monero    = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD"
)

// load writes one list and reads it.
func load(t testing.TB, name, text string) *Set {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFormats: an indicator in each form in which lists have it, and what it is not.
func TestFormats(t *testing.T) {
	digest := func(k Kind, sum string) func(*Set) *Indicator {
		return func(s *Set) *Indicator { return s.Digest(k, sum) }
	}
	host := func(h string) func(*Set) *Indicator { return func(s *Set) *Indicator { return s.Host(h) } }
	path := func(p string) func(*Set) *Indicator { return func(s *Set) *Indicator { return s.Path(p) } }
	url := func(u string) func(*Set) *Indicator { return func(s *Set) *Indicator { return s.URL(u) } }
	for _, tt := range []struct {
		name, file, text string
		yes, no          func(*Set) *Indicator
		comment          string
		level            model.Level
	}{
		{"MD5 of LOKI", "h.txt", "# x\n" + md5sum + ";DEEP PANDA; Sakula\n", digest(MD5, strings.ToUpper(md5sum)), digest(SHA1, md5sum), "DEEP PANDA; Sakula", model.High},
		{"a score", "h.txt", sha1sum + ";x;50\n", digest(SHA1, sha1sum), digest(SHA1, md5sum), "x", model.Medium},
		{"plain", "h.txt", sha256sum + "\r\n", digest(SHA256, sha256sum), digest(SHA256, strings.Repeat("0", 64)), "", model.High},
		{"sha256sum", "h.sha256", sha256sum + "  ./xmrig\n", digest(SHA256, sha256sum), digest(MD5, md5sum), "./xmrig", model.High},
		{"path of LOKI", "f.txt", "# Exploit\n/tmp/\\.[a-z]{3}$;80\n", path("/tmp/.abc"), path("/tmp/.abcd"), "Exploit", model.Medium},
		{"with an exception", "f.txt", "/opt/x\\.sh;65;/opt/x\\.sh\\.bak\n", path("/opt/x.sh"), path("/opt/x.sh.bak"), "", model.Low},
		{"little score", "f.txt", "(?i)/X\\.SH$;40\n", path("/opt/x.sh"), path("/opt/xx.sha"), "", model.Informational},
		{"a path with a backslash", "f.txt", "\\\\procdump\\.exe;65\n", path(`/srv/share/C:\procdump.exe`), path("/srv/procdump.exe"), "", model.Low},
		{"whole path", "f.txt", "/usr/lib/libx.so\n", path("/usr/lib/libx.so"), path("/usr/lib/libx.so.1"), "", model.Low},
		{"address", "c.txt", "# APT\n203.0.113.9\n", host("203.0.113.9"), host("203.0.113.99"), "APT", model.Medium},
		{"mapped address", "c.txt", "203.0.113.9\n", host("::ffff:203.0.113.9"), host("::ffff:203.0.113.8"), "", model.Medium},
		{"network", "c.txt", "203.0.113.0/24 # bad\n", host("203.0.113.9"), host("203.0.114.9"), "bad", model.Medium},
		{"domain", "c.txt", "Evil.Example.;c2\n", host("a.b.evil.example"), host("notevil.example"), "c2", model.Medium},
		{"defanged", "c.txt", "hxxp://evil[.]example/A.sh\n", url("HTTP://EVIL.example/A.sh"), url("http://evil.example/a.sh"), "", model.Medium},
		{"wallet", "w.txt", monero + "\n", func(s *Set) *Indicator { return s.Wallet(monero) }, func(s *Set) *Indicator { return s.Wallet(monero[1:]) }, "", model.Medium},
		{"CSV", "x.csv", "type,value,title\naddress,203.0.113.9,\"a, b\"\n", host("203.0.113.9"), host("203.0.113.8"), "a, b", model.Medium},
		{"STIX", "x.json", `{"type":"bundle","objects":[{"type":"indicator","name":"n","pattern":"[file:hashes.'SHA-256' = '` + sha256sum + `' OR ipv4-addr:value = '203.0.113.9']"}]}`, digest(SHA256, sha256sum), host("203.0.113.8"), "n", model.High},
		{"MISP", "x.json", `{"Event":{"info":"i","Attribute":[{"type":"filename|md5","value":"a|` + md5sum + `"},{"type":"comment","value":"203.0.113.8"}],"Object":[{"Attribute":[{"type":"ip-dst|port","value":"203.0.113.9|80"}]}]}}`, host("203.0.113.9"), host("203.0.113.8"), "i", model.Medium},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := load(t, tt.file, tt.text)
			if len(s.Problems) > 0 {
				t.Error(s.Problems)
			}
			i := tt.yes(s)
			if i == nil {
				t.Fatal("it is not found")
			}
			if i.Comment != tt.comment || i.Level() != tt.level || i.File == "" {
				t.Errorf("%+v, level %s", i, i.Level())
			}
			if i := tt.no(s); i != nil {
				t.Errorf("the twin is found: %+v", i)
			}
		})
	}
}

// TestProblems: what is no indicator is named by its line, and the rest is in force.
func TestProblems(t *testing.T) {
	good := sha256sum + "\n203.0.113.1\n203.0.113.2\n"
	for _, tt := range []struct {
		line, want string
	}{
		{"d41d8cd98f00b204e9800998ecf8427e", "empty file"},
		{"127.0.0.1", "no host in particular"},
		{"10.0.0.0/8", "no host in particular"},
		{"128.0.0.0/1", "too wide"},
		{"(;80", "missing closing"},
		{".*;80", "any path"},
		{"/x;800", "between 0 and 100"},
		{"what is this", `"what" is no indicator`},
	} {
		s := load(t, "l.txt", good+tt.line+"\n")
		if s.Len() != 3 || len(s.Problems) != 1 || s.Problems[0].Line != 4 || !strings.Contains(s.Problems[0].Why, tt.want) {
			t.Errorf("%s: %d indicators, %+v", tt.line, s.Len(), s.Problems)
		}
	}
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, "203.0.113.%d\nbad line %d\n", i+1, i)
	}
	s := load(t, "l.txt", b.String())
	if s.Len() != 30 || len(s.Problems) != maxNamed+1 || s.Problems[maxNamed].Why != "25 more lines are no indicators" {
		t.Errorf("%d indicators, %v", s.Len(), s.Problems)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"README.txt": "These are lists.\nOf a kind.\n", "a.txt": good, "b.md": "203.0.113.77\n", "c.json": "{"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load([]string{dir})
	if err != nil || s.Len() != 3 || len(s.Problems) != 2 {
		t.Errorf("%v, %+v", err, s)
	}
	for name, want := range map[string]string{filepath.Join(dir, "README.txt"): "no list of indicators: 2 of 2 lines", filepath.Join(dir, "none"): "no such file"} {
		if _, err := Load([]string{name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *Set
	if none.Len() != 0 || none.Host("x.y") != nil || none.Path("/x") != nil || none.Digests() != nil || none.Wallet("x") != nil || none.URL("x") != nil || none.HasPaths() {
		t.Error("a set without lists has indicators")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a.txt", []byte("/tmp/x;80;y\n"+md5sum+";a;50\n203.0.113.0/24\nhxxp://a[.]b/c\n"))
	f.Add("a.csv", []byte("type,value\nx,203.0.113.9\n"))
	f.Add("a.json", []byte(`{"type":"bundle","objects":[{"type":"indicator","pattern":"[url:value = 'http://a/b']"}]}`))
	f.Fuzz(func(_ *testing.T, name string, b []byte) {
		s := &Set{exact: make(map[Kind]map[string]*Indicator)}
		s.read(name, b)
		s.Host("a.b.c")
		s.Path("/a/b")
		s.URL("http://a/b")
	})
}
