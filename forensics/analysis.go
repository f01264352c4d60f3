package forensics

import (
	"io"

	"icecore/forensics/content/engine"
	"icecore/forensics/message"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Analysis is everything learnt from one image; see [model.Analysis].
type Analysis struct {
	model.Analysis

	// RuleWarnings are what the compiler had to say of the YARA rules that are in force:
	// mostly that one is slow. They are no part of what is written.
	RuleWarnings []engine.Problem
}

// NotWritten adds to the coverage that a file of the report could not be written for a
// fault of its writer.
func (a *Analysis) NotWritten(name string, err error) {
	gaps := append(a.Coverage.Gaps, model.Gap{
		Subject: model.SubjectAnalysis, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.report", "name", name),
		Why: model.Msg("why.error", "error", text.Raw(err.Error())), Weight: model.Partial,
	})
	message.English().CompleteGaps(gaps[len(gaps)-1:])
	a.Coverage.Gaps = gaps
}

// Read reads an analysis back that its Write wrote: analysis.json. It has everything but
// RuleWarnings.
func Read(r io.Reader) (*Analysis, error) {
	a, err := model.Read(r)
	if err != nil {
		return nil, err
	}
	return &Analysis{Analysis: *a}, nil
}
