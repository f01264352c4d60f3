package artifact

import "testing"

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"/etc/crontab", "/etc/crontab", true},
		{"/etc/crontab", "/etc/crontab/x", false},
		{"/etc/cron.d/*", "/etc/cron.d", false},
		{"/etc/cron.d/*", "/etc/cron.d/a", true},
		{"/etc/cron.d/*", "/etc/cron.d/a/b", false},
		{"~/.bashrc", "/root/.bashrc", true},
		{"~/.bashrc", "/.bashrc", true},
		{"~/.bashrc", "/export/home/CORP/ana/.bashrc", true},
		{"~/.bashrc", "/root/.bashrc/x", false},
		{"~/.config/*/x", "/srv/a/.config/y/x", true},
		{"**/.ssh/authorized_keys*", "/a/b/.ssh/authorized_keys2", true},
		{"/usr/**/site-packages/*.pth", "/usr/lib/python3/site-packages/a.pth", true},
		{"/usr/**/site-packages/*.pth", "/opt/lib/python3/site-packages/a.pth", false},
		{"/usr/**/site-packages/*.pth", "/usr/lib/site-packages/x/a.pth", false},
		{"/**/a/**/b", "/a/a/c/d/b", true},
		{"/[", "/[", false},
	} {
		if got := Match(tt.pattern, tt.path); got != tt.want {
			t.Errorf("%s, %s: %t", tt.pattern, tt.path, got)
		}
	}
}

func TestOwner(t *testing.T) {
	for _, tt := range []struct{ user, path, want string }{
		{"", "/home/ana/.config/x", "ana"},
		{"postgres", "/var/lib/postgresql/.config/x", "postgres"},
		{"", "/.config/x", ""},
		{"", "/home/ana/.cache/x", ""},
		{"", "/etc/x", ""},
	} {
		in := &Input{Path: tt.path, User: tt.user}
		if got := in.Owner("/etc/x", "~/.config/x"); got != tt.want {
			t.Errorf("%s: %q", tt.path, got)
		}
	}
}
