// Package shell says what a command line does, as far as an investigation cares:
// which programs it runs, what it fetches, and traits such as "pipes what it
// fetched into a shell". It reads POSIX and bash syntax (mvdan.cc/sh); text that
// is no valid shell is still judged by pattern.
//
// The traits:
//
//	fetch          names a URL to a download tool
//	pipe_to_shell  gives what a program prints (from the network) to a shell
//	fetch_exec     fetches a file and runs it
//	decode_exec    decodes something and runs it
//	temp_exec      runs a program in a folder that everybody may write
//	hidden_exec    runs a program with a hidden component in its path
//	dots_dir       uses a folder whose name is dots and blanks only
//	dev_tcp        opens a connection through /dev/tcp
//	background     leaves a program running in the background
//	history_off    keeps the shell from writing its history, or clears it
//	chattr         changes file attributes (immutable, append-only)
//	key_write      writes an authorized_keys file
//	preload_write  writes ld.so.preload, or sets LD_PRELOAD
//	cron_write     writes a crontab
//	log_wipe       empties or deletes logs
//	kill_list      kills at least three programs by name
//	miner_args     carries the arguments of a miner
//	interpreter_fetch  fetches from within python, perl, php or ruby
//	encoded        carries a long base64 text that decodes
package shell

import (
	"encoding/base64"
	"path"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"icecore/forensics/artifact"
)

// Facts is what was learnt of a command.
type Facts struct {
	Programs []string // in the order in which they stand there, each once
	URLs     []string
	Traits   []string // sorted
	Decoded  string   // the first base64 text found, decoded
}

const (
	maxInput   = 1 << 20 // bytes
	maxNesting = 200
	maxDecode  = 3 // levels
	maxListed  = 64
)

// Has says whether the command has a trait.
func (f *Facts) Has(trait string) bool {
	i := sort.SearchStrings(f.Traits, trait)
	return i < len(f.Traits) && f.Traits[i] == trait
}

// AddTo appends the facts to a record as the fields programs, urls, traits (each
// separated by commas) and decoded.
func (f *Facts) AddTo(r *artifact.Record) {
	r.Add("programs", strings.Join(f.Programs, ","))
	r.Add("urls", strings.Join(f.URLs, ","))
	r.Add("traits", strings.Join(f.Traits, ","))
	r.Add("decoded", f.Decoded)
}

// Analyze reads a command line, or a whole script.
func Analyze(command string) Facts { return analyze(command, 0) }

type collector struct {
	facts  Facts
	traits map[string]bool
	cwd    string
}

func analyze(command string, level int) Facts {
	if len(command) > maxInput {
		command = command[:maxInput]
	}
	c := &collector{traits: make(map[string]bool)}
	c.patterns(command)
	if nesting(command) <= maxNesting && utf8.ValidString(command) {
		c.parse(command)
	}
	if len(c.facts.Programs) == 0 {
		c.words(command)
	}
	for _, p := range c.facts.Programs {
		c.program(p)
	}
	if level < maxDecode {
		c.decode(command, level)
	}
	for t := range c.traits {
		c.facts.Traits = append(c.facts.Traits, t)
	}
	sort.Strings(c.facts.Traits)
	return c.facts
}

// nesting bounds what the parser may be given: it takes seconds for a hundred
// thousand open brackets.
func nesting(s string) int {
	depth, most := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(', '{':
			depth++
			most = max(most, depth)
		case ')', '}':
			depth = max(0, depth-1)
		}
	}
	return max(most, strings.Count(s, "$((")/4, strings.Count(s, "`")/8, strings.Count(s, "[[")/8)
}

const shells = `(?:/(?:usr/)?bin/)?(?:env\s+)?(?:ba|da|z|k|a)?sh\b`

