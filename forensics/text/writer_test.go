package text

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
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
	for _, s := range seeds {
		f.Add([]byte(s+"\n\u0301\t"), 3)
	}
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
		want, rest := "", string(in)
		for i := strings.IndexAny(rest, "\n\t"); i >= 0; i = strings.IndexAny(rest, "\n\t") {
			want += Escape(rest[:i]) + rest[i:i+1]
			rest = rest[i+1:]
		}
		want += Escape(rest)
		if b.String() != want {
			t.Fatalf("%q: %q, want %q", in, b.String(), want)
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
