package dotfiles

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/home/ana/.tmux.conf", "/home/ana/.screenrc", "/home/ana/.vimrc", "/home/ana/.forward", "/home/ana/.procmailrc", "/home/ana/.gdbinit", "/home/ana/.pm2/dump.pm2")
}

// TestBroken: what is no list of pm2 is an error, and so is one that is too long; a process
// that makes no sense costs no other.
func TestBroken(t *testing.T) {
	for text, want := range map[string]int{"": 0, "{": 0, `[{"pm_exec_path": 1}, {"pm_exec_path": "/srv/a", "args": "-x 1"}]`: 1} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/root/.pm2/dump.pm2", Text: text})
		if len(records) != want || (err == nil) != (text == "") {
			t.Errorf("%q: %v\n%s", text, err, artifacttest.Lines(records))
		}
	}
}
