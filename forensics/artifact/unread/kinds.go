package unread

import "icecore/forensics/model"

// kind is one kind of artifact that is known and not read.
type kind struct {
	what     model.Message
	patterns []string
	// logins says that logins stand in it: where no log that is read has any, it decides.
	logins bool
}

// kinds is the list: to add one, add a line, and its name to the catalogue. Of patterns
// that match the same path, the first counts.
func kinds() []kind {
	return []kind{
		{model.Msg("unread.own-auth"), []string{
			"/var/log/sshd.log*", "/var/log/ssh.log*", "/var/log/authpriv.log*", "/var/log/authlog*",
			"/var/log/login.log*",
		}, true},
		{model.Msg("unread.sudo"), []string{"/var/log/sudo.log*", "/var/log/sudo"}, false},
		{model.Msg("unread.sudo-io"), []string{"/var/log/sudo-io/**/*"}, false},
		{model.Msg("unread.remote"), []string{
			"/var/log/remote/**/*", "/var/log/hosts/**/*", "/var/log/rsyslog/**/*",
		}, false},
		{model.Msg("unread.pacct"), []string{
			"/var/log/account/pacct*", "/var/account/pacct*", "/var/log/pacct*",
		}, false},
		{model.Msg("unread.faillock"), []string{
			"/var/lib/faillock/*", "/run/faillock/*", "/var/run/faillock/*",
		}, false},
		{model.Msg("unread.kernel"), []string{
			"/var/log/kern.log*", "/var/log/dmesg*", "/var/log/user.log*", "/var/log/boot.log*",
			"/var/log/ufw.log*",
		}, false},
		{model.Msg("unread.dnf"), []string{
			"/var/log/dnf.rpm.log*", "/var/log/dnf.log*", "/var/log/dnf5.log*", "/var/log/hawkey.log*",
			"/var/lib/dnf/history.sqlite", "/usr/lib/sysimage/libdnf5/*.toml",
		}, false},
		{model.Msg("unread.yum"), []string{"/var/log/yum.log*", "/var/lib/yum/history/*.sqlite"}, false},
		{model.Msg("unread.zypp"), []string{"/var/log/zypp/history*", "/var/log/zypper.log*"}, false},
		{model.Msg("unread.pacman"), []string{"/var/log/pacman.log*"}, false},
		{model.Msg("unread.apk"), []string{"/var/log/apk.log*"}, false},
		{model.Msg("unread.apt-term"), []string{
			"/var/log/apt/term.log*", "/var/log/unattended-upgrades/*", "/var/log/aptitude*",
		}, false},
		{model.Msg("unread.ftp"), []string{
			"/var/log/xferlog*", "/var/log/proftpd/*", "/var/log/pure-ftpd/*",
		}, false},
		{model.Msg("unread.web"), []string{
			"/var/log/nginx/*", "/var/log/apache2/*", "/var/log/httpd/*", "/var/log/lighttpd/*",
			"/var/log/caddy/*", "/var/log/openresty/*", "/usr/local/nginx/logs/*.log",
			"/usr/local/apache*/logs/*log", "/www/wwwlogs/*", "/var/log/tomcat*/*", "/opt/tomcat/logs/*",
			"/usr/local/tomcat/logs/*",
		}, false},
		{model.Msg("unread.panel"), []string{
			"/www/server/panel/logs/*", "/www/server/cron/*.log", "/usr/local/cpanel/logs/*",
			"/var/log/plesk/*", "/var/log/webmin/*",
		}, false},
		{model.Msg("unread.database"), []string{
			"/var/log/postgresql/*", "/var/log/mysql/*", "/var/log/mysqld.log*", "/var/log/mysql.log*",
			"/var/log/mysql.err", "/var/log/mariadb/*", "/var/log/redis/*", "/var/log/redis_*.log",
			"/var/log/mongodb/*",
		}, false},
		{model.Msg("unread.mail"), []string{
			"/var/log/exim4/*", "/var/log/exim/*",
		}, false},
		{model.Msg("unread.containers"), []string{
			"/var/lib/docker/containers/*/*-json.log*", "/var/log/pods/**/*", "/var/log/containers/*",
		}, false},
		{model.Msg("unread.cloud"), []string{
			"/var/log/cloud-init.log*", "/var/log/cloud-init-output.log*", "/var/log/amazon/ssm/*",
			"/var/log/waagent.log*",
		}, false},
		{model.Msg("unread.load"), []string{"/var/log/sysstat/*", "/var/log/sa/*", "/var/log/atop/*"}, false},
		{model.Msg("unread.guard"), []string{
			"/var/log/fail2ban.log*", "/var/lib/fail2ban/fail2ban.sqlite3", "/var/log/clamav/*",
			"/var/log/rkhunter.log*", "/var/log/chkrootkit/*", "/var/log/suricata/*", "/var/log/falco*",
			"/var/ossec/logs/**/*", "/var/log/osquery/*", "/var/log/aide/*", "/var/lib/aide/*",
		}, false},
		{model.Msg("unread.incron"), []string{"/var/spool/incron/*", "/etc/incron.d/*"}, false},
		{model.Msg("unread.fcron"), []string{"/var/spool/fcron/*", "/var/spool/fcron.d/*", "/etc/fcrontab"}, false},
	}
}
