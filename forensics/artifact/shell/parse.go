package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A statement of a script was followed: its place in the text, and what it does.
type tell func(from, to int, text string, f Facts)

// script follows a script. Where fn is given, each statement is told to it by
// itself.
func (s *state) script(text string, fn tell) {
	if k := foreign(text); k != "" {
		s.collect(fn, 0, len(text), text, func() { s.otherScript(k, text) })
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

// collect runs what follows one statement, and tells of it.
func (s *state) collect(fn tell, from, to int, text string, run func()) {
	if fn == nil {
		run()
		return
	}
	outer := s.collector
	s.collector = newCollector()
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
	for _, st := range list {
		s.statement(st, text, base, fn, 0)
	}
	return good, err
}

type parserError struct{}

func (parserError) Error() string { return "the parser failed" }

var errParser error = parserError{}

// statement tells of a statement, or of those within it.
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
				list(c.Cond, c.Then)
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
			list([]*syntax.Stmt{c.Body})
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
	switch head := strings.TrimSpace(d.text); {
	case d.net && (!d.known || strings.HasPrefix(head, substMark)):
		s.set("pipe_to_shell")
	case d.decoded && (!d.known || strings.HasPrefix(head, substMark)):
		s.set("decode_exec")
	}
	if d.fetched {
		s.set("fetch_exec")
	}
	if d.decoded {
		s.set("decode_exec")
	}
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

func (s *state) stmts(list []*syntax.Stmt, in data) data {
	out := data{known: true}
	for _, st := range list {
		out = join(out, s.stmt(st, in))
	}
	return out
}

// stmt follows a statement that reads in, and gives what it prints.
func (s *state) stmt(st *syntax.Stmt, in data) data {
	if st == nil || s.steps > maxSteps || s.depth > 4*maxDepth || s.budget < 0 {
		return data{}
	}
	s.steps++
	s.depth++
	defer func() { s.depth-- }()
	if st.Background {
		s.set("background")
	}
	type target struct {
		word   word
		append bool
	}
	var outs []target
	for _, r := range st.Redirs {
		w := s.expand(r.Word)
		if devTCPRE.MatchString(w.text) && strings.HasPrefix(w.text, "/dev/") {
			s.set("dev_tcp")
		}
		switch r.Op {
		case syntax.RdrIn:
			if d := s.contents(w); r.N == nil || r.N.Value == "0" {
				in = d
			} else if d.net {
				s.descriptor(r.N.Value)
			}
		case syntax.DplIn:
			if d, ok := s.fds[w.text]; ok && (r.N == nil || r.N.Value == "0") {
				in = d
			}
		case syntax.Hdoc, syntax.DashHdoc:
			in = s.expand(r.Hdoc).data
			s.encoded(in.text)
		case syntax.WordHdoc:
			in = w.data
			s.encoded(in.text)
			if in.known {
				in.text += "\n"
			}
		case syntax.RdrOut, syntax.RdrClob, syntax.RdrAll, syntax.RdrAllClob:
			if r.N == nil || r.N.Value == "1" {
				outs = append(outs, target{w, false})
			}
		case syntax.AppOut, syntax.AppAll, syntax.AppClob, syntax.AppAllClob:
			if r.N == nil || r.N.Value == "1" {
				outs = append(outs, target{w, true})
			}
		case syntax.RdrInOut:
			switch {
			case !devTCPRE.MatchString(w.text):
			case r.N == nil || r.N.Value == "0":
				in = data{net: true}
			default:
				s.descriptor(r.N.Value)
			}
		}
		s.path(w.text)
		if c, ok := st.Cmd.(*syntax.CallExpr); ok && devTCPRE.MatchString(w.text) && interactive(c) {
			s.set("reverse_shell")
		}
	}
	out := s.command(st.Cmd, in)
	for _, t := range outs {
		s.write(t.word.text, out, t.append, emptyOutput(st.Cmd))
		if t.word.process {
			continue
		}
		out = data{known: true}
	}
	return out
}

// descriptor notes a file descriptor that leads to the network.
func (s *state) descriptor(n string) {
	if len(s.fds) < 64 {
		s.fds[n] = data{net: true}
	}
}

// interactive says that a command is a shell that takes orders: bash -i.
func interactive(c *syntax.CallExpr) bool {
	shell := false
	for _, a := range c.Args {
		l := a.Lit()
		shell = shell || shells[path.Base(l)]
		if shell && len(l) > 1 && l[0] == '-' && l[1] != '-' && strings.Contains(l, "i") {
			return true
		}
	}
	return false
}

// emptyOutput says that a redirected command serves to empty a file.
func emptyOutput(c syntax.Command) bool {
	call, ok := c.(*syntax.CallExpr)
	if c == nil || ok && len(call.Args) == 0 {
		return true
	}
	if !ok {
		return false
	}
	switch call.Args[0].Lit() {
	case ":", "true", "cat", "echo", "printf":
		for _, a := range call.Args[1:] {
			if l := plainWord(a); l != "-n" && l != "" && l != "/dev/null" {
				return false
			}
		}
		return true
	}
	return false
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

func (s *state) command(c syntax.Command, in data) data {
	switch c := c.(type) {
	case *syntax.CallExpr:
		return s.callExpr(c, in)
	case *syntax.Subshell:
		cwd := s.cwd
		out := s.stmts(c.Stmts, in)
		s.cwd = cwd
		return out
	case *syntax.Block:
		return s.stmts(c.Stmts, in)
	case *syntax.BinaryCmd:
		return s.binary(c, in)
	case *syntax.IfClause:
		out := data{known: true}
		for n := 0; c != nil && n < maxSteps; c, n = c.Else, n+1 {
			out = join(out, s.stmts(c.Cond, in))
			out = join(out, s.stmts(c.Then, in))
		}
		return out
	case *syntax.WhileClause:
		return join(s.stmts(c.Cond, in), s.stmts(c.Do, in))
	case *syntax.ForClause:
		return s.loop(c, in)
	case *syntax.CaseClause:
		out := data{known: true}
		s.expand(c.Word)
		for _, it := range c.Items {
			out = join(out, s.stmts(it.Stmts, in))
		}
		return out
	case *syntax.FuncDecl:
		if c.Name != nil && len(s.funcs) < maxNames {
			s.funcs[c.Name.Value] = c.Body
		}
		s.stmt(c.Body, data{})
	case *syntax.DeclClause:
		for _, a := range c.Args {
			s.assign(a)
		}
	case *syntax.TimeClause:
		return s.stmt(c.Stmt, in)
	case *syntax.CoprocClause:
		s.set("background")
		return s.stmt(c.Stmt, in)
	case *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause:
		s.substitutions(c)
	}
	return data{known: true}
}

// substitutions follows the command substitutions anywhere below a node.
func (s *state) substitutions(n syntax.Node) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			s.stmts(n.Stmts, data{})
			return false
		case *syntax.ProcSubst:
			s.stmts(n.Stmts, data{})
			return false
		}
		return true
	})
}

