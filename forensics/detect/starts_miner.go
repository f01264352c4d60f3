package detect

import "icecore/forensics/model"

func startsMiner() Analysis {
	return Analysis{
		Name: "starts_miner", Level: Critical, Phase: PhasePersistence,
		Techniques:     []string{"T1053.003", "T1543.002", "T1037.004", "T1546.004", "T1496.001"},
		Title:          model.Msg("starts_miner.title"),
		Description:    model.Msg("starts_miner.about"),
		FalsePositives: model.Msg("starts_miner.benign"),
		run:            (*collection).startMiners,
	}
}

// startMiners looks for records that name a program in which a rule found a miner. What
// Sigma rules say of the same record is raised; a log proves that it ran, not that it will.
func (c *collection) startMiners(a *Analysis) {
	if len(c.miners) == 0 {
		return
	}
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind == model.PackageScript || c.secondary(rec) {
			continue // a maintainer script is weighed by its own analysis
		}
		miner, program := c.startsMiner(rec)
		if miner == nil {
			continue
		}
		if at, ok := c.byRecord[rec.ID]; ok {
			// What starts something is raised from any level; a text that names the
			// program must be suspicious by itself.
			if f := &c.findings[at]; f.Level >= Medium || rec.Kind.IsAutostart() {
				f.startsMiner(miner, program, rec)
			}
			continue
		}
		if !rec.Kind.IsAutostart() {
			continue
		}
		f := c.found(a, rec)
		f.Techniques = []string{rec.Kind.Technique()}
		f.Message = model.Msg("starts_miner.title")
		f.startsMiner(miner, program, rec)
		if why := rec.Get("ignored"); why != "" {
			f.Add("finding.ignored", "reason", why)
		}
		c.state(rec.ID, &f)
	}
}

// startsMiner says whether a record names a program that holds a miner.
func (c *collection) startsMiner(rec *model.Record) (*minerFile, string) {
	if len(c.miners) == 0 || !rec.Has("programs") {
		return nil, ""
	}
	for _, p := range c.programs(rec) {
		for _, name := range []string{p.named, p.real} {
			if m, ok := c.miners[fileKey{rec.Source.Host, name}]; ok {
				return &m, p.named
			}
		}
	}
	return nil, ""
}

// startsMiner raises a finding about a record that starts a miner; one of what does not
// run as it is by one level less.
func (f *Finding) startsMiner(m *minerFile, program string, rec *model.Record) {
	f.Level = Critical
	if rec.Has("ignored") {
		f.Level = High
	}
	f.own = false // whatever rule named it, that the program is a miner is enough
	f.Records = union(f.Records, []string{m.record})
	f.Techniques = union(f.Techniques, []string{"T1496.001"})
	f.Add("starts_miner.program", "program", program, "rule", m.rule)
}
