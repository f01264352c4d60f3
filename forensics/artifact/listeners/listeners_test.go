package listeners

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	var paths []string
	for _, file := range artifacttest.Testdata(f) {
		paths = append(paths, file.Path)
	}
	artifacttest.Fuzz(f, Extractor{}, paths...)
}

// TestBounds: a flood of listeners is cut, and the error says so.
func TestBounds(t *testing.T) {
	for name, line := range map[string]string{
		"/etc/nginx/nginx.conf": "listen 80;\n", "/etc/httpd/conf/httpd.conf": "Listen 80\n", "/etc/redis.conf": "bind 1.2.3.4" + strings.Repeat(" 1.2.3.4", 2000) + "\n#",
		"/usr/lib/systemd/system/x.socket": "[Socket]\nListenStream=80\n", "/etc/inetd.conf": "telnet stream tcp nowait root /bin/x\n",
		"/etc/ssh/sshd_config": "ListenAddress 10.0.0.1:22\n", "/etc/default/docker": "-H tcp://0.0.0.0:2375\n",
	} {
		if !strings.HasSuffix(line, "#") {
			line = strings.Repeat(line, 2000)
		}
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: name, Text: line})
		if len(records) != maxRecords || !artifact.IsCut(err) {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
	}
}

// TestExposed: which addresses mean all interfaces.
func TestExposed(t *testing.T) {
	for address, want := range map[string]bool{
		"*": true, "0.0.0.0": true, "::": true, "0:0:0:0:0:0:0:0": true, "any": true,
		"127.0.0.1": false, "::1": false, "localhost": false, "10.0.0.1": false, "0.0.0.1": false, "": false,
	} {
		if got := exposed(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

// TestSplit: addresses and ports in all their forms.
func TestSplit(t *testing.T) {
	for s, want := range map[string]string{
		"80": "|80", "10.0.0.1:80": "10.0.0.1|80", "10.0.0.1": "10.0.0.1|", "[::]:443": "::|443", "[::1]": "::1|", "::1": "::1|",
		"*:8080": "*|8080", "localhost:80": "localhost|80", ":2375": "|2375", "": "|",
	} {
		if address, port := split(s); fmt.Sprintf("%s|%s", address, port) != want {
			t.Errorf("%q: %q and %q, want %s", s, address, port, want)
		}
	}
}
