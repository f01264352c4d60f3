// Package filetype says what kind of content bytes are, by the bytes alone.
package filetype

import (
	"bytes"

	"icecore/forensics/text"
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
	}
	if b = b[:min(len(b), 4096)]; bytes.IndexByte(b, 0) < 0 && text.IsText(b) {
		return Text
	}
	return Data
}

// isCore says whether an ELF file is a core dump, by its e_type of ET_CORE (4).
func isCore(b []byte) bool {
	return len(b) >= 18 && (b[5] == 1 && b[16] == 4 && b[17] == 0 || b[5] == 2 && b[16] == 0 && b[17] == 4)
}
