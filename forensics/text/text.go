// Package text writes bytes that an intruder chose so that they can neither
// change a terminal nor be mistaken for something else.
//
// Names, log lines and configuration read from an image are byte strings; they
// travel through icecore unchanged, as Go strings that need not be UTF-8. The
// moment they leave it, in whatever format, they pass through [Escape]: a byte
// that is not part of a printable UTF-8 character, and the backslash, becomes
// \xNN. Nothing is lost ([Unescape] gives the bytes back) and nothing is left
// that a terminal would obey.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Escape returns s with each byte that is not part of a printable UTF-8
// character, and each backslash, written as \xNN with two lower-case digits.
// The ASCII space is printable; every other space, control, format, private
// and unassigned character is not.
func Escape(s string) string {
	i := plainPrefix(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:i])
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r != '\\' && unicode.IsPrint(r) && !(r == utf8.RuneError && n <= 1) {
			b.WriteString(s[i : i+n])
		} else {
			for _, c := range []byte(s[i : i+n]) {
				b.WriteString(`\x`)
				b.WriteByte(hexDigits[c>>4])
				b.WriteByte(hexDigits[c&15])
			}
		}
		i += n
	}
	return b.String()
}

// plainPrefix is the length of the longest prefix of printable ASCII without a
// backslash: the usual case, which needs no copy.
func plainPrefix(s string) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return i
		}
	}
	return len(s)
}

// Unescape is the inverse of [Escape]. It refuses a backslash that does not
// begin a \xNN.
func Unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i+3 >= len(s) || s[i+1] != 'x' {
			return "", fmt.Errorf(`text: at byte %d: a backslash must begin \xNN`, i)
		}
		hi, lo := strings.IndexByte(hexDigits, lower(s[i+2])), strings.IndexByte(hexDigits, lower(s[i+3]))
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf(`text: at byte %d: %q is not \xNN`, i, s[i:i+4])
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 3
	}
	return b.String(), nil
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}

// Truncate returns s cut to at most n bytes, on a character border, with an
// ellipsis where something was cut.
func Truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const ellipsis = "…"
	cut := max(0, n-len(ellipsis))
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + ellipsis
}
