package wallet

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/sha3"
)

// The Monero addresses are synthetic: hashes of a label in place of keys. The
// others are published vectors: BIP 173 and 350, EIP-55, the cashaddr specification,
// the Bitcoin wiki, the README of TurtleCoin's base58, and made() and moved(), the
// same hash and keys with the version bytes of other coins.
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
	{"ethereum", "account", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"},
	{"ethereum", "account", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"},
	{"bitcoin", "segwit", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"},
	{"bitcoin", "segwit", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"},
	{"bitcoincash", "p2pkh", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"},
	{"bitcoincash", "p2sh", "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"},
	{"kaspa", "key", "kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e"},
	{"litecoin", "p2pkh", made("\x30")},
	{"litecoin", "p2sh", made("\x32")},
	{"dogecoin", "p2pkh", made("\x1e")},
	{"ravencoin", "p2pkh", made("\x3c")},
	{"dash", "p2pkh", made("\x4c")},
	{"zcash", "p2pkh", made("\x1c\xb8")},
	{"zcash", "p2sh", made("\x1c\xbd")},
	{"turtlecoin", "standard", "TRTLv3JRA772aBveLkCjG5jDvoUdKwa8YDsgLxCczL1oPei42XAMLE5QLRHM2c8oo5WbwLiB5ky7mDP7WGB53Jnp2ygHEomu3qa"},
	{"wownero", "standard", moved(moneroStandard, "\xb2\x20")},
	{"wownero", "integrated", moved(moneroIntegrated, "\x9a\x35")},
	{"wownero", "subaddress", moved(moneroStandard, "\xb0\x5f")},
}

const (
	moneroStandard   = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"
	moneroIntegrated = "4JYEMpGbJVYeTg6eAbvpcoMcsCdho6jekPG5hCyzFrBZcAH11kgvdEphpRysVJ5CsF43steHmuchQBPYEXJkns5NEtF38sBs2sS1BvF2vp"
)

// cryptonoteBytes is how many bytes so many characters of a block stand for: as many
// as 58 to their power has room for.
func cryptonoteBytes(chars int) int {
	return (new(big.Int).Exp(big.NewInt(58), big.NewInt(int64(chars)), nil).BitLen() - 1) / 8
}

// moved gives a Monero address the network of another coin: a number of the coin's
// cryptonote_config.h (4146, 6810 and 12208 for Wownero), seven bits to a byte, the
// lowest first. It is done with big numbers, block by block.
func moved(monero, network string) string {
	var raw []byte
	for rest := monero; rest != ""; {
		n := min(11, len(rest))
		v := new(big.Int)
		for _, c := range rest[:n] {
			v.Mul(v, big.NewInt(58)).Add(v, big.NewInt(int64(strings.IndexRune(alphabet, c))))
		}
		raw = append(raw, v.FillBytes(make([]byte, cryptonoteBytes(n)))...)
		rest = rest[n:]
	}
	raw = append([]byte(network), raw[1:len(raw)-4]...)
	h := sha3.NewLegacyKeccak256()
	h.Write(raw)
	raw = h.Sum(raw)[:len(raw)+4]
	var out strings.Builder
	for len(raw) > 0 {
		n := min(8, len(raw))
		chars := 1
		for cryptonoteBytes(chars) < n {
			chars++
		}
		v, m := new(big.Int).SetBytes(raw[:n]), new(big.Int)
		block := make([]byte, chars)
		for i := range block {
			v.DivMod(v, big.NewInt(58), m)
			block[chars-1-i] = alphabet[m.Int64()]
		}
		out.Write(block)
		raw = raw[n:]
	}
	return out.String()
}

// The derivation of the test itself: with Monero's own number it changes nothing.
func TestMoved(t *testing.T) {
	for address, network := range map[string]string{moneroStandard: "\x12", moneroIntegrated: "\x13"} {
		if got := moved(address, network); got != address {
			t.Errorf("%s became %s", address, got)
		}
	}
}

// made makes the base58check address of a fixed hash, with big numbers in place of
// the bytes of the code under test.
func made(version string) string {
	raw := append([]byte(version), bytes.Repeat([]byte{0x42}, 20)...)
	h := sha256.Sum256(raw)
	h = sha256.Sum256(h[:])
	v := new(big.Int).SetBytes(append(raw, h[:4]...))
	var out []byte
	for v.Sign() > 0 {
		m := new(big.Int)
		v.DivMod(v, big.NewInt(58), m)
		out = append([]byte{alphabet[m.Int64()]}, out...)
	}
	return string(out)
}

func TestParse(t *testing.T) {
	for _, c := range valid {
		a, ok := Parse(c.text)
		if !ok || a.Coin != c.coin || a.Kind != c.kind {
			t.Errorf("Parse(%s) = %+v, %v; want %s %s", c.text, a, ok, c.coin, c.kind)
		}
	}
}

// One character changed, at any place, into any other that may stand there: no
// address any more. (For Ethereum, only letters carry the checksum, each by its
// case: a changed digit is a chance of two to the power of minus the letters.)
func TestParseChanged(t *testing.T) {
	for _, c := range valid {
		chars := alphabet
		switch {
		case c.kind == "segwit" || c.coin == "kaspa" || c.coin == "bitcoincash":
			chars = bech32Chars
			if strings.ToUpper(c.text) == c.text {
				chars = strings.ToUpper(chars)
			}
		case c.coin == "ethereum":
			chars = "0123456789abcdefABCDEF"
		}
		tried, taken := 0, 0
		for i := range c.text {
			for _, x := range []byte(chars) {
				if c.text[i] == x {
					continue
				}
				b := []byte(c.text)
				b[i] = x
				tried++
				if _, ok := Parse(string(b)); ok {
					taken++
					if c.coin != "ethereum" {
						t.Errorf("%s is taken for an address", b)
					}
				}
			}
		}
		if tried == 0 || taken > tried/100 {
			t.Errorf("%s: %d of %d changed ones are taken for addresses", c.text, taken, tried)
		}
	}
}

// The invalid vectors of BIP 173, BIP 350 and the cashaddr specification, those of
// coins that are not Bitcoin's, and some of our own.
func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		// BIP 350, invalid segwit addresses for bc.
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
		"bc1s0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
		"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
		"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
		"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
		"bc1pw5dgrnzv",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
		"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
		"bc1gmk9yu",
		// BIP 173 and 350: a changed character, bech32 in place of bech32m.
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
		"bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
		// EIP-55: without mixed case there is no checksum.
		"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
		"0x52908400098527886E0F7030069857D2E4169EE7",
		// Ours: a leading one too many, a changed character, runs of one.
		"11BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
		"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
		strings.Repeat("4", 95), strings.Repeat("1", 34), "",
		"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b",
		"kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
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

// A program may keep its texts without anything between them.
func TestFindWithin(t *testing.T) {
	for _, c := range valid[:4] {
		buf := strings.Repeat("abc4AB8", 40) + c.text + "3333stratum" + strings.Repeat("x1", 100)
		got := Find([]byte(buf), 10)
		if len(got) != 1 || got[0].Text != c.text || got[0].Offset != 280 {
			t.Errorf("%s: got %+v", c.text, got)
		}
	}
	got := Find([]byte("pay to bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a.w1 now"), 10)
	if len(got) != 1 || got[0].Coin != "bitcoincash" || got[0].Offset != 7 || got[0].Worker != "w1" {
		t.Errorf("got %+v", got)
	}
}

func FuzzBase58(f *testing.F) {
	for _, c := range valid {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, ok := Parse(s); ok && (a.Text != s || a.Coin == "") {
			t.Fatalf("%+v of %q", a, s)
		}
	})
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
