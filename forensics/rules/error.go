package rules

import (
	"fmt"

	"icecore/forensics/content/engine"
	"icecore/forensics/text"
)

// Error says that rules that the user named cannot be used at all, and why: the first
// thing that is wrong.
type Error struct {
	File string // on the analyst's machine
	Line int    // 0: unknown
	Why  string
}

// Error writes FILE:LINE: what is wrong.
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", text.Escape(e.File), e.Line, text.EscapeOnce(e.Why))
	}
	return fmt.Sprintf("%s: %s", text.Escape(e.File), text.EscapeOnce(e.Why))
}

// firstOf makes an error of the first problem of some files; path stands for them.
func firstOf(path string, files []string, problems []engine.Problem) *Error {
	for _, f := range files {
		for _, p := range problems {
			if p.File == f && !p.Warning {
				return &Error{p.File, p.Line, p.Text}
			}
		}
	}
	return &Error{File: path, Why: "it holds no rule that can be used"}
}
