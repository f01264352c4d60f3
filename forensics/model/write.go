package model

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Write writes the analysis as indented JSON, piece by piece, so that the text of a
// large one is never in memory.
func (a *Analysis) Write(w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	e := &writer{w: buffered}
	e.raw("{")
	e.member(1, "schema", a.Schema)
	e.member(1, "tool", a.Tool)
	e.member(1, "image", a.Image)
	if len(a.Others) > 0 {
		array(e, 1, "other_images", a.Others)
	}
	e.member(1, "snapshot", a.Snapshot)
	array(e, 1, "volumes", a.Volumes)
	array(e, 1, "hosts", a.Hosts)
	e.member(1, "verdict", a.Verdict)
	array(e, 1, "findings", a.Findings)
	array(e, 1, "records", a.Records)
	array(e, 1, "story", a.Story)
	array(e, 1, "windows", a.Windows)
	array(e, 1, "touched", a.Touched)
	e.name(1, "coverage")
	e.raw("{")
	e.first = true
	e.member(2, "files", a.Coverage.Files)
	e.member(2, "bytes_scanned", a.Coverage.BytesScanned)
	array(e, 2, "not_read", a.Coverage.Gaps)
	e.raw("\n  }\n}\n")
	if e.err == nil {
		e.err = buffered.Flush()
	}
	return e.err
}

// writer writes JSON piece by piece and keeps the first error.
type writer struct {
	w     io.Writer
	err   error
	first bool // member of its object
	begun bool
	b     bytes.Buffer
}

func (e *writer) raw(s string) {
	if e.err == nil {
		_, e.err = io.WriteString(e.w, s)
	}
}

// value writes a value whose lines stand at a depth of indentation.
func (e *writer) value(depth int, v any) {
	if e.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		e.err = err
		return
	}
	e.b.Reset()
	if e.err = json.Indent(&e.b, b, strings.Repeat("  ", depth), "  "); e.err == nil {
		_, e.err = e.w.Write(e.b.Bytes())
	}
}

// name begins a member of an object.
func (e *writer) name(depth int, name string) {
	if e.begun && !e.first {
		e.raw(",")
	}
	e.begun, e.first = true, false
	e.raw("\n" + strings.Repeat("  ", depth) + "\"" + name + "\": ")
}

func (e *writer) member(depth int, name string, v any) {
	e.name(depth, name)
	e.value(depth, v)
}

func array[T any](e *writer, depth int, name string, items []T) {
	e.name(depth, name)
	if len(items) == 0 {
		e.raw("[]")
		return
	}
	indent := "\n" + strings.Repeat("  ", depth+1)
	for i := range items {
		e.raw([]string{"[", ","}[min(i, 1)] + indent)
		e.value(depth+1, &items[i])
	}
	e.raw("\n" + strings.Repeat("  ", depth) + "]")
}
