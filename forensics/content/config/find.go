package config

import (
	"bytes"
	"regexp"
	"sort"
	"strings"

	"icecore/forensics/content/wallet"
)

// Where a configuration was found.
const (
	InFile        = "configuration" // a configuration file
	InCommand     = "command"       // the arguments of a program
	InAssignments = "assignments"   // environment, INI, YAML: names with values
	InText        = "text"          // an address alone
)

const (
	maxDepth   = 3        // of encodings within each other
	maxDecode  = 1 << 20  // bytes of one encoded run
	maxDecodes = 4096     // encoded runs of one content
	minEncoded = 40       // characters of the shortest encoded run
	maxText    = 16 << 20 // bytes of a text whose lines are looked at
	near       = 4096     // bytes between a pool and a wallet that belong together
)

// Find reads what is said of mining in any bytes, at most limit configurations in
// the order of their places: configurations in JSON, command lines, names with
// values, pools, wallets with a right checksum, also where base64 or hexadecimal
// numbers hide them, three levels deep. text says that the bytes are a text, of
// which the lines mean something.
func Find(b []byte, text bool, limit int) []Config {
	f := finder{limit: limit, left: maxDecodes}
	out := f.find(b, text, 0)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Offset < out[j].Offset })
	return out[:min(len(out), limit)]
}

// argumentList makes a command of the JSON in which container engines keep one, and
// leaves each byte at its place.
var argumentList = strings.NewReplacer(`","`, "   ", `", "`, "    ", `["`, "  ", `"]`, "  ")

type finder struct{ limit, left int }

func (f *finder) find(b []byte, text bool, depth int) []Config {
	var out []Config
	if text {
		if out = Parse(b); len(out) == 0 {
			out = stak(b)
		}
	}
	known := func(c *Config) bool {
		for i := range out {
			if o := &out[i]; (c.Pool == "" || o.Pool == c.Pool) && (c.Wallet == "" || o.Wallet == c.Wallet) && (c.Pool == "" || c.Wallet == "" || o.User != "" || c.User == "") {
				return true
			}
		}
		return false
	}
	add := func(c Config) {
		if len(out) < 2*f.limit && !known(&c) {
			out = append(out, c)
		}
	}
	var wallets []wallet.Address
	var more []Config
	f.runs(b, func(at, end int) {
		if len(wallets) < f.limit {
			from := max(0, at-16)
			for _, a := range wallet.Find(b[from:min(len(b), end+64)], f.limit) {
				if a.Offset += from; a.Offset >= at-16 && a.Offset < end {
					wallets = append(wallets, a)
				}
			}
		}
		if depth < maxDepth && end-at >= minEncoded && f.left > 0 && len(more) < f.limit {
			more = append(more, f.encoded(b[at:end], at, depth)...)
		}
	})
	// A command is a line, or, in a program's memory, arguments with a NUL
	// behind each.
	for _, a := range wallets {
		line, from := around(b, a.Offset, a.Offset+len(a.Text), text)
		c, ok := CommandLine(line)
		if !ok && strings.Contains(line, `",`) {
			c, ok = CommandLine(argumentList.Replace(line))
		}
		if ok {
			c.Offset += from
			add(c)
		}
	}
	for _, a := range wallets {
		if c, ok := object(b, a.Offset, a.Offset+len(a.Text)); ok {
			if text { // quoted by something, or written by it
				c.Found = InAssignments
			}
			add(c)
		}
	}
	if text && len(b) <= maxText {
		for _, line := range commandLines(b, f.limit) {
			if c, ok := CommandLine(string(b[line[0]:line[1]])); ok {
				c.Offset += line[0]
				add(c)
			}
		}
	}
	for _, c := range Pools(b, f.limit) {
		add(c)
	}
	for _, a := range wallets {
		c := Config{User: a.Text, Wallet: a.Text, Coin: a.Coin, Worker: a.Worker, Offset: a.Offset, Found: InText}
		if a.Worker != "" {
			c.User = string(b[a.Offset : a.Offset+len(a.Text)+1+len(a.Worker)])
		}
		if !known(&c) {
			if text && len(b) <= maxConfig {
				assignments(b, &c)
				if c.Pool == "" && bytes.Contains(b, []byte(`"Env"`)) { // of a container
					from := max(0, a.Offset-near)
					assignments(envList.ReplaceAll(b[from:min(len(b), a.Offset+near)], []byte("\n$1")), &c)
				}
			}
			add(c)
		}
	}
	return append(join(out, text), more...)
}

