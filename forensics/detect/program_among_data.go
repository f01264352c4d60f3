package detect

import "icecore/forensics/model"

func programAmongData() Analysis {
	return Analysis{
		Name: "program_among_data", Level: Medium, Phase: PhaseExecution, Techniques: []string{"T1036.005"},
		Title:          model.Msg("program_among_data.title"),
		Description:    model.Msg("program_among_data.about"),
		FalsePositives: model.Msg("program_among_data.benign"),
		run:            (*collection).amongData,
	}
}

// amongData weighs a program that nobody is known to have brought and that stands nearly
// alone among data: what starts it makes it more than a file that somebody left.
func (c *collection) amongData(a *Analysis) {
	for i := range c.in.Records {
		c.amongDataRecord(a, &c.in.Records[i])
	}
}

func (c *collection) amongDataRecord(a *Analysis, rec *model.Record) {
	if rec.Kind != model.FileNotable || rec.Get("what") != "data_elf" || rec.Source.State != model.Live {
		return
	}
	f := c.found(a, rec)
	f.Message = model.Msg("program_among_data.title")
	if by := c.starter(&rec.Source); by != "" {
		f.list(by)
		f.Add("judge.started")
	} else {
		f.Level = Low
	}
	c.add(f)
}
