package shell

import (
	"path"
	"strings"
)

const shellWord = `(?:/(?:usr/)?bin/)?(?:env\s+)?(?:ba|da|z|k|a)?sh\b`

var (
	urlRE    = lazy(`(?i)\b(?:https?|ftps?|tftp)://[^\s"'|)>;<\\` + "`" + `]{3,400}`)
	hostRE   = lazy(`^(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})(?::[0-9]+)?(?:/\S*)?$`)
	devTCPRE = lazy(`/dev/(?:tcp|udp)/`)
	tempRE   = lazy(`^(?:/private)?(?:/tmp|/var/tmp|/dev/shm|/run/shm|/dev/mqueue|/run/lock|/var/lock)/`)

	cronPathRE    = lazy(`^(?:/etc/(?:crontab|anacrontab|cron\.[^/]+(?:/.*)?)|/var/spool/(?:cron|at)(?:/.*)?)$`)
	startupRE     = lazy(`^(?:/etc/(?:rc\.local|rc\.d/.*|init\.d/.*|profile|profile\.d/.*|bash\.bashrc|bashrc|update-motd\.d/.*|systemd/.*|udev/rules\.d/.*|xdg/autostart/.*|ld\.so\.conf(?:\.d/.*)?|modules-load\.d/.*)|/(?:usr/)?lib/systemd/.*|.*/\.(?:bashrc|bash_profile|bash_login|profile|zshrc))$`)
	cronLineRE    = lazy(`^\s*(?:@[a-z]+|(?:[0-9*][0-9*/,-]*|[A-Za-z]{3})(?:\s+(?:[0-9*][0-9*/,-]*|[A-Za-z]{3})){4})\s+(.*)$`)
	unitLineRE    = lazy(`^\s*Exec[A-Za-z]+=[-@+!:|]*(.*)$`)
	logRE         = lazy(`^(?:/var/log/(?:auth\.log|secure|syslog|wtmp|btmp|lastlog|faillog|messages|cron|kern\.log|audit|journal|\*)[^/]*(?:/\*|/audit\.log[^/]*)?|/var/log(?:/\*\*?)?|/var/run/utmp|/run/utmp)$`)
	wholeLogRE    = lazy(`^/var/log(?:/(?:audit|journal))?$`)
	historyFileRE = lazy(`(?:^|/)\.(?:bash|zsh|ash|sh)_history$|^\$HISTFILE$`)
	vacuumRE      = lazy(`^--vacuum-(?:time|size|files)=[01](?:[a-zA-Z]*)$`)
	signalRE      = lazy(`^-(?:SIG)?(?:HUP|USR1|USR2|WINCH|CONT|0|1|10|12|18|28)$`)
	dotsRE        = lazy(`(?:^|/)(?:\.{3,}|\.{0,2}[ \t]+)(?:/|$)`)
)

// dotsPath says that a path has a component of three or more dots, or of blanks.
func dotsPath(p string) bool {
	if strings.HasPrefix(p, "./...") || !strings.Contains(p, "/") || len(p) > maxText || strings.Contains(p, "://") {
		return false
	}
	if p[0] != '/' && p[0] != '.' && p[0] != '~' && p[0] != '$' {
		return false
	}
	m := dotsRE.FindStringIndex(p)
	// "/ " is a path and a blank, "/srv/app/..." an abbreviation in a text.
	return m != nil && (strings.TrimRight(p, " \t") == p || strings.HasSuffix(strings.TrimRight(p, " \t"), "/") && len(p) > 2)
}

// benignHidden are hidden directories from which programs are run as a matter of
// course, where they lie in a home or a project.
var benignHidden = set(`.acme.sh .nvm .cargo .rustup .pyenv .rbenv .npm .npm-global .bun .deno .vscode-server .cursor-server .sdkman .composer .rvm .linuxbrew .nodenv .asdf .mise .volta .dotnet
	.venv .virtualenvs .tox .fnm .yarn .pnpm .pnpm-store .gvm .goenv .jenv .phpenv .tfenv .krew .poetry .bundle .gem .ghcup .cabal .opam .fzf .oh-my-zsh .bash_it .nix-profile .dropbox-dist .docker .kube .pm2
	.meteor .fly .pulumi .serverless .juliaup .atuin .git .githooks .husky .TinyTeX .local .config .bin .env`)

