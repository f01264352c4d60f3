package search

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"icecore/forensics/text"
)

// PatternOptions say how a pattern is read.
type PatternOptions struct {
	Text       bool // it is a text, whatever it looks like
	Regex      bool // it is a regular expression of RE2; it matches within a line
	IgnoreCase bool
	Wide       bool // of a text: also as UTF-16LE
}

// Kind says what a pattern is.
type Kind string

// The kinds of patterns.
const (
	Fixed   Kind = "text"
	Regex   Kind = "regex"
	Address Kind = "address"
	Network Kind = "network"
	Hash    Kind = "hash"
)

// Pattern is what is searched for. It is safe for concurrent use.
type Pattern struct {
	Kind Kind
	text string

	needles [][]byte       // of a text, an address of IPv4 or a hash
	fold    bool           // they are lower case, and are searched for in what is made so
	line    *regexp.Regexp // of a regular expression: within a line
	whole   *regexp.Regexp // the same in many lines
	network netip.Prefix   // of an address all of its bits
	digest  []byte
}

const maxPattern = 4096 // bytes

// Parse reads a pattern. Unless the options say otherwise, an address of IPv4 or IPv6 is
// found in any form, a network (CIDR) by the addresses in it, 32, 40 or 64 hex digits also
// by the files of which they are the MD5, SHA-1 or SHA-256. All else is a text; \xNN in it
// stands for that byte, too.
func Parse(s string, o PatternOptions) (*Pattern, error) {
	p := &Pattern{Kind: Fixed, text: s}
	switch {
	case s == "":
		return nil, errors.New("the pattern is empty")
	case len(s) > maxPattern:
		return nil, fmt.Errorf("the pattern is longer than %d bytes", maxPattern)
	case o.Regex && (o.Wide || o.Text):
		return nil, errors.New("a regular expression is neither a text nor UTF-16")
	case o.Regex:
		return p, p.regex(o.IgnoreCase)
	case !o.Text:
		if a, err := netip.ParsePrefix(s); err == nil {
			p.Kind, p.network = Network, unmapped(a)
		} else if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			p.Kind = Address
			a = a.Unmap()
			p.network = netip.PrefixFrom(a, a.BitLen())
		} else if b, err := hex.DecodeString(s); err == nil && (len(b) == 16 || len(b) == 20 || len(b) == 32) {
			p.Kind, p.digest = Hash, b
		}
	}
	if p.Kind == Address || p.Kind == Network {
		if o.Wide {
			return nil, errors.New("an address is not searched for as UTF-16: take it as a text")
		}
		if p.Kind == Address && p.network.Addr().Is4() {
			p.needles = [][]byte{[]byte(p.network.Addr().String())}
		}
		return p, nil
	}
	return p, p.fixed(o.IgnoreCase || p.Kind == Hash, o.Wide)
}

// unmapped gives a network of IPv4 that is written as one of IPv6 as what it is.
func unmapped(n netip.Prefix) netip.Prefix {
	if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 {
		n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
	}
	return n.Masked()
}

func (p *Pattern) regex(ignoreCase bool) (err error) {
	p.Kind = Regex
	flags := ""
	if ignoreCase {
		flags = "(?i)"
	}
	if p.line, err = regexp.Compile(flags + p.text); err != nil {
		return err
	}
	if p.whole, err = regexp.Compile(flags + "(?m:" + p.text + ")"); err != nil {
		return err
	}
	if p.line.MatchString("") {
		return errors.New("the regular expression matches nothing at all: every line would be a hit")
	}
	return nil
}

