// Package filetype says what kind of content bytes are, by the bytes alone.
package filetype

import (
	"bytes"
	"unicode/utf8"
)

// The types of content, as the records and YARA's variable filetype name them.
const (
	Empty  = "empty"
	ELF    = "elf"
	Core   = "core" // an ELF file, of what was in memory: it cannot be run
	Script = "script"
	Text   = "text"
	Data   = "data"
)

// Of says what kind of content begins with b.
func Of(b []byte) string {
	switch {
	case len(b) == 0:
		return Empty
	case bytes.HasPrefix(b, []byte("\x7fELF")):
		if isCore(b) {
			return Core
		}
		return ELF
	case bytes.HasPrefix(b, []byte("#!")):
		return Script
	case IsText(b[:min(len(b), 4096)]):
		return Text
	}
	return Data
}

// isCore says whether an ELF file is a core dump, by its e_type of ET_CORE (4).
func isCore(b []byte) bool {
	return len(b) >= 18 && (b[5] == 1 && b[16] == 4 && b[17] == 0 || b[5] == 2 && b[16] == 0 && b[17] == 4)
}

// IsText says whether bytes are text: no NUL, and few bytes that are neither
// printable nor UTF-8.
func IsText(b []byte) bool {
	if bytes.IndexByte(b, 0) >= 0 {
		return false
	}
	odd := 0
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			if c := b[0]; c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f' && c != 0x1b {
				odd++
			}
			b = b[1:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 && len(b) >= utf8.UTFMax {
			odd++
		}
		b = b[n:]
	}
	return odd <= 40
}
