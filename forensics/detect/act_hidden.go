package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

// readHidden says whether all that a record runs at hidden paths are scripts that were read:
// each of them is judged by what it does. What one of them does that is serious falls back
// on the autostart that runs it. In a script that is started, it also takes what lies in
// somebody's home or behind a variable that nobody knows.
func (c *collection) readHidden(rec *model.Record) bool {
	hidden := false
	for _, p := range rec.List("programs") {
		if !strings.Contains(p, "/.") {
			continue
		}
		hidden = true
		if rec.Kind == model.StartedScript && (strings.HasPrefix(p, "$") || strings.HasPrefix(p, "~")) {
			continue
		}
		script := c.read[fileKey{rec.Source.Host, path.Clean(p)}]
		if script == nil {
			return false
		}
		if rec.Kind == model.StartedScript {
			continue
		}
		if list := c.weigh(script, classAutostart); len(list) > 0 && list[0].level >= High {
			return false
		}
	}
	return hidden
}

// readScripts gives the scripts that were read because something starts them.
func readScripts(records []model.Record) map[fileKey]*model.Record {
	out := make(map[fileKey]*model.Record)
	for i := range records {
		if r := &records[i]; r.Kind == model.StartedScript {
			k := keyOf(&r.Source)
			out[k] = r
			// A blank in a name that is quoted by a backslash ends it for some.
			if first, _, cut := strings.Cut(k.path, " "); cut {
				out[fileKey{k.host, first}] = r
			}
		}
	}
	return out
}
