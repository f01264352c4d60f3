//go:build cgo

package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rules are compiled rules.
type Rules struct {
	sets    [2]*yrRules // for binary content, for text; they may be the same, or nil
	info    []Info
	sources []Source
}

// variables gives the external variables in their fixed order, with their values.
func (e *Externals) variables() [variableCount]any {
	return [...]any{
		e.Filename, e.Filepath, e.Extension, e.Filetype, e.Owner,
		e.IsELF, e.IsScript, e.IsText, e.IsMemory,
		e.ELFType, e.ELFMachine, int64(e.ELFSections), int64(e.ELFSegments), e.ELFStripped, e.ELFStatic, e.ELFRWX, e.ELFOverlay, e.ELFExports,
		e.IsGo, e.GoModule, e.GoPackage, e.Entropy,
	}
}

const variableCount = 22

// variableNames are the names of the values of variables.
var variableNames = [variableCount]string{
	"filename", "filepath", "extension", "filetype", "owner",
	"is_elf", "is_script", "is_text", "is_memory",
	"elf_type", "elf_machine", "elf_sections", "elf_segments", "elf_stripped", "elf_static", "elf_rwx", "elf_overlay", "elf_exports",
	"is_go", "go_module", "go_package", "entropy",
}

// Compile compiles rule files. A rule that does not compile is reported and left out;
// the rest of its file is used, and of a file that has no rule left nothing. Includes
// are refused: they would read the analyst's own files. Warnings of the compiler
// (slow rules) are among the problems. Close the rules when done.
func Compile(sources []Source) (*Rules, []Problem, error) {
	good, problems := check(sources)
	if len(good) == 0 {
		return nil, problems, errors.New("no YARA rules to run")
	}
	out := &Rules{sources: good}
	seen := make(map[string]bool)
	for i, set := range []Set{Binary, Text} {
		var list []Source
		for _, s := range good {
			if s.For == Any || s.For == set {
				list = append(list, s)
			}
		}
		switch {
		case i == 1 && len(list) == len(good) && out.sets[0] != nil && allFor(good, Any):
			out.sets[1] = out.sets[0]
			continue
		case len(list) == 0:
			continue
		}
		r, _, err := compile(list)
		if err != nil {
			return nil, problems, err
		}
		out.sets[i] = r
		for _, x := range describe(r) {
			if k := x.Namespace + ":" + x.Name; !seen[k] {
				seen[k] = true
				out.info = append(out.info, x)
			}
		}
	}
	return out, problems, nil
}

func allFor(sources []Source, set Set) bool {
	for _, s := range sources {
		if s.For != set {
			return false
		}
	}
	return true
}

// check gives the sources without what does not compile.
func check(sources []Source) (good []Source, problems []Problem) {
	// Nearly always all do: then one run is enough.
	if r, p, err := compile(sources); err == nil {
		r.Destroy()
		return sources, p
	}
	for _, s := range sources {
		s, p := repair(s)
		problems = append(problems, fold(s.Name, p)...)
		if s.Text != "" {
			good = append(good, s)
		}
	}
	// Each alone is right, but two of them may use one name in one namespace.
	for len(good) > 1 {
		r, p, err := compile(good)
		if err == nil {
			r.Destroy()
			break
		}
		first, bad := firstError(p, err), len(good)-1
		for i := range good {
			if good[i].Name == first.File {
				bad = i
			}
		}
		first.File = good[bad].Name
		one, name := without(good[bad], first.Line)
		problems = append(problems, leftOut(first, name))
		if good[bad] = one; one.Text == "" {
			good = append(good[:bad:bad], good[bad+1:]...)
		}
	}
	return good, problems
}

// maxRepairs bounds how often a file is compiled again without the rules that do not compile.
const maxRepairs = 200

// repair leaves out the rules of a file that do not compile, and those that need them.
// Lines stay where they are. The text is empty if no rule is left.
func repair(s Source) (Source, []Problem) {
	var problems []Problem
	for range maxRepairs {
		r, p, err := compile([]Source{s})
		if err == nil {
			r.Destroy()
			return s, append(problems, p...)
		}
		for _, x := range blamed(p, err) {
			x.File = s.Name
			one, name := without(s, x.Line)
			if name == "" && len(problems) > 0 && x.Line > 0 && s.Text != "" && blank(s.Text, x.Line) {
				continue // of a rule that is left out already
			}
			problems = append(problems, leftOut(x, name))
			if s = one; s.Text == "" {
				return s, problems
			}
		}
	}
	s.Text = ""
	return s, append(problems, Problem{File: s.Name, Text: fmt.Sprintf("compiled %d times, each time other rules fail: none of the file is used", maxRepairs)})
}

