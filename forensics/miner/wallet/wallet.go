// Package wallet finds addresses to which mined coins are paid. Only addresses
// with a valid checksum are given, so that what is found is an address and not a
// text that looks like one.
//
// Formats: Monero (docs.getmonero.org, Keccak-256 in its original padding), the
// base58check of Bitcoin and its relatives (BIP 13 and the wiki), bech32 and
// bech32m (BIP 173, BIP 350), Ethereum's mixed case (EIP-55).
package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"
)

// Address is an address found.
type Address struct {
	Coin   string // monero, bitcoin, litecoin, dogecoin, ravencoin, ethereum
	Kind   string // standard, subaddress, integrated, p2pkh, p2sh, segwit, account
	Text   string
	Worker string // what pools let a miner append: a worker's name or a difficulty
	Offset int    // in the bytes searched
}

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// class says which bytes can stand in an address.
var class = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-32] = true, true
	}
	return t
}()

var digits = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte(alphabet) {
		t[c] = int8(i)
	}
	return t
}()

// Find gives at most limit addresses in buf, in order, each text once.
func Find(buf []byte, limit int) []Address {
	var out []Address
	seen := make(map[string]bool)
	n := len(buf)
	// An address is a run of at least 26 letters and digits: looking at every
	// 26th byte first passes over most of a binary.
	for i := 25; i < n && len(out) < limit; {
		if !class[buf[i]] {
			i += 26
			continue
		}
		start := i
		for start > 0 && class[buf[start-1]] && i-start < 26 {
			start--
		}
		end := i + 1
		for end < n && class[buf[end]] && end-start <= 130 {
			end++
		}
		if l := end - start; l >= 26 && l <= 120 && (start == 0 || !class[buf[start-1]]) {
			if a, ok := Parse(string(buf[start:end])); ok && !seen[a.Text] {
				seen[a.Text] = true
				a.Offset = start
				a.Worker = worker(buf[end:])
				out = append(out, a)
			}
		}
		for end < n && class[buf[end]] {
			end++
		}
		i = end + 26
	}
	return out
}

// worker reads ".name" or "+difficulty" behind an address.
func worker(b []byte) string {
	if len(b) < 2 || b[0] != '.' && b[0] != '+' && b[0] != '/' {
		return ""
	}
	i := 1
	for i < len(b) && i < 64 && (class[b[i]] || b[i] == '_' || b[i] == '-') {
		i++
	}
	return string(b[1:i])
}

// Parse reads one address.
func Parse(s string) (Address, bool) {
	if len(s) == 95 || len(s) == 106 {
		return monero(s)
	}
	if strings.HasPrefix(s, "0x") && len(s) == 42 {
		return ethereum(s)
	}
	low := strings.ToLower(s)
	for hrp, coin := range map[string]string{"bc1": "bitcoin", "ltc1": "litecoin"} {
		if strings.HasPrefix(low, hrp) {
			return segwit(s, hrp[:len(hrp)-1], coin)
		}
	}
	if len(s) >= 26 && len(s) <= 35 {
		return base58check(s)
	}
	return Address{}, false
}

