// Package wallet finds addresses to which mined coins are paid. Only addresses
// with a valid checksum are given, so that what is found is an address and not a
// text that looks like one.
//
// Formats: Monero and its relatives (docs.getmonero.org, "Public address": blocks of
// base58, Keccak-256 in its original padding), the base58check of Bitcoin and its
// relatives (BIP 13, the Bitcoin wiki, Zcash protocol specification 5.6), bech32 and
// bech32m (BIP 173, BIP 350), cashaddr (Bitcoin Cash and, with its own version
// bytes, Kaspa), Ethereum's mixed case (EIP-55).
package wallet

import (
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/sha3"
)

// Address is an address found.
type Address struct {
	Coin   string // monero, bitcoin, litecoin, dogecoin, ravencoin, ethereum, ...
	Kind   string // standard, subaddress, integrated, p2pkh, p2sh, segwit, account, ...
	Text   string
	Worker string // what pools let a miner append: a worker's name or a difficulty
	Offset int    // in the bytes searched
}

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

const (
	minRun = 26  // characters of the shortest address
	maxRun = 120 // and of the longest
)

// Find gives at most limit addresses in buf, in order, each text once.
func Find(buf []byte, limit int) []Address {
	var out []Address
	seen := make(map[string]bool)
	add := func(a Address, at int) {
		if len(out) < limit && !seen[a.Text] {
			seen[a.Text] = true
			a.Offset = at
			a.Worker = worker(buf[min(len(buf), at+len(a.Text)):])
			out = append(out, a)
		}
	}
	n := len(buf)
	// An address is a run of at least 26 letters and digits: looking at every
	// 26th byte first passes over most of a binary.
	for i := minRun - 1; i < n && len(out) < limit; {
		if !class[buf[i]] {
			i += minRun
			continue
		}
		start := i
		for start > 0 && i-start < minRun && class[buf[start-1]] {
			start--
		}
		end := i + 1
		for end < n && class[buf[end]] {
			end++
		}
		run := buf[start:end]
		switch {
		case len(run) > maxRun || start > 0 && class[buf[start-1]]:
			// Programs keep their texts without anything between: look for
			// what the beginning of an address gives away.
			within(run, func(a Address, at int) { add(a, start+at) })
		case len(run) >= minRun:
			p := prefix(buf[:start])
			if a, ok := Parse(p + string(run)); ok {
				add(a, start-len(p))
			} else if a, ok := Parse(string(run)); ok {
				add(a, start)
			} else if len(run) > 95 {
				within(run, func(a Address, at int) { add(a, start+at) })
			}
		}
		i = end + minRun
	}
	return out
}

// within looks for Monero addresses at any place of a run. The first block of each
// shows nearly always that there is none.
func within(run []byte, add func(Address, int)) {
	for i := 0; i+95 <= len(run); i++ {
		if c := run[i]; c != '4' && c != '8' {
			continue
		}
		if v, ok := block(run[i : i+11]); !ok || v>>56 != 18 && v>>56 != 19 && v>>56 != 42 {
			continue
		}
		for _, size := range []int{95, 106} {
			if i+size > len(run) {
				break
			}
			if a, ok := cryptonote(string(run[i : i+size])); ok {
				add(a, i)
				i += size - 1
				break
			}
		}
	}
}

// prefix gives the name of a coin that its addresses carry before a colon.
func prefix(before []byte) string {
	for p := range cashPrefixes {
		if len(before) >= len(p) && strings.EqualFold(string(before[len(before)-len(p):]), p) {
			return string(before[len(before)-len(p):])
		}
	}
	return ""
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
	switch n := len(s); {
	case n < minRun || n > maxRun:
		return Address{}, false
	case n >= 95:
		return cryptonote(s)
	case n == 42 && strings.HasPrefix(s, "0x"):
		return ethereum(s)
	case strings.IndexByte(s, ':') >= 0:
		return cash(s)
	case strings.IndexByte(s, '1') > 0:
		if a, ok := segwit(s); ok {
			return a, true
		}
	}
	if len(s) <= 36 {
		return base58check(s)
	}
	return Address{}, false
}

func keccak(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
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