// fold keeps the first problems of a file and counts the others.
func fold(file string, list []Problem) []Problem {
	if len(list) <= maxRepairs {
		return list
	}
	n := len(list) - maxRepairs
	return append(list[:maxRepairs:maxRepairs], Problem{File: file, Text: fmt.Sprintf("%d more problems of the same file", n)})
}

// blamed gives the errors of one run that are sure to be faults of their own places: all up
// to the first that upsets the parser, and the first in any case.
func blamed(list []Problem, err error) []Problem {
	out := []Problem{firstError(list, err)}
	first := true
	for _, p := range list {
		switch {
		case p.Warning:
		case strings.Contains(p.Text, "syntax error"), strings.Contains(p.Text, "include"), strings.Contains(p.Text, "module"):
			return out
		case first:
			first = false
		default:
			out = append(out, p)
		}
	}
	return out
}

// blank says whether a line of a text, counted from 1, is empty.
func blank(text string, line int) bool {
	lines := strings.Split(text, "\n")
	return line <= len(lines) && strings.TrimSpace(lines[line-1]) == ""
}

func firstError(list []Problem, err error) Problem {
	for _, p := range list {
		if !p.Warning {
			return p
		}
	}
	return Problem{Text: err.Error()}
}

func leftOut(p Problem, what string) Problem {
	if what == "" {
		what = "none of the file is used"
	} else {
		what += " is left out"
	}
	p.Text += " (" + what + ")"
	return p
}

// without blanks what a line belongs to, a rule or else the line alone (an import, an
// include), and says what that was. Where nothing can be blamed, the text is empty.
func without(s Source, line int) (out Source, what string) {
	rules, _ := Split(s.Text)
	for _, r := range rules {
		first := 1 + strings.Count(s.Text[:r.start], "\n")
		if n := strings.Count(r.Text, "\n"); line >= first && line <= first+n {
			s.Text = s.Text[:r.start] + strings.Repeat("\n", n) + s.Text[r.start+len(r.Text):]
			if len(rules) == 1 {
				s.Text = ""
			}
			return s, "rule " + r.Name
		}
	}
	lines := strings.SplitAfter(s.Text, "\n")
	if line < 1 || line > len(lines) || strings.TrimSpace(lines[line-1]) == "" || len(rules) == 0 {
		s.Text = ""
		return s, ""
	}
	// A pack imports a module once for each file that it was made of.
	bad := strings.TrimSpace(lines[line-1])
	for i, l := range lines {
		if i == line-1 || strings.HasPrefix(bad, "import ") && strings.TrimSpace(l) == bad {
			lines[i] = "\n"
		}
	}
	s.Text = strings.Join(lines, "")
	return s, fmt.Sprintf("line %d", line)
}

