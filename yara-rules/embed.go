// Package yararules holds the YARA rules that come with icecore, one file a
// subject: those of binary/ look at programs and data, those of text/ at text and
// scripts. docs/rules.md says how to write one and how they are tested.
package yararules

import "embed"

// FS holds the rule files.
//
//go:embed binary/*.yar text/*.yar
var FS embed.FS
