package detect

import "icecore/forensics/model"

func tunedForMining() Analysis {
	return Analysis{
		Name: "tuned_for_mining", Level: Low, Phase: PhaseMining, Techniques: []string{"T1496.001"},
		Title:          model.Msg("tuned_for_mining.title"),
		Description:    model.Msg("tuned_for_mining.about"),
		FalsePositives: model.Msg("tuned_for_mining.benign"),
		run:            (*collection).tuned,
	}
}

// tuned looks for settings of the kernel that miners ask for. Databases ask for
// huge pages, and virtual machines have no watchdog: only together do they count, and no
// more than that, since hosts of databases and of network functions have all of them.
func (c *collection) tuned(a *Analysis) {
	var pages, watchdog, msr *model.Record
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Source.State != model.Live {
			continue
		}
		switch {
		case r.Kind == model.KernelSetting && r.Get("name") == "vm.nr_hugepages" && number(r.Get("value")) > 0:
			pages = r
		case r.Kind == model.KernelSetting && r.Get("name") == "kernel.nmi_watchdog" && r.Get("value") == "0":
			watchdog = r
		case r.Kind == model.KernelModule && r.Get("module") == "msr":
			msr = r
		}
	}
	if pages == nil || watchdog == nil && msr == nil {
		return
	}
	f := c.found(a, pages)
	f.Message = model.Msg("tuned_for_mining.title")
	f.Add("tuned_for_mining.pages", "pages", pages.Get("value"))
	if watchdog != nil {
		f.Add("tuned_for_mining.watchdog", "path", watchdog.Source.InHost())
		f.Records = append(f.Records, watchdog.ID)
	} else {
		f.Add("tuned_for_mining.msr", "path", msr.Source.InHost())
		f.Records = append(f.Records, msr.ID)
	}
	c.add(f)
}
