package text

// Raw gives the bytes of a message that quotes escaped names: what [EscapeOnce] makes of
// it, unescaped, so that escaping it again gives the same text.
func Raw(s string) string {
	out, err := Unescape(EscapeOnce(s))
	if err != nil {
		return s
	}
	return out
}