// homeFiles are the hidden files of homes that shells read.
var homeFileRE = lazy(`^\.(?:bashrc|bash_[a-z]+|profile|zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|login|logout|env(?:\.[a-z]+)?|envrc|aliases|exports|functions|fzf\.(?:ba|z)sh|git-(?:completion|prompt)\.(?:ba|z)sh|dircolors|rvmrc|p10k\.zsh|iterm2_shell_integration\.(?:ba|z)sh)$`)

// homeDirRE matches the hidden directories of homes in which people keep parts of
// those files.
var homeDirRE = lazy(`^\.(?:(?:ba|z|k)?sh(?:rc)?(?:\.d)?|(?:bash_)?(?:profile|aliases|completion|functions)(?:\.d)?|dotfiles|zprezto|antigen|antidote|zinit|zplug|zgen(?:om)?|bash-it|rc\.d)$`)

// Hidden says whether a program has a hidden component in its path, but for those
// usual in homes and projects.
func Hidden(p string) bool {
	_, hidden := suspiciousPath(p, false)
	return hidden
}

// suspiciousPath says whether a program lies in a world-writable directory, or
// has a hidden component in its path.
func suspiciousPath(p string, sourced bool) (temp, hidden bool) {
	temp = tempRE.MatchString(p) && !strings.HasSuffix(p, ".lock") && !strings.HasSuffix(p, ".pid")
	if !strings.Contains(p, "/.") && !strings.HasPrefix(p, ".") {
		return temp, false
	}
	parts := strings.Split(p, "/")
	home := homeDepth(parts)
	for i, part := range parts {
		if len(part) < 2 || part[0] != '.' || part == ".." {
			continue
		}
		last := i == len(parts)-1
		switch {
		case last && sourced && !temp && (homeFileRE.MatchString(part) || strings.HasSuffix(part, ".env") && home >= 0 || home >= 0 && i == home && strings.HasSuffix(part, "rc")):
			continue
		case home < 0 || i < home:
			return temp, true
		case !last && sourced && i == home && !temp && homeDirRE.MatchString(part):
			continue
		case !benignHidden[part] || last:
			return temp, true
		case part == ".bin" && parts[i-1] != "node_modules":
			return temp, true
		case part == ".env" && !last && parts[min(i+1, len(parts)-1)] != "bin":
			return temp, true
		case part == ".local":
			if !localDirs[parts[i+1]] && !sourced {
				return temp, true
			}
		case part == ".config":
			if !configDirs[parts[i+1]] && !sourced {
				return temp, true
			}
		}
	}
	return temp, false
}

var (
	localDirs  = set("bin share lib opt state pipx")
	configDirs = set("composer yarn nvm fnm pnpm")
)

// homeDepth gives the component of a path from which on it lies in a home or a
// project, or -1.
func homeDepth(parts []string) int {
	switch {
	case len(parts) == 0:
	case parts[0] == "~" || strings.HasPrefix(parts[0], "~") || strings.HasPrefix(parts[0], "$"):
		return 1
	case parts[0] != "":
		return 0 // relative
	case len(parts) > 2 && parts[1] == "root":
		return 2
	case len(parts) > 3 && (parts[1] == "home" || parts[1] == "opt" || parts[1] == "srv" || parts[1] == "data" || parts[1] == "app"):
		return 2
	case len(parts) > 4 && parts[1] == "var" && (parts[2] == "lib" || parts[2] == "www" || parts[2] == "opt"):
		return 3
	case len(parts) > 4 && parts[1] == "usr" && parts[2] == "local":
		return 3
	}
	return -1
}

// harmlessPreload are libraries that are preloaded as a matter of course.
var harmlessPreload = lazy(`^lib(?:jemalloc|tcmalloc|mimalloc|hoard|eatmydata|fakeroot|fakechroot|asan|lsan|tsan|ubsan|stdbuf|nss_wrapper|SegFault|gomp|tsocks|torsocks|proxychains|numa|rpmalloc|faketime|memusage|pcprofile|hugetlbfs|snoopy|scalene|gamemode|gtk3-nocsd|systemd-shared|EGL|GL)[a-zA-Z0-9_-]*\.so(?:\.[0-9]+)*$`)

