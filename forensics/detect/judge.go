package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

// judge weighs the level that the YARA rules state by what else is known of the
// file: what it is, where it stands, whether something runs it. It gives the level
// and why it was changed.
//
// What a text says proves little while nothing runs it: signatures, block lists,
// notes and logs quote what they warn of. What a program holds proves more the
// more it hides.
func (c *collection) judge(level Level, top *model.Record, techniques []string) (Level, model.Message) {
	src := &top.Source
	by := c.starter(src)
	switch top.Get("file_type") {
	case "text":
		// A configuration is judged by its keys; it is not run in any case.
		if isMining(techniques) || level <= Low || by != "" || src.State != model.Live || hiddenPlace(src.Path) {
			return level, model.Message{}
		}
		switch {
		case isLogPlace(src.Path):
			return Low, model.Msg("judge.log")
		case isDocument(src.Path):
			return Low, model.Msg("judge.document")
		}
	case "elf":
		if top.Get("owner") != "" || src.State == model.Deleted || level >= High || level < Low {
			return level, model.Message{}
		}
		hides := src.State == model.Orphan || tempPlace(src.Path) || hiddenPlace(src.Path)
		runs := src.State == model.Orphan || by != ""
		switch {
		case hides && runs:
			return High, model.Msg("judge.ran_hidden", "place", hidingPlace(src))
		case hides:
			return Medium, model.Msg("judge.hidden", "place", hidingPlace(src))
		case runs && level == Medium:
			return High, model.Msg("judge.started")
		}
	}
	return level, model.Message{}
}

func hidingPlace(s *model.Source) model.Message {
	switch {
	case s.State == model.Orphan:
		return model.Msg("judge.place.orphan")
	case tempPlace(s.Path):
		return model.Msg("judge.place.temp")
	}
	return model.Msg("judge.place.hidden")
}

// tempPlace says whether a path is in a world-writable directory.
func tempPlace(p string) bool {
	for _, d := range []string{
		"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/dev/mqueue/", "/run/lock/",
		"/var/lock/",
	} {
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
	case ".md", ".markdown", ".txt", ".rst", ".adoc", ".org", ".tex", ".html", ".htm", ".xml", ".csv", ".tsv", ".log",
		".eml", ".mbox", ".ipynb",
		".yar", ".yara", ".rule", ".rules", ".yml", ".yaml", ".ndb", ".ldb", ".hdb", ".hsb", ".sig", ".dat", ".ioc",
		".stix", ".json", ".patch", ".diff", ".po":
		return true
	}
	for _, d := range []string{
		"/usr/share/doc/", "/usr/share/man/", "/var/lib/clamav/", "/usr/local/maldetect/sigs/",
		"/etc/falco/", "/etc/suricata/", "/var/lib/suricata/", "/etc/snort/", "/var/ossec/",
	} {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return false
}
