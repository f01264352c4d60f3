package yararules_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// privateWords matches what no responder would write in a report.
var privateWords = regexp.MustCompile(`(?i)everybody may|folder|odd place|\btold\b|led nowhere|runs by itself|what mines|at at`)

// styleFaults says where the meta of a rule cannot be quoted in a report. The description
// becomes a sentence of a finding: its first letter is made a capital there, and a full
// stop is put behind it.
func styleFaults(meta map[string]string) []string {
	var out []string
	d := meta["description"]
	switch {
	case d == "":
		out = append(out, "no description")
	case strings.HasSuffix(d, "."):
		out = append(out, "the description ends with a full stop")
	case strings.HasPrefix(d, "a "), strings.HasPrefix(d, "an "), strings.HasPrefix(d, "the "):
		out = append(out, "the description begins with an article, not with the fact")
	}
	for _, k := range []string{"description", "benign"} {
		if m := privateWords.FindString(meta[k]); m != "" {
			out = append(out, k+" holds "+m)
		}
	}
	if u, err := url.Parse(meta["reference"]); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		out = append(out, "the reference is no address")
	}
	return out
}

// TestStyle: the meta of each rule is in words that a report can quote.
func TestStyle(t *testing.T) {
	for _, r := range load(t).List() {
		for _, s := range styleFaults(r.Meta) {
			t.Errorf("%s (%s:%d): %s", r.Name, r.File, r.Line, s)
		}
	}
}

// TestStyleFaults: each fault of style is found by the check itself.
func TestStyleFaults(t *testing.T) {
	for _, tt := range []struct{ description, benign, reference, want string }{
		{"XMRig miner binary", "none known", "https://xmrig.com/docs", ""},
		{"", "none known", "https://xmrig.com/docs", "no description"},
		{"XMRig miner binary.", "none known", "https://xmrig.com/docs", "full stop"},
		{"a miner", "none known", "https://xmrig.com/docs", "article"},
		{"miner that runs by itself", "none known", "https://xmrig.com/docs", "description holds runs by itself"},
		{"miner", "a folder of samples", "https://xmrig.com/docs", "benign holds folder"},
		{"miner", "none known", "published incident reports", "no address"},
		{"miner", "none known", "", "no address"},
	} {
		got := strings.Join(styleFaults(map[string]string{"description": tt.description, "benign": tt.benign, "reference": tt.reference}), "; ")
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: faults %q", tt, got)
		}
	}
}
