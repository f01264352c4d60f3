package detect

import (
	"path"
	"slices"
	"strings"

	"icecore/forensics/model"
)

func pamOpens() Analysis {
	return Analysis{
		Name: "pam_opens", Level: High, Phase: PhasePersistence, Techniques: []string{"T1556.003"},
		Title:          model.Msg("pam_opens.about"),
		Description:    model.Msg("pam_opens.about.text"),
		FalsePositives: model.Msg("pam_opens.benign"),
		run:            (*collection).pamDoors,
	}
}

// pamOpen is a line that lets somebody in, and where.
type pamOpen struct {
	rec        *model.Record
	conditions []*model.Record
	services   []string
}

// pamDoors goes through the authentication stacks of each host for somebody who has no
// password, and reports the lines that let them in.
func (c *collection) pamDoors(a *Analysis) {
	hosts := make(map[string]map[string][]*model.Record)
	var order []string
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.PAMLine || r.Source.State != model.Live {
			continue
		}
		h := r.Source.Host
		if hosts[h] == nil {
			hosts[h] = make(map[string][]*model.Record)
			order = append(order, h)
		}
		service := r.Get("service")
		// A file of /etc stands in place of the vendor's.
		if old := hosts[h][service]; len(old) > 0 && old[0].Source.InHost() != r.Source.InHost() {
			if !strings.HasPrefix(r.Source.InHost(), "/etc/") {
				continue
			}
			hosts[h][service] = nil
		}
		hosts[h][service] = append(hosts[h][service], r)
	}
	for _, h := range order {
		c.pamHost(a, hosts[h])
	}
}

func (c *collection) pamHost(a *Analysis, services map[string][]*model.Record) {
	byLine := make(map[string]*pamOpen)
	var lines []string
	names := make([]string, 0, len(services))
	for name, list := range services {
		slices.SortStableFunc(list, func(x, y *model.Record) int { return int(x.Source.Offset - y.Source.Offset) })
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !entrance(name) {
			continue
		}
		s := &pamStack{lines: services}
		d := s.open(name)
		if d == nil || d.opens == nil {
			continue
		}
		if byLine[d.opens.ID] == nil {
			byLine[d.opens.ID] = &pamOpen{rec: d.opens, conditions: d.conditions}
			lines = append(lines, d.opens.ID)
		}
		o := byLine[d.opens.ID]
		o.services = append(o.services, name)
		if len(d.conditions) < len(o.conditions) {
			o.conditions = d.conditions
		}
	}
	for _, id := range lines {
		c.pamOpened(a, byLine[id])
	}
}

func (c *collection) pamOpened(a *Analysis, o *pamOpen) {
	f := c.found(a, o.rec)
	f.Message = model.Msg("pam_opens.title", "services", o.services[:min(len(o.services), maxHosts)])
	f.Add("pam_opens.line", "module", path.Base(o.rec.Get("module")), "control", o.rec.Get("control"))
	for i, r := range o.conditions {
		if i == 0 {
			f.Level = Medium
			f.Message = model.Msg("pam_opens.title.some", "services", o.services[:min(len(o.services), maxHosts)])
		}
		f.list(r.ID)
		f.Add("pam_opens.condition", "module", path.Base(r.Get("module")), "arguments", r.List("arguments"))
		if granted(r) {
			f.Level = Low
		}
	}
	c.add(f)
}

// granted says whether a condition is a grant to a group that administrators make by
// design: pam_wheel's trust, and the groups of desktops.
func granted(r *model.Record) bool {
	args := strings.Join(r.List("arguments"), " ")
	return strings.HasPrefix(path.Base(r.Get("module")), "pam_wheel") || strings.Contains(args, "ingroup nopasswdlogin") || strings.Contains(args, "ingroup autologin")
}

// entrance says whether who passes the stack of a service is in: not the greeter of a
// desktop, or the tools of root.
func entrance(service string) bool {
	if ofDaemon(service) && !strings.Contains(service, "autologin") && !strings.Contains(service, "greeter") {
		return true
	}
	for _, p := range []string{"su", "su-l", "doas", "common-auth", "system-auth", "password-auth", "system-auth-ac", "password-auth-ac", "system-login", "system-remote-login", "system-local-login", "other"} {
		if service == p {
			return true
		}
	}
	return false
}
