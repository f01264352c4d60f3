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
	if plainPrefix(s) == len(s) {
		return s
	}
	return string(AppendEscape(make([]byte, 0, len(s)+16), s))
}

// EscapeOnce escapes a message that may quote escaped names already: a text in which
// each backslash begins a \xNN, and all else is printable, stays as it is. For a
// name it is not the right thing, since a name can hold such a text itself.
func EscapeOnce(s string) string {
	if bare := strings.ReplaceAll(s, `\`, ""); Escape(bare) == bare {
		if _, err := Unescape(s); err == nil {
			return s
		}
	}
	return Escape(s)
}

// Quote returns a name as messages show it: escaped, between quotes.
func Quote(s string) string { return `"` + Escape(s) + `"` }

// AppendEscape appends what [Escape] makes of s.
func AppendEscape(dst []byte, s string) []byte {
	i := plainPrefix(s)
	dst = append(dst, s[:i]...)
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r != '\\' && printable(r, n) {
			dst = append(dst, s[i:i+n]...)
		} else {
			dst = appendHex(dst, s[i:i+n], `\x`)
		}
		i += n
	}
	return dst
}

// AppendQuoted appends what [Escape] makes of s as a string of JSON.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c <= '~' && c != '\\' && c != '"' {
			dst = append(dst, c)
			i++
			continue
		}
		if c == '"' {
			dst = append(dst, '\\', '"')
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r != '\\' && printable(r, n) {
			dst = append(dst, s[i:i+n]...)
		} else {
			dst = appendHex(dst, s[i:i+n], `\\x`)
		}
		i += n
	}
	return append(dst, '"')
}

// printable says whether a character, decoded from n bytes, is shown as it is.
func printable(r rune, n int) bool {
	return unicode.IsPrint(r) && !(r == utf8.RuneError && n <= 1)
}

func appendHex(dst []byte, s, prefix string) []byte {
	for i := range len(s) {
		dst = append(dst, prefix...)
		dst = append(dst, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return dst
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
