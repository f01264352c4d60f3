package model

import "slices"

// Escaped returns a copy of an analysis in which every text is escaped, for writers of
// text: whatever they take from it is safe to show. What needs no escaping is shared
// with the original.
func (a *Analysis) Escaped() *Analysis {
	out := *a
	out.Tool.Name, out.Tool.Version = escape(a.Tool.Name), escape(a.Tool.Version)
	out.Image = a.Image.Escaped()
	out.Snapshot.Source = escape(a.Snapshot.Source)
	out.Volumes = each(a.Volumes, Volume.Escaped)
	out.Hosts = each(a.Hosts, Host.Escaped)
	out.Findings = each(a.Findings, Finding.Escaped)
	out.Records = each(a.Records, Record.Escaped)
	out.Story = each(a.Story, func(l StoryLine) StoryLine {
		l.Message, l.Text = l.Message.Escaped(), escape(l.Text)
		return l
	})
	out.Verdict.NotRead = each(a.Verdict.NotRead, Gap.Escaped)
	out.Coverage.Gaps = each(a.Coverage.Gaps, Gap.Escaped)
	return &out
}

func each[T any](list []T, fn func(T) T) []T {
	out := make([]T, len(list))
	for i := range list {
		out[i] = fn(list[i])
	}
	return out
}

// Escaped returns a copy whose texts are escaped.
func (i Image) Escaped() Image {
	i.Path, i.Format = escape(i.Path), escape(i.Format)
	i.Files = each(i.Files, func(f ImageFile) ImageFile { f.Path = escape(f.Path); return f })
	return i
}

// Escaped returns a copy whose texts are escaped.
func (v Volume) Escaped() Volume {
	v.Scheme, v.Filesystem, v.UUID = escape(v.Scheme), escape(v.Filesystem), escape(v.UUID)
	v.Type, v.Label, v.Reason = escape(v.Type), escape(v.Label), escape(v.Reason)
	return v
}

// Escaped returns a copy whose texts are escaped.
func (h Host) Escaped() Host {
	h.Root, h.Hostname, h.OS, h.OSID = escape(h.Root), escape(h.Hostname), escape(h.OS), escape(h.OSID)
	h.MachineID, h.Timezone = escape(h.MachineID), escape(h.Timezone)
	h.Name, h.Image = escape(h.Name), escape(h.Image)
	h.Mounts = each(h.Mounts, Mount.Escaped)
	return h
}

// Escaped returns a copy whose texts are escaped.
func (m Mount) Escaped() Mount {
	m.Target, m.Device, m.Type, m.Options = escape(m.Target), escape(m.Device), escape(m.Type), escapeAll(m.Options)
	return m
}

// Escaped returns a copy whose texts are escaped.
func (s Source) Escaped() Source {
	s.Path, s.HostPath, s.Member = escape(s.Path), escape(s.HostPath), escape(s.Member)
	return s
}

// Escaped returns a copy whose texts are escaped.
func (f Finding) Escaped() Finding {
	f.Rule, f.Title, f.Description, f.Excerpt = escape(f.Rule), escape(f.Title), escape(f.Description), escape(f.Excerpt)
	f.Techniques = escapeAll(f.Techniques)
	f.Source = f.Source.Escaped()
	f.Message = f.Message.Escaped()
	f.Details = each(f.Details, Message.Escaped)
	return f
}

// Escaped returns a copy whose texts are escaped.
func (g Gap) Escaped() Gap {
	g.Source = g.Source.Escaped()
	g.What, g.Why = g.What.Escaped(), g.Why.Escaped()
	g.WhatText, g.WhyText = escape(g.WhatText), escape(g.WhyText)
	return g
}

// Escaped returns a copy whose texts are escaped.
func (m Message) Escaped() Message {
	if len(m.Params) == 0 {
		return m
	}
	params := make(Params, len(m.Params))
	for k, v := range m.Params {
		v.text = escape(v.text)
		if v.list != nil {
			v.list = escapeAll(v.list)
		}
		if v.msg != nil {
			m := v.msg.Escaped()
			v.msg = &m
		}
		params[k] = v
	}
	m.Params = params
	return m
}

// Escaped returns a copy whose texts are escaped.
func (r Record) Escaped() Record {
	r.Source = r.Source.Escaped()
	for i := range r.Fields {
		f := &r.Fields[i]
		if slices.Equal(escapeAll(f.Items()), f.Items()) {
			continue
		}
		r.Fields = slices.Clone(r.Fields)
		for j := range r.Fields {
			f := &r.Fields[j]
			f.text = escape(f.text)
			if f.list != nil {
				l := escapeAll(*f.list)
				f.list = &l
			}
		}
		break
	}
	return r
}
