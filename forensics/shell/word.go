package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// let sets a variable.
func (s *state) let(name string, d data) {
	if _, ok := s.vars[name]; !ok && len(s.vars) >= maxNames {
		return
	}
	if len(d.text) > maxKnown {
		d.text, d.known = "", false
	}
	s.vars[name] = d
	switch name {
	case "LD_PRELOAD", "LD_AUDIT":
		if suspiciousPreload(d.text) {
			s.set("preload_env")
		}
	case "PATH":
		for _, p := range strings.Split(d.text, ":") {
			if temp, hidden := suspiciousPath(path.Clean(p)+"/x", false); temp || hidden {
				s.set("path_odd")
			}
		}
	case "HISTFILE":
		if d.known && (d.text == "" || d.text == "/dev/null") {
			s.set("history_off")
		}
	case "HISTSIZE", "HISTFILESIZE", "SAVEHIST":
		if d.text == "0" {
			s.set("history_off")
		}
	case "BASH_ENV", "ENV": // a script that each shell reads first
		if strings.HasPrefix(d.text, "/") || strings.HasPrefix(d.text, "~") {
			s.run(word{data: d}, true, data{})
		}
	case "PROMPT_COMMAND":
		s.inner(d)
	}
}

func (s *state) assign(a *syntax.Assign) {
	if a == nil || a.Name == nil {
		return
	}
	if a.Array != nil {
		var list []data
		for _, e := range a.Array.Elems {
			if e.Value == nil {
				continue
			}
			for _, w := range s.words(e.Value) {
				if len(list) < maxNames {
					list = append(list, w.data)
				}
			}
		}
		if _, ok := s.arrays[a.Name.Value]; ok || len(s.arrays) < maxNames {
			if a.Append {
				list = append(s.arrays[a.Name.Value], list...)
			}
			s.arrays[a.Name.Value] = list
		}
		return
	}
	if a.Naked && a.Value == nil || a.Index != nil {
		return
	}
	d := data{known: true}
	if a.Value != nil {
		w := s.expand(a.Value)
		d = w.data
		s.encoded(d.text)
	}
	if a.Append {
		d = join(s.vars[a.Name.Value], d)
	}
	s.let(a.Name.Value, d)
}

// words expands a word that may become several.
func (s *state) words(w *syntax.Word) []word {
	if len(w.Parts) == 1 {
		if l, ok := w.Parts[0].(*syntax.Lit); ok && strings.HasPrefix(l.Value, "{") && strings.HasSuffix(l.Value, "}") && strings.Contains(l.Value, ",") && strings.Count(l.Value, "{") == 1 {
			var out []word
			for _, p := range strings.Split(l.Value[1:len(l.Value)-1], ",") {
				out = append(out, word{data: data{text: unescape(p), known: true}})
			}
			return out
		}
	}
	if list, ok := s.several(w); ok {
		return list
	}
	x := s.expand(w)
	if !x.blanks || !strings.ContainsAny(x.text, " \t\n") {
		return []word{x}
	}
	var out []word
	for _, f := range strings.Fields(x.text) {
		out = append(out, word{data: data{text: f, known: x.known}.flags(x.data)})
	}
	return out
}

// expand gives a word, as far as it is known.
func (s *state) expand(w *syntax.Word) word {
	out := word{data: data{known: true}}
	if w == nil {
		return out
	}
	for i, p := range w.Parts {
		if s.filler(w.Parts, i) {
			out.known = false
			continue
		}
		s.part(&out, p, false)
		if len(out.built) > maxInput {
			out.known = false
			break
		}
	}
	out.text, out.built = string(out.built), nil
	s.budget -= len(out.text)
	return out
}

