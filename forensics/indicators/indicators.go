// Package indicators reads lists of indicators of compromise that others publish, and says
// which of them a digest, a path, a host, a URL or a wallet is.
//
// Formats, by content: LOKI's and signature-base's lists (HASH;COMMENT[;SCORE],
// REGEX;SCORE[;FALSE POSITIVE REGEX], HOST[;COMMENT]), plain lists with one indicator a line
// (MD5, SHA-1, SHA-256, address, network, domain, URL, absolute path, wallet; # begins a
// comment, hxxp and [.] are read as they are meant), CSV with the columns type and value (as
// icecore writes it), STIX 2.1 bundles (comparisons with = in patterns), MISP events.
//
// What is not understood is a problem that names file and line; what would match any server
// (the digest of nothing, private addresses) is one, too. Files of up to 64 MiB and a million
// indicators are read.
package indicators

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"icecore/forensics/model"
)

// Kind is what an indicator is.
type Kind string

// The kinds.
const (
	MD5     Kind = "md5"
	SHA1    Kind = "sha1"
	SHA256  Kind = "sha256"
	Path    Kind = "path"
	Address Kind = "address" // or a network
	Domain  Kind = "domain"  // and what is below it
	URL     Kind = "url"
	Wallet  Kind = "wallet"
)

// Indicator is one line of a list.
type Indicator struct {
	Kind    Kind
	Value   string
	Comment string // what the list says of it
	Score   int    // 0 to 100; -1: none is stated
	File    string // the list, as it was named
	Line    int    // 0: unknown

	match, except *regexp.Regexp // of a path
	literal       string         // without which match cannot match
}

// Level is how serious a match is by itself. A digest is the file; a path or a host may be
// another's.
func (i *Indicator) Level() model.Level {
	s := i.Score
	switch i.Kind {
	case MD5, SHA1, SHA256:
		switch {
		case s < 0 || s >= 75:
			return model.High
		case s >= 50:
			return model.Medium
		}
		return model.Low
	case Path:
		switch {
		case s >= 75:
			return model.Medium
		case s < 0 || s >= 60:
			return model.Low
		}
		return model.Informational
	}
	if s >= 0 && s < 60 {
		return model.Low
	}
	return model.Medium
}

// Problem is a part of a list that is not in force, and why.
type Problem struct {
	File, Why string
	Line      int // 0: the whole file
}

// Set is all indicators in force. It may be used from several goroutines. A nil set has none.
type Set struct {
	Problems []Problem

	exact    map[Kind]map[string]*Indicator
	networks []network
	paths    []*Indicator
	windows  []*Indicator // those for paths with a backslash, of which Linux has hardly any
	count    int
}

type network struct {
	prefix netip.Prefix
	of     *Indicator
}

// Len is the number of indicators.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return s.count
}

// Digests gives the kinds of digests of which there are any.
func (s *Set) Digests() (out []Kind) {
	if s == nil {
		return nil
	}
	for _, k := range []Kind{MD5, SHA1, SHA256} {
		if len(s.exact[k]) > 0 {
			out = append(out, k)
		}
	}
	return out
}

// Digest returns the indicator for a digest, in hexadecimal; nil if there is none.
func (s *Set) Digest(k Kind, sum string) *Indicator {
	if s == nil {
		return nil
	}
	return s.exact[k][strings.ToLower(sum)]
}

// HasPaths says whether there is an indicator for paths.
func (s *Set) HasPaths() bool {
	return s != nil && (len(s.paths)+len(s.windows) > 0 || len(s.exact[Path]) > 0)
}

// Path returns the indicator with the highest score for a path; nil if there is none.
func (s *Set) Path(p string) *Indicator {
	if s == nil {
		return nil
	}
	best := s.exact[Path][p]
	list := s.paths
	if strings.Contains(p, `\`) {
		list = slices.Concat(s.paths, s.windows)
	}
	for _, i := range list {
		if (best == nil || i.Score > best.Score) && strings.Contains(p, i.literal) && i.match.MatchString(p) &&
			(i.except == nil || !i.except.MatchString(p)) {
			best = i
		}
	}
	return best
}

// Host returns the indicator for an address or a name; nil if there is none.
func (s *Set) Host(host string) *Indicator {
	if s == nil || host == "" {
		return nil
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap().WithZone("")
		if i := s.exact[Address][a.String()]; i != nil {
			return i
		}
		for _, n := range s.networks {
			if n.prefix.Contains(a) {
				return n.of
			}
		}
		return nil
	}
	for names := s.exact[Domain]; len(names) > 0; {
		if i := names[host]; i != nil {
			return i
		}
		_, rest, ok := strings.Cut(host, ".")
		if !ok || !strings.Contains(rest, ".") {
			return nil
		}
		host = rest
	}
	return nil
}

// URL returns the indicator for a URL, not looking at its host; nil if there is none.
func (s *Set) URL(u string) *Indicator {
	if s == nil {
		return nil
	}
	return s.exact[URL][plainURL(u)]
}

// Wallet returns the indicator for the address of a wallet; nil if there is none.
func (s *Set) Wallet(w string) *Indicator {
	if s == nil {
		return nil
	}
	return s.exact[Wallet][w]
}

// plainURL writes a URL in the form in which two are compared.
func plainURL(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return strings.TrimSuffix(u, "/")
	}
	host, path, _ := strings.Cut(rest, "/")
	return strings.TrimSuffix(strings.ToLower(scheme)+"://"+strings.ToLower(host)+"/"+path, "/")
}
