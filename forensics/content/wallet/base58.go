package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

var digits = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte(alphabet) {
		t[c] = int8(i)
	}
	return t
}()

// block decodes at most eleven characters of base58: a block of CryptoNote.
func block(s []byte) (uint64, bool) {
	var v uint64
	for _, c := range s {
		d := digits[c]
		if d < 0 {
			return 0, false
		}
		hi, lo := bits.Mul64(v, 58)
		sum, carry := bits.Add64(lo, uint64(d), 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		v = sum
	}
	return v, true
}

// blockSizes gives, for the characters of a block, its bytes; 0: there is no such
// block.
var blockSizes = [12]int{0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8}

// networks are the coins whose addresses are made like Monero's, by the number
// before the keys (the coins' cryptonote_config.h).
var networks = map[uint64][2]string{
	18: {"monero", "standard"}, 19: {"monero", "integrated"}, 42: {"monero", "subaddress"},
	4146: {"wownero", "standard"}, 6810: {"wownero", "integrated"}, 12208: {"wownero", "subaddress"},
	3914525: {"turtlecoin", "standard"},
}

// cryptonote reads an address made of a network number, two keys of 32 bytes, for
// integrated ones a payment number of 8, and four bytes of a checksum.
func cryptonote(s string) (Address, bool) {
	raw := make([]byte, 0, 88)
	for rest := []byte(s); len(rest) > 0; {
		n := min(11, len(rest))
		size := blockSizes[n]
		v, ok := block(rest[:n])
		if !ok || size == 0 || size < 8 && v>>(8*size) != 0 {
			return Address{}, false
		}
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], v)
		raw = append(raw, b[8-size:]...)
		rest = rest[n:]
	}
	if len(raw) < 69 {
		return Address{}, false
	}
	network, n := binary.Uvarint(raw)
	x, ok := networks[network]
	if !ok || n <= 0 {
		return Address{}, false
	}
	want := 64 + 4
	if x[1] == "integrated" {
		want += 8
	}
	body, sum := raw[:len(raw)-4], raw[len(raw)-4:]
	if len(raw)-n != want || !bytes.Equal(keccak(body)[:4], sum) {
		return Address{}, false
	}
	return Address{Coin: x[0], Kind: x[1], Text: s}, true
}

// versions are the coins of base58check addresses, by the bytes before the hash.
var versions = map[string][2]string{
	"\x00": {"bitcoin", "p2pkh"}, "\x05": {"bitcoin", "p2sh"},
	"\x30": {"litecoin", "p2pkh"}, "\x32": {"litecoin", "p2sh"},
	"\x1e": {"dogecoin", "p2pkh"}, "\x16": {"dogecoin", "p2sh"},
	"\x3c": {"ravencoin", "p2pkh"}, "\x7a": {"ravencoin", "p2sh"},
	"\x4c": {"dash", "p2pkh"}, "\x10": {"dash", "p2sh"},
	"\x1c\xb8": {"zcash", "p2pkh"}, "\x1c\xbd": {"zcash", "p2sh"},
}

// base58check reads one or two version bytes, a hash of 20, and four of a double
// SHA-256.
func base58check(s string) (Address, bool) {
	var raw [26]byte // the number, right-aligned
	for i := range len(s) {
		d := digits[s[i]]
		if d < 0 {
			return Address{}, false
		}
		carry := int(d)
		for j := len(raw) - 1; j >= 0; j-- {
			carry += int(raw[j]) * 58
			raw[j] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return Address{}, false
		}
	}
	ones := 0
	for ones < len(s) && s[ones] == '1' {
		ones++
	}
	for _, size := range []int{25, 26} {
		b := raw[len(raw)-size:]
		zeros := 0
		for zeros < size && b[zeros] == 0 {
			zeros++
		}
		if zeros != ones || size == 25 && raw[0] != 0 {
			continue
		}
		x, ok := versions[string(b[:size-24])]
		if !ok {
			continue
		}
		h := sha256.Sum256(b[:size-4])
		h = sha256.Sum256(h[:])
		if bytes.Equal(h[:4], b[size-4:]) {
			return Address{Coin: x[0], Kind: x[1], Text: s}, true
		}
	}
	return Address{}, false
}