// filler says whether a part of a word is a variable that is not set, between the
// letters of a name without a directory: s${x}h and cu$@rl are the shell and curl.
func (s *state) filler(parts []syntax.WordPart, i int) bool {
	p, ok := parts[i].(*syntax.ParamExp)
	if !ok || p.Exp != nil || p.Param == nil || i == 0 || i == len(parts)-1 {
		return false
	}
	if _, set := s.vars[p.Param.Value]; set || p.Param.Value == "IFS" || p.Param.Value == "_" {
		return false
	}
	before, ok1 := parts[i-1].(*syntax.Lit)
	behind, ok2 := parts[i+1].(*syntax.Lit)
	return ok1 && ok2 && letters(before.Value) && letters(behind.Value)
}

func letters(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

func (s *state) part(out *word, p syntax.WordPart, quoted bool) {
	add := out.add
	switch p := p.(type) {
	case *syntax.Lit:
		if quoted {
			add(unescapeQuoted(p.Value))
		} else {
			add(unescape(p.Value))
		}
	case *syntax.SglQuoted:
		if p.Dollar {
			add(ansiC(p.Value))
		} else {
			add(p.Value)
		}
	case *syntax.DblQuoted:
		for _, q := range p.Parts {
			s.part(out, q, true)
			if len(out.built) > maxInput {
				out.known = false
				break
			}
		}
	case *syntax.ParamExp:
		s.param(out, p, quoted)
	case *syntax.CmdSubst:
		d := s.stmts(p.Stmts, data{})
		out.data = out.flags(d)
		if d.known && !d.net {
			add(strings.TrimRight(d.text, "\n"))
			out.blanks = out.blanks || !quoted
		} else {
			add(substMark)
			out.known = false
		}
	case *syntax.ProcSubst:
		d := s.stmts(p.Stmts, data{})
		out.process = true
		out.data = out.flags(d)
		out.built, out.known = append(out.built[:0], d.text...), d.known
	case *syntax.ArithmExp:
		s.substitutions(p)
		add("0")
		out.known = false
	default:
		out.known = false
	}
}

func (s *state) param(out *word, p *syntax.ParamExp, quoted bool) {
	if p.Param == nil {
		out.known = false
		return
	}
	name := p.Param.Value
	d, ok := s.value(p)
	plain := !p.Excl && !p.Length && p.Index == nil && p.Slice == nil && p.Repl == nil && p.Names == 0
	switch {
	case name == "_" && s.last.text != "":
		d, ok = s.last, true
	case name == "IFS" && !ok:
		d, ok = data{text: " ", known: true}, true
	case p.Exp != nil && plain:
		switch p.Exp.Op {
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
			if !ok {
				w := s.expand(p.Exp.Word)
				d, ok = w.data, true
				d.known = false
			}
		case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
			w := s.expand(p.Exp.Word)
			d, ok = w.data, true
		default: // a part of it is cut off
			if v, cut := trimmed(d, p.Exp); ok && cut {
				d = v
			} else if ok && d.net {
				d.text, d.known = substMark, false
			} else if ok {
				d.known = false
			}
		}
	case !plain && ok:
		if v, cut := s.partOf(d, p); cut {
			d = v
		} else {
			d.text, d.known = substMark, false
		}
	}
	if !ok {
		out.add("$" + name)
		out.known = false
		return
	}
	out.data = out.flags(d)
	out.known = out.known && d.known
	if d.text == "" && !d.known {
		d.text = substMark
	}
	out.add(d.text)
	out.blanks = out.blanks || !quoted
}

// unescape removes the backslashes of unquoted text.
func unescape(v string) string {
	if !strings.Contains(v, `\`) {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			i++
			if v[i] == '\n' {
				continue
			}
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// unescapeQuoted removes the backslashes that mean something within double quotes.
func unescapeQuoted(v string) string {
	if !strings.Contains(v, `\`) {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && strings.IndexByte("$`\"\\\n", v[i+1]) >= 0 {
			i++
			if v[i] == '\n' {
				continue
			}
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// plainWord gives a word without any expansion, or "?".
func plainWord(w *syntax.Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(p.Value)
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				l, ok := q.(*syntax.Lit)
				if !ok {
					return "?"
				}
				b.WriteString(l.Value)
			}
		default:
			return "?"
		}
	}
	return b.String()
}