var (
	urlRE     = regexp.MustCompile(`(?i)\b(?:https?|ftp|tftp)://[^\s"'|)>;` + "`" + `]{3,400}`)
	fetchRE   = regexp.MustCompile(`(?i)\b(?:curl|wget|fetch|aria2c|lwp-download|axel)\b`)
	pipeRE    = regexp.MustCompile(`(?i)(?:https?|ftp|tftp)://[^\n]{0,400}?\|\s*(?:sudo\s+)?` + shells)
	substRE   = regexp.MustCompile(`(?i)(?:` + shells + `\s+(?:-c\s+)?["']?(?:<\(|\$\(|` + "`" + `)|eval\s+["']?(?:\$\(|` + "`" + `))\s*[^\n]{0,40}?(?:curl|wget)\b`)
	decodeRE  = regexp.MustCompile(`(?i)(?:base64\s+(?:-d|-D|-di|--decode)\b|xxd\s+-r|openssl\s+(?:enc\s+-d|base64\s+-d))[^\n]*\|\s*(?:sudo\s+)?(?:` + shells + `|python[23]?\b|perl\b)`)
	decode2RE = regexp.MustCompile(`(?i)(?:eval|` + shells + `\s+-c)\s+["']?(?:\$\(|` + "`" + `)[^\n]*base64\s+(?:-d|-D|--decode)`)
	devTCPRE  = regexp.MustCompile(`/dev/(?:tcp|udp)/`)
	dotsRE    = regexp.MustCompile(`/(?:\.{3,}|\.*\\? +)(?:/|\s|$)`)
	interpRE  = regexp.MustCompile(`(?i)\b(?:python[23]?|perl|php|ruby|node)\b[^\n]*(?:urlopen|urllib|requests\.get|LWP|file_get_contents|b64decode|Net::HTTP)`)
	historyRE = regexp.MustCompile(`HISTFILE=(?:/dev/null|\s|$|"")|set \+o history|history -c\b|unset HISTFILE|HISTSIZE=0`)
	chattrRE  = regexp.MustCompile(`\bchattr\s+(?:-R\s+)?[+-][a-z]*[ai]`)
	keyRE     = regexp.MustCompile(`(?:>|\btee\b|\bcp\b|\binstall\b|\bmv\b)[^\n|;]*authorized_keys`)
	preloadRE = regexp.MustCompile(`(?:>|\btee\b|\bcp\b)\s*[^\n|;]*ld\.so\.preload|\bLD_PRELOAD=\S`)
	cronRE    = regexp.MustCompile(`(?:>|\btee\b|\bcp\b|\binstall\b)[^\n|;]*(?:/etc/cron|/var/spool/cron)|\|\s*crontab\s+-`)
	wipeRE    = regexp.MustCompile(`(?:rm\s+-[rf]+\s+|>\s*|truncate\s[^\n;|]*|shred\s[^\n;|]*|cat /dev/null\s*>\s*)/var/log/(?:auth|secure|syslog|wtmp|btmp|lastlog|messages|cron)`)
	killRE    = regexp.MustCompile(`\b(?:pkill|killall)\b`)
	minerRE   = regexp.MustCompile(`(?i)stratum2?\+(?:tcp|ssl|tls|udp)://|--donate-level|--coin[= ]monero|--randomx-|--cpu-max-threads-hint|-a (?:rx/0|cryptonight|randomx)\b`)
	fetchOut  = regexp.MustCompile(`(?i)\b(?:curl|wget)\b[^\n;|&]*\s(?:-o|-O|--output)[= ]?\s*(\S+)`)
	base64RE  = regexp.MustCompile(`[A-Za-z0-9+/]{40,}={0,2}`)
	tempRE    = regexp.MustCompile(`^(?:/tmp|/var/tmp|/dev/shm|/run/shm|/dev/mqueue|/run/lock|/var/lock)/`)
)

func (c *collector) patterns(s string) {
	set := func(trait string, ok bool) {
		if ok {
			c.traits[trait] = true
		}
	}
	for _, u := range urlRE.FindAllString(s, maxListed) {
		c.facts.URLs = appendOnce(c.facts.URLs, u)
	}
	set("fetch", len(c.facts.URLs) > 0 && fetchRE.MatchString(s))
	set("pipe_to_shell", pipeRE.MatchString(s) || substRE.MatchString(s))
	set("decode_exec", decodeRE.MatchString(s) || decode2RE.MatchString(s))
	set("dev_tcp", devTCPRE.MatchString(s))
	set("dots_dir", dotsRE.MatchString(s))
	set("interpreter_fetch", interpRE.MatchString(s))
	set("history_off", historyRE.MatchString(s))
	set("chattr", chattrRE.MatchString(s))
	set("key_write", keyRE.MatchString(s))
	set("preload_write", preloadRE.MatchString(s))
	set("cron_write", cronRE.MatchString(s))
	set("log_wipe", wipeRE.MatchString(s))
	set("kill_list", len(killRE.FindAllString(s, 3)) == 3)
	set("miner_args", minerRE.MatchString(s))
	for _, m := range fetchOut.FindAllStringSubmatch(s, maxListed) {
		out := strings.Trim(m[1], `"'`)
		rest := s[strings.Index(s, m[0])+len(m[0]):]
		if len(out) > 1 && out != "-" && out != "/dev/null" && regexp.MustCompile(`(?:^|[;&|\n]\s*)(?:`+shells+`\s+|nohup\s+|chmod\s+\S+\s+|\./)?`+regexp.QuoteMeta(out)+`(?:\s|;|&|$)`).MatchString(rest) {
			c.traits["fetch_exec"] = true
		}
	}
}

func appendOnce(list []string, s string) []string {
	if s == "" || len(list) >= maxListed {
		return list
	}
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// parse walks the syntax tree for the programs that are run.
func (c *collector) parse(s string) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(s), "")
	if err != nil || file == nil {
		return
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			if n.Background {
				c.traits["background"] = true
			}
		case *syntax.CallExpr:
			words := make([]string, 0, len(n.Args))
			for _, a := range n.Args {
				words = append(words, literal(a))
			}
			c.call(words, 0)
		}
		return true
	})
}

