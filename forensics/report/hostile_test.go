package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// hostileTexts are what a terminal, a browser or a spreadsheet would obey, and what hides
// or reorders other text.
var hostileTexts = []string{
	"\x1b[2J\x1b]0;owned\x07", "\u202etxt.exe\u2066", "a\u034fb", "c\uffa0d", "\u200b\u2060\ufeff", "e" + strings.Repeat("\u0335", 40), "\U000e0041", "\u2800", "\xff\xfe\x00\r\n\t\v",
	"<script>alert(1)</script>", `"><img src=x onerror=alert(2)>`, "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2", "\u3164", "\u0085\u2028\u2029", "\u00ad",
}

// fillTexts writes a text of the list into every text of a value, each its own, and says how
// many there were.
func fillTexts(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fillTexts(v.Elem(), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fillTexts(f, n)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fillTexts(v.Index(i), n)
		}
	case reflect.String:
		// What decides keeps its value.
		switch s := v.String(); {
		case v.Type() != reflect.TypeFor[string](),
			strings.HasPrefix(s, "F-"),
			strings.HasPrefix(s, "R-"),
			s == "gap.volume":
		default:
			v.SetString(hostileTexts[*n%len(hostileTexts)] + s)
			*n++
		}
	}
}

// hostileAnalysis is an intrusion in which every text is hostile, the values of records
// too, shifted through the list.
func hostileAnalysis(shift int) *model.Analysis {
	a := intrusion()
	n := shift
	fillTexts(reflect.ValueOf(a), &n)
	for i := range a.Records {
		old := a.Records[i].Fields
		a.Records[i].Fields = nil
		for j := range old {
			f := &old[j]
			name, _ := text.Unescape(f.Name)
			for _, h := range hostileTexts {
				name = strings.TrimPrefix(name, h)
			}
			a.Records[i].Add(name, hostileTexts[n%len(hostileTexts)]+f.Text())
			n++
		}
		a.Records[i].Add(hostileTexts[n%len(hostileTexts)], "a name of a field, in a file that somebody else wrote")
	}
	return a
}

// raw gives the first thing in an output that is shown as nothing, reorders, stacks or
// controls.
func raw(s string) string {
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\r"), unbreakable, " ")
		// A backslash is ours, or begins a \xNN.
		if esc := text.Escape(strings.ReplaceAll(line, `\`, "/")); esc != strings.ReplaceAll(line, `\`, "/") {
			return line
		}
		for _, r := range line {
			if !unicode.IsPrint(r) {
				return fmt.Sprintf("%q in %q", r, line)
			}
		}
	}
	return ""
}

// Whatever stands in an analysis, also in one that was read from somebody's file: no
// format lets anything of it through that a terminal, a browser or a spreadsheet obeys.
func TestHostileTexts(t *testing.T) {
	for shift := range hostileTexts {
		a := hostileAnalysis(shift)
		for _, f := range Formats() {
			if f.Name == "json" {
				continue // package model tests it; words of ours are read back as they were
			}
			var b bytes.Buffer
			if err := f.Write(&b, a, Options{Width: 100, All: true, Made: hostileTexts[shift], Command: "icecore " + hostileTexts[shift]}); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			out := b.String()
			if r := raw(out); r != "" {
				t.Errorf("%s, shift %d: raw %s", f.Name, shift, r)
			}
			switch f.Name {
			case "html":
				if i := strings.Index(out, "<script"); i >= 0 || strings.Contains(out, "<img") {
					t.Errorf("the page holds an element of the image: %.200s", out[max(0, i):])
				}
			case "csv":
				rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
				if err != nil || len(rows) < 3 {
					t.Errorf("csv: %d rows, %v", len(rows), err)
				}
				for _, r := range rows {
					for _, c := range r {
						if c = strings.TrimLeft(c, " "); c != "" &&
							strings.ContainsRune("=+-@＝＋－＠\t\r\n", []rune(c)[0]) {
							t.Errorf("csv: %q is a formula to a spreadsheet", c)
						}
					}
				}
			}
		}
	}
}