// suspiciousPreload says whether a value of LD_PRELOAD names something other than an
// allocator and its like in a directory of the system.
func suspiciousPreload(v string) bool {
	for _, p := range strings.FieldsFunc(v, func(c rune) bool { return c == ':' || c == ' ' || c == '\t' || c == '\n' }) {
		p = strings.Trim(p, `"'`)
		if p == "" || strings.HasPrefix(p, "$") {
			continue
		}
		system := !strings.Contains(p, "/") // found along the system's search path
		for _, d := range []string{"/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/local/lib/", "/usr/local/lib64/", "/$LIB/", "/usr/$LIB/"} {
			system = system || strings.HasPrefix(path.Clean(p), d)
		}
		if !system || strings.Contains(p, "/.") || !harmlessPreload.MatchString(path.Base(p)) {
			return true
		}
	}
	return false
}

var (
	stratumRE = lazy(`(?i)\b(?:stratum[12]?|daemon|eth(?:proxy|stratum))\+(?:tcp|ssl|tls|udp|http)s?://|\bstratum2?://`)
	minerOpts = lazy(`(?i)^(?:--donate-level|--donate-over-proxy|--randomx-[a-z0-9-]+|--cpu-max-threads-hint|--coin=(?:monero|xmr|arqma|dero|raven|rvn)|--rig-id|--nicehash|--cuda-bfactor[a-z-]*|--opencl-devices|--huge-pages-jit|--cpu-memory-pool|--keepalive-xmr)(?:=|$)`)
	algoRE    = lazy(`(?i)^(?:rx/[a-z0-9]+|cn/[a-z0-9]+|cn-[a-z0-9/]+|randomx|cryptonight[a-z0-9/-]*|kawpow|ethash|etchash|ghostrider|argon2/[a-z0-9]+|astrobwt[a-z0-9/]*|verushash|yespower[a-z0-9]*|scrypt|sha256d|lyra2[a-z0-9]*|equihash[a-z0-9]*|autolykos2?|octopus|kheavyhash|progpow)$`)
	poolRE    = lazy(`(?i)^(?:(?:[a-z0-9-]+\.)+[a-z0-9-]+|\[[0-9a-f:.]{2,45}\]):[0-9]{2,5}$`)
	// coinRE matches addresses that name their coin: kaspa:q..., and those that mining pools of
	// several coins take as user (XMR:W.worker).
	coinRE     = lazy(`(?i)^(?:kaspa:q[a-z0-9]{40,}|(?:XMR|RTM|VRSC|ETC|RVN|ERG|KAS|ZEPH|DOGE|LTC|BTC|TRX|SHIB|XNO):[A-Za-z0-9]{20,}(?:[.#/].*)?|dero1q[a-z0-9]{50,}|zeph(?:yr)?[0-9a-zA-Z]{90,}|nexa:[a-z0-9]{40,}|addr1q[a-z0-9]{50,}|qub[a-z0-9]{50,}|aleo1[a-z0-9]{58})`)
	walletOnly = set("p2pool xmrig bzminer lolminer srbminer srbminer-multi rigel onezerominer gminer t-rex teamredminer nbminer kaspa-miner")
	walletRE   = lazy(`\b(?:[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}|4[1-9A-HJ-NP-Za-km-z]{105})\b`)
)