// literal gives the text of a word, as far as it is fixed.
func literal(w *syntax.Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(p.Value, `\`, ""))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				if l, ok := q.(*syntax.Lit); ok {
					b.WriteString(l.Value)
				} else {
					b.WriteString("$")
				}
			}
		default:
			b.WriteString("$")
		}
	}
	return b.String()
}

// wrappers run the program that follows their own options.
var wrappers = map[string]bool{"nohup": true, "env": true, "sudo": true, "timeout": true, "nice": true, "ionice": true, "setsid": true, "exec": true, "command": true, "time": true, "chroot": true, "stdbuf": true, "flock": true, "xargs": true, "doas": true, "runuser": true, "su": true}

var interpreters = map[string]bool{"sh": true, "bash": true, "dash": true, "zsh": true, "ksh": true, "ash": true, "python": true, "python2": true, "python3": true, "perl": true, "php": true, "ruby": true, "node": true, "source": true, ".": true}

func (c *collector) call(words []string, depth int) {
	for len(words) > 0 && strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "/") {
		words = words[1:]
	}
	if len(words) == 0 || depth > 8 {
		return
	}
	name := words[0]
	base := path.Base(name)
	if base == "cd" && len(words) > 1 {
		c.cwd = words[1]
		return
	}
	if strings.HasPrefix(name, "./") && c.cwd != "" {
		name = path.Join(c.cwd, name)
	}
	if plausible(name) {
		c.facts.Programs = appendOnce(c.facts.Programs, name)
	}
	switch {
	case wrappers[base]:
		rest := words[1:]
		for len(rest) > 0 && (strings.HasPrefix(rest[0], "-") || strings.Contains(rest[0], "=") || isDuration(rest[0])) {
			if base == "su" && rest[0] == "-c" && len(rest) > 1 {
				c.inner(rest[1], depth)
			}
			rest = rest[1:]
		}
		c.call(rest, depth+1)
	case interpreters[base]:
		for i, w := range words[1:] {
			if strings.HasPrefix(w, "-") {
				if strings.HasSuffix(w, "c") && len(w) <= 4 && i+2 < len(words) && strings.HasSuffix(base, "sh") {
					c.inner(words[i+2], depth)
					return
				}
				continue
			}
			if plausible(w) && strings.Contains(w, "/") {
				if strings.HasPrefix(w, "./") && c.cwd != "" {
					w = path.Join(c.cwd, w)
				}
				c.facts.Programs = appendOnce(c.facts.Programs, w)
			}
			return
		}
	}
}

// inner reads the text behind `sh -c`.
func (c *collector) inner(s string, depth int) {
	if depth < 4 && nesting(s) <= maxNesting {
		c.parse(s)
	}
}

func isDuration(s string) bool {
	return s != "" && strings.Trim(s, "0123456789smhd.") == ""
}

func plausible(name string) bool {
	return name != "" && len(name) < 4096 && !strings.ContainsAny(name, "\n\x00,") && name != "$"
}

// words finds programs in text that does not parse.
func (c *collector) words(s string) {
	for _, part := range regexp.MustCompile(`[;&|\n]+`).Split(s, maxListed) {
		if f := strings.Fields(part); len(f) > 0 {
			c.call(f, 0)
		}
	}
}

// benignHidden are hidden folders from which programs are run as a matter of
// course.
var benignHidden = map[string]bool{".acme.sh": true, ".nvm": true, ".cargo": true, ".pyenv": true, ".rbenv": true, ".local": true, ".config": true, ".npm": true, ".bun": true, ".deno": true, ".vscode-server": true, ".sdkman": true, ".composer": true, ".rvm": true, ".linuxbrew": true, ".nodenv": true, ".asdf": true, ".volta": true, ".dotnet": true, ".venv": true}

func (c *collector) program(p string) {
	if !strings.HasPrefix(p, "/") {
		return
	}
	if tempRE.MatchString(p) && !strings.HasSuffix(p, ".lock") && !strings.HasSuffix(p, ".pid") {
		c.traits["temp_exec"] = true
	}
	for _, part := range strings.Split(p[1:], "/") {
		if len(part) > 1 && part[0] == '.' && part != ".." && !benignHidden[part] {
			c.traits["hidden_exec"] = true
		}
	}
}

// decode looks into base64 texts.
func (c *collector) decode(s string, level int) {
	for _, m := range base64RE.FindAllString(s, 16) {
		m = m[:len(m)/4*4]
		b, err := base64.StdEncoding.DecodeString(m)
		if err != nil {
			if b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(m, "=")); err != nil {
				continue
			}
		}
		if !mostlyText(b) {
			continue
		}
		c.traits["encoded"] = true
		in := analyze(string(b), level+1)
		if c.facts.Decoded == "" {
			c.facts.Decoded = string(b)
		}
		for _, t := range in.Traits {
			c.traits[t] = true
		}
		for _, u := range in.URLs {
			c.facts.URLs = appendOnce(c.facts.URLs, u)
		}
		for _, p := range in.Programs {
			c.facts.Programs = appendOnce(c.facts.Programs, p)
		}
	}
}

func mostlyText(b []byte) bool {
	n := 0
	for _, c := range b {
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' {
			n++
		}
	}
	return len(b) >= 16 && n*20 >= len(b)*19
}
