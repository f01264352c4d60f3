package forensics

import (
	"bufio"
	"fmt"
	"io"
	"regexp"

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

// Read reads an analysis back that its Write wrote: analysis.json. It has everything but
// RuleWarnings. An analysis of another schema is a [*SchemaError].
func Read(r io.Reader) (*Analysis, error) {
	b := bufio.NewReader(r)
	head, _ := b.Peek(b.Size()) // of a shorter file all there is
	if m := schemaRE.FindSubmatch(head); m != nil && string(m[1]) != model.SchemaName {
		return nil, &SchemaError{Schema: string(m[1])}
	}
	a, err := model.Read(b)
	if err != nil {
		return nil, err
	}
	return &Analysis{Analysis: *a}, nil
}

// schemaRE matches the beginning of an analysis, of which the schema is the first member.
var schemaRE = regexp.MustCompile(`^\s*{\s*"schema"\s*:\s*"(icecore\.analysis/[0-9]{1,9})"`)

// SchemaError says that an analysis was written by a version of icecore whose form this
// one does not read.
type SchemaError struct{ Schema string }

// Error says what to do.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("schema %s is not supported, this version reads %s: analyze the image again", e.Schema, model.SchemaName)
}