// binary follows a list or a pipe. They lean to the left and can be long, so this
// is no recursion.
func (s *state) binary(c *syntax.BinaryCmd, in data) data {
	var spine []*syntax.BinaryCmd
	var first *syntax.Stmt
	for {
		spine = append(spine, c)
		next, ok := c.X.Cmd.(*syntax.BinaryCmd)
		if !ok || len(c.X.Redirs) > 0 {
			first = c.X
			break
		}
		c = next
	}
	kills := s.pipeKills(spine, first)
	s.pipedShell(spine, first)
	out := s.stmt(first, in)
	for i := len(spine) - 1; i >= 0; i-- {
		switch spine[i].Op {
		case syntax.Pipe, syntax.PipeAll:
			out = s.stmt(spine[i].Y, out)
		default:
			out = join(out, s.stmt(spine[i].Y, in))
		}
	}
	for _, k := range kills {
		s.kill(k)
	}
	return out
}

// pipedShell notes a shell whose input or output goes over the network:
// cat f | sh -i 2>&1 | nc HOST PORT > f.
func (s *state) pipedShell(spine []*syntax.BinaryCmd, first *syntax.Stmt) {
	orders := false
	look := func(st *syntax.Stmt) {
		c, ok := st.Cmd.(*syntax.CallExpr)
		if !ok || len(c.Args) == 0 {
			return
		}
		switch path.Base(c.Args[0].Lit()) {
		case "nc", "ncat", "netcat", "telnet", "socat", "openssl":
			if orders {
				s.set("reverse_shell")
			}
		}
		orders = orders || interactive(c)
	}
	look(first)
	for i := len(spine) - 1; i >= 0; i-- {
		if spine[i].Op != syntax.Pipe && spine[i].Op != syntax.PipeAll {
			orders = false
		}
		look(spine[i].Y)
	}
}

