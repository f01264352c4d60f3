package wallet

import "strings"

const bech32Chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// values gives the five bits of each character, in one case throughout.
func values(s string) ([]byte, bool) {
	if s != strings.ToLower(s) && s != strings.ToUpper(s) {
		return nil, false
	}
	out := make([]byte, len(s))
	for i, c := range []byte(strings.ToLower(s)) {
		v := strings.IndexByte(bech32Chars, c)
		if v < 0 {
			return nil, false
		}
		out[i] = byte(v)
	}
	return out, true
}

// octets joins groups of five bits to bytes; what is left must be less than five
// zero bits.
func octets(v []byte) ([]byte, bool) {
	var out []byte
	acc, bits := uint32(0), 0
	for _, x := range v {
		acc, bits = acc<<5|uint32(x), bits+5
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
		acc &= 1<<bits - 1
	}
	return out, bits < 5 && acc == 0
}

// segwitPrefixes are the coins with addresses as BIP 173 has them.
var segwitPrefixes = map[string]string{"bc": "bitcoin", "ltc": "litecoin"}

func segwit(s string) (Address, bool) {
	i := strings.LastIndexByte(s, '1')
	if i <= 0 || len(s) > 90 || len(s)-i < 8 {
		return Address{}, false
	}
	hrp := strings.ToLower(s[:i])
	coin := segwitPrefixes[hrp]
	if coin == "" || s != strings.ToLower(s) && s != strings.ToUpper(s) {
		return Address{}, false
	}
	v, ok := values(s[i+1:])
	if !ok {
		return Address{}, false
	}
	var check []byte
	for _, c := range []byte(hrp) {
		check = append(check, c>>5)
	}
	check = append(check, 0)
	for _, c := range []byte(hrp) {
		check = append(check, c&31)
	}
	want := uint64(1)
	if v[0] != 0 {
		want = 0x2bc830a3 // bech32m
	}
	if polymod(append(check, v...), &bech32Generator, 30) != want || v[0] > 16 {
		return Address{}, false
	}
	prog, ok := octets(v[1 : len(v)-6])
	if n := len(prog); !ok || n < 2 || n > 40 || v[0] == 0 && n != 20 && n != 32 {
		return Address{}, false
	}
	return Address{Coin: coin, Kind: "segwit", Text: s}, true
}

// cashPrefixes are the coins whose addresses carry their name and a colon.
var cashPrefixes = map[string]string{"bitcoincash:": "bitcoincash", "kaspa:": "kaspa"}

// cash reads a cashaddr: the prefix, a version byte and a hash or key, and a
// checksum of 40 bits.
func cash(s string) (Address, bool) {
	i := strings.IndexByte(s, ':') + 1
	coin := cashPrefixes[strings.ToLower(s[:i])]
	if coin == "" || s != strings.ToLower(s) && s != strings.ToUpper(s) {
		return Address{}, false
	}
	v, ok := values(s[i:])
	if !ok || len(v) < 9 {
		return Address{}, false
	}
	var check []byte
	for _, c := range []byte(s[:i-1]) {
		check = append(check, c&31)
	}
	check = append(append(check, 0), v...)
	if polymod(check, &cashGenerator, 40) != 1 {
		return Address{}, false
	}
	b, ok := octets(v[:len(v)-8])
	if !ok || len(b) < 2 {
		return Address{}, false
	}
	kind := ""
	switch n := len(b) - 1; {
	case coin == "kaspa" && b[0] == 0 && n == 32:
		kind = "key"
	case coin == "kaspa" && b[0] == 1 && n == 33:
		kind = "ecdsa-key"
	case coin == "kaspa" && b[0] == 8 && n == 32:
		kind = "p2sh"
	case coin == "bitcoincash" && b[0] == 0 && n == 20:
		kind = "p2pkh"
	case coin == "bitcoincash" && (b[0] == 8 && n == 20 || b[0] == 11 && n == 32):
		kind = "p2sh"
	}
	return Address{Coin: coin, Kind: kind, Text: s}, kind != ""
}

// The generators of the two checksums, for each bit that is shifted out.
var (
	bech32Generator = [5]uint64{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	cashGenerator   = [5]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470}
)

// polymod is the checksum over groups of five bits, bits long.
func polymod(values []byte, generator *[5]uint64, bits int) uint64 {
	chk := uint64(1)
	for _, v := range values {
		top := chk >> (bits - 5)
		chk = chk&(1<<(bits-5)-1)<<5 ^ uint64(v)
		for i, g := range generator {
			if top>>i&1 != 0 {
				chk ^= g
			}
		}
	}
	return chk
}
