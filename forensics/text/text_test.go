package text

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

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

// seeds are texts of all that Escape has rules for.
var seeds = []string{
	"a\\\x00\xff日", "plain", `\x41\xZZ\`, "e\u0301\u0301x\u0336", "\u05d0\u202e\u200b\u3164", "\u1100\u1100\u1161\u11a8", "क\u093f\u0902\u093f", "\xe6\xb1", "👩\u200d💻",
}

// Any bytes come back; what Escape made is what it makes of them again, and has
// nothing left to escape.
func FuzzEscape(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, s, behind string) {
		e := Escape(s)
		back, err := Unescape(e)
		if err != nil || back != s {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
		if again := Escape(back); again != e {
			t.Fatalf("%q is escaped as %q and as %q", s, e, again)
		}
		if got := EscapeOnce(e); got != e {
			t.Fatalf("%q is escaped twice: %q", e, got)
		}
		if got := string(AppendEscape([]byte(behind), s)); got != behind+e {
			t.Fatalf("%q: AppendEscape gives %q", s, got)
		}
		once := EscapeOnce(s)
		if again := EscapeOnce(once); again != once {
			t.Fatalf("EscapeOnce(%q) is %q, then %q", s, once, again)
		}
		for _, r := range e {
			if !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Me) {
				t.Fatalf("%q lets %q through", s, r)
			}
		}
		// What is read back need not be canonical, but it is text that means the same.
		if raw, err := Unescape(s); err == nil {
			if back, err := Unescape(Escape(raw)); err != nil || back != raw {
				t.Fatalf("%q means %q, which came back as %q", s, raw, back)
			}
		}
	})
}

// Chance makes texts of the characters that the rules are about, close together.
func TestEscapeBack(t *testing.T) {
	parts := []string{`\`, "x", "a", "e", "é", "\u0301", "\u0302", "\u0336", "\u0323", "क", "\u093f", "\u0902", "\u1100", "\u1161", "\u11a8", "가", "\u05d0", "\u200d", "\ufe0f", "日", "\xe6", "\xb1", "\xff", "\n", "4", "1", `"`}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		var b strings.Builder
		for range rnd.IntN(12) {
			b.WriteString(parts[rnd.IntN(len(parts))])
		}
		s := b.String()
		e := Escape(s)
		if back, err := Unescape(e); err != nil || back != s {
			t.Fatalf("%+q came back as %+q, %v", s, back, err)
		}
		if once := EscapeOnce(e); once != e {
			t.Fatalf("%+q is escaped twice: %+q", e, once)
		}
	}
}

func TestUnescapeRefuses(t *testing.T) {
	for _, s := range []string{`\`, `\x`, `\x4`, `\x4g`, `\X41`, `\n`, `a\x4`, `\\x41`, `\x-1`} {
		if got, err := Unescape(s); err == nil {
			t.Errorf("Unescape(%q) = %q", s, got)
		}
	}
	if got, err := Unescape(`\x4aJ\x4A`); got != "JJJ" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

var benchmarks = []struct{ name, s string }{
	{"path", "/usr/share/doc/libsystemd-shared/changelog.Debian.gz"},
	{"log", "Jan 12 16:58:31 shop01 sshd[22001]: Accepted password for root from 203.0.113.77 port 40022 ssh2, and 60 more bytes of a long line"},
	{"chinese", "/home/用户/文档/二〇二六年的报告和一些其他的文件名称.txt"},
	{"cyrillic", "/home/пользователь/Документы/отчёт за ноябрь.txt"},
	{"hindi", "/home/user/दस्तावेज़/हिन्दी की रिपोर्ट.txt"},
	{"decomposed", "re\u0301sume\u0301 und U\u0308bung fu\u0308r a\u0308lter"},
	{"hostile", strings.Repeat("\x1b[2J\u202e", 10)},
	{"binary", strings.Repeat("\xff\x00\xe6", 30)},
	{"stack", "a" + strings.Repeat("\u0301", 100)},
}

func BenchmarkEscape(b *testing.B) {
	for _, x := range benchmarks {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(x.s)))
			for b.Loop() {
				Escape(x.s)
			}
		})
	}
}

// Text that is shown as it is costs no memory, unless it is decomposed.
func TestEscapeAllocatesNothing(t *testing.T) {
	for _, x := range benchmarks[:5] {
		if n := testing.AllocsPerRun(10, func() { Escape(x.s) }); n != 0 {
			t.Errorf("%s: %v allocations", x.name, n)
		}
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
