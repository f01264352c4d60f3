package text

import (
	"bytes"
	"unicode/utf8"
)

// Cell returns a text for a cell of a table in CSV: what a spreadsheet may take for a
// formula gets an apostrophe before it, as OWASP advises
// (https://owasp.org/www-community/attacks/CSV_Injection). It neither escapes nor
// quotes.
func Cell(s string) string {
	if formula(s) {
		return "'" + s
	}
	return s
}

// AppendCell appends a text as a cell of CSV (RFC 4180): guarded as [Cell] does it,
// escaped, and between quotes where that is needed.
func AppendCell(b []byte, s string) []byte {
	if s == "" {
		return b
	}
	start := len(b)
	if formula(s) {
		b = append(b, '\'')
	}
	b = AppendEscape(b, s)
	if !bytes.ContainsAny(b[start:], `,"`) && b[start] != ' ' && b[len(b)-1] != ' ' {
		return b
	}
	cell := append([]byte(nil), b[start:]...)
	b = append(b[:start], '"')
	for _, c := range cell {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// formula says whether a spreadsheet may take a cell for a formula. Some skip spaces
// before it, and read full-width characters like the narrow ones.
func formula(s string) bool {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return true
	}
	return false
}
