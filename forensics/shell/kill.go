package shell

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// pipeKills gives what `ps | grep NAME | xargs kill` kills.
func (s *state) pipeKills(spine []*syntax.BinaryCmd, first *syntax.Stmt) []string {
	stages := []*syntax.Stmt{first}
	for i := len(spine) - 1; i >= 0; i-- {
		if spine[i].Op != syntax.Pipe && spine[i].Op != syntax.PipeAll {
			return nil
		}
		stages = append(stages, spine[i].Y)
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
					killed = killed || isKill(n)
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
				killed = killed || (a.Lit() == "kill" || strings.HasSuffix(a.Lit(), "/kill")) && !asked(call)
			}
		}
	}
	return names, killed
}

// killArgs gives the names in `kill $(pgrep NAME)`.
func killArgs(c *syntax.CallExpr) []string {
	if !isKill(c) || asked(c) {
		return nil
	}
	return substituted(c.Args[1:])
}

// isKill says that a command is kill.
func isKill(n syntax.Node) bool {
	c, ok := n.(*syntax.CallExpr)
	return ok && len(c.Args) > 0 && path.Base(c.Args[0].Lit()) == "kill"
}

// runsKill says that one of the statements is kill.
func runsKill(list []*syntax.Stmt) bool {
	return slices.ContainsFunc(list, func(st *syntax.Stmt) bool { return isKill(st.Cmd) })
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
