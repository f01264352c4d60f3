package agents

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

// TestSettings: which part of a line is the command, and whether a shell reads it.
func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		read    func(string) (string, bool)
		line    string
		command string
		shell   bool
	}{
		{snmp, "extend up /bin/uptime -p", "/bin/uptime -p", false},
		{snmp, "extend .1.3.6.1.4.1.2021.50 up /bin/uptime", "/bin/uptime", false},
		{snmp, "sh up echo a | wc", "echo a | wc", true},
		{snmp, "pass -p 9 .1.3 /bin/a -g", "/bin/a -g", false},
		{snmp, "pass_persist .1.3 /bin/a", "/bin/a", false},
		{snmp, "rocommunity public", "", false},
		{snmp, "extend up", "", false},
		{zabbix, "UserParameter=a[*],echo $1,2", "echo $1,2", true},
		{zabbix, "UserParameter=a[b,c],/bin/a", "/bin/a", true},
		{zabbix, "UserParameter=a", "", true},
		{zabbix, "Server=a,b", "", true},
		{nrpe, "command[check_load]=/usr/lib/nagios/plugins/check_load -w 1", "/usr/lib/nagios/plugins/check_load -w 1", true},
		{nrpe, "allowed_hosts=127.0.0.1", "", false},
		{monit, `start program = "/bin/a b" with timeout 9 seconds`, "/bin/a b", false},
		{monit, `check program x with path '/bin/a "b"'`, `/bin/a "b"`, false},
		{monit, `if status != 0 then exec "/bin/a"`, "/bin/a", false},
		{monit, `check process x with pidfile "/run/x.pid"`, "", false},
	} {
		if c, sh := tt.read(tt.line); c != tt.command || c != "" && sh != tt.shell {
			t.Errorf("%s: %q, shell %v", tt.line, c, sh)
		}
	}
}

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/snmp/snmpd.conf", "/etc/zabbix/zabbix_agentd.conf", "/etc/nagios/nrpe.cfg", "/etc/monit/monitrc")
}
