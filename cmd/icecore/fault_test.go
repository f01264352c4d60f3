package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/fixtures"
	"icecore/forensics"
)

// TestFailingWriter: a writer of the case directory that panics costs its file. All the
// others are whole, and the coverage says so in one line.
func TestFailingWriter(t *testing.T) {
	img, err := forensics.Open(t.Context(), sample(t, fixtures.Clean), forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	want := []string{"analysis.json", "bodyfile", "icecore.log", "report.html", "timeline.csv", "timeline.jsonl"}
	for _, broken := range want {
		t.Run(broken, func(t *testing.T) {
			a := &app{out: io.Discard, err: io.Discard}
			dir := filepath.Join(t.TempDir(), "case")
			c, err := a.newCase(dir)
			if err != nil {
				t.Fatal(err)
			}
			c.before = func(name string) {
				if name == broken {
					panic("in " + name)
				}
			}
			if err := c.begin(img, nil); err != nil {
				t.Fatal(err)
			}
			o := forensics.Options{Scan: forensics.ScanOptions{NoYARA: true}}
			o.Output.Entries = c.entry
			an, err := forensics.AnalyzeImage(t.Context(), img, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.finish(t.Context(), img, an, "", nil); err != nil {
				t.Fatal(err)
			}
			var got []string
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				got = append(got, e.Name())
			}
			if left := slices.DeleteFunc(slices.Clone(want), func(n string) bool { return n == broken }); !slices.Equal(got, left) {
				t.Errorf("written are %v, want %v", got, left)
			}
			said := 0
			for _, g := range an.Coverage.Gaps {
				if g.WhatText == "file "+broken+" of the report" && strings.Contains(g.WhyText, "internal error at fault_test.go") && strings.Contains(g.WhyText, "in "+broken) {
					said++
				}
			}
			if said != 1 {
				t.Errorf("the coverage has %d lines of it: %v", said, an.Coverage.Gaps)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "analysis.json")); err == nil && broken != "icecore.log" && !strings.Contains(string(b), "in "+broken) {
				t.Error("analysis.json does not have it")
			}
		})
	}
}
