package detect

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the pages and golden files anew")

const page = "../../docs/detections.md"

const intro = `# Detections

What icecore holds against a file, a line or a row of lines, and what is benign and looks the same. This page is
made from the rules themselves (` + "`go test ./forensics/detect -run Docs -update`" + `); a test keeps it in step.

A finding names the records that prove it, and each record its source: ` + "`icecore cat`" + ` and ` + "`icecore stat`" + ` show the
same bytes. Findings about the same file are joined, and the strongest names the finding. A rule that matches a record of
something that does not run as it stands (a script that is not executable, a file that cron skips) counts one level less.

The verdict is ` + "`compromised`" + ` with one critical finding, or two high ones about different files; ` + "`suspicious`" + ` with a high
or medium one; else ` + "`no-indicators`" + `, which does not mean that there are none. It counts since the earliest
time among the findings that carry it: of a logged event its time, of a file the creation or change of its inode, which
no call sets.

`

// TestDocs compares the page with the rules.
func TestDocs(t *testing.T) {
	r, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(intro)
	rows := func(list []Info) {
		b.WriteString("| name | what it sees | benign and similar | level | technique |\n|---|---|---|---|---|\n")
		for _, i := range list {
			cell := strings.NewReplacer("|", `\|`, "\n", " ")
			fmt.Fprintf(&b, "| `%s` | %s. %s | %s | %s | %s |\n", i.Name, cell.Replace(i.Title), cell.Replace(i.Description), cell.Replace(strings.Join(i.FalsePositives, "; ")), i.Level, strings.Join(i.Techniques, ", "))
		}
	}
	b.WriteString("## Analyses\n\nThey look at more than one record. The level is the highest that each gives.\n\n")
	rows(Analyses())
	b.WriteString("\n## Sigma rules\n\nThey look at one record (`forensics/detect/rules/`); `--sigma DIR` adds others. Of public rules those run whose log source icecore has\nrecords of: `process_creation` looks at every record with a command, the services `auth`, `sshd`, `sudo` and `cron` at what the logs of those told, a\ncategory with the name of a kind of record at that. Keywords are looked for in all fields. What cannot run is listed in\nthe coverage, with the reason.\n\n")
	list := r.List()
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	rows(list)
	b.WriteString("\n## YARA rules\n\nThey look at the content of files (`yara-rules/`). Each carries in its `meta` what it sees, its level and technique, and the benign\nthings it was tried on; `icecore rules list` prints them. A file that is as its package installed it gives no more than `low`, a packaged\nminer no more than `medium`, a deleted file no more than `high`.\n")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(old), b.String()); d != "" {
		t.Errorf("docs/detections.md is not in step; run the test with -update:\n%s", d)
	}
}
