package wallet

import (
	"strings"
	"testing"
)

// The Monero addresses are synthetic: hashes of a label in place of keys. The
// others are the vectors of BIP 173, BIP 350, EIP-55 and the Bitcoin wiki.
var valid = []struct{ coin, kind, text string }{
	{"monero", "standard", "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"},
	{"monero", "standard", "44o8bfqncKkgekoXw6fyHkdvLQqX16yJfP97AxZaiN8CeNSr4WaX6DfhymTfLjG8AQivLFwxStw5uddtgu6yWpnLJF2UoX3"},
	{"monero", "subaddress", "86d93TVqnMhAB83kxepC2K1ZCeoGjWb76JtFxDkqj8eBcQNs6DCSC4HJz7KHoZDfuib4JsswPRXXpbqR6KDK6rRjV1HDQ2L"},
	{"monero", "integrated", "4JYEMpGbJVYeTg6eAbvpcoMcsCdho6jekPG5hCyzFrBZcAH11kgvdEphpRysVJ5CsF43steHmuchQBPYEXJkns5NEtF38sBs2sS1BvF2vp"},
	{"bitcoin", "p2pkh", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"},
	{"bitcoin", "p2sh", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"},
	{"bitcoin", "segwit", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"},
	{"bitcoin", "segwit", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
	{"ethereum", "account", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
	{"ethereum", "account", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"},
}

func TestParse(t *testing.T) {
	for _, c := range valid {
		a, ok := Parse(c.text)
		if !ok || a.Coin != c.coin || a.Kind != c.kind {
			t.Errorf("Parse(%s) = %+v, %v; want %s %s", c.text, a, ok, c.coin, c.kind)
		}
		// One character changed is no address any more.
		for _, i := range []int{5, len(c.text) / 2, len(c.text) - 2} {
			b := []byte(c.text)
			switch {
			case c.coin == "ethereum" && b[i] >= 'a' && b[i] <= 'f':
				b[i] -= 32
			case c.coin == "ethereum" && b[i] >= 'A' && b[i] <= 'F':
				b[i] += 32
			case b[i] == '7' || b[i] == 'Q' || b[i] == 'q':
				b[i] = '8'
			default:
				b[i] = map[bool]byte{true: 'Q', false: 'q'}[strings.ToUpper(c.text) == c.text]
				if c.coin == "ethereum" {
					b[i] = '0' + (b[i]+1)%10
				}
			}
			if string(b) == c.text {
				continue
			}
			if a, ok := Parse(string(b)); ok {
				t.Errorf("%s with byte %d changed is taken for %+v", c.text, i, a)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", // BIP 173: invalid checksum
		"bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",      // BIP 350: bech32 instead of bech32m
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", // no mixed case, so no checksum
		strings.Repeat("4", 95),
		"",
	} {
		if a, ok := Parse(s); ok {
			t.Errorf("Parse(%q) = %+v", s, a)
		}
	}
}

func TestFind(t *testing.T) {
	text := `{"user": "` + valid[0].text + `.web01", "x": "` + strings.Repeat("a", 200) + `"} ` + valid[4].text + "\x00" + valid[0].text
	got := Find([]byte(text), 10)
	if len(got) != 2 || got[0].Text != valid[0].text || got[0].Worker != "web01" || got[0].Offset != 10 || got[1].Coin != "bitcoin" {
		t.Errorf("got %+v", got)
	}
}

func FuzzFind(f *testing.F) {
	for _, c := range valid {
		f.Add([]byte(" " + c.text + " "))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, a := range Find(b, 100) {
			if string(b[a.Offset:a.Offset+len(a.Text)]) != a.Text {
				t.Fatalf("%+v is not at its offset", a)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	buf := make([]byte, 1<<20)
	for i := range buf {
		buf[i] = byte(i * 7919 >> 3)
	}
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		Find(buf, 100)
	}
}
