package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abc", 4, "abc"},
		{"abc", 2, "ab"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"日本語", 9, "日本語"},
		{"日本語", 8, "日本"},
		{"日本語", 7, "日本"},
		{"日本語", 6, "日本"},
		{"日本語", 2, ""},
		{"a😀b", 4, "a"},
		{"a😀b", 5, "a😀"},
		{"\xff\xfe\xfd", 2, "\xff\xfe"},             // no characters at all
		{"\x80\x80\x80\x80\x80", 3, "\x80\x80\x80"}, // nothing to go back to
		{"日\xe6\x97", 4, "日\xe6"},                   // half a character, from the beginning
		{"ae\u0301b", 2, "a"},
		{"ae\u0301b", 3, "a"},
		{"ae\u0301b", 4, "ae\u0301"},
		{"का", 3, ""},
		{"\u1112\u1161\u11abx", 6, ""},
		{"\u0301\u0301", 2, "\u0301"}, // no letter
		{"a" + strings.Repeat("\u0301", 100), 101, "a" + strings.Repeat("\u0301", 50)},
		{`a\xe6\xb1`, 2, "a"},
		{`a\xe6\xb1`, 3, "a"},
		{`a\xe6\xb1`, 4, "a"},
		{`a\xe6\xb1`, 5, `a\xe6`},
		{`a\xe6\xb1`, 6, `a\xe6`},
		{`C:\xyz`, 4, `C:\x`},
		{`a\`, 1, "a"},
		{`ab\x4`, 4, `ab\x`},
	} {
		if got := Cut(c.in, c.n); got != c.want {
			t.Errorf("Cut(%+q, %d) = %+q, want %+q", c.in, c.n, got, c.want)
		}
		if got := Cut([]byte(c.in), c.n); string(got) != c.want {
			t.Errorf("Cut of bytes %+q, %d: %+q, want %+q", c.in, c.n, got, c.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"日本語", 6, "日…"},
		{"abc", 3, "abc"},
		{"abcd", 3, "…"},
		{`ab\x1bcd`, 7, "ab…"},
		{"abcd", 0, "…"},
	} {
		if got := Truncate(c.in, c.n); got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// A cut text is a beginning of the text, no longer than asked for, not much shorter,
// and valid if the text was.
func FuzzCut(f *testing.F) {
	for i, s := range seeds {
		f.Add(s, i)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		got := Cut(s, n)
		if !strings.HasPrefix(s, got) || len(got) > max(n, 0) || utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("Cut(%+q, %d) = %+q", s, n, got)
		}
		if n >= 0 && len(got) < min(n, len(s))-40 {
			t.Fatalf("Cut(%+q, %d) = %+q: too short", s, n, got)
		}
		if e := Escape(s); n < len(e) {
			if back, err := Unescape(Cut(e, n)); err != nil || !strings.HasPrefix(s, back) {
				t.Fatalf("Cut(%q, %d) = %q, %v", e, n, Cut(e, n), err)
			}
		}
		if again := Cut(got, n); again != got {
			t.Fatalf("cut twice: %+q, then %+q", got, again)
		}
	})
}

func BenchmarkCut(b *testing.B) {
	s := strings.Repeat("日本語 and a log line ", 50)
	b.ReportAllocs()
	for b.Loop() {
		Cut(s, 400)
	}
}
