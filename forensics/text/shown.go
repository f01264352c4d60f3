package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// Limits of the marks on one letter. The busiest writing, Burmese, has six (မျှော့်),
// of which two stand in the same place.
const (
	maxMarks      = 6 // on a letter
	maxNonspacing = 3 // in a row: marks without a column of their own
)

// blank are characters that are graphic by their category, yet show nothing or a
// placeholder: the braille blank, OBJECT REPLACEMENT CHARACTER, Khitan's filler, the
// blanks of hieroglyphs, the null notehead.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{{0x2800, 0x2800, 1}, {0xfffc, 0xfffc, 1}},
	R32: []unicode.Range32{{0x13441, 0x13442, 1}, {0x16fe4, 0x16fe4, 1}, {0x1d159, 0x1d159, 1}},
}

// joining are the parts of Hangul syllables that stand on what comes before them.
var joining = &unicode.RangeTable{R16: []unicode.Range16{{0x1160, 0x11ff, 1}, {0xd7b0, 0xd7ff, 1}}}

// marked are the writings whose vowels and tones are marks on a letter.
var marked = []*unicode.RangeTable{
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada,
	unicode.Malayalam, unicode.Sinhala, unicode.Thai, unicode.Lao, unicode.Tibetan, unicode.Myanmar, unicode.Khmer,
}

// cluster is what has been shown of a letter and its marks; the zero value is the
// beginning of a text.
type cluster struct {
	base       rune // the letter, with those marks that have a composed form with it; 0: none
	script     *unicode.RangeTable
	last       rune // the last mark
	marks      int
	nonspacing int // in a row
}

// next says whether a character, decoded from n bytes, is shown as it is behind what
// came before it.
func (c *cluster) next(r rune, n int) bool {
	switch {
	case r < utf8.RuneSelf:
		if r < ' ' || r > '~' || r == '\\' {
			break
		}
		*c = cluster{base: r}
		return true
	case common(r):
		*c = cluster{base: r}
		return true
	case r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r):
	case unicode.In(r, unicode.M, joining):
		if c.mark(r) {
			return true
		}
	case shown(r) && !(leading(r) && leading(c.base)):
		*c = cluster{base: r}
		return true
	}
	*c = cluster{}
	return false
}

// common says quickly that a character is a letter or sign of Latin, Greek, Cyrillic,
// Chinese, Japanese or Korean, all of which are shown; false decides nothing.
func common(r rune) bool {
	switch {
	case r < 0x3000:
		return 0xa1 <= r && r < 0x300 && r != 0xad || 0x3a3 <= r && r < 0x530 && (r < 0x483 || r > 0x489)
	case r < 0x3400:
		return 0x3001 <= r && r <= 0x3029 || 0x3041 <= r && r <= 0x3096 || 0x309b <= r && r <= 0x30ff
	}
	return r < 0xa000 || 0xac00 <= r && r <= 0xd7a3 || 0xff01 <= r && r <= 0xff9f
}

// shown says whether a printable character that is no mark shows something, and
// leaves the order of what stands beside it as it is.
func shown(r rune) bool {
	if unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, blank) {
		return false
	}
	p, _ := bidi.LookupRune(r)
	switch p.Class() {
	case bidi.R, bidi.AL, bidi.AN:
		return false
	}
	return true
}

// mark says whether a mark may follow the cluster, and adds it.
func (c *cluster) mark(r rune) bool {
	if c.base == 0 || !shown(r) || unicode.Is(unicode.Me, r) {
		return false
	}
	if c.script == nil {
		c.script = markedBy(c.base)
	}
	if c.script == nil || !unicode.Is(c.script, r) {
		whole := composed(c.base, r)
		if whole != 0 {
			c.base = whole
		}
		return whole != 0
	}
	if r == c.last || c.marks == maxMarks {
		return false
	}
	if unicode.Is(unicode.Mn, r) {
		if c.nonspacing == maxNonspacing {
			return false
		}
		c.nonspacing++
	} else {
		c.nonspacing = 0
	}
	c.marks++
	c.last = r
	return true
}

// markedBy gives the writing of a letter if it is one of those in marked.
func markedBy(base rune) *unicode.RangeTable {
	if base < 0x900 || base >= 0xac00 {
		return nil
	}
	for _, s := range marked {
		if unicode.Is(s, base) {
			return s
		}
	}
	return nil
}

// composed gives the one character that is canonically the same as a letter and a
// mark, or 0.
func composed(base, mark rune) rune {
	var in, out [4 * utf8.UTFMax]byte
	whole := norm.NFC.Append(out[:0], utf8.AppendRune(utf8.AppendRune(in[:0], base), mark)...)
	if r, n := utf8.DecodeRune(whole); n == len(whole) {
		return r
	}
	return 0
}

// leading says whether a character begins a Hangul syllable: a row of them would be
// laid upon each other.
func leading(r rune) bool { return 0x1100 <= r && r <= 0x115f || 0xa960 <= r && r <= 0xa97f }
