package config

import (
	"encoding/base64"
	"encoding/hex"

	"icecore/forensics/text"
)

// encoded decodes a run and looks into what comes out. What stands before a "=" is
// the name of a variable.
func (f *finder) encoded(run []byte, at, depth int) []Config {
	var out []Config
	for from := 0; from < len(run); {
		to := from
		for to < len(run) && run[to] != '=' {
			to++
		}
		for to < len(run) && run[to] == '=' {
			to++
		}
		if to-from >= minEncoded && f.left > 0 {
			out = append(out, f.decoded(run[from:min(to, from+maxDecode)], at+from, depth)...)
		}
		from = to
	}
	return out
}

func (f *finder) decoded(run []byte, at, depth int) []Config {
	var out []Config
	for _, d := range []struct {
		how    string
		decode func([]byte) []byte
	}{{"hex", unhex}, {"base64", unbase64}} {
		b := d.decode(run)
		if len(b) < minRun/2 {
			continue
		}
		f.left--
		isText := text.IsText(b)
		if !isText && depth > 0 {
			continue // encoded twice, and not a text: chance
		}
		for _, c := range f.find(b, isText, depth+1) {
			c.Offset = at
			if c.Decoded != "" {
				c.Decoded = d.how + ", " + c.Decoded
			} else {
				c.Decoded = d.how
			}
			out = append(out, c)
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// unhex decodes pairs of hexadecimal digits, also each behind "\x".
func unhex(run []byte) []byte {
	if run[0] == '\\' {
		var digits []byte
		for i := 0; i+4 <= len(run) && run[i] == '\\' && run[i+1] == 'x'; i += 4 {
			digits = append(digits, run[i+2], run[i+3])
		}
		run = digits
	}
	run = run[:len(run)&^1]
	out := make([]byte, len(run)/2)
	n, err := hex.Decode(out, run)
	if err != nil {
		return nil
	}
	return out[:n]
}

// unbase64 decodes as much of a run as is base64. Where the run begins is where it
// was cut out of its text, so all four alignments are the same but for the first
// bytes; a name before it ("echo/") may have become part of it.
func unbase64(run []byte) []byte {
	for skip := range 4 {
		r := run[min(skip, len(run)):]
		end := len(r)
		for end > 0 && r[end-1] == '=' {
			end--
		}
		for i, c := range r[:end] {
			if c == '=' || c == '\\' {
				end = i
				break
			}
		}
		out := make([]byte, base64.RawStdEncoding.DecodedLen(end))
		n, err := base64.RawStdEncoding.Decode(out, r[:end])
		if err != nil && end%4 == 1 {
			n, _ = base64.RawStdEncoding.Decode(out, r[:end-1])
		}
		if out = out[:n]; n > 0 && text.IsText(out) {
			return out
		}
		if skip == 3 {
			return nil
		}
	}
	return nil
}
