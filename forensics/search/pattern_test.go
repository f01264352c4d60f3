package search

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func parsed(t testing.TB, s string, o PatternOptions) *Pattern {
	t.Helper()
	p, err := Parse(s, o)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return p
}

// TestFind: what each kind of pattern finds, and what looks like it and is not.
func TestFind(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		o       PatternOptions
		kind    Kind
		yes     []string
		no      []string
	}{
		{
			"10.0.0.1",
			PatternOptions{},
			Address,
			[]string{"10.0.0.1", "from 10.0.0.1 port 1", "10.0.0.1:22", "[10.0.0.1]", "::ffff:10.0.0.1", "10.0.0.1.", "x=10.0.0.1/8", "110.0.0.1 10.0.0.1"},
			[]string{"110.0.0.1", "10.0.0.11", "10.0.0.1.2", "9.10.0.0.1", "10.0.0x1", ""},
		},
		{
			"10.0.0.0/30",
			PatternOptions{},
			Network,
			[]string{"10.0.0.3", "from 10.0.0.0.", "::ffff:10.0.0.2 x", "11.0.0.1 10.0.0.1"},
			[]string{"10.0.0.4", "110.0.0.1", "10.0.0", "1.10.0.0.1"},
		},
		{"10.0.0.9/30", PatternOptions{}, Network, []string{"10.0.0.8"}, []string{"10.0.0.1"}},
		{
			"2001:db8::7",
			PatternOptions{},
			Address,
			[]string{"2001:db8::7", "2001:0DB8:0:0:0:0:0:7", "[2001:db8::7]:22", "from 2001:db8::7: x", "a 2001:db8::7."},
			[]string{"2001:db8::77", "2001:db8::8", "12:00:07"},
		},
		{"2001:db8::/32", PatternOptions{}, Network, []string{"2001:db8::1", "2001:db8:ffff::"}, []string{"2001:db9::1"}},
		{"::ffff:10.0.0.1", PatternOptions{}, Address, []string{"10.0.0.1"}, []string{"10.0.0.2"}},
		{"a.c", PatternOptions{}, Fixed, []string{"xa.cx"}, []string{"abc", "A.C"}},
		{"a.c", PatternOptions{IgnoreCase: true}, Fixed, []string{"xA.Cx"}, []string{"abc"}},
		{"a.c", PatternOptions{Regex: true}, Regex, []string{"abc"}, []string{"a\nc", "ABC"}},
		{"^a.c$", PatternOptions{Regex: true, IgnoreCase: true}, Regex, []string{"x\naBC\nx"}, []string{"xabc", "abcx"}},
		{"[^a]b", PatternOptions{Regex: true}, Regex, []string{"xb", "a\n\nxb"}, []string{"b\nb", "ab"}},
		{`\x1b[31m`, PatternOptions{}, Fixed, []string{"\x1b[31m", `\x1b[31m`}, []string{"[31m"}},
		{"ünder", PatternOptions{IgnoreCase: true}, Fixed, []string{"ÜNDER"}, []string{"UNDER"}},
		{"miner", PatternOptions{Wide: true}, Fixed, []string{"miner", "m\x00i\x00n\x00e\x00r\x00"}, []string{"m i n e r"}},
		{"10.0.0.1", PatternOptions{Text: true}, Fixed, []string{"110.0.0.11"}, nil},
		{"44D88612FEA8A8F36DE82E1278ABB02F", PatternOptions{}, Hash, []string{"44d88612fea8a8f36de82e1278abb02f", "x 44D88612FEA8A8F36DE82E1278ABB02F"}, []string{"44d8"}},
	} {
		p := parsed(t, tt.pattern, tt.o)
		if p.Kind != tt.kind || p.String() != tt.pattern {
			t.Errorf("%s: %s %s", tt.pattern, p.Kind, p)
		}
		for _, s := range tt.yes {
			if at, end := p.Find([]byte(s)); at < 0 || end <= at || end > len(s) {
				t.Errorf("%s is not found in %q: %d to %d", tt.pattern, s, at, end)
			}
		}
		for _, s := range tt.no {
			if at, end := p.Find([]byte(s)); at >= 0 {
				t.Errorf("%s is found in %q: %q", tt.pattern, s, s[at:end])
			}
		}
	}
}

