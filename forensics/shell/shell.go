// Package shell says what a command line or script does, as far as an
// investigation cares: which programs it runs, what it fetches, and traits such
// as "gives what it fetched to a shell".
//
// POSIX and bash syntax is parsed (mvdan.cc/sh) and followed: plain assignments,
// `sh -c`, eval, functions, subshells, here-documents, pipes, files that one
// command writes and another runs, and programs that run other programs (sudo,
// nohup, timeout, flock, xargs, ...). What is commented out or merely printed has
// no traits. Text that is no valid shell is judged line by line, then by pattern;
// so are other interpreters' scripts (python, perl, php, ruby). base64 and hex
// are decoded, up to three levels.
//
// Nothing is run. Work is bounded: of an input of more than 512 KiB the beginning
// and the end are read, and nesting, steps and decoded bytes have limits.
//
// What a command does is stated in traits; [Traits] lists them.
package shell

import (
	"bytes"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/text"
)

// Facts is what was learnt of a command.
type Facts struct {
	Programs []string // in the order in which they stand there, each once
	URLs     []string
	Traits   []string // sorted
	Aside    []string // those of the traits that only stand in functions that nothing calls, behind an exit or in if false, sorted
	Decoded  string   // the first encoded text found, decoded
}

// Statement is one statement of a script: a command, a pipeline, a list. Of if,
// case, while, functions and blocks the statements inside are given, each by
// itself.
type Statement struct {
	Line   int   // from 1; 0 where it is not known
	Offset int64 // bytes, in the script
	Length int64
	Text   string // the first 4 KiB
	Facts  Facts

	interpreter string // that of code which is no shell's
}

// Bounds of the work.
const (
	maxInput      = 512 << 10 // bytes of a script
	maxListed     = 64        // programs, URLs
	maxStatements = 20_000
	maxText       = 4096
)

// Has says whether the command has a trait.
func (f *Facts) Has(trait string) bool {
	i := sort.SearchStrings(f.Traits, trait)
	return i < len(f.Traits) && f.Traits[i] == trait
}

// AddTo appends the facts to a record as the lists programs, urls, traits and aside, and
// the field decoded.
func (f *Facts) AddTo(r *artifact.Record) {
	r.AddList("programs", f.Programs)
	r.AddList("urls", f.URLs)
	r.AddList("traits", f.Traits)
	r.AddList("aside", f.Aside)
	r.Add("decoded", f.Decoded)
}

// Analyze reads a command line, or a whole script.
func Analyze(command string) Facts {
	command, raw := takeRaw(command)
	s := newState()
	for _, p := range pieces(command) {
		s.steps = 0
		s.script(p.text, nil)
	}
	return raw.facts(s.facts())
}

// Statements reads a script and gives its statements in order. What one of them
// does (a variable set, a file fetched) is known to those below it.
func Statements(script string) []Statement { return statements(script, "") }

// AnalyzeCode reads code of an interpreter: python, perl, php, ruby, node, lua.
func AnalyzeCode(code, interpreter string) Facts {
	code, raw := takeRaw(code)
	s := newState()
	for _, p := range pieces(code) {
		s.otherScript(interpreter, p.text)
	}
	return raw.facts(s.facts())
}

// statements reads a script of an interpreter, or, without one, of what its first
// line names.
func statements(script, interpreter string) []Statement {
	script, raw := takeRaw(script)
	s := newState()
	if interpreter == "" {
		interpreter = foreign(script)
	}
	var out []Statement
	for _, p := range pieces(script) {
		s.steps = 0
		n := 0
		read := s.script
		if interpreter != "" {
			read = func(text string, fn tell) { s.foreignScript(interpreter, text, fn) }
		}
		read(p.text, func(from, to int, text string, f Facts) {
			if n++; n > maxStatements && (len(f.Traits) == 0 || n > 2*maxStatements) {
				return // those with a trait are given longer
			}
			st := Statement{Offset: p.offset + int64(from), Length: int64(to - from), Text: kept(raw.text(text)), Facts: raw.facts(f), interpreter: interpreter}
			if p.line > 0 {
				st.Line = p.line + strings.Count(p.text[:from], "\n")
			}
			out = append(out, st)
		})
	}
	return out
}

// kept is what of a text is kept to be shown.
func kept(s string) string { return text.Cut(s, maxText) }

// piece is a part of an input.
type piece struct {
	text   string
	offset int64
	line   int // of its first byte; 0: not known
}

// pieces gives an input whole, or its beginning and its end, cut at lines.
func pieces(s string) []piece {
	if len(s) <= maxInput {
		return []piece{{s, 0, 1}}
	}
	head, tail := s[:maxInput/2], s[len(s)-maxInput/2:]
	off := int64(len(s) - maxInput/2)
	if i := strings.LastIndexByte(head, '\n'); i > 0 {
		head = head[:i+1]
	}
	if i := strings.IndexByte(tail, '\n'); i >= 0 && i < len(tail)-1 {
		tail, off = tail[i+1:], off+int64(i)+1
	}
	return []piece{{head, 0, 1}, {tail, off, 0}}
}

// Interpreter gives what a script's first line names as its interpreter ("#!"),
// empty if it names none.
func Interpreter(script []byte) string {
	rest, ok := bytes.CutPrefix(script, []byte("#!"))
	if !ok {
		return ""
	}
	line, _, _ := bytes.Cut(rest[:min(len(rest), 256)], []byte("\n"))
	return string(bytes.TrimSpace(line))
}

// Quote gives a word as a shell takes it whole.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
