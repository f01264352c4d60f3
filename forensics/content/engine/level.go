package engine

import (
	"strconv"
	"strings"
)

// Level gives the level that the author of a rule states, as one of Sigma's words, or ""
// where the meta states none. Rule sets state it in different ways: level in Sigma's words,
// score from 0 to 100 (signature-base, YARA-Forge), severity as a word or from 0 to 100
// (Elastic, guarddog), threat_level from 0 to 10. The first of these that can be read counts.
func (i Info) Level() string {
	if l := levelWord(i.Meta["level"]); l != "" {
		return l
	}
	for _, key := range []string{"score", "severity"} {
		if l := levelNumber(i.Meta[key], 1); l != "" {
			return l
		}
	}
	if l := levelWord(i.Meta["severity"]); l != "" {
		return l
	}
	if l := levelWord(i.Meta["threat_level"]); l != "" {
		return l
	}
	return levelNumber(i.Meta["threat_level"], 10)
}

// levelWord gives the level that a word means.
func levelWord(s string) string {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case "informational", "low", "medium", "high", "critical":
		return s
	case "info", "information", "none":
		return "informational"
	case "warning", "moderate":
		return "medium"
	case "error", "severe":
		return "high"
	}
	return ""
}

// levelNumber gives the level of a number, of which times scale is 0 to 100.
func levelNumber(s string, scale int) string {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 100/scale {
		return ""
	}
	switch n *= scale; {
	case n >= 90:
		return "critical"
	case n >= 75:
		return "high"
	case n >= 60:
		return "medium"
	case n >= 20:
		return "low"
	}
	return "informational"
}