// TestParse: what is no pattern, and why.
func TestParse(t *testing.T) {
	for _, tt := range []struct {
		s    string
		o    PatternOptions
		want string
	}{
		{"", PatternOptions{}, "empty"},
		{strings.Repeat("x", maxPattern+1), PatternOptions{}, "longer than"},
		{"(", PatternOptions{Regex: true}, "missing closing"},
		{"a*", PatternOptions{Regex: true}, "every line would be a hit"},
		{"a", PatternOptions{Regex: true, Wide: true}, "neither"},
		{"10.0.0.1", PatternOptions{Wide: true}, "UTF-16"},
	} {
		if _, err := Parse(tt.s, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.20q: %v, want %q", tt.s, err, tt.want)
		}
	}
	for s, want := range map[string]string{strings.Repeat("a", 32): "md5", strings.Repeat("a", 40): "sha1", strings.Repeat("A", 64): "sha256", "abc": ""} {
		if got := parsed(t, s, PatternOptions{}).Digest(); got != want {
			t.Errorf("%s: digest %q", s, got)
		}
	}
}

// matches runs a searcher over content in one stream.
func matches(t testing.TB, p *Pattern, content []byte) []found {
	t.Helper()
	var out []found
	st := stream{line: 1}
	if err := newSearcher(p).run(context.Background(), bytes.NewReader(content), &st, func(f found) error {
		out = append(out, f)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if st.bytes != int64(len(content)) {
		t.Errorf("%d of %d bytes were searched", st.bytes, len(content))
	}
	return out
}

// TestGrep: the lines of texts that match, and their offsets, are those of grep(1), also
// where a window ends in a line, a long one, or a match.
func TestGrep(t *testing.T) {
	if _, err := exec.LookPath("grep"); err != nil {
		t.Skip("needs grep")
	}
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	words := []string{"needle", "Needle", "hay", "10.1.2.3", "10.1.2.33", "nee", "dle", "x"}
	for b.Len() < 5<<20 {
		for range random.IntN(12) {
			b.WriteString(words[random.IntN(len(words))])
			b.WriteString([]string{" ", "", "\t"}[random.IntN(3)])
		}
		if random.IntN(20_000) == 0 {
			b.WriteString(strings.Repeat("longline", 30_000)) // longer than an overlap
		}
		b.WriteString("\n")
	}
	b.WriteString("the last line has no end: needle")
	name := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		pattern string
		o       PatternOptions
		grep    []string
	}{
		{"needle", PatternOptions{}, []string{"-F", "needle"}},
		{"needle", PatternOptions{IgnoreCase: true}, []string{"-iF", "needle"}},
		{"^needle.*hay$", PatternOptions{Regex: true}, []string{"-E", "^needle.*hay$"}},
		{"n[^x]+ x", PatternOptions{Regex: true}, []string{"-E", "n[^x]+ x"}},
		{"NEEDLE\\s+10", PatternOptions{Regex: true, IgnoreCase: true}, []string{"-iE", "needle[[:space:]]+10"}},
		{"10.1.2.3", PatternOptions{}, []string{"-P", `(?<![0-9])(?<![0-9]\.)10\.1\.2\.3(?![0-9])(?!\.[0-9])`}},
		{"10.1.2.32/27", PatternOptions{}, []string{"-P", `(?<![0-9])(?<![0-9]\.)10\.1\.2\.33(?![0-9])(?!\.[0-9])`}},
	} {
		c := exec.Command("grep", append([]string{"-n", "-a"}, append(tt.grep, name)...)...)
		c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		out, err := c.Output()
		if err != nil {
			t.Fatalf("grep: %v", err)
		}
		var want []string
		for line := range strings.Lines(string(out)) {
			n, _, _ := strings.Cut(line, ":")
			want = append(want, n)
		}
		got := matches(t, parsed(t, tt.pattern, tt.o), b.Bytes())
		if len(got) != len(want) || len(want) < 10 {
			t.Errorf("%s: %d lines, grep has %d", tt.pattern, len(got), len(want))
			continue
		}
		line, at := 1, 0
		for i, f := range got {
			line, at = line+bytes.Count(b.Bytes()[at:f.offset], []byte{'\n'}), int(f.offset)
			if fmt.Sprint(f.line) != want[i] || line != f.line || f.length < 1 || len(f.excerpt) > MaxExcerpt {
				t.Fatalf("%s: hit %d at line %d, byte %d; grep has line %s", tt.pattern, i, f.line, f.offset, want[i])
			}
		}
	}
}

// TestBinary: in what is no text each match is a hit, with its offset, also at the borders
// of windows, and none twice.
func TestBinary(t *testing.T) {
	b := make([]byte, 3*window+1234)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range b {
		b[i] = byte(random.IntN(256))
	}
	b[7] = 0
	for _, at := range []int{0, 100, window - 3, window + overlap - 3, window + lookback, 2*window + 1, len(b) - 6} {
		copy(b[at:], "needle")
	}
	var want []int
	for _, m := range regexp.MustCompile("needle").FindAllIndex(b, -1) {
		want = append(want, m[0])
	}
	for _, p := range []*Pattern{parsed(t, "needle", PatternOptions{}), parsed(t, "needl[e]", PatternOptions{Regex: true}), parsed(t, "NEEDLE", PatternOptions{IgnoreCase: true})} {
		got := matches(t, p, b)
		if len(got) != len(want) {
			t.Errorf("%s: %d matches, want %d", p, len(got), len(want))
			continue
		}
		for i, f := range got {
			if int(f.offset) != want[i] || f.line != 0 || f.length != 6 || !strings.Contains(strings.ToLower(f.excerpt), "needle") {
				t.Errorf("%s: match %d: %+v, want at %d", p, i, f, want[i])
			}
		}
	}
}

// TestAddressAtBorder: an address that a window cuts is one, and its end is none.
func TestAddressAtBorder(t *testing.T) {
	for shift := range 16 {
		b := bytes.Repeat([]byte{'x'}, window+2*overlap)
		b[0] = 0
		for _, border := range []int{window, window + overlap, window - lookback, window + overlap - lookback} {
			copy(b[border-shift:], "110.1.2.33 ")
		}
		if got := matches(t, parsed(t, "10.1.2.3", PatternOptions{}), b); len(got) != 0 {
			t.Errorf("shift %d: %+v", shift, got)
		}
		if got := matches(t, parsed(t, "10.0.0.0/8", PatternOptions{}), b); len(got) != 0 {
			t.Errorf("shift %d: %+v", shift, got)
		}
		if got := matches(t, parsed(t, "110.0.0.0/8", PatternOptions{}), b); len(got) != 4 {
			t.Errorf("shift %d: %d addresses: %+v", shift, len(got), got)
		}
	}
}

// FuzzParse: any pattern and content: no panic, matches within the content, of a text
// what bytes.Index finds.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"10.0.0.1", "10.0.0.0/8", "2001:db8::/32", "a.c", "^a[^b]*$", `\x1b`, "ü", strings.Repeat("a", 32)} {
		for how := range uint8(16) {
			f.Add(s, how, []byte("x 10.0.0.1 2001:db8::1:\nabc\x00a.c\n"))
		}
	}
	f.Fuzz(func(t *testing.T, s string, how uint8, content []byte) {
		if len(s) > 200 || len(content) > 4<<10 {
			return
		}
		o := PatternOptions{Text: how&1 != 0, Regex: how&2 != 0, IgnoreCase: how&4 != 0, Wide: how&8 != 0}
		p, err := Parse(s, o)
		if err != nil {
			return
		}
		at, end := p.Find(content)
		if at >= 0 && (end <= at || end > len(content)) {
			t.Fatalf("%q in %q: %d to %d", s, content, at, end)
		}
		if i := bytes.Index(content, []byte(s)); i >= 0 && p.Kind == Fixed && (at < 0 || at > i) {
			t.Fatalf("%q in %q: %d, it stands at %d", s, content, at, i)
		}
		for _, m := range matches(t, p, content) {
			if m.offset < 0 || m.length < 1 || m.offset+m.length > int64(len(content)) || len(m.excerpt) > MaxExcerpt {
				t.Fatalf("%q in %q: %+v", s, content, m)
			}
		}
	})
}

// TestLongLine: a line that is longer than a window is one line, with one hit.
func TestLongLine(t *testing.T) {
	filler := strings.Repeat("hay ", window/2)
	text := "needle " + filler + "needle " + filler + "needle\nhay\nneedle\n"
	got := matches(t, parsed(t, "needle", PatternOptions{}), []byte(text))
	if len(got) != 2 || got[0].line != 1 || got[0].offset != 0 || got[1].line != 3 || int(got[1].offset) != len(text)-len("needle\n") {
		t.Errorf("%d hits: %+v", len(got), got)
	}
}
