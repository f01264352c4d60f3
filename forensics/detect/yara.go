package detect

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"icecore/forensics/model"
)

// yara makes one finding of all YARA rules that matched a file.
func (c *collection) yara() {
	type key struct {
		volume  string
		inode   uint64
		version uint32
		member  string
	}
	groups := make(map[key][]*model.Record)
	var order []key
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != model.YARAMatch {
			continue
		}
		k := key{rec.Source.Volume, rec.Source.Inode, rec.Source.Version, rec.Source.Member}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], rec)
	}
	for _, k := range order {
		c.yaraFile(groups[k])
	}
}

func (c *collection) yaraFile(recs []*model.Record) {
	sort.SliceStable(recs, func(i, j int) bool { return metaLevel(recs[i]) > metaLevel(recs[j]) })
	top := recs[0]
	f := c.about(top)
	f.Engine, f.Rule, f.Level, f.own = EngineYARA, top.Get("rule"), metaLevel(top), top.Has("namespace")
	f.Records = nil
	var others []string
	for i, r := range recs {
		f.Records = append(f.Records, r.ID)
		f.Techniques = union(f.Techniques, r.List("technique"))
		if i > 0 {
			others = append(others, r.Get("rule"))
		}
		if !r.Has("namespace") {
			f.firm = max(f.firm, metaLevel(r))
		}
	}
	mines := isMining(f.Techniques)
	f.Message = model.Msg("yara.title", "file", fileNoun(top), "state", fileState(top), "rule", f.Rule)
	if d := top.Get("description"); d != "" {
		f.Add("yara.description", "description", sentence(d))
	}
	if len(others) > 0 {
		f.Add("yara.also", "rules", others)
	}
	c.yaraPackage(&f, top, mines)
	if level, why := c.judge(f.Level, top, f.Techniques); !why.IsZero() {
		f.Level = level
		f.Details = append(f.Details, why)
	}
	if top.Source.State == model.Deleted {
		f.Level = min(f.Level, High) // it was there; nothing says that it ran
	}
	f.Phase = yaraPhase(top.Get("technique"), mines)
	if l := top.List("strings"); len(l) > 0 {
		f.Add("yara.strings", "strings", l)
	}
	if mines && f.Level >= High && top.Source.Path != "" {
		c.miners[keyOf(&top.Source)] = minerFile{f.Rule, f.Level, top.ID}
	}
	c.add(f)
}

// yaraPackage weighs a match by the package that owns the file. What a distribution ships
// is no intruder's, whatever it looks like; a miner that it ships is still one. Only rules
// that name the program are critical: what merely computes a proof of work, as nodes and
// wallets do, is none.
func (c *collection) yaraPackage(f *Finding, top *model.Record, mines bool) {
	owner := top.Get("owner")
	switch {
	case owner == "" || top.Source.State != model.Live:
	case top.Get("package_state") != "intact":
		f.Add("yara.package.owned", "package", owner)
	case mines && f.Level == Critical:
		f.Level = Medium
		f.Add("yara.package.miner", "package", owner)
	default:
		f.Level = min(f.Level, Low)
		f.Add("yara.package.intact", "package", owner)
	}
}

func isMining(techniques []string) bool {
	return slices.Contains(techniques, "T1496.001") || slices.Contains(techniques, "T1496")
}

func yaraPhase(technique string, mines bool) model.Phase {
	starts := func(ids ...string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(technique, id) })
	}
	switch {
	case mines:
		return PhaseMining
	case starts("T1574", "T1505"):
		return PhasePersistence
	case starts("T1014", "T1027"):
		return PhaseEvasion
	}
	return PhaseExecution
}

func fileNoun(r *model.Record) model.Message {
	switch r.Get("file_type") {
	case "elf":
		return model.Msg("yara.file.elf")
	case "script":
		return model.Msg("yara.file.script")
	case "core":
		return model.Msg("yara.file.core")
	}
	return model.Msg("yara.file.other")
}

func fileState(r *model.Record) model.Message {
	switch r.Source.State {
	case model.Orphan:
		return model.Msg("yara.state.orphan")
	case model.Deleted:
		return model.Msg("yara.state.deleted")
	}
	return model.Message{}
}

// sentence gives the text of a rule's author with its first letter in upper case.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func metaLevel(r *model.Record) Level {
	l, err := ParseLevel(r.Get("level"))
	if err != nil {
		return Medium
	}
	return l
}