// minerArguments says that a command carries the arguments of a miner.
func minerArguments(base string, args []word) bool {
	pool, user, algo, more, wallet := false, false, false, false, false
	for i, a := range args[1:] {
		t := a.text
		if len(t) > 8192 {
			continue
		}
		if stratumRE.MatchString(t) && !strings.ContainsAny(t, " \n") || minerOpts.MatchString(t) {
			return true
		}
		next := ""
		if i+2 < len(args) {
			next = args[i+2].text
		}
		if n, v, ok := strings.Cut(t, "="); ok && strings.HasPrefix(n, "--") {
			t, next = n, v
		}
		wallet = wallet || coinRE.MatchString(t) || coinRE.MatchString(next)
		switch t {
		case "-o", "--url", "--pool", "-P", "--server", "-S", "-p", "--host", "-H":
			pool = pool || poolRE.MatchString(next)
		}
		switch t {
		case "-u", "--user", "--wallet", "-ewal", "-wal", "--userpass", "-O":
			user = user || next != ""
			if walletRE.MatchString(next) {
				more = true
			}
		case "-a", "--algo", "--algorithm":
			algo = algo || algoRE.MatchString(next)
		case "--coin":
			if l := strings.ToLower(next); l == "monero" || l == "xmr" {
				return true
			}
		case "-p", "--pass", "-k", "--keepalive", "--tls", "-B":
			more = more || user
		}
	}
	if fetchers[base] {
		return false
	}
	if wallet && (pool || algo) || wallet && walletOnly[base] {
		return true
	}
	for i, a := range args[1:] { // p2pool --wallet W, monerod --start-mining W
		if (a.text == "--wallet" || a.text == "--start-mining") && i+2 < len(args) && walletRE.MatchString(args[i+2].text) {
			return true
		}
	}
	return algo && (pool || user || len(args) > 4) || pool && user && more
}

// What follows judges text that is no valid shell.

var (
	fetchRE   = lazy(`(?i)\b(?:curl|wget|aria2c|lwp-download|axel)\s`)
	pipeRE    = lazy(`(?i)(?:https?|ftp|tftp)://[^\n]{0,400}?\|\s*(?:sudo\s+)?` + shellWord)
	curlPipe  = lazy(`(?i)\b(?:curl|wget)\s[^\n|]{0,400}\|\s*(?:sudo\s+)?` + shellWord)
	substRE   = lazy(`(?i)(?:` + shellWord + `\s+(?:-c\s+)?["']?(?:<\(|\$\(|` + "`" + `)|eval\s+["']?(?:\$\(|` + "`" + `))\s*[^\n]{0,40}?(?:curl|wget)\b`)
	decodeRE  = lazy(`(?i)(?:base64\s+(?:-d|-D|-di|--decode)\b|xxd\s+-r|openssl\s+(?:enc\s+-d|base64\s+-d))[^\n]*\|\s*(?:sudo\s+)?(?:` + shellWord + `|python[23]?\b|perl\b)`)
	decode2RE = lazy(`(?i)(?:eval|` + shellWord + `\s+-c)\s+["']?(?:\$\(|` + "`" + `)[^\n]*base64\s+(?:-d|-D|--decode)`)
	keyRE     = lazy(`(?:>|\btee\b|\bcp\b|\binstall\b|\bmv\b)[^\n|;]*authorized_keys`)
	preloadRE = lazy(`(?:>|\btee\b|\bcp\b)\s*[^\n|;]*ld\.so\.preload`)
	cronRE    = lazy(`(?:>|\btee\b|\bcp\b|\binstall\b)[^\n|;]*(?:/etc/cron|/var/spool/cron)|\|\s*crontab\s+-`)
	wipeRE    = lazy(`(?:rm\s+-[rf]+\s+|>\s*|truncate\s[^\n;|]*|shred\s[^\n;|]*)/var/log/(?:auth|secure|syslog|wtmp|btmp|lastlog|messages|cron)`)
	historyRE = lazy(`HISTFILE=(?:/dev/null|\s|$|"")|set \+o history|history -c\b|unset HISTFILE|HISTSIZE=0`)
	killRE    = lazy(`\b(?:pkill|killall)\s+(?:-\S+\s+)*([^\s;|&]+)`)
	splitRE   = lazy("[;&|`()\n]+")
	codeArgRE = lazy(`\b(?:python[23]?(?:\.[0-9]+)?|perl|ruby|php|node|lua)\s+(?:-\S+\s+)*-[A-Za-z]*[cer]\s`)
	netDevRE  = lazy(`[<>]&?\s*/dev/(?:tcp|udp)/`)
)

// uncommented cuts what stands behind a # that begins a word outside of quotes.
func uncommented(line string) string {
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t' || line[i-1] == ';'):
			return line[:i]
		}
	}
	if quote != 0 { // an open quote hides nothing
		if i := strings.Index(line, " #"); i >= 0 {
			return line[:i]
		}
	}
	return line
}

