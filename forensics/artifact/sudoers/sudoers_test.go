package sudoers

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

func extract(t testing.TB, name string, text []byte) []string {
	t.Helper()
	in := &artifact.Input{Path: name, Content: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))}
	var out []string
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) {
		if r.Source.Offset < 0 || r.Source.Offset+r.Source.Length > int64(len(text)) || r.Source.Line < 1 {
			t.Errorf("line %d: source outside of the file", r.Source.Line)
		}
		out = append(out, artifacttest.Plain(r))
	})
	if err != nil && bytes.Count(text, []byte("\n")) < maxLines {
		t.Error(err)
	}
	return out
}

func TestExtract(t *testing.T) {
	b, err := os.ReadFile("testdata/etc/sudoers")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2 sudo.default settings=env_reset",
		"3 sudo.default scope=:deploy settings=!authenticate",
		"4 sudo.alias type=User name=ADMINS members=alice,bob",
		"4 sudo.alias type=User name=OPS members=carol",
		"5 sudo.alias type=Cmnd name=RESTART members=/usr/bin/systemctl restart app,/usr/bin/systemctl reload nginx",
		"7 sudo.rule who=root hosts=ALL runas=ALL:ALL commands=ALL",
		"8 sudo.rule who=%sudo hosts=ALL runas=ALL : ALL commands=ALL",
		"9 sudo.rule who=alice,bob hosts=web01,web02 runas=root tags=NOPASSWD,PASSWD commands=RESTART,/bin/ls nopasswd=yes",
		"9 sudo.rule who=alice,bob hosts=db01 commands=/usr/bin/id",
		`10 sudo.rule who=#1001 hosts=ALL runas=#0 tags=NOPASSWD,SETENV commands=/usr/bin/env A\:B=c\,d nopasswd=yes`,
		`11 sudo.rule who="user with blank" hosts=ALL commands=sha224:abcd== /bin/x`,
		"12 sudo.rule who=www-data hosts=ALL runas=ALL tags=NOPASSWD commands=ALL nopasswd=yes",
		"13 sudo.oddity text=nonsense",
		"14 sudo.include path=/etc/sudoers.d",
		"15 sudo.include path=/etc/sudoers.local",
	}
	if d := cmp.Diff(want, extract(t, "/etc/sudoers", b)); d != "" {
		t.Error(d)
	}
}

// TestLists: who, hosts and commands are lists, so that a second name hides nothing.
func TestLists(t *testing.T) {
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/sudoers", Text: "nobody , www-data ALL=(root, adm) NOPASSWD: /bin/a\\,b, ALL\n"})
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	for name, want := range map[string][]string{"who": {"nobody", "www-data"}, "hosts": {"ALL"}, "runas": {"root, adm"}, "commands": {`/bin/a\,b`, "ALL"}} {
		if d := cmp.Diff(want, records[0].List(name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestIgnored(t *testing.T) {
	b, err := os.ReadFile("testdata/etc/sudoers.d/zz.bak")
	if err != nil {
		t.Fatal(err)
	}
	const rule = "1 sudo.rule who=ALL hosts=ALL runas=ALL tags=NOPASSWD commands=ALL nopasswd=yes"
	for name, want := range map[string]string{
		"zz": rule, "zz.bak": rule + " ignored=sudo skips a file with a dot in its name, or ~ at its end", "zz~": rule + " ignored=sudo skips a file with a dot in its name, or ~ at its end",
	} {
		if got := extract(t, "/etc/sudoers.d/"+name, b); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzExtract(f *testing.F) {
	b, err := os.ReadFile("testdata/etc/sudoers")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("a b=\\"))
	f.Fuzz(func(t *testing.T, b []byte) { extract(t, "/etc/sudoers", b) })
}

// TestLongRule: of a rule that is continued without end the beginning is read, which is
// said, and the next rule is.
func TestLongRule(t *testing.T) {
	text := "a ALL=/bin/a" + strings.Repeat(",\\\n/bin/b"+strings.Repeat("x", 1000), 300) + "\nc ALL=/bin/c\n"
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/sudoers", Text: text})
	if err == nil || err.Error() != "the rule of line 1 is longer than 262144 bytes; its end was not read" || len(records) != 2 || records[1].Get("who") != "c" {
		t.Errorf("%d records, %v", len(records), err)
	}
}
