package shell

import (
	"bytes"
	"compress/gzip"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strconv"
	"strings"

	"icecore/forensics/text"
)

const (
	maxLevels   = 3  // of encodings within encodings
	minEncoded  = 40 // characters of an encoded text that is looked at
	maxRuns     = 16 // encoded texts of one word
	maxUnpacked = 256 << 10
)

var (
	base64RE = lazy(`[A-Za-z0-9+/]{40,}={0,2}`)
	hexRE    = lazy(`(?:[0-9a-fA-F]{2}){40,}`)
	// pythonRE recognises code of Python, which no first line names.
	pythonRE = lazy(`^\s*(?:import\s+[a-z0-9_, ]+(?:;|\n|$)|from\s+[a-z0-9_.]+\s+import\b|exec\(|__import__)`)
	// escapesRE is hex in the escapes of C.
	escapesRE = lazy(`(?:\\x[0-9a-fA-F]{2}){10,}`)
)

// encoded looks into the encoded texts of a word, and judges what they hold as if
// it were run: nobody hides what does nothing.
func (s *state) encoded(text string) {
	if len(text) < minEncoded || s.level >= maxLevels || s.budget < len(text) {
		return
	}
	s.budget -= len(text)
	for _, m := range base64RE.FindAllString(text, maxRuns) {
		if strings.Contains(m, "//") && strings.Count(m, "/") > len(m)/8 {
			continue // a path
		}
		if b, ok := fromBase64(m); ok {
			s.found(b)
		}
	}
	for _, m := range hexRE.FindAllString(text, maxRuns) {
		if b, err := hex.DecodeString(m); err == nil {
			s.found(b)
		}
	}
	for _, m := range escapesRE.FindAllString(text, maxRuns) {
		s.found([]byte(ansiC(m)))
	}
}

// found judges what an encoded text holds.
func (s *state) found(b []byte) {
	b = gunzip(b)
	if len(b) < 16 || !text.IsText(b) || harmless(b) {
		return
	}
	s.set("encoded")
	if s.decoded == "" {
		s.decoded = kept(string(b))
	}
	s.descend(string(b))
}

// descend follows a text one level of encoding deeper.
func (s *state) descend(text string) {
	if s.level >= maxLevels || s.depth >= maxDepth || s.budget < len(text) {
		return
	}
	s.budget -= len(text)
	s.level++
	s.depth++
	s.encoded(text)
	if pythonRE.MatchString(text) {
		s.foreignCode("python", text)
	} else {
		s.script(text, nil)
	}
	s.depth--
	s.level--
}

// harmless says that a decoded text is the head of a token, or a certificate.
func harmless(b []byte) bool {
	t := strings.TrimSpace(string(b[:min(len(b), 64)]))
	for _, p := range []string{`{"alg"`, `{"typ"`, `{"kid"`, `{"x5t"`, `{"iss"`, `{"sub"`, `{"aud"`, `{"exp"`, "-----BEGIN "} {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	return false
}

// fromBase64 decodes a run of base64, with or without its padding.
func fromBase64(m string) ([]byte, bool) {
	m = strings.TrimRight(m, "=")
	if len(m)%4 == 1 {
		m = m[:len(m)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(m)
	return b, err == nil
}

func gunzip(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b, 8}) {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b
	}
	out, _ := io.ReadAll(io.LimitReader(z, maxUnpacked)) // what came before an error is text all the same
	return out
}

// mostlyText says whether what a command decodes is text; of a short one, a byte more
// may be none.
func mostlyText(b []byte) bool { return text.IsText(append(bytes.Repeat([]byte(" "), 16), b...)) }

// decoder follows a command that decodes what it reads.
func (s *state) decoder(base string, args []word, in data) data {
	decodes := base == "uudecode"
	var file *word
	for i := 1; i < len(args); i++ {
		a := args[i].text
		switch {
		case a == "-d" || a == "-D" || a == "--decode" || a == "-di" || a == "-r" || a == "-id" || base == "xxd" && strings.HasPrefix(a, "-") && strings.Contains(a, "r"):
			decodes = true
		case a == "-w" || a == "-in" && i+1 < len(args) || a == "-k" || a == "-pass" || a == "-out":
			i++
			if a == "-in" {
				file = &args[i]
			}
		case strings.HasPrefix(a, "-") || base == "openssl":
		default:
			file = &args[i]
		}
	}
	if base == "openssl" && len(args) > 1 && args[1].text == "s_client" {
		return data{net: true}
	}
	if file != nil {
		in = s.contents(*file)
	}
	if !decodes {
		return data{}.flags(in)
	}
	out := data{decoded: true}.flags(in)
	if in.text == "" || base == "openssl" && (len(args) < 2 || args[1].text != "base64") {
		return out
	}
	text := strings.Join(strings.Fields(in.text), "")
	var b []byte
	ok := false
	switch base {
	case "base64", "basenc", "openssl":
		b, ok = fromBase64(text)
	case "base32":
		var err error
		b, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(text, "="))
		ok = err == nil
	case "xxd":
		var err error
		b, err = hex.DecodeString(text)
		ok = err == nil
	}
	if b = gunzip(b); ok && s.level < maxLevels && mostlyText(b) {
		out.text, out.known = string(b), in.known
		if s.decoded == "" {
			s.decoded = kept(out.text)
		}
	}
	return out
}

// escaped undoes the escapes of `echo -e` and printf. Text that is mostly escapes
// counts as decoded.
func escaped(d data) data {
	if !strings.Contains(d.text, `\`) {
		return d
	}
	if n := strings.Count(d.text, `\x`) + strings.Count(d.text, `\1`) + strings.Count(d.text, `\0`); n >= 10 && n*8 > len(d.text) {
		d.decoded = true
	}
	d.text = ansiC(d.text)
	return d
}

// ansiC undoes the escapes of C strings, as in $'...'.
func ansiC(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			b.WriteByte(v[i])
			continue
		}
		i++
		switch c := v[i]; {
		case c == 'x' || c == 'u' || c == 'U':
			most := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			j := i + 1
			for j < len(v) && j-i <= most && isHex(v[j]) {
				j++
			}
			if n, err := strconv.ParseUint(v[i+1:j], 16, 32); err == nil {
				if c == 'x' {
					b.WriteByte(byte(n))
				} else {
					b.WriteRune(rune(n))
				}
				i = j - 1
			} else {
				b.WriteByte(c)
			}
		case c >= '0' && c <= '7':
			j := i
			for j < len(v) && j-i < 4 && v[j] >= '0' && v[j] <= '7' {
				j++
			}
			n, _ := strconv.ParseUint(v[i:j], 8, 32)
			b.WriteByte(byte(n))
			i = j - 1
		default:
			if k := strings.IndexByte(`abefnrtv`, c); k >= 0 {
				c = "\a\b\x1b\f\n\r\t\v"[k]
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
