package shell

import (
	"runtime"
	"strings"
	"testing"
)

// TestMemory: what a short script makes of its variables stays small, however often it
// names them.
func TestMemory(t *testing.T) {
	long := "A=" + strings.Repeat("x", 60_000) + "\n"
	for name, script := range map[string]string{
		"a word":         long + "echo " + strings.Repeat("$A", 100_000),
		"a quoted word":  long + "echo \"" + strings.Repeat("$A", 100_000) + "\"",
		"unknown parts":  "A=a\necho " + strings.Repeat("${A:0:1}", 60_000),
		"doubled":        long + strings.Repeat("A=$A$A\n", 200) + "echo $A",
		"replaced":       long + "B=${A//x/$A}\nC=${B//x/$B}\necho $C",
		"a million":      "echo {1..999999999} $(seq 1 999999999) $(printf '%0999999999d' 1)",
		"nested loops":   strings.Repeat("for i in 1 2 3 4 5 6 7 8 9; do ", 12) + "a;" + strings.Repeat("done;", 12),
		"calls itself":   "f() { f \"$@\" \"$@\"; f; }\nf a b c",
		"evaluates more": "A='eval $A; eval $A'\neval $A",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Analyze(script)
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 300 {
			t.Errorf("%s: %d MiB", name, n)
		}
	}
}
