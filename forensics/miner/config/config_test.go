package config

import "testing"

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
	for _, benign := range []string{"curl -o /tmp/out http://x", "sort -o out -u in", "gcc -o prog x.c"} {
		if c, ok := CommandLine(benign); ok {
			t.Errorf("%q is taken for %+v", benign, c)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"pools":[{"url":"a:1","user":"b",}],"algo":"x"} // `))
	f.Fuzz(func(t *testing.T, b []byte) {
		Parse(b)
		Pools(b, 10)
		CommandLine(string(b))
	})
}