// pattern judges text that does not parse, line by line.
func (s *state) pattern(text string) {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if i > maxStatements {
			break
		}
		if l = strings.TrimSpace(uncommented(l)); l != "" {
			s.patternLine(l)
		}
	}
}

func (s *state) patternLine(l string) {
	for _, u := range urlRE.FindAllString(l, maxListed) {
		s.url(u)
	}
	for _, t := range []struct {
		trait string
		res   []pattern
	}{
		{"pipe_to_shell", []pattern{pipeRE, curlPipe, substRE}},
		{"decode_exec", []pattern{decodeRE, decode2RE}},
		{"dev_tcp", []pattern{netDevRE}},
		{"history_off", []pattern{historyRE}},
		{"key_write", []pattern{keyRE}},
		{"preload_write", []pattern{preloadRE}},
		{"cron_write", []pattern{cronRE}},
		{"log_wipe", []pattern{wipeRE}},
		{"miner_args", []pattern{stratumRE}},
	} {
		for _, re := range t.res {
			if re.MatchString(l) {
				s.set(t.trait)
			}
		}
	}
	if fetchRE.MatchString(l) && urlRE.MatchString(l) {
		s.set("fetch")
	}
	if codeArgRE.MatchString(l) && interpRE.MatchString(l) {
		s.set("interpreter_fetch")
	}
	for _, m := range killRE.FindAllStringSubmatch(l, maxListed) {
		s.kill(m[1])
	}
	s.encoded(l)
	if strings.HasSuffix(l, "&") && !strings.HasSuffix(l, "&&") {
		s.set("background")
	}
	// What stands between the separators is taken for commands.
	for i, part := range splitRE.Split(l, maxListed) {
		f := strings.Fields(part)
		if len(f) == 0 || i >= maxListed {
			continue
		}
		args := make([]word, 0, len(f))
		for _, w := range f[:min(len(f), 1000)] {
			if strings.HasPrefix(w, ">") || strings.HasPrefix(w, "<") || strings.HasPrefix(w, "2>") {
				continue
			}
			args = append(args, word{data: data{text: strings.Trim(w, `"'`), known: true}})
		}
		if len(args) > 0 && plausible(args[0].text) {
			s.call(args, data{})
		}
	}
}

var plausibleRE = lazy(`^[A-Za-z0-9_./~$@%+\[:!-][A-Za-z0-9_./~$@%+\[\]:{}-]*$`)

func plausible(name string) bool { return len(name) < maxText && plausibleRE.MatchString(name) }

// What follows judges other interpreters' scripts.

// foreign gives the interpreter of a script that is not for a shell, empty for
// shell.
func foreign(text string) string {
	if !strings.HasPrefix(text, "#!") {
		return ""
	}
	for i, f := range strings.Fields(Interpreter([]byte(text[:min(len(text), 256)]))) {
		base := path.Base(f)
		if base == "env" || strings.HasPrefix(f, "-") && i > 0 || strings.Contains(f, "=") {
			continue
		}
		if m := versionRE.FindStringSubmatch(base); m != nil {
			base = m[1]
		}
		if interpreters[base] || base == "sed" {
			return base
		}
		return ""
	}
	return ""
}