// join gives pools without a user the wallet that stands nearest. In a text it must
// be near; a program keeps its texts in any order.
func join(list []Config, text bool) []Config {
	for i := range list {
		p := &list[i]
		if p.Pool == "" || p.User != "" {
			continue
		}
		best := -1
		for k := range list {
			w := &list[k]
			if w.Pool != "" || w.Wallet == "" {
				continue
			}
			d := abs(w.Offset - p.Offset)
			if text && d > near {
				continue
			}
			if best < 0 || d < abs(list[best].Offset-p.Offset) {
				best = k
			}
		}
		if best >= 0 {
			w := &list[best]
			p.User, p.Wallet, p.Coin, p.Worker = w.User, w.Wallet, w.Coin, w.Worker
			if w.Found == InAssignments {
				p.Found = InAssignments
			}
			w.joined = true
		}
	}
	out := list[:0]
	for _, c := range list {
		if !c.joined {
			out = append(out, c)
		}
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// encodedClass says which bytes can stand in base64 and hexadecimal runs, and in
// addresses.
var encodedClass = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-32] = true, true
	}
	t['+'], t['/'], t['='], t['\\'] = true, true, true, true
	return t
}()

// minRun is the shortest run that is looked at: that of an address.
const minRun = 26

// runs calls fn for each run of at least minRun characters of encodedClass. Looking
// at every 26th byte first passes over most of a binary.
func (f *finder) runs(b []byte, fn func(from, to int)) {
	for i := minRun - 1; i < len(b); {
		if !encodedClass[b[i]] {
			i += minRun
			continue
		}
		from := i
		for from > 0 && i-from < minRun && encodedClass[b[from-1]] {
			from--
		}
		to := i + 1
		for to < len(b) && encodedClass[b[to]] {
			to++
		}
		if to-from >= minRun {
			fn(from, to)
		}
		i = to + minRun
	}
}

// around gives the command in which bytes stand, and where it begins.
func around(b []byte, from, to int, text bool) (string, int) {
	const most = 2048
	start, end := max(0, from-most), min(len(b), to+most)
	if text {
		if i := bytes.LastIndexByte(b[start:from], '\n'); i >= 0 {
			start += i + 1
		}
		if i := bytes.IndexByte(b[to:end], '\n'); i >= 0 {
			end = to + i
		}
		return string(b[start:end]), start
	}
	if i := bytes.LastIndex(b[start:from], []byte{0, 0}); i >= 0 {
		start += i + 2
	}
	if i := bytes.Index(b[to:end], []byte{0, 0}); i >= 0 {
		end = to + i
	}
	return strings.ReplaceAll(string(b[start:end]), "\x00", " "), start
}

// commandLines gives the lines of a text that name a pool by an option.
func commandLines(b []byte, limit int) [][2]int {
	var out [][2]int
	last := -1
	for _, option := range []string{"-o ", "-o=", "--url", "--pool", "-pool "} {
		for at := 0; len(out) < limit; {
			i := bytes.Index(b[at:], []byte(option))
			if i < 0 {
				break
			}
			at += i
			from := bytes.LastIndexByte(b[:at], '\n') + 1
			to := len(b)
			if k := bytes.IndexByte(b[at:], '\n'); k >= 0 {
				to = at + k
			}
			if from != last && to-from <= 8192 && minerOpt.Match(b[from:to]) {
				out = append(out, [2]int{from, to})
				last = from
			}
			at = max(to, at+len(option))
		}
	}
	return out
}

var assignmentRE = regexp.MustCompile(`(?im)^[ \t]*(?:export[ \t]+|set[ \t]+|-[ \t]+)?["']?([a-z0-9_.-]{2,40})["']?[ \t]*[=:][ \t]*["']?([^\s"',;#]{1,255})`)

// envList matches where a variable begins in the JSON in which container engines keep
// them: "Env":["POOL=host:port","WALLET=..."].
var envList = regexp.MustCompile(`[\[,]"([A-Za-z_][A-Za-z0-9_]*=)`)

// assignments fills in what the names of a text say beside a wallet.
func assignments(b []byte, c *Config) {
	for _, m := range assignmentRE.FindAllSubmatch(b, 512) {
		name, value := strings.ToLower(string(m[1])), string(m[2])
		has := func(words ...string) bool {
			for _, w := range words {
				if strings.Contains(name, w) {
					return true
				}
			}
			return false
		}
		switch {
		case has("proxy", "socks"):
			c.Proxy = first(c.Proxy, value)
		case has("pool", "url", "server", "stratum") && c.Pool == "":
			p := Config{Pool: value}
			p.endpoint(value)
			if p.Port != "" || strings.Contains(value, "stratum") || has("pool") && strings.Contains(p.Host, ".") {
				c.Pool, c.Host, c.Port, c.TLS = p.Pool, p.Host, p.Port, p.TLS
				c.Found = InAssignments
			}
		case has("rig", "worker"):
			c.Worker = first(c.Worker, value)
		case has("algo"):
			c.Algo = first(c.Algo, value)
		case has("donate"):
			c.Donate = first(c.Donate, value)
		}
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