func keccak(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

// moneroSizes maps the length of an encoded block to that of its bytes.
var moneroSizes = map[int]int{2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}

func monero(s string) (Address, bool) {
	var raw []byte
	for rest := s; rest != ""; {
		n := min(11, len(rest))
		size, ok := moneroSizes[n]
		if !ok {
			return Address{}, false
		}
		v := new(big.Int)
		for _, c := range []byte(rest[:n]) {
			if digits[c] < 0 {
				return Address{}, false
			}
			v.Mul(v, big.NewInt(58)).Add(v, big.NewInt(int64(digits[c])))
		}
		if v.BitLen() > size*8 {
			return Address{}, false
		}
		raw = append(raw, v.FillBytes(make([]byte, size))...)
		rest = rest[n:]
	}
	if len(raw) < 5 {
		return Address{}, false
	}
	body, sum := raw[:len(raw)-4], raw[len(raw)-4:]
	if !bytes.Equal(keccak(body)[:4], sum) {
		return Address{}, false
	}
	kind := ""
	switch {
	case body[0] == 18 && len(raw) == 69:
		kind = "standard"
	case body[0] == 42 && len(raw) == 69:
		kind = "subaddress"
	case body[0] == 19 && len(raw) == 77:
		kind = "integrated"
	default:
		return Address{}, false
	}
	return Address{Coin: "monero", Kind: kind, Text: s}, true
}

func base58check(s string) (Address, bool) {
	v := new(big.Int)
	for _, c := range []byte(s) {
		if digits[c] < 0 {
			return Address{}, false
		}
		v.Mul(v, big.NewInt(58)).Add(v, big.NewInt(int64(digits[c])))
	}
	if v.BitLen() > 200 {
		return Address{}, false
	}
	raw := v.FillBytes(make([]byte, 25))
	ones := len(s) - len(strings.TrimLeft(s, "1"))
	zeros := 0
	for zeros < 25 && raw[zeros] == 0 {
		zeros++
	}
	if ones != zeros {
		return Address{}, false
	}
	h := sha256.Sum256(raw[:21])
	h = sha256.Sum256(h[:])
	if !bytes.Equal(h[:4], raw[21:]) {
		return Address{}, false
	}
	versions := map[byte][2]string{0: {"bitcoin", "p2pkh"}, 5: {"bitcoin", "p2sh"}, 48: {"litecoin", "p2pkh"}, 50: {"litecoin", "p2sh"}, 30: {"dogecoin", "p2pkh"}, 60: {"ravencoin", "p2pkh"}}
	x, ok := versions[raw[0]]
	return Address{Coin: x[0], Kind: x[1], Text: s}, ok
}

const bech32Chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

func segwit(s, hrp, coin string) (Address, bool) {
	if s != strings.ToLower(s) && s != strings.ToUpper(s) || len(s) > 90 {
		return Address{}, false
	}
	data := strings.ToLower(s)[len(hrp)+1:]
	if len(data) < 7 {
		return Address{}, false
	}
	var values []byte
	for _, c := range []byte(data) {
		i := strings.IndexByte(bech32Chars, c)
		if i < 0 {
			return Address{}, false
		}
		values = append(values, byte(i))
	}
	var check []byte
	for _, c := range []byte(hrp) {
		check = append(check, c>>5)
	}
	check = append(check, 0)
	for _, c := range []byte(hrp) {
		check = append(check, c&31)
	}
	want := uint32(1)
	if values[0] != 0 {
		want = 0x2bc830a3 // bech32m
	}
	if polymod(append(check, values...)) != want || values[0] > 16 {
		return Address{}, false
	}
	// The program: groups of five bits make 2 to 40 bytes, the padding is zero.
	acc, bits, n := uint32(0), 0, 0
	for _, v := range values[1 : len(values)-6] {
		acc, bits = acc<<5|uint32(v), bits+5
		if bits >= 8 {
			bits -= 8
			n++
		}
		acc &= 1<<bits - 1
	}
	if bits >= 5 || acc != 0 || n < 2 || n > 40 || values[0] == 0 && n != 20 && n != 32 {
		return Address{}, false
	}
	return Address{Coin: coin, Kind: "segwit", Text: s}, true
}

func polymod(values []byte) uint32 {
	gen := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	chk := uint32(1)
	for _, v := range values {
		top := chk >> 25
		chk = chk&0x1ffffff<<5 ^ uint32(v)
		for i, g := range gen {
			if top>>i&1 != 0 {
				chk ^= g
			}
		}
	}
	return chk
}

// ethereum accepts only addresses in mixed case: those in one case have no
// checksum.
func ethereum(s string) (Address, bool) {
	body := s[2:]
	if _, err := hex.DecodeString(body); err != nil || body == strings.ToLower(body) || body == strings.ToUpper(body) {
		return Address{}, false
	}
	sum := hex.EncodeToString(keccak([]byte(strings.ToLower(body))))
	for i, c := range []byte(body) {
		if c >= '0' && c <= '9' {
			continue
		}
		if upper := c < 'a'; upper != (sum[i] >= '8') {
			return Address{}, false
		}
	}
	return Address{Coin: "ethereum", Kind: "account", Text: s}, true
}
