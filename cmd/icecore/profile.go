package main

import (
	"context"
	"fmt"

	"icecore/forensics"
	"icecore/forensics/report"
)

// profileRules prints what each YARA rule costs on the content of an image.
func (a *app) profileRules(ctx context.Context, image string, o forensics.Options, p *progress) error {
	prof, err := forensics.ProfileRules(ctx, image, o)
	p.done()
	if err != nil {
		return err
	}
	w := &errWriter{w: a.out}
	if a.format == "json" {
		return report.AsJSON(w, prof)
	}
	var rows [][]string
	for _, r := range prof.Rules {
		noise := 0.0
		for _, s := range prof.Sets {
			if s.For == r.For {
				noise = s.NoiseMsMB
			}
		}
		cost := fmt.Sprintf("%.1f", r.Cost)
		switch {
		case r.Error != "":
			cost = r.Error
		case r.Cost <= noise:
			cost = fmt.Sprintf("below %.1f", noise)
		}
		rows = append(rows, []string{cost, r.For, r.Name, fmt.Sprint(r.Matches), fmt.Sprintf("%s:%d", r.File, r.Line)})
	}
	if err := report.Table(w, []string{"ms/100 MB", "content", "rule", "matches", "file"}, rows, a.columns()); err != nil {
		return err
	}
	for _, s := range prof.Sets {
		fmt.Fprintf(w, "%s: %d rules together: %.0f MB per CPU-second (a rule that looks for nothing: %.0f), over %d files, %d bytes\n", s.For, s.Rules, s.MBPerSec, s.FloorMB, s.Files, s.Bytes)
	}
	fmt.Fprintf(w, "How: %s.\n", prof.Method)
	return w.err
}
