package detect

import (
	"path"
	"slices"
	"strings"
	"unicode"
)

// Places at which a program may stand, by what else is brought there.
const (
	PlaceTemp     = "temp"     // a world-writable directory
	PlaceHidden   = "hidden"   // a hidden file or directory, outside of homes
	PlaceData     = "data"     // where packages and services keep data: /usr/share, /var/lib/x, /etc/x, web roots
	PlacePrograms = "programs" // where packages put programs
	PlaceLocal    = "local"    // where administrators and vendors do: /usr/local, /opt, /srv
	PlaceHome     = "home"     // a home directory
	PlaceTool     = "tool"     // the tree of a tool in a home directory
	PlaceOther    = "other"    // a directory of its own below the root
)

// PlaceOf says at which place a path of a host stands; home gives the home directory that
// it lies in, empty: none.
func PlaceOf(p, home string) string {
	p = path.Clean(p)
	if home == "" { // one that passwd does not name
		if parts := strings.SplitN(p, "/", 4); len(parts) == 4 && parts[1] == "home" {
			home = "/home/" + parts[2]
		}
	}
	if home != "" && home != "/" && strings.HasPrefix(p, home+"/") && !strings.HasPrefix(home, "/usr/") && !dataHome(home) {
		if toolPath(p[len(home)+1:]) {
			return PlaceTool
		}
		return PlaceHome
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	switch {
	case tempPlace(p):
		return PlaceTemp
	case Disguised(p), hiddenPlace(p) && (standard[first] || first == "" || first[0] == '.'):
		return PlaceHidden
	}
	switch first {
	case "bin", "sbin", "lib", "lib64", "boot":
		return PlacePrograms
	case "usr":
		second, _, _ := strings.Cut(rest, "/")
		switch second {
		case "local":
			return PlaceLocal
		case "bin", "sbin", "lib", "lib64", "lib32", "libexec":
			if localDirectory(p) || strings.Contains(p, "/site-packages/") || strings.Contains(p, "/dist-packages/") || strings.Contains(p, "/node_modules/") {
				return PlaceLocal
			}
			return PlacePrograms
		}
		return PlaceData
	case "opt", "srv":
		return PlaceLocal
	case "home", "root":
		return PlaceHome
	case "etc", "var", "dev", "proc", "sys", "media", "mnt":
		return PlaceData
	}
	if rest == "" {
		return PlaceData // straight in the root directory
	}
	return PlaceOther
}

// standard are the directories of the root that every system has; a store of its own
// (/nix, /gnu) may keep hidden directories.
var standard = map[string]bool{
	"bin": true, "sbin": true, "lib": true, "lib64": true, "boot": true, "usr": true, "opt": true, "srv": true, "home": true, "root": true,
	"etc": true, "var": true, "dev": true, "proc": true, "sys": true, "media": true, "mnt": true, "run": true,
}

// dataHome says whether a home directory is one in which a service keeps data.
func dataHome(home string) bool {
	return strings.HasPrefix(home, "/var/") || strings.HasPrefix(home, "/etc/") || strings.HasPrefix(home, "/run/") ||
		slices.Contains([]string{"/bin", "/sbin", "/dev", "/usr", "/etc", "/var", "/lib"}, home)
}

// toolPath says whether a path below a home is that of a program in the tree of a tool
// there: ~/.x/bin/a, ~/.x/y/z/a. By the rules of XDG neither a cache nor settings hold
// programs, and keys do not.
func toolPath(p string) bool {
	parts := strings.Split(p, "/")
	if len(parts) < 3 || parts[0] == "" || parts[0][0] != '.' || len(strings.Trim(parts[0], ". ")) == 0 {
		return false
	}
	switch parts[0] {
	case ".cache", ".config", ".ssh", ".gnupg", ".Trash", ".dbus", ".mozilla":
		return false
	}
	for _, part := range parts[1:] {
		if strings.HasPrefix(part, ".") || strings.TrimSpace(part) != part {
			return false
		}
	}
	dir := parts[len(parts)-2]
	return dir == "bin" || dir == "shims" || dir == "libexec" || len(parts) > 3
}

// Disguised says whether a part of a path consists of blanks, or begins or ends with one.
func Disguised(p string) bool {
	for _, part := range strings.Split(strings.Trim(p, "/"), "/") {
		if strings.TrimFunc(part, blank) != part {
			return true
		}
	}
	return false
}

// blank says whether a character shows as nothing: the blanks and format characters of
// Unicode, and the Hangul filler, which counts as a letter.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == 0x3164 }

// randomName says whether a name of letters cannot be spoken, as one that was rolled.
func randomName(name string) bool {
	if len(name) < 8 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	run, longest := 0, 0
	for _, r := range name {
		if run++; strings.ContainsRune("aeiouy", r) {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest >= 6
}

// Names are names of programs that others may be made to look like.
type Names struct{ names, skeletons []string }

// NewNames makes a list of names; those of less than four bytes are like too many others.
func NewNames(names []string) *Names {
	n := &Names{}
	for _, name := range names {
		if len(name) >= 4 {
			n.names, n.skeletons = append(n.names, name), append(n.skeletons, skeleton(name))
		}
	}
	return n
}

// Like gives the first of the names that another one looks like, empty: none. They differ in
// one letter, in a digit or a letter behind it, or in letters that look alike: sshdd,
// rbashd, systemd-timesyncd2, crоn.
func (n *Names) Like(name string) string {
	looks, digits := skeleton(name), strings.ContainsAny(name, "0123456789")
	for i, other := range n.names {
		if name == other {
			continue
		}
		if looks == n.skeletons[i] {
			return other
		}
		if rest, ok := strings.CutPrefix(name, other); ok && len(other) > 4 {
			if len(rest) == 1 && strings.Contains("0123456789dsx_-", rest) {
				return other
			}
			continue
		}
		if len(name) == len(other) && len(other) >= 6 && !digits && differ(name, other) == 1 {
			return other
		}
	}
	return ""
}

// differ counts the bytes in which two names of one length differ.
func differ(a, b string) (n int) {
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
