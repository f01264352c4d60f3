package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

var (
	agentURLRE = lazy(`(?i)://[^?#]*(?:aegis|aliyun|cloudmonitor|qcloud|yunjing|hostguard|wazuh|falcon)`)
	// minerRE matches the names of miners, and of what drops them, that rivals kill.
	minerRE = lazy(`(?i)^(?:\./)?(?:xmrig|xmr-stak|xmr|minerd|cpuminer|kinsing|kdevtmpfsi|kswapd0|ccminer|cnrig|` +
		`sysrv|dbused|networkmanager2|watchbog|watchdogs|ddgs|zzh|pnscan|masscan|c3pool|moneroocean|supportxmr)[a-z0-9_.-]*$`)
	// addressRE matches what is mounted from a host that only has an address.
	addressRE = lazy(`^(?:[A-Za-z0-9._-]+@)?(?://)?[0-9]{1,3}(?:\.[0-9]{1,3}){3}[:/]`)
	privateRE = lazy(`^(?:[A-Za-z0-9._-]+@)?(?://)?(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|169\.254\.)`)
	smbGetRE  = lazy(`\b(?:get|recv)\s+(\S+)(?:\s+([^\s;]+))?`)
	moduleRE  = lazy(`^(?:/usr)?/lib/modules/`)
	// codeWritesRE matches a file that code of an interpreter opens to write.
	codeWritesRE = lazy(`\b(?:open|fopen|File\.(?:open|write))\s*\(\s*["'](/[^"'\n]{1,200})["']\s*,\s*["'](?:[wa]|r\+)|` +
		`\b(?:file_put_contents|(?:append|write)File(?:Sync)?)\s*\(\s*["'](/[^"'\n]{1,200})["']`)
	// servesShellRE matches a shell that is given to whoever connects.
	servesShellRE = lazy(`["'](?:/usr)?/bin/(?:ba|da)?sh\b|pty\.spawn`)
)

// endsAgent says whether a command is a program of an agent, or its init script, that is
// made to stop.
func (s *state) endsAgent(args []word) bool {
	p := s.resolve(args[0].text)
	if !agentPathRE.MatchString(p) && !(strings.Contains(p, "init.d/") && agentRE.MatchString(path.Base(p))) {
		return false
	}
	for _, a := range args[1:] {
		switch a.text {
		case "stop", "uninstall", "--uninstall", "disable", "remove", "delete":
			return true
		}
	}
	return false
}

// mounts follows what is mounted from another host: what runs from there was fetched.
func (s *state) mounts(args []word) {
	if len(args) < 3 {
		return
	}
	for _, a := range args[1 : len(args)-1] {
		if addressRE.MatchString(a.text) && !privateRE.MatchString(a.text) {
			s.set("fetch")
			s.unpack(s.resolve(args[len(args)-1].text))
		}
	}
}

// wroteModule says whether the script put a module of that name among the system's.
func (s *state) wroteModule(name string) bool {
	for p := range s.files {
		if moduleRE.MatchString(p) && strings.TrimSuffix(path.Base(p), ".ko") == name {
			return true
		}
	}
	return false
}

// sendsFiles notes keys and hashes that are copied to another host.
func (s *state) sendsFiles(base string, args []word) {
	var names []string
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-i" || a == "-e" || a == "-F" || a == "-o" || a == "-P" || a == "-J" || a == "--rsh":
			if a != "-i" || base != "rsync" {
				i++
			}
		case strings.HasPrefix(a, "-"):
		default:
			names = append(names, a)
		}
	}
	if len(names) < 2 || !remoteRE.MatchString(names[len(names)-1]) {
		return
	}
	for _, n := range names[:len(names)-1] {
		// A directory of keys belongs to many a backup.
		keys := strings.HasSuffix(strings.TrimSuffix(n, "/"), ".ssh")
		if !keys && (secretRE.MatchString(n) || s.files[s.resolve(n)].secret) {
			s.set("send_secret")
		}
	}
}

// gets follows what smbclient(1) and ftp(1) write.
func (s *state) gets(args []word) {
	for i, a := range args[1:] {
		if a.text == "-o" && i+2 < len(args) {
			s.set("fetch")
			s.write(args[i+2].text, data{net: true}, false, false)
		}
		for _, m := range smbGetRE.FindAllStringSubmatch(a.text, 16) {
			name := m[2]
			if name == "" {
				name = path.Base(m[1])
			}
			s.set("fetch")
			s.write(strings.TrimRight(name, ";"), data{net: true}, false, false)
		}
	}
}

// decrypts says whether a program is made to decrypt.
func decrypts(base string, args []word) bool {
	switch base {
	case "gpg", "gpg2", "age", "ccrypt", "mcrypt":
		return hasWord(args, "-d") || hasWord(args, "--decrypt") || hasWord(args, "-qd") || hasWord(args, "-dc")
	case "ccat", "ccdecrypt", "mdecrypt":
		return true
	}
	return false
}

// asked says whether a command sends a signal by which nothing ends.
func asked(c *syntax.CallExpr) bool {
	for _, a := range c.Args {
		if reopenRE.MatchString(a.Lit()) || a.Lit() == "-0" {
			return true
		}
	}
	return false
}

// listens says whether a command of a pipe waits for others: nc -l.
func listens(c *syntax.CallExpr) bool {
	for _, a := range c.Args[1:] {
		l := a.Lit()
		if l == "--listen" || len(l) > 1 && l[0] == '-' && l[1] != '-' && strings.Contains(l, "l") {
			return true
		}
	}
	return false
}

// codeWrites notes files that code of an interpreter writes.
func (s *state) codeWrites(code string) {
	for _, m := range codeWritesRE.FindAllStringSubmatch(code, maxListed) {
		s.target(m[1] + m[2])
	}
}
