package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

// readHidden says whether all that a record runs at hidden paths are scripts that were read:
// each of them is judged by what it does. In a script that is started it also takes what
// lies in somebody's home or behind a variable that nobody knows.
func (c *collection) readHidden(rec *model.Record) bool {
	hidden := false
	for _, p := range rec.List("programs") {
		if !strings.Contains(p, "/.") {
			continue
		}
		hidden = true
		open := rec.Kind == model.StartedScript && (strings.HasPrefix(p, "$") || strings.HasPrefix(p, "~"))
		if !open && !c.read[fileKey{rec.Source.Host, path.Clean(p)}] {
			return false
		}
	}
	return hidden
}

// readScripts gives the scripts that were read because something starts them.
func readScripts(records []model.Record) map[fileKey]bool {
	out := make(map[fileKey]bool)
	for i := range records {
		if r := &records[i]; r.Kind == model.StartedScript {
			k := keyOf(&r.Source)
			out[k] = true
			// A blank in a name that is quoted by a backslash ends it for some.
			if first, _, cut := strings.Cut(k.path, " "); cut {
				out[fileKey{k.host, first}] = true
			}
		}
	}
	return out
}