// fixed makes the needles of a text.
func (p *Pattern) fixed(fold, wide bool) error {
	forms := []string{p.text}
	if plain, err := text.Unescape(p.text); err == nil && plain != p.text && plain != "" {
		forms = append(forms, plain)
	}
	if fold && !ascii(p.text) {
		// What is not ASCII has no simple lower case.
		if wide {
			return errors.New("a text that is not ASCII is not searched for as UTF-16 with case ignored")
		}
		var list []string
		for _, f := range forms {
			list = append(list, regexp.QuoteMeta(f))
		}
		kind, shown := p.Kind, p.text
		p.text = strings.Join(list, "|")
		err := p.regex(true)
		p.Kind, p.text = kind, shown
		return err
	}
	p.fold = fold
	for _, f := range forms {
		if fold {
			f = strings.ToLower(f)
		}
		p.needles = append(p.needles, []byte(f))
		if wide {
			p.needles = append(p.needles, utf16le(f))
		}
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// String returns the pattern as it was given.
func (p *Pattern) String() string { return p.text }

// Digest names the digest that the pattern is of a file, empty if none.
func (p *Pattern) Digest() string {
	return map[int]string{16: "md5", 20: "sha1", 32: "sha256"}[len(p.digest)]
}

// prepared gives content in the form in which find looks at it; scratch is room for it.
func (p *Pattern) prepared(b []byte, scratch *[]byte) []byte {
	if !p.fold {
		return b
	}
	if cap(*scratch) < len(b) {
		*scratch = make([]byte, len(b))
	}
	out := (*scratch)[:len(b)]
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[i] = c
	}
	return out
}

// Find gives the first match in a text, -1 where there is none.
func (p *Pattern) Find(b []byte) (start, end int) {
	var scratch []byte
	return p.find(p.prepared(b, &scratch), 0)
}

// find gives the first match in prepared content that begins at or behind from, -1 where
// there is none.
func (p *Pattern) find(b []byte, from int) (start, end int) {
	switch {
	case p.line != nil:
		return p.findRegex(b, from)
	case p.network.IsValid() && p.needles == nil:
		return p.findAddress(b, from)
	}
	start = -1
	for _, n := range p.needles {
		for at := from; ; {
			stop := len(b)
			if start >= 0 {
				stop = min(stop, start+len(n)-1) // only what begins before
			}
			if at > stop {
				break
			}
			i := bytes.Index(b[at:stop], n)
			if i < 0 {
				break
			}
			if i += at; p.Kind == Address && !alone(b, i, i+len(n)) {
				at = i + 1
				continue
			}
			start, end = i, i+len(n)
			break
		}
	}
	return start, end
}

// findRegex finds a line that matches: what matches across lines may hold none.
func (p *Pattern) findRegex(b []byte, from int) (start, end int) {
	for from < len(b) {
		m := p.whole.FindIndex(b[from:])
		if m == nil {
			return -1, 0
		}
		at := from + m[0]
		line := bytes.LastIndexByte(b[:at], '\n') + 1
		stop := len(b)
		if i := bytes.IndexByte(b[at:], '\n'); i >= 0 {
			stop = at + i
		}
		// Behind a match within the line, only the rest of it is new.
		skip := max(line, from) - line
		for k := 0; k <= stop-line; {
			m := p.line.FindIndex(b[line+k : stop])
			if m == nil {
				break
			}
			if k+m[0] >= skip && m[1] > m[0] {
				return line + k + m[0], line + k + m[1]
			}
			k += max(m[1], m[0]+1)
		}
		from = stop + 1
	}
	return -1, 0
}

// alone says whether what looks like an address of IPv4 is not a part of a longer one, or
// of a version.
func alone(b []byte, start, end int) bool {
	digit := func(i int) bool { return i >= 0 && i < len(b) && '0' <= b[i] && b[i] <= '9' }
	dot := func(i int) bool { return i >= 0 && i < len(b) && b[i] == '.' }
	return !digit(start-1) && !(dot(start-1) && digit(start-2)) && !digit(end) && !(dot(end) && digit(end+1))
}

// What an address consists of, and how long it can be.
const (
	maxAddress = 45
	addressSet = "0123456789abcdefABCDEF:."
)

// findAddress finds an address of the network, in whatever form it is written.
func (p *Pattern) findAddress(b []byte, from int) (start, end int) {
	mark, set := byte('.'), "0123456789."
	if p.network.Addr().Is6() {
		mark, set = ':', addressSet
	}
	for at := from; at < len(b); {
		i := bytes.IndexByte(b[at:], mark)
		if i < 0 {
			return -1, 0
		}
		i += at
		first, last := i, i+1
		for first > 0 && i-first <= maxAddress && strings.IndexByte(set, b[first-1]) >= 0 {
			first--
		}
		for last < len(b) && last-i <= maxAddress && strings.IndexByte(set, b[last]) >= 0 {
			last++
		}
		at = last
		if last-first > maxAddress || first < from {
			continue
		}
		for last > first && (b[last-1] == '.' || b[last-1] == ':' && !bytes.HasSuffix(b[first:last], []byte("::"))) {
			last--
		}
		a, err := netip.ParseAddr(string(b[first:last]))
		if err == nil && p.network.Contains(a.Unmap()) {
			return first, last
		}
	}
	return -1, 0
}
