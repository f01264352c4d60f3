package command

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// extractor is one of the formats alone.
type extractor struct{ Formats }

func (extractor) Name() string { return "x" }

func run(t *testing.T, f Format, file artifacttest.File) ([]model.Record, error) {
	t.Helper()
	file.Path = "/etc/x"
	return artifacttest.Extract(t, artifact.Extractor(extractor{Formats{f}}), file)
}

// TestBounds: each bound lets through what it says, and the error says what it cut.
func TestBounds(t *testing.T) {
	settings := Files(Settings("x", func(l string) (string, bool) { return l, true }), "/etc/x")
	entry := Files(Entry(model.HookAutostart), "/etc/x")
	yaml := Files(func(r *Reader) error { _, err := r.ReadYAML(); return err }, "/etc/x")
	for _, tt := range []struct {
		name, text string
		format     Format
		records    int
		err        string
	}{
		{"commands", strings.Repeat("a\n", maxRecords), settings, maxRecords, ""},
		{"one command more", strings.Repeat("a\n", maxRecords+1), settings, maxRecords, "more than 10000 commands; the rest was not read"},
		{"blank ones are none", strings.Repeat("\n#\n \n", 1000) + "a\n", settings, 1, ""},
		{"Exec lines", strings.Repeat("Exec=a\n", maxExecs), entry, maxExecs, ""},
		{"one Exec line more", strings.Repeat("Exec=a\n", maxExecs+1), entry, maxExecs, "more than 1000 Exec lines; the rest was not read"},
		{"YAML", strings.Repeat("#", maxYAML), yaml, 0, ""},
		{"more YAML", strings.Repeat("#", maxYAML+1), yaml, 0, "more than 1048576 bytes of YAML; the file was not read"},
	} {
		records, err := run(t, tt.format, artifacttest.File{Text: tt.text})
		if len(records) != tt.records || fmt.Sprint(err) != fmt.Sprint(tt.err) && (err != nil || tt.err != "") {
			t.Errorf("%s: %d records, %v", tt.name, len(records), err)
		}
		if artifact.IsCut(err) != (tt.err != "") {
			t.Errorf("%s: the error does not say that something was cut: %v", tt.name, err)
		}
	}
	records, err := run(t, entry, artifacttest.File{Text: "Name=" + strings.Repeat("n", 2*maxField) + "\nExec=a\n"})
	if err != nil || len(records) != 1 || len(records[0].Get("name")) != maxField {
		t.Errorf("a long name: %v, %v", records, err)
	}
}

// TestExecutable: a script that may not be run is not, but for one that a link leads to,
// whose mode is not that of the link, and one that is sourced.
func TestExecutable(t *testing.T) {
	for _, tt := range []struct {
		format  Format
		mode    uint16
		target  string
		ignored bool
	}{
		{Executable("x", "/etc/x"), 0o644, "", true},
		{Executable("x", "/etc/x"), 0o755, "", false},
		{Executable("x", "/etc/x"), 0o644, "/opt/x", false},
		{Sourced("x", "/etc/x"), 0o644, "", false},
	} {
		records, err := run(t, tt.format, artifacttest.File{Text: "#!/bin/sh\n", Mode: filesystem.ModeRegular | tt.mode, Target: tt.target})
		if err != nil || len(records) != 1 || records[0].Has("ignored") != tt.ignored {
			t.Errorf("%+v: %v, %v", tt, records, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for in, want := range map[string][]string{
		"": nil, "  ": nil, "a  b": {"a", "b"}, `a 'b c' "d e"`: {"a", "b c", "d e"}, `a\ b '\' "\""`: {"a b", `\`, `"`}, `''`: {""}, "a'b'c": {"abc"}, "a\tb": {"a", "b"},
	} {
		if got := Split(in); strings.Join(got, "|") != strings.Join(want, "|") || len(got) != len(want) {
			t.Errorf("%q: %q", in, got)
		}
	}
}
