// Package yararules holds the YARA rules that come with icecore.
package yararules

import "embed"

// FS holds the rule files, one a subject.
//
//go:embed *.yar
var FS embed.FS
