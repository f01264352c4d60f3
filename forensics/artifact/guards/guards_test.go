package guards

import (
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/selinux/config", "/etc/audit/rules.d/audit.rules", "/etc/systemd/journald.conf", "/etc/rsyslog.d/x.conf")
}

// TestSettings: what makes the server blind is kept apart from what distributions and guides for
// hardening, appliances and containers have.
func TestSettings(t *testing.T) {
	const rules, journal, rsyslog = "/etc/audit/rules.d/audit.rules", "/etc/systemd/journald.conf.d/s.conf", "/etc/rsyslog.d/30.conf"
	for _, tt := range []struct{ path, target, text, want string }{
		{"/etc/selinux/config", "", "SELINUX=disabled\n", "disabled_cut"},
		{"/etc/selinux/config", "", "SELINUX = permissive\nSELINUXTYPE=targeted", "disabled_cut"},
		{"/etc/selinux/config", "", "# This file controls the state of SELinux on the system.\n# x\nSELINUX=disabled\nSELINUXTYPE=targeted\n", "disabled"},
		{"/etc/selinux/config", "", "# x\nSELINUX=enforcing\n#SELINUX=disabled\n", ""},
		{rules, "", "-D\n-a never,task\n-e 0\n", "disabled"},
		{rules, "", "-D\n-b 8192\n-f 1\n-a task,never\n", ""},
		{rules, "", "-D\n-b 8192\n-w /etc/passwd -p wa -k identity\n-e 2\n", ""},
		{"/etc/audit/auditd.conf", "", "write_logs = no\n", "not_kept"},
		{"/etc/audit/auditd.conf", "", "write_logs = yes\nlog_file = /var/log/audit/audit.log\n", ""},
		{journal, "", "[Journal]\nStorage=none\n", "not_kept"},
		{journal, "", "[Journal]\nStorage=volatile\nSystemMaxUse=50M\nForwardToSyslog=yes\n", ""},
		{journal, "", "[Journal]\n#Storage=none\nMaxLevelStore=emerg\n", "dropped"},
		{rsyslog, "", "auth,authpriv.* ~\n", "dropped"},
		{rsyslog, "", "authpriv.*\t/dev/null\n", "dropped"},
		{rsyslog, "", ":programname, isequal, \"sshd\" stop\n", "dropped"},
		{rsyslog, "", "if $programname == 'sshd' then stop\n", "dropped"},
		{rsyslog, "", "if ($syslogfacility-text == \"authpriv\") then { stop }\n", "dropped"},
		{rsyslog, "", "if $programname == \"app\" then /var/log/app/app.log\n& stop\n", ""},
		{rsyslog, "", "auth,authpriv.*\t/var/log/auth.log\n*.*;auth,authpriv.none\t-/var/log/syslog\n& stop\n", ""},
		{rsyslog, "", ":msg, contains, \"[UFW \" /var/log/ufw.log\n:msg, contains, \"pam_unix(cron:session)\" stop\n", ""},
		{rsyslog, "", "cron.* /var/log/cron\n", ""},
		{"/etc/default/cron", "", "EXTRA_OPTS=\"-L 0\"\n", "not_kept"},
		{"/etc/default/cron", "", "# EXTRA_OPTS=\"-L 0\"\nEXTRA_OPTS=\"-L 15\"\n", ""},
		{"/var/log/auth.log", "/dev/null", "", "not_kept"},
		{"/var/log/auth.log", "/data/log/auth.log", "x", ""},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: tt.path, Target: tt.target, Text: tt.text})
		var got []string
		for _, r := range records {
			got = append(got, r.Get("effect"))
		}
		if err != nil || strings.Join(got, ",") != tt.want {
			t.Errorf("%s %q: %q, want %q, %v", tt.path, tt.text, got, tt.want, err)
		}
	}
}