// pipeKills gives what `ps | grep NAME | xargs kill` kills.
func (s *state) pipeKills(spine []*syntax.BinaryCmd, first *syntax.Stmt) []string {
	stages := []*syntax.Stmt{first}
	for i := len(spine) - 1; i >= 0; i-- {
		if spine[i].Op == syntax.Pipe || spine[i].Op == syntax.PipeAll {
			stages = append(stages, spine[i].Y)
		} else {
			return nil
		}
	}
	names, killed := grepped(stages)
	if !killed {
		return nil
	}
	return names
}

// grepped gives the names that the stages of a pipe look for, and whether they end
// in kill.
func grepped(stages []*syntax.Stmt) (names []string, killed bool) {
	for _, st := range stages {
		call, ok := st.Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			if w, ok := st.Cmd.(*syntax.WhileClause); ok {
				syntax.Walk(w, func(n syntax.Node) bool {
					c, ok := n.(*syntax.CallExpr)
					killed = killed || ok && len(c.Args) > 0 && path.Base(c.Args[0].Lit()) == "kill"
					return true
				})
			}
			continue
		}
		switch name := path.Base(call.Args[0].Lit()); name {
		case "grep", "egrep", "fgrep", "pgrep", "pidof", "awk":
			pattern := ""
			for _, a := range call.Args[1:] {
				l := plainWord(a)
				if strings.HasPrefix(l, "-") {
					if name != "awk" && strings.Contains(l, "v") && !strings.HasPrefix(l, "--") || l == "--invert-match" {
						pattern = ""
						break
					}
					continue
				}
				if pattern == "" {
					pattern = l
				}
			}
			if name == "awk" && !strings.HasPrefix(pattern, "/") {
				pattern = ""
			}
			if pattern != "" && pattern != "?" {
				names = append(names, pattern)
			}
		case "xargs":
			for _, a := range call.Args[1:] {
				killed = killed || a.Lit() == "kill" || strings.HasSuffix(a.Lit(), "/kill")
			}
		}
	}
	return names, killed
}

// killArgs gives the names in `kill $(pgrep NAME)`.
func killArgs(c *syntax.CallExpr) []string {
	if len(c.Args) == 0 || path.Base(c.Args[0].Lit()) != "kill" {
		return nil
	}
	return substituted(c.Args[1:])
}

// runsKill says that one of the statements is kill.
func runsKill(list []*syntax.Stmt) bool {
	for _, st := range list {
		if c, ok := st.Cmd.(*syntax.CallExpr); ok && len(c.Args) > 0 && path.Base(c.Args[0].Lit()) == "kill" {
			return true
		}
	}
	return false
}

