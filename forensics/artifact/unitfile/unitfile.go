// Package unitfile reads the syntax that systemd's files share (systemd.syntax(7)): unit
// files, drop-ins and the daemon's own configuration into directives, and the value of
// an Exec directive into commands (systemd.service(5)). What a directive means is for
// the extractors.
//
// A line of any length is read up to 1 MiB, and so is one that is continued.
package unitfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"icecore/forensics/artifact"
)

// Directive is an assignment of a unit file.
type Directive struct {
	Section, Name, Value string
	Line                 int   // from 1, of its first line
	Offset, Length       int64 // bytes
}

// ErrBadSection says that systemd refuses a unit file for the line of a section
// that it does not understand.
var ErrBadSection = errors.New("a section's line is not valid: systemd loads nothing of the file")

// Parse reads a unit file. Lines without an assignment are passed over, as systemd
// does (with a warning); comments within a continued line are left out. A section
// that is not valid is an error, given when all has been read.
func Parse(r io.Reader, fn func(Directive) error) error {
	section := ""
	var bad error
	var cur *Directive
	continued := false
	flush := func() error {
		if cur == nil {
			return nil
		}
		d := *cur
		cur = nil
		text := strings.TrimSpace(d.Value)
		if strings.HasPrefix(text, "[") {
			if !strings.HasSuffix(text, "]") {
				if bad == nil {
					bad = fmt.Errorf("line %d: %w", d.Line, ErrBadSection)
				}
				return nil
			}
			section = text[1 : len(text)-1]
			return nil
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil
		}
		d.Section, d.Name, d.Value = section, strings.TrimSpace(name), strings.TrimSpace(value)
		return fn(d)
	}
	err := artifact.Lines(r, func(l artifact.Line) error {
		text := l.Text
		if l.Number == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		text = bytes.TrimLeft(text, " \t\n\r")
		if len(text) == 0 && !continued {
			return nil
		}
		if len(text) > 0 && (text[0] == '#' || text[0] == ';') {
			return nil
		}
		// A line goes on in the next if it ends in an odd number of backslashes.
		slashes := len(text) - len(bytes.TrimRight(text, `\`))
		more := slashes%2 == 1
		if more {
			text = text[:len(text)-1]
		}
		if continued && cur != nil {
			if len(cur.Value)+len(text) < artifact.MaxLine {
				cur.Value += " " + string(text)
			}
			cur.Length = l.Offset + int64(len(l.Text)) - cur.Offset
		} else {
			cur = &Directive{Value: string(text), Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}
		}
		continued = more
		if !more {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return bad
}

// Command is one command of a directive.
type Command struct {
	Prefix string // of -, @, +, !, :, |
	Text   string // as it stands there, without the prefix
	Args   []string
	Argv0  string // what @ gives the program as its name
}

// Commands takes a value of ExecStart and its like apart: commands are separated by
// a semicolon that stands alone.
func Commands(value string) []Command {
	var out []Command
	for _, part := range splitCommands(value) {
		part = strings.TrimSpace(part)
		text := strings.TrimLeft(part, "-@+!:|")
		c := Command{Prefix: part[:len(part)-len(text)], Text: strings.TrimSpace(text), Args: Words(text)}
		if len(c.Args) == 0 {
			continue
		}
		if strings.Contains(c.Prefix, "@") && len(c.Args) > 1 {
			c.Argv0 = c.Args[1]
			c.Args = append(c.Args[:1:1], c.Args[2:]...)
		}
		out = append(out, c)
	}
	return out
}

// splitCommands cuts at the semicolons that stand alone, outside of quotes.
func splitCommands(s string) []string {
	var out []string
	quote := byte(0)
	start := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && (i == 0 || isBlank(s[i-1])):
			quote = c
		case c == ';' && (i == 0 || isBlank(s[i-1])) && (i+1 == len(s) || isBlank(s[i+1])):
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// Words splits a value as systemd does: blanks separate, quotes group, C escapes
// and \s are undone (systemd.syntax(7)).
func Words(s string) []string {
	var out []string
	var b strings.Builder
	quote := byte(0)
	open := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			open = true
			n, text := escape(s[i+1:])
			b.WriteString(text)
			i += n
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case (c == '"' || c == '\'') && !open:
			quote, open = c, true
		case isBlank(c):
			if open {
				out = append(out, b.String())
				b.Reset()
				open = false
			}
		default:
			open = true
			b.WriteByte(c)
		}
	}
	if open {
		out = append(out, b.String())
	}
	return out
}

// escape undoes the escape behind a backslash, and gives how many bytes it takes.
func escape(s string) (n int, text string) {
	if i := strings.IndexByte(`abfnrtv`, s[0]); i >= 0 {
		return 1, "\a\b\f\n\r\t\v"[i : i+1]
	}
	number := func(digits string, base int) (int, string) {
		v, err := strconv.ParseUint(digits, base, 32)
		if err != nil || v == 0 {
			return 1, `\` + s[:1]
		}
		if v < 0x80 || base == 8 || s[0] == 'x' {
			return len(digits), string([]byte{byte(v)})
		}
		return len(digits), string(rune(v))
	}
	switch c := s[0]; {
	case c == 's':
		return 1, " "
	case c == 'x' && len(s) > 2:
		k, t := number(s[1:3], 16)
		if t[0] == '\\' {
			return 1, t
		}
		return k + 1, t
	case c == 'u' && len(s) > 4:
		k, t := number(s[1:5], 16)
		if t[0] == '\\' {
			return 1, t
		}
		return k + 1, t
	case c >= '0' && c <= '3' && len(s) > 2:
		return number(s[:3], 8)
	case c == '\\' || c == '"' || c == '\'' || c == ';':
		return 1, string(c)
	}
	return 1, `\` + s[:1]
}
