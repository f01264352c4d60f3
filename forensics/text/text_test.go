package text

import "testing"

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"/etc/cron.d/x", "/etc/cron.d/x"},
		{"a b", "a b"},
		{`a\b`, `a\x5cb`},
		{"new\nline", `new\x0aline`},
		{"\x1b[2J", `\x1b[2J`},
		{"latin1-\xe9\xff.txt", `latin1-\xe9\xff.txt`},
		{"日本語", "日本語"},
		{"rtl\u202e", `rtl\xe2\x80\xae`},
		{"nbsp\u00a0", `nbsp\xc2\xa0`},
		{"\ufffd", "\ufffd"},
	} {
		got := Escape(c.in)
		if got != c.want {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.want)
		}
		if back, err := Unescape(got); err != nil || back != c.in {
			t.Errorf("Unescape(%q) = %q, %v", got, back, err)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\\\x00\xff日")
	f.Fuzz(func(t *testing.T, s string) {
		back, err := Unescape(Escape(s))
		if err != nil || back != s {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
	})
}

func TestTruncate(t *testing.T) {
	if got := Truncate("日本語", 6); got != "日…" {
		t.Errorf("got %q", got)
	}
	if got := Truncate("abc", 3); got != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestEscapeOnce(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"new\nline", `new\x0aline`},
		{`escaped \x0a already`, `escaped \x0a already`},
		{"half \\x0a escaped \n", `half \x5cx0a escaped \x0a`},
		{`a\b`, `a\x5cb`},
		{Quote("a\x1b\"b\\"), `"a\x1b"b\x5c"`},
	} {
		if got := EscapeOnce(c.in); got != c.want {
			t.Errorf("EscapeOnce(%q) = %q, want %q", c.in, got, c.want)
		}
		if got := EscapeOnce(c.want); got != c.want {
			t.Errorf("EscapeOnce of %q, which is escaped, gives %q", c.want, got)
		}
	}
}
