// Package facts finds out what the YARA rules want to know of a file apart from
// its bytes: what kind of program it is, how it was built, whether it looks
// packed. It is done once in Go because YARA's own elf module costs as much as all
// rules together, and because that module gives up on headers that were damaged on
// purpose; this reader takes what is there.
package facts

import (
	"bytes"
	"debug/buildinfo"
	"math"
	"path"

	"icecore/forensics/content/engine"
)

// entropyOf is how many bytes of a program the entropy is computed over.
const entropyOf = 4 << 20

// Of gives the facts of a file with the given path, type (elf, core, script, text,
// data, empty) and owner, whose content, or the first part of it, is b. Size is that of
// the whole file.
func Of(name, filetype, owner string, b []byte, size int64) engine.Externals {
	e := engine.Externals{
		Filename: path.Base(name), Filepath: name, Extension: path.Ext(name), Filetype: filetype, Owner: owner,
		IsScript: filetype == "script", IsText: filetype == "text" || filetype == "script",
		IsMemory: isMemory(b),
	}
	if name == "" {
		e.Filename = ""
	}
	switch filetype {
	case "core":
		readELF(b, size, &e)
		e.ELFType, e.IsMemory = "core", true
		return e
	case "elf":
		readELF(b, size, &e)
	default:
		return e
	}
	e.IsELF = true
	e.Entropy = Entropy(b[:min(len(b), entropyOf)])
	if bytes.Contains(b, []byte("\xff Go buildinf:")) {
		e.IsGo = true
		goFacts(b, &e)
	} else if bytes.Contains(b, []byte("Go build ID: \"")) {
		e.IsGo = true
	}
	return e
}

func goFacts(b []byte, e *engine.Externals) {
	defer func() { _ = recover() }() // the bytes are the intruder's
	if info, err := buildinfo.Read(bytes.NewReader(b)); err == nil {
		e.GoModule, e.GoPackage = info.Main.Path, info.Path
	}
}

// isMemory says whether bytes are an image of memory that no ELF header marks: swap
// space, whose mark stands at the end of the first page (4 to 64 KiB).
func isMemory(b []byte) bool {
	for page := 4096; page <= 65536; page *= 2 {
		if len(b) >= page && (bytes.Equal(b[page-10:page], []byte("SWAPSPACE2")) || bytes.Equal(b[page-10:page], []byte("SWAP-SPACE"))) {
			return true
		}
	}
	return bytes.HasPrefix(b, []byte("EMiL\x01\x00\x00\x00")) // LiME
}

// Entropy gives the Shannon entropy of bytes, in bits per byte.
func Entropy(b []byte) float64 {
	if len(b) == 0 {
		return 0
	}
	// Four counters, so that a run of one byte does not wait for itself.
	var n [4][256]uint32
	i := 0
	for ; i+4 <= len(b); i += 4 {
		n[0][b[i]]++
		n[1][b[i+1]]++
		n[2][b[i+2]]++
		n[3][b[i+3]]++
	}
	for ; i < len(b); i++ {
		n[0][b[i]]++
	}
	var sum float64
	for v := range 256 {
		if c := n[0][v] + n[1][v] + n[2][v] + n[3][v]; c > 0 {
			p := float64(c) / float64(len(b))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
