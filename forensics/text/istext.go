package text

import "unicode/utf8"

// IsText says whether content, or its beginning, is text: at most one byte in twenty
// is a control character other than white space and escape, or no UTF-8. A character
// that the end cuts is one. Nothing at all is text, too.
func IsText(b []byte) bool {
	odd := 0
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f' && c != 0x1b || c == 0x7f {
				odd++
			}
			i++
			continue
		}
		if !utf8.FullRune(b[i:]) {
			break
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			odd++
		}
		i += n
	}
	return odd*20 <= len(b)
}
