// Package model holds the facts of an analysis and their JSON form, both ways: the
// record, its source and its times, the table of kinds, the finding, the coverage, the
// verdict, and the analysis that joins them. Everything else in the library turns
// something into these values, or these values into something that a person or a
// program reads. It imports no room but text, whose escaping the JSON form needs.
//
// Strings are bytes as on the disk: they need not be UTF-8. In JSON a byte that is
// not part of a printable character, and the backslash, is written \xNN, and read
// back into the same byte: an analysis that is written, read and written again gives
// the same bytes.
//
// A fact about a kind of record (the types of its fields, whether it starts something,
// which ATT&CK technique it stands for) stands in the table of kinds and nowhere else;
// see [Kinds]. A finding holds message ids with parameters; the sentences are made by
// package message.
//
// The JSON form is described by analysis.schema.json in this directory ([Schema]), and
// docs/analysis-json.md says what may change in it.
package model
