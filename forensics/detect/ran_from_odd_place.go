package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

func ranFromSuspiciousPath() Analysis {
	return Analysis{
		Name: "ran_from_odd_place", Level: Medium, Phase: PhaseExecution, Techniques: []string{"T1564.001", "T1059"},
		Title:          model.Msg("ran_from_odd_place.about"),
		Description:    model.Msg("ran_from_odd_place.about.text"),
		FalsePositives: model.Msg("ran_from_odd_place.benign"),
		run:            (*collection).ran,
	}
}

// executions are the records that prove that something ran, by what it was.
type executions struct {
	programs, units map[fileKey][]*model.Record
	order           []fileKey // of the programs
}

func (c *collection) executions() executions {
	e := executions{programs: make(map[fileKey][]*model.Record), units: make(map[fileKey][]*model.Record)}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if twins.Elsewhere(r) {
			continue
		}
		switch r.Kind {
		case model.JournalProgram:
			k := fileKey{twins.System(r), path.Clean(r.Get("program"))}
			if e.programs[k] == nil {
				e.order = append(e.order, k)
			}
			e.programs[k] = append(e.programs[k], r)
		case model.UnitStarted:
			if u := r.Get("unit"); u != "" {
				k := fileKey{twins.System(r), u}
				e.units[k] = append(e.units[k], r)
			}
		}
	}
	return e
}

// ran adds to the findings about programs and units that they ran, where a log states
// it; and names programs that ran where none belongs, though no other finding is about
// them: they may be gone.
func (c *collection) ran(a *Analysis) {
	e := c.executions()
	stated := make(map[fileKey]bool)
	for i := range c.findings {
		f := &c.findings[i]
		rec := c.byID[f.Records[0]]
		if f.Level < Medium {
			continue
		}
		switch rec.Kind {
		case model.YARAMatch, model.FileNotable:
			k := fileKey{twins.System(rec), path.Clean(rec.Source.InHost())}
			stated[k] = true
			f.ranProgram(e.programs[k])
		case model.SystemdExec:
			// Of a unit's template, the log names instances.
			f.ranUnit(e.units[fileKey{twins.System(rec), rec.Get("unit")}])
		}
	}
	for _, k := range e.order {
		temp, hidden := tempPlace(k.path), hiddenPlace(k.path)
		if stated[k] || !temp && !hidden || !path.IsAbs(k.path) {
			continue
		}
		rec := e.programs[k][0]
		f := c.found(a, rec)
		f.Level, f.Message, f.Techniques = Low, model.Msg("ran_from_odd_place.title.hidden"), []string{"T1564.001"}
		switch {
		case temp && !hidden:
			f.Message, f.Techniques = model.Msg("ran_from_odd_place.title.temp"), []string{"T1059"}
		case temp && !strings.HasPrefix(k.path, "/tmp/.mount_"): // an AppImage's
			f.Level, f.Message = Medium, model.Msg("ran_from_odd_place.title.both")
		}
		f.Add("ran_from_odd_place.program", "program", k.path)
		if c.in.Lookup != nil && c.lookup(rec.Source.Host, k.path) == nil {
			f.Add("ran_from_odd_place.gone")
		}
		f.Records = nil
		f.ranProgram(e.programs[k])
		c.add(f)
	}
}
