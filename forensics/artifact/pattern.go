package artifact

import (
	"path"
	"strings"
)

// Match says whether a path, as the host sees it, may be one that a pattern of
// [Extractor.Patterns] wants. "~/" stands for any directory here: whose home it is, the
// scan knows.
func Match(pattern, p string) bool {
	if below, home := strings.CutPrefix(pattern, "~/"); home {
		pattern = "**/" + below
	}
	return match(components(pattern), components(p))
}

func components(p string) []string { return strings.Split(strings.TrimPrefix(p, "/"), "/") }

func match(pattern, p []string) bool {
	for i, part := range pattern {
		if part == "**" {
			for n := i; n < len(p); n++ {
				if match(pattern[i+1:], p[n:]) {
					return true
				}
			}
			return false
		}
		if i == len(p) {
			return false
		}
		if ok, err := path.Match(part, p[i]); err != nil || !ok {
			return false
		}
	}
	return len(pattern) == len(p)
}

// HomeOf gives the home directory of a path that a pattern "~/..." matches; it is false
// for any other.
func HomeOf(pattern, p string) (string, bool) {
	below, home := strings.CutPrefix(pattern, "~/")
	if !home || !Match(pattern, p) {
		return "", false
	}
	for range components(below) {
		p = path.Dir(p)
	}
	return p, true
}

// Owner says whose file an artifact is that lies at one of the patterns "~/...": the user
// by passwd(5), else the name of the home directory, which is the user's as a rule.
func (in *Input) Owner(patterns ...string) string {
	if in.User != "" {
		return in.User
	}
	highest := "" // ~/.zsh/.zsh_history lies in no home directory .zsh
	for _, p := range patterns {
		if home, ok := HomeOf(p, in.Path); ok && (highest == "" || len(home) < len(highest)) {
			highest = home
		}
	}
	return strings.TrimPrefix(path.Base("/"+strings.TrimPrefix(highest, "/")), "/")
}
