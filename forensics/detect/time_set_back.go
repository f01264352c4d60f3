package detect

import (
	"icecore/forensics/model"
)

func timeSetBack() Analysis {
	return Analysis{
		Name: "time_set_back", Level: High, Phase: PhaseEvasion, Techniques: []string{"T1070.006"},
		Title:          model.Msg("time_set_back.title"),
		Description:    model.Msg("time_set_back.about"),
		FalsePositives: model.Msg("time_set_back.benign"),
		run:            (*collection).setBack,
	}
}

// setBack looks for programs whose time of modification is older than the file
// itself. A copy that keeps times and an unpacked archive have that, too: it counts
// where the program is a miner, is run by something, or stands where nothing is
// installed.
func (c *collection) setBack(a *Analysis) {
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != model.FileNotable || rec.Get("what") != "old_mtime" {
			continue
		}
		f := c.found(a, rec)
		f.Message = model.Msg("time_set_back.title")
		f.When = model.When{Time: rec.Time("changed"), Meaning: model.AtLatest, Basis: "changed"}
		f.Add("time_set_back.times", "modified", rec.Time("modified"), "created", rec.Time("created"))
		_, miner := c.miners[keyOf(&rec.Source)]
		starter := c.starter(&rec.Source)
		switch place := rec.Get("place"); {
		case miner:
			f.Add("time_set_back.miner")
		case starter != "":
			f.Add("time_set_back.started")
		case place == "temp" || place == "hidden":
			f.Level = Medium
		default:
			f.Level = Low
		}
		if starter != "" {
			f.Records = append(f.Records, starter)
		}
		c.add(f)
	}
}
