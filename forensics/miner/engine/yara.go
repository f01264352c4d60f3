//go:build cgo

package engine

import (
	"errors"
	"fmt"
	"time"
)

// Rules are compiled rules.
type Rules struct{ r *yrRules }

// variables are the external variables that rules may use: those which public
// rule sets expect (filename, filepath, extension, filetype, owner) and facts that
// are cheaper to find once outside YARA.
var variables = []struct {
	name  string
	value any
}{
	{"filename", ""},
	{"filepath", ""},
	{"extension", ""},
	{"filetype", ""},
	{"owner", ""},
	{"is_elf", false},
	{"is_script", false},
	{"is_text", false},
}

// Compile compiles rule files. A file that does not compile is reported and left
// out; the rest is used. Includes are refused: they would read the analyst's own
// files.
func Compile(sources []Source) (*Rules, []Problem, error) {
	var problems []Problem
	var good []Source
	for _, s := range sources {
		_, p, err := compile([]Source{s})
		problems = append(problems, p...)
		if err == nil {
			good = append(good, s)
		} else if len(p) == 0 {
			problems = append(problems, Problem{File: s.Name, Text: err.Error()})
		}
	}
	if len(good) == 0 {
		return nil, problems, errors.New("no YARA rules to run")
	}
	r, p, err := compile(good)
	if err != nil {
		return nil, append(problems, p...), err
	}
	return r, problems, nil
}

func compile(sources []Source) (*Rules, []Problem, error) {
	c, err := newCompiler()
	if err != nil {
		return nil, nil, err
	}
	defer c.Destroy()
	c.DisableIncludes()
	for _, v := range variables {
		if err := c.DefineVariable(v.name, v.value); err != nil {
			return nil, nil, err
		}
	}
	var problems []Problem
	note := func(file string, list []yrMessage, warning bool) {
		for _, m := range list {
			problems = append(problems, Problem{file, m.Line, m.Text, warning})
		}
	}
	for _, s := range sources {
		if err := c.AddString(s.Text, s.Namespace); err != nil {
			note(s.Name, c.Errors, false)
			return nil, problems, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if len(sources) == 1 {
		note(sources[0].Name, c.Warnings, true)
	}
	r, err := c.GetRules()
	if err != nil {
		return nil, problems, err
	}
	return &Rules{r}, problems, nil
}

// List gives the compiled rules, in the order of their files.
func (r *Rules) List() []Info {
	var out []Info
	for _, x := range r.r.GetRules() {
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
	s *yrScanner
}

// NewScanner makes a scanner that spends at most timeout on one buffer.
func (r *Rules) NewScanner(timeout time.Duration) (*Scanner, error) {
	s, err := newScanner(r.r)
	if err != nil {
		return nil, err
	}
	s.SetTimeout(timeout)
	return &Scanner{s}, nil
}

// Close frees the scanner.
func (s *Scanner) Close() { s.s.Destroy() }

// Scan runs the rules over buf. Of each string the first place is given (YARA's
// fast mode: it doubles the speed where strings are frequent).
func (s *Scanner) Scan(buf []byte, ext Externals) ([]Match, error) {
	for name, v := range map[string]any{
		"filename": ext.Filename, "filepath": ext.Filepath, "extension": ext.Extension, "filetype": ext.Filetype, "owner": ext.Owner,
		"is_elf": ext.IsELF, "is_script": ext.IsScript, "is_text": ext.IsText,
	} {
		if err := s.s.DefineVariable(name, v); err != nil {
			return nil, err
		}
	}
	var hits yrMatches
	if err := s.s.SetFlags(yrFast).SetCallback(&hits).ScanMem(buf); err != nil {
		return nil, err
	}
	if len(hits) == 0 {
		return nil, nil
	}
	out := make([]Match, 0, len(hits))
	for _, h := range hits {
		m := Match{Info: Info{Name: h.Rule, Namespace: h.Namespace, Tags: h.Tags, Meta: make(map[string]string)}}
		for _, x := range h.Metas {
			m.Meta[x.Identifier] = fmt.Sprint(x.Value)
		}
		for _, x := range h.Strings[:min(len(h.Strings), maxStrings)] {
			m.Strings = append(m.Strings, String{x.Name, int64(x.Base + x.Offset), append([]byte(nil), x.Data[:min(len(x.Data), maxData)]...)})
		}
		out = append(out, m)
	}
	return out, nil
}
