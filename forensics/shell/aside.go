package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// unsettles are commands behind which a name may mean something else.
var unsettles = set(". source eval alias enable builtin hash shopt")

// plain gives the words of a statement that is one command of literal words and nothing
// else.
func plain(st *syntax.Stmt) []string {
	c, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || st.Negated || st.Background || st.Coprocess || len(st.Redirs) > 0 || len(c.Assigns) > 0 || len(c.Args) == 0 {
		return nil
	}
	var out []string
	for _, a := range c.Args {
		out = append(out, a.Lit())
	}
	return out
}

// ends says that a shell leaves the script at a statement, for certain: bash passes over an
// exit of two arguments, and a script may give the name another meaning.
func (s *state) ends(st *syntax.Stmt) bool {
	w := plain(st)
	if len(w) == 0 || len(w) > 2 || w[0] != "exit" || s.unsure || s.funcs["exit"] != nil {
		return false
	}
	return len(w) == 1 || w[1] != "" && len(w[1]) < 4 && strings.Trim(w[1], "0123456789") == ""
}

// never says that a condition is the command false.
func (s *state) never(cond []*syntax.Stmt) bool {
	if len(cond) != 1 || s.unsure || s.funcs["false"] != nil {
		return false
	}
	w := plain(cond[0])
	return len(w) == 1 && w[0] == "false"
}
