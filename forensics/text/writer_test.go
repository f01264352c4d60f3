package text

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"unicode"
)

func TestWriter(t *testing.T) {
	for _, c := range []struct {
		in        string
		backslash bool
		want      string
	}{
		{"plain\n\ttext\n", false, "plain\n\ttext\n"},
		{"a\\b", false, "a\\b"},
		{"a\\b", true, `a\x5cb`},
		{"\x1b[2J\r\n", false, "\\x1b[2J\\x0d\n"},
		{"\xff\xe6\xb1", false, `\xff\xe6\xb1`}, // ends within a character
		{"汉字\u202e", false, "汉字\\xe2\\x80\\xae"},
		{"\u0085\u009b", false, `\xc2\x85\xc2\x9b`},
		{"", false, ""},
	} {
		// However the text is cut into writes, it comes out the same.
		for size := 1; size <= len(c.in)+1; size++ {
			var b bytes.Buffer
			w := NewWriter(&b)
			w.Backslash = c.backslash
			for p := []byte(c.in); len(p) > 0; {
				n := min(size, len(p))
				if k, err := w.Write(p[:n]); k != n || err != nil {
					t.Fatalf("Write gives %d, %v", k, err)
				}
				p = p[n:]
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if b.String() != c.want {
				t.Errorf("%q in pieces of %d: %q, want %q", c.in, size, b.String(), c.want)
			}
		}
	}
}

func FuzzWriter(f *testing.F) {
	f.Add([]byte("a\\\x00\xff日"), 2)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		if size < 1 || size > 100 {
			return
		}
		var b bytes.Buffer
		w := NewWriter(&b)
		w.Backslash = true
		for p := in; len(p) > 0; {
			n := min(size, len(p))
			_, _ = w.Write(p[:n])
			p = p[n:]
		}
		_ = w.Flush()
		for _, r := range b.String() {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Fatalf("%q lets %q through", in, r)
			}
		}
		if back, err := Unescape(b.String()); err != nil || back != string(in) {
			t.Fatalf("%q came back as %q, %v", in, back, err)
		}
	})
}

// Any text is a string of JSON that means the escaped text.
func FuzzQuoted(f *testing.F) {
	f.Add("a\"\\\x00\xff日</script>\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(AppendQuoted(nil, s), &got); err != nil || got != Escape(s) {
			t.Fatalf("%q: %q, %v", s, got, err)
		}
	})
}

// The rule for names is that of Python's str.isprintable, so that listings can be
// compared.
func TestAgainstPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	const program = `
import sys
for line in sys.stdin.buffer.read().split(b'\0'):
    out = []
    for ch in line.decode('utf-8', 'surrogateescape'):
        if 0xDC80 <= ord(ch) <= 0xDCFF: out.append('\\x%02x' % (ord(ch) - 0xDC00))
        elif ch == '\\' or not ch.isprintable(): out.append(''.join('\\x%02x' % c for c in ch.encode('utf-8')))
        else: out.append(ch)
    sys.stdout.buffer.write(''.join(out).encode() + b'\0')
`
	var in []string
	for r := rune(1); r < 0x3000; r++ {
		in = append(in, "x"+string(r)+"y")
	}
	in = append(in, "\xff", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe6\xb1", "汉字", "\U0001f600", "\U000e0001", "\ufeff", "\ufffd")
	cmd := exec.Command(python, "-c", program)
	cmd.Stdin = strings.NewReader(strings.Join(in, "\x00"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i, want := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if got := Escape(in[i]); got != want {
			// A newer Unicode than the other's knows more characters.
			if differ++; differ < 5 {
				t.Logf("%q: %q, Python %q", in[i], got, want)
			}
		}
	}
	if differ > 60 {
		t.Errorf("%d of %d texts differ", differ, len(in))
	}
}

func TestIsText(t *testing.T) {
	for s, want := range map[string]bool{"": true, "plain\n": true, "汉字\n": true, "a\x00b": false, "\x7fELF\x02\x01\x01\x00": false, strings.Repeat("\x01", 100): false, "\x1b[31mred\x1b[0m": true, "cut \xe6\xb1": true} {
		if IsText([]byte(s)) != want {
			t.Errorf("IsText(%q) is %v", s, !want)
		}
	}
}
