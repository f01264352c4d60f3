// Package unread names what is known and not read: logs, tables and databases that tell of
// logins, programs, packages or commands, and that no extractor reads yet. The coverage
// says so, since an intruder may stand in them alone.
//
// Records: none. Each file that is there and not empty is an error, which [Fold] makes one
// coverage line a kind and volume of. Files are not opened.
package unread

import (
	"context"
	"path"
	"strconv"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// Name is the extractor's.
const Name = "unread"

// Extractor implements artifact.Extractor.
type Extractor struct{ read [][]string }

// New makes the extractor beside others, which run too: what one of them reads is not
// named.
func New(others []artifact.Extractor) Extractor {
	var x Extractor
	for _, o := range others {
		for _, p := range o.Patterns() {
			below, home := strings.CutPrefix(p, "~/")
			if !home {
				x.read = append(x.read, split(p))
				continue
			}
			x.read = append(x.read, split("/root/"+below), split("/home/*/"+below))
		}
	}
	return x
}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return Name }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, k.patterns...)
	}
	return out
}

// notRead is the error of a file that is not read: the number of its kind.
type notRead int

func (e notRead) Error() string { return strconv.Itoa(int(e)) }

// Extract implements artifact.Extractor.
func (x Extractor) Extract(_ context.Context, in *artifact.Input, _ artifact.Emit) error {
	if in.Content == nil || in.Content.Size() == 0 || in.Inode != nil && in.Inode.State == filesystem.Deleted {
		return nil
	}
	name := split(in.Path)
	for _, p := range x.read {
		if matches(p, name) {
			return nil
		}
	}
	for i, k := range kinds() {
		for _, p := range k.patterns {
			if !matches(split(p), name) {
				continue
			}
			if k.logins && !otherLogins(in) {
				return artifact.Cut(notRead(i))
			}
			return notRead(i)
		}
	}
	return nil
}

// otherLogins says whether a log of logins is there that is read.
func otherLogins(in *artifact.Input) bool {
	for _, p := range []string{"/var/log/wtmp", "/var/lib/wtmpdb/wtmp.db", "/var/log/auth.log", "/var/log/secure", "/var/log/messages", "/var/log/syslog", "/var/log/journal"} {
		if in.Exists != nil && in.Exists(p) {
			return true
		}
	}
	return false
}

func split(p string) []string { return strings.Split(strings.TrimPrefix(p, "/"), "/") }

// matches says whether the components of a path match those of a pattern, of which "**"
// stands for any number.
func matches(pattern, name []string) bool {
	for i, part := range pattern {
		if part == "**" {
			for j := i; j <= len(name); j++ {
				if matches(pattern[i+1:], name[j:]) {
					return true
				}
			}
			return false
		}
		if i == len(name) {
			return false
		}
		if ok, err := path.Match(part, name[i]); err != nil || !ok {
			return false
		}
	}
	return len(pattern) == len(name)
}

// Fold makes one line of the coverage of all files of one kind on one volume. The other
// lines stay as they are, in their order.
func Fold(gaps []model.Gap) []model.Gap {
	type key struct {
		volume, kind string
	}
	at := make(map[key]int)
	count := make(map[key]int)
	list := kinds()
	var out []model.Gap
	for _, g := range gaps {
		n, err := strconv.Atoi(g.Why.Param("error"))
		if g.Subject != model.SubjectExtractor || g.Why.Param("extractor") != Name || err != nil || n < 0 || n >= len(list) {
			out = append(out, g)
			continue
		}
		k := key{g.Source.Volume, g.Why.Param("error")}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			g.Why = model.Msg("why.unread", "what", list[n].what)
			out = append(out, g)
		}
		if count[k]++; count[k] > 1 {
			out[i].What = model.Msg("gap.files", "volume", out[i].Source.Volume, "path", out[i].Source.Path, "more", count[k]-1)
		}
		if g.Weight == model.Decisive {
			out[i].Weight = model.Decisive
		}
	}
	return out
}
