// Package text writes bytes that an intruder chose so that they can neither
// change a terminal nor be mistaken for something else.
//
// Names, log lines and configuration read from an image are byte strings; they
// travel through icecore unchanged, as Go strings that need not be UTF-8. The
// moment they leave it, in whatever format, they pass through [Escape]: the bytes
// of what is not shown plainly, and the backslash, become \xNN. Nothing is lost
// ([Unescape] gives the bytes back) and nothing is left that a terminal would obey,
// that shows nothing, or that moves what stands beside it.
package text

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Escape returns s with the bytes of all that is not shown plainly, and each
// backslash, written as \xNN with two lower-case digits. It returns s itself where
// there is nothing to escape. What is shown is decided by Unicode's properties:
//
//   - ASCII's graphic characters and the space; of others, letters, digits,
//     punctuation and symbols that are assigned. No other space, no control, format,
//     surrogate, private or unassigned character.
//   - Nothing that is blank: default-ignorable characters, variation selectors,
//     Hangul's fillers, the blank of braille. So an emoji that is put together by
//     joiners is shown in its parts.
//   - Nothing that is written from right to left (bidirectional classes R, AL and
//     AN): a Hebrew or Arabic letter reorders the digits and punctuation around it,
//     and terminals do not agree on how to isolate it. Such names are shown as bytes.
//   - A combining mark only where Unicode has one character for the letter and the
//     mark together (e and U+0301 are é; Hangul's parts are syllables), or where it
//     is a vowel or tone of the writing of its letter (Devanagari, Thai, Burmese and
//     other writings of South and South East Asia), and then no heap of them.
func Escape(s string) string {
	var c cluster
	i := c.plain(s)
	if i == len(s) {
		return s
	}
	return string(c.appendRest(make([]byte, 0, len(s)+24), s, i, `\x`))
}

// EscapeOnce escapes a message that may quote escaped names already: a text in which
// each backslash begins a \xNN, and all else is shown plainly, stays as it is. For a
// name it is not the right thing, since a name can hold such a text itself.
func EscapeOnce(s string) string {
	var c cluster
	for i := 0; ; {
		i += c.plain(s[i:])
		if i == len(s) {
			return s
		}
		if _, ok := unhex(s[i:]); !ok {
			return Escape(s)
		}
		i += 4
	}
}

// Quote returns a name as messages show it: escaped, between quotes.
func Quote(s string) string { return `"` + Escape(s) + `"` }

// AppendEscape appends what [Escape] makes of s.
func AppendEscape(dst []byte, s string) []byte {
	var c cluster
	return c.appendEscape(dst, s, `\x`)
}

func (c *cluster) appendEscape(dst []byte, s, prefix string) []byte {
	return c.appendRest(dst, s, c.plain(s), prefix)
}

// appendRest appends s, of which the first n bytes are shown as they are.
func (c *cluster) appendRest(dst []byte, s string, n int, prefix string) []byte {
	for {
		dst = append(dst, s[:n]...)
		if s = s[n:]; s == "" {
			return dst
		}
		_, size := utf8.DecodeRuneInString(s)
		dst = appendHex(dst, s[:size], prefix)
		s = s[size:]
		n = c.plain(s)
	}
}

// AppendQuoted appends what [Escape] makes of s as a string of JSON.
func AppendQuoted(dst []byte, s string) []byte {
	var c cluster
	dst = append(dst, '"')
	for {
		part, rest, quote := strings.Cut(s, `"`)
		dst = c.appendEscape(dst, part, `\\x`)
		if !quote {
			return append(dst, '"')
		}
		dst = append(dst, '\\', '"')
		c = cluster{base: '"'}
		s = rest
	}
}

func appendHex(dst []byte, s, prefix string) []byte {
	for i := range len(s) {
		dst = append(dst, prefix...)
		dst = append(dst, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return dst
}

// plain gives the length of the beginning of s that is shown as it is behind c, and
// adds it to c. If that is not all of s, the next character is to be escaped.
func (c *cluster) plain(s string) int {
	for i := 0; i < len(s); {
		if b := s[i]; ' ' <= b && b <= '~' && b != '\\' {
			i++
			continue
		}
		if i > 0 && s[i-1] < utf8.RuneSelf {
			*c = cluster{base: rune(s[i-1])}
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !c.next(r, n) {
			return i
		}
		i += n
	}
	if s != "" && s[len(s)-1] < utf8.RuneSelf {
		*c = cluster{base: rune(s[len(s)-1])}
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
		c, ok := unhex(s[i:])
		if !ok {
			return "", fmt.Errorf(`text: at byte %d: a backslash must begin \xNN`, i)
		}
		b.WriteByte(c)
		i += 3
	}
	return b.String(), nil
}

// unhex gives the byte that the \xNN at the beginning of s stands for.
func unhex(s string) (b byte, ok bool) {
	if len(s) < 4 || s[0] != '\\' || s[1] != 'x' {
		return 0, false
	}
	for _, c := range []byte(s[2:4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		b = b<<4 | c
	}
	return b, true
}
