// Package report turns an analysis into what a person or a program reads: the
// report for a terminal, JSON, and one HTML page.
//
// The first screen of the terminal report, 80 columns by 24 lines, answers the
// questions: compromised or not, since when, how, which miners and for whom, with
// which proof. What follows is all of it: findings, story, what was not read.
//
// Whatever it writes is free of control characters of the image: they are escaped
// as \xNN. No line is wider than the screen, save one that holds a single long
// word or command to be copied: wallets, hashes, URLs and commands are not broken
// across lines. Every empty result says why it is empty.
package report

import (
	"io"

	"icecore/forensics/model"
)

// Options say how a report looks. The zero value is in English, 100 columns wide and
// without colours.
type Options struct {
	Lang string // the language of the texts, BCP 47; empty: English

	// Of the terminal.
	Width int  // columns
	Color bool // with colours
	All   bool // findings of all levels

	// Of the page, each left out if it is empty.
	Made    string // when it was made, RFC 3339
	Command string // what made it
}

const defaultWidth = 100

// JSON writes an analysis as JSON; see [model.Analysis.Write].
func JSON(w io.Writer, a *model.Analysis) error { return a.Write(w) }
