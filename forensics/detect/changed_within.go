package detect

import (
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

func changedWithin() Analysis {
	return Analysis{
		Name: "changed_within", Level: High, Phase: PhasePersistence, Techniques: []string{"T1543", "T1053", "T1546", "T1098"},
		Title:          model.Msg("changed_within.about"),
		Description:    model.Msg("changed_within.about.text"),
		FalsePositives: model.Msg("changed_within.benign"),
		run:            (*collection).changedAlone,
	}
}

// maxChangedWithin bounds these findings; the files are all listed as touched.
const maxChangedWithin = 500

// changedAlone points at files that start something, let somebody in or configure the
// system, that changed while an intruder was present, that nobody else is known to have
// brought, and of which no finding speaks yet: what they hold may look as ordinary as an
// intruder wants it to.
func (c *collection) changedAlone(a *Analysis) {
	hosts := byHost(c.windows)
	if len(hosts) == 0 {
		return
	}
	spoken := c.proofFiles()
	n := 0
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		ref := fileRef{rec.Source.Volume, rec.Source.Inode, 0}
		level := weightWithin(rec)
		if level == None || spoken[ref] || rec.Source.State != model.Live || rec.Has("ignored") {
			continue
		}
		w, at := c.within(hosts, rec)
		if w == nil || !c.unexplained(rec) {
			continue
		}
		spoken[ref] = true
		if ff := c.lookup(rec.Source.Host, rec.Source.InHost()); level == Low && ff != nil && ff.Inode != nil && ff.Inode.Flags&filesystem.FlagImmutable != 0 {
			level = Medium // nobody should change it back
		}
		if n++; n > maxChangedWithin {
			return
		}
		f := c.found(a, rec)
		f.Level, f.within = level, true
		f.When = model.When{Time: at, Meaning: model.Inferred, Basis: "changed"}
		if t := rec.Kind.Technique(); t != "" {
			f.Techniques = []string{t}
		}
		switch {
		case rec.Kind == model.MinerConfig:
			f.Phase, f.Message = PhaseMining, model.Msg("changed_within.title.wallet")
		case rec.Kind.IsAutostart():
			f.Message = model.Msg("changed_within.title.start")
		case rec.Kind.IsAccount():
			f.Message = model.Msg("changed_within.title.account")
		default:
			f.Message = model.Msg("changed_within.title.file")
		}
		f.Add("changed_within.window", "window", w.ID, "time", at, "from", w.From, "until", w.Until)
		c.add(f)
	}
}

// weightWithin says how much it means that the file of a record changed; None: nothing, or
// other analyses judge that.
func weightWithin(rec *model.Record) Level {
	info := rec.Kind.Info()
	switch {
	case info == nil || rec.Kind.IsLog():
		return None
	case rec.Kind == model.MinerConfig && rec.Has("wallet") && (rec.Get("file_type") == "elf" || rec.Get("file_type") == "script"):
		return High
	case info.Group == model.GroupPackages, info.Group == model.GroupContainers, info.Group == model.GroupFiles:
		return None // written by package managers, engines; what a file is, the rules have judged
	case rec.Kind == model.SSHKey, rec.Kind.IsAutostart():
		return Medium
	case strings.HasPrefix(rec.Source.InHost(), "/etc/"):
		return Low
	}
	return None
}
