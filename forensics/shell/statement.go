package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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
	fromNet, toNet := false, false
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
				fromNet = d.net
			}
		case syntax.DplOut:
			toNet = toNet || s.fds[w.text].net
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
	if c, ok := st.Cmd.(*syntax.CallExpr); ok && fromNet && toNet && len(c.Args) > 0 && shells[path.Base(c.Args[0].Lit())] {
		s.set("reverse_shell")
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
			never := n == 0 && s.never(c.Cond)
			if never {
				s.defining++
			}
			out = join(out, s.stmts(c.Then, in))
			if never {
				s.defining--
			}
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
		s.redefines(c)
		s.collector.defining++
		s.stmt(c.Body, data{})
		s.collector.defining--
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
			switch {
			case orders && listens(c):
				s.set("bind_shell")
			case orders:
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

func (s *state) callExpr(c *syntax.CallExpr, in data) data {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			s.assign(a)
		}
		return data{known: true}
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
