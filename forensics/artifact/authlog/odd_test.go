package authlog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
)

// A log of which most lines were not understood decides: the coverage names how many of how
// many. The lines that go on a message are part of it, and a minority is a partial loss that
// the record of the log tells.
func TestOddLines(t *testing.T) {
	login := func(stamp string, n int) string {
		return strings.Repeat(stamp+" h sshd[1]: Accepted password for root from 192.0.2.1 port 5 ssh2\n", n)
	}
	for _, tt := range []struct {
		name, text, want string
	}{
		{"of an unknown format", login("2026 Nov 12 08:00:00", 51), "51 of 51 lines were not understood"},
		{"another", login("12.11.2026 08:00:00,123", 3) + login("Nov 12 08:00:00", 2), "3 of 5 lines were not understood"},
		{"one line", "rotated by hand\n", "1 of 1 lines were not understood"},
		{"not even text", strings.Repeat("\x7fELF\x01\n", 9), "9 of 9 lines were not understood"},
		{"half", login("2026 Nov 12 08:00:00", 5) + login("Nov 12 08:00:00", 5), ""},
		{"all understood", login("Nov 12 08:00:00", 5), ""},
		{"a trace", login("Nov 12 08:00:00", 2) + strings.Repeat("\tat com.example.Main.run(Main.java:17)\n", 40), ""},
		{"blank lines", login("Nov 12 08:00:00", 1) + strings.Repeat("\n", 20), ""},
		{"empty", "", ""},
	} {
		for _, path := range []string{"/var/log/auth.log", "/var/log/secure-20261101", "/var/log/messages"} {
			_, err := extract(t, path, []byte(tt.text), time.Time{}, time.UTC)
			if got := fmt.Sprint(err); tt.want == "" && err != nil || tt.want != "" && (got != tt.want || !artifact.IsCut(err)) {
				t.Errorf("%s, %s: %v, want %q", tt.name, path, err, tt.want)
			}
		}
	}
}