// substituted gives the names that are looked for in the command substitutions of
// words: $(pgrep NAME).
func substituted(words []*syntax.Word) []string {
	var out []string
	for _, a := range words {
		syntax.Walk(a, func(n syntax.Node) bool {
			if st, ok := n.(*syntax.Stmt); ok {
				if _, ok := st.Cmd.(*syntax.CallExpr); ok {
					names, _ := grepped([]*syntax.Stmt{st})
					out = append(out, names...)
				}
			}
			return true
		})
	}
	return out
}

func (s *state) loop(c *syntax.ForClause, in data) data {
	iter, ok := c.Loop.(*syntax.WordIter)
	if !ok || iter.Name == nil {
		return s.stmts(c.Do, in)
	}
	if names := substituted(iter.Items); len(names) > 0 && runsKill(c.Do) {
		for _, n := range names {
			s.kill(n)
		}
	}
	var items []data
	for _, w := range iter.Items {
		x := s.expand(w)
		if x.blanks {
			for _, f := range strings.Fields(x.text) {
				items = append(items, data{text: f, known: x.known}.flags(x.data))
			}
			continue
		}
		items = append(items, x.data)
	}
	if len(items) == 0 {
		items = []data{{}}
	}
	out := data{known: true}
	for i, it := range items {
		if i == maxLoop || i > 0 && s.extra > maxExtra {
			break
		}
		before := s.steps
		s.let(iter.Name.Value, it)
		out = join(out, s.stmts(c.Do, in))
		if i > 0 {
			s.extra += s.steps - before
		}
	}
	return out
}

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
		if oddPreload(d.text) {
			s.set("preload_write")
		}
	case "PATH":
		for _, p := range strings.Split(d.text, ":") {
			if temp, hidden := oddPlace(path.Clean(p)+"/x", false); temp || hidden {
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
	case "PROMPT_COMMAND":
		s.inner(d)
	}
}

func (s *state) assign(a *syntax.Assign) {
	if a == nil || a.Name == nil {
		return
	}
	if a.Array != nil {
		for _, e := range a.Array.Elems {
			if e.Value != nil {
				s.expand(e.Value)
			}
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

func (s *state) callExpr(c *syntax.CallExpr, in data) data {
	if len(c.Args) == 0 {
		out := data{known: true}
		for _, a := range c.Assigns {
			s.assign(a)
		}
		return out
	}
	if len(c.Assigns) > 0 { // they hold for this command alone
		old := make(map[string]data, len(c.Assigns))
		for _, a := range c.Assigns {
			if a.Name != nil {
				old[a.Name.Value] = s.vars[a.Name.Value]
			}
			s.assign(a)
		}
		defer func() {
			for n, d := range old {
				if d == (data{}) {
					delete(s.vars, n)
				} else {
					s.vars[n] = d
				}
			}
		}()
	}
	for _, k := range killArgs(c) {
		s.kill(k)
	}
	var args []word
	for _, a := range c.Args {
		args = append(args, s.words(a)...)
		if len(args) > 20_000 {
			break
		}
	}
	return s.call(args, in)
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
	for _, p := range w.Parts {
		s.part(&out, p, false)
		if len(out.text) > maxInput {
			out.known = false
			break
		}
	}
	s.budget -= len(out.text)
	return out
}

func (s *state) part(out *word, p syntax.WordPart, quoted bool) {
	add := func(text string) { out.text += text }
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
		out.text, out.known = d.text, d.known
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
	d, ok := s.vars[name]
	plain := !p.Excl && !p.Length && p.Index == nil && p.Slice == nil && p.Repl == nil && p.Names == 0
	switch {
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
			if ok && d.net {
				d.text, d.known = substMark, false
			} else if ok {
				d.known = false
			}
		}
	case !plain && ok:
		d.text, d.known = substMark, false
	}
	if !ok {
		out.text += "$" + name
		out.known = false
		return
	}
	out.data = out.flags(d)
	out.known = out.known && d.known
	if d.text == "" && !d.known {
		d.text = substMark
	}
	out.text += d.text
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
