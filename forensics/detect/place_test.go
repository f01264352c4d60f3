package detect

import "testing"

func TestPlaceOf(t *testing.T) {
	for _, tt := range []struct{ path, home, want string }{
		{"/usr/bin/a", "", PlacePrograms},
		{"/usr/lib/x/a", "", PlacePrograms},
		{"/usr/lib/nagios/plugins/a", "", PlaceLocal},
		{"/usr/share/x/a", "", PlaceData},
		{"/var/lib/x/a", "", PlaceData},
		{"/var/lib/postgresql/15/main/a", "/var/lib/postgresql", PlaceData},
		{"/etc/data/a", "", PlaceData},
		{"/a", "", PlaceData},
		{"/tmp/a", "", PlaceTemp},
		{"/usr/lib/.x/a", "", PlaceHidden},
		{"/usr/lib/ /a", "", PlaceHidden},
		{"/usr/bin/ls ", "", PlaceHidden},
		{"/usr/bin/ls\u00a0", "", PlaceHidden},
		{"/.x/a", "", PlaceHidden},
		{"/nix/store/.links/a", "", PlaceOther},
		{"/u01/app/a", "", PlaceOther},
		{"/opt/x/a", "", PlaceLocal},
		{"/usr/local/bin/a", "", PlaceLocal},
		{"/home/b/a", "/home/b", PlaceHome},
		{"/home/b/.venvs/api/bin/a", "/home/b", PlaceTool},
		{"/home/b/.rye/shims/a", "", PlaceTool},
		{"/data/b/.steam/x/y/a", "/data/b", PlaceTool},
		{"/home/b/.cache/gem/bin/a", "/home/b", PlaceHome},
		{"/home/b/.config/x/y/a", "/home/b", PlaceHome},
		{"/home/b/.x/a", "/home/b", PlaceHome},
		{"/home/b/.../x/y/a", "/home/b", PlaceHome},
	} {
		if got := PlaceOf(tt.path, tt.home); got != tt.want {
			t.Errorf("%q in %q: %s, want %s", tt.path, tt.home, got, tt.want)
		}
	}
}

func TestNamesLike(t *testing.T) {
	for _, tt := range []struct {
		name, other string
		want        bool
	}{
		{"systemd-timesyncd2", "systemd-timesyncd", true},
		{"rbashd", "rbash", true},
		{"sshd", "sshd", false},
		{"crоntab", "crontab", true}, // a Cyrillic letter
		{"crond", "cron", false},
		{"dockerd", "docker", true},
		{"rsys1ogd", "rsyslogd", true},
		{"python3.11", "python3.12", false},
		{"gunzip", "bunzip", true},
		{"nginx", "mongod", false},
	} {
		if got := NewNames([]string{tt.other}).Like(tt.name) != ""; got != tt.want {
			t.Errorf("%s, %s: %t", tt.name, tt.other, got)
		}
	}
}
