//go:build cgo && !yara_bundled

package engine

import yara "github.com/hillu/go-yara/v4"

// Backend names the YARA that this program was built with.
const Backend = "the system's libyara"

type (
	yrRules   = yara.Rules
	yrScanner = yara.Scanner
	yrMatches = yara.MatchRules
	yrMessage = yara.CompilerMessage
)

// How content is scanned: without YARA's own handlers of signals (SCAN_FLAGS_NO_TRYCATCH), which
// take SIGSEGV from Go for the whole process: a fault of a reader that Go would have made
// a panic, which costs one file, then costs everything. They protect from files that
// shrink while they are mapped; what is scanned here is memory.
const (
	yrFlags = 4
	yrFast  = yara.ScanFlagsFastMode | yrFlags
)

func newCompiler() (*yara.Compiler, error) { return yara.NewCompiler() }

func newScanner(r *yrRules) (*yrScanner, error) { return yara.NewScanner(r) }
