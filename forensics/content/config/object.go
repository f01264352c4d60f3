package config

import (
	"bytes"
	"encoding/json"
)

// maxObject is how far from an address the braces of its object are looked for.
const maxObject = 2048

// object reads the member of XMRig's "pools" in which an address stands, where the
// rest of the configuration is not there or is no text: in memory, in swap, in a
// program that has it compiled in.
func object(b []byte, from, to int) (Config, bool) {
	start := max(0, from-maxObject)
	i := bytes.LastIndexByte(b[start:from], '{')
	k := bytes.IndexByte(b[to:min(len(b), to+maxObject)], '}')
	if i < 0 || k < 0 {
		return Config{}, false
	}
	start += i
	var doc struct {
		URL   string `json:"url"`
		User  string `json:"user"`
		Rig   string `json:"rig-id"`
		Algo  string `json:"algo"`
		Coin  string `json:"coin"`
		TLS   bool   `json:"tls"`
		Proxy string `json:"socks5"`
	}
	if err := json.Unmarshal(clean(unquoted(b[start:to+k+1])), &doc); err != nil || doc.URL == "" {
		return Config{}, false
	}
	c := Config{Pool: doc.URL, User: doc.User, Worker: doc.Rig, Algo: doc.Algo, Coin: doc.Coin, Proxy: doc.Proxy, Found: InFile}
	c.endpoint(doc.URL)
	c.TLS = c.TLS || doc.TLS
	if c.payee(); c.Wallet == "" {
		return Config{}, false
	}
	c.Offset = start
	if at := bytes.Index(b[start:to+k], []byte(doc.URL)); at >= 0 {
		c.Offset += at
	}
	return c, true
}

// unquoted gives JSON as it was before it was put into a string of another language,
// and what Python writes of a dict as JSON.
func unquoted(b []byte) []byte {
	if bytes.Contains(b, []byte(`\"`)) {
		return bytes.ReplaceAll(b, []byte(`\"`), []byte(`"`))
	}
	if !bytes.Contains(b, []byte(`"`)) {
		b = bytes.ReplaceAll(b, []byte("'"), []byte(`"`))
		b = bytes.ReplaceAll(b, []byte("True"), []byte("true"))
		return bytes.ReplaceAll(b, []byte("False"), []byte("false"))
	}
	return b
}
