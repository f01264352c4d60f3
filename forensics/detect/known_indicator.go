package detect

import (
	"fmt"
	"strings"

	"icecore/forensics/indicators"
	"icecore/forensics/model"
)

func knownIndicator() Analysis {
	return Analysis{
		Name: "known_indicator", Level: High, Phase: PhaseExecution, Techniques: []string{"T1588.001"},
		Title:          model.Msg("known_indicator.about"),
		Description:    model.Msg("known_indicator.about.text"),
		FalsePositives: model.Msg("known_indicator.benign"),
		each:           (*collection).matchIndicators,
	}
}

// maxTokens are the words of a command that are compared with indicators.
const maxTokens = 500

// matchIndicators looks for indicators of the user's lists in a record.
func (c *collection) matchIndicators(rec *model.Record) {
	if c.in.Indicators.Len() == 0 || c.secondary(rec) || len(c.findings) > maxFindings {
		return
	}
	a := knownIndicator()
	if rec.Kind == model.IndicatorMatch {
		c.knownFile(&a, rec)
		return
	}
	i, where := c.indicatorOf(rec)
	if i == nil {
		return
	}
	level := i.Level()
	switch {
	case c.installed(rec) || rec.Kind == model.HostsEntry:
		level = min(level, Low) // a block list names what it blocks
	case rec.Kind == model.AuthFailures || rec.Kind == model.LoginFailures:
		level = min(level, Low) // those who scan all servers stand in every list
	case level >= Medium && (rec.Kind.IsAutostart() || rec.Kind == model.MinerConfig || rec.Kind == model.AuthLogin || rec.Kind == model.LoginSession):
		level = High
	}
	f := c.found(&a, rec)
	f.Level = level
	f.Message = model.Msg("known_indicator.title", "type", string(i.Kind), "value", i.Value, "field", where)
	c.cite(&f, i)
	c.merge(rec.ID, &f)
}

// knownFile makes the finding of a file whose digest or path a list names.
func (c *collection) knownFile(a *Analysis, rec *model.Record) {
	i := &indicators.Indicator{
		Kind: indicators.Kind(rec.Get("type")), Value: rec.Get("value"), Comment: rec.Get("comment"), File: rec.Get("list"), Score: -1,
	}
	if rec.Has("score") {
		i.Score = int(rec.Number("score"))
	}
	f := c.found(a, rec)
	f.Level = i.Level()
	if i.Kind == indicators.Path && (rec.Get("owner") != "" || isDocument(rec.Source.Path)) {
		f.Level = min(f.Level, Low)
	}
	if rec.Get("file_type") == "text" && isDocument(rec.Source.Path) {
		f.Level = min(f.Level, Low)
	}
	f.Message = model.Msg("known_indicator.file", "type", string(i.Kind))
	c.cite(&f, i)
	c.add(f)
}

// cite says which line of which list a finding rests on.
func (c *collection) cite(f *Finding, i *indicators.Indicator) {
	list := i.File
	if i.Line > 0 {
		list = fmt.Sprintf("%s:%d", i.File, i.Line)
	}
	f.Add("known_indicator.list", "list", list, "comment", strings.TrimRight(i.Comment, "."), "score", scoreValue(i.Score))
}

func scoreValue(n int) model.Value {
	if n < 0 {
		return model.Value{}
	}
	return model.ValueOf(n)
}

// indicatorOf gives the indicator that a record names, and the field in which it stands.
func (c *collection) indicatorOf(rec *model.Record) (*indicators.Indicator, string) {
	s := c.in.Indicators
	for n := range rec.Fields {
		f := &rec.Fields[n]
		switch f.Name {
		case "urls":
			for _, u := range f.Items() {
				if i := s.URL(u); i != nil {
					return i, f.Name
				}
				if i := s.Host(hostOf(u)); i != nil {
					return i, f.Name
				}
			}
		case "address", "host", "pool", "names", "proxy":
			for _, h := range f.Items() {
				if i := s.Host(hostOf(h)); i != nil {
					return i, f.Name
				}
			}
		case "wallet":
			if i := s.Wallet(f.Text()); i != nil {
				return i, f.Name
			}
		case "command", "suspicious_line", "decoded", "args":
			if i := wordOf(s, f.Text()); i != nil {
				return i, f.Name
			}
		}
	}
	return nil, ""
}

// wordOf looks for an indicator among the words of a command.
func wordOf(s *indicators.Set, text string) *indicators.Indicator {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\"'`;|&()<>=,@", r) })
	for n, w := range words {
		if n >= maxTokens {
			return nil
		}
		if i := s.Wallet(w); i != nil {
			return i
		}
		if i := s.URL(w); i != nil {
			return i
		}
		if strings.Contains(w, ".") {
			if i := s.Host(hostOf(w)); i != nil {
				return i
			}
		}
		for _, part := range strings.Split(w, "/") { // /dev/tcp/ADDRESS/PORT
			if strings.Count(part, ".") == 3 {
				if i := s.Host(part); i != nil {
					return i
				}
			}
		}
	}
	return nil
}
