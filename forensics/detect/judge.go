package detect

import (
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// judge weighs the level that the YARA rules state by what else is known of the
// file: what it is, where it stands, whether something runs it. It gives the level
// and why it was changed.
//
// What a text says proves little while nothing runs it: signatures, block lists,
// notes and logs quote what they warn of. What a program holds proves more the
// more it hides.
func (c *collection) judge(level Level, top *artifact.Record, techniques []string) (Level, string) {
	src := &top.Source
	by := c.started[fileKey{src.Volume, path.Clean(src.Path)}]
	mines := slices.Contains(techniques, "T1496.001") || slices.Contains(techniques, "T1496")
	switch top.Get("file_type") {
	case "text":
		// A configuration is judged by its keys; it is not run in any case.
		if mines || level <= Low || by != "" || src.State != filesystem.Live || hiddenPlace(src.Path) {
			return level, ""
		}
		switch {
		case isLogPlace(src.Path):
			return Low, "It stands in a log: what a log quotes was sent or said, not run."
		case isDocument(src.Path):
			return Low, "It is a text that nothing runs, by its name a document or a list of signatures: it quotes."
		}
	case "elf":
		if top.Get("owner") != "" || src.State == filesystem.Deleted || level >= High || level < Low {
			return level, ""
		}
		hides := src.State == filesystem.Orphan || tempPlace(src.Path) || hiddenPlace(src.Path)
		runs := src.State == filesystem.Orphan || by != ""
		switch {
		case hides && runs:
			return High, "It ran, and it hides: " + whereItHides(src) + "."
		case hides:
			return max(level, Medium), "It hides: " + whereItHides(src) + "."
		case runs && level == Medium:
			return High, "Something starts it by itself."
		}
	}
	return level, ""
}

func whereItHides(s *artifact.Source) string {
	switch {
	case s.State == filesystem.Orphan:
		return "its name was taken away while it was open"
	case tempPlace(s.Path):
		return "it stands in a folder that everybody may write"
	}
	return "it stands in a hidden folder, or is hidden itself"
}

// tempPlace says whether a path is in a folder that everybody may write.
func tempPlace(p string) bool {
	for _, d := range []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/dev/mqueue/", "/run/lock/", "/var/lock/"} {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return false
}

// hiddenPlace says whether a part of a path is hidden, outside of homes, where
// programs keep their settings so.
func hiddenPlace(p string) bool {
	inHome := strings.HasPrefix(p, "/home/") || strings.HasPrefix(p, "/root/")
	for _, part := range strings.Split(p, "/") {
		switch {
		case strings.Trim(part, ". ") == "" && len(part) > 2: // "...", ".. "
			return true
		case strings.HasPrefix(part, ".") && !inHome && part != ".git" && part != ".build-id" && part != ".well-known":
			return true
		}
	}
	return false
}

func isLogPlace(p string) bool {
	for _, d := range []string{"/var/log/", "/var/mail/", "/var/spool/mail/", "/var/lib/docker/containers/"} {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return false
}

// isDocument says whether a name is that of something to read, or of a scanner's
// signatures.
func isDocument(p string) bool {
	switch strings.ToLower(path.Ext(p)) {
	case ".md", ".markdown", ".txt", ".rst", ".adoc", ".org", ".tex", ".html", ".htm", ".xml", ".csv", ".tsv", ".log", ".eml", ".mbox", ".ipynb",
		".yar", ".yara", ".rule", ".rules", ".yml", ".yaml", ".ndb", ".ldb", ".hdb", ".hsb", ".sig", ".dat", ".ioc", ".stix", ".json", ".patch", ".diff", ".po":
		return true
	}
	for _, d := range []string{"/usr/share/doc/", "/usr/share/man/", "/var/lib/clamav/", "/usr/local/maldetect/sigs/", "/etc/falco/", "/etc/suricata/", "/var/lib/suricata/", "/etc/snort/", "/var/ossec/"} {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return false
}
