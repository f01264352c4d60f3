package forensics

import (
	"icecore/forensics/indicators"
	"icecore/forensics/model"
	"icecore/forensics/osv"
	"icecore/forensics/text"
)

// maxListGaps are the lines of lists that the coverage names.
const maxListGaps = 20

// indicators reads the lists of indicators. What of them is not in force stands in the
// coverage.
func (a *Analysis) indicators(paths []string) (*indicators.Set, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	set, err := indicators.Load(paths)
	if err != nil {
		return nil, err
	}
	for n, p := range set.Problems {
		what, why := model.Msg("gap.indicators", "file", p.File, "line", lineValue(p.Line)), model.Msg("why.error", "error", text.Raw(p.Why))
		if n == maxListGaps {
			what, why = model.Msg("gap.indicators.more", "count", len(set.Problems)-n), model.Msg("why.more", "limit", maxListGaps)
		}
		a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{
			Subject: model.SubjectRule, Source: model.Source{DiskOffset: -1}, What: what, Why: why, Weight: model.Minor,
		})
		if n == maxListGaps {
			break
		}
	}
	return set, nil
}

// advisories reads those about packages, besides the embedded ones.
func (a *Analysis) advisories(paths []string) (*osv.DB, error) {
	db, err := osv.Load(paths)
	if err != nil {
		return nil, err
	}
	for _, p := range db.Problems {
		a.Coverage.Gaps = append(a.Coverage.Gaps, model.Gap{
			Subject: model.SubjectRule, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.advisories", "file", p.File),
			Why: model.Msg("why.error", "error", text.Raw(p.Why)), Weight: model.Minor,
		})
	}
	return db, nil
}
