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
	"icecore/forensics/content/wallet"
	"icecore/forensics/model"
)

// Config is how a miner is configured, or what stands in a file for it.
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
	Proxy   string // through which the pool is reached
	Found   string // InFile, InCommand, InAssignments, InText
	Decoded string // what the bytes were encoded in: base64, "hex, base64" (outermost first)
	Offset  int    // of the pool, the wallet or the encoded text in the file

	joined bool // with a pool
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
	// A key may be written with escapes, as "p\u006fols".
	if len(b) > maxConfig || !bytes.Contains(b, []byte(`"pools"`)) && !bytes.Contains(b, []byte(`\u00`)) {
		return single(b)
	}
	var doc map[string]any
	if err := json.Unmarshal(clean(b), &doc); err != nil {
		return nil
	}
	pools, ok := doc["pools"].([]any)
	if !ok {
		return single(b)
	}
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
		c := Config{Pool: u, User: user, Found: InFile}
		c.endpoint(u)
		if t, ok := m["tls"].(bool); ok && t {
			c.TLS = true
		}
		c.Algo, _ = m["algo"].(string)
		c.Coin, _ = m["coin"].(string)
		c.Worker, _ = m["rig-id"].(string)
		c.Proxy, _ = m["socks5"].(string)
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

// single reads the configuration of miners that know one pool, as cpuminer: "url",
// "user" and "algo" at the top.
func single(b []byte) []Config {
	if len(b) > maxConfig || !bytes.Contains(b, []byte(`"url"`)) || !bytes.Contains(b, []byte(`"user"`)) {
		return nil
	}
	var doc struct {
		URL   string `json:"url"`
		User  string `json:"user"`
		Algo  string `json:"algo"`
		Coin  string `json:"coin"`
		Proxy string `json:"proxy"`
	}
	if err := json.Unmarshal(clean(b), &doc); err != nil || doc.URL == "" || doc.User == "" {
		return nil
	}
	c := Config{Pool: doc.URL, User: doc.User, Algo: doc.Algo, Coin: doc.Coin, Proxy: doc.Proxy, Found: InFile, Offset: max(0, bytes.Index(b, []byte(doc.URL)))}
	c.endpoint(doc.URL)
	// Only a stratum address, or a wallet with a port, is a miner's: other
	// programs have a url and a user, too.
	if c.payee(); !stratumRE.MatchString(doc.URL) && (c.Wallet == "" || c.Port == "") {
		return nil
	}
	return []Config{c}
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

// stak reads the files of xmr-stak (pools.txt), JSON without the outer braces:
// "pool_list": [{"pool_address": ..., "wallet_address": ...}].
func stak(b []byte) []Config {
	if len(b) > maxConfig || !bytes.Contains(b, []byte(`"pool_address"`)) {
		return nil
	}
	c := bytes.TrimSpace(clean(b))
	if len(c) > 0 && c[0] != '{' {
		c = append(append([]byte{'{'}, bytes.TrimRight(c, ", \t\r\n")...), '}')
	}
	var doc struct {
		Currency string `json:"currency"`
		Pools    []struct {
			Address string `json:"pool_address"`
			Wallet  string `json:"wallet_address"`
			Rig     string `json:"rig_id"`
			TLS     bool   `json:"use_tls"`
		} `json:"pool_list"`
	}
	if err := json.Unmarshal(c, &doc); err != nil {
		return nil
	}
	var out []Config
	for _, p := range doc.Pools[:min(len(doc.Pools), maxPools)] {
		if p.Address == "" || p.Wallet == "" {
			continue
		}
		x := Config{Program: "xmr-stak", Pool: p.Address, User: p.Wallet, Worker: p.Rig, Algo: doc.Currency, Found: InFile, Offset: max(0, bytes.Index(b, []byte(p.Address)))}
		x.endpoint(p.Address)
		x.TLS = x.TLS || p.TLS
		x.payee()
		out = append(out, x)
	}
	return out
}

// endpoint reads where a pool is: a URL, perhaps with a user in it, or host:port.
func (c *Config) endpoint(s string) {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		c.Host, c.Port = u.Hostname(), u.Port()
		c.TLS = strings.Contains(u.Scheme, "ssl") || strings.Contains(u.Scheme, "tls") || u.Scheme == "daemon+https" || u.Scheme == "https"
		if u.User != nil && c.User == "" {
			c.User = u.User.Username()
		}
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
	stratumRE = regexp.MustCompile(`(?i)^(?:stratum[12]?\+(?:tcp|ssl|tls|udp|tls1?[23]?)|stratums?|daemon\+https?)://[A-Za-z0-9.\-\[\]:_@]{3,400}`)
	optionRE  = regexp.MustCompile(`(?:^|[\s"'])(?:-o|--url|--pool|-pool|--server|-P)[= ]\s*["']?([A-Za-z0-9.+:/\-\[\]@_]{4,400})`)
	userRE    = regexp.MustCompile(`(?:^|[\s"'])(?:-u|--user|--wallet|--username|-wal|-w)[= ]\s*["']?([^\s"']{3,255})`)
	minerOpt  = regexp.MustCompile(`--donate-level|--coin|--algo|-a (?:rx|cn|randomx|cryptonight)|--nicehash|--rig-id|stratum2?\+|--randomx|--cpu-max-threads|--tls`)
	valueRE   = regexp.MustCompile(`(?:^|[\s"'])(-a|--algo|--coin|--rig-id|--worker|--donate-level|-x|--proxy|--socks5)[= ]\s*["']?([^\s"'()&|;]{1,255})`)
)

// CommandLine reads the arguments of a miner out of a command.
func CommandLine(s string) (Config, bool) {
	all := optionRE.FindAllStringSubmatchIndex(s, 16)
	if len(all) == 0 {
		return Config{}, false
	}
	// What fetched the miner may stand before it in the same line, with an
	// option of that name: a pool has a port.
	o := all[0]
	for _, x := range all {
		var p Config
		if p.endpoint(s[x[2]:x[3]]); p.Port != "" {
			o = x
			break
		}
	}
	c := Config{Pool: s[o[2]:o[3]], Found: InCommand, Offset: o[2]}
	if u := userRE.FindStringSubmatch(s); u != nil {
		c.User = u[1]
	}
	c.endpoint(c.Pool)
	c.payee()
	if c.Wallet == "" && (c.Port == "" || !minerOpt.MatchString(s)) {
		return Config{}, false
	}
	for _, m := range valueRE.FindAllStringSubmatch(s, 16) {
		switch m[1] {
		case "-a", "--algo":
			c.Algo = first(c.Algo, m[2])
		case "--coin":
			c.Coin = first(c.Coin, m[2])
		case "--rig-id", "--worker":
			c.Worker = first(c.Worker, m[2])
		case "--donate-level":
			c.Donate = first(c.Donate, m[2])
		default:
			c.Proxy = first(c.Proxy, m[2])
		}
	}
	if strings.Contains(s, "--tls") {
		c.TLS = true
	}
	return c, true
}

// Pools gives the stratum addresses in any bytes, each once.
func Pools(b []byte, limit int) []Config {
	var out []Config
	seen := make(map[string]bool)
	for at := 0; len(out) < limit; {
		i := bytes.Index(b[at:], []byte("://"))
		if i < 0 {
			break
		}
		at += i + len("://")
		// The scheme stands before; all of them begin with one of two words.
		from := max(0, at-24)
		if h := b[from : at-3]; bytes.HasSuffix(h, []byte("http")) && !bytes.HasSuffix(h, []byte("+http")) || bytes.HasSuffix(h, []byte("https")) && !bytes.HasSuffix(h, []byte("+https")) {
			continue
		}
		head := bytes.ToLower(b[from:at])
		k := max(bytes.LastIndex(head, []byte("stratum")), bytes.LastIndex(head, []byte("daemon+")))
		if k < 0 {
			continue
		}
		from += k
		if m := stratumRE.Find(b[from:min(len(b), from+424)]); m != nil && !seen[string(m)] {
			seen[string(m)] = true
			c := Config{Pool: string(m), Offset: from, Found: InText}
			c.endpoint(string(m))
			c.payee()
			if strings.Contains(c.Host, ".") || c.Port != "" {
				out = append(out, c)
			}
		}
	}
	return out
}

// Record makes the record miner.config: program, found_in (configuration, command,
// assignments, text), encoding, pool, host, port, tls, user, wallet, coin, worker,
// algo, donate_level, proxy.
func (c *Config) Record() artifact.Record {
	r := artifact.Record{Kind: model.MinerConfig, Source: artifact.Source{Offset: int64(c.Offset), Length: int64(len(c.Pool))}}
	r.Add("program", c.Program)
	r.Add("found_in", c.Found)
	r.Add("encoding", c.Decoded)
	r.Add("pool", c.Pool)
	r.Add("host", c.Host)
	r.Add("port", c.Port)
	if c.TLS {
		r.AddBool("tls", true)
	}
	r.Add("user", c.User)
	r.Add("wallet", c.Wallet)
	r.Add("coin", c.Coin)
	r.Add("worker", c.Worker)
	r.Add("algo", c.Algo)
	r.Add("donate_level", c.Donate)
	r.Add("proxy", c.Proxy)
	return r
}
