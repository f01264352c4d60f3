package text

import (
	"unicode"
	"unicode/utf8"
)

// Cut returns at most the first n bytes of s: fewer where n falls within a UTF-8
// character, between a letter and its combining marks, or within a \xNN that [Escape]
// wrote. Bytes that are not UTF-8, and heaps of marks, are cut at n.
func Cut[S ~string | ~[]byte](s S, n int) S {
	if len(s) <= n {
		return s
	}
	n = max(n, 0)
	cut := n
	for k := 1; k <= utf8.UTFMax-1 && k <= n; k++ { // within a character, or behind its beginning?
		if c := s[n-k]; utf8.RuneStart(c) {
			if _, size := decode(s, n-k); size > k {
				cut = n - k
			}
			break
		}
	}
	for k := 1; k <= 3 && k <= cut; k++ {
		if s[cut-k] == '\\' {
			if _, ok := unhex(string(s[cut-k : min(cut-k+4, len(s))])); ok {
				return s[:cut-k]
			}
			break
		}
	}
	// Marks that come next belong to what stands before them.
	const reach = 32 // bytes
	for at := cut; cut-at <= reach; {
		if r, size := decode(s, at); size < 2 || !unicode.In(r, unicode.M, joining) {
			return s[:at]
		}
		for at--; at > 0 && cut-at <= reach && !utf8.RuneStart(s[at]); at-- {
		}
		if at < 0 {
			break
		}
	}
	return s[:cut]
}

// decode gives the character at i, and how many bytes it has: 0 at the end of s, 1 for
// a byte that is not UTF-8.
func decode[S ~string | ~[]byte](s S, i int) (rune, int) {
	var b [utf8.UTFMax]byte
	return utf8.DecodeRune(b[:copy(b[:], s[i:min(i+utf8.UTFMax, len(s))])])
}

// Truncate returns s cut to at most n bytes, as [Cut] does it, with an ellipsis where
// something was cut.
func Truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const ellipsis = "…"
	return Cut(s, n-len(ellipsis)) + ellipsis
}
