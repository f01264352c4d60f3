// Package config reads for whom a miner works: configuration files of XMRig and
// its relatives under any name, miners' command lines, and the pools and wallets
// that stand in any bytes.
package config

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/miner/wallet"
)

// Config is what a miner was told, or what stands in a file for it.
type Config struct {
	Program string // xmrig: the keys are those of XMRig
	Pool    string // as written
	Host    string
	Port    string
	TLS     bool
	User    string // as written: a wallet, perhaps with a worker's name
	Wallet  string // a valid address in User
	Coin    string
	Worker  string
	Algo    string
	Donate  string
	Offset  int // of the pool in the file
}

const (
	maxConfig = 1 << 20 // bytes of a configuration file
	maxPools  = 32
)

// minerKeys are keys that no other program's "pools" go with.
var minerKeys = []string{"donate-level", "donate-over-proxy", "randomx", "max-threads-hint", "rig-id", "nicehash", "huge-pages", "cryptonight", "print-time", "algo", "coin", "self-select", "tls-fingerprint"}

// Parse reads a configuration in JSON; comments, trailing commas and a byte order
// mark are allowed for. It gives nothing for JSON that is no miner's.
func Parse(b []byte) []Config {
	if len(b) > maxConfig || !bytes.Contains(b, []byte(`"pools"`)) {
		return nil
	}
	var doc map[string]any
	if err := json.Unmarshal(clean(b), &doc); err != nil {
		return nil
	}
	pools, _ := doc["pools"].([]any)
	var out []Config
	text := string(b)
	for _, p := range pools[:min(len(pools), maxPools)] {
		m, ok := p.(map[string]any)
		if !ok {
			continue
		}
		u, _ := m["url"].(string)
		user, _ := m["user"].(string)
		if u == "" {
			continue
		}
		c := Config{Pool: u, User: user}
		c.endpoint(u)
		if t, ok := m["tls"].(bool); ok && t {
			c.TLS = true
		}
		c.Algo, _ = m["algo"].(string)
		c.Coin, _ = m["coin"].(string)
		c.Worker, _ = m["rig-id"].(string)
		c.payee()
		known := 0
		for _, k := range minerKeys {
			if _, ok := m[k]; ok {
				known++
			}
			if _, ok := doc[k]; ok {
				known++
			}
		}
		if user == "" || known == 0 && c.Wallet == "" {
			continue
		}
		if d, ok := doc["donate-level"]; ok {
			v, err := json.Marshal(d)
			if err == nil {
				c.Donate = string(v)
			}
			c.Program = "xmrig"
		}
		c.Offset = max(0, strings.Index(text, u))
		out = append(out, c)
	}
	return out
}

// clean turns the JSON that people write into the JSON that parses. It never
// touches what stands in quotes.
func clean(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			j := i + 1
			for j < len(b) && b[j] != '"' {
				if b[j] == '\\' {
					j++
				}
				j++
			}
			out = append(out, b[i:min(j+1, len(b))]...)
			i = j
		case c == '/' && i+1 < len(b) && b[i+1] == '/':
			for i < len(b) && b[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(b) && b[i+1] == '*':
			end := bytes.Index(b[i:], []byte("*/"))
			if end < 0 {
				return out
			}
			i += end + 1
		case c == ',':
			j := i + 1
			for j < len(b) && (b[j] == ' ' || b[j] == '\n' || b[j] == '\r' || b[j] == '\t') {
				j++
			}
			if j < len(b) && (b[j] == '}' || b[j] == ']') {
				continue
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}

func (c *Config) endpoint(s string) {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		c.Host, c.Port = u.Hostname(), u.Port()
		c.TLS = strings.Contains(u.Scheme, "ssl") || strings.Contains(u.Scheme, "tls")
		return
	}
	if h, p, err := net.SplitHostPort(s); err == nil {
		c.Host, c.Port = h, p
		return
	}
	c.Host = s
}

func (c *Config) payee() {
	if a := wallet.Find([]byte(c.User), 1); len(a) > 0 {
		c.Wallet = a[0].Text
		if c.Coin == "" {
			c.Coin = a[0].Coin
		}
		if c.Worker == "" {
			c.Worker = a[0].Worker
		}
	}
}

var (
	stratumRE = regexp.MustCompile(`(?i)stratum2?\+(?:tcp|ssl|tls|udp)://[A-Za-z0-9.\-\[\]:_]{3,255}`)
	optionRE  = regexp.MustCompile(`(?:^|\s)(?:-o|--url)[= ]\s*([A-Za-z0-9.+:/\-\[\]]{4,255})`)
	userRE    = regexp.MustCompile(`(?:^|\s)(?:-u|--user)[= ]\s*(\S{3,255})`)
	minerOpt  = regexp.MustCompile(`--donate-level|--coin|--algo|-a (?:rx|cn|randomx|cryptonight)|--nicehash|--rig-id|stratum2?\+|--randomx|--cpu-max-threads|--tls`)
)

// CommandLine reads the arguments of a miner out of a command.
func CommandLine(s string) (Config, bool) {
	o := optionRE.FindStringSubmatch(s)
	if o == nil {
		return Config{}, false
	}
	c := Config{Pool: o[1]}
	if u := userRE.FindStringSubmatch(s); u != nil {
		c.User = u[1]
	}
	c.endpoint(o[1])
	c.payee()
	return c, c.Wallet != "" || c.Port != "" && minerOpt.MatchString(s)
}

// Pools gives the stratum addresses in any bytes, each once.
func Pools(b []byte, limit int) []Config {
	var out []Config
	seen := make(map[string]bool)
	for at := 0; len(out) < limit; {
		i := bytes.Index(b[at:], []byte("stratum"))
		if i < 0 {
			break
		}
		at += i
		if m := stratumRE.Find(b[at:min(len(b), at+300)]); m != nil && bytes.HasPrefix(b[at:], m) && !seen[string(m)] {
			seen[string(m)] = true
			c := Config{Pool: string(m), Offset: at}
			c.endpoint(string(m))
			out = append(out, c)
		}
		at += len("stratum")
	}
	return out
}

// Record makes the record miner.config: program, pool, host, port, tls, user,
// wallet, coin, worker, algo, donate_level.
func (c *Config) Record() artifact.Record {
	r := artifact.Record{Kind: "miner.config", Source: artifact.Source{Offset: int64(c.Offset), Length: int64(len(c.Pool))}}
	r.Add("program", c.Program)
	r.Add("pool", c.Pool)
	r.Add("host", c.Host)
	r.Add("port", c.Port)
	if c.TLS {
		r.Add("tls", "yes")
	}
	r.Add("user", c.User)
	r.Add("wallet", c.Wallet)
	r.Add("coin", c.Coin)
	r.Add("worker", c.Worker)
	r.Add("algo", c.Algo)
	r.Add("donate_level", c.Donate)
	return r
}
