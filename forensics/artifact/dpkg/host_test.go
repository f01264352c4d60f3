package dpkg

import (
	"os"
	"path/filepath"
	"testing"
)

// TestScriptsOfThisSystem: the scripts of the system that runs the tests, taken
// to be clean, have nothing notable but for the few named.
func TestScriptsOfThisSystem(t *testing.T) {
	n, notable, appended := 0, 0, 0
	for _, ext := range []string{"preinst", "postinst", "prerm", "postrm", "config"} {
		names, _ := filepath.Glob("/var/lib/dpkg/info/*." + ext)
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			records, err := extract(t, name, b)
			if err != nil {
				t.Fatal(err)
			}
			n++
			r := records[0]
			if r.Has("notable") {
				notable++
				t.Logf("%s: %s: %s", name, r.Get("notable"), r.Get("suspicious_line"))
			}
			if r.Has("trailing_code") || r.Has("appended_code") {
				appended++
				t.Logf("%s: trailing %q, appended %q", name, r.Get("trailing_code"), r.Get("appended_code"))
			}
		}
	}
	if n == 0 {
		t.Skip("this system has no dpkg database")
	}
	t.Logf("%d scripts, %d notable, %d with code at the end", n, notable, appended)
	if notable > n/50 || appended > n/50 {
		t.Error("more than 2 % of the scripts stand out")
	}
}
