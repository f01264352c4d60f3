package text

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What shows nothing, hides what stands beside it or reorders it never comes out raw.
func TestEscapeInvisible(t *testing.T) {
	for name, s := range map[string]string{
		"combining grapheme joiner":       "\u034f",
		"variation selector 16":           "\ufe0f",
		"variation selector 17":           "\U000e0100",
		"Mongolian variation selector":    "\u180b",
		"Hangul choseong filler":          "\u115f",
		"Hangul jungseong filler":         "\u1160",
		"Hangul filler":                   "\u3164",
		"halfwidth Hangul filler":         "\uffa0",
		"braille blank":                   "\u2800",
		"Khmer inherent vowel":            "\u17b5",
		"null notehead":                   "\U0001d159",
		"object replacement":              "\ufffc",
		"Egyptian blank":                  "\U00013441",
		"Khitan filler":                   "\U00016fe4",
		"soft hyphen":                     "\u00ad",
		"zero width space":                "\u200b",
		"zero width joiner":               "\u200d",
		"word joiner":                     "\u2060",
		"byte order mark":                 "\ufeff",
		"language tag":                    "\U000e0001",
		"tag letter":                      "\U000e0061",
		"no-break space":                  "\u00a0",
		"ideographic space":               "\u3000",
		"line separator":                  "\u2028",
		"next line":                       "\u0085",
		"override right to left":          "\u202e",
		"isolate right to left":           "\u2067",
		"Arabic letter mark":              "\u061c",
		"Hebrew letter":                   "\u05d0",
		"Arabic letter":                   "\u0628",
		"Arabic digit":                    "\u0661",
		"Arabic presentation form":        "\ufdf2",
		"Hebrew presentation form":        "\ufb2a",
		"Syriac letter":                   "\u0710",
		"N'Ko letter":                     "\u07ca",
		"Phoenician letter":               "\U00010900",
		"Adlam letter":                    "\U0001e900",
		"Arabic mathematical letter":      "\U0001ee00",
		"surrogate":                       "\xed\xa0\x80",
		"private use":                     "\ue000",
		"private use of plane 16":         "\U0010fffd",
		"unassigned":                      "\u0378",
		"not a character":                 "\uffff",
		"stroke through a letter":         "\u0336",
		"second letter above":             "\u0363",
		"enclosing circle":                "\u20dd",
		"keycap":                          "\u20e3",
		"accent that x has not":           "\u0301",
		"Devanagari vowel on Latin":       "\u093f",
		"Hangul vowel without consonant":  "\u1161",
		"Hangul final without a syllable": "\u11a8",
	} {
		if got, want := Escape("x"+s+"y"), "x"+escaped(s)+"y"; got != want {
			t.Errorf("%s: Escape(%+q) = %+q, want %+q", name, "x"+s+"y", got, want)
		}
		if got := Escape(s); got != escaped(s) {
			t.Errorf("%s alone: %+q", name, got)
		}
	}
}

// The writings of the world, but those from right to left, stay readable, whether
// their accents are part of the letter or stand behind it.
func TestEscapeReadable(t *testing.T) {
	for _, s := range []string{
		"日本語.txt", "汉字/繁體", "ファイル・が.log", "か\u3099き\u3099.txt", "한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "한\u1100\u116e\u11a8",
		"Ünïcödé", "U\u0308ni\u0308co\u0308de\u0301", "tiếng Việt", "tie\u0302\u0301ng Vie\u0323\u0302t", "u\u031b\u0323", "Straße", "Łódź", "çağrı", "ñandú",
		"Привет", "и\u0306", "Ελληνικά", "ω\u0314\u0342\u0345", "ქართული", "Հայերեն", "አማርኛ",
		"मराठी", "हिन्दी", "ज़ुं", "বাংলা", "ਪੰਜਾਬੀ", "ગુજરાતી", "ଓଡ଼ିଆ", "தமிழ்", "తెలుగు", "ಕನ್ನಡ", "മലയാളം", "සිංහල", "ภาษาไทย", "ที่นี่", "ลาวນີ້", "བོད་སྐད་", "ཧཱུྃ", "မြန်မာစာ", "လျှောက်", "မျှော့်", "ភាសាខ្មែរ",
		"😀👍🏿🇩🇪", "→ ✓ ★ № € “quoted” – —", "a≠b", "\ufffd", "𝒳", "½ ² µ",
	} {
		if got := Escape(s); got != s {
			t.Errorf("Escape(%q) = %q (%+q)", s, got, got)
		}
	}
}

