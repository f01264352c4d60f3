package forensics

import (
	"context"

	"icecore/forensics/artifact/all"
	"icecore/forensics/model"
	"icecore/forensics/search"
)

// What package search calls theirs.
type (
	SearchHit      = search.Hit
	SearchStats    = search.Stats
	SearchPattern  = search.Pattern
	PatternOptions = search.PatternOptions
)

// SearchOptions say where an image is searched, and how it is read.
type SearchOptions struct {
	Options
	In    []string // some of SearchPlaces; none: all
	Limit int      // hits at the most; 0: all
}

// SearchPlaces lists where can be searched: records, logs, files.
func SearchPlaces() []string { return search.Places }

// ParsePattern reads a pattern; see [search.Parse].
func ParsePattern(s string, o PatternOptions) (*SearchPattern, error) { return search.Parse(s, o) }

// SearchImage searches an image and calls fn for each hit, in one order; see package
// search. Where records are searched, all files are read before, for the artifacts and the
// configurations of miners in them; but not by YARA.
func SearchImage(ctx context.Context, img *Image, p *SearchPattern, o SearchOptions, fn func(*SearchHit) error) (SearchStats, error) {
	so := search.Options{
		In: o.In, Volume: o.Scan.Volume, NoDeleted: o.Scan.NoDeleted, Limit: o.Limit, Jobs: o.Scan.Jobs, Progress: o.Output.Progress,
	}
	var records []model.Record
	var gaps []Gap
	if so.Has(search.Records) {
		opts := o.Options
		opts.Scan.NoYARA, opts.Rules = true, RuleOptions{NoBuiltin: true}
		a, _, err := analyze(ctx, img, opts, all.Extractors(), false)
		if err != nil {
			return SearchStats{}, err
		}
		records = a.Records
		for _, g := range a.Coverage.Gaps {
			if g.Subject == model.SubjectExtractor {
				gaps = append(gaps, g)
			}
		}
	}
	stats, err := search.Image(ctx, img, records, p, so, fn)
	stats.Gaps = completed(append(append(gaps, img.Gaps...), stats.Gaps...))
	return stats, err
}

// Search searches the records of an analysis.
func (a *Analysis) Search(p *SearchPattern, limit int, fn func(*SearchHit) error) (SearchStats, error) {
	stats, err := search.Analysis(a.Records, p, search.Options{Limit: limit}, fn)
	stats.Gaps = a.unreadParts()
	return stats, err
}
