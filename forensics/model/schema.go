package model

import (
	_ "embed"
	"slices"
)

//go:embed analysis.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of the JSON form of an [Analysis] as this
// version writes it. It names the kinds and fields of this version; docs/analysis-json.md
// says what a later one may add.
func Schema() []byte { return slices.Clone(schema) }