// Marks are shown as far as a writing has them, never as a heap.
func TestEscapeStacks(t *testing.T) {
	acute, nonspacing := "\u0301", "\u093f\u0902\u0941\u0947\u0948" // the first is spacing
	for _, c := range []struct{ in, want string }{
		{"a" + strings.Repeat(acute, 100), "a" + acute + strings.Repeat(`\xcc\x81`, 99)},
		{"x\u0336\u0336", `x\xcc\xb6\xcc\xb6`},
		{"i\u0307", `i\xcc\x87`}, // looks like i
		{"é" + acute, `é\xcc\x81`},
		{"ç\u0327", `ç\xcc\xa7`},
		{acute + "a", `\xcc\x81a`},
		{"/" + acute, `/\xcc\x81`},
		{"\u05d0\u0301", `\xd7\x90\xcc\x81`},
		{"e\x00" + acute, `e\x00\xcc\x81`},
		{`e\` + acute, `e\x5c\xcc\x81`},
		{"❤\ufe0f", `❤\xef\xb8\x8f`},
		{"1\ufe0f\u20e3", `1\xef\xb8\x8f\xe2\x83\xa3`},
		{"👩\u200d💻", `👩\xe2\x80\x8d💻`},
		{"ก" + strings.Repeat("\u0e47", 3), "ก\u0e47" + `\xe0\xb9\x87\xe0\xb9\x87`},
		{"क" + nonspacing, "क\u093f\u0902\u0941\u0947" + `\xe0\xa5\x88`},
		{"क" + strings.Repeat("\u093e\u0902", 4), "क" + strings.Repeat("\u093e\u0902", 3) + escaped("\u093e\u0902")},
		{"क\u0e47", `क\xe0\xb9\x87`}, // Thai on Devanagari
		{"क\u0301", `क\xcc\x81`},
		{"가\u1161", `가\xe1\x85\xa1`},
		{"각\u11a8", `각\xe1\x86\xa8`},
		{"\u1100\u1100\u1161", "\u1100" + `\xe1\x84\x80\xe1\x85\xa1`},
	} {
		if got := Escape(c.in); got != c.want {
			t.Errorf("Escape(%+q) = %+q, want %+q", c.in, got, c.want)
		}
	}
}

// escaped writes all bytes as \xNN.
func escaped(s string) string { return string(appendHex(nil, s, `\x`)) }

// nothingShown are the characters that Python calls printable although they show
// nothing: Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, and blanks.
const nothingShown = `
ignorable = [(0x34f,0x34f),(0x115f,0x1160),(0x17b4,0x17b5),(0x180b,0x180f),(0x3164,0x3164),(0xfe00,0xfe0f),(0xffa0,0xffa0),
 (0xe0000,0xe0fff),(0x2800,0x2800),(0xfffc,0xfffc),(0x1d159,0x1d159),(0x13441,0x13442),(0x16fe4,0x16fe4)]
`

// Every character, behind an x: the rules are those of Python's database, with
// str.isprintable for names, its bidirectional classes, and its composed forms.
func TestAgainstPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	const program = nothingShown + `
import sys, unicodedata as u
def shown(c):
    if c == '\\' or not c.isprintable() or any(a <= ord(c) <= b for a, b in ignorable): return False
    if u.bidirectional(c) in ('R', 'AL', 'AN') : return False
    if u.category(c)[0] == 'M' or 0x1160 <= ord(c) <= 0x11ff or 0xd7b0 <= ord(c) <= 0xd7ff: return len(u.normalize('NFC', 'x' + c)) == 1
    return True
for line in sys.stdin.buffer.read().split(b'\0'):
    out = []
    for ch in line.decode('utf-8', 'surrogateescape'):
        if 0xDC80 <= ord(ch) <= 0xDCFF: out.append('\\x%02x' % (ord(ch) - 0xDC00))
        elif u.category(ch) == 'Cn': out.append('?') # perhaps Python's Unicode is older
        elif not shown(ch): out.append(''.join('\\x%02x' % c for c in ch.encode('utf-8')))
        else: out.append(ch)
    sys.stdout.buffer.write(''.join(out).encode() + b'\0')
`
	in := []string{"\xff", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe6\xb1"}
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) {
			in = append(in, "x"+string(r)+"y")
		}
		if 0x3400 <= r && r < 0x9f00 || 0xac00 <= r && r < 0xd700 || 0xe000 <= r && r < 0xf800 || r >= 0x20000 && r < 0xdff00 || r >= 0xe1000 {
			r += 128 // of the writings that are alike, one of many
		}
	}
	cmd := exec.Command(python, "-c", program)
	cmd.Stdin = strings.NewReader(strings.Join(in, "\x00"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, stderr.String())
	}
	compared, differ := 0, 0
	for i, want := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if want == "x?y" && in[i] != "x?y" {
			continue
		}
		compared++
		if got := Escape(in[i]); got != want {
			if differ++; differ < 20 {
				t.Errorf("%+q: %+q, Python %+q", in[i], got, want)
			}
		}
	}
	if differ > 0 || compared < 40_000 {
		t.Errorf("%d of %d texts differ", differ, compared)
	}
}
