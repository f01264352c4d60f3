package unitfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	oracle "github.com/coreos/go-systemd/v22/unit"
	"github.com/google/go-cmp/cmp"
)

// TestParser compares what is read of the units of this system, and of those of
// testdata, with what go-systemd reads.
func TestParser(t *testing.T) {
	var files []string
	for _, g := range []string{"/usr/lib/systemd/system/*", "/lib/systemd/system/*", "/etc/systemd/system/*", "/usr/lib/systemd/user/*", "../systemd/testdata/etc/systemd/system/*", "../systemd/testdata/etc/systemd/user/*"} {
		names, _ := filepath.Glob(g)
		files = append(files, names...)
	}
	units := map[string]bool{".service": true, ".timer": true, ".socket": true, ".path": true, ".mount": true, ".target": true, ".slice": true}
	n, options := 0, 0
	flat := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\\\n", " ")), " ") }
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil || !units[filepath.Ext(name)] || strings.Contains(name, "badsection") {
			continue
		}
		// It gives up at long lines, lines without an assignment, and comments
		// in between.
		list, err := oracle.DeserializeOptions(bytes.NewReader(b))
		if err != nil {
			t.Logf("%s: go-systemd: %v", name, err)
			continue
		}
		var want, got []string
		for _, o := range list {
			want = append(want, o.Section+"."+o.Name+"="+flat(o.Value))
		}
		_ = Parse(bytes.NewReader(b), func(d Directive) error {
			got = append(got, d.Section+"."+d.Name+"="+flat(d.Value))
			return nil
		})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		n, options = n+1, options+len(list)
	}
	if n < 5 {
		t.Errorf("only %d units compared", n)
	}
	t.Logf("%d units, %d options", n, options)
}

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  []Command
	}{
		{"/bin/a b", []Command{{"", "/bin/a b", []string{"/bin/a", "b"}, ""}}},
		{"-+/bin/a", []Command{{"-+", "/bin/a", []string{"/bin/a"}, ""}}},
		{"@/bin/a sshd: x", []Command{{"@", "/bin/a sshd: x", []string{"/bin/a", "x"}, "sshd:"}}},
		{"/bin/a ; /bin/b", []Command{{"", "/bin/a", []string{"/bin/a"}, ""}, {"", "/bin/b", []string{"/bin/b"}, ""}}},
		{`/bin/a \; b`, []Command{{"", `/bin/a \; b`, []string{"/bin/a", ";", "b"}, ""}}},
		{`/bin/sh -c "a ; b 'c'"`, []Command{{"", `/bin/sh -c "a ; b 'c'"`, []string{"/bin/sh", "-c", "a ; b 'c'"}, ""}}},
		{`/bin/a "b\"c" d\x20e f\sg \101`, []Command{{"", `/bin/a "b\"c" d\x20e f\sg \101`, []string{"/bin/a", `b"c`, "d e", "f g", "A"}, ""}}},
		{"-", nil},
		{"", nil},
		{" ; ", nil},
	} {
		if d := cmp.Diff(tt.want, Commands(tt.value)); d != "" {
			t.Errorf("%q: %s", tt.value, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[Service]\nExecStart=-/bin/sh -c \"a ; b\" ; @/bin/c d \\\n  e\n# x\nUser=\\x41\n"))
	f.Add([]byte("[Bad\nA=b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = Parse(bytes.NewReader(b), func(d Directive) error {
			if d.Offset < 0 || d.Offset+d.Length > int64(len(b)) || d.Line < 1 {
				t.Errorf("%+v of %d bytes", d, len(b))
			}
			for _, c := range Commands(d.Value) {
				if len(c.Args) == 0 {
					t.Errorf("%q: a command without a program", d.Value)
				}
			}
			return nil
		})
	})
}

// TestContinued: a line goes on behind an odd number of backslashes.
func TestContinued(t *testing.T) {
	for text, want := range map[string][]string{
		"A=b \\\n c\nD=e":     {"A=b   c", "D=e"},
		"A=b\\\\\nD=e":        {`A=b\\`, "D=e"},
		"A=b\\\\\\\nc\nD=e":   {`A=b\\ c`, "D=e"},
		"A=b\\\n# x\n c\nD=e": {"A=b c", "D=e"},
	} {
		var got []string
		_ = Parse(strings.NewReader(text), func(d Directive) error {
			got = append(got, d.Name+"="+d.Value)
			return nil
		})
		if strings.Join(strings.Fields(strings.Join(got, "|")), " ") != strings.Join(strings.Fields(strings.Join(want, "|")), " ") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
