package shell

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A statement of a script was followed: its place in the text, and what it does.
type tell func(from, to int, text string, f Facts)

// script follows a script. Where fn is given, each statement is passed to it by
// itself.
func (s *state) script(text string, fn tell) {
	if k := foreign(text); k != "" {
		s.foreignScript(k, text, fn)
		return
	}
	base := 0
	for try := 0; try < maxRestart && base < len(text); try++ {
		rest := text[base:]
		if deep(rest) {
			break
		}
		good, err := s.parse(rest, base, fn)
		if err == nil {
			return
		}
		// What stands before the error was followed. Its line is judged by
		// itself, and reading starts again below it.
		base += good
		if base > len(text) {
			return
		}
		base = s.oneLine(text, base, fn)
	}
	for n := 0; base < len(text) && n < maxStatements; n++ {
		base = s.oneLine(text, base, fn)
	}
	if base < len(text) {
		s.pattern(text[base:])
	}
}

// collect follows one statement, and reports what it does.
func (s *state) collect(fn tell, from, to int, text string, run func()) {
	if fn == nil {
		run()
		return
	}
	outer := s.collector
	s.collector = newCollector()
	s.collector.defining = outer.defining
	run()
	mine := s.collector
	s.collector = outer
	outer.add(mine)
	fn(from, to, text, mine.facts())
}

// parse follows the statements of a text up to the first error, and gives where
// the last good one ends.
func (s *state) parse(text string, base int, fn tell) (good int, err error) {
	defer func() {
		// The parser is not ours; a fault in it must not cost the analysis.
		if p := recover(); p != nil {
			err = errParser
			s.parser = syntax.NewParser(syntax.Variant(syntax.LangBash))
		}
	}()
	var list []*syntax.Stmt
	for st, stmtErr := range s.parser.StmtsSeq(strings.NewReader(text)) {
		if stmtErr != nil {
			err = stmtErr
			break
		}
		list = append(list, st)
		good = int(st.End().Offset())
		if len(list) >= maxSteps {
			break
		}
	}
	if good > len(text) {
		good = len(text)
	}
	// An error may lie in the middle of a line whose beginning was read; the
	// whole of such a line is judged as one.
	if err != nil && good > 0 {
		if i := strings.LastIndexByte(text[:good], '\n'); !strings.HasPrefix(strings.TrimLeft(text[good:], " \t;"), "\n") {
			for len(list) > 0 && int(list[len(list)-1].End().Offset()) > i+1 {
				list = list[:len(list)-1]
			}
			good = i + 1
		}
	}
	collector, before := s.collector, s.defining
	for _, st := range list {
		s.statement(st, text, base, fn, 0)
		if s.ends(st) {
			s.defining++ // a shell gets no further
		}
	}
	collector.defining = before
	return good, err
}

var errParser = errors.New("the parser failed")

// statement reports a statement, or those within it.
func (s *state) statement(st *syntax.Stmt, text string, base int, fn tell, depth int) {
	if fn != nil && depth < maxDepth && len(st.Redirs) == 0 && !st.Background {
		list := func(groups ...[]*syntax.Stmt) {
			for _, g := range groups {
				for _, x := range g {
					s.statement(x, text, base, fn, depth+1)
				}
			}
		}
		switch c := st.Cmd.(type) {
		case *syntax.Block:
			list(c.Stmts)
			return
		case *syntax.IfClause:
			for n := 0; c != nil && n < maxSteps; c, n = c.Else, n+1 {
				list(c.Cond)
				never := n == 0 && s.never(c.Cond)
				if never {
					s.defining++
				}
				list(c.Then)
				if never {
					s.defining--
				}
			}
			return
		case *syntax.WhileClause:
			list(c.Cond, c.Do)
			return
		case *syntax.CaseClause:
			for _, it := range c.Items {
				list(it.Stmts)
			}
			return
		case *syntax.FuncDecl:
			if c.Name != nil && len(s.funcs) < maxNames {
				s.funcs[c.Name.Value] = c.Body
			}
			if c.Body != nil {
				from, to := int(c.Pos().Offset()), int(c.End().Offset())
				if from >= 0 && to <= len(text) && from < to && watches(c) {
					s.collect(fn, base+from, base+to, text[from:to], func() { s.redefines(c) })
				}
			}
			s.collector.defining++
			list([]*syntax.Stmt{c.Body})
			s.collector.defining--
			return
		}
	}
	from, to := int(st.Pos().Offset()), int(st.End().Offset())
	for _, r := range st.Redirs {
		if r.Hdoc != nil {
			to = max(to, int(r.Hdoc.End().Offset()))
		}
	}
	if from < 0 || to > len(text) || from > to {
		from, to = 0, len(text)
	}
	s.collect(fn, base+from, base+to, text[from:to], func() { s.stmt(st, data{}) })
}

// oneLine judges one line (with those that continue it), and gives where the next
// begins.
func (s *state) oneLine(text string, base int, fn tell) int {
	end := base
	for {
		i := strings.IndexByte(text[end:], '\n')
		if i < 0 {
			end = len(text)
			break
		}
		end += i + 1
		if i == 0 || text[end-2] != '\\' {
			break
		}
	}
	raw := strings.TrimRight(text[base:end], "\r\n")
	line := strings.TrimSpace(raw)
	if line == "" || line[0] == '#' {
		return end
	}
	from := base + strings.Index(raw, line)
	s.collect(fn, from, from+len(line), line, func() { s.line(line) })
	return end
}

// line follows one line; what is no valid shell is judged by pattern.
func (s *state) line(line string) {
	if !deep(line) {
		mine := newCollector()
		outer := s.collector
		mine.defining = outer.defining
		s.collector = mine
		_, err := s.parse(line, 0, nil)
		s.collector = outer
		outer.add(mine)
		if err == nil {
			return
		}
	}
	s.pattern(line)
}

// inner follows a text that a command runs as a script.
func (s *state) inner(d data) {
	if d.net && (!d.known || strings.HasPrefix(strings.TrimSpace(d.text), substMark)) {
		s.set("pipe_to_shell")
	}
	if d.fetched {
		s.set("fetch_exec")
	}
	if d.decoded {
		s.set("decode_exec")
	}
	s.reads(d)
	if d.text == "" || s.depth >= maxDepth || s.budget < len(d.text) {
		return
	}
	s.budget -= len(d.text)
	s.depth++
	s.script(d.text, nil)
	s.depth--
}

// substMark stands for what a command substitution gives, where that is not
// known. It is valid shell that does nothing.
const substMark = "$()"
