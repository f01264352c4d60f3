//go:build cgo && yara_bundled

package engine

import yara "github.com/Velocidex/go-yara"

// Backend names the YARA that this program was built with.
const Backend = "the YARA inside the module"

type (
	yrRules   = yara.Rules
	yrScanner = yara.Scanner
	yrMatches = yara.MatchRules
	yrMessage = yara.CompilerMessage
)

const yrFast = yara.ScanFlagsFastMode

func newCompiler() (*yara.Compiler, error) { return yara.NewCompiler() }

func newScanner(r *yrRules) (*yrScanner, error) { return yara.NewScanner(r) }