func compile(sources []Source) (*yrRules, []Problem, error) {
	c, err := newCompiler()
	if err != nil {
		return nil, nil, err
	}
	defer c.Destroy()
	c.DisableIncludes()
	values := new(Externals).variables()
	for i, name := range variableNames {
		if err := c.DefineVariable(name, values[i]); err != nil {
			return nil, nil, fmt.Errorf("external variable %s: %w", name, err)
		}
	}
	var problems []Problem
	note := func(file string, list []yrMessage, warning bool) {
		for _, m := range list {
			problems = append(problems, Problem{file, m.Line, m.Text, warning})
		}
	}
	for _, s := range sources {
		before := len(c.Warnings)
		err := c.AddString(s.Text, s.Namespace)
		note(s.Name, c.Warnings[min(before, len(c.Warnings)):], true)
		if err != nil {
			note(s.Name, c.Errors, false)
			return nil, problems, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	r, err := c.GetRules()
	if err != nil {
		return nil, problems, err
	}
	return r, problems, nil
}

// Sources gives the rule files as they were compiled: without what did not compile.
func (r *Rules) Sources() []Source { return r.sources }

// Close frees the rules; no scanner of theirs may be used any more. The memory is not
// Go's: who compiles many files must not wait for the garbage collector.
func (r *Rules) Close() {
	for i, x := range r.sets {
		if x != nil && (i == 0 || x != r.sets[0]) {
			x.Destroy()
		}
	}
	r.sets = [2]*yrRules{}
}

// List gives the compiled rules, in the order of their files.
func (r *Rules) List() []Info {
	type place struct{ file, line int }
	at := make(map[string]place)
	for i, s := range r.sources {
		rules, _ := Split(s.Text)
		for _, x := range rules {
			at[s.Namespace+":"+x.Name] = place{i, x.Line}
		}
	}
	out := slices.Clone(r.info)
	for i := range out {
		if p, ok := at[out[i].Namespace+":"+out[i].Name]; ok {
			out[i].File, out[i].Line, out[i].For = r.sources[p.file].Name, p.line, r.sources[p.file].For
		}
	}
	return out
}

// describe gives the rules of one set; private ones match, but are not shown.
func describe(r *yrRules) []Info {
	var out []Info
	for _, x := range r.GetRules() {
		if x.IsPrivate() {
			continue
		}
		i := Info{Name: x.Identifier(), Namespace: x.Namespace(), Tags: x.Tags(), Meta: make(map[string]string)}
		for _, m := range x.Metas() {
			i.Meta[m.Identifier] = fmt.Sprint(m.Value)
		}
		out = append(out, i)
	}
	return out
}

// Scanner runs rules; it is for one goroutine.
type Scanner struct {
	rules   *Rules
	timeout time.Duration
	sets    [2]*setScanner
}

// setScanner is the scanner of one set, with the values its variables have.
type setScanner struct {
	s      *yrScanner
	values [variableCount]any
}

// NewScanner makes a scanner that spends at most timeout on one buffer.
func (r *Rules) NewScanner(timeout time.Duration) (*Scanner, error) {
	s := &Scanner{rules: r, timeout: timeout}
	for i := range s.sets {
		if _, err := s.set(i); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *Scanner) set(i int) (*setScanner, error) {
	if s.sets[i] != nil || s.rules.sets[i] == nil {
		return s.sets[i], nil
	}
	if i == 1 && s.rules.sets[1] == s.rules.sets[0] {
		s.sets[1] = s.sets[0]
		return s.sets[1], nil
	}
	x, err := newScanner(s.rules.sets[i])
	if err != nil {
		return nil, err
	}
	x.SetTimeout(s.timeout)
	s.sets[i] = &setScanner{s: x}
	return s.sets[i], nil
}

// TwoSets says whether text is searched by other rules than the rest.
func (s *Scanner) TwoSets() bool { return s.sets[0] != s.sets[1] }

// Close frees the scanner.
func (s *Scanner) Close() {
	if s.sets[1] != nil && s.sets[1] != s.sets[0] {
		s.sets[1].s.Destroy()
	}
	if s.sets[0] != nil {
		s.sets[0].s.Destroy()
	}
	s.sets = [2]*setScanner{}
}

// Scan runs the rules made for such content over buf. First in YARA's fast mode,
// which stops at the first place of each string and so doubles the speed where
// strings are frequent; what matched is looked at again for all places, unless it
// is large.
func (s *Scanner) Scan(buf []byte, ext Externals) ([]Match, error) {
	i := 0
	if ext.IsText {
		i = 1
	}
	x := s.sets[i]
	if x == nil {
		return nil, nil
	}
	for k, v := range ext.variables() {
		if v == x.values[k] {
			continue
		}
		if err := x.s.DefineVariable(variableNames[k], v); err != nil {
			return nil, fmt.Errorf("external variable %s: %w", variableNames[k], err)
		}
		x.values[k] = v
	}
	var hits yrMatches
	if err := x.s.SetFlags(yrFast).SetCallback(&hits).ScanMem(buf); err != nil {
		return nil, err
	}
	if len(hits) == 0 {
		return nil, nil
	}
	if len(buf) <= secondPass {
		var all yrMatches
		if err := x.s.SetFlags(yrFlags).SetCallback(&all).ScanMem(buf); err == nil && len(all) == len(hits) {
			hits = all
		}
	}
	out := make([]Match, 0, len(hits))
	for i := range hits {
		h := &hits[i]
		m := Match{Info: Info{Name: h.Rule, Namespace: h.Namespace, Tags: h.Tags, Meta: make(map[string]string)}}
		for _, x := range h.Metas {
			m.Meta[x.Identifier] = fmt.Sprint(x.Value)
		}
		places := make(map[string]int)
		for _, x := range h.Strings {
			if places[x.Name]++; places[x.Name] > maxPlaces {
				continue
			}
			if len(m.Strings) == maxStrings {
				break
			}
			m.Strings = append(m.Strings, String{x.Name, int64(x.Base + x.Offset), append([]byte(nil), x.Data[:min(len(x.Data), maxData)]...)})
		}
		out = append(out, m)
	}
	return out, nil
}