var (
	// Of a fetch from within an interpreter. They are calls, not names of modules.
	interpRE = lazy(`(?i)(?:urlopen|urlretrieve|requests\.(?:get|post)|http\.client|httplib|LWP::|get(?:store|print)\s*\(|file_get_contents\s*\(\s*["']https?:|Net::HTTP|HTTP::Tiny|open-uri|curl_exec|https?\.get\s*\(|require\s*\(\s*\\?["']https?\\?["']\s*\)\s*\.\s*(?:get|request)|fetch\s*\(\s*["']https?:|IO::Socket|socket\.(?:socket|create_connection)|TCPSocket|fsockopen|net\.connect|require\s*\(?["']net["']\)?|aiohttp|httpx\.get|URI\.open)`)
	// What runs what a fetch gives, whatever calls it: os.execute(io.popen("curl ...")), eval
	// URI.open, getattr(os, 'sys' + 'tem')(urlopen).
	ranFetched = lazy(`(?i)\b(?:os\.execute|os\.system|system|eval|exec|load(?:string)?|dofile|assert)\b[ (]{0,3}[^;\n]{0,40}\b(?:popen|check_output|getoutput|shell_exec|execSync|qx)\b[^;\n]{0,20}["'(][^"'\n]{0,20}\b(?:curl|wget)\b`)
	onRE       = lazy(`(?i)(?:^|[^.\w])(?:eval|exec|instance_eval)\b[ (]{0,3}(?:URI\.open|open\(|get\s*\(|urlopen|LWP|Net::HTTP|requests\.|__import__)|getattr\s*\([^)]*\)?\s*,[^)]{0,40}\)\s*\(`)
	socketRE   = lazy(`(?i)socket\.socket|socket\.tcp\(|require\s*\(?\s*["']net["']|IO::Socket|TCPSocket|fsockopen|net\.connect|net\.Socket|socket\(S|use Socket`)
	dupRE      = lazy(`(?i)\bdup2\s*\(|pty\.spawn|["']/bin/(?:ba)?sh["']|STDIN\s*->\s*fdopen|open\(STDIN|proc_open|cmd\.stdout|sh -i|\bsh <&[0-9]`)
	// What runs code or a command. Methods of that name are others: conn.exec, re.compile.
	evalRE = lazy(`(?m)(?:^|=>|[^.\w>$@%])(?:exec|eval|compile|assert|system)\s*[("'$` + "`" + `]|\b(?i:os\.(?:system|popen|execute|exec[lv]p?e?|spawn[lv]p?e?)|popen|passthru|shell_exec|proc_open|runpy|subprocess|child_process|execSync|marshal\.loads)\b|new Function\b`)
	// What runs code that it is given as text.
	codeRE    = lazy(`(?m)(?:^|=>|[^.\w>$@%])eval\s*[("'$]|new Function\b`)
	pyCodeRE  = lazy(`(?m)(?:^|[^.\w])(?:exec|eval|compile)\s*\(`)
	listenRE  = lazy(`\.(?:listen|accept)\s*\(`)
	connectRE = lazy(`(?i)connect|PeerAddr|TCPSocket|fsockopen|net\.Socket`)
	// What makes a file executable: 0o755, 0755, +x, S_IXUSR.
	chmodRE = lazy(`(?i)\bchmod(?:Sync)?\b[^)\n]{0,80}(?:0o?[0-7]?[1357][0-7]{2}\b|\b[1357][0-7]{2}\b|\+x|S_IX)`)
	// A program or a stream in base64: ELF, gzip, zlib.
	programRE  = lazy(`["'](?:f0VMR|H4sI|eJ[w-z])[A-Za-z0-9+/]{24}`)
	decodersRE = lazy(`(?i)b64decode|base64_decode|decode_base64|unpack\s*\(?["'][uH]|Buffer\.from\s*\([^)]*base64|atob\s*\(|bytes\.fromhex|unhexlify|codecs\.decode|gzinflate|str_rot13|zlib\.decompress`)
	runsRE     = lazy(`(?i)\b(?:os\.(?:system|popen|execute|exec[lv]p?e?|spawn[lv]p?e?)|subprocess|Popen|check_output|check_call|bash_command|system|exec|execl?p?|shell_exec|passthru|popen|proc_open|spawn|execSync|execFile|child_process|qx|pty\.spawn|IO\.popen)\b|` + "`")
	literalRE  = lazy(`"((?:[^"\\\n]|\\.){0,1000})"|'((?:[^'\\\n]|\\.){0,1000})'|` + "`([^`\n]{0,1000})`")
)

// foreignScript judges a script of another interpreter, and reports it as one
// statement that begins at the first line worth pointing at.
func (s *state) foreignScript(interpreter, text string, fn tell) {
	s.collect(fn, 0, len(text), text, func() { s.otherScript(interpreter, text) })
}

// otherScript judges a script of another interpreter.
func (s *state) otherScript(interpreter, text string) {
	var code strings.Builder
	for i, l := range strings.Split(text, "\n") {
		t := strings.TrimSpace(l)
		if i > 0 && t != "" && (t[0] == '#' && interpreter != "node" && interpreter != "php" || strings.HasPrefix(t, "//") && (interpreter == "node" || interpreter == "php")) {
			continue
		}
		code.WriteString(l)
		code.WriteByte('\n')
	}
	s.foreignCode(interpreter, code.String())
}

