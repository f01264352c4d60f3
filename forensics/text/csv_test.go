package text

import (
	"encoding/csv"
	"strings"
	"testing"
)

func TestCell(t *testing.T) {
	for _, c := range []struct{ in, cell, written string }{
		{"", "", ""},
		{"plain", "plain", "plain"},
		{"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
		{"+1", "'+1", "'+1"},
		{"-1", "'-1", "'-1"},
		{"@SUM(1)", "'@SUM(1)", "'@SUM(1)"},
		{"  =1", "'  =1", "'  =1"},
		{"＝1", "'＝1", "'＝1"},
		{"＋1", "'＋1", "'＋1"},
		{"－1", "'－1", "'－1"},
		{"＠A", "'＠A", "'＠A"},
		{"\t=1", "'\t=1", `'\x09=1`},
		{"\r=1", "'\r=1", `'\x0d=1`},
		{"\n=1", "'\n=1", `'\x0a=1`},
		{"a=1", "a=1", "a=1"},
		{"1-1", "1-1", "1-1"},
		{"--", "'--", "'--"},
		{"a,b", "a,b", `"a,b"`},
		{`say "x"`, `say "x"`, `"say ""x"""`},
		{" lead", " lead", `" lead"`},
		{"trail ", "trail ", `"trail "`},
		{" ", " ", `" "`},
		{"back\\slash\x1b", "back\\slash\x1b", `back\x5cslash\x1b`},
		{"汉字", "汉字", "汉字"},
	} {
		if got := Cell(c.in); got != c.cell {
			t.Errorf("Cell(%q) = %q, want %q", c.in, got, c.cell)
		}
		if got := string(AppendCell([]byte("x,"), c.in)); got != "x,"+c.written {
			t.Errorf("AppendCell(%q) = %q, want %q", c.in, got, "x,"+c.written)
		}
	}
}

// A reader of CSV gets the escaped text back, in one cell of one line.
func FuzzAppendCell(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := csv.NewReader(strings.NewReader(string(AppendCell([]byte("a,"), s)) + ",b\n")).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 3 || rows[0][1] != Escape(s) && rows[0][1] != "'"+Escape(s) {
			t.Fatalf("%q: %q, %v", s, rows, err)
		}
	})
}
