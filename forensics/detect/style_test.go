package detect

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	sigma "github.com/bradleyjkemp/sigma-go"
)

// lowerWords are those that SigmaHQ writes in lower case inside a title.
var lowerWords = strings.Fields("the for in with via on to without of through from by as a or at and an over")

// privateWords matches what no responder would write in a report.
var privateWords = regexp.MustCompile(`(?i)everybody may|folder|odd place|\btold\b|led nowhere|runs by itself|what mines|at at`)

// tactics are ATT&CK's for Linux servers, as SigmaHQ tags them.
var tactics = strings.Fields("initial-access execution persistence privilege-escalation defense-evasion " +
	"credential-access discovery lateral-movement collection command-and-control exfiltration impact")

var (
	techniqueTag = regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	uuidRE       = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

// titleFaults says what keeps a title from being one in Title Case. The name of a file or
// of a setting keeps its own case.
func titleFaults(title string) []string {
	var out []string
	words := strings.Fields(title)
	for i, w := range words {
		w = strings.Trim(w, "(),")
		if strings.ContainsAny(w, "./_=") {
			continue
		}
		for j, part := range strings.Split(w, "-") {
			first, _ := utf8.DecodeRuneInString(part)
			small := slices.Contains(lowerWords, strings.ToLower(part))
			switch {
			case i == 0 && j == 0 && !unicode.IsUpper(first):
				out = append(out, fmt.Sprintf("begins with %q", w))
			case small && i > 0 && unicode.IsUpper(first):
				out = append(out, fmt.Sprintf("%q in upper case", w))
			case !small && !unicode.IsUpper(first) && !unicode.IsDigit(first):
				out = append(out, fmt.Sprintf("%q in lower case", w))
			}
		}
	}
	if strings.HasSuffix(title, ".") {
		out = append(out, "ends with a full stop")
	}
	if len(title) > 80 {
		out = append(out, "is longer than 80 characters")
	}
	return out
}

func day(v any) (time.Time, error) {
	if t, ok := v.(time.Time); ok {
		return t, nil
	}
	return time.Parse(time.DateOnly, fmt.Sprint(v))
}

// styleFaults says where a rule differs from the style of SigmaHQ.
func styleFaults(r *sigma.Rule) []string {
	var out []string
	fault := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	for _, s := range titleFaults(r.Title) {
		fault("title %q %s", r.Title, s)
	}
	if !strings.HasPrefix(r.Description, "Detects ") || !strings.HasSuffix(r.Description, ".") {
		fault("description %q is no sentence that begins with \"Detects\"", r.Description)
	}
	if !uuidRE.MatchString(r.ID) {
		fault("id %q is no UUID", r.ID)
	}
	if !slices.Contains([]string{"stable", "test", "experimental"}, r.Status) {
		fault("status %q", r.Status)
	}
	if r.Author != "icecore" {
		fault("author %q", r.Author)
	}
	if _, err := ParseLevel(r.Level); err != nil {
		fault("level %q", r.Level)
	}
	created, err := day(r.AdditionalFields["date"])
	if err != nil {
		fault("date: %v", err)
	}
	if v, ok := r.AdditionalFields["modified"]; ok {
		if t, err := day(v); err != nil || t.Before(created) {
			fault("modified %v: %v", v, err)
		}
	}
	if len(r.References) == 0 {
		fault("no reference")
	}
	for _, s := range r.References {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			fault("reference %q is no address", s)
		}
	}
	technique := false
	for _, tag := range r.Tags {
		tactic, _ := strings.CutPrefix(tag, "attack.")
		switch {
		case techniqueTag.MatchString(tag):
			technique = true
		case technique:
			fault("the tactic %q stands behind a technique", tag)
		case !slices.Contains(tactics, tactic):
			fault("tag %q", tag)
		}
	}
	if !technique {
		fault("no technique among the tags")
	}
	said := []string{r.Title, r.Description}
	benign, _ := r.AdditionalFields["falsepositives"].([]any)
	if len(benign) == 0 {
		fault("no false positives")
	}
	for _, b := range benign {
		s := fmt.Sprint(b)
		said = append(said, s)
		if first, _ := utf8.DecodeRuneInString(s); !unicode.IsUpper(first) && !unicode.IsDigit(first) {
			fault("false positive %q begins in lower case", s)
		}
	}
	for _, s := range said {
		if m := privateWords.FindString(s); m != "" {
			fault("%q holds %q", s, m)
		}
	}
	return out
}