const (
	smallCode = 8 << 10 // bytes of a script all of which belongs together
	nearCode  = 400     // bytes between what belongs together in a larger one
	maxNearby = 256     // places that are compared
)

// nearby says whether two things stand in code, near to each other: libraries of
// thousands of lines hold all of them somewhere.
func nearby(code string, a, b pattern) bool {
	first := a.FindAllStringIndex(code, maxNearby)
	if len(first) == 0 {
		return false
	}
	if small := len(code) < smallCode; small || len(first) == maxNearby {
		return small && b.MatchString(code)
	}
	for _, m := range first {
		if b.MatchString(code[max(0, m[0]-nearCode):min(len(code), m[1]+nearCode)]) {
			return true
		}
	}
	return false
}

// oneLine says whether two things stand in one line of code.
func oneLine(code string, a, b pattern) bool {
	for _, m := range a.FindAllStringIndex(code, maxNearby) {
		from := strings.LastIndexByte(code[:m[0]], '\n') + 1
		to := len(code)
		if i := strings.IndexByte(code[m[1]:], '\n'); i >= 0 {
			to = m[1] + i
		}
		if b.MatchString(code[max(from, m[0]-nearCode):min(to, m[1]+nearCode)]) {
			return true
		}
	}
	return false
}

// serves says whether the only thing of the network in code is a socket that waits for
// others.
func serves(code string) bool {
	return listenRE.MatchString(code) && !connectRE.MatchString(code) && !interpRE.MatchString(strings.ReplaceAll(code, "socket.socket(", ""))
}

// foreignCode judges code of another interpreter by pattern.
func (s *state) foreignCode(interpreter, code string) {
	if s.budget < len(code) || s.depth >= maxDepth {
		return
	}
	s.budget -= len(code)
	if interpreter == "awk" || interpreter == "gawk" || interpreter == "mawk" {
		if strings.Contains(code, "/inet/") {
			s.set("interpreter_fetch")
		}
		return
	}
	for _, u := range urlRE.FindAllString(code, maxListed) {
		s.url(u)
	}
	runs := codeRE
	if strings.HasPrefix(interpreter, "python") {
		runs = pyCodeRE
	}
	if ranFetched.MatchString(code) {
		s.set("pipe_to_shell")
	}
	if interpRE.MatchString(code) && !serves(code) {
		s.set("interpreter_fetch")
		switch {
		case len(code) < maxText && onRE.MatchString(code):
			s.set("pipe_to_shell")
		case nearby(code, interpRE, runs):
			s.set("pipe_to_shell")
		case nearby(code, interpRE, chmodRE) && nearby(code, chmodRE, evalRE):
			s.set("fetch_exec")
		}
	}
	if nearby(code, connectRE, socketRE) && nearby(code, connectRE, dupRE) {
		s.set("reverse_shell")
	}
	if nearby(code, listenRE, servesShellRE) && nearby(code, listenRE, socketRE) {
		s.set("bind_shell")
	}
	s.codeWrites(code)
	s.encoded(code)
	// Programs decode much that they do not run. What they carry in themselves is
	// another matter.
	carries := s.traits["encoded"] || programRE.MatchString(code)
	if nearby(code, decodersRE, runs) || carries && nearby(code, decodersRE, evalRE) || oneLine(code, decodersRE, evalRE) {
		s.set("decode_exec")
	}
	lines := strings.Split(code, "\n")
	for i, l := range lines {
		if i > maxStatements {
			break
		}
		if stratumRE.MatchString(l) {
			s.set("miner_args")
		}
		if !runsRE.MatchString(l) {
			continue
		}
		for _, m := range literalRE.FindAllStringSubmatch(l, 32) {
			text := m[1] + m[2] + m[3]
			if len(text) < 4 || !strings.ContainsAny(text, "/ |") || s.budget < len(text) || s.depth >= maxDepth {
				continue
			}
			s.budget -= len(text)
			s.depth++
			s.line(text)
			s.depth--
		}
	}
}
