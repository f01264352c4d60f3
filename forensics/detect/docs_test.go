package detect

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/message"
)

var update = flag.Bool("update", false, "write the pages and golden files anew")

const page = "../../docs/detections.md"

const intro = `# Detections

What icecore reports about a file, a log line or a series of them, and the known false positives. This page is
generated from the rules (` + "`go test ./forensics/detect -run Docs -update`" + `).

A finding lists the records that prove it, and each record its source: ` + "`icecore cat`" + ` and ` + "`icecore stat`" + ` show the
same bytes. Findings about the same file are merged, and the strongest gives the title. A match on a record of something
that cannot run as it is (a script that is not executable, a file that cron skips) counts one level less.

The verdict is ` + "`compromised`" + ` with one critical finding, or two high ones about different files; ` + "`suspicious`" + ` with one high,
two medium ones of different rules about different files, or a medium one about what changed while an intruder was
present (one medium finding alone is what many honest servers have by design); otherwise ` + "`no-indicators`" + `, which does not prove the absence of a compromise, or ` + "`inconclusive`" + `
where what decides was not read. "Compromised since" is the earliest time among the findings that support the verdict:
of a log entry its time, of a file the creation or change time of its inode, which no system call can set. The verdict
names the finding it rests on. A finding made only by a user's rule counts for the state, but gives the time only where
no other finding does; the finding says so.

Where the findings make a server a compromised one, icecore finds the windows of an intruder's presence: the sessions of
logins after a guessed password, from the intruder's addresses or by their keys, until the logout; five minutes before
and ten after the creation or change of what a finding of level high or above is about, or a log states; and what names
the intruder's hosts. A narrower one is taken where the system itself was installed within it, and none where a good part of
all files came at that moment, as in a copy. Everything that changed within a window is listed as touched, ordinary churn
apart. What changed within a window that rests on something else, too, and which no package or installer brought, counts one
level more.

`

// TestDocs compares the page with the rules.
func TestDocs(t *testing.T) {
	r, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(intro)
	head := func() {
		b.WriteString("| name | detects | known false positives | level | technique |\n|---|---|---|---|---|\n")
	}
	row := func(name, title, description, benign string, level Level, techniques []string) {
		cell := strings.NewReplacer("|", `\|`, "\n", " ")
		fmt.Fprintf(&b, "| `%s` | %s. %s | %s | %s | %s |\n", name, cell.Replace(title), cell.Replace(description), cell.Replace(benign), level, strings.Join(techniques, ", "))
	}
	b.WriteString("## Analyses\n\nThey correlate several records. The level is the highest that each assigns.\n\n")
	head()
	for _, a := range Analyses() {
		en := message.English()
		row(a.Name, en.Text(a.Title), en.Text(a.Description), en.Text(a.FalsePositives), a.Level, a.Techniques)
	}
	b.WriteString("\n## Acts\n\nWhat a command or script does (see [records.md](records.md#what-a-command-does)), by what starts it. The rule of a finding is `act_` and\nthe name of the most serious act. What is informational makes no finding of its own.\n\n" + actMarkdown())
	b.WriteString("\n## Sigma rules\n\nThey match one record (`forensics/detect/rules/`); `--sigma DIR` adds others, such as those of SigmaHQ unmodified: see [rules.md](rules.md#public-sigma-rules).\n\n")
	list := r.List()
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	head()
	for _, i := range list {
		row(i.Name, i.Title, i.Description, strings.Join(i.FalsePositives, "; "), i.Level, i.Techniques)
	}
	b.WriteString("\n## YARA rules\n\nThey match the content of files (`yara-rules/`, see [rules.md](rules.md)). The `meta` of each has a description, level, technique and known\nfalse positives; `icecore rules list` prints them. An unmodified file of a package is rated `low` at most, a packaged miner `medium`, a\ndeleted file `high`.\n")
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
