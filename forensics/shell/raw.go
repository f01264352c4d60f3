package shell

import (
	"strings"
	"unicode/utf8"
)

// raw stands in for the bytes of a text that are no UTF-8, which the parser refuses
// and the system does not: each of them is a control character that the text does
// not hold, so that every offset stays.
type raw struct {
	pairs []string          // bytes that stand in, bytes that were there
	back  *strings.Replacer // nil: the text was UTF-8
}

// takeRaw gives a text as UTF-8, and what turns its parts into the bytes of the
// image again. Beyond 24 different bytes that are no UTF-8 the rest becomes '?'.
func takeRaw(s string) (string, *raw) {
	r := &raw{}
	if utf8.ValidString(s) {
		return s, r
	}
	var free []byte
	for c := byte(1); c < ' '; c++ {
		if !strings.ContainsRune("\t\n\v\f\r\x1b", rune(c)) && strings.IndexByte(s, c) < 0 {
			free = append(free, c)
		}
	}
	var stand [256]byte
	out := []byte(s)
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 {
			b := s[i]
			if stand[b] == 0 {
				stand[b] = '?'
				if len(free) > 0 {
					stand[b], free = free[0], free[1:]
					r.pairs = append(r.pairs, string(stand[b]), string([]byte{b}))
				}
			}
			out[i] = stand[b]
		}
		i += n
	}
	r.back = strings.NewReplacer(r.pairs...)
	return string(out), r
}

// text gives a part of the text as it stands in the image.
func (r *raw) text(s string) string {
	if r.back == nil {
		return s
	}
	return r.back.Replace(s)
}

// facts gives the facts with the names that stand in the image.
func (r *raw) facts(f Facts) Facts {
	if r.back == nil {
		return f
	}
	for i := range f.Programs {
		f.Programs[i] = r.text(f.Programs[i])
	}
	for i := range f.URLs {
		f.URLs[i] = r.text(f.URLs[i])
	}
	f.Decoded = r.text(f.Decoded)
	return f
}