// TestRuleStyle: the rules read as those of SigmaHQ do, so that they can be quoted and
// used beside them.
func TestRuleStyle(t *testing.T) {
	names, err := fs.Glob(builtin, "rules/*.yml")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d rules: %v", len(names), err)
	}
	ids, titles := make(map[string]string), make(map[string]string)
	for _, name := range names {
		b, err := builtin.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sigma.ParseRule(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range styleFaults(&r) {
			t.Errorf("%s: %s", name, s)
		}
		if r.AdditionalFields["name"] != strings.TrimSuffix(path.Base(name), ".yml") {
			t.Errorf("%s: its name is %v", name, r.AdditionalFields["name"])
		}
		if old := ids[r.ID]; old != "" {
			t.Errorf("%s has the id of %s", name, old)
		}
		if old := titles[r.Title]; old != "" {
			t.Errorf("%s has the title of %s", name, old)
		}
		ids[r.ID], titles[r.Title] = name, name
	}
}

// TestStyleFaults: each fault of style is found by the check itself.
func TestStyleFaults(t *testing.T) {
	good := `title: World-Writable Directory in ld.so.conf (Linker)
id: 09c55bcf-e528-55bb-8883-d11d3f9e2b5f
status: stable
description: Detects a directory.
references:
    - https://attack.mitre.org/techniques/T1574/006/
author: icecore
date: 2026-11-23
modified: 2026-11-30
tags:
    - attack.persistence
    - attack.t1574.006
logsource:
    product: linux
    category: library.path
detection:
    selection:
        directory: /tmp
    condition: selection
falsepositives:
    - Unknown
level: high
`
	tests := []struct{ old, new, want string }{
		{"", "", ""},
		{"Directory in", "directory in", `title "World-Writable directory in ld.so.conf (Linker)" "directory" in lower case`},
		{"World-Writable", "World-writable", `"World-writable" in lower case`},
		{"Directory in", "Directory In", `"In" in upper case`},
		{"World", "world", `begins with "world-Writable"`},
		{"(Linker)", "(linker)", `"linker" in lower case`},
		{"(Linker)", "(Linker).", "ends with a full stop"},
		{"(Linker)", strings.Repeat("X", 80), "is longer than 80"},
		{"Detects a", "A", "is no sentence that begins"},
		{"directory.", "directory", "is no sentence that begins"},
		{"a directory.", "a folder.", `holds "folder"`},
		{"a directory.", "what the log told.", `holds "told"`},
		{"Unknown", "Drives that everybody may use", `holds "everybody may"`},
		{"Unknown", "unknown", "begins in lower case"},
		{"    - Unknown", "    []", "no false positives"},
		{"09c55bcf-e528", "09C55BCF-e528", "is no UUID"},
		{"stable", "finished", `status "finished"`},
		{"icecore", "somebody", `author "somebody"`},
		{"level: high", "level: severe", `level "severe"`},
		{"date: 2026-11-23\n", "", "date: parsing time"},
		{"2026-11-23", "2026-13-01", "date: parsing time"},
		{"modified: 2026-11-30", "modified: 2026-11-22", "modified 2026-11-22"},
		{"modified: 2026-11-30", "modified: today", "modified today"},
		{"    - https://attack.mitre.org/techniques/T1574/006/", "    []", "no reference"},
		{"https://attack.mitre.org", "attack.mitre.org", "is no address"},
		{"attack.persistence", "attack.Persistence", `tag "attack.Persistence"`},
		{"attack.persistence", "persistance", `tag "persistance"`},
		{"attack.t1574.006", "attack.execution", "no technique"},
		{"attack.t1574.006", "attack.t1574.6", `tag "attack.t1574.6"`},
		{"    - attack.t1574.006", "    - attack.t1574.006\n    - attack.execution", "stands behind a technique"},
	}
	for _, tt := range tests {
		if !strings.Contains(good, tt.old) {
			t.Fatalf("%q is no part of the rule", tt.old)
		}
		r, err := sigma.ParseRule([]byte(strings.Replace(good, tt.old, tt.new, 1)))
		if err != nil {
			t.Errorf("%q for %q: %v", tt.new, tt.old, err)
			continue
		}
		got := strings.Join(styleFaults(&r), "\n")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%q for %q: faults %q, want %q", tt.new, tt.old, got, tt.want)
		}
	}
}
