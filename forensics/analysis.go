package forensics

import (
	"icecore/forensics/content/engine"
	"icecore/forensics/model"
)

// Analysis is everything learnt from one image; see [model.Analysis].
type Analysis struct {
	model.Analysis

	// RuleWarnings are what the compiler had to say of the YARA rules that are in force:
	// mostly that one is slow. They are no part of what is written.
	RuleWarnings []engine.Problem
}
